//! What must hold when the faults of a series are over.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::clients::Load;
use crate::series::outbox_since;
use crate::stage::Stage;
use testkit::sessions::left_in_transaction;
use testkit::{Api, Backend, Outbox, Recorder, WITHIN, until};

/// As many faults of a kind are shown.
const SHOWN: usize = 5;

/// The error says everything that is wrong.
pub(crate) async fn verify(
    stage: &Stage,
    load: &Load,
    recorder: &Recorder,
    first: i64,
) -> Result<(), String> {
    let api = Api::new(&stage.base());
    idle(&api).await;
    let outbox = outbox_since(stage, first).await;
    let mut wrong = Vec::new();
    add(&mut wrong, "wrong answers", load.told().wrong.iter().cloned());
    add(&mut wrong, "events do not match rows", outbox.faults());
    against_rows(load, &outbox, &mut wrong);
    let last = outbox.events.last().expect("events").id;
    let begin = outbox.events.first().expect("events").id - 1;
    recorder.reaches(last).await;
    let told = recorder.told();
    let told: Vec<_> = told.into_iter().filter(|told| told.number() > begin).collect();
    add(&mut wrong, "events are told otherwise", outbox.faults_of_stream(begin, &told));
    statistics(stage, &api, &mut wrong).await;
    if let Some(postgres) = &stage.postgres {
        add(
            &mut wrong,
            "sessions in a transaction",
            left_in_transaction(&postgres.url("postgres")),
        );
        let log = postgres.log();
        let words = "already a transaction in progress";
        let lines = log.lines().filter(|line| line.contains(words)).map(ToOwned::to_owned);
        add(&mut wrong, "lines of PostgreSQL's log", lines);
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// Waits until the service serves, and has ended every request.
async fn idle(api: &Api) {
    until("the service to be ready and idle", WITHIN, async || {
        let ready = api.call("GET", "/health/ready").try_send().await.ok()?;
        let metrics = api.call("GET", "/metrics").try_send().await.ok()?.text();
        let idle = metrics.contains("\nhttp_server_active_requests 1\n");
        (ready.status == 200 && idle).then_some(())
    })
    .await;
}

/// Whatever was acknowledged is stored, and nothing is there twice.
fn against_rows(load: &Load, outbox: &Outbox, wrong: &mut Vec<String>) {
    let told = load.told();
    let mut titles: BTreeMap<&str, usize> = BTreeMap::new();
    for event in outbox.events.iter().filter(|event| event.kind != "deleted") {
        *titles.entry(&event.title).or_default() += 1;
    }
    let twice = titles.iter().filter(|(_, times)| **times > 1);
    add(wrong, "changes were made twice", twice.map(|one| format!("{one:?}")));
    let kind = |kind: &'static str| outbox.events.iter().filter(move |event| event.kind == kind);
    let created: BTreeSet<_> = kind("created").map(|event| (&event.title, event.number)).collect();
    let lost = told.created.iter().filter(|(title, number)| !created.contains(&(*title, **number)));
    add(wrong, "acknowledged tasks are lost", lost.map(|one| format!("{one:?}")));
    let updated: BTreeSet<_> =
        kind("updated").map(|event| (event.number, event.version, &event.title)).collect();
    let lost = told.patched.iter();
    let lost =
        lost.filter(|(number, version, title)| !updated.contains(&(*number, *version, title)));
    add(wrong, "acknowledged changes are lost", lost.map(|one| format!("{one:?}")));
    let deleted: BTreeSet<_> = kind("deleted").map(|event| event.number).collect();
    let lost = told.deleted.iter().filter(|number| !deleted.contains(number));
    add(wrong, "acknowledged deletions are lost", lost.map(ToString::to_string));
}

/// The service counts what the database has.
async fn statistics(stage: &Stage, api: &Api, wrong: &mut Vec<String>) {
    let mut side = stage.connect().await;
    let mut count = async |condition: &str| {
        side.integer(&format!("SELECT count(*) FROM tasks WHERE {condition}")).await
    };
    let total = count("1 = 1").await;
    let (mut by_status, mut by_priority) = (json!({}), json!({}));
    for status in ["todo", "in_progress", "done"] {
        by_status[status] = json!(count(&format!("status = '{status}'")).await);
    }
    for priority in ["low", "medium", "high"] {
        by_priority[priority] = json!(count(&format!("priority = '{priority}'")).await);
    }
    let stats = api.json("/tasks/stats").await;
    let found = [&stats["total"], &stats["by_status"], &stats["by_priority"]];
    let expected = [&json!(total), &by_status, &by_priority];
    if found != expected {
        wrong.push(format!("the statistics are {found:?}, the rows {expected:?}"));
    }
    let counted: Value = api.json("/tasks/count").await;
    if counted["total"] != total {
        wrong.push(format!("the count is {counted}, the rows are {total}"));
    }
    // A cached figure: see docs/API.md.
    until("/health to count what is there", WITHIN, async || {
        let health = api.call("GET", "/health").try_send().await.ok()?;
        (health.json()["tasks_count"] == total).then_some(())
    })
    .await;
}

/// The file agrees with itself, and its search index with the table.
pub(crate) async fn assert_file_is_sound(stage: &Stage) {
    if stage.on == Backend::Sqlite {
        let mut side = stage.connect().await;
        side.execute("INSERT INTO tasks_search(tasks_search, rank) VALUES('integrity-check', 1)")
            .await;
        let sound = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'";
        assert_eq!(side.integer(sound).await, 1);
    }
}

/// Adds how many there are, and some of them.
fn add(wrong: &mut Vec<String>, what: &str, found: impl IntoIterator<Item = String>) {
    let found: Vec<_> = found.into_iter().collect();
    if !found.is_empty() {
        let shown = found[..found.len().min(SHOWN)].join("; ");
        wrong.push(format!("{} {what}: {shown}", found.len()));
    }
}

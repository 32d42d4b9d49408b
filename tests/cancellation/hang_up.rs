//! The test itself: what clients were told, against what is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::clients::{Crowd, TOGETHER, Told, together};
use crate::stage::{Route, Stage};
use testkit::http::Protocol::{self, Http1, Http2};
use testkit::{Api, Outbox, Recorder, until};

/// Tasks whose creation is acknowledged, in each setting.
const ACKNOWLEDGED_MIN: usize = 2_000;
const WRITERS: usize = 8;
const PATCHERS: usize = 2;
const HANGING_UP: usize = 4;
const SHARED: usize = 20;
const DOOMED: usize = 400;
/// Longest time for all requests of a setting.
const LOAD_MAX: Duration = Duration::from_mins(3);
/// As many faults of one kind are shown.
const SHOWN: usize = 5;

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_hang_up(
    #[values(Http1, Http2)] protocol: Protocol,
    #[values(
        Route::Sqlite,
        Route::SqliteDelayed,
        Route::Postgres,
        Route::PostgresDelayed,
        Route::PgBouncer
    )]
    route: Route,
) {
    let stage = Stage::set(route).await;
    let prepared = prepare(&Api::new(&stage.server.url())).await;
    let (own, rest) = prepared.split_at(PATCHERS);
    let (shared, doomed) = rest.split_at(SHARED);
    let recorder = Recorder::start(&stage.server.url()).await;
    let crowd = Crowd::new(protocol, stage.port);
    let mut clients = JoinSet::new();
    for _ in 0..WRITERS {
        clients.spawn(Arc::clone(&crowd).create_tasks());
    }
    for number in own {
        clients.spawn(Arc::clone(&crowd).change_task(*number));
    }
    for (seed, doomed) in (0..).zip(doomed.chunks(DOOMED / HANGING_UP)) {
        clients.spawn(Arc::clone(&crowd).hang_up(seed, shared.to_vec(), doomed.to_vec()));
    }
    until("enough acknowledged tasks", LOAD_MAX, async || {
        (crowd.told().created.len() >= ACKNOWLEDGED_MIN).then_some(())
    })
    .await;
    crowd.stop.cancel();
    clients.join_all().await;
    stage.idle().await;

    let mut faults = stage.transaction_faults().await;
    let stored = Outbox::read(&mut stage.connect().await).await;
    recorder.reaches(stored.events.last().expect("events").id).await;
    let told = crowd.told();
    faults.extend(told.wrong.iter().take(SHOWN).cloned());
    faults.extend(against_the_rows(&told, &stored, own));
    some(&mut faults, "events do not match rows", stored.faults());
    let heard = stored.faults_of_stream(recorder.after, &recorder.told());
    some(&mut faults, "the stream does not match its table", heard);
    let output = stage.server.output();
    if output.contains("panicked") || output.contains("\"level\":\"ERROR\"") {
        faults.push("the service logged an error".to_owned());
    }
    let Told { created, patched, deleted, hung_up, refused, .. } = &*told;
    println!(
        "{protocol:?}, {route:?}: {} created, {} patched, {} deleted, {hung_up} hung up, {refused} refused",
        created.len(),
        patched.len(),
        deleted.len()
    );
    assert!(*hung_up > ACKNOWLEDGED_MIN / 20, "{hung_up} hung up: too few to show anything");
    assert!(faults.is_empty(), "{protocol:?}, {route:?}:\n{}", faults.join("\n"));
}

/// Makes the tasks that are there beforehand, and returns their numbers.
async fn prepare(api: &Api) -> Vec<i64> {
    let task = |at| json!({"title": format!("prepared {at}")});
    let tasks: Vec<Value> = (0..PATCHERS + SHARED + DOOMED).map(task).collect();
    let _ = api.post("/tasks/import", &tasks.into()).await.expect(200);
    let list = api.json("/tasks?sort=number&limit=1000").await;
    let tasks = list.as_array().expect("a list");
    tasks.iter().map(|task| task["number"].as_i64().expect("a number")).collect()
}

/// Whatever was acknowledged is stored, once, and what belongs together is there together or not at all.
fn against_the_rows(told: &Told, stored: &Outbox, own: &[i64]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut by_title: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for row in stored.rows.values() {
        by_title.entry(&row.title).or_default().push(row.number);
    }
    let lost = told.created.iter().filter(|(title, number)| {
        stored.rows.get(number).is_none_or(|row| row.title != **title || row.version != 1)
    });
    let lost = lost.map(|(title, number)| format!("{number} {title:?}"));
    some(&mut faults, "acknowledged tasks are lost", lost);
    let twice = by_title.iter().filter(|(_, numbers)| numbers.len() > 1);
    some(&mut faults, "tasks are there twice", twice.map(|twice| format!("{twice:?}")));

    let deleted = told.deleted.iter().filter(|number| stored.rows.contains_key(number));
    some(&mut faults, "acknowledged deletions are lost", deleted.map(ToString::to_string));
    let updates: BTreeSet<(i64, &str)> = stored
        .events
        .iter()
        .filter(|event| event.kind == "updated")
        .map(|event| (event.number, &*event.title))
        .collect();
    let patched =
        told.patched.iter().filter(|(title, number)| !updates.contains(&(**number, title)));
    some(&mut faults, "acknowledged changes are lost", patched.map(|one| format!("{one:?}")));
    // Nobody else changes these: the row is what its last change made of it.
    for number in own {
        let sent = told.patched.iter().filter(|(_, task)| *task == number);
        let newest = sent.max_by_key(|(title, _)| turn(title)).map(|(title, _)| title.as_str());
        let row = stored.rows.get(number).map(|row| row.title.as_str());
        if newest.is_none() || row != newest {
            faults.push(format!("task {number} is {row:?} after its last change to {newest:?}"));
        }
    }
    for title in &told.together {
        let parts = (0..TOGETHER).filter(|part| by_title.contains_key(&*together(title, *part)));
        let parts = parts.count();
        if parts != TOGETHER {
            faults.push(format!("{title:?} was acknowledged with all parts, {parts} are there"));
        }
    }
    let mut parts: BTreeMap<&str, usize> = BTreeMap::new();
    for (title, _) in by_title.keys().filter_map(|title| title.split_once(", part ")) {
        *parts.entry(title).or_default() += 1;
    }
    let partial = parts.iter().filter(|(_, parts)| **parts != TOGETHER);
    some(&mut faults, "requests are carried out in part", partial.map(|one| format!("{one:?}")));
    faults
}

/// Titles are numbered in the order in which they are sent.
fn turn(title: &str) -> u64 {
    title.rsplit(' ').next().and_then(|turn| turn.parse().ok()).expect("a number")
}

/// Adds how many there are, and some of them.
fn some(faults: &mut Vec<String>, what: &str, found: impl IntoIterator<Item = String>) {
    let found: Vec<_> = found.into_iter().collect();
    if !found.is_empty() {
        let shown = found[..found.len().min(SHOWN)].join("; ");
        faults.push(format!("{} {what}: {shown}", found.len()));
    }
}

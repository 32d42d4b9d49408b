//! Histories of the running service.

use std::collections::BTreeMap;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rstest::rstest;

use crate::history::{Answer, Effect, Operation};
use crate::play::play;
use crate::{checker, events};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{App, Outbox, Recorder};

const HISTORIES: u64 = 8;

fn variable(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}

/// One process, or two on the same database.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_request_after_the_other(
    #[values(Sqlite, Postgres)] on: Backend,
    #[values(1, 2)] processes: usize,
) {
    let app = App::start(on).await;
    let mut ports = vec![app.server.port];
    let mut replica = None;
    if processes == 2 {
        let (server, _) = app.replica(&[]).await;
        ports.push(server.port);
        replica = Some(server);
    }
    let mut side = app.database.connect().await;
    let seeds = if let Some(seed) = variable("HISTORY_SEED") {
        seed..seed + 1
    } else {
        // The seeds of a run follow one another, and are small enough to be typed.
        let first = u64::from(rand::random::<u32>());
        first..first + variable("HISTORIES").unwrap_or(HISTORIES)
    };
    for seed in seeds {
        println!("{on:?}, {processes} processes: HISTORY_SEED={seed}");
        let before = Outbox::read(&mut side).await;
        let first = before.events.iter().map(|event| event.number).max().map_or(1, |last| last + 1);
        let recorder = Recorder::start(&app.server.url()).await;
        let operations = play(seed, &ports, first).await;
        settled(&app, replica.as_ref().map(testkit::Server::url)).await;
        let mut outbox = Outbox::read(&mut side).await;
        let last = outbox.events.last().expect("events").id;
        recorder.reaches(last).await;
        let heard = outbox.faults_of_stream(recorder.after, &recorder.told());
        assert!(heard.is_empty(), "HISTORY_SEED={seed}: {}", heard.join("\n"));
        outbox.since(first);
        let numbers = numbers(&operations, &outbox);
        let checked = checker::check(&operations, &numbers);
        let checked = checked.and_then(|()| events::check(&operations, &outbox));
        checked.unwrap_or_else(|error| {
            panic!("HISTORY_SEED={seed}: {error}\n{operations:#?}\n{:#?}", outbox.events)
        });
        assert_rejects(seed, &operations, &numbers);
        // A short list for the next history.
        side.execute("DELETE FROM tasks").await;
    }
}

/// Waits for the requests that were hung up on.
async fn settled(app: &App, replica: Option<String>) {
    for base in std::iter::once(app.server.url()).chain(replica) {
        let metrics = format!("{base}/metrics");
        testkit::until("the service to be idle", testkit::WITHIN, async || {
            let text = reqwest::get(&metrics).await.ok()?.text().await.ok()?;
            text.contains("\nhttp_server_active_requests 1\n").then_some(())
        })
        .await;
    }
}

/// The numbers of created tasks by title, as the service gave them.
fn numbers(operations: &[Operation], outbox: &Outbox) -> BTreeMap<String, i64> {
    let mut numbers = BTreeMap::new();
    for event in outbox.events.iter().filter(|event| event.kind == "created") {
        numbers.insert(event.title.clone(), event.number);
    }
    for operation in operations {
        for effect in operation.effects() {
            if let Effect::Stored { number, task } = effect
                && task.version == 1
            {
                numbers.entry(task.title.clone()).or_insert(*number);
            }
        }
    }
    numbers
}

/// The same history with one answer changed has no order.
fn assert_rejects(seed: u64, operations: &[Operation], numbers: &BTreeMap<String, i64>) {
    let mut random = StdRng::seed_from_u64(seed);
    let answered = |at: &usize| {
        matches!(
            operations[*at].answered,
            Some((_, Answer::Done { .. } | Answer::Found(_) | Answer::Listed(_)))
        )
    };
    let candidates: Vec<usize> = (0..operations.len()).filter(answered).collect();
    let mut changed = operations.to_vec();
    let at = *candidates.choose(&mut random).expect("an answer");
    // More than all of them make: the next version may be that of a request without an answer.
    let versions = i64::try_from(operations.len()).expect("a few");
    let chosen = &mut changed[at];
    match &mut chosen.answered.as_mut().expect("an answer").1 {
        Answer::Done { effects, replayed } => match &mut effects[0] {
            Effect::Stored { task, .. } if random.random() => task.version += versions,
            Effect::Stored { task, .. } => task.title.push('?'),
            Effect::Deleted => *replayed = !*replayed,
        },
        Answer::Found(task) => task.version += versions,
        Answer::Listed(tasks) => {
            let task = crate::history::Task {
                version: 1,
                title: "of nobody".to_owned(),
                priority: "low".to_owned(),
            };
            tasks.insert(i64::MAX, task);
        }
        Answer::Failed(_) | Answer::InUse => unreachable!("not chosen"),
    }
    let rejected = checker::check(&changed, numbers).is_err();
    let (changed, before) = (&changed[at], &operations[at]);
    assert!(rejected, "HISTORY_SEED={seed}: not noticed: {changed:?} in place of {before:?}");
}

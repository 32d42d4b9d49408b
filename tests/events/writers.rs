//! Many writers and restless readers: each event once and in order, or the word that something is missing.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rand::Rng;
use rstest::rstest;
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::database::Side;
use testkit::{Api, App, Database, Follower, Server, Told, number_of};

/// Creates, changes and deletes tasks, and says how many changes were acknowledged.
async fn write(api: Api, name: usize, turns: usize) -> usize {
    let mut changes = 0;
    for turn in 0..turns {
        let task = api.create(json!({"title": format!("{name}.{turn}")})).await;
        let path = format!("/tasks/{}", task["id"].as_str().expect("an id"));
        changes += 1;
        if turn % 2 == 0 {
            let _ = api.patch(&path, &json!({"status": "done"})).await.expect(200);
            changes += 1;
        }
        if turn % 3 == 0 {
            let _ = api.delete(&path).await.expect(204);
            changes += 1;
        }
        // Half of a write, which leaves a hole between the numbers.
        if turn % 5 == 0 {
            let call = api.call("PATCH", "/tasks/1").header("if-match", "\"none\"");
            let _ = call.json(&json!({"title": "x"})).send().await;
        }
    }
    changes
}

/// What a reader was told, by number; comes back again and again, to either process.
async fn read(bases: Vec<String>, from: i64, stop: CancellationToken, upto: i64) -> Vec<Told> {
    let mut told: Vec<Told> = Vec::new();
    let mut last = from;
    while !(stop.is_cancelled() && number_of(last) >= upto) {
        let at = rand::rng().random_range(0..bases.len());
        let base = &bases[at];
        let Ok(mut follower) = Follower::try_open(base, Some(last)).await else { continue };
        let patience = rand::rng().random_range(1..12);
        for _ in 0..patience {
            match follower.within(Duration::from_millis(100)).await {
                Some(Some(event)) => told.push(event),
                Some(None) | None => break,
            }
        }
        last = follower.last;
    }
    told
}

/// The numbers that were committed, with their titles.
async fn committed(on: Backend, database: &Database) -> BTreeMap<i64, (String, String)> {
    let sql = "SELECT id, kind, title FROM task_events ORDER BY id";
    let rows: Vec<(i64, String, String)> = match database.connect().await {
        Side::Sqlite(mut side) => sqlx::query_as(sql).fetch_all(&mut side).await,
        Side::Postgres(mut side) => sqlx::query_as(sql).fetch_all(&mut side).await,
    }
    .expect("events");
    assert!(!rows.is_empty(), "{on:?}");
    rows.into_iter().map(|(id, kind, title)| (id, (format!("task.{kind}"), title))).collect()
}

fn assert_told(told: &[Told], committed: &BTreeMap<i64, (String, String)>) {
    assert!(told.iter().all(|told| told.event != "resync"), "nothing was held up");
    let ids: Vec<_> = told.iter().map(Told::number).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "in order, each once: {ids:?}");
    let expected: BTreeSet<_> = committed.keys().copied().collect();
    let found: BTreeSet<_> = ids.into_iter().collect();
    assert_eq!(found, expected, "each of those that were committed");
    for told in told {
        let (event, title) = &committed[&told.number()];
        assert_eq!((&told.event, told.title()), (event, &**title));
    }
}

#[rstest]
#[tokio::test]
async fn each_once_and_in_order(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let (second, other) = app.replica(&[]).await;
    let bases = vec![app.base().to_owned(), second.url()];
    let stop = CancellationToken::new();
    let mut readers = JoinSet::new();
    let mut steady = Vec::new();
    for base in &bases {
        steady.push(Follower::now(base).await);
    }
    let mut writers = JoinSet::new();
    for name in 0..6 {
        let api = if name % 2 == 0 { (*app).clone() } else { other.clone() };
        writers.spawn(write(api, name, 25));
    }
    let (done, wait) = tokio::sync::watch::channel(0_i64);
    for _ in 0..4 {
        let (bases, stop, wait) = (bases.clone(), stop.clone(), wait.clone());
        readers.spawn(async move {
            let mut told = read(bases.clone(), 0, stop.clone(), 0).await;
            // All are written: as far as the last.
            let upto = *wait.borrow();
            let last = told.last().map_or(0, |told| told.id);
            if number_of(last) < upto {
                told.extend(read(bases, last, stop, upto).await);
            }
            told
        });
    }
    let changes: usize = writers.join_all().await.into_iter().sum();
    let committed = committed(on, &app.database).await;
    assert_eq!(committed.len(), changes, "an event for each change");
    let last = *committed.keys().next_back().expect("events");
    done.send_replace(last);
    stop.cancel();
    for told in readers.join_all().await {
        assert_told(&told, &committed);
    }
    for mut follower in steady {
        let mut told = Vec::new();
        while follower.number() < last {
            told.push(follower.task().await);
        }
        assert_told(&told, &committed);
    }
}

/// One of two processes is killed in the middle: whatever it had committed is told by the other, and its clients go
/// on there.
#[rstest]
#[tokio::test]
async fn one_is_killed(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let (mut second, _) = app.replica(&[]).await;
    let victim = Api::new(&second.url());
    let mut steady = Follower::now(app.base()).await;
    let mut theirs = Follower::now(&second.url()).await;
    let writers: Vec<_> = (0..4)
        .map(|name| {
            let victim = victim.clone();
            tokio::spawn(async move {
                let mut acknowledged = Vec::new();
                for turn in 0.. {
                    let title = format!("{name}.{turn}");
                    let call = victim.call("POST", "/tasks").json(&json!({"title": title}));
                    match call.try_send().await {
                        Ok(_) => acknowledged.push(title),
                        Err(_) => break,
                    }
                }
                acknowledged
            })
        })
        .collect();
    let mut told = Vec::new();
    while told.len() < 30 {
        told.push(theirs.task().await);
    }
    second.signal("KILL");
    assert_eq!(second.exit().await, None);
    let mut acknowledged = BTreeSet::new();
    for writer in writers {
        acknowledged.extend(writer.await.expect("a writer"));
    }
    while let Some(event) = theirs.next().await {
        told.push(event);
    }
    let committed = committed(on, &app.database).await;
    let titles: BTreeSet<_> = committed.values().map(|(_, title)| title.clone()).collect();
    assert!(titles.is_superset(&acknowledged), "each that was acknowledged has its event");
    let last = *committed.keys().next_back().expect("events");
    let mut back = Follower::after(app.base(), theirs.last).await;
    while back.number() < last {
        told.push(back.task().await);
    }
    assert_told(&told, &committed);
    let mut all = Vec::new();
    while steady.number() < last {
        all.push(steady.task().await);
    }
    assert_told(&all, &committed);
    let third = Server::start(&[("DATABASE_URL", &app.database.url)]).await;
    let mut back = Follower::after(&third.url(), told[3].id).await;
    assert_eq!(back.task().await, told[4]);
}

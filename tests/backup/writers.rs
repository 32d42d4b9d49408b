//! A backup while eight writers go on shows one moment: what holds at every commit holds in the copy.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use rstest::rstest;
use tokio::task::JoinSet;

use crate::fixture::{Place, manifest};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::database::Side;
use testkit::{WITHIN, until};

const WRITERS: i64 = 8;

/// Every transaction makes or deletes a pair, whose amounts cancel each other out.
async fn write(mut side: Side, writer: i64, stop: Arc<AtomicBool>, commits: Arc<AtomicU64>) {
    let begin = if matches!(side, Side::Sqlite(_)) { "BEGIN IMMEDIATE" } else { "BEGIN" };
    let mut round = 0;
    while !stop.load(Ordering::Relaxed) {
        let id = (round * WRITERS + writer) * 2;
        let other = id + 1;
        side.execute(begin).await;
        side.execute(&format!("INSERT INTO pairs VALUES ({id}, {round})")).await;
        side.execute(&format!("INSERT INTO pairs VALUES ({other}, -{round})")).await;
        if round % 3 == 2 {
            let old = ((round - 1) * WRITERS + writer) * 2;
            side.execute(&format!("DELETE FROM pairs WHERE id = {old}")).await;
            side.execute(&format!("DELETE FROM pairs WHERE id = {old} + 1")).await;
        }
        side.execute("COMMIT").await;
        commits.fetch_add(1, Ordering::Relaxed);
        round += 1;
    }
    side.close().await;
}

#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_shows_one_moment(#[values(Sqlite, Postgres)] on: Backend) {
    let place = Place::new(on).await;
    place.execute("CREATE TABLE pairs (id bigint PRIMARY KEY, amount bigint NOT NULL)").await;
    place.fill(20_000).await;
    let stop = Arc::new(AtomicBool::new(false));
    let commits = Arc::new(AtomicU64::new(0));
    let mut writers = JoinSet::new();
    for writer in 0..WRITERS {
        let side = place.database.connect().await;
        writers.spawn(write(side, writer, Arc::clone(&stop), Arc::clone(&commits)));
    }
    for _ in 0..3 {
        let before = commits.load(Ordering::Relaxed);
        until("writers that are at it", WITHIN, async || {
            (commits.load(Ordering::Relaxed) > before + 20).then_some(())
        })
        .await;
        let at_begin = commits.load(Ordering::Relaxed);
        let mut making = place.spawn(&["create", "--json"], &[]);
        assert_eq!(making.exit().await, Some(0), "{}", making.output());
        let meanwhile = commits.load(Ordering::Relaxed) - at_begin;
        assert!(meanwhile > 0, "nothing was written meanwhile");

        let listed = place.list();
        let path = listed[0]["path"].as_str().expect("a path");
        let (rows, sum) = pairs(on, path.as_ref()).await;
        assert_eq!((rows % 2, sum), (0, 0), "half a pair in {path}");
        assert_eq!(manifest(path.as_ref())["rows"]["pairs"], rows, "{path}");
        assert!(rows > 0);
    }
    stop.store(true, Ordering::Relaxed);
    while let Some(ended) = writers.join_next().await {
        ended.expect("a writer that nothing stood in the way of");
    }
    place.backup(&["verify", "--all", "--deep"]).expect(0);
}

/// How many there are in a backup, and their sum.
async fn pairs(on: Backend, path: &Path) -> (i64, i64) {
    if on == Sqlite {
        let mut side = Side::sqlite(&format!("sqlite:{}?mode=ro", path.display())).await;
        let rows = side.integer("SELECT count(*) FROM pairs").await;
        let sum = side.integer("SELECT coalesce(sum(amount), 0) FROM pairs").await;
        side.close().await;
        return (rows, sum);
    }
    let bin = std::env::var_os("TEST_POSTGRES_BIN").expect("TEST_POSTGRES_BIN: run `make test`");
    let output = Command::new(Path::new(&bin).join("pg_restore"))
        .args(["--data-only", "--table=pairs", "--file=-"])
        .arg(path)
        .output()
        .expect("pg_restore runs");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let amounts: Vec<i64> = text
        .lines()
        .skip_while(|line| !line.starts_with("COPY "))
        .skip(1)
        .take_while(|line| *line != "\\.")
        .map(|line| line.split('\t').nth(1).expect("an amount").parse().expect("a number"))
        .collect();
    (i64::try_from(amounts.len()).expect("a count"), amounts.iter().sum())
}

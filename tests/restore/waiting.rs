//! Others in the way: who they are is said, the restore waits, and a stop is heard meanwhile.

use std::time::{Duration, Instant};

use rstest::rstest;

use crate::fixture::{Case, text};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Server, WITHIN, until};

const WAITS: &str = "the restore waits for";

async fn held_up(case: &Case, backup: &str) -> Server {
    let variables = [("DATABASE_URL", &*case.database.url), ("BACKUP_DIR", case.backups())];
    let restoring = Server::spawn_with(&["restore", backup, "--yes"], &variables);
    until("the restore to wait", WITHIN, async || restoring.output().contains(WAITS).then_some(()))
        .await;
    restoring
}

#[rstest]
#[tokio::test]
async fn goes_on_when_they_have_ended(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 5).await;
    let (backup, before) = (case.backup(), case.content().await);
    case.change().await;
    let mut side = case.database.connect().await;
    side.lock_tasks().await;
    let mut restoring = held_up(&case, text(&backup)).await;
    let who = if on == Sqlite { "another process that writes" } else { "pid " };
    // The look for who it is takes a connection of its own.
    until("who is in the way", WITHIN, async || restoring.output().contains(who).then_some(()))
        .await;
    side.unlock().await;
    assert_eq!(restoring.exit().await, Some(0), "{}", restoring.output());
    assert_eq!(case.content().await, before);
}

#[rstest]
#[tokio::test]
async fn a_stop_is_heard(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 5).await;
    let backup = case.backup();
    case.change().await;
    let before = case.content().await;
    let mut side = case.database.connect().await;
    side.lock_tasks().await;
    let mut restoring = held_up(&case, text(&backup)).await;
    let begun = Instant::now();
    restoring.signal("TERM");
    assert_eq!(restoring.exit().await, Some(1), "{}", restoring.output());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(restoring.output().contains("as it was before"), "{}", restoring.output());
    side.unlock().await;
    assert_eq!(case.content().await, before);
    case.restore(&[text(&backup)]).expect(0);
}

/// One at a time: who holds the migration lock is said.
#[rstest]
#[tokio::test]
async fn the_migration_lock(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 5).await;
    let backup = case.backup();
    let mut side = case.database.connect().await;
    side.lock_tasks().await;
    let mut first = held_up(&case, text(&backup)).await;
    let variables = [
        ("DATABASE_URL", &*case.database.url),
        ("BACKUP_DIR", case.backups()),
        ("MIGRATE_LOCK_WAIT", "0s"),
    ];
    let second = testkit::cli::run(&["restore", text(&backup), "--yes"], &variables).expect(9);
    assert!(
        second.stderr.contains(&format!("pid {}", first.pid())) || on == Postgres,
        "{second:#?}"
    );
    assert!(second.stderr.contains("taskmanager-migrate"), "{second:#?}");
    side.unlock().await;
    assert_eq!(first.exit().await, Some(0), "{}", first.output());
}

//! Connections: what happens to those whose caller goes away, that break while idle, or whose statements no longer fit
//! the schema.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rstest::rstest;
use taskmanager::domain::{Precondition, StatusChange, TaskFilter, TaskPatch, TaskRef};
use taskmanager::store::{StoreError, TaskStore};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::fixture::{Fixture, NOW, task};
use testkit::{Backend, WITHIN, until};

/// Connections of ours that have a statement under way.
const BUSY: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
     AND application_name LIKE 'taskmanager%' AND state <> 'idle'";
/// The same, for those inside a transaction.
const IN_TRANSACTION: &str = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
     AND application_name LIKE 'taskmanager%' AND state LIKE 'idle in transaction%'";

/// A caller that goes away while its statement waits for a lock takes the statement with it.
#[tokio::test]
async fn a_statement_that_outlives_its_caller_is_cancelled() {
    let fixture = Fixture::new(Backend::Postgres).await;
    fixture.store([task("x")]).await;
    let mut holder = fixture.database.connect().await;
    holder.execute("BEGIN").await;
    holder.execute("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE").await;
    let mut side = fixture.database.connect().await;
    let filter = TaskFilter::default();
    let gone = timeout(Duration::from_millis(300), fixture.tasks.count(&filter, NOW)).await;
    assert!(gone.is_err(), "{gone:?}");
    let begun = Instant::now();
    until("no statement of ours", WITHIN, async || (side.integer(BUSY).await == 0).then_some(()))
        .await;
    assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
    holder.execute("ROLLBACK").await;
    assert_eq!(fixture.tasks.count(&filter, NOW).await.expect("a count"), 1);
}

/// Callers that go away at any moment of a write leave no connection in a transaction, and what others were told is
/// stored.
#[rstest]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_that_go_away_touch_nobody_else(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let [shared] = fixture.store([task("shared")]).await.try_into().expect("one");
    let mut callers = JoinSet::new();
    for caller in 0..8_u64 {
        let tasks = Arc::clone(&fixture.tasks);
        callers.spawn(async move {
            for turn in 0..40 {
                let status = taskmanager::domain::Status::ALL[turn % 3];
                let patch = TaskPatch { status: StatusChange::Set(status), ..TaskPatch::default() };
                let (reference, anyhow) = (TaskRef::Id(shared.id), Precondition::default());
                let patience = Duration::from_micros(97 * (caller + 1) * (turn as u64 % 13));
                let _ = timeout(patience, tasks.update(reference, &anyhow, &patch, NOW)).await;
            }
            0
        });
        let tasks = Arc::clone(&fixture.tasks);
        callers.spawn(async move {
            let mut made = 0;
            for turn in 0..40 {
                tasks.create(task(&format!("{caller} {turn}"))).await.expect("a task");
                made += 1;
            }
            made
        });
    }
    let made: i64 = callers.join_all().await.into_iter().sum();
    let count = fixture.tasks.count(&TaskFilter::default(), NOW).await.expect("a count");
    assert_eq!((made, count), (320, 321));
    if backend == Backend::Postgres {
        let mut side = fixture.database.connect().await;
        until("idle connections", WITHIN, async || (side.integer(BUSY).await == 0).then_some(()))
            .await;
        assert_eq!(side.integer(IN_TRANSACTION).await, 0);
    }
}

/// Idle connections that the server ended cost nobody an answer: others can be had at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn dead_idle_connections_are_replaced_unseen() {
    let fixture = Fixture::new(Backend::Postgres).await;
    let [made] = fixture.store([task("x")]).await.try_into().expect("one");
    for round in 0..3 {
        let mut warm = JoinSet::new();
        for _ in 0..20 {
            let tasks = Arc::clone(&fixture.tasks);
            warm.spawn(async move { tasks.count(&TaskFilter::default(), NOW).await });
        }
        for counted in warm.join_all().await {
            counted.expect("a count");
        }
        let idle = Instant::now();
        fixture
            .execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() \
                 AND application_name LIKE 'taskmanager%'",
            )
            .await;
        // Long enough for a connection to count as idle, and not as one in use that broke.
        until("idle connections", WITHIN, async || {
            (idle.elapsed() > Duration::from_millis(150)).then_some(())
        })
        .await;
        for turn in 0..5 {
            let title = format!("{round} {turn}");
            fixture.tasks.create(task(&title)).await.expect("a task");
            let found = fixture.tasks.get(TaskRef::Id(made.id)).await.expect("an answer");
            assert_eq!(found.as_ref(), Some(&made));
            fixture.tasks.count(&TaskFilter::default(), NOW).await.expect("a count");
        }
    }
}

/// Every statement of the store is prepared; then columns get other types, indexes come and go, and columns are added
/// under a live load, in which no request may fail.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_schema_that_changes_under_load_fails_no_request() {
    let fixture = Fixture::new(Backend::Postgres).await;
    let [made] = fixture.store([task("x")]).await.try_into().expect("one");
    let stop = Arc::new(AtomicBool::new(false));
    let mut load = JoinSet::new();
    for caller in 0..6 {
        let (tasks, stop) = (Arc::clone(&fixture.tasks), Arc::clone(&stop));
        load.spawn(async move {
            let mut done = 0_u64;
            while !stop.load(Ordering::Relaxed) {
                everything(&*tasks, TaskRef::Id(made.id), caller).await?;
                done += 1;
            }
            Ok::<_, StoreError>(done)
        });
    }
    for change in [
        "ALTER TABLE tasks ALTER COLUMN title TYPE varchar(300)",
        "ALTER TABLE tasks ALTER COLUMN description TYPE varchar(2000)",
        "ALTER TABLE tasks ALTER COLUMN title TYPE text",
        "ALTER TABLE tasks ADD COLUMN extra integer DEFAULT 7",
        "ALTER TABLE tasks DROP COLUMN extra",
        "ALTER TABLE task_events ALTER COLUMN title TYPE varchar(300)",
        "DROP INDEX tasks_assignee_idx",
        "CREATE INDEX tasks_assignee_idx ON tasks (assignee, created_at DESC, id)",
        "ALTER TABLE tasks ADD CONSTRAINT new_check CHECK (version >= 1) NOT VALID",
        "ALTER TABLE tasks VALIDATE CONSTRAINT new_check",
        "ALTER TABLE tasks DROP CONSTRAINT new_check",
        "CREATE VIEW titles AS SELECT title FROM tasks",
        "DROP VIEW titles",
        "ANALYZE tasks",
    ] {
        fixture.execute(change).await;
    }
    stop.store(true, Ordering::Relaxed);
    for done in load.join_all().await {
        assert!(done.expect("no request fails") > 0);
    }
}

async fn everything(
    tasks: &dyn TaskStore,
    reference: TaskRef,
    caller: i32,
) -> Result<(), StoreError> {
    let patch = TaskPatch {
        status: StatusChange::Set(taskmanager::domain::Status::InProgress),
        ..TaskPatch::default()
    };
    let made = tasks.create(task(&format!("by {caller}"))).await?;
    tasks.get(reference).await?;
    tasks.update(TaskRef::Id(made.id), &Precondition::default(), &patch, NOW).await?;
    tasks.count(&TaskFilter::default(), NOW).await?;
    tasks.stats(&TaskFilter::default(), NOW).await?;
    tasks.delete(TaskRef::Number(made.number), &Precondition::default()).await?;
    Ok(())
}

/// A row that somebody holds keeps nobody waiting but those who ask for it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_row_that_others_hold_keeps_no_other_request_waiting() {
    let fixture = Fixture::new(Backend::Postgres).await;
    let [held, free] = fixture.store([task("held"), task("free")]).await.try_into().expect("two");
    let mut holder = fixture.database.connect().await;
    holder.execute("BEGIN").await;
    holder.execute(&format!("SELECT 1 FROM tasks WHERE number = {} FOR UPDATE", held.number)).await;
    let change = |reference: TaskRef| {
        let tasks = Arc::clone(&fixture.tasks);
        async move {
            let status = StatusChange::Set(taskmanager::domain::Status::Done);
            let patch = TaskPatch { status, ..TaskPatch::default() };
            tasks.update(reference, &Precondition::default(), &patch, NOW).await
        }
    };
    let waiting = tokio::spawn(change(TaskRef::Id(held.id)));
    let begun = Instant::now();
    let mut others = JoinSet::new();
    for _ in 0..50 {
        others.spawn(change(TaskRef::Number(free.number)));
        let tasks = Arc::clone(&fixture.tasks);
        others.spawn(async move { tasks.create(task("new")).await });
    }
    for other in others.join_all().await {
        other.expect("no answer but a good one");
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    assert!(!waiting.is_finished());
    holder.execute("ROLLBACK").await;
    waiting.await.expect("no panic").expect("the held task, at last");
}

//! A stop in the middle: back within 5 s, nothing half done, the lock free.

use std::time::{Duration, Instant};

use rstest::rstest;
use schemakeep::{
    Dialect, MigrateError, MigrationSet, Migrator, MigratorOptions, Phase, Progress, SchemaState,
};
use taskmanager::domain::SystemClock;
use tokio_util::sync::CancellationToken;

use crate::running::hold_lock;
use crate::support::{ONE, TestDatabase, set};
use testkit::poll::{WITHIN, until};

const SLEEPING: &str = "SELECT count(*) FROM pg_stat_activity \
    WHERE wait_event = 'PgSleep' AND datname = current_database()";

/// Begins an `up`, waits for a moment, stops it, and returns what it said and how long that took.
async fn stop_when(
    database: &TestDatabase,
    migrations: &MigrationSet,
    moment: impl AsyncFn(&Progress) -> bool,
) -> (MigrateError, Duration) {
    let (stop, progress) = (CancellationToken::new(), Progress::default());
    let settings = MigratorOptions { stop: stop.clone(), ..database.settings() };
    let (shown, migrations) = (progress.clone(), migrations.clone());
    let running = tokio::spawn(async move {
        let set = &migrations;
        Migrator {
            settings: &settings,
            set,
            clock: &SystemClock,
            progress: &shown,
            gate: &schemakeep::GateSteps,
        }
        .up(None)
        .await
    });
    until("the moment to stop", WITHIN, async || moment(&progress).await.then_some(())).await;
    let begun = Instant::now();
    stop.cancel();
    let error = running.await.unwrap().unwrap_err();
    (error, begun.elapsed())
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_running_statement_is_cancelled(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    let slow = match dialect {
        Dialect::Postgres => "CREATE TABLE two (id bigint);\nSELECT pg_sleep(60);",
        Dialect::Sqlite => {
            "CREATE TABLE two (id bigint);\nINSERT INTO two WITH RECURSIVE n (x) AS \
             (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 100000000000) SELECT max(x) FROM n;"
        }
    };
    let slow = set(&[ONE, ("20260102000000_create_two", slow)]);
    let (error, took) = stop_when(&database, &slow, async |progress| match dialect {
        Dialect::Postgres => database.count(SLEEPING).await > 0,
        Dialect::Sqlite => progress.snapshot().version == Some(20_260_102_000_000),
    })
    .await;
    assert!(matches!(error, MigrateError::Stopped { .. }), "{error}");
    assert_eq!(error.exit_code(), 1);
    assert!(error.to_string().contains("was rolled back, whole"), "{error}");
    assert!(took < Duration::from_secs(5), "it took {took:?}");

    assert!(!database.schema().await.contains("two"));
    let settings = MigratorOptions { lock_wait: Duration::ZERO, ..database.settings() };
    let report = crate::support::start(&settings, &set(&[ONE])).await.unwrap();
    assert_eq!(report.state, SchemaState::Current);
    let two = set(&[ONE, ("20260102000000_create_two", "CREATE TABLE two (id bigint);")]);
    crate::support::start(&settings, &two).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_without_a_transaction_is_left_where_it_can_go_on() {
    let database = TestDatabase::new(Dialect::Postgres).await;
    let name = "20260101000000_create_one";
    let text = |seconds: u32| {
        format!(
            "-- no-transaction\nCREATE TABLE one (id bigint);\nSELECT pg_sleep({seconds}) WHERE NOT EXISTS \
             (SELECT 1 FROM flag);\nCREATE INDEX CONCURRENTLY one_id ON one (id);"
        )
    };
    database.run("CREATE TABLE flag (id int)").await;
    let text = text(60);
    let migrations = set(&[(name, text.as_str())]);
    let (error, took) =
        stop_when(&database, &migrations, async |_| database.count(SLEEPING).await > 0).await;
    assert!(took < Duration::from_secs(5), "it took {took:?}");
    assert!(error.to_string().contains("statement 2 of 3"), "{error}");
    database.run("INSERT INTO flag VALUES (1)").await;
    assert_eq!(database.up(&migrations, None).await.unwrap().report.state, SchemaState::Current);
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn the_wait_for_the_lock_ends_at_once(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    let holder = hold_lock(&database).await;
    let waiting = async |progress: &Progress| progress.snapshot().phase == Phase::WaitingForLock;
    let (error, took) = stop_when(&database, &set(&[ONE]), waiting).await;
    assert!(error.to_string().contains("nothing was begun"), "{error}");
    assert!(took < Duration::from_secs(1), "it took {took:?}");
    drop(holder);
    database.prepare(&set(&[ONE])).await.unwrap();
}

//! PostgreSQL: a migration that waits for a table never makes the readers of it wait long.

use std::time::{Duration, Instant};

use schemakeep::{Dialect, MigrateError, MigratorOptions, SchemaState};
use sqlx::Connection as _;

use crate::support::{ONE, TestDatabase, run_on, set, start};
use testkit::poll::{WITHIN, until};

const ALTER: (&str, &str) = ("20260102000000_alter_one", "ALTER TABLE one ADD COLUMN extra text;");
const WAITING: &str = "SELECT count(*) FROM pg_locks WHERE NOT granted \
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";

async fn seen_waiting(database: &TestDatabase) {
    until("the migration to wait for its lock", WITHIN, async || {
        (database.count(WAITING).await > 0).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn readers_pass_while_it_waits() {
    let database = TestDatabase::new(Dialect::Postgres).await;
    database.prepare(&set(&[ONE])).await.unwrap();
    let mut idle = database.postgres().await;
    run_on(&mut idle, "BEGIN; SELECT count(*) FROM one".to_owned()).await;

    let (settings, migrations) = (database.settings(), set(&[ONE, ALTER]));
    let altering = tokio::spawn(async move { start(&settings, &migrations).await });
    seen_waiting(&database).await;
    let mut reader = database.postgres().await;
    let (begun, mut longest) = (Instant::now(), Duration::ZERO);
    while begun.elapsed() < Duration::from_secs(6) {
        let asked = Instant::now();
        run_on(&mut reader, "SELECT count(*) FROM one".to_owned()).await;
        longest = longest.max(asked.elapsed());
    }
    assert!(longest < Duration::from_millis(2_500), "a reader waited {longest:?}");
    assert!(longest > Duration::from_millis(200), "nobody was in anybody's way");
    assert!(!altering.is_finished());
    run_on(&mut idle, "ROLLBACK".to_owned()).await;
    assert_eq!(altering.await.unwrap().unwrap().state, SchemaState::Current);
}

#[tokio::test]
async fn it_gives_up_in_words_with_nothing_changed() {
    let database = TestDatabase::new(Dialect::Postgres).await;
    database.prepare(&set(&[ONE])).await.unwrap();
    let before = database.schema().await;
    let mut idle = database.postgres().await;
    run_on(&mut idle, "BEGIN; SELECT count(*) FROM one".to_owned()).await;

    let table_lock_wait = Duration::from_secs(1);
    let settings = MigratorOptions { table_lock_wait, ..database.settings() };
    let more = (
        "20260102000000_alter_one",
        "CREATE TABLE more (id int);\nALTER TABLE one ADD extra text;",
    );
    let error = start(&settings, &set(&[ONE, more])).await.unwrap_err();
    let MigrateError::Blocked(blocked) = &error else { panic!("{error}") };
    assert!(blocked.blockers.contains("a-test-session"), "{error}");
    assert!(error.to_string().contains("nothing of it was kept"), "{error}");
    assert_eq!(database.schema().await, before);
    idle.close().await.unwrap();
    database.prepare(&set(&[ONE, more])).await.unwrap();
}

//! Several starts at once: every version happens once, and everybody ends well.

use rstest::rstest;
use schemakeep::{Dialect, SchemaState};
use tokio::task::JoinSet;

use crate::support::{ONE, THREE, TWO, TestDatabase, set, start};

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn each_version_happens_once(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
    #[values(2, 8)] starts: usize,
) {
    for _ in 0..20 {
        let database = TestDatabase::new(dialect).await;
        let migrations = set(&[ONE, TWO, THREE]);
        let mut running = JoinSet::new();
        for _ in 0..starts {
            let (settings, migrations) = (database.settings(), migrations.clone());
            running.spawn(async move { start(&settings, &migrations).await });
        }
        while let Some(outcome) = running.join_next().await {
            assert_eq!(outcome.unwrap().unwrap().state, SchemaState::Current);
        }
        assert_eq!(database.count("SELECT count(*) FROM _migrate_log").await, 3);
        assert_eq!(database.count("SELECT count(*) FROM _sqlx_migrations").await, 3);
    }
}

#[tokio::test]
async fn a_start_that_goes_away_leaves_nothing_behind() {
    let database = TestDatabase::new(Dialect::Postgres).await;
    let slow = ("20260101000000_create_one", "CREATE TABLE one (id int); SELECT pg_sleep(20);");
    let (settings, migrations) = (database.settings(), set(&[slow]));
    let starting = tokio::spawn(async move { start(&settings, &migrations).await });
    let sleeping = "SELECT count(*) FROM pg_stat_activity \
        WHERE wait_event = 'PgSleep' AND datname = current_database()";
    while database.count(sleeping).await == 0 {}
    starting.abort();
    let report = database.prepare(&set(&[ONE])).await.unwrap();
    assert_eq!(report.state, SchemaState::Current);
}

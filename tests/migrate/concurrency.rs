//! Several starts at once: every version happens once, and everybody ends well.

use rstest::rstest;
use taskmanager::migrate::{Dialect, SchemaState};
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

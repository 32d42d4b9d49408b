//! A start takes the way of `up`: lint, preflight, a backup and the row guard stand before and around it.

use rstest::rstest;
use schemakeep::{Dialect, MigrateError, MigrationSet, MigratorOptions, Safety};
use taskmanager::config::BackupMode;

use crate::support::{ONE, TestDatabase, set, start};

const RISKY: (&str, &str) =
    ("20260102000000_change_one", "-- compat: additive\nUPDATE one SET id = id + 1;\n");
const MORE: (&str, &str) =
    ("20260103000000_extend_one", "-- compat: additive\nALTER TABLE one ADD COLUMN more bigint;\n");

fn guarded(database: &TestDatabase, backup: BackupMode) -> MigratorOptions {
    let before = schemakeep_backup::BackupBeforeMigrate {
        required: backup == BackupMode::Required,
        folder: database.folder.path().join("backups"),
        folder_is_set: true,
        keep: 5,
    };
    let backup = (backup != BackupMode::Off).then(|| std::sync::Arc::new(before) as _);
    let safety = Safety { checks: true, backup, ..Safety::none() };
    MigratorOptions { safety, ..database.settings() }
}

/// With a table that has a row, and a way back that lint knows.
async fn begun(dialect: Dialect) -> TestDatabase {
    let database = TestDatabase::new(dialect).await;
    database.prepare(&set(&[ONE])).await.unwrap();
    database.run("INSERT INTO one VALUES (1)").await;
    database
}

fn with(more: (&str, &str), down: &str) -> MigrationSet {
    let undo = "DROP TABLE one;\n";
    crate::support::pairs(&[(ONE.0, ONE.1, undo), (more.0, more.1, down)])
}

#[rstest]
#[tokio::test]
async fn a_finding_stops_the_start(#[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect) {
    let database = begun(dialect).await;
    let settings = guarded(&database, BackupMode::Off);
    let set = with(RISKY, "UPDATE one SET id = id - 1;\n");
    let error = start(&settings, &set).await.unwrap_err();
    assert!(matches!(error, MigrateError::Unsafe { step: "lint", .. }), "{error:?}");
    assert_eq!(error.exit_code(), 10);
    assert_eq!(database.count("SELECT id FROM one").await, 1);
    assert_eq!(database.count("SELECT count(*) FROM _sqlx_migrations").await, 1);
}

/// The incident: a start of the new release must not stop the replicas of the old one that serve.
#[tokio::test]
async fn a_start_does_not_stop_the_instances_of_the_release_before() {
    let database = begun(Dialect::Postgres).await;
    let settings = guarded(&database, BackupMode::Off);
    let up = "-- compat: breaking\nALTER TABLE one ADD COLUMN more bigint;\n";
    let set = with(("20260103000000_extend_one", up), "ALTER TABLE one DROP COLUMN more;\n");
    let mut old = database.connect().await;
    old.run("SET application_name = 'taskmanager/0.0.1 20260101000000 web-1'").await;
    let error = start(&settings, &set).await.unwrap_err();
    assert!(matches!(error, MigrateError::Unsafe { step: "instances", .. }), "{error:?}");
    assert_eq!(error.exit_code(), 10);
    assert!(error.to_string().contains("web-1"), "{error}");
    assert_eq!(database.count("SELECT count(*) FROM _sqlx_migrations").await, 1);
    old.close().await;
    start(&settings, &set).await.unwrap();
    assert_eq!(database.count("SELECT count(*) FROM _sqlx_migrations").await, 2);
}

#[rstest]
#[tokio::test]
async fn a_start_makes_a_backup_where_there_is_something_to_save(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
    #[values(BackupMode::Auto, BackupMode::Required)] backup: BackupMode,
) {
    let database = begun(dialect).await;
    let settings = guarded(&database, backup);
    let set = with(MORE, "ALTER TABLE one DROP COLUMN more;\n");
    start(&settings, &set).await.unwrap();
    let logged = "SELECT count(*) FROM _migrate_log WHERE version = 20260103000000 AND backup LIKE '%/backups/%'";
    assert_eq!(database.count(logged).await, 1);
    let kept = || std::fs::read_dir(database.folder.path().join("backups")).unwrap().count();
    let before = kept();
    assert!(before >= 2, "a backup and its manifest");
    start(&settings, &set).await.unwrap();
    assert_eq!(kept(), before, "a start that finds nothing to do makes no backup");
}

#[rstest]
#[tokio::test]
async fn an_empty_database_has_nothing_to_save(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    let settings = guarded(&database, BackupMode::Required);
    start(&settings, &with(MORE, "ALTER TABLE one DROP COLUMN more;\n")).await.unwrap();
    let made = std::fs::read_dir(database.folder.path().join("backups"));
    assert_eq!(made.map_or(0, Iterator::count), 0);
}

//! Each state made for real, and what a start says about it.

use rstest::rstest;
use schemakeep::required::RequiredTable;
use schemakeep::{Dialect, MigrateError, MigrationSet, SchemaState};
use taskmanager::config::MigrateMode;

use crate::support::{ONE, THREE, TWO, TestDatabase, set};

const BOTH: [MigrateMode; 2] = [MigrateMode::Auto, MigrateMode::Check];

async fn refused(
    database: &TestDatabase,
    modes: &[MigrateMode],
    set: &MigrationSet,
) -> MigrateError {
    let mut last = None;
    for mode in modes {
        last = Some(database.prepare_as(*mode, set).await.unwrap_err());
    }
    let error = last.unwrap();
    assert!(matches!(error, MigrateError::Refused { .. }), "{error}");
    assert!(!error.to_string().contains('\n'));
    error
}

#[rstest]
#[tokio::test]
async fn behind_is_refused_by_check_only(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    let error = refused(&database, &[MigrateMode::Check], &set(&[ONE])).await;
    assert_eq!(error.exit_code(), 3);
    let text = error.to_string();
    assert!(text.contains("20260101000000") && text.contains("taskmanager migrate up"), "{text}");
    database.prepare(&set(&[ONE])).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn ahead_is_served_when_all_is_additive(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    database.prepare(&set(&[ONE, TWO])).await.unwrap();
    for mode in BOTH {
        let report = database.prepare_as(mode, &set(&[ONE])).await.unwrap();
        assert_eq!(report.state, SchemaState::AheadCompatible);
    }
    // THREE declares nothing.
    database.prepare(&set(&[ONE, TWO, THREE])).await.unwrap();
    let error = refused(&database, &BOTH, &set(&[ONE])).await;
    assert_eq!(error.exit_code(), 5);
    assert!(error.to_string().contains("20260103000000"), "{error}");
}

#[rstest]
#[tokio::test]
async fn ahead_without_a_log_is_incompatible(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    database.prepare(&set(&[ONE, TWO])).await.unwrap();
    database.run("DROP TABLE _migrate_log").await;
    assert_eq!(refused(&database, &BOTH, &set(&[ONE])).await.exit_code(), 5);
}

#[rstest]
#[tokio::test]
async fn diverged_by_checksum_gap_and_stranger(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    database.prepare(&set(&[ONE, THREE])).await.unwrap();

    let edited = (ONE.0, "CREATE TABLE one (id bigint, more text);");
    let error = refused(&database, &BOTH, &set(&[edited, THREE])).await;
    assert_eq!(error.exit_code(), 6);
    assert!(error.to_string().contains("repair 20260101000000"), "{error}");

    let error = refused(&database, &BOTH, &set(&[ONE, TWO, THREE])).await;
    assert_eq!(error.exit_code(), 6);
    assert!(error.to_string().contains("20260102000000"), "{error}");

    let error = refused(&database, &BOTH, &set(&[TWO, THREE])).await;
    assert_eq!(error.exit_code(), 6);
}

#[rstest]
#[tokio::test]
async fn drifted_names_what_is_not_there(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    const NEEDS: &[RequiredTable] = &[
        RequiredTable { name: "one", columns: &["id", "extra"] },
        RequiredTable { name: "two", columns: &["id"] },
    ];
    let database = TestDatabase::new(dialect).await;
    let set = set(&[ONE]).requiring(NEEDS);
    database.prepare(&set).await.unwrap_err();
    let error = refused(&database, &BOTH, &set).await;
    assert_eq!(error.exit_code(), 7);
    let text = error.to_string();
    assert!(text.contains("one.extra") && text.contains("two"), "{text}");

    // The program's own needs, stamped but not run.
    let own = TestDatabase::new(dialect).await;
    own.prepare(&own.embedded()).await.unwrap();
    own.run("ALTER TABLE tasks RENAME TO elsewhere").await;
    let error = refused(&own, &BOTH, &own.embedded()).await;
    assert!(error.to_string().contains("tasks"), "{error}");
}

#[rstest]
#[tokio::test]
async fn failed_is_refused(#[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect) {
    let database = TestDatabase::new(dialect).await;
    database.prepare(&set(&[ONE])).await.unwrap();
    database.run("UPDATE _sqlx_migrations SET success = FALSE").await;
    let error = refused(&database, &BOTH, &set(&[ONE, TWO])).await;
    assert_eq!(error.exit_code(), 8);
}

#[rstest]
#[tokio::test]
async fn off_serves_whatever_is_there(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    let report = database.prepare_as(MigrateMode::Off, &set(&[ONE])).await.unwrap();
    assert_eq!(report.state, SchemaState::Behind);
}

#[rstest]
#[case("BEGIN;\nCREATE TABLE x (id int);\nCOMMIT;", 1)]
#[case("CREATE TABLE x (id int);\n\n/* so */ commit;", 3)]
#[case("CREATE TABLE x (id int); ROLLBACK", 1)]
#[tokio::test]
async fn transaction_control_is_refused_before_anything_runs(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
    #[case] sql: &str,
    #[case] expected: usize,
) {
    let database = TestDatabase::new(dialect).await;
    let set = set(&[ONE, ("20260102000000_control_it", sql)]);
    let error = database.prepare(&set).await.unwrap_err();
    let MigrateError::TransactionControl { line, .. } = error else { panic!("{error}") };
    assert_eq!(line, expected);
    database.run("CREATE TABLE one (id int)").await;
}

#[rstest]
#[case(Dialect::Sqlite, "-- no-transaction\nCREATE TABLE x (id int);")]
#[case(Dialect::Postgres, "-- rebuild\nCREATE TABLE x (id int);")]
#[tokio::test]
async fn the_other_databases_way_of_running_is_refused(
    #[case] dialect: Dialect,
    #[case] sql: &str,
) {
    let database = TestDatabase::new(dialect).await;
    let error = database.prepare(&set(&[("20260102000000_run_it", sql)])).await.unwrap_err();
    assert!(matches!(error, MigrateError::Unsupported { .. }), "{error}");
}

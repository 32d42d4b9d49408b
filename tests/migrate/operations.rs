//! Forward, back, stamped and repaired, on both databases.

use rstest::rstest;
use schemakeep::required::RequiredTable;
use schemakeep::{Dialect, MigrateError, MigrationSet, SchemaState};

use crate::support::{ONE, THREE, TWO, TestDatabase, pairs, set};

const V1: i64 = 20_260_101_000_000;
const V2: i64 = 20_260_102_000_000;
const V3: i64 = 20_260_103_000_000;

/// Three tables that can be taken back.
fn three() -> MigrationSet {
    pairs(&[
        (ONE.0, ONE.1, "DROP TABLE one;"),
        (TWO.0, TWO.1, "DROP TABLE two;"),
        (THREE.0, THREE.1, "DROP TABLE three;"),
    ])
}

#[rstest]
#[tokio::test]
async fn up_to_a_version_and_then_all(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let (database, set) = (TestDatabase::new(dialect).await, three());
    let outcome = database.up(&set, Some(V2)).await.unwrap();
    assert_eq!(outcome.done.iter().map(|done| done.version).collect::<Vec<_>>(), [V1, V2]);
    assert_eq!((outcome.report.state, outcome.report.head), (SchemaState::Behind, Some(V2)));
    assert_eq!(outcome.done[0].description, "create one");

    let again = database.up(&set, Some(V2)).await.unwrap();
    assert!(again.done.is_empty());
    for (version, words) in [(V1, "down"), (V1 + 1, "no migration of that version")] {
        let error = database.up(&set, Some(version)).await.unwrap_err();
        assert_eq!(error.exit_code(), 2);
        assert!(error.to_string().contains(words), "{error}");
    }
    let outcome = database.up(&set, None).await.unwrap();
    assert_eq!((outcome.done.len(), outcome.report.state), (1, SchemaState::Current));
}

#[rstest]
#[case(Some(V2), &[V3])]
#[case(Some(V1), &[V3, V2])]
#[case(None, &[V3, V2, V1])]
#[tokio::test]
async fn down_and_up_again_is_the_same_schema(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
    #[case] to: Option<i64>,
    #[case] undone: &[i64],
) {
    let (database, set) = (TestDatabase::new(dialect).await, three());
    database.up(&set, None).await.unwrap();
    let before = database.schema().await;
    assert!(before.contains("three"), "{before}");

    let outcome = database.down(&set, to).await.unwrap();
    assert_eq!(outcome.done.iter().map(|done| done.version).collect::<Vec<_>>(), undone);
    assert_eq!((outcome.report.state, outcome.report.head), (SchemaState::Behind, to));
    if to.is_none() {
        assert_eq!(database.schema().await, "");
    }
    let log = database.log().await;
    assert_eq!(log.last().unwrap(), &format!("{} reverted done", undone.last().unwrap()));

    database.up(&set, None).await.unwrap();
    assert_eq!(database.schema().await, before);
    assert!(database.down(&set, Some(V3)).await.unwrap().done.is_empty());
}

#[rstest]
#[tokio::test]
async fn the_programs_own_files_go_back_and_forth(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    let set = database.embedded();
    database.up(&set, None).await.unwrap();
    let before = database.schema().await;
    database.down(&set, None).await.unwrap();
    let after = database.schema().await;
    assert!(!after.contains("tasks"), "{after}");
    database.up(&set, None).await.unwrap();
    assert_eq!(database.schema().await, before);
}

#[rstest]
#[tokio::test]
async fn irreversible_stops_before_anything_changes(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    let set = pairs(&[
        (ONE.0, ONE.1, "DROP TABLE one;"),
        (TWO.0, TWO.1, "-- irreversible: the old names are gone\nSELECT 1;"),
        (THREE.0, THREE.1, "DROP TABLE three;"),
    ]);
    database.up(&set, None).await.unwrap();
    let before = database.schema().await;
    let error = database.down(&set, Some(V1)).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("create_two.down.sql") && text.contains("names are gone"), "{text}");
    assert_eq!(error.exit_code(), 1);
    assert_eq!(database.schema().await, before);
    assert_eq!(database.down(&set, Some(V2)).await.unwrap().done.len(), 1);
}

#[rstest]
#[tokio::test]
async fn a_way_back_that_fails_leaves_everything(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    let set = pairs(&[(ONE.0, ONE.1, "DROP TABLE one;\nDROP TABLE nowhere;")]);
    database.up(&set, None).await.unwrap();
    let error = database.down(&set, None).await.unwrap_err();
    let MigrateError::Failed { file, line, .. } = &error else { panic!("{error}") };
    assert_eq!((file.as_str(), *line), ("20260101000000_create_one.down.sql", 2));
    assert!(database.schema().await.contains("one"));
    assert_eq!(database.up(&set, None).await.unwrap().report.state, SchemaState::Current);
}

#[rstest]
#[tokio::test]
async fn what_a_newer_program_applied_is_not_undone(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    database.up(&set(&[ONE, TWO]), None).await.unwrap();
    let error = database.down(&set(&[ONE]), None).await.unwrap_err();
    assert_eq!(error.exit_code(), 4);
    assert!(error.to_string().contains("newer than this program"), "{error}");
    assert_eq!(database.count("SELECT count(*) FROM _sqlx_migrations").await, 2);
}

#[rstest]
#[tokio::test]
async fn stamp_records_without_running(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    const NEEDS: &[RequiredTable] = &[RequiredTable { name: "two", columns: &["id", "extra"] }];
    let database = TestDatabase::new(dialect).await;
    let set = set(&[ONE, TWO]).requiring(NEEDS);
    database.run("CREATE TABLE one (id bigint)").await;
    let outcome = database.stamp(&set, V1).await.unwrap();
    assert_eq!((outcome.done.len(), outcome.report.head), (1, Some(V1)));
    assert_eq!(database.log().await, [format!("{V1} stamped done")]);

    // The last version is compared with the catalogue.
    let error = database.stamp(&set, V2).await.unwrap_err();
    assert!(matches!(error, MigrateError::DoesNotFit { .. }), "{error}");
    assert_eq!(error.exit_code(), 7);
    database.run("CREATE TABLE two (id bigint)").await;
    let error = database.stamp(&set, V2).await.unwrap_err();
    assert!(error.to_string().contains("two.extra"), "{error}");
    database.run("ALTER TABLE two ADD COLUMN extra text").await;
    assert_eq!(database.stamp(&set, V2).await.unwrap().report.state, SchemaState::Current);

    let error = database.stamp(&set, V1).await.unwrap_err();
    assert!(error.to_string().contains("never takes anything away"), "{error}");
    let error = database.stamp(&set, 1).await.unwrap_err();
    assert_eq!(error.exit_code(), 2);
    let error = database.stamp(&crate::support::set(&[TWO]), V2).await.unwrap_err();
    assert_eq!(error.exit_code(), 6, "{error}");
}

#[rstest]
#[tokio::test]
async fn repair_accepts_a_checksum_or_clears_a_failure(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    database.up(&set(&[ONE, TWO]), None).await.unwrap();
    let edited = set(&[(ONE.0, "CREATE TABLE one (id bigint); -- edited"), TWO]);
    database.up(&edited, None).await.unwrap_err();
    for (version, reason, words) in [
        (V2, "why not", "with the checksum"),
        (V3, "why not", "not recorded"),
        (V1, " ", "--reason is required"),
    ] {
        let error = database.repair(&edited, version, reason).await.unwrap_err();
        assert!(error.to_string().contains(words), "{error}");
    }
    let report = database.repair(&edited, V1, "only a comment").await.unwrap().report;
    assert_eq!(report.state, SchemaState::Current);
    assert_eq!(database.log().await.last().unwrap(), &format!("{V1} repaired done"));
    let reason = database.text("SELECT reason FROM _migrate_log WHERE event = 'repaired'").await;
    assert_eq!(reason, "only a comment");

    database
        .run("UPDATE _sqlx_migrations SET success = FALSE WHERE version = 20260102000000")
        .await;
    database.run("DROP TABLE two").await;
    assert_eq!(database.up(&edited, None).await.unwrap_err().exit_code(), 8);
    let report = database.repair(&edited, V2, "undone by hand").await.unwrap().report;
    assert_eq!((report.state, report.pending.len()), (SchemaState::Behind, 1));
    assert_eq!(database.up(&edited, None).await.unwrap().report.state, SchemaState::Current);
}

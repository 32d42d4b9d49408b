//! Databases that something else has made, and files that came with other line ends.

use rstest::rstest;
use schemakeep::inspect::read_history;
use schemakeep::required::RequiredTable;
use schemakeep::{Dialect, SchemaState};
use sha2::{Digest, Sha384};
use taskmanager::config::MigrateMode;

use crate::support::{ONE, THREE, TWO, TestDatabase, set};

const NEEDS: &[RequiredTable] = &[RequiredTable { name: "one", columns: &["id", "extra"] }];
const V2: i64 = 20_260_102_000_000;
const ADDS: (&str, &str) =
    ("20260102000000_extend_one", "-- compat: additive\nALTER TABLE one ADD COLUMN extra text;\n");

#[rstest]
#[tokio::test]
async fn a_database_of_alembic_is_named_and_adopted(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    let set = set(&[ONE, ADDS]).requiring(NEEDS);
    database
        .run(
            "CREATE TABLE one (id bigint, extra text); \
             CREATE TABLE alembic_version (version_num varchar(32) NOT NULL); \
             INSERT INTO alembic_version VALUES ('27c6a30d7c24')",
        )
        .await;
    for mode in [MigrateMode::Auto, MigrateMode::Check] {
        let error = database.prepare_as(mode, &set).await.unwrap_err();
        assert_eq!(error.exit_code(), 6);
        let text = error.to_string();
        assert!(text.contains("Alembic (revision 27c6a30d7c24)"), "{text}");
        assert!(text.contains("taskmanager migrate stamp 20260102000000"), "{text}");
    }
    database.down(&set, None).await.unwrap_err();
    assert_eq!(database.stamp(&set, V2).await.unwrap().report.state, SchemaState::Current);
    assert_eq!(database.prepare(&set).await.unwrap().state, SchemaState::Current);
}

#[rstest]
#[tokio::test]
async fn an_older_schema_made_by_hand_is_stamped_and_migrated(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    let set = set(&[ONE, ADDS]).requiring(NEEDS);
    database.run("CREATE TABLE one (id bigint)").await;
    let text = database.prepare(&set).await.unwrap_err().to_string();
    assert!(text.contains("by hand") && text.contains("one.extra"), "{text}");
    database.stamp(&set, 20_260_101_000_000).await.unwrap();
    assert_eq!(database.prepare(&set).await.unwrap().state, SchemaState::Current);
}

#[rstest]
#[tokio::test]
async fn alembics_table_alone_is_nobodys_business(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    database.run("CREATE TABLE alembic_version (version_num varchar(32) NOT NULL)").await;
    let set = set(&[ONE, ADDS]).requiring(NEEDS);
    assert_eq!(database.prepare(&set).await.unwrap().state, SchemaState::Current);
}

#[rstest]
#[tokio::test]
async fn other_line_ends_are_served_and_mended(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    let set = set(&[ONE, TWO]);
    database.prepare(&set).await.unwrap();
    let crlf = Sha384::digest(ONE.1.replace('\n', "\r\n"));
    let hex = crlf.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat();
    let literal = match dialect {
        Dialect::Postgres => format!("decode('{hex}', 'hex')"),
        Dialect::Sqlite => format!("x'{hex}'"),
    };
    let update =
        format!("UPDATE _sqlx_migrations SET checksum = {literal} WHERE version = 20260101000000");
    database.run(&update).await;

    let report = database.prepare_as(MigrateMode::Check, &set).await.unwrap();
    assert_eq!(
        (report.state, report.line_endings),
        (SchemaState::Current, vec![20_260_101_000_000])
    );
    assert_eq!(database.log().await.len(), 2);
    let report = database.prepare(&set).await.unwrap();
    assert_eq!((report.state, report.line_endings), (SchemaState::Current, vec![]));
    let reason = database.text("SELECT reason FROM _migrate_log WHERE event = 'repaired'").await;
    assert_eq!(reason, "line endings");
}

#[rstest]
#[tokio::test]
async fn the_log_of_an_early_build_is_read_and_its_columns_renamed(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    let newer = set(&[ONE, ADDS]);
    database.prepare(&newer).await.unwrap();
    for (before, now) in
        [("at", "recorded_at"), ("kind", "event"), ("who", "applied_by"), ("way", "direction")]
    {
        database.run(&format!("ALTER TABLE _migrate_log RENAME COLUMN {now} TO {before}")).await;
    }
    let older = set(&[ONE]);
    assert_eq!(database.prepare(&older).await.unwrap().state, SchemaState::AheadCompatible);
    let lines = read_history(&database.url, &newer).await.unwrap();
    let last = &lines[1].last;
    assert_eq!((last.event.as_deref(), last.at.is_some()), (Some("applied"), true));

    let newest = set(&[ONE, ADDS, THREE]);
    assert_eq!(database.prepare(&newest).await.unwrap().state, SchemaState::Current);
    let events = "SELECT count(*) FROM _migrate_log WHERE event = 'applied' AND direction IS NULL \
         AND recorded_at IS NOT NULL AND coalesce(applied_by, '') IS NOT NULL";
    assert_eq!(database.count(events).await, 3);
}

//! PostgreSQL: files without a transaction, statement by statement.

use rstest::rstest;
use schemakeep::statements::{ExecutionMode, steps};
use schemakeep::{Dialect, MigrateError, SchemaState};

use crate::support::{TestDatabase, WAIT, pairs, run_on, set};

const V1: i64 = 20_260_101_000_000;
const NAME: &str = "20260101000000_fill_one";

#[test]
fn says_how_each_statement_may_run() {
    let sql = "-- no-transaction\nSET statement_timeout = 0;\nSELECT 'a;b'; -- ;\n\
        CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS \"My Index\" ON ONLY public.one (id);\n\
        DROP INDEX CONCURRENTLY one_id;\nDO $$ BEGIN COMMIT; END $$;\nREINDEX (CONCURRENTLY) TABLE one;\n\
        VACUUM one;\nALTER TABLE p DETACH PARTITION q CONCURRENTLY;\nALTER TYPE t ADD VALUE 'x'";
    let steps = steps(sql).unwrap();
    let hows: Vec<_> = steps.iter().map(|step| step.how.clone()).collect();
    let create = ExecutionMode::CreateIndex {
        index: "\"My Index\"".into(),
        table: "public.one".into(),
        if_not_exists: true,
    };
    let alone = || ExecutionMode::Alone;
    let drop = ExecutionMode::DropIndex { index: "one_id".into() };
    assert_eq!(
        hows,
        [
            ExecutionMode::Setting,
            ExecutionMode::Together,
            create,
            drop,
            alone(),
            alone(),
            alone(),
            alone(),
            ExecutionMode::Together
        ]
    );
    assert_eq!(steps[2].line, 4);
    assert_eq!(steps[1].text, "SELECT 'a;b'");
    assert_eq!(steps[1].sha256.len(), 64);
}

#[rstest]
#[case("SELECT 1;\nCREATE INDEX CONCURRENTLY ON one (id);", 2, "needs a name")]
#[case("SELECT 1;\n\nCREATE TABEL one (id int);", 3, "not understood")]
#[case("SELECT 1;\nSELECT 'never ends", 2, "")]
fn refuses_what_it_cannot_split(#[case] sql: &str, #[case] line: usize, #[case] words: &str) {
    let error = steps(sql).unwrap_err();
    assert_eq!(error.line, line, "{error:?}");
    assert!(error.cause.contains(words), "{error:?}");
}

#[tokio::test]
async fn runs_and_is_recorded_like_any_other() {
    let database = TestDatabase::new(Dialect::Postgres).await;
    let up = "-- no-transaction\n-- compat: additive\nSET search_path = pg_catalog, public;\n\
        CREATE TABLE public.one (id bigint);\nCREATE INDEX CONCURRENTLY one_id ON one (id);\nVACUUM one;";
    let down = "-- no-transaction\nDROP INDEX CONCURRENTLY one_id;\nDROP TABLE one;";
    let set = pairs(&[
        (NAME, up, down),
        ("20260102000000_create_two", "CREATE TABLE two (id int);", "DROP TABLE two;"),
    ]);
    let report = database.up(&set, None).await.unwrap().report;
    assert_eq!(report.state, SchemaState::Current);
    let schema = database.schema().await;
    assert!(schema.contains("two.id") && schema.contains("one_id"), "{schema}");
    let log = database.log().await;
    let step = |step: usize| format!("{V1} step {step} done");
    let expected = [step(0), step(1), step(2), step(3), format!("{V1} applied done")];
    assert_eq!(log[..5], expected);
    let timed = "SELECT count(*) FROM _sqlx_migrations WHERE success AND execution_time > 0";
    assert_eq!(database.count(timed).await, 2);

    database.down(&set, None).await.unwrap();
    assert_eq!(database.schema().await, "");
    database.up(&set, None).await.unwrap();
    assert_eq!(database.schema().await, schema);
}

#[tokio::test]
async fn a_failed_statement_is_gone_on_with_when_the_cause_is_mended() {
    let database = TestDatabase::new(Dialect::Postgres).await;
    database.run("CREATE TABLE log (id serial); CREATE TABLE twice (id int); INSERT INTO twice VALUES (1), (1)").await;
    let text = "-- no-transaction\nINSERT INTO log DEFAULT VALUES;\n\
        CREATE UNIQUE INDEX CONCURRENTLY twice_id\n    ON twice (id);\nINSERT INTO log DEFAULT VALUES;";
    let migrations = set(&[(NAME, text)]);
    let error = database.up(&migrations, None).await.unwrap_err();
    let MigrateError::StepFailed(failed) = &error else { panic!("{error}") };
    assert_eq!((failed.step, failed.total, failed.line), (2, 3, 3));
    let text = error.to_string();
    assert!(text.contains("statement 1 is done and stays") && text.contains("23505"), "{text}");
    assert_eq!(database.count("SELECT count(*) FROM _sqlx_migrations WHERE NOT success").await, 1);
    let invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";
    assert_eq!(database.count(invalid).await, 1);

    // sqlx calls it dirty, and we call it failed, with all that is known.
    let mut theirs = database.postgres().await;
    let dirty =
        sqlx::migrate::Migrate::dirty_version(&mut theirs, "_sqlx_migrations").await.unwrap();
    assert_eq!(dirty, Some(V1));
    let report = schemakeep::Inspector::new(database.url.clone(), migrations.clone())
        .report(WAIT)
        .await
        .unwrap();
    let half = report.interrupted.clone().unwrap();
    assert_eq!((half.done, half.total, half.blocker), (1, 3, None));
    assert!(half.error.unwrap().contains("23505"));
    let words = schemakeep::refusal(&report, taskmanager::config::MigrateMode::Check);
    assert!(words.contains("1 of its 3 statements") && words.contains("migrate up"), "{words}");

    database.up(&migrations, None).await.unwrap_err();
    database.run("DELETE FROM twice").await;
    assert_eq!(database.prepare(&migrations).await.unwrap().state, SchemaState::Current);
    assert_eq!(database.count("SELECT count(*) FROM log").await, 2);
    assert_eq!(database.count(invalid).await, 0);
}

#[tokio::test]
async fn a_changed_file_is_not_gone_on_with() {
    let database = TestDatabase::new(Dialect::Postgres).await;
    let text = |table: &str| {
        format!("-- no-transaction\nCREATE TABLE one (id int);\nINSERT INTO {table} VALUES (1);")
    };
    database.up(&set(&[(NAME, text("nowhere").as_str())]), None).await.unwrap_err();
    let changed = set(&[(NAME, text("one").as_str())]);
    let error = database.prepare(&changed).await.unwrap_err();
    assert_eq!(error.exit_code(), 8);
    let words = error.to_string();
    assert!(
        words.contains("the file changed after the migration was interrupted")
            && words.contains("migrate repair"),
        "{words}"
    );
    assert!(words.contains("line 3 is not"), "{words}");

    database.run("DROP TABLE one").await;
    database.repair(&changed, V1, "undone by hand").await.unwrap();
    assert_eq!(database.prepare(&changed).await.unwrap().state, SchemaState::Current);
}

#[tokio::test]
async fn a_way_back_that_stopped_is_not_turned_round_by_a_start() {
    let database = TestDatabase::new(Dialect::Postgres).await;
    let down =
        "-- no-transaction\nDROP INDEX CONCURRENTLY one_id;\nDELETE FROM nowhere;\nDROP TABLE one;";
    let up = "CREATE TABLE one (id int); CREATE INDEX one_id ON one (id);";
    let migrations = pairs(&[(NAME, up, down)]);
    database.up(&migrations, None).await.unwrap();
    database.down(&migrations, None).await.unwrap_err();
    let error = database.prepare(&migrations).await.unwrap_err();
    assert_eq!(error.exit_code(), 8);
    assert!(error.to_string().contains("being undone"), "{error}");
    database.run("CREATE TABLE nowhere (id int)").await;
    let report = database.down(&migrations, None).await.unwrap().report;
    assert_eq!((report.state, report.head), (SchemaState::Behind, None));
}

#[tokio::test]
async fn an_index_that_somebody_else_made_is_not_taken_for_ours() {
    let database = TestDatabase::new(Dialect::Postgres).await;
    database.run("CREATE TABLE one (id int, other int); CREATE INDEX one_id ON one (other)").await;
    let text = "-- no-transaction\nCREATE INDEX CONCURRENTLY one_id ON one (id);";
    for _ in 0..2 {
        let error = database.up(&set(&[(NAME, text)]), None).await.unwrap_err();
        assert!(error.to_string().contains("is there already"), "{error}");
    }
    database.run("DROP INDEX one_id").await;
    database.up(&set(&[(NAME, text)]), None).await.unwrap();
}

#[tokio::test]
async fn an_invalid_index_left_by_hand_is_dropped_first() {
    let database = TestDatabase::new(Dialect::Postgres).await;
    database.run("CREATE TABLE one (id int); INSERT INTO one VALUES (1), (1)").await;
    let mut hand = database.postgres().await;
    sqlx::query("CREATE UNIQUE INDEX CONCURRENTLY one_id ON one (id)")
        .execute(&mut hand)
        .await
        .unwrap_err();
    run_on(&mut hand, "DELETE FROM one".to_owned()).await;
    let text =
        "-- no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS one_id ON one (id);";
    database.up(&set(&[(NAME, text)]), None).await.unwrap();
    assert_eq!(database.count("SELECT count(*) FROM pg_index WHERE NOT indisvalid").await, 0);
}

#[tokio::test]
async fn transaction_control_is_refused_here_too() {
    let database = TestDatabase::new(Dialect::Postgres).await;
    let text = "-- no-transaction\nCREATE TABLE one (id int);\nCOMMIT;";
    let error = database.up(&set(&[(NAME, text)]), None).await.unwrap_err();
    assert!(matches!(error, MigrateError::TransactionControl { line: 3, .. }), "{error}");
}

//! Applying: from nothing to the end, again, and with a failure in the middle.

use std::time::Duration;

use rstest::rstest;
use schemakeep::{Dialect, Inspector, MigrateError, MigratorOptions, Phase, Progress, SchemaState};
use sqlx::migrate::Migrator;
use taskmanager::config::MigrateMode;

use crate::support::{Connected, ONE, THREE, TWO, TestDatabase, WAIT, run_on, set, start};

#[rstest]
#[tokio::test]
async fn empty_becomes_current(#[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect) {
    let database = TestDatabase::new(dialect).await;
    let set = database.embedded();
    let inspector = Inspector::new(database.url.clone(), set.clone());
    let before = inspector.report(WAIT).await.unwrap();
    assert_eq!(before.state, SchemaState::Behind);
    assert_eq!(before.pending.len(), set.migrations().len());

    let report = database.prepare(&set).await.unwrap();
    assert_eq!(report.state, SchemaState::Current);
    assert_eq!(report.head, set.migrations().last().map(|migration| migration.version));
    assert!(report.last_migration_at.is_some());
    assert_eq!(inspector.report(WAIT).await.unwrap(), report);
    inspector.ping(WAIT).await.unwrap();

    let rows = i64::try_from(set.migrations().len()).unwrap();
    assert_eq!(
        database.count("SELECT count(*) FROM _migrate_log WHERE event = 'applied'").await,
        rows
    );
    let timed = "SELECT count(*) FROM _sqlx_migrations WHERE execution_time > 0 AND success";
    assert_eq!(database.count(timed).await, rows);
}

#[rstest]
#[tokio::test]
async fn looking_creates_nothing(#[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect) {
    let database = TestDatabase::new(dialect).await;
    Inspector::new(database.url.clone(), set(&[ONE])).report(WAIT).await.unwrap();
    database.prepare_as(MigrateMode::Check, &set(&[ONE])).await.unwrap_err();
    match dialect {
        Dialect::Postgres => {
            let tables = "SELECT count(*) FROM pg_class WHERE relname IN ('_sqlx_migrations', '_migrate_log')";
            assert_eq!(database.count(tables).await, 0);
        }
        Dialect::Sqlite => {
            assert_eq!(std::fs::read_dir(database.folder.path()).unwrap().count(), 0);
        }
    }
}

#[rstest]
#[tokio::test]
async fn nothing_to_do_takes_no_lock(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    database.prepare(&set(&[ONE])).await.unwrap();
    let holder = hold_lock(&database).await;

    // With no patience at all for the lock, a start that wanted it would fail.
    let settings = MigratorOptions { lock_wait: Duration::ZERO, ..database.settings() };
    let report = start(&settings, &set(&[ONE])).await.unwrap();
    assert_eq!(report.state, SchemaState::Current);

    let error = start(&settings, &set(&[ONE, TWO])).await.unwrap_err();
    assert_eq!(error.exit_code(), 9, "{error}");
    let named = match dialect {
        Dialect::Postgres => "a-test-session",
        Dialect::Sqlite => "pid ",
    };
    assert!(error.to_string().contains(named), "{error}");
    drop(holder);
}

#[rstest]
#[tokio::test]
async fn waits_for_the_lock_and_names_the_phase(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    let holder = hold_lock(&database).await;
    let (settings, progress) = (database.settings(), Progress::default());
    let (shown, migrations) = (progress.clone(), set(&[ONE]));
    let waiting = tokio::spawn(async move {
        let clock = taskmanager::domain::SystemClock;
        schemakeep::ensure_schema(&settings, &migrations, &clock, &shown).await
    });
    while progress.snapshot().phase != Phase::WaitingForLock {
        tokio::task::yield_now().await;
    }
    drop(holder);
    assert_eq!(waiting.await.unwrap().unwrap().unwrap().state, SchemaState::Current);
    assert_eq!(progress.snapshot().phase, Phase::Ready);
}

#[rstest]
#[tokio::test]
async fn third_of_five_fails_and_two_stay(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    let bad = (
        "20260103000000_create_three",
        "-- a comment\nCREATE TABLE three (id bigint);\n\nINSERT INTO\n    nowhere VALUES (1);\n",
    );
    let four = ("20260104000000_create_four", "CREATE TABLE four (id bigint);");
    let five = ("20260105000000_create_five", "CREATE TABLE five (id bigint);");
    let error = database.prepare(&set(&[ONE, TWO, bad, four, five])).await.unwrap_err();
    let MigrateError::Failed { file, line, statement, .. } = &error else { panic!("{error}") };
    assert_eq!(file, "20260103000000_create_three.up.sql");
    assert_eq!(statement, "INSERT INTO nowhere VALUES (1)");
    // PostgreSQL points at the name, SQLite at the statement.
    assert_eq!(*line, if dialect == Dialect::Postgres { 5 } else { 4 });
    assert_eq!(error.exit_code(), 1);

    assert_eq!(database.count("SELECT count(*) FROM _sqlx_migrations").await, 2);
    let report = database.prepare(&set(&[ONE, TWO, THREE, four, five])).await.unwrap();
    assert_eq!(report.state, SchemaState::Current);
}

#[rstest]
#[tokio::test]
async fn a_file_that_moves_the_search_path_is_recorded_all_the_same() {
    let database = TestDatabase::new(Dialect::Postgres).await;
    let dump = (
        "20260101000000_load_dump",
        "SET search_path = pg_catalog; CREATE TABLE public.one (id int);",
    );
    assert_eq!(database.prepare(&set(&[dump, TWO])).await.unwrap().state, SchemaState::Current);
    assert_eq!(database.count("SELECT count(*) FROM public.two").await, 0);
}

#[rstest]
#[tokio::test]
async fn a_locked_table_is_tried_again_until_it_is_free() {
    let database = TestDatabase::new(Dialect::Postgres).await;
    database.prepare(&set(&[ONE])).await.unwrap();
    let mut holder = database.postgres().await;
    run_on(&mut holder, "BEGIN; LOCK TABLE one IN ACCESS SHARE MODE".to_owned()).await;

    let alter = ("20260102000000_alter_one", "ALTER TABLE one ADD COLUMN extra text;");
    let (settings, migrations) = (database.settings(), set(&[ONE, alter]));
    let altering = tokio::spawn(async move { start(&settings, &migrations).await });
    // Two different tries seen to wait: the first one was given up, so that others could pass.
    let mut tries = std::collections::BTreeSet::new();
    while tries.len() < 2 {
        let begun = "SELECT coalesce(max(extract(epoch FROM xact_start) * 1000)::bigint, 0) \
             FROM pg_stat_activity WHERE application_name = 'taskmanager-migrate' \
             AND wait_event_type = 'Lock' AND datname = current_database()";
        let begun = database.count(begun).await;
        if begun > 0 {
            tries.insert(begun);
        }
    }
    run_on(&mut holder, "ROLLBACK".to_owned()).await;
    assert_eq!(altering.await.unwrap().unwrap().state, SchemaState::Current);
}

#[rstest]
#[tokio::test]
async fn agrees_with_sqlx_in_both_directions(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let folder = match dialect {
        Dialect::Postgres => "migrations/postgres",
        Dialect::Sqlite => "migrations/sqlite",
    };
    let theirs = Migrator::new(std::path::Path::new(folder)).await.unwrap();
    let first = TestDatabase::new(dialect).await;
    run_theirs(&theirs, &first).await;
    let report = first.prepare(&first.embedded()).await.unwrap();
    assert_eq!(report.state, SchemaState::Current);

    let second = TestDatabase::new(dialect).await;
    second.prepare(&second.embedded()).await.unwrap();
    let installed = "SELECT count(*) FROM _sqlx_migrations";
    let before = second.count(installed).await;
    run_theirs(&theirs, &second).await;
    assert_eq!(second.count(installed).await, before);
    for column in ["version", "description", "checksum", "success"] {
        assert_eq!(column_of(&first, column).await, column_of(&second, column).await);
    }
}

async fn run_theirs(migrator: &Migrator, database: &TestDatabase) {
    match database.connect().await {
        Connected::Postgres(mut c) => migrator.run(&mut c).await.unwrap(),
        Connected::Sqlite(mut c) => migrator.run(&mut c).await.unwrap(),
    }
}

async fn column_of(database: &TestDatabase, column: &str) -> String {
    use sqlx::AssertSqlSafe;
    match database.connect().await {
        Connected::Postgres(mut c) => {
            let query = format!(
                "SELECT string_agg({column}::text, ',' ORDER BY version) FROM _sqlx_migrations"
            );
            sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut c).await.unwrap()
        }
        Connected::Sqlite(mut c) => {
            let query = format!(
                "SELECT group_concat(quote({column}), ',' ORDER BY version) FROM _sqlx_migrations"
            );
            sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut c).await.unwrap()
        }
    }
}

/// Holds what a migrator wants, for as long as the value lives.
pub(crate) async fn hold_lock(database: &TestDatabase) -> Box<dyn std::any::Any + Send> {
    match database.connect().await {
        Connected::Postgres(mut connection) => {
            let name: String = sqlx::query_scalar("SELECT current_database()")
                .fetch_one(&mut connection)
                .await
                .unwrap();
            // As sqlx's own migrator takes it.
            sqlx::migrate::Migrate::lock(&mut connection).await.unwrap();
            assert!(name.starts_with("migrate_"));
            Box::new(connection)
        }
        connected @ Connected::Sqlite(_) => {
            connected.close().await;
            let path = database.folder.path().join("test.db.migrate.lock");
            let mut file = std::fs::File::options()
                .create(true)
                .truncate(false)
                .write(true)
                .open(path)
                .unwrap();
            file.lock().unwrap();
            std::io::Write::write_all(&mut file, b"pid 1 (a test)").unwrap();
            Box::new(file)
        }
    }
}

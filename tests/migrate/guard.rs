//! The row guard: no protected table may be gone or thinner when a migration commits, however it was done.

use rstest::rstest;
use schemakeep::{Dialect, MigrateError, MigrationSet, MigratorOptions, Safety};

use crate::support::{TestDatabase, pairs, start};

const CREATE: (&str, &str, &str) = (
    "20260101000000_create_tasks",
    "-- compat: additive\nCREATE TABLE projects (id bigint PRIMARY KEY);\n\
     CREATE TABLE tasks (id bigint PRIMARY KEY, project bigint REFERENCES projects (id) ON DELETE CASCADE);\n\
     CREATE TABLE notes (id bigint PRIMARY KEY);\n",
    "DROP TABLE notes; DROP TABLE tasks; DROP TABLE projects;\n",
);

const ROWS: &str = "INSERT INTO projects VALUES (1), (2); INSERT INTO tasks VALUES (1, 1), (2, 1), (3, 2); \
     INSERT INTO notes VALUES (1)";

fn with(sql: &str) -> MigrationSet {
    pairs(&[CREATE, ("20260102000000_change_tasks", sql, "SELECT 1;\n")])
}

fn guarded(database: &TestDatabase) -> MigratorOptions {
    let safety = Safety { protected_tables: vec!["tasks".to_owned()], ..Safety::none() };
    MigratorOptions { safety, ..database.settings() }
}

async fn filled(dialect: Dialect) -> TestDatabase {
    let database = TestDatabase::new(dialect).await;
    database.up(&pairs(&[CREATE]), None).await.unwrap();
    database.run(ROWS).await;
    database
}

#[rstest]
#[case::drop("DROP TABLE tasks;", "with 3 rows would be gone")]
#[case::delete("DELETE FROM tasks WHERE id = 2;", "had 3 rows and would have 2")]
#[case::cascade("DELETE FROM projects WHERE id = 1;", "had 3 rows and would have 1")]
#[case::rename("ALTER TABLE tasks RENAME TO old_tasks;", "would be gone")]
#[case::swap(
    "CREATE TABLE new_tasks (id bigint PRIMARY KEY); INSERT INTO new_tasks SELECT id FROM tasks WHERE id > 1; \
     DROP TABLE tasks; ALTER TABLE new_tasks RENAME TO tasks;",
    "had 3 rows and would have 2"
)]
#[case::more_than_it_adds(
    "DELETE FROM tasks; INSERT INTO tasks VALUES (7, NULL), (8, NULL);",
    "had 3 rows and would have 2"
)]
#[tokio::test]
async fn what_takes_rows_is_rolled_back(
    #[case] sql: &str,
    #[case] words: &str,
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    stopped(dialect, sql, words).await;
}

#[rstest]
#[case::hidden("DO $$ BEGIN EXECUTE 'DROP TABLE ' || 'tasks'; END $$;", "would be gone")]
#[case::truncate("TRUNCATE tasks;", "had 3 rows and would have 0")]
#[case::truncate_cascade("TRUNCATE projects CASCADE;", "had 3 rows and would have 0")]
#[case::hidden_delete("DO $$ BEGIN DELETE FROM projects; END $$;", "had 3 rows and would have 0")]
#[case::schema("SET LOCAL search_path = pg_catalog; DROP TABLE public.tasks;", "would be gone")]
#[case::step("-- no-transaction\nDELETE FROM tasks WHERE id = 1;", "had 3 rows and would have 2")]
#[tokio::test]
async fn what_takes_rows_in_postgres_ways_is_rolled_back(#[case] sql: &str, #[case] words: &str) {
    stopped(Dialect::Postgres, sql, words).await;
}

async fn stopped(dialect: Dialect, sql: &str, words: &str) {
    let database = filled(dialect).await;
    let before = (database.schema().await, database.count("SELECT count(*) FROM tasks").await);
    let error = start(&guarded(&database), &with(sql)).await.unwrap_err();
    let text = error.to_string();
    assert!(text.contains("protected table tasks") && text.contains(words), "{text}");
    if !sql.starts_with("-- no-transaction") {
        assert!(matches!(error, MigrateError::Harm { .. }), "{error:?}");
        assert_eq!(error.exit_code(), 10);
        assert!(text.contains("nothing of it was kept"), "{text}");
    }
    let after = (database.schema().await, database.count("SELECT count(*) FROM tasks").await);
    assert_eq!(after, before);
    assert_eq!(database.count("SELECT count(*) FROM tasks WHERE project = 1").await, 2);
}

#[rstest]
#[case::other_table("DELETE FROM notes; DROP TABLE notes;")]
#[case::as_many("DELETE FROM tasks WHERE id = 3; INSERT INTO tasks VALUES (4, 2);")]
#[case::more("INSERT INTO tasks VALUES (4, 2);")]
#[case::column("ALTER TABLE tasks ADD COLUMN title text; UPDATE tasks SET title = 'x';")]
#[case::swap(
    "CREATE TABLE new_tasks (id bigint PRIMARY KEY); INSERT INTO new_tasks SELECT id FROM tasks; \
     DROP TABLE tasks; ALTER TABLE new_tasks RENAME TO tasks;"
)]
#[tokio::test]
async fn what_keeps_the_rows_goes_through(
    #[case] sql: &str,
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let database = filled(dialect).await;
    start(&guarded(&database), &with(sql)).await.unwrap();
    assert!(database.count("SELECT count(*) FROM tasks").await >= 3);
}

#[rstest]
#[case::rewrite("ALTER TABLE tasks ALTER COLUMN id TYPE numeric;")]
#[case::taken_back(
    "DO $$ BEGIN BEGIN DELETE FROM tasks; RAISE EXCEPTION 'no'; EXCEPTION WHEN raise_exception THEN NULL; END; END $$;"
)]
#[tokio::test]
async fn what_keeps_the_rows_in_postgres_ways_goes_through(#[case] sql: &str) {
    let database = filled(Dialect::Postgres).await;
    start(&guarded(&database), &with(sql)).await.unwrap();
    assert_eq!(database.count("SELECT count(*) FROM tasks").await, 3);
}

#[tokio::test]
async fn what_others_delete_meanwhile_is_not_the_migrations_doing() {
    let database = filled(Dialect::Postgres).await;
    let mut other = database.postgres().await;
    crate::support::run_on(&mut other, "SELECT pg_advisory_lock(42)".to_owned()).await;
    // The migration waits in its transaction, after the count, until the other session has deleted.
    let set = with("SELECT pg_advisory_xact_lock(42); ALTER TABLE notes ADD COLUMN title text;");
    let settings = guarded(&database);
    let migrating = start(&settings, &set);
    let deleting = async {
        let waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 42";
        while database.count(waits).await == 0 {
            tokio::task::yield_now().await;
        }
        let delete = "DELETE FROM tasks WHERE id = 1; SELECT pg_advisory_unlock(42)";
        crate::support::run_on(&mut other, delete.to_owned()).await;
    };
    let (migrated, ()) = tokio::join!(migrating, deleting);
    migrated.unwrap();
    assert_eq!(database.count("SELECT count(*) FROM tasks").await, 2);
}

#[tokio::test]
async fn what_has_committed_by_itself_is_told() {
    let database = filled(Dialect::Postgres).await;
    let set = with("-- no-transaction\nDO $$ BEGIN TRUNCATE projects CASCADE; COMMIT; END $$;");
    let error = start(&guarded(&database), &set).await.unwrap_err().to_string();
    assert!(error.contains("protected table tasks had 3 rows"), "{error}");
    assert!(error.contains("restore a backup"), "{error}");
}

#[rstest]
#[tokio::test]
async fn going_back_is_not_guarded(#[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect) {
    let database = filled(dialect).await;
    let (set, settings) = (pairs(&[CREATE]), guarded(&database));
    let progress = schemakeep::Progress::default();
    let clock = &taskmanager::domain::SystemClock;
    let operation = schemakeep::Migrator {
        settings: &settings,
        set: &set,
        clock,
        progress: &progress,
        gate: &schemakeep::GateSteps,
    };
    operation.down(None).await.unwrap();
    assert_eq!(database.count("SELECT count(*) FROM _sqlx_migrations").await, 0);
}

//! What the data says to pending migrations: each violation with its count and keys, nothing written, and nothing
//! said that an earlier pending statement may make untrue.

mod limits;
mod postgres;
mod rebuilds;

use rstest::rstest;
use schemakeep::Dialect::{self, Postgres, Sqlite};
use schemakeep::MigrationSet;
use schemakeep::data_checks::{Check, Limits, Outcome, preflight};

use crate::support::{TestDatabase, set};

const NAME: &str = "20260102000000_change_tasks";
const TABLES: &str = "CREATE TABLE people (id integer PRIMARY KEY, name text);
    CREATE TABLE tasks (id integer PRIMARY KEY, title text, assignee text, person integer, estimate bigint, code text);
    INSERT INTO people VALUES (1, 'ann'), (2, 'bob');
    INSERT INTO tasks VALUES (1, 'one', NULL, 1, 10, 'a'), (2, 'two', 'ann', 2, 5000000000, 'a'),
        (3, 'three', NULL, 9, NULL, 'B'), (4, 'four', 'bob', NULL, -1, 'b');";

async fn populated(dialect: Dialect) -> TestDatabase {
    let database = TestDatabase::new(dialect).await;
    database.run(TABLES).await;
    database
}

/// Violations as `2 what [keys]`, the others as `no what` and `? what: why`.
fn brief(check: &Check) -> String {
    // The tree of SQLite's parser is printed with more spaces.
    let what = check.what.replace("lower (", "lower(");
    match &check.outcome {
        Outcome::Clean => format!("no {what}"),
        Outcome::Violated => {
            format!("{} {what} [{}]", check.count, check.examples.join(" "))
        }
        Outcome::NotChecked(why) => format!("? {what}: {why}"),
    }
}

async fn checks(database: &TestDatabase, set: &MigrationSet, limits: &Limits) -> Vec<Check> {
    let pending: Vec<_> = set.migrations().iter().collect();
    preflight(&database.url, &pending, limits).await.unwrap().checks
}

/// What is asked of the tables above before this SQL, after `first` has run.
async fn asked(dialect: Dialect, first: &str, sql: &str) -> Vec<String> {
    let database = populated(dialect).await;
    if !first.is_empty() {
        database.run(first).await;
    }
    let checks = checks(&database, &set(&[(NAME, sql)]), &Limits::default()).await;
    checks.iter().map(brief).collect()
}

#[rstest]
#[case::unique(
    "CREATE UNIQUE INDEX i ON tasks (code)",
    &["2 rows with the same code in tasks [1 2]"]
)]
#[case::unique_expression(
    "CREATE UNIQUE INDEX i ON tasks (lower(code))",
    &["4 rows with the same lower(code) in tasks [1 2 3 4]"]
)]
#[case::unique_partial(
    "CREATE UNIQUE INDEX i ON tasks (code) WHERE estimate > 100",
    &["no rows with the same code in tasks where estimate > 100"]
)]
#[case::unique_of_nulls(
    "CREATE UNIQUE INDEX i ON tasks (assignee)",
    &["no rows with the same assignee in tasks"]
)]
#[case::unique_of_two(
    "CREATE UNIQUE INDEX i ON tasks (code, title)",
    &["no rows with the same (code, title) in tasks"]
)]
#[case::required(
    "ALTER TABLE tasks ADD COLUMN size text NOT NULL",
    &["4 rows of tasks, for which the new column size has no value [1 2 3 4]"]
)]
#[case::required_with_default("ALTER TABLE tasks ADD COLUMN size text NOT NULL DEFAULT 'x'", &[])]
#[case::dropped_column(
    "ALTER TABLE tasks DROP COLUMN assignee",
    &["2 values in tasks.assignee, which is dropped [2 4]"]
)]
#[case::dropped_new_column("ALTER TABLE tasks ADD COLUMN x text; ALTER TABLE tasks DROP COLUMN x", &[])]
#[case::dropped_table("DROP TABLE people", &["2 rows of people, which is dropped [1 2]"])]
#[case::not_there(
    "CREATE UNIQUE INDEX i ON missing (x); DROP TABLE IF EXISTS missing",
    &["? rows with the same x in missing: the table is not there"]
)]
#[case::renamed(
    "ALTER TABLE tasks RENAME TO jobs; ALTER TABLE jobs RENAME COLUMN code TO label; CREATE UNIQUE INDEX i ON jobs (label)",
    &["2 rows with the same label in jobs [1 2]"]
)]
#[case::renamed_away(
    "ALTER TABLE tasks RENAME TO jobs; CREATE UNIQUE INDEX i ON tasks (code)",
    &["? rows with the same code in tasks: the table is not there"]
)]
#[case::added_and_unique(
    "ALTER TABLE tasks ADD COLUMN a text; ALTER TABLE tasks ADD COLUMN b text DEFAULT 'x'; CREATE UNIQUE INDEX i ON tasks (a); CREATE UNIQUE INDEX j ON tasks (b)",
    &["no rows with the same a in tasks", "4 rows with the same b in tasks [1 2 3 4]"]
)]
#[case::mended_first(
    "UPDATE tasks SET code = id WHERE code = 'a';\nCREATE UNIQUE INDEX i ON tasks (code)",
    &["? rows with the same code in tasks: code is filled by line 1"]
)]
#[case::other_column_changed(
    "UPDATE tasks SET title = 'x'; CREATE UNIQUE INDEX i ON tasks (code)",
    &["2 rows with the same code in tasks [1 2]"]
)]
#[case::deleted_first(
    "DELETE FROM tasks WHERE id = 1;\nCREATE UNIQUE INDEX i ON tasks (code)",
    &["? rows with the same code in tasks: rows are deleted or changed by line 1 first"]
)]
#[case::other_table_deleted(
    "DELETE FROM people; CREATE UNIQUE INDEX i ON tasks (code)",
    &["2 rows with the same code in tasks [1 2]"]
)]
#[case::mended_too_late(
    "CREATE UNIQUE INDEX i ON tasks (code); UPDATE tasks SET code = id",
    &["2 rows with the same code in tasks [1 2]"]
)]
#[case::added_rows(
    "INSERT INTO people VALUES (3, 'cid'); CREATE UNIQUE INDEX i ON people (name); CREATE UNIQUE INDEX j ON tasks (code)",
    &[
        "? rows with the same name in people: none yet, but rows are added by line 1",
        "2 rows with the same code in tasks [1 2]"
    ]
)]
#[case::copied_column(
    "ALTER TABLE tasks ADD COLUMN who text; UPDATE tasks SET who = assignee; ALTER TABLE tasks DROP COLUMN assignee",
    &["? values in tasks.assignee, which is dropped: line 1 puts them elsewhere"]
)]
#[case::copied_table(
    "CREATE TABLE old AS SELECT * FROM people; DROP TABLE people",
    &[]
)]
#[case::kept_for_a_while(
    "CREATE TEMP TABLE old AS SELECT id, name FROM people; DROP TABLE people",
    &[]
)]
#[case::cascading(
    "ALTER TABLE tasks ADD COLUMN boss integer REFERENCES people (id) ON DELETE CASCADE;\nDELETE FROM people;\nCREATE UNIQUE INDEX i ON tasks (code)",
    &[
        "no rows of tasks whose boss is not in people",
        "? rows with the same code in tasks: rows are deleted or changed by line 2 first"
    ]
)]
#[case::partly_copied_table(
    "CREATE TABLE names (n text); INSERT INTO names SELECT name FROM people; DROP TABLE people",
    &["2 values in people.id, which is not copied [1 2]"]
)]
#[case::counted_table(
    "CREATE TABLE numbers (n bigint); INSERT INTO numbers SELECT count(*) FROM people; DROP TABLE people",
    &["2 values in people.id, which is not copied [1 2]", "2 values in people.name, which is not copied [1 2]"]
)]
#[case::new_table(
    "CREATE TABLE labels (id integer PRIMARY KEY, name text); CREATE UNIQUE INDEX i ON labels (name); DROP TABLE labels",
    &[]
)]
#[case::filled_table(
    "CREATE TABLE labels (name text NOT NULL UNIQUE, CHECK (name <> 'B')); INSERT INTO labels SELECT code FROM tasks",
    &[
        "no rows with NULL in labels.name",
        "2 rows with the same name in labels []",
        "1 rows of labels for which (name <> 'B') is false []"
    ]
)]
#[case::nothing_dropped_by_a_block("SELECT 1", &[])]
#[tokio::test]
async fn both(
    #[values(Sqlite, Postgres)] dialect: Dialect,
    #[case] sql: &str,
    #[case] expected: &[&str],
) {
    assert_eq!(asked(dialect, "", sql).await, expected);
}

#[rstest]
#[tokio::test]
async fn an_earlier_pending_file_counts_too(#[values(Sqlite, Postgres)] dialect: Dialect) {
    let database = populated(dialect).await;
    let files = set(&[
        ("20260101000000_fill_codes", "-- first\nUPDATE tasks SET code = id;"),
        (NAME, "CREATE UNIQUE INDEX i ON tasks (code);"),
    ]);
    let checks = checks(&database, &files, &Limits::default()).await;
    let found: Vec<_> = checks.iter().map(brief).collect();
    let why = "code is filled by 20260101000000_fill_codes.up.sql:2";
    assert_eq!(found, [format!("? rows with the same code in tasks: {why}")]);
    assert_eq!((checks[0].line, checks[0].version), (1, 20_260_102_000_000));
    assert_eq!(checks[0].file, format!("{NAME}.up.sql"));
}

#[rstest]
#[tokio::test]
async fn the_embedded_migrations_ask_nothing_of_an_empty_database(
    #[values(Sqlite, Postgres)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    let set = database.embedded();
    assert_eq!(checks(&database, &set, &Limits::default()).await, []);
    // On SQLite, where the file was not there before, it is not made either.
    assert!(dialect == Postgres || !database.folder.path().join("test.db").exists());
}

#[rstest]
#[case("UPDATE tasks SET code = id", "CREATE UNIQUE INDEX i ON tasks (code)")]
#[case("DELETE FROM tasks", "ALTER TABLE tasks ADD COLUMN size text NOT NULL")]
#[case("UPDATE tasks SET assignee = NULL", "ALTER TABLE tasks DROP COLUMN assignee")]
#[tokio::test]
async fn mended_data_passes_and_then_the_migration_does(
    #[values(Sqlite, Postgres)] dialect: Dialect,
    #[case] fix: &str,
    #[case] sql: &str,
) {
    let database = populated(dialect).await;
    let files = set(&[(NAME, sql)]);
    let before = checks(&database, &files, &Limits::default()).await;
    assert_eq!(before[0].outcome, Outcome::Violated, "{before:?}");
    database.run(fix).await;
    let after = checks(&database, &files, &Limits::default()).await;
    assert_eq!(after[0].outcome, Outcome::Clean, "{after:?}");
    database.up(&files, None).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn nothing_is_written(#[values(Sqlite, Postgres)] dialect: Dialect) {
    let database = populated(dialect).await;
    if dialect == Postgres {
        // What would write is refused by the read-only transaction: the sequence stays where it is.
        database.run("CREATE SEQUENCE s").await;
    }
    let contents = "SELECT CAST(count(*) AS text) || ' ' || CAST(sum(id) AS text) FROM tasks";
    let (schema, rows) = (database.schema().await, database.text(contents).await);
    let sql = match dialect {
        Postgres => {
            "ALTER TABLE tasks ADD CHECK (nextval('s') > id); ALTER TABLE tasks DROP COLUMN title; DROP TABLE people"
        }
        Sqlite => "ALTER TABLE tasks DROP COLUMN title; DROP TABLE people",
    };
    let found = checks(&database, &set(&[(NAME, sql)]), &Limits::default()).await;
    assert!(!found.is_empty());
    assert_eq!((database.schema().await, database.text(contents).await), (schema, rows));
    if dialect == Postgres {
        assert_eq!(database.count("SELECT last_value FROM s WHERE NOT is_called").await, 1);
        assert!(brief(&found[0]).contains("read-only"), "{found:?}");
    }
}

#[tokio::test]
async fn odd_names_are_quoted() {
    let database = TestDatabase::new(Postgres).await;
    database
        .run("CREATE SCHEMA \"My App\"; CREATE TABLE \"My App\".\"The \"\"Tasks\" (\"Id\" int, \"a,b\" text); INSERT INTO \"My App\".\"The \"\"Tasks\" VALUES (1, NULL)")
        .await;
    let sql = "ALTER TABLE \"My App\".\"The \"\"Tasks\" ALTER \"a,b\" SET NOT NULL";
    let found = checks(&database, &set(&[(NAME, sql)]), &Limits::default()).await;
    assert_eq!((found[0].count, found[0].key.as_slice()), (1, &["ctid".to_owned()][..]));
    assert_eq!(found[0].examples, ["(0,1)"]);
}

//! What the data says to pending migrations: each violation with its count and keys, nothing written, and nothing
//! said that an earlier pending statement may make untrue.

use std::time::Duration;

use rstest::rstest;
use taskmanager::migrate::Dialect::{self, Postgres, Sqlite};
use taskmanager::migrate::MigrationSet;
use taskmanager::migrate::preflight::{Check, Limits, Outcome, preflight};

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
    match &check.outcome {
        Outcome::Clean => format!("no {}", check.what),
        Outcome::Violated => {
            format!("{} {} [{}]", check.count, check.what, check.examples.join(" "))
        }
        Outcome::NotChecked(why) => format!("? {}: {why}", check.what),
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
    "CREATE UNIQUE INDEX i ON nothing (x); DROP TABLE IF EXISTS nothing",
    &["? rows with the same x in nothing: the table is not there"]
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
    "CREATE TABLE old AS SELECT * FROM people; INSERT INTO old SELECT id, name FROM people; DROP TABLE people",
    &[]
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
#[case::not_null("ALTER TABLE tasks ALTER assignee SET NOT NULL", &["2 rows with NULL in tasks.assignee [1 3]"])]
#[case::not_null_already("ALTER TABLE tasks ALTER id SET NOT NULL", &[])]
#[case::not_null_of_nothing(
    "ALTER TABLE tasks ALTER nobody SET NOT NULL",
    &["? rows with NULL in tasks.nobody: the column is not there"]
)]
#[case::qualified("ALTER TABLE public.tasks ALTER assignee SET NOT NULL", &["2 rows with NULL in public.tasks.assignee [1 3]"])]
#[case::other_schema(
    "ALTER TABLE other.tasks ALTER assignee SET NOT NULL",
    &["? rows with NULL in other.tasks.assignee: the table is not there"]
)]
#[case::added_and_required(
    "ALTER TABLE tasks ADD COLUMN x text; ALTER TABLE tasks ALTER x SET NOT NULL",
    &["4 rows with NULL in tasks.x [1 2 3 4]"]
)]
#[case::added_filled_required(
    "ALTER TABLE tasks ADD COLUMN x text;\nUPDATE tasks SET x = title;\nALTER TABLE tasks ALTER x SET NOT NULL",
    &["? rows with NULL in tasks.x: x is filled by line 2"]
)]
#[case::block_first(
    "DO $$ BEGIN UPDATE tasks SET assignee = 'x'; END $$;\nALTER TABLE tasks ALTER assignee SET NOT NULL",
    &["? rows with NULL in tasks.assignee: DO in line 1 may change rows first"]
)]
#[case::function_first(
    "SELECT mend();\nALTER TABLE tasks ALTER assignee SET NOT NULL",
    &["? rows with NULL in tasks.assignee: mend in line 1 may change rows first"]
)]
#[case::primary(
    "ALTER TABLE tasks DROP CONSTRAINT tasks_pkey; ALTER TABLE tasks ADD PRIMARY KEY (person)",
    &["1 rows with NULL in tasks.person [4]", "no rows with the same person in tasks"]
)]
#[case::concurrently("CREATE UNIQUE INDEX CONCURRENTLY i ON tasks (code)", &["2 rows with the same code in tasks [1 2]"])]
#[case::using_index("ALTER TABLE tasks ADD CONSTRAINT k UNIQUE USING INDEX i", &[])]
#[case::nulls_not_distinct(
    "CREATE UNIQUE INDEX i ON tasks (assignee) NULLS NOT DISTINCT",
    &["2 rows with the same assignee in tasks [1 3]"]
)]
#[case::orphans(
    "ALTER TABLE tasks ADD FOREIGN KEY (person) REFERENCES people",
    &["1 rows of tasks whose person is not in people [3]"]
)]
#[case::orphans_not_valid("ALTER TABLE tasks ADD FOREIGN KEY (person) REFERENCES people NOT VALID", &[])]
#[case::orphans_validated(
    "ALTER TABLE tasks ADD CONSTRAINT f FOREIGN KEY (person) REFERENCES people (id) NOT VALID; ALTER TABLE tasks VALIDATE CONSTRAINT f",
    &["1 rows of tasks whose person is not in people [3]"]
)]
#[case::parents_added(
    "INSERT INTO people VALUES (9, 'x');\nALTER TABLE tasks ADD FOREIGN KEY (person) REFERENCES people",
    &["? rows of tasks whose person is not in people: rows of people are added by line 1"]
)]
#[case::orphans_of_a_new_table(
    "CREATE TABLE teams (id int PRIMARY KEY); ALTER TABLE tasks ADD FOREIGN KEY (person) REFERENCES teams",
    &["3 rows of tasks whose person is not in teams [1 2 3]"]
)]
#[case::orphans_of_nothing(
    "ALTER TABLE tasks ADD FOREIGN KEY (person) REFERENCES nothing",
    &["? rows of tasks whose person is not in nothing: the table nothing is not there"]
)]
#[case::new_reference("ALTER TABLE tasks ADD COLUMN boss int REFERENCES people", &["no rows of tasks whose boss is not in people"])]
#[case::check(
    "ALTER TABLE tasks ADD CHECK (tasks.estimate > 0)",
    &["1 rows of tasks for which (tasks.estimate > 0) is false [4]"]
)]
#[case::check_not_valid("ALTER TABLE tasks ADD CONSTRAINT c CHECK (estimate > 0) NOT VALID", &[])]
#[case::check_renamed(
    "ALTER TABLE tasks RENAME COLUMN estimate TO minutes; ALTER TABLE tasks ADD CHECK (minutes > 0)",
    &["1 rows of tasks for which (minutes > 0) is false [4]"]
)]
#[case::longer(
    "ALTER TABLE tasks ALTER title TYPE varchar(4)",
    &["1 values longer than 4 characters in tasks.title [3]"]
)]
#[case::long_enough("ALTER TABLE tasks ALTER title TYPE varchar(5)", &["no values longer than 5 characters in tasks.title"])]
#[case::wider("ALTER TABLE tasks ALTER person TYPE bigint, ALTER title TYPE text", &[])]
#[case::out_of_range(
    "ALTER TABLE tasks ALTER estimate TYPE integer",
    &["1 values out of the range of integer in tasks.estimate [2]"]
)]
#[case::digits(
    "ALTER TABLE tasks ALTER estimate TYPE numeric(4, 2)",
    &["1 values with more than 2 digits before the point in tasks.estimate [2]"]
)]
#[case::no_integer(
    "ALTER TABLE tasks ALTER code TYPE int USING code::int",
    &["4 values that are no integer in tasks.code [1 2 3 4]"]
)]
#[case::no_uuid("ALTER TABLE tasks ALTER code TYPE uuid USING (code::uuid)", &["4 values that are no uuid in tasks.code [1 2 3 4]"])]
#[case::no_date(
    "ALTER TABLE tasks ALTER code TYPE date USING CAST(code AS date)",
    &["? values not written as YYYY-MM-DD in tasks.code: 4 found, and PostgreSQL reads other ways of writing a date too, and only running it shows which"]
)]
#[case::by_hand(
    "ALTER TABLE tasks ALTER title TYPE varchar(4) USING left(title, 4)",
    &["? values in tasks.title that do not fit varchar(4): only running it shows what `USING left(title, 4)` makes"]
)]
#[case::emptied("TRUNCATE people; CREATE UNIQUE INDEX i ON people (name)", &["2 rows of people, which is emptied [1 2]"])]
#[case::set_by_the_database("ALTER TABLE tasks ADD COLUMN n bigserial UNIQUE", &["? rows with the same n in tasks: n is filled by line 1"])]
#[case::no_equality(
    "ALTER TABLE tasks ADD COLUMN j json; CREATE UNIQUE INDEX i ON tasks (j)",
    &["? rows with the same j in tasks: the database says: could not identify an equality operator for type json (42883)"]
)]
#[case::values_stay_inside(
    "ALTER TABLE tasks ADD CHECK (code::int > 0)",
    &["? rows of tasks for which (code::int > 0) is false: a value cannot be evaluated (22P02)"]
)]
#[tokio::test]
async fn postgres(#[case] sql: &str, #[case] expected: &[&str]) {
    assert_eq!(asked(Postgres, "", sql).await, expected);
}

#[rstest]
#[case::check(
    "ALTER TABLE tasks ADD CONSTRAINT c CHECK (estimate > 0) NOT VALID",
    "1 rows of tasks for which ((estimate > 0)) is false [4]"
)]
#[case::foreign_key(
    "ALTER TABLE tasks ADD CONSTRAINT c FOREIGN KEY (person) REFERENCES people NOT VALID",
    "1 rows of tasks whose person is not in people [3]"
)]
#[tokio::test]
async fn what_was_added_not_valid_long_ago_is_checked(#[case] first: &str, #[case] expected: &str) {
    let sql = "ALTER TABLE tasks VALIDATE CONSTRAINT c";
    assert_eq!(asked(Postgres, first, sql).await, [expected]);
}

/// A rebuild of tasks to these columns.
fn rebuild(definition: &str, select: &str) -> String {
    format!(
        "-- rebuild\nCREATE TABLE tasks_new ({definition};\nINSERT INTO tasks_new {select};\nDROP TABLE tasks;\nALTER TABLE tasks_new RENAME TO tasks;\nCREATE UNIQUE INDEX i ON tasks (code);"
    )
}

#[rstest]
#[case::fits(
    "id INTEGER PRIMARY KEY, title TEXT NOT NULL, assignee TEXT, person INT, estimate INT, code TEXT)",
    "SELECT * FROM tasks",
    &["no rows with NULL in tasks_new.title", "no rows with the same id in tasks_new", "2 rows with the same code in tasks [1 2]"]
)]
#[case::breaks(
    "id INTEGER PRIMARY KEY, who TEXT NOT NULL CHECK (who <> 'bob'), person INT REFERENCES people, estimate INT, title TEXT UNIQUE, code TEXT COLLATE NOCASE UNIQUE)",
    "(id, who, person, estimate, title, code) SELECT id, assignee, person, estimate, title, code FROM tasks",
    &[
        "2 rows with NULL in tasks_new.who [1 3]",
        "no rows with the same id in tasks_new",
        "no rows with the same title in tasks_new",
        "4 rows with the same code COLLATE nocase in tasks_new [1 2 3 4]",
        "1 rows of tasks_new for which (who <> 'bob') is false [4]",
        "1 rows of tasks_new whose person is not in people [3]",
        "2 rows with the same code in tasks [1 2]"
    ]
)]
#[case::mends(
    "id INTEGER PRIMARY KEY, assignee TEXT NOT NULL, code TEXT, title TEXT, person INT, estimate INT)",
    "SELECT id, coalesce(assignee, ''), code || id, title, person, estimate FROM tasks",
    &["no rows with NULL in tasks_new.assignee", "no rows with the same id in tasks_new", "no rows with the same code in tasks"]
)]
#[case::leaves_out(
    "id INTEGER PRIMARY KEY, code TEXT)",
    "SELECT id, code FROM tasks",
    &[
        "no rows with the same id in tasks_new",
        "4 values in tasks.title, which is not copied [1 2 3 4]",
        "2 values in tasks.assignee, which is not copied [2 4]",
        "3 values in tasks.person, which is not copied [1 2 3]",
        "3 values in tasks.estimate, which is not copied [1 2 4]",
        "2 rows with the same code in tasks [1 2]"
    ]
)]
#[case::strict(
    "id INT, title INT, assignee TEXT, person TEXT, estimate REAL, code BLOB) STRICT",
    "SELECT * FROM tasks",
    &[
        "no values in tasks_new.id that are no int",
        "4 values in tasks_new.title that are no int []",
        "no values in tasks_new.assignee that are no text",
        "no values in tasks_new.person that are no text",
        "no values in tasks_new.estimate that are no real",
        "4 values in tasks_new.code that are no blob []",
        "2 rows with the same code in tasks []"
    ]
)]
#[case::two_sources(
    "id INTEGER PRIMARY KEY, title TEXT, assignee TEXT NOT NULL, person INT, estimate INT, code TEXT)",
    "SELECT t.*, 1 FROM tasks t JOIN people p ON p.id = t.person",
    &["? rows with the same code in tasks: its rows are put in by line 3"]
)]
#[tokio::test]
async fn rebuilds(#[case] definition: &str, #[case] select: &str, #[case] expected: &[&str]) {
    let sql = rebuild(definition, select);
    let found = asked(Sqlite, "", &sql).await;
    let found: Vec<_> =
        found.iter().map(|it| it.replace("20260102000000_change_tasks.up.sql:", "line ")).collect();
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_column_mended_before_a_rebuild_is_not_judged_and_the_others_are() {
    let sql = rebuild(
        "id INTEGER PRIMARY KEY, title TEXT, assignee TEXT NOT NULL, person INT NOT NULL, estimate INT, code TEXT)",
        "SELECT * FROM tasks",
    );
    let sql = sql.replace("-- rebuild\n", "-- rebuild\nUPDATE tasks SET assignee = 'x';");
    let found = asked(Sqlite, "", &sql).await;
    assert_eq!(found[0], "? rows with NULL in tasks_new.assignee: assignee is filled by line 2");
    assert_eq!(found[1], "1 rows with NULL in tasks_new.person [4]");
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
    #[case] mend: &str,
    #[case] sql: &str,
) {
    let database = populated(dialect).await;
    let files = set(&[(NAME, sql)]);
    let before = checks(&database, &files, &Limits::default()).await;
    assert_eq!(before[0].outcome, Outcome::Violated, "{before:?}");
    database.run(mend).await;
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

#[rstest]
#[tokio::test]
async fn a_large_table_is_sampled_and_a_violation_in_it_is_certain(
    #[values(Sqlite, Postgres)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    let series = match dialect {
        Postgres => "SELECT n, 'x', NULL FROM generate_series(1, 20000) n",
        Sqlite => {
            "WITH RECURSIVE s (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM s WHERE n < 20000) SELECT n, 'x', NULL FROM s"
        }
    };
    database
        .run(&format!(
            "CREATE TABLE big (id integer PRIMARY KEY, a text, b text); INSERT INTO big {series};"
        ))
        .await;
    if dialect == Postgres {
        database.run("ANALYZE big").await;
    }
    let sql = "CREATE UNIQUE INDEX i ON big (a); CREATE UNIQUE INDEX j ON big (b)";
    let limits = Limits { sample_above: 10_000, sample_rows: 4_000, ..Limits::default() };
    let found = checks(&database, &set(&[(NAME, sql)]), &limits).await;
    let outcomes: Vec<_> = found.iter().map(|it| it.outcome.clone()).collect();
    assert_eq!(outcomes, [Outcome::Violated, Outcome::Clean]);
    for check in &found {
        let sample = check.sampled.expect("a sample");
        assert!((1_000..=8_000).contains(&sample.rows), "{sample:?}");
        assert!(check.line().contains(&format!("in a sample of {} rows", sample.rows)));
    }
    assert_eq!(found[0].count, found[0].sampled.expect("a sample").rows);
    let whole = checks(&database, &set(&[(NAME, sql)]), &Limits::default()).await;
    assert_eq!((whole[0].count, whole[0].sampled), (20_000, None));
    assert_eq!(whole[0].examples.len(), 5);
}

#[rstest]
#[tokio::test]
async fn what_takes_too_long_is_given_up_and_said(
    #[values(Sqlite, Postgres)] dialect: Dialect,
    #[values(true, false)] in_all: bool,
) {
    let database = populated(dialect).await;
    // A condition that takes for ever.
    let slow = match dialect {
        Postgres => {
            "ALTER TABLE tasks ADD CHECK (id IN (SELECT a.id FROM pg_sleep(60), tasks a)); ALTER TABLE tasks ADD CHECK (id > 0)"
        }
        Sqlite => {
            "ALTER TABLE tasks ADD COLUMN x INT CHECK (id IN (WITH RECURSIVE s (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM s) SELECT n + 9 FROM s WHERE n < 0)); CREATE UNIQUE INDEX i ON tasks (title)"
        }
    };
    let short = Duration::from_millis(300);
    let limits = if in_all {
        Limits { total: short, ..Limits::default() }
    } else {
        Limits { statement: short, ..Limits::default() }
    };
    let found = checks(&database, &set(&[(NAME, slow)]), &limits).await;
    let Outcome::NotChecked(why) = &found[0].outcome else { panic!("{found:?}") };
    assert!(why.starts_with("it took longer than"), "{why}");
    match &found[1].outcome {
        Outcome::NotChecked(why) => assert!(in_all && why.contains("300 ms for all"), "{why}"),
        other => assert!(!in_all && *other == Outcome::Clean, "{found:?}"),
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

//! SQLite: what a rebuild asks of the old rows.

use rstest::rstest;
use schemakeep::Dialect::Sqlite;

use super::asked;

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
#[case::fixes(
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

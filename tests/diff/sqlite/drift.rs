//! A database changed by hand: every difference is named, nothing else, and each can be ended either way.

use schemakeep::Dialect;
use schemakeep::diff::{Difference, Rename, compare, draft, fix, possible_renames};

use super::world::{World, declared};

/// What the program's own migrations say.
fn own() -> String {
    let set = taskmanager::program::migrations(Dialect::Sqlite).unwrap();
    let all: String = set.migrations().iter().map(|it| it.up_sql.to_string()).collect();
    // Directives say something at the top only, and once.
    all.lines()
        .filter(|line| !line.starts_with("-- compat"))
        .flat_map(|line| [line, "\n"])
        .collect()
}

const BY_HAND: &str = "
    DROP INDEX tasks_assignee_idx;
    CREATE INDEX by_hand ON tasks (title);
    ALTER TABLE tasks ADD COLUMN note TEXT;
    ALTER TABLE idempotency_keys DROP COLUMN entity_tag;
    CREATE TABLE leftovers (id INTEGER PRIMARY KEY, what TEXT);
    CREATE INDEX leftovers_what ON leftovers (what);
    DROP TRIGGER tasks_search_update;
    DROP TRIGGER tasks_search_insert;
    CREATE TRIGGER tasks_search_insert AFTER INSERT ON tasks BEGIN SELECT 1; END;
    CREATE VIEW open_tasks AS SELECT title FROM tasks WHERE status = 'todo';
    DROP INDEX tasks_completed_at_idx;
    CREATE INDEX tasks_completed_at_idx ON tasks (completed_at);
    PRAGMA writable_schema = ON;
    UPDATE sqlite_schema SET sql = replace(sql, 'BETWEEN 1 AND 200', 'BETWEEN 1 AND 300') WHERE name = 'tasks';
    PRAGMA writable_schema = RESET;
";

async fn drifted() -> World {
    let world = World::of(&own()).await;
    world.run(BY_HAND).await;
    world
}

fn named(differences: &[Difference]) -> Vec<String> {
    let how = |it: &Difference| match (&it.expected, &it.found) {
        (Some(_), None) => "missing",
        (None, Some(_)) => "extra",
        _ => "different",
    };
    differences.iter().map(|it| format!("{} {}", how(it), it.object)).collect()
}

#[tokio::test]
async fn ten_changes_by_hand_are_ten_differences() {
    let expected = declared(&own()).await;
    let found = drifted().await.schema().await;
    assert_eq!(
        named(&compare(&expected, &found)),
        [
            "extra table leftovers",
            "missing column idempotency_keys.entity_tag",
            "extra column tasks.note",
            "different check tasks.tasks_title_length",
            "extra index tasks.by_hand",
            "missing index tasks.tasks_assignee_idx",
            "different index tasks.tasks_completed_at_idx",
            "extra view open_tasks",
            "different trigger tasks.tasks_search_insert",
            "missing trigger tasks.tasks_search_update",
        ]
    );
}

#[tokio::test]
async fn an_untouched_database_has_no_difference() {
    let world = World::of(&own()).await;
    assert_eq!(compare(&declared(&own()).await, &world.schema().await), []);
}

#[tokio::test]
async fn the_database_is_mended_one_by_one() {
    let expected = declared(&own()).await;
    let world = drifted().await;
    world.run("INSERT INTO idempotency_keys (key, fingerprint, claimed_at) VALUES ('k', zeroblob(32), 1)").await;
    let mut left = compare(&expected, &world.schema().await);
    while !left.is_empty() {
        let first = left.remove(0);
        let statements = fix(&expected, &world.schema().await, &first).database;
        apply(&world, &statements).await;
        let now = compare(&expected, &world.schema().await);
        assert_eq!(named(&now), named(&left), "after {}: {statements:#?}", first.object);
    }
    assert_eq!(world.lines("SELECT key FROM idempotency_keys").await, ["k"]);
}

#[tokio::test]
async fn what_is_expected_is_made_like_the_database_one_by_one() {
    let found = drifted().await.schema().await;
    let world = World::of(&own()).await;
    let mut left = compare(&world.schema().await, &found);
    while !left.is_empty() {
        let first = left.remove(0);
        let statements = fix(&world.schema().await, &found, &first).migration;
        apply(&world, &statements).await;
        let now = compare(&world.schema().await, &found);
        assert_eq!(named(&now), named(&left), "after {}: {statements:#?}", first.object);
    }
    assert_eq!(world.schema().await, found);
}

async fn apply(world: &World, statements: &[String]) {
    assert!(!statements.is_empty());
    let body: String = statements.iter().flat_map(|one| [one.as_str(), ";\n"]).collect();
    world.run(&format!("PRAGMA foreign_keys = OFF; BEGIN;\n{body}\nCOMMIT;")).await;
}

#[tokio::test]
async fn renames_are_suggested_and_never_made() {
    let from = declared(
        "CREATE TABLE a (id INTEGER PRIMARY KEY, old TEXT); CREATE TABLE t (x TEXT, y INTEGER, z TEXT);",
    )
    .await;
    let to = declared(
        "CREATE TABLE b (id INTEGER PRIMARY KEY, old TEXT); CREATE TABLE t (w TEXT, y INTEGER, v REAL);",
    )
    .await;
    let rename = |table: &str, column: Option<&str>, to: &str| Rename {
        table: table.to_owned(),
        column: column.map(ToOwned::to_owned),
        to: to.to_owned(),
    };
    let expected = [rename("a", None, "b"), rename("t", Some("x"), "w")];
    assert_eq!(possible_renames(&from, &to), expected);
    let unsaid = draft(&from, &to, &[]).unwrap();
    let all: String = unsaid.steps.iter().flat_map(|step| step.up.statements.clone()).collect();
    assert!(!all.contains("RENAME"), "{all}");
    assert!(
        unsaid.warnings.iter().any(|it| it.contains("--rename t.x=w")),
        "{:?}",
        unsaid.warnings
    );
    assert!(unsaid.warnings.iter().any(|it| it.contains("--rename a=b")), "{:?}", unsaid.warnings);
    let said = draft(&from, &to, &expected).unwrap();
    assert!(!said.warnings.iter().any(|it| it.contains("--rename")), "{:?}", said.warnings);
}

#[tokio::test]
async fn a_rename_that_names_nothing_is_refused() {
    let from = declared("CREATE TABLE t (a TEXT, b TEXT);").await;
    let to = declared("CREATE TABLE t (a TEXT, c TEXT);").await;
    for (table, column, new, why) in [
        ("nobody", None, "t", "there is no table nobody"),
        ("t", Some("z"), "c", "t has no such column"),
        ("t", Some("b"), "d", "has no t.d in its place"),
        ("t", Some("b"), "a", "there is a column a already"),
        ("t", None, "u", "has no table u"),
    ] {
        let column = column.map(str::to_owned);
        let rename = Rename { table: table.to_owned(), column, to: new.to_owned() };
        let error = draft(&from, &to, &[rename]).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}

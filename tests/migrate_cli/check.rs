//! `check`, and what `verify` says of the declared schema: which two of schema, migrations and database do not agree.

use rstest::rstest;
use serde_json::{Value, json};

use crate::desk::Desk;
use crate::fixture::{NEWER, current, document, execute, migrate};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::Database;
use testkit::cli::run;
use testkit::database::admin_url;

/// Whether each declared schema was found equal; the state; and what drifted.
fn seen(said: &Value) -> (Vec<Option<bool>>, &str, Option<usize>) {
    let declared = said["declared"].as_array().expect("a list").iter();
    let declared = declared.map(|one| one["differences"].as_array().map(Vec::is_empty)).collect();
    let state = said["schema_state"].as_str().expect("a word");
    (declared, state, said["database"]["drift"].as_array().map(Vec::len))
}

#[rstest]
#[tokio::test]
async fn the_shipped_ones_agree(#[values(Sqlite, Postgres)] on: Backend) {
    let database = current(on).await;
    let said = migrate(&database, &["check"]).expect(0).stdout;
    assert!(said.ends_with("\ndeclared schema, migrations and database agree\n"), "{said}");
    let server = admin_url();
    let variables = [("DATABASE_URL", &*database.url), ("REHEARSAL_DATABASE_URL", &*server)];
    let said = document(&run(&["migrate", "check", "--json"], &variables).expect(0));
    assert_eq!(seen(&said), (vec![Some(true), Some(true)], "current", Some(0)), "{said:#}");
    assert_eq!(said["agree"], true);
}

const PAGES: (&str, &str) = ("    author text\n", "    author text,\n    pages bigint\n");

/// Each of the three against each other.
#[rstest]
#[case::all_agree(false, false, false, 0)]
#[case::declared_is_ahead(true, false, false, 1)]
#[case::database_is_behind(false, true, false, 3)]
#[case::database_was_changed(false, false, true, 1)]
#[case::declared_and_database(true, false, true, 1)]
#[case::behind_and_changed(false, true, true, 3)]
#[case::nothing_agrees(true, true, true, 3)]
#[tokio::test]
async fn it_says_which_two_do_not(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] declared: bool,
    #[case] behind: bool,
    #[case] changed: bool,
    #[case] code: i32,
) {
    let desk = Desk::library();
    let database = desk.files.applied(on).await;
    if behind {
        desk.files.migrate(&database, &["down", "1", "--yes"]).expect(0);
    }
    if changed {
        execute(&database, "CREATE TABLE notes (id bigint)").await;
    }
    if declared {
        desk.edit(PAGES.0, PAGES.1);
    }
    let said = document(&desk.migrate(&database, &["check", "--json"]).expect(code));
    let (schemas, state, drift) = seen(&said);
    assert_eq!(schemas[0], Some(!declared), "{said:#}");
    assert_eq!(schemas[1], (on == Postgres).then_some(!declared), "{said:#}");
    assert_eq!(state, if behind { "behind" } else { "current" }, "{said:#}");
    assert_eq!(drift, Some(usize::from(changed)), "{said:#}");
    assert_eq!(said["agree"], code == 0);
    let words = desk.migrate(&database, &["check"]).expect(code).stdout;
    for (expected, sentence) in [
        (declared, "sqlite.sql is not what the migrations make"),
        (declared, "missing    column books.pages\n      declared    pages "),
        (declared, "`taskmanager migrate diff -m"),
        (behind, "`taskmanager migrate up`"),
        (changed, "database  is not what its applied migrations make"),
        (changed, "DROP TABLE notes;"),
        (code == 0, "declared schema, migrations and database agree"),
        (on == Sqlite, "declared  postgres: not compared: there is no PostgreSQL server"),
    ] {
        assert_eq!(words.contains(sentence), expected, "{sentence}:\n{words}");
    }
}

#[rstest]
#[case::drifted("DROP TABLE idempotency_keys", 7, "Restore a backup")]
#[case::another_checksum(
    "UPDATE _sqlx_migrations SET checksum = '00'",
    6,
    "`taskmanager migrate repair "
)]
#[case::newer(NEWER, 5, "Deploy the newer program")]
#[tokio::test]
async fn the_state_of_the_record_comes_first(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] change: &str,
    #[case] code: i32,
    #[case] fix: &str,
) {
    let database = current(on).await;
    execute(&database, change).await;
    let said = document(&migrate(&database, &["check", "--json"]).expect(code));
    assert_eq!(said["declared"][0]["differences"], json!([]), "{said:#}");
    assert_eq!(said["database"]["compared"], code == 7, "{said:#}");
    assert!(said["message"].as_str().is_some_and(|words| words.contains(fix)), "{said:#}");
}

#[rstest]
#[tokio::test]
async fn a_folder_without_a_schema_has_nothing_declared(#[values(Sqlite, Postgres)] on: Backend) {
    let desk = Desk::library();
    let database = desk.files.applied(on).await;
    for command in ["check", "verify"] {
        let said = desk.files.migrate(&database, &[command]).expect(0).stdout;
        let words =
            "not compared: nothing is declared for the migrations of a folder: --schema FOLDER";
        assert!(said.contains(words), "{said}");
    }
}

#[rstest]
#[tokio::test]
async fn verify_fails_where_they_differ_and_names_both(#[values(Sqlite, Postgres)] on: Backend) {
    let desk = Desk::library();
    let database = Database::empty(on).await;
    let dialect = if on == Sqlite { "sqlite" } else { "postgres" };
    let said = desk.migrate(&database, &["verify"]).expect(0).stdout;
    assert!(said.contains(&format!("{dialect}.sql is what the migrations make\n")), "{said}");
    desk.edit_one(dialect, "author text", "author text DEFAULT 'nobody'");
    desk.edit_one(dialect, "CREATE INDEX books_title_idx ON books (title);\n", "");
    let said = desk.migrate(&database, &["verify"]).expect(1).stdout;
    let file = format!("{}/{dialect}.sql", desk.schema());
    for words in [
        format!("declared  {dialect}: {file} is not what the migrations make:\n"),
        "    different  column books.author\n      declared    author text DEFAULT 'nobody'"
            .to_owned(),
        "      migrations  author text\n".to_owned(),
        "    extra      index books.books_title_idx\n      declared    nothing\n".to_owned(),
        format!(
            "`taskmanager migrate diff -m \"…\"` writes the migration that is missing; or make {file} what"
        ),
    ] {
        // SQLite's types are in capitals.
        let (words, said) = (words.to_lowercase(), said.to_lowercase());
        assert!(said.contains(&words), "{words}\n{said}");
    }
    let json = document(&desk.migrate(&database, &["verify", "--json"]).expect(1));
    let declared = json["declared"].as_array().expect("a list").iter();
    let differing: Vec<_> =
        declared.map(|one| one["differences"].as_array().map(Vec::len)).collect();
    let expected = if on == Sqlite { vec![Some(2)] } else { vec![Some(0), Some(2)] };
    assert_eq!(differing, expected, "{json:#}");
    desk.declare(dialect, "CREATE TABLE books (\n  id bigint,\n);\n");
    let refused = desk.migrate(&database, &["verify"]).expect(1);
    assert!(refused.stderr.contains(&format!("{dialect}.sql, line ")), "{refused:#?}");
}

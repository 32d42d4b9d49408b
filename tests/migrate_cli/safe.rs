//! `up` behind its safeguards: what stops it changes nothing, and says how to go on.

use rstest::rstest;
use serde_json::Value;

use crate::fixture::{BOOKS, Files, TITLES, document, dump, execute, integer, recorded};
use crate::support::Backend;

const RISKY: i64 = 20_300_104_000_000;
const UPDATE: &str = "-- compat: additive\nUPDATE books SET title = upper(title);\n";

fn risky() -> Files {
    Files::library().with(
        &format!("{RISKY}_shout_titles"),
        UPDATE,
        "UPDATE books SET title = lower(title);\n",
    )
}

async fn with_a_book(on: Backend) -> crate::support::Database {
    let database = Files::library().applied(on).await;
    execute(&database, "INSERT INTO books (id, title) VALUES (1, 'one')").await;
    database
}

#[rstest]
#[tokio::test]
async fn an_error_level_finding_stops_it_with_nothing_changed(
    #[values(Backend::Sqlite, Backend::Postgres)] on: Backend,
) {
    let database = with_a_book(on).await;
    let before = (dump(&database).await, recorded(&database).await);
    let run = risky().migrate(&database, &["up"]).expect(10);
    assert!(run.stdout.starts_with("lint       stopped"), "{}", run.stdout);
    for words in ["every-row-changed", "_shout_titles.up.sql:2", "nothing was changed", "--force"] {
        assert!(run.stderr.contains(words), "no {words:?} in {}", run.stderr);
    }
    assert_eq!((dump(&database).await, recorded(&database).await), before);
    let shouted = "SELECT count(*) FROM books WHERE title = 'ONE'";
    assert_eq!(integer(&database, shouted).await, 0);
}

#[rstest]
#[tokio::test]
async fn force_goes_past_findings_and_is_logged(
    #[values(Backend::Sqlite, Backend::Postgres)] on: Backend,
) {
    let database = with_a_book(on).await;
    let run = risky().migrate(&database, &["up", "--force"]).expect(0);
    assert!(run.stdout.starts_with("lint       forced"), "{}", run.stdout);
    assert_eq!(integer(&database, "SELECT count(*) FROM books WHERE title = 'ONE'").await, 1);
    let logged = format!(
        "SELECT count(*) FROM _migrate_log WHERE version = {RISKY} AND kind = 'applied' \
         AND reason LIKE '--force: lint: 1 error%'"
    );
    assert_eq!(integer(&database, &logged).await, 1);
}

#[rstest]
#[tokio::test]
async fn the_document_has_the_steps(#[values(Backend::Sqlite, Backend::Postgres)] on: Backend) {
    let database = with_a_book(on).await;
    let stopped = risky().migrate(&database, &["up", "--json"]).expect(10);
    let stopped = document(&stopped);
    assert_eq!(stopped["error"]["exit_code"], 10);
    assert_eq!(step(&stopped, "lint")["verdict"], "stopped");
    assert!(step(&stopped, "lint")["details"][0].as_str().unwrap().contains("every-row-changed"));
    let done = risky().migrate(&database, &["up", "--force", "--json"]).expect(0);
    let done = document(&done);
    assert_eq!(step(&done, "lint")["verdict"], "forced");
    assert!(step(&done, "lint")["seconds"].as_f64().unwrap() >= 0.0);
    assert_eq!(done["applied"][0]["version"], RISKY);
}

fn step<'a>(document: &'a Value, name: &str) -> &'a Value {
    let steps = document["steps"].as_array().expect("steps");
    steps.iter().find(|step| step["step"] == name).expect("the step")
}

#[rstest]
#[tokio::test]
async fn a_dry_run_takes_the_steps_and_changes_nothing(
    #[values(Backend::Sqlite, Backend::Postgres)] on: Backend,
) {
    let files = Files::library();
    let database = files.applied(on).await;
    files.migrate(&database, &["down", "2", "--yes"]).expect(0);
    let before = (dump(&database).await, recorded(&database).await);
    let run = files.migrate(&database, &["up", "--dry-run"]).expect(0);
    assert!(run.stdout.contains("lint       ok"), "{}", run.stdout);
    assert!(run.stdout.contains(&format!("would apply {TITLES}")), "{}", run.stdout);
    assert!(run.stdout.ends_with("nothing was changed\n"), "{}", run.stdout);
    let only = document(&files.migrate(&database, &["up", "+1", "--dry-run", "--json"]));
    assert_eq!(only["would_apply"].as_array().unwrap().len(), 1);
    assert_eq!((dump(&database).await, recorded(&database).await), before);
    files.migrate(&database, &["up"]).expect(0);
    let run = files.migrate(&database, &["up", "--dry-run"]).expect(0);
    assert_eq!(run.stdout, "nothing to do\n");
}

#[rstest]
#[tokio::test]
async fn a_dry_run_of_what_would_be_stopped_says_so(
    #[values(Backend::Sqlite, Backend::Postgres)] on: Backend,
) {
    let database = with_a_book(on).await;
    let run = risky().migrate(&database, &["up", "--dry-run"]).expect(10);
    assert!(run.stderr.contains("every-row-changed"), "{}", run.stderr);
}

#[rstest]
#[tokio::test]
async fn the_script_is_that_of_plan(#[values(Backend::Sqlite, Backend::Postgres)] on: Backend) {
    let files = Files::library();
    let database = files.applied(on).await;
    files.migrate(&database, &["down", "--to", &BOOKS.to_string(), "--yes"]).expect(0);
    let script = files.migrate(&database, &["up", "--sql"]).expect(0);
    assert!(script.stdout.contains("ALTER TABLE books ADD COLUMN author text"));
    let lines = |text: &str| text.lines().filter(|l| !l.contains("VALUES ('")).count();
    assert_eq!(lines(&script.stdout), lines(&files.migrate(&database, &["plan", "--sql"]).stdout));
    let one = files.migrate(&database, &["up", "+1", "--sql"]).stdout;
    assert!(one.contains("ADD COLUMN author") && !one.contains("books_title_idx"), "{one}");
    files.migrate(&database, &["up", "--sql", "--force"]).expect(2);
}

#[rstest]
#[tokio::test]
async fn a_protected_table_is_not_dropped(
    #[values(Backend::Sqlite, Backend::Postgres)] on: Backend,
) {
    let database = with_a_book(on).await;
    let files = Files::library().with(
        &format!("{RISKY}_drop_books"),
        "-- compat: breaking\nDROP TABLE books;\n",
        "CREATE TABLE books (id bigint PRIMARY KEY);\n",
    );
    let protected = |arguments: &[&str]| {
        files.migrate(&database, &[&["up", "--protected-tables", "books"], arguments].concat())
    };
    protected(&[]).expect(10);
    // By force it gets as far as the guard inside the transaction.
    let run = protected(&["--force"]).expect(10);
    assert!(run.stderr.contains("protected table books with 1 row(s)"), "{}", run.stderr);
    assert_eq!(integer(&database, "SELECT count(*) FROM books").await, 1);
    files.migrate(&database, &["up", "--protected-tables", "none", "--force"]).expect(0);
}

//! `up` behind its safeguards: what stops it changes nothing, and says how to go on.

use rstest::rstest;
use serde_json::Value;

use crate::fixture::{BOOKS, Files, TITLES, document, dump, execute, integer, recorded};
use testkit::Backend;

const RISKY: i64 = 20_300_104_000_000;
const UPDATE: &str = "-- compat: additive\nUPDATE books SET title = upper(title);\n";

fn risky() -> Files {
    Files::library().with(
        &format!("{RISKY}_shout_titles"),
        UPDATE,
        "UPDATE books SET title = lower(title);\n",
    )
}

async fn with_a_book(on: Backend) -> testkit::Database {
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
        "SELECT count(*) FROM _migrate_log WHERE version = {RISKY} AND event = 'applied' \
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
    assert!(run.stderr.contains("protected table books with 1 row"), "{}", run.stderr);
    assert_eq!(integer(&database, "SELECT count(*) FROM books").await, 1);
    files.migrate(&database, &["up", "--protected-tables", "none", "--force"]).expect(0);
}

/// A unique index, each database in its own safe form.
fn unique() -> Files {
    let stem = format!("{RISKY}_make_titles_unique");
    let down = "DROP INDEX books_title_key;\n";
    Files::library()
        .with_one(
            "sqlite",
            &stem,
            "-- compat: additive\nCREATE UNIQUE INDEX books_title_key ON books (title);\n",
            down,
        )
        .with_one(
            "postgres",
            &stem,
            "-- no-transaction\n-- compat: additive\nCREATE UNIQUE INDEX CONCURRENTLY books_title_key ON books (title);\n",
            "-- no-transaction\nDROP INDEX CONCURRENTLY books_title_key;\n",
        )
}

#[rstest]
#[tokio::test]
async fn rows_in_the_way_stop_it_until_they_are_mended(
    #[values(Backend::Sqlite, Backend::Postgres)] on: Backend,
) {
    let database = with_a_book(on).await;
    execute(&database, "INSERT INTO books (id, title) VALUES (2, 'one'), (3, 'three')").await;
    let before = (dump(&database).await, recorded(&database).await);
    let run = unique().migrate(&database, &["up"]).expect(10);
    assert!(run.stdout.contains("preflight  stopped"), "{}", run.stdout);
    for words in ["make_titles_unique.up.sql", "title", "fix", "nothing was changed"] {
        assert!(run.stderr.contains(words), "no {words:?} in {}", run.stderr);
    }
    assert_eq!((dump(&database).await, recorded(&database).await), before);
    execute(&database, "UPDATE books SET title = 'two' WHERE id = 2").await;
    unique().migrate(&database, &["up"]).expect(0);
    assert_eq!(recorded(&database).await.last(), Some(&RISKY.to_string()));
}

/// The backup of a database before its last migration, in a folder of the test's.
#[rstest]
#[tokio::test]
async fn a_backup_comes_first_and_stands_in_the_log(
    #[values(Backend::Sqlite, Backend::Postgres)] on: Backend,
) {
    let database = with_a_book(on).await;
    let folder = tempfile::TempDir::new().expect("a folder");
    let folder = folder.path().join("backups").display().to_string();
    let (set, up) = (unique(), &["up", "--no-rehearsal", "--backup-dir", &folder]);
    let run = set.migrate(&database, up).expect(0);
    assert!(run.stdout.contains("backup     ok"), "{}", run.stdout);
    let log = format!(
        "SELECT count(*) FROM _migrate_log WHERE version = {RISKY} AND event = 'applied' AND backup LIKE '{folder}/%'"
    );
    assert_eq!(integer(&database, &log).await, 1);
    let variables = [("DATABASE_URL", database.url.as_str()), ("BACKUP_DIR", folder.as_str())];
    let listed = testkit::cli::run(&["backup", "list", "--json"], &variables).expect(0).json();
    let [backup] = listed["backups"].as_array().expect("a list").as_slice() else {
        panic!("not one backup: {listed}")
    };
    let text = backup.to_string();
    assert!(text.contains("before_migration") && text.contains(&TITLES.to_string()), "{text}");
}

#[rstest]
#[case::switched_off(Backend::Sqlite, &["--no-backup"], "switched off")]
#[case::off(Backend::Sqlite, &["--migrate-backup", "off"], "switched off")]
#[case::nowhere(Backend::Postgres, &[], "BACKUP_DIR is not set")]
#[tokio::test]
async fn going_on_without_a_backup_is_said(
    #[case] on: Backend,
    #[case] arguments: &[&str],
    #[case] words: &str,
) {
    let database = with_a_book(on).await;
    let arguments = [&["up", "--no-rehearsal"], arguments].concat();
    let run = unique().migrate(&database, &arguments).expect(0);
    assert!(run.stdout.contains("backup     skipped"), "{}", run.stdout);
    assert!(run.stdout.contains(words), "{}", run.stdout);
    let logged = "SELECT count(*) FROM _migrate_log WHERE backup IS NOT NULL";
    assert_eq!(integer(&database, logged).await, 0);
}

#[rstest]
#[tokio::test]
async fn a_backup_that_cannot_be_made_stops_it(
    #[values(Backend::Sqlite, Backend::Postgres)] on: Backend,
) {
    let database = with_a_book(on).await;
    let folder = tempfile::TempDir::new().expect("a folder");
    let file = folder.path().join("not-a-folder");
    std::fs::write(&file, "").expect("a file");
    let file = file.display().to_string();
    let before = (dump(&database).await, recorded(&database).await);
    for force in [&[][..], &["--force"]] {
        let arguments = [&["up", "--no-rehearsal", "--backup-dir", &file], force].concat();
        let run = unique().migrate(&database, &arguments).expect(11);
        assert!(run.stderr.contains("nothing was changed"), "{}", run.stderr);
        assert!(run.stderr.contains("--no-backup"), "{}", run.stderr);
    }
    assert_eq!((dump(&database).await, recorded(&database).await), before);
}

/// `auto` goes on without `pg_dump` and says so; `required` does not go on.
#[tokio::test]
async fn without_pg_dump_it_depends_on_what_was_asked_for() {
    let database = with_a_book(Backend::Postgres).await;
    let empty = tempfile::TempDir::new().expect("a folder");
    let (path, folder) = (empty.path().display().to_string(), empty.path().join("backups"));
    let folder = folder.display().to_string();
    let files = unique();
    let variables = [
        ("DATABASE_URL", database.url.as_str()),
        ("PATH", path.as_str()),
        ("BACKUP_DIR", folder.as_str()),
    ];
    let up = ["migrate", "up", "--no-rehearsal", "--migrations", files.path()];
    let required = [&up[..], &["--migrate-backup", "required"]].concat();
    let stopped = testkit::cli::run(&required, &variables).expect(11);
    assert!(stopped.stderr.contains("pg_dump"), "{}", stopped.stderr);
    assert_eq!(recorded(&database).await.len(), 3);
    let run = testkit::cli::run(&up, &variables).expect(0);
    assert!(run.stdout.contains("went on without one: "), "{}", run.stdout);
    assert!(run.stderr.contains("going on without a backup"), "{}", run.stderr);
}

#[rstest]
#[tokio::test]
async fn going_back_makes_a_backup_first(
    #[values(Backend::Sqlite, Backend::Postgres)] on: Backend,
) {
    let database = with_a_book(on).await;
    let folder = tempfile::TempDir::new().expect("a folder");
    let folder = folder.path().join("backups").display().to_string();
    let files = Files::library();
    let run = files.migrate(&database, &["down", "1", "--yes", "--backup-dir", &folder]).expect(0);
    assert!(run.stdout.contains("backup     ok"), "{}", run.stdout);
    let run = files
        .migrate(&database, &["down", "1", "--yes", "--no-backup", "--backup-dir", &folder])
        .expect(0);
    assert!(run.stdout.contains("backup     skipped"), "{}", run.stdout);
}

/// Somebody has made an index by hand: it is said, and not undone.
#[rstest]
#[tokio::test]
async fn what_no_migration_has_made_is_noted(
    #[values(Backend::Sqlite, Backend::Postgres)] on: Backend,
) {
    let database = with_a_book(on).await;
    execute(&database, "CREATE INDEX by_hand ON books (author)").await;
    let run = unique().migrate(&database, &["up", "--no-backup"]).expect(0);
    if on == Backend::Postgres {
        assert!(run.stdout.contains("compare    noted"), "{}", run.stdout);
        assert!(run.stdout.contains("not of any migration: index"), "{}", run.stdout);
    } else {
        // There the rehearsal ran on a copy, which had it too.
        assert!(run.stdout.contains("compare    ok"), "{}", run.stdout);
    }
}

//! `verify`: the way back, proven on a scratch database.

use rstest::rstest;
use serde_json::Value;

use crate::fixture::{Files, document, integer, migrate, own};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::Database;

fn proofs(document: &Value) -> Vec<(&str, i64, usize)> {
    let proofs = document["proofs"].as_array().expect("a list").iter();
    proofs
        .map(|proof| {
            let differences = proof["differences"].as_array().expect("a list").len();
            let database = proof["database"].as_str().expect("a name");
            (database, proof["version"].as_i64().expect("a version"), differences)
        })
        .collect()
}

#[rstest]
#[tokio::test]
async fn the_shipped_ones_are_proven(#[values(Sqlite, Postgres)] on: Backend) {
    let database = Database::empty(on).await;
    let proven = document(&migrate(&database, &["verify", "--json"]).expect(0));
    let databases = if on == Postgres { vec!["sqlite", "postgres"] } else { vec!["sqlite"] };
    let expected: Vec<_> = databases
        .iter()
        .flat_map(|name| own(on).into_iter().map(move |(version, _)| (*name, version, 0)))
        .collect();
    assert_eq!(proofs(&proven), expected);
    for proof in proven["proofs"].as_array().expect("a list") {
        let rows = proof["rows"].as_object().expect("tables");
        assert!(rows.contains_key("tasks"), "{proof}");
        assert!(rows["tasks"].as_u64().is_some_and(|rows| rows >= 50), "{proof}");
        assert_eq!(proof["notes"], serde_json::json!([]), "{proof}");
    }
    let agreement = &proven["agreement"];
    assert_eq!(agreement["compared"], on == Postgres, "{agreement}");
    if on == Postgres {
        assert_eq!(agreement["differences"], serde_json::json!([]), "{agreement}");
    }
    if on == Postgres {
        let left = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
        assert_eq!(integer(&database, left).await, 0, "not the database that was given");
    } else {
        assert!(database.folder().is_some_and(|folder| !folder.join("tasks.db").exists()));
    }
}

#[rstest]
#[case::left_over("CREATE TABLE a (id bigint); CREATE TABLE b (id bigint);", "DROP TABLE a;", 1)]
#[case::taken_away(
    "ALTER TABLE books ADD COLUMN pages bigint;",
    "ALTER TABLE books DROP COLUMN pages; ALTER TABLE books DROP COLUMN author;",
    1
)]
#[case::fails("CREATE TABLE a (id bigint);", "DROP TABLE other;", 1)]
#[case::irreversible("CREATE TABLE a (id bigint);", "-- irreversible: because\n", 0)]
#[tokio::test]
async fn a_way_back_that_is_none_is_found(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] up: &str,
    #[case] down: &str,
    #[case] code: i32,
) {
    let files = Files::library().with(
        "20300104000000_do_something",
        &format!("-- compat: additive\n{up}\n"),
        down,
    );
    let database = Database::empty(on).await;
    let said = files.migrate(&database, &["verify"]).expect(code);
    assert!((said.stdout + &said.stderr).contains("20300104000000"), "{down}");
    let json = document(&files.migrate(&database, &["verify", "--json"]).expect(code));
    if down.contains("other") {
        assert_eq!(json["error"]["exit_code"], 1, "{json}");
        return;
    }
    let (last, found) =
        (json["proofs"].as_array().expect("a list").last().expect("one"), proofs(&json));
    assert_eq!(
        found.last().is_some_and(|(_, _, differences)| *differences > 0),
        code == 1,
        "{json}"
    );
    assert_eq!(last["irreversible"], if code == 0 { "because".into() } else { Value::Null });
}

fn books() -> Files {
    let table = "CREATE TABLE books (id bigint PRIMARY KEY, title text NOT NULL, author text);\n\
                 CREATE INDEX books_title_idx ON books (title);";
    Files::none().with("20300101000000_create_books", table, "DROP TABLE books;")
}

const PAGES: &str = "ALTER TABLE books ADD COLUMN pages bigint;";

#[rstest]
#[case::rows_gone(
    PAGES,
    "DELETE FROM books WHERE author IS NULL; ALTER TABLE books DROP COLUMN pages;",
    "books: ",
    &["rows of 50 are gone after going down"]
)]
#[case::all_gone(
    PAGES,
    "DELETE FROM books; ALTER TABLE books DROP COLUMN pages;",
    "books: ",
    &["50 rows of 50 are gone after going down"]
)]
#[case::values_gone(
    PAGES,
    "UPDATE books SET author = NULL; ALTER TABLE books DROP COLUMN pages;",
    "books: ",
    &["rows of 50 differ after going down: column author: '", "' became NULL"]
)]
#[case::columns_swapped(
    "ALTER TABLE books RENAME COLUMN author TO writer;",
    "ALTER TABLE books DROP COLUMN writer; ALTER TABLE books ADD COLUMN author text;",
    "note: books.author: was dropped in between",
    &["values did not survive"]
)]
#[case::once_more(
    "ALTER TABLE books ADD COLUMN pages bigint; UPDATE books SET title = title || '!';",
    "ALTER TABLE books DROP COLUMN pages;",
    "books: ",
    &["differ after going up again: column title: ", "!!'"]
)]
#[case::refuses_rows(
    "ALTER TABLE books ADD COLUMN pages bigint NOT NULL;",
    "ALTER TABLE books DROP COLUMN pages;",
    "up again: migration 20300104000000_do_something.up.sql failed",
    &["note: not every row that could be there goes up"]
)]
#[case::rows_that_fit_are_found(
    "CREATE UNIQUE INDEX books_author_key ON books (author);",
    "DROP INDEX books_author_key;",
    "note: not every row that could be there goes up",
    &["do something: up/down/up round trip ok (50 rows)"]
)]
#[case::rows_of_its_own_table(
    "CREATE TABLE shelves (id bigint PRIMARY KEY); CREATE TABLE places (shelf bigint NOT NULL REFERENCES shelves (id));",
    "DELETE FROM shelves; DROP TABLE places; DROP TABLE shelves;",
    "20300104000000_do_something.down.sql failed",
    &["foreign key"]
)]
#[case::the_same(
    "ALTER TABLE books RENAME COLUMN author TO writer;",
    "ALTER TABLE books RENAME COLUMN writer TO author;",
    "do something: up/down/up round trip ok (50 rows)\n",
    &[]
)]
#[tokio::test]
async fn rows_and_values_that_do_not_survive_are_named(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] up: &str,
    #[case] down: &str,
    #[case] said: &str,
    #[case] more: &[&str],
) {
    let dialect = if on == Sqlite { "sqlite" } else { "postgres" };
    let other = if on == Sqlite { "postgres" } else { "sqlite" };
    let stem = "20300104000000_do_something";
    let nothing = "SELECT 1;";
    let files = books().with_one(dialect, stem, up, down).with_one(other, stem, nothing, nothing);
    let database = Database::empty(on).await;
    let run = files.migrate(&database, &["verify"]);
    let text = without(other, &run.stdout) + &run.stderr;
    assert!(text.contains(said), "{said}: {text}");
    for words in more {
        assert!(text.to_lowercase().contains(&words.to_lowercase()), "{words}: {text}");
    }
    // On PostgreSQL the schemas of the two differ as well here.
    let fine = said.starts_with("note: not every") || said.starts_with("do something");
    if on == Sqlite {
        let notes_only = fine || said.starts_with("note: ");
        assert_eq!(run.code, i32::from(!notes_only), "{text}");
    }
}

/// The report without what it says of one database.
fn without(dialect: &str, report: &str) -> String {
    let mut left_out = false;
    let keep = |line: &&str| {
        if !line.starts_with(' ') {
            left_out = line.starts_with(dialect);
        }
        !left_out
    };
    report.lines().filter(keep).flat_map(|line| [line, "\n"]).collect()
}

const LOANS: &str = "CREATE TABLE loans (id INTEGER PRIMARY KEY, book bigint NOT NULL REFERENCES books (id) ON DELETE CASCADE);
CREATE TABLE log (what TEXT);
CREATE TRIGGER books_log AFTER DELETE ON books BEGIN INSERT INTO log VALUES (old.title); END;";

/// A rebuild of the books, with this before its end.
fn rebuild(column: &str, more: &str) -> String {
    format!(
        "-- rebuild\nCREATE TABLE books_new (id bigint PRIMARY KEY, title text NOT NULL, author {column});\n\
         INSERT INTO books_new SELECT id, title, author FROM books;\nDROP TABLE books;\n\
         ALTER TABLE books_new RENAME TO books;\n{more}\n"
    )
}

const REST: &str = "CREATE INDEX books_title_idx ON books (title);
CREATE TRIGGER books_log AFTER DELETE ON books BEGIN INSERT INTO log VALUES (old.title); END;";

#[rstest]
#[case::whole(REST, REST, 0, "do something: up/down/up round trip ok (")]
#[case::child_row(
    REST,
    &format!("{REST} DELETE FROM loans WHERE id = (SELECT min(id) FROM loans);"),
    1,
    "do_something.down.sql (`-- rebuild`) was rolled back: table loans had 50"
)]
#[case::child_value(
    REST,
    &format!("{REST} UPDATE loans SET book = (SELECT min(id) FROM books);"),
    1,
    "differ after going down: column book: "
)]
#[case::index(REST, "", 1, "after down missing: index CREATE INDEX books_title_idx")]
#[case::trigger(REST, "", 1, "after down missing: trigger CREATE TRIGGER books_log")]
#[test]
fn a_rebuild_keeps_what_hangs_on_the_table(
    #[case] up: &str,
    #[case] down: &str,
    #[case] code: i32,
    #[case] said: &str,
) {
    let files = books()
        .with_one(
            "sqlite",
            "20300104000000_lend_books",
            LOANS,
            "DROP TRIGGER books_log; DROP TABLE log; DROP TABLE loans;",
        )
        .with_one(
            "sqlite",
            "20300105000000_do_something",
            &rebuild("text DEFAULT 'nobody'", up),
            &rebuild("text", down),
        );
    let url = ("DATABASE_URL", "sqlite:/nowhere/at/all.db");
    let run = testkit::cli::run(&["migrate", "verify", "--migrations", files.path()], &[url]);
    let run = run.expect(code);
    let text = run.stdout + &run.stderr;
    assert!(text.contains(said), "{text}");
}

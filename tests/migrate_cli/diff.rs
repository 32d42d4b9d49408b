//! `diff`: from the declared schema to the files that lead there, and nothing written where that cannot be.

use rstest::rstest;
use serde_json::{Value, json};

use crate::asking::Terminal;
use crate::desk::Desk;
use crate::fixture::{document, dump, execute, integer};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::cli::run;
use testkit::database::admin_url;
use testkit::{Database, free_port};

/// The first version after those of the library, which are years ahead of the clock.
const FIRST: &str = "20300103000001";

#[test]
fn nothing_to_do_is_said_with_the_reason() {
    let desk = Desk::library();
    let before = desk.written();
    let said = desk.diff(&["-m", "add labels"]).expect(0);
    let reason = format!(
        "nothing to do: {0}/postgres.sql and {0}/sqlite.sql are what the migrations make, up to 20300103000000 (index titles)\n",
        desk.schema()
    );
    assert_eq!(said.stdout, reason);
    let said = document(&desk.diff(&["-m", "add labels", "--json"]).expect(0));
    assert_eq!((&said["written"], &said["migrations"]), (&json!(false), &json!([])), "{said:#}");
    assert!(reason.ends_with(&format!("{}\n", said["message"].as_str().expect("words"))));
    assert_eq!(desk.written(), before);
}

#[rstest]
#[tokio::test]
async fn a_column_becomes_four_files_whose_up_and_down_work(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let desk = Desk::library();
    let database = desk.files.applied(on).await;
    let before = dump(&database).await;
    desk.edit("    author text\n", "    author text,\n    pages bigint\n");
    let said = desk.diff(&["-m", "Add pages to books"]).expect(0);
    let written = [
        format!("postgres/{FIRST}_add_pages_to_books.up.sql"),
        format!("postgres/{FIRST}_add_pages_to_books.down.sql"),
        format!("sqlite/{FIRST}_add_pages_to_books.up.sql"),
        format!("sqlite/{FIRST}_add_pages_to_books.down.sql"),
    ];
    let lines: Vec<_> = said.stdout.lines().collect();
    let paths: Vec<_> =
        written.iter().map(|name| format!("{}/{name}", desk.files.path())).collect();
    assert_eq!(lines[..4], paths, "{said:#?}");
    assert!(lines[4].starts_with("proven on scratch databases"), "{said:#?}");
    assert_eq!((lines.len(), desk.written().len()), (5, 16), "{said:#?}");
    assert!(desk.written()[&written[0]].starts_with("-- compat: additive\n"), "{said:#?}");
    // It leads there and back, passes every look, and leaves nothing to do.
    desk.files.alone(&["lint"]).expect(0);
    execute(&database, "INSERT INTO books (id, title) VALUES (1, 'Momo')").await;
    desk.migrate(&database, &["check"]).expect(3);
    desk.files.migrate(&database, &["up", "--no-rehearsal"]).expect(0);
    assert_eq!(integer(&database, "SELECT count(*) FROM books WHERE pages IS NULL").await, 1);
    desk.migrate(&database, &["check"]).expect(0);
    desk.migrate(&database, &["verify"]).expect(0);
    let said = desk.diff(&["-m", "add pages again"]).expect(0).stdout;
    assert!(said.contains(&format!("up to {FIRST} (add pages to books)")), "{said}");
    desk.files.migrate(&database, &["down", "1", "--yes"]).expect(0);
    assert_eq!(dump(&database).await, before);
    assert_eq!(integer(&database, "SELECT count(*) FROM books WHERE title = 'Momo'").await, 1);
}

/// PostgreSQL needs two migrations for a foreign key, or a check, on a table that has rows; SQLite one rebuild.
#[tokio::test]
async fn what_only_one_database_has_to_do_says_so_in_the_other() {
    let desk = Desk::library();
    desk.edit(
        "    author text\n",
        "    author text,\n    CONSTRAINT books_title_length CHECK (length(title) <= 200)\n",
    );
    let said = document(&desk.diff(&["-m", "limit titles of books", "--json"]).expect(0));
    let made: Vec<&Value> = said["migrations"].as_array().expect("a list").iter().collect();
    assert_eq!(made.len(), 2, "{said:#}");
    assert_eq!(made[0]["name"], "limit_titles_of_books");
    assert!(made[1]["name"].as_str().is_some_and(|name| name.starts_with("validate_")), "{said:#}");
    let text = |migration: usize, file: usize| made[migration]["files"][file]["text"].as_str();
    let nothing = "-- Nothing to do in this dialect.\n";
    assert_eq!(text(1, 2), Some(&*format!("-- compat: additive\n{nothing}")), "{said:#}");
    assert_eq!(text(1, 3), Some(nothing), "{said:#}");
    assert!(text(0, 2).is_some_and(|text| text.starts_with("-- rebuild\n")), "{said:#}");
    // The document is what was written.
    let written = desk.written();
    for file in made.iter().flat_map(|one| one["files"].as_array().expect("a list")) {
        let path = file["path"].as_str().expect("a path");
        let below = path.strip_prefix(&format!("{}/", desk.files.path())).expect("below");
        assert_eq!(file["text"], written[below], "{path}");
    }
    desk.files.alone(&["lint"]).expect(0);
    for on in [Sqlite, Postgres] {
        let database = desk.files.applied(on).await;
        desk.migrate(&database, &["check"]).expect(0);
        desk.files.migrate(&database, &["reset", "--yes"]).expect(0);
        desk.migrate(&database, &["check"]).expect(0);
    }
}

/// The author is called writer from now on, as far as the declared schema says.
fn renamed() -> Desk {
    let desk = Desk::library();
    desk.edit("author text", "writer text");
    desk
}

#[rstest]
#[tokio::test]
async fn a_rename_that_is_given_keeps_the_data(#[values(Sqlite, Postgres)] on: Backend) {
    let desk = renamed();
    let database = desk.files.applied(on).await;
    execute(&database, "INSERT INTO books VALUES (1, 'Momo', 'Ende')").await;
    desk.diff(&["-m", "rename author", "--rename", "books.author=writer"]).expect(0);
    desk.files.migrate(&database, &["up", "--no-rehearsal"]).expect(0);
    assert_eq!(integer(&database, "SELECT count(*) FROM books WHERE writer = 'Ende'").await, 1);
    desk.migrate(&database, &["check"]).expect(0);
    desk.files.migrate(&database, &["down", "1", "--yes"]).expect(0);
    assert_eq!(integer(&database, "SELECT count(*) FROM books WHERE author = 'Ende'").await, 1);
}

#[test]
fn a_rename_is_never_guessed() {
    let desk = renamed();
    let before = desk.written();
    let refused = desk.diff(&["-m", "rename author"]).expect(2);
    assert!(refused.stderr.contains("--rename 'books.author=writer'"), "{refused:#?}");
    assert!(refused.stderr.contains("--yes"), "{refused:#?}");
    assert_eq!(desk.written(), before);
    // Looking at it needs no answer.
    let shown = desk.diff(&["-m", "rename author", "--dry-run"]).expect(0);
    assert!(shown.stdout.contains("DROP COLUMN"), "{shown:#?}");
    assert!(shown.stdout.contains("--rename"), "{shown:#?}");
    assert!(shown.stdout.ends_with("; nothing was written\n"), "{shown:#?}");
    assert_eq!(desk.written(), before);
    let said = document(&desk.diff(&["-m", "rename author", "--yes", "--json"]).expect(0));
    assert_eq!(said["written"], true, "{said:#}");
    let warnings = said["warnings"].to_string();
    assert!(warnings.contains("--rename"), "{said:#}");
    assert!(desk.written().len() > before.len(), "{said:#}");
}

#[rstest]
#[case::yes("yes\n", Some(0), true)]
#[case::no("no\n", Some(0), false)]
#[case::something_else("y\n", Some(1), false)]
#[case::end_of_input("\x04", Some(1), false)]
#[case::control_c("\x03", Some(1), false)]
#[tokio::test]
async fn at_a_terminal_a_rename_is_asked_about(
    #[case] keys: &str,
    #[case] code: Option<i32>,
    #[case] is_rename: bool,
) {
    let desk = renamed();
    let before = desk.written().len();
    let (migrations, schema, server) = (desk.files.path(), desk.schema(), admin_url());
    let arguments =
        format!("diff -m 'rename author' --migrations '{migrations}' --schema '{schema}'");
    let mut terminal = Terminal::begin(&arguments, &[("REHEARSAL_DATABASE_URL", &server)]);
    let question = "books.author=writer? Type yes, or no";
    assert_eq!(terminal.answer(question, keys.as_bytes()).await, code, "{}", terminal.screen());
    let written = desk.written();
    assert_eq!(written.len() > before, code == Some(0), "{}", terminal.screen());
    if code == Some(0) {
        let up = written.iter().find(|(name, _)| name.contains("_rename_author.up"));
        let up = up.map(|(_, text)| text.to_uppercase()).unwrap_or_default();
        assert_eq!(up.contains("RENAME COLUMN"), is_rename, "{up}");
    } else {
        assert!(terminal.screen().contains("nothing was written"), "{}", terminal.screen());
    }
}

#[rstest]
#[case::no_such_column(&["--rename", "books.nothing=some"], "books.nothing=some: nothing")]
#[case::no_rename(&["--rename", "books"], "TABLE.COLUMN=NEW")]
#[case::no_verb(&["-m", "labels"], "a verb and an object")]
#[case::no_folder(&["--migrations", "/nonexistent"], "/nonexistent/postgres")]
#[case::no_schema(&["--schema", "/nonexistent"], "/nonexistent/postgres.sql")]
fn what_is_not_fit_is_two(#[case] arguments: &[&str], #[case] said: &str) {
    let desk = Desk::library();
    desk.edit("author text", "writer text");
    let before = desk.written();
    let given = |flag: &str| arguments.contains(&flag);
    let mut all = arguments.to_vec();
    for (flag, value) in
        [("-m", "rename author"), ("--migrations", desk.files.path()), ("--schema", desk.schema())]
    {
        if !given(flag) {
            all.extend([flag, value]);
        }
    }
    let server = admin_url();
    let refused =
        run(&[&["migrate", "diff"], &*all].concat(), &[("REHEARSAL_DATABASE_URL", &server)]);
    let refused = refused.expect(2);
    assert!(refused.stderr.contains(said), "{refused:#?}");
    assert_eq!(desk.written(), before);
}

#[tokio::test]
async fn without_a_server_it_says_what_to_set() {
    let desk = Desk::library();
    desk.edit("author text", "author text, pages bigint");
    let before = desk.written();
    let refused = desk.diff_with(&["-m", "add pages"], &[]).expect(2);
    for words in ["REHEARSAL_DATABASE_URL", "docker run", "nothing was written"] {
        assert!(refused.stderr.contains(words), "{refused:#?}");
    }
    let url = format!("postgres://ana:hunter2@127.0.0.1:{}/tasks", free_port());
    let refused =
        desk.diff_with(&["-m", "add pages"], &[("REHEARSAL_DATABASE_URL", &url)]).expect(1);
    assert!(refused.stderr.contains("postgres: making a scratch database failed"), "{refused:#?}");
    assert!(!refused.stderr.contains("hunter2"), "{refused:#?}");
    assert_eq!(desk.written(), before);
    // The database itself does, and is not touched.
    let database = Database::empty(Postgres).await;
    desk.diff_with(&["-m", "add pages"], &[("DATABASE_URL", &database.url)]).expect(0);
    assert_eq!(dump(&database).await, [""; 0]);
}

/// A column that must not be null, and has no value for the rows that are there.
#[test]
fn what_cannot_be_written_is_named_and_nothing_is_written() {
    let desk = Desk::library();
    desk.edit_one("postgres", "author text", "author text,\n    pages bigint");
    desk.edit_one("sqlite", "author text", "author text,\n    pages bigint NOT NULL");
    let before = desk.written();
    let refused = desk.diff(&["-m", "add pages"]).expect(1);
    let said = "no migration for sqlite can be written: column books.pages: ";
    assert!(refused.stderr.starts_with(said), "{refused:#?}");
    assert!(refused.stderr.ends_with("; nothing was written\n"), "{refused:#?}");
    assert_eq!(desk.written(), before);
}

#[rstest]
#[case::broken("CREATE TABLE books (id bigint PRIMARY KEY);\nCREATE TABEL a (b text);\n", "line 2")]
#[case::twice("CREATE TABLE a (b bigint);\nCREATE TABLE a (b bigint);\n", "line 2")]
#[case::commit("CREATE TABLE a (b bigint);\nCOMMIT;\n", "COMMIT has no place in a schema")]
fn what_is_declared_wrong_in_one_dialect_writes_nothing(
    #[values("postgres", "sqlite")] dialect: &str,
    #[case] text: &str,
    #[case] said: &str,
) {
    let desk = Desk::library();
    desk.edit("author text", "author text, pages bigint");
    desk.declare(dialect, text);
    let before = desk.written();
    let refused = desk.diff(&["-m", "add pages"]);
    assert!(matches!(refused.code, 1 | 2), "{refused:#?}");
    assert!(refused.stderr.contains(&format!("{dialect}.sql, line 2")), "{refused:#?}");
    assert!(refused.stderr.contains(said), "{refused:#?}");
    assert_eq!(desk.written(), before);
}

/// The first migrations of a new project.
#[tokio::test]
async fn from_nothing_to_everything() {
    let desk = Desk::without_migrations();
    desk.diff(&["-m", "create library"]).expect(0);
    assert_eq!(desk.written().len(), 4, "{:#?}", desk.written());
    for on in [Sqlite, Postgres] {
        let database = desk.files.applied(on).await;
        desk.migrate(&database, &["check"]).expect(0);
        desk.files.migrate(&database, &["down", "--all", "--yes"]).expect(0);
        assert_eq!(dump(&database).await, [""; 0]);
    }
}

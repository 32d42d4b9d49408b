//! `verify`: the migrations of both databases lead to one logical schema.

use serde_json::{Value, json};

use crate::fixture::{Files, document, migrate};
use testkit::Backend::{Postgres, Sqlite};
use testkit::Database;
use testkit::cli::run;

const STEM: &str = "20300104000000_do_something";

/// A change for PostgreSQL, one for SQLite, and what differs then.
const CASES: [(&str, &str, &[&str]); 9] = [
    (
        "CREATE TABLE a (pages text, at timestamptz);",
        "CREATE TABLE a (pages INTEGER, at TEXT);",
        &[
            "column a.at: timestamp with time zone in PostgreSQL, TEXT in SQLite, where it would be INTEGER",
            "column a.pages: text in PostgreSQL, INTEGER in SQLite, where it would be TEXT",
        ],
    ),
    (
        "CREATE TABLE b (n bigint NOT NULL DEFAULT 1, d bigint DEFAULT 1);",
        "CREATE TABLE b (n INTEGER DEFAULT 1, d INTEGER);",
        &[
            "column b.d: with a default in PostgreSQL, without a default in SQLite",
            "column b.n: not null in PostgreSQL, nullable in SQLite",
        ],
    ),
    (
        "CREATE INDEX books_author_idx ON books (author);",
        "",
        &["index books_author_idx on books: only in PostgreSQL"],
    ),
    (
        "CREATE INDEX books_idx ON books (author, title DESC, lower(title));",
        "CREATE INDEX books_idx ON books (author, title, lower(title));",
        &[
            "index books_idx on books: (author, title desc, expression of title) in PostgreSQL, (author, title, expression of title) in SQLite",
        ],
    ),
    ("", "ALTER TABLE books ADD COLUMN pages INTEGER;", &["column books.pages: only in SQLite"]),
    ("CREATE TABLE c (id bigint);", "", &["table c: only in PostgreSQL"]),
    (
        "CREATE UNIQUE INDEX u ON books (author, id) WHERE id > 0;",
        "CREATE UNIQUE INDEX u ON books (author, id);",
        &[
            "unique key of books (author, id) for some rows: only in PostgreSQL",
            "unique key of books (author, id): only in SQLite",
        ],
    ),
    (
        "CREATE TABLE d (b bigint REFERENCES books (id) ON DELETE CASCADE);",
        "CREATE TABLE d (b INTEGER REFERENCES books);",
        &[
            "foreign key of d (b) to books (id) on delete cascade: only in PostgreSQL",
            "foreign key of d (b) to books (id): only in SQLite",
        ],
    ),
    (
        "CREATE TABLE e (b text CONSTRAINT known CHECK (b IN ('x', 'y')), c text CHECK (c <> ''), d text CONSTRAINT f CHECK (d <> ''));",
        "CREATE TABLE e (b TEXT CONSTRAINT known CHECK (b IN ('x', 'z')), c TEXT, d TEXT);",
        &[
            "check f on e: only in PostgreSQL",
            "check known on e: on b with 'x', 'y' in PostgreSQL, on b with 'x', 'z' in SQLite",
            "check on e (c): only in PostgreSQL",
        ],
    ),
];

/// One that is the same in the types of each.
const SAME: (&str, &str) = (
    "CREATE TYPE mood AS ENUM ('sad', 'ok');
     CREATE TABLE s (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, u uuid NOT NULL UNIQUE, t timestamptz, b boolean NOT NULL DEFAULT true,
     m mood, v varchar(10) CHECK (v <> ''), d date, n numeric(6, 2), r double precision, j jsonb, s smallint, y bytea,
     book bigint NOT NULL REFERENCES books (id) ON DELETE CASCADE, CONSTRAINT known_length CHECK (length(v) BETWEEN 1 AND 9));
     CREATE INDEX s_t_idx ON s (coalesce(t, 'infinity') DESC, id);",
    "CREATE TABLE s (id INTEGER PRIMARY KEY, u BLOB NOT NULL UNIQUE CHECK (length(u) = 16), t INTEGER, b INTEGER NOT NULL DEFAULT 1 CHECK (b IN (0, 1)),
     m TEXT CHECK (m IN ('ok', 'sad')), v TEXT CHECK (length(v) <= 10) CHECK (v <> ''), d TEXT, n TEXT, r REAL, j TEXT, s INTEGER, y BLOB,
     book INTEGER NOT NULL REFERENCES books ON DELETE CASCADE, CONSTRAINT known_length CHECK (length(v) BETWEEN 1 AND 9)) STRICT;
     CREATE INDEX s_t_idx ON s (coalesce(t, 9223372036854775807) DESC, id);",
);

/// Books, and these changes on both databases.
fn files(postgres: &str, sqlite: &str) -> Files {
    let irreversible = "-- irreversible: not what this is about\n";
    let table = "CREATE TABLE books (id bigint PRIMARY KEY, title text NOT NULL, author text);";
    Files::none()
        .with("20300101000000_create_books", table, irreversible)
        .with_one("postgres", STEM, postgres, irreversible)
        .with_one("sqlite", STEM, sqlite, irreversible)
}

#[tokio::test]
async fn what_one_database_has_and_the_other_has_not_is_named() {
    let join = |side: fn(&(&'static str, &'static str, &[&str])) -> &'static str| {
        CASES.iter().map(side).collect::<Vec<_>>().join("\n")
    };
    let files = files(&join(|case| case.0), &join(|case| case.1));
    let mut expected: Vec<_> = CASES.iter().flat_map(|case| case.2).collect();
    expected.sort();
    let database = Database::empty(Postgres).await;
    let said = document(&files.migrate(&database, &["verify", "--json"]).expect(1));
    let agreement = json!({ "compared": true, "differences": expected, "excused": [] });
    assert_eq!(said["agreement"], agreement, "{said:#}");
}

#[tokio::test]
async fn the_same_in_the_types_of_each_is_the_same() {
    let database = Database::empty(Postgres).await;
    let said = files(SAME.0, SAME.1).migrate(&database, &["verify"]).expect(0).stdout;
    assert!(said.ends_with("both      the same logical schema\n"), "{said}");
    let said = files(SAME.0, "CREATE TABLE s (id INTEGER PRIMARY KEY);");
    let said = said.migrate(&database, &["verify"]).expect(1).stdout;
    assert!(
        said.contains("both      different schemas:\n    check known_length on s: only in P"),
        "{said}"
    );
}

fn agreement(said: &Value) -> (bool, usize, usize) {
    let count = |of: &str| said["agreement"][of].as_array().map_or(0, Vec::len);
    (said["agreement"]["compared"] == true, count("differences"), count("excused"))
}

#[tokio::test]
async fn the_shipped_ones_are_excused_by_name_also_in_a_folder_with_more() {
    let database = Database::empty(Postgres).await;
    let said = document(&migrate(&database, &["verify", "--json"]).expect(0));
    let (compared, differences, excused) = agreement(&said);
    assert!(compared && differences == 0 && excused > 0, "{said:#}");
    let files = Files::none();
    let shipped = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations");
    for dialect in ["postgres", "sqlite"] {
        for entry in std::fs::read_dir(shipped.join(dialect)).expect("migrations") {
            let from = entry.expect("an entry").path();
            let to = std::path::Path::new(files.path()).join(dialect);
            std::fs::copy(&from, to.join(from.file_name().expect("a name"))).expect("a copy");
        }
    }
    let files = files.with_one(
        "postgres",
        STEM,
        "CREATE INDEX more_idx ON tasks (version);",
        "DROP INDEX more_idx;",
    );
    let files = files.with_one("sqlite", STEM, "SELECT 1;", "SELECT 1;");
    let said = document(&files.migrate(&database, &["verify", "--json"]).expect(1));
    assert_eq!(agreement(&said), (true, 1, excused), "{said:#}");
    let named = &said["agreement"]["differences"][0];
    assert_eq!(named, "index more_idx on tasks: only in PostgreSQL");
}

#[tokio::test]
async fn one_database_proves_nothing_of_the_other_and_says_so() {
    let server = Database::empty(Postgres).await;
    let database = Database::empty(Sqlite).await;
    let said = migrate(&database, &["verify"]).expect(0).stdout;
    assert!(said.contains("both      not compared: without a PostgreSQL server"), "{said}");
    let variables = [("DATABASE_URL", &*database.url), ("REHEARSAL_DATABASE_URL", &*server.url)];
    let said = document(&run(&["migrate", "verify", "--json"], &variables).expect(0));
    assert!(agreement(&said).0, "{said:#}");
}

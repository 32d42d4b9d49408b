//! Generated rows: valid, in every table that can have them, the same for the same seed.

use proptest::prelude::*;
use rstest::rstest;
use schemakeep::Dialect::{self, Postgres, Sqlite};
use schemakeep::seed::{Filled, fill};

use crate::support::TestDatabase;

const ROWS: usize = 40;
const SEED: u64 = 7;

async fn filled(database: &TestDatabase, seed: u64) -> Filled {
    fill(&database.url, ROWS, seed).await.expect("rows")
}

fn counts(filled: &Filled) -> Vec<(&str, usize, Option<&str>)> {
    let tables = filled.tables.iter();
    tables.map(|table| (table.table.as_str(), table.rows, table.why.as_deref())).collect()
}

#[rstest]
#[tokio::test]
async fn the_shipped_schema_is_filled(#[values(Sqlite, Postgres)] dialect: Dialect) {
    let database = TestDatabase::new(dialect).await;
    database.up(&database.embedded(), None).await.expect("applied");
    for turn in [1, 2] {
        let filled = filled(&database, turn).await;
        let counts = counts(&filled);
        assert!(counts.contains(&("tasks", ROWS, None)), "{counts:?}");
        assert!(
            counts.iter().all(|(_, rows, fault)| *rows == ROWS && fault.is_none()),
            "{counts:?}"
        );
    }
    assert_eq!(database.count("SELECT count(*) FROM tasks").await, 80);
    for (varied, least) in [
        ("SELECT count(DISTINCT status) FROM tasks", 3),
        ("SELECT count(DISTINCT priority) FROM tasks", 3),
        ("SELECT count(*) FROM tasks WHERE description IS NULL", 5),
        ("SELECT count(*) FROM tasks WHERE description IS NOT NULL", 5),
        ("SELECT count(*) FROM tasks WHERE completed_at IS NOT NULL", 5),
        ("SELECT count(*) FROM tasks WHERE search_text = ''", 1),
        ("SELECT count(*) FROM tasks WHERE search_text LIKE '%''%' OR search_text LIKE '%日%'", 1),
    ] {
        assert!(database.count(varied).await >= least, "{varied}");
    }
}

const POSTGRES: &str = "
CREATE TYPE mood AS ENUM ('sad', 'it''s ok');
CREATE DOMAIN email AS varchar(40) NOT NULL CHECK (VALUE LIKE '%@%');
CREATE TABLE people (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail email UNIQUE, mood mood NOT NULL,
    boss bigint REFERENCES people, born date NOT NULL CHECK (born > '1999-01-01'), tags text[] NOT NULL,
    extra jsonb NOT NULL, key uuid NOT NULL UNIQUE, raw bytea NOT NULL CHECK (octet_length(raw) = 4),
    active boolean NOT NULL, small smallint NOT NULL, price numeric(6, 2) NOT NULL CHECK (price >= 0),
    code char(3) NOT NULL CHECK (length(code) = 3), seen timestamptz NOT NULL DEFAULT now(), gap interval NOT NULL,
    twice integer GENERATED ALWAYS AS (length(code) * 2) STORED);
CREATE TABLE \"the orders\" (people_id bigint NOT NULL, nr integer NOT NULL CHECK (nr BETWEEN 1 AND 9), kind text NOT NULL,
    sent timestamptz, \"from\" serial, PRIMARY KEY (people_id, nr), FOREIGN KEY (people_id) REFERENCES people ON DELETE CASCADE,
    CONSTRAINT known CHECK (kind IN ('new', 'sent')), CONSTRAINT when_sent CHECK ((kind = 'sent') = (sent IS NOT NULL)));
CREATE TABLE alines (people_id bigint, nr integer, text varchar(5) NOT NULL,
    FOREIGN KEY (people_id, nr) REFERENCES \"the orders\" (people_id, nr));
CREATE TABLE never (id bigint PRIMARY KEY, n integer NOT NULL CONSTRAINT never_ever CHECK (n = 17 AND n = 18));";

const SQLITE: &str = "
CREATE TABLE people (id INTEGER PRIMARY KEY, mail TEXT NOT NULL UNIQUE CHECK (mail LIKE '%@%'),
    mood TEXT NOT NULL CHECK (mood IN ('sad', 'it''s ok')), boss INTEGER REFERENCES people,
    born date NOT NULL CHECK (born > '1999-01-01'), extra TEXT NOT NULL CHECK (json_valid(extra)), key BLOB NOT NULL UNIQUE,
    raw BLOB NOT NULL CHECK (length(raw) = 4), active boolean NOT NULL CHECK (active IN (0, 1)),
    price numeric NOT NULL CHECK (price >= 0), code TEXT NOT NULL CHECK (length(code) = 3),
    twice INTEGER GENERATED ALWAYS AS (length(code) * 2) STORED);
CREATE TABLE \"the orders\" (people_id INTEGER NOT NULL, nr INTEGER NOT NULL CHECK (nr BETWEEN 1 AND 9), kind TEXT NOT NULL,
    sent INTEGER, \"from\" ANY, PRIMARY KEY (people_id, nr), FOREIGN KEY (people_id) REFERENCES people ON DELETE CASCADE,
    CONSTRAINT known CHECK (kind IN ('new', 'sent')), CONSTRAINT when_sent CHECK ((kind = 'sent') = (sent IS NOT NULL))) STRICT;
CREATE TABLE alines (people_id INTEGER, nr INTEGER, text varchar(5) NOT NULL,
    FOREIGN KEY (people_id, nr) REFERENCES \"the orders\" (people_id, nr)) STRICT;
CREATE TABLE never (id INTEGER PRIMARY KEY, n INTEGER NOT NULL CONSTRAINT never_ever CHECK (n = 17 AND n = 18));";

#[rstest]
#[tokio::test]
async fn constraints_are_met_and_what_cannot_be_is_said(
    #[values(Sqlite, Postgres)] dialect: Dialect,
) {
    let schema = if dialect == Postgres {
        POSTGRES.to_owned()
    } else {
        SQLITE.replace("varchar(5)", "TEXT")
    };
    let (one, two) = (TestDatabase::new(dialect).await, TestDatabase::new(dialect).await);
    for database in [&one, &two] {
        database.run(&schema).await;
    }
    let reported = filled(&one, SEED).await;
    let found = counts(&reported);
    let tables: Vec<_> = found.iter().map(|(table, rows, _)| (*table, *rows)).collect();
    let expected = [("never", 0), ("people", ROWS), ("the orders", ROWS), ("alines", ROWS)];
    assert_eq!(tables, expected, "{found:?}");
    assert!(found[0].2.is_some_and(|why| why.contains("never_ever")), "{found:?}");
    for (some, least) in [
        ("SELECT count(*) FROM people WHERE boss IS NOT NULL", 1),
        ("SELECT count(*) FROM alines WHERE nr IS NOT NULL", 1),
        ("SELECT count(*) FROM alines WHERE nr IS NULL", 1),
    ] {
        assert!(one.count(some).await >= least, "{some}");
    }
    assert_eq!(filled(&two, SEED).await, reported);
    let content = match dialect {
        Postgres => {
            "SELECT string_agg(concat_ws('|', kind, nr, sent, raw, key, mail, code), ',' ORDER BY people_id, nr) \
             FROM \"the orders\" JOIN people ON id = people_id"
        }
        Sqlite => {
            "SELECT group_concat(concat_ws('|', kind, nr, sent, hex(raw), hex(key), mail, code), ',' ORDER BY people_id, nr) \
             FROM \"the orders\" JOIN people ON id = people_id"
        }
    };
    assert_eq!(one.text(content).await, two.text(content).await, "the same seed");
}

/// Columns as PostgreSQL and as SQLite say them.
const COLUMNS: [(&str, &str); 12] = [
    ("text", "TEXT"),
    (
        "text NOT NULL CHECK (char_length(@) BETWEEN 2 AND 30)",
        "TEXT NOT NULL CHECK (length(@) BETWEEN 2 AND 30)",
    ),
    ("text NOT NULL UNIQUE", "TEXT NOT NULL UNIQUE"),
    (
        "text NOT NULL CHECK (@ IN ('a', 'b', 'it''s'))",
        "TEXT NOT NULL CHECK (@ IN ('a', 'b', 'it''s'))",
    ),
    ("varchar(3)", "TEXT CHECK (length(@) <= 3)"),
    ("integer NOT NULL CHECK (@ > 5)", "INTEGER NOT NULL CHECK (@ > 5)"),
    ("bigint UNIQUE", "INTEGER UNIQUE"),
    ("boolean NOT NULL", "INTEGER NOT NULL CHECK (@ IN (0, 1))"),
    ("uuid NOT NULL", "BLOB NOT NULL CHECK (length(@) = 16)"),
    ("timestamptz", "INTEGER"),
    ("double precision NOT NULL DEFAULT 0", "REAL NOT NULL DEFAULT 0"),
    ("text CHECK ((@ IS NULL) = (key < 100))", "TEXT CHECK ((@ IS NULL) = (key < 100))"),
];

/// Tables, each with its columns and whether it must refer to the one before.
fn schema(dialect: Dialect, tables: &[(Vec<usize>, bool)]) -> String {
    let table = |(at, (columns, must)): (usize, &(Vec<usize>, bool))| {
        let columns = columns.iter().enumerate().map(|(n, column)| {
            let (postgres, sqlite) = COLUMNS[*column];
            let text = if dialect == Postgres { postgres } else { sqlite };
            format!(", c{n} {}", text.replace('@', &format!("c{n}")))
        });
        let columns: String = columns.collect();
        let parent = at.checked_sub(1).map(|parent| {
            let null = if *must { "NOT NULL" } else { "" };
            format!(", parent integer {null} REFERENCES t{parent} (key) ON DELETE CASCADE")
        });
        let strict = if dialect == Sqlite { "STRICT" } else { "" };
        let key = "key integer PRIMARY KEY CHECK (key BETWEEN 1 AND 1000)";
        format!("CREATE TABLE t{at} ({key}{columns}{}) {strict};", parent.unwrap_or_default())
    };
    tables.iter().enumerate().map(table).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_small_schema_is_filled(
        tables in prop::collection::vec(
            (prop::collection::vec(0..COLUMNS.len(), 0..6), any::<bool>()), 1..4),
        seed in any::<u64>(),
    ) {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        for dialect in [Sqlite, Postgres] {
            let schema = schema(dialect, &tables);
            let found = runtime.block_on(async {
                let database = TestDatabase::new(dialect).await;
                database.run(&schema).await;
                let found = fill(&database.url, 20, seed).await.expect("rows");
                for table in &found.tables {
                    let query = format!("SELECT count(*) FROM {}", table.table);
                    let there = database.count(&query).await;
                    assert_eq!(there, i64::try_from(table.rows).expect("few"), "{}", table.table);
                }
                found
            });
            prop_assert_eq!(found.tables.len(), tables.len());
            for table in &found.tables {
                prop_assert!(table.rows == 20, "{dialect:?} {table:?} {schema}");
            }
        }
    }
}

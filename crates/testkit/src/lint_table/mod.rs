//! A table of migrations, with the findings that each must give and what it costs: `postgres.sql`, `sqlite.sql`.
//!
//! In both files `-- base:` is the schema of an earlier migration and `-- rows:` what its tables hold. Then row by row:
//! `expect` has `rule@line` for every finding; `cost` a table with the strongest lock on it while the migration's
//! transaction is open, and whether all of it is rewritten or read; `fails` that the database refuses it; `before`
//! lines of one more migration in between. None of it is believed: tests hold it against the lint and the databases.

use crate::Backend;

/// One migration of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// What it shows.
    pub name: String,
    /// The database it is for.
    pub dialect: Backend,
    /// The first migration.
    pub base: String,
    /// What fills the tables of the first migration.
    pub rows: String,
    /// The second one; empty where none is needed.
    pub before: String,
    /// The migration in question.
    pub up: String,
    /// Its way back.
    pub down: String,
    /// Rule and line of every finding, in the order of the lines.
    pub expected: Vec<(String, usize)>,
    /// What it costs; `None` where nothing is claimed.
    pub cost: Option<Cost>,
    /// The database refuses it.
    pub fails: bool,
}

/// What a migration costs a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cost {
    /// The table.
    pub table: String,
    /// The strongest lock, as PostgreSQL's manual names it; `None` where there is none.
    pub lock: Option<String>,
    /// The table is rewritten.
    pub rewrites: bool,
    /// The whole table is read.
    pub scans: bool,
}

impl Row {
    /// Everything that is there before: tables with rows in them.
    #[must_use]
    pub fn setup(&self) -> String {
        format!("{}\n{}\n{}", self.base, self.rows, self.before)
    }

    /// Whether it runs in a transaction.
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        self.dialect == Backend::Sqlite || !self.up.starts_with("-- no-transaction")
    }
}

/// Every row for one database.
///
/// # Panics
///
/// When the file is not written as above.
#[must_use]
pub fn rows(dialect: Backend) -> Vec<Row> {
    let text = match dialect {
        Backend::Postgres => include_str!("postgres.sql"),
        Backend::Sqlite => include_str!("sqlite.sql"),
    };
    let mut blocks = text.split("-- row: ");
    let head = blocks.next().expect("a head");
    let (base, filling) = head.split_once("-- rows:\n").expect("rows");
    let base = base.trim_start_matches("-- base:\n");
    blocks.map(|block| row(dialect, base, filling, block)).collect()
}

fn row(dialect: Backend, base: &str, rows: &str, block: &str) -> Row {
    let (head, up) = block.split_once("-- up:\n").unwrap_or_else(|| panic!("no up: {block}"));
    let mut lines = head.lines();
    let mut row = Row {
        name: lines.next().expect("a name").to_owned(),
        dialect,
        base: base.to_owned(),
        rows: rows.to_owned(),
        before: String::new(),
        up: format!("{}\n", up.trim_end()),
        down: String::new(),
        expected: Vec::new(),
        cost: None,
        fails: false,
    };
    for line in lines {
        let (key, value) = line.trim_start_matches("-- ").split_once(':').expect("key: value");
        let value = value.trim();
        match key {
            "expect" => row.expected = value.split(' ').map(finding).collect(),
            "cost" => row.cost = Some(cost(value)),
            "fails" => row.fails = true,
            "before" => row.before.extend([value, "\n"]),
            "down" => row.down.extend([value, "\n"]),
            other => panic!("{other}: no such key"),
        }
    }
    row
}

fn finding(text: &str) -> (String, usize) {
    let (rule, line) = text.split_once('@').expect("rule@line");
    (rule.to_owned(), line.parse().expect("a line"))
}

fn cost(text: &str) -> Cost {
    let parts: Vec<&str> = text.split(", ").collect();
    let lock = parts[1];
    Cost {
        table: parts[0].to_owned(),
        lock: (lock != "none").then(|| lock.to_owned()),
        rewrites: parts.contains(&"rewrites"),
        scans: parts.contains(&"scans"),
    }
}

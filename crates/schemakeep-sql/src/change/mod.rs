//! What a statement of a migration does to tables that hold data, read from its syntax tree.
//!
//! Pure. Lint, preflight and the row guard ask different questions of the same changes. What stands inside a
//! function or a `DO` block is not seen here; the row guard counts, and sees it.

mod definition;
mod postgres;
mod sqlite;
#[cfg(test)]
mod tests;

pub use definition::{Column, Definition, Key, RowSource};

use crate::lexer;
use schemakeep_db::Dialect;

/// A table's name as the database folds it, without quotes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName {
    /// The schema, where one is written.
    pub schema: Option<String>,
    pub name: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    pub columns: Vec<String>,
    pub target: TableName,
    /// Its columns; none means its primary key.
    pub target_columns: Vec<String>,
}

/// One change to a table. A statement with several of them makes several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A table is created (not a temporary one).
    CreateTable {
        table: TableName,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// Its columns and constraints; none where they come from a query or from another table.
        definition: Option<Box<Definition>>,
    },
    /// A table, or with `rows_only` all of its rows, goes (`DROP TABLE`, `TRUNCATE`).
    DropTable {
        table: TableName,
        /// `TRUNCATE`.
        rows_only: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// A table gets another name.
    RenameTable {
        table: TableName,
        to: String,
    },
    AddColumn {
        table: TableName,
        column: String,
        /// Its type as written; empty where none is.
        ty: String,
        /// `IF NOT EXISTS`.
        if_not_exists: bool,
        /// `NOT NULL`, or part of a primary key.
        not_null: bool,
        default: Option<String>,
        /// Identity, serial or generated: the database fills it in.
        filled: bool,
    },
    DropColumn {
        table: TableName,
        column: String,
    },
    /// A column gets another name.
    RenameColumn {
        table: TableName,
        column: String,
        to: String,
    },
    /// A column gets another type.
    AlterType {
        table: TableName,
        column: String,
        /// The new type as written.
        to: String,
        /// The text of `USING`.
        using: Option<String>,
    },
    /// A column may not be null any more.
    SetNotNull {
        table: TableName,
        column: String,
    },
    /// A unique or primary key, or a unique index.
    AddUnique {
        table: TableName,
        /// Columns or expressions, as SQL text fit for a query.
        columns: Vec<String>,
        /// The condition of a partial index.
        predicate: Option<String>,
        /// `NULLS NOT DISTINCT`.
        nulls_not_distinct: bool,
        /// A primary key: its columns may not be null either.
        primary: bool,
        /// An index that is there already is used: nothing to check.
        using_index: bool,
    },
    AddForeignKey {
        table: TableName,
        key: ForeignKey,
        /// Its name, where one is given.
        name: Option<String>,
        /// `NOT VALID`: what is there stays unchecked.
        not_valid: bool,
    },
    AddCheck {
        table: TableName,
        /// Its name, where one is given.
        name: Option<String>,
        /// Its condition, as SQL text.
        expression: String,
        /// `NOT VALID`: what is there stays unchecked.
        not_valid: bool,
    },
    /// A constraint that was added `NOT VALID` is checked.
    Validate {
        table: TableName,
        constraint: String,
    },
    /// Rows are deleted or changed.
    ChangeRows {
        table: TableName,
        /// `DELETE`.
        deletes: bool,
        /// There is a condition.
        bounded: bool,
        /// The columns that an `UPDATE` sets, each with the text of its new value.
        sets: Vec<(String, String)>,
    },
    /// Rows are added.
    InsertRows {
        table: TableName,
        /// The columns that are named; none means all of them in their order.
        columns: Vec<String>,
        /// The query that the rows come from; none for `VALUES` and `COPY`.
        source: Option<RowSource>,
        /// A row that breaks a unique key or a check is left out or replaces another one.
        tolerant: bool,
    },
    /// Something that may change the rows of any table: a block, a call, or a statement that may change rows and
    /// was not understood.
    Opaque {
        /// Its first word.
        what: String,
    },
}

/// A change and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The line of the statement's first word, from 1.
    pub line: usize,
    pub change: Change,
}

/// Every change in a file, in its order. A statement that the parser does not understand makes none, or
/// [`Change::Opaque`] where it may change rows.
#[must_use]
pub fn changes(sql: &str, dialect: Dialect) -> Vec<Located> {
    let mut found = Vec::new();
    for statement in lexer::statements(sql, dialect) {
        let text = &sql[statement.start..statement.end];
        let changes = match dialect {
            Dialect::Postgres => postgres::changes(text),
            Dialect::Sqlite => sqlite::changes(text),
        };
        let changes = changes.unwrap_or_else(|| opaque(&statement.words).into_iter().collect());
        found.extend(changes.into_iter().map(|change| Located { line: statement.line, change }));
    }
    found
}

/// What a statement that was not understood may do, by its first word.
fn opaque(words: &[String]) -> Option<Change> {
    const HARMLESS: [&str; 16] = [
        "ALTER", "ANALYZE", "CLUSTER", "COMMENT", "CREATE", "DETACH", "DROP", "EXPLAIN", "GRANT",
        "NOTIFY", "PRAGMA", "REFRESH", "REINDEX", "RESET", "REVOKE", "VACUUM",
    ];
    let what = words.first().filter(|word| !HARMLESS.contains(&word.as_str()))?;
    Some(Change::Opaque { what: what.clone() })
}

/// A name as an identifier in SQL, whatever is in it.
#[must_use]
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('\0', "").replace('"', "\"\""))
}

//! What a statement of a migration does to tables that hold data, read from its syntax tree.
//!
//! Pure. Lint, preflight and the row guard ask different questions of the same changes. What stands inside a
//! function or a `DO` block is not seen here; the row guard counts, and sees it.

mod postgres;
mod sqlite;

use super::Dialect;

/// A table's name as the database folds it, without quotes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName {
    /// The schema, where one is written.
    pub schema: Option<String>,
    /// The table.
    pub name: String,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    /// The columns that refer.
    pub columns: Vec<String>,
    /// The table referred to.
    pub target: TableName,
    /// Its columns; none means its primary key.
    pub target_columns: Vec<String>,
}

/// One change to a table. A statement with several of them makes several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A table is created (not a temporary one).
    CreateTable {
        /// The new table.
        table: TableName,
    },
    /// A table, or with `rows_only` all of its rows, goes (`DROP TABLE`, `TRUNCATE`).
    DropTable {
        /// The table.
        table: TableName,
        /// `TRUNCATE`.
        rows_only: bool,
        /// `CASCADE`.
        cascade: bool,
    },
    /// A table gets another name.
    RenameTable {
        /// The table.
        table: TableName,
        /// Its new name.
        to: String,
    },
    /// A column is added.
    AddColumn {
        /// The table.
        table: TableName,
        /// The new column.
        column: String,
        /// `NOT NULL`, or part of a primary key.
        not_null: bool,
        /// The default's text.
        default: Option<String>,
        /// Identity, serial or generated: the database fills it in.
        filled: bool,
    },
    /// A column goes.
    DropColumn {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
    },
    /// A column gets another name.
    RenameColumn {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
        /// Its new name.
        to: String,
    },
    /// A column gets another type.
    AlterType {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
        /// The new type as written.
        to: String,
        /// The text of `USING`.
        using: Option<String>,
    },
    /// A column may not be null any more.
    SetNotNull {
        /// The table.
        table: TableName,
        /// The column.
        column: String,
    },
    /// A unique or primary key, or a unique index.
    AddUnique {
        /// The table.
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
    /// A foreign key.
    AddForeignKey {
        /// The table that refers.
        table: TableName,
        /// The key.
        key: ForeignKey,
        /// Its name, where one is given.
        name: Option<String>,
        /// `NOT VALID`: what is there stays unchecked.
        not_valid: bool,
    },
    /// A check.
    AddCheck {
        /// The table.
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
        /// The table.
        table: TableName,
        /// The constraint.
        constraint: String,
    },
    /// Rows are deleted or changed.
    ChangeRows {
        /// The table.
        table: TableName,
        /// `DELETE`.
        deletes: bool,
        /// There is a condition.
        bounded: bool,
    },
}

/// A change and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Located {
    /// The line of the statement's first word, from 1.
    pub line: usize,
    /// The change.
    pub change: Change,
}

/// Every change in a file, in its order. Statements that the parser does not understand make none.
#[must_use]
pub fn changes(sql: &str, dialect: Dialect) -> Vec<Located> {
    match dialect {
        Dialect::Postgres => postgres::changes(sql),
        Dialect::Sqlite => sqlite::changes(sql),
    }
}

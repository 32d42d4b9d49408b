//! What a new table is made of, and where rows that are put into a table come from.

use super::{ForeignKey, TableName};

/// Columns and constraints of a new table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definition {
    /// The columns, in their order.
    pub columns: Vec<Column>,
    /// The primary key and the unique keys.
    pub keys: Vec<Key>,
    /// The checks, as SQL text.
    pub checks: Vec<String>,
    pub foreign_keys: Vec<ForeignKey>,
    /// SQLite's `STRICT`: values must fit the columns' types.
    pub strict: bool,
}

impl Definition {
    /// The columns of the primary key; none where there is none.
    #[must_use]
    pub fn primary_key(&self) -> &[String] {
        self.keys.iter().find(|key| key.primary).map_or(&[], |key| &key.columns)
    }
}

/// A column of a new table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// Its type as written; empty where none is.
    pub ty: String,
    /// It may not be null.
    pub not_null: bool,
    pub default: Option<String>,
    /// Identity, serial, generated, or SQLite's number of the row: the database fills it in.
    pub filled: bool,
    /// The collation, where one is given.
    pub collation: Option<String>,
}

/// A primary or unique key of a new table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    pub columns: Vec<String>,
    /// Whether it is the primary key.
    pub primary: bool,
    /// `NULLS NOT DISTINCT`.
    pub nulls_not_distinct: bool,
}

/// A query whose rows are put into a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowSource {
    pub query: String,
    /// The tables that it reads.
    pub tables: Vec<TableName>,
}

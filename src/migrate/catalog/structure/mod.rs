//! The tables of a schema as values: columns, keys, checks, foreign keys, read from either catalogue into one shape.
//!
//! Left out are the record's own tables, what belongs to extensions, partitions below their parent, and the
//! tables that SQLite keeps behind a virtual one. Definitions stay text in the dialect that they were read from.

mod postgres;
mod sqlite;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use super::super::Dialect;
use super::super::session::Session;

pub(in crate::migrate) use words::{Word, words};

/// All tables of a schema, by name.
pub(in crate::migrate) type Structure = BTreeMap<String, Table>;

/// A table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::migrate) struct Table {
    /// In the order of the catalogue.
    pub(in crate::migrate) columns: Vec<Column>,
    pub(in crate::migrate) checks: Vec<Check>,
    /// Keys among them; the primary key of an SQLite table by its row number too, which has no index.
    pub(in crate::migrate) indexes: Vec<Index>,
    pub(in crate::migrate) foreign_keys: Vec<ForeignKey>,
    /// Names.
    pub(in crate::migrate) triggers: BTreeSet<String>,
    /// A module of SQLite keeps it, such as FTS5.
    pub(in crate::migrate) is_virtual: bool,
}

impl Table {
    pub(in crate::migrate) fn primary_key(&self) -> Option<&Index> {
        self.indexes.iter().find(|index| index.primary)
    }
}

/// Where the value of a column comes from when an INSERT does not name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::migrate) enum Source {
    /// NULL, or an error.
    Nothing,
    /// A DEFAULT.
    Default,
    /// A number that the database counts: an identity, a serial, SQLite's row number.
    Counter,
    /// An expression over other columns; it cannot be given.
    Generated,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::migrate) struct Column {
    pub(in crate::migrate) name: String,
    /// As declared; on PostgreSQL a domain's base type: `character varying(20)`.
    pub(in crate::migrate) declared: String,
    /// The values of an enumerated type, else none.
    pub(in crate::migrate) labels: Vec<String>,
    /// Whether NULL is a value of it. Columns of a primary key have none: SQLite lets them, by a mistake that
    /// it keeps for old files, and nobody means it.
    pub(in crate::migrate) nullable: bool,
    pub(in crate::migrate) source: Source,
}

impl Column {
    /// The declared type in small letters, without what is in brackets: `character varying`.
    pub(in crate::migrate) fn base_type(&self) -> String {
        let mut base = String::new();
        let mut depth = 0_u32;
        for c in self.declared.to_lowercase().chars() {
            match c {
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                c if depth == 0 => base.push(c),
                _ => {}
            }
        }
        base.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// The first number in brackets after the type, which bounds a text's length in characters.
    pub(in crate::migrate) fn bound(&self) -> Option<usize> {
        let (_, rest) = self.declared.split_once('(')?;
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    }
}

/// A CHECK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::migrate) struct Check {
    /// None where nobody gave it one.
    pub(in crate::migrate) name: Option<String>,
    /// The condition.
    pub(in crate::migrate) condition: String,
    /// The columns that it mentions.
    pub(in crate::migrate) columns: BTreeSet<String>,
}

/// An index or a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::migrate) struct Index {
    /// None for a key of SQLite, whose index has a name of the database's making.
    pub(in crate::migrate) name: Option<String>,
    pub(in crate::migrate) unique: bool,
    pub(in crate::migrate) primary: bool,
    pub(in crate::migrate) columns: Vec<IndexColumn>,
    /// It has a WHERE.
    pub(in crate::migrate) partial: bool,
}

impl Index {
    /// Whether it has this column.
    pub(in crate::migrate) fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|own| own.text == column)
    }
}

/// A column of an index, or an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::migrate) struct IndexColumn {
    /// Its name or the expression.
    pub(in crate::migrate) text: String,
    pub(in crate::migrate) expression: bool,
    pub(in crate::migrate) descending: bool,
}

/// A foreign key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::migrate) struct ForeignKey {
    pub(in crate::migrate) columns: Vec<String>,
    pub(in crate::migrate) table: String,
    /// The columns referenced.
    pub(in crate::migrate) references: Vec<String>,
    /// `CASCADE`, `SET NULL` and the like.
    pub(in crate::migrate) on_delete: String,
    pub(in crate::migrate) on_update: String,
}

/// Reads the tables of the schema that an unqualified name reaches first.
pub(in crate::migrate) async fn structure(session: &mut Session) -> Result<Structure, sqlx::Error> {
    match session.dialect() {
        Dialect::Postgres => postgres::structure(session).await,
        Dialect::Sqlite => sqlite::structure(session).await,
    }
}

/// The columns of these that a text mentions.
pub(in crate::migrate) fn mentioned<'a>(
    text: &str,
    columns: impl Iterator<Item = &'a str>,
) -> BTreeSet<String> {
    let names: Vec<_> = words(text)
        .into_iter()
        .filter_map(|word| if let Word::Name(name) = word { Some(name) } else { None })
        .collect();
    let is_mentioned = |column: &&str| names.iter().any(|name| name.eq_ignore_ascii_case(column));
    columns.filter(is_mentioned).map(str::to_owned).collect()
}

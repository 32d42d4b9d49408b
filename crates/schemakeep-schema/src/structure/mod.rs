//! The tables of a schema as values: columns, keys, checks, foreign keys, read from either catalogue into one shape.
//!
//! Left out are the record's own tables, what belongs to extensions, partitions below their parent, and the
//! tables that SQLite keeps behind a virtual one. Definitions stay text in the dialect that they were read from.

mod postgres;
mod sqlite;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use schemakeep_db::Dialect;
use schemakeep_db::connection::Session;

pub use words::{Word, words};

/// All tables of a schema, by name.
pub type Structure = BTreeMap<String, Table>;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// In the order of the catalogue.
    pub columns: Vec<Column>,
    pub checks: Vec<Check>,
    /// Keys among them; the primary key of an SQLite table by its row number too, which has no index.
    pub indexes: Vec<Index>,
    pub foreign_keys: Vec<ForeignKey>,
    /// Names.
    pub triggers: BTreeSet<String>,
    /// A module of SQLite keeps it, such as FTS5.
    pub is_virtual: bool,
}

impl Table {
    pub fn primary_key(&self) -> Option<&Index> {
        self.indexes.iter().find(|index| index.primary)
    }
}

/// Where the value of a column comes from when an INSERT does not name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// NULL, or an error.
    Nothing,
    /// A DEFAULT.
    Default,
    /// A number that the database counts: an identity, a serial, SQLite's row number.
    Counter,
    /// An expression over other columns; it cannot be given.
    Generated,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub name: String,
    /// As declared; on PostgreSQL a domain's base type: `character varying(20)`.
    pub declared: String,
    /// The values of an enumerated type, else none.
    pub labels: Vec<String>,
    /// Whether NULL is a value of it. Columns of a primary key have none: SQLite lets them, by a mistake that
    /// it keeps for old files, and nobody means it.
    pub nullable: bool,
    pub source: Source,
}

impl Column {
    /// The declared type in small letters, without what is in brackets: `character varying`.
    pub fn base_type(&self) -> String {
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
    pub fn bound(&self) -> Option<usize> {
        let (_, rest) = self.declared.split_once('(')?;
        let digits = rest.split(|c: char| !c.is_ascii_digit()).next()?;
        digits.parse().ok()
    }
}

/// A CHECK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// None where nobody gave it one.
    pub name: Option<String>,
    pub condition: String,
    /// The columns that it mentions.
    pub columns: BTreeSet<String>,
}

/// An index or a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// None for a key of SQLite, whose index has a name of the database's making.
    pub name: Option<String>,
    pub unique: bool,
    pub primary: bool,
    pub columns: Vec<IndexColumn>,
    /// It has a WHERE.
    pub partial: bool,
}

impl Index {
    /// Whether it has this column.
    pub fn has(&self, column: &str) -> bool {
        self.columns.iter().any(|own| own.text == column)
    }
}

/// A column of an index, or an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexColumn {
    /// Its name or the expression.
    pub text: String,
    pub expression: bool,
    pub descending: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ForeignKey {
    pub columns: Vec<String>,
    pub table: String,
    pub references: Vec<String>,
    /// `CASCADE`, `SET NULL` and the like.
    pub on_delete: String,
    pub on_update: String,
}

/// Reads the tables of the schema that an unqualified name reaches first.
pub async fn structure(session: &mut Session) -> Result<Structure, sqlx::Error> {
    match session.dialect() {
        Dialect::Postgres => postgres::structure(session).await,
        Dialect::Sqlite => sqlite::structure(session).await,
    }
}

/// The columns of these that a text mentions.
pub fn mentioned<'a>(text: &str, columns: impl Iterator<Item = &'a str>) -> BTreeSet<String> {
    let names: Vec<_> = words(text)
        .into_iter()
        .filter_map(|word| if let Word::Name(name) = word { Some(name) } else { None })
        .collect();
    let is_mentioned = |column: &&str| names.iter().any(|name| name.eq_ignore_ascii_case(column));
    columns.filter(is_mentioned).map(str::to_owned).collect()
}

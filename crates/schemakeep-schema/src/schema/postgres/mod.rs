//! The schema of a database of PostgreSQL.
//!
//! Definitions are those that the server writes down again, with the names of this schema unqualified, so that they
//! do not depend on what the schema and the database are called. Not part of it: comments, owners, grants, storage
//! parameters, tablespaces, aggregates, rules, row security and foreign tables.

mod canonical;
mod query;
mod read;

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

pub use canonical::{mentions, renamed, retyped};
pub use read::{read, read_in_transaction};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    /// Enumerated types.
    pub enums: BTreeMap<String, Enum>,
    /// Domains.
    pub domains: BTreeMap<String, Domain>,
    /// Sequences that are not the inside of a serial or identity column.
    pub sequences: BTreeMap<String, Sequence>,
    /// Functions and procedures, by name and types of arguments: `touch(integer)`.
    pub functions: BTreeMap<String, Function>,
    /// Tables.
    pub tables: BTreeMap<String, Table>,
    /// Views, materialised or not.
    pub views: BTreeMap<String, View>,
}

/// Something that is known, but in which two schemas may differ and be equal.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Aside<T>(pub T);

impl<T> PartialEq for Aside<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Aside<T> {}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Enum {
    /// In their order.
    pub labels: Vec<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Domain {
    /// What it is made of, in SQL.
    pub ty: String,
    /// Where it is not the type's own.
    pub collation: Option<String>,
    /// Whether it holds no null.
    pub not_null: bool,
    pub default: Option<String>,
    /// By name: definition, and whether it holds for what was there before it.
    pub checks: BTreeMap<String, DomainCheck>,
}

/// A check of a domain.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct DomainCheck {
    /// `CHECK (…)`.
    pub definition: String,
    /// Whether it holds for what was there before it.
    pub valid: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Counting {
    /// `smallint`, `integer` or `bigint`.
    pub ty: String,
    /// The first value.
    pub start: i64,
    /// From one value to the next.
    pub increment: i64,
    pub min: i64,
    pub max: i64,
    /// How many a session takes at once.
    pub cache: i64,
    /// Whether it begins again after the last.
    pub cycle: bool,
}

/// A sequence of its own.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Sequence {
    pub counting: Counting,
    /// The table and column with which it goes.
    pub owner: Option<(String, String)>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Function {
    /// `CREATE OR REPLACE FUNCTION …`, whole.
    pub definition: String,
    /// Whether it is a procedure.
    pub procedure: bool,
    /// The language; `sql` is checked against the tables when it is created.
    pub language: String,
    /// What `CREATE OR REPLACE` cannot change: names of arguments and the type that is returned.
    pub shape: String,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// Why no migration is written for it: it is partitioned, or inherits.
    pub special: Option<String>,
    /// By name.
    pub columns: BTreeMap<String, Column>,
    /// By name.
    pub constraints: BTreeMap<String, Constraint>,
    /// Those that are not the inside of a constraint, by name.
    pub indexes: BTreeMap<String, Index>,
    /// By name.
    pub triggers: BTreeMap<String, Trigger>,
}

impl Table {
    /// Its columns as they stand in the table.
    #[must_use]
    pub fn in_order(&self) -> Vec<(&String, &Column)> {
        let mut columns: Vec<_> = self.columns.iter().collect();
        columns.sort_by_key(|(_, column)| column.place.0);
        columns
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    pub place: Aside<i32>,
    /// In SQL, with its length: `character varying(20)`.
    pub ty: String,
    /// Where it is not the type's own.
    pub collation: Option<String>,
    /// Whether it holds no null.
    pub not_null: bool,
    /// What it holds where nothing is said.
    pub value: Value,
}

/// What a column holds where nothing is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Null.
    Nothing,
    /// The value of an expression.
    Default(String),
    /// The next of a sequence that goes with the column: `serial`.
    Serial { sequence: Aside<String>, counting: Counting },
    /// The next of a sequence inside the column.
    Identity {
        /// `ALWAYS`, and not `BY DEFAULT`.
        always: bool,
        sequence: Aside<String>,
        counting: Counting,
    },
    /// An expression over the row, `STORED` or `VIRTUAL`.
    Generated {
        expression: String,
        /// Computed when it is written, and not when it is read.
        stored: bool,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub enum ConstraintKind {
    #[serde(rename = "p")]
    PrimaryKey,
    /// Unique.
    #[serde(rename = "u")]
    Unique,
    #[serde(rename = "c")]
    Check,
    #[serde(rename = "x")]
    Exclusion,
    #[serde(rename = "f")]
    ForeignKey,
}

/// A constraint of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constraint {
    pub kind: ConstraintKind,
    /// What follows its name, without `NOT VALID`.
    pub definition: String,
    /// Whether it holds for what was there before it.
    pub valid: bool,
    /// The columns it speaks of, sorted.
    pub columns: BTreeSet<String>,
    /// What a foreign key refers to.
    pub target: Option<Target>,
}

/// What a foreign key refers to.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Target {
    pub table: String,
    pub columns: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    /// Whether it is unique.
    pub unique: bool,
    /// What follows the table's name: `USING btree (…) … WHERE …`.
    pub definition: String,
    /// Whether it is whole.
    pub valid: bool,
    /// The columns it speaks of.
    pub columns: BTreeSet<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// Whether its rows are kept.
    pub materialised: bool,
    pub definition: String,
    /// What stands in `WITH (…)`, sorted.
    pub options: BTreeSet<String>,
    /// Names and types of its columns.
    pub columns: Vec<(String, String)>,
    /// Tables and views that it reads, with the column where it is one.
    pub uses: Aside<BTreeSet<(String, Option<String>)>>,
    /// Of a materialised one, by name.
    pub indexes: BTreeMap<String, Index>,
    /// `INSTEAD OF`, by name.
    pub triggers: BTreeMap<String, Trigger>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Trigger {
    /// `CREATE TRIGGER …`, whole.
    pub definition: String,
    /// When it fires: `O` as it should, `D` never, `R` on a replica, `A` always.
    pub fires: String,
    /// The function that it calls.
    pub function: Aside<String>,
}

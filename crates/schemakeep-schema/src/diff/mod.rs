//! Two schemas compared, and the migrations that lead from one to the other, in their safe forms.
//!
//! Pure: it reads no database and writes no file.

mod files;
pub mod postgres;
mod rename;
mod render;
pub mod sqlite;
mod view;

use std::fmt;

use schemakeep_files::directives::Compat;
use serde::Serialize;

use crate::schema::Schema;

pub use files::{Planned, migrations};
pub use view::{DATABASE, DECLARED, DifferenceView, Sides};

/// What a schema consists of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectKind {
    Enum,
    Domain,
    /// A sequence that no column owns.
    Sequence,
    Function,
    Table,
    /// A column: its type, NULL, default, identity, generation or collation.
    Column,
    PrimaryKey,
    Unique,
    /// A CHECK.
    Check,
    Exclusion,
    ForeignKey,
    Index,
    /// A view, materialised or not.
    View,
    Trigger,
}

schemakeep_db::serialize_as_str!(ObjectKind);

impl ObjectKind {
    /// Its name for people and in JSON: `foreign key`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Enum => "enum",
            Self::Domain => "domain",
            Self::Sequence => "sequence",
            Self::Function => "function",
            Self::Table => "table",
            Self::Column => "column",
            Self::PrimaryKey => "primary key",
            Self::Unique => "unique",
            Self::Check => "check",
            Self::Exclusion => "exclusion",
            Self::ForeignKey => "foreign key",
            Self::Index => "index",
            Self::View => "view",
            Self::Trigger => "trigger",
        }
    }
}

/// One thing in a schema.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Object {
    pub kind: ObjectKind,
    /// Its name, after that of its table where it has one: `tasks`, `tasks.title`, `tasks.tasks_title_length`.
    /// A constraint without a name is called by its definition.
    pub name: String,
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind.as_str(), self.name)
    }
}

/// Something in which two schemas differ. What belongs to a table that is missing or extra is not named again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    pub object: Object,
    /// Its definition where it is expected, in SQL; none: it should not be there.
    pub expected: Option<String>,
    /// Its definition where it was looked for; none: it is missing.
    pub found: Option<String>,
}

/// A rename that the author wants, or that two schemas suggest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rename {
    /// The table, by its old name.
    pub table: String,
    /// The column, by its old name; none: the table itself.
    pub column: Option<String>,
    /// The new name, without the table's.
    pub to: String,
}

/// How a file is run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Running {
    /// In one transaction.
    #[default]
    Transaction,
    /// `-- no-transaction`, on PostgreSQL.
    NoTransaction,
    /// `-- rebuild`, on SQLite.
    Rebuild,
}

/// One of a migration's two files, without its directives.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    pub running: Running,
    /// Statements in order, without the last semicolon; comments that say why may stand before one.
    pub statements: Vec<String>,
}

/// One migration in one dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// A verb and an object in snake case: `validate_tasks_owner_fkey`. Where a draft becomes one migration only,
    /// its author's name for it is taken instead.
    pub name: String,
    /// Forward.
    pub up: Script,
    /// Back to exactly the schema before; the loss of what no statement brings back is said in a comment.
    pub down: Script,
    /// Whether the release before can serve the schema after it.
    pub compat: Compat,
    /// Why it cannot be undone at all.
    pub irreversible: Option<String>,
}

/// Migrations in one dialect, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Draft {
    /// None where the schemas are equal.
    pub steps: Vec<Step>,
    /// What the author should know: what is dropped and its data with it, what may have been a rename.
    pub warnings: Vec<String>,
}

/// Why no migration can be written for a difference: which object, why, and what to write by hand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{object}: {why}")]
pub struct Unwritable {
    pub object: Object,
    /// Why, and what to do.
    pub why: String,
}

/// The statements that end a difference, either way; what they lose is said in a comment before them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Fix {
    /// Make the database what is expected.
    pub database: Vec<String>,
    /// Make what is expected like the database: what a new migration would do elsewhere.
    pub migration: Vec<String>,
}

/// What differs between two schemas of one dialect, in a stable order.
#[must_use]
pub fn compare(expected: &Schema, found: &Schema) -> Vec<Difference> {
    match (expected, found) {
        (Schema::Postgres(expected), Schema::Postgres(found)) => postgres::compare(expected, found),
        (Schema::Sqlite(expected), Schema::Sqlite(found)) => sqlite::compare(expected, found),
        _ => Vec::new(),
    }
}

/// What may be renames: a table or column that goes and one of the same shape that comes.
#[must_use]
pub fn possible_renames(from: &Schema, to: &Schema) -> Vec<Rename> {
    match (from, to) {
        (Schema::Postgres(from), Schema::Postgres(to)) => postgres::possible_renames(from, to),
        (Schema::Sqlite(from), Schema::Sqlite(to)) => sqlite::possible_renames(from, to),
        _ => Vec::new(),
    }
}

/// The migrations that lead from one schema to the other, and back.
///
/// # Errors
///
/// [`Unwritable`] where no migration can be written that keeps the data, or a rename names nothing.
pub fn draft(from: &Schema, to: &Schema, renames: &[Rename]) -> Result<Draft, Unwritable> {
    match (from, to) {
        (Schema::Postgres(from), Schema::Postgres(to)) => postgres::draft(from, to, renames),
        (Schema::Sqlite(from), Schema::Sqlite(to)) => sqlite::draft(from, to, renames),
        _ => Ok(Draft::default()),
    }
}

/// What would end one of the differences that [`compare`] found between the same two.
#[must_use]
pub fn fix(expected: &Schema, found: &Schema, difference: &Difference) -> Fix {
    match (expected, found) {
        (Schema::Postgres(expected), Schema::Postgres(found)) => {
            postgres::fix(expected, found, difference)
        }
        (Schema::Sqlite(expected), Schema::Sqlite(found)) => {
            sqlite::fix(expected, found, difference)
        }
        _ => Fix::default(),
    }
}

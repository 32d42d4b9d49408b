//! The way from one schema of SQLite to another.
//!
//! Every file is tried on an empty SQLite in memory before it is given away: up it must reach exactly the schema
//! after, down the one before.

mod compare;
mod compat;
mod dependents;
mod draft;
mod emit;
mod plan;
mod renames;
mod repair;
mod table;
mod try_in_memory;
mod virtual_table;

use super::{Difference, Draft, Fix, Rename, Unwritable};
use crate::schema::sqlite::Schema;

/// See [`super::compare`].
pub(super) fn compare(expected: &Schema, found: &Schema) -> Vec<Difference> {
    compare::compare(expected, found)
}

/// See [`super::possible_renames`].
pub(super) fn possible_renames(from: &Schema, to: &Schema) -> Vec<Rename> {
    renames::possible(from, to)
}

/// See [`super::draft`].
pub(super) fn draft(from: &Schema, to: &Schema, renames: &[Rename]) -> Result<Draft, Unwritable> {
    draft::draft(from, to, renames)
}

/// See [`super::fix`].
pub(super) fn fix(expected: &Schema, found: &Schema, difference: &Difference) -> Fix {
    repair::fix(expected, found, difference)
}

//! The way from one schema of PostgreSQL to another.
//!
//! A draft expands first, then replaces views, triggers and functions, and contracts last, so that nothing is
//! missing in between. What the schema is after each step is followed as a value; a draft that would not end at
//! the schema that is wanted is refused.

mod compare;
mod draft;
mod prune;
mod rename;
mod repair;
mod sql;
#[cfg(test)]
mod tests;

pub(super) use compare::compare;
pub(super) use draft::draft;
pub(super) use rename::possible_renames;
pub(super) use repair::fix;

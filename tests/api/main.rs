//! The HTTP contract, black-box: the real binary, on SQLite and on PostgreSQL, from the same test bodies.

#[cfg(test)]
#[path = "../support/mod.rs"]
pub mod support;

#[cfg(test)]
mod tasks_create;

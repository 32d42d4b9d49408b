//! Backups: a copy of the whole database, proven to be one, with a manifest beside it that says what it holds.

pub mod manifest;

pub use manifest::Manifest;

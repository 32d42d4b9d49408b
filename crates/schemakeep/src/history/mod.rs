//! The schema history: `_sqlx_migrations`, the table of sqlx, and `_migrate_log` for what sqlx has no column for.

pub mod read;
mod timeline;
pub mod write;

pub use timeline::{Entry, Line, Standing};
pub(super) use timeline::{of_nothing, of_schema_history};

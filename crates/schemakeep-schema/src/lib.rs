//! A database's schema: read from its catalog, declared in a file, compared, planned from one to the other, held
//! against the other dialect's, and filled with made-up rows.

pub mod desired;
pub mod diff;
mod error;
pub mod parity;
pub mod required;
pub mod schema;
pub mod seed;
pub mod snapshot;
pub mod structure;

pub use desired::DesiredSchema;
pub use error::SchemaError;
pub use required::RequiredTable;

/// Tables of the schema history, which are no part of a schema; as literals of SQL.
pub(crate) const HISTORY_TABLES: &str = "'_sqlx_migrations', '_migrate_log'";

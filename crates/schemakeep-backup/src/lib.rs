//! Backups of a database with its schema history, and their restore.

pub mod backup;
mod before_migrate;
pub mod restore;

pub use before_migrate::BackupBeforeMigrate;

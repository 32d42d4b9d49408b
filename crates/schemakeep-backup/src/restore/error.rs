//! Why a restore did not happen, and what is left as it was.

use schemakeep_db::DbError;
use std::path::PathBuf;
use std::time::Duration;

use crate::backup::BackupError;
use schemakeep::MigrateError;
use schemakeep_db::disk::size_words;
use schemakeep_db::{cause, words};

/// Why nothing was restored. Unless it says otherwise, the database is as it was before.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// There is no such backup, or it is not valid.
    #[error("{0}; nothing was changed")]
    Backup(#[from] BackupError),
    /// No ordinary backup in the folder can be restored.
    #[error(
        "there is no valid backup of this database in {} (saves of restores do not count); name a file (`taskmanager restore FILE`), or set BACKUP_DIR; nothing was changed", folder.display()
    )]
    None { folder: PathBuf },
    /// No restore of this database has left a save.
    #[error(
        "there is no restore to undo: {} has no save that a restore of this database made; `taskmanager backup list` shows the backups, and `taskmanager restore NAME` restores one; nothing was changed", folder.display()
    )]
    NoSave { folder: PathBuf },
    /// A file that no backup begins like.
    #[error("{} is neither a dump of PostgreSQL nor an SQLite database; nothing was changed", path.display())]
    NotABackup { path: PathBuf },
    /// A newer program made the backup.
    #[error(
        "backup {} is newer than this program: it has {versions}, which this program ({own}) does not know{made}; restore it with that program or a newer one; nothing was changed", path.display()
    )]
    Newer {
        path: PathBuf,
        /// The versions that are not known.
        versions: String,
        /// This program's version.
        own: &'static str,
        /// A clause that names the program that made it, where that is known.
        made: String,
    },
    /// A backup of the other kind of database.
    #[error(
        "backup {} is of {backup}, and database {database} is {kind}; nothing was changed", path.display()
    )]
    OtherKind {
        path: PathBuf,
        backup: &'static str,
        /// The URL, without its password.
        database: String,
        kind: &'static str,
    },
    /// A version that cannot be gone to after the restore.
    #[error("--reset-to {version} is not possible: {cause}; nothing was changed")]
    ResetTo { version: i64, cause: String },
    /// Another database was named, and it holds something.
    #[error(
        "database {database} is not empty; give an empty one, or --force to replace what is in it; nothing was changed"
    )]
    NotEmpty {
        /// The URL, without its password.
        database: String,
    },
    /// What would be replaced cannot be saved.
    #[error(
        "what would be replaced cannot be saved: {0}; --force restores without saving it; nothing was changed"
    )]
    Unsaved(#[source] BackupError),
    /// An SQLite file that may not be written.
    #[error("database {database} cannot be written: {cause}; nothing was changed")]
    ReadOnly {
        /// The URL, without its password.
        database: String,
        cause: String,
    },
    /// The file system has too little room for the old and the new database side by side.
    #[error(
        "too little room in {}: the restore needs {} beside the present database, and {} are free; make room there; nothing was changed",
        folder.display(), size_words(*needed), size_words(*free)
    )]
    Room {
        /// The folder of the database.
        folder: PathBuf,
        /// Bytes.
        needed: u64,
        /// Bytes.
        free: u64,
    },
    /// Others use the database all the time.
    #[error(
        "the database is in use: {cause} for {}, by {blockers}; end them, or try again; nothing was changed", words(*.waited)
    )]
    Busy {
        cause: String,
        /// For how long it was tried.
        waited: Duration,
        blockers: String,
    },
    /// Something outside of the schema needs something in it.
    #[error(
        "something outside of schema {schema} needs what is in it, and would be lost with it: {others}; drop that first and make it again after the restore; nothing was changed"
    )]
    Outsiders { schema: String, others: String },
    /// The connection uses another schema than the backup has.
    #[error(
        "the backup is of schema {backup}, and this connection uses {database}; add options=-csearch_path={backup} to the URL; nothing was changed"
    )]
    OtherSchema { backup: String, database: String },
    /// An extension that the backup needs cannot be had.
    #[error(
        "extension {name} cannot be made: {cause}; have a superuser run: CREATE EXTENSION {name} WITH SCHEMA {schema}; nothing was changed"
    )]
    Extension {
        name: String,
        /// Where the backup has it.
        schema: String,
        cause: String,
    },
    /// What was loaded is not what the manifest says.
    #[error(
        "table {table} has {found} rows in the restored database, and the manifest says {expected}; it was rolled back, nothing was changed"
    )]
    Rows {
        table: String,
        /// Rows, as the manifest says.
        expected: u64,
        /// Rows that were counted.
        found: u64,
    },
    /// The database is the backup now, and something is wrong with it.
    #[error("the backup is restored, and the database is not sound: {fault}; {back}")]
    Unsound { fault: String, back: String },
    /// The database is the backup now, and the schema could not be brought to where it was asked to be.
    #[error("the backup is restored, but --reset-to {version} failed: {source}")]
    Reset { version: i64, source: MigrateError },
    /// The connection was lost at the very end.
    #[error(
        "the connection was lost while the restore was committed, which may have happened or not: {cause}; look with `taskmanager migrate status`, and restore again"
    )]
    Uncertain { cause: String },
    /// The database is the backup now, and its state could not be read.
    #[error(
        "the backup is restored, but its state cannot be read: {cause}; look with `taskmanager migrate status`"
    )]
    Unread { cause: String },
    /// A tool of PostgreSQL failed.
    #[error("{program} failed: {said}; nothing was changed")]
    Tool { program: &'static str, said: String },
    /// A stop was asked for.
    #[error("restoring was stopped by a signal; the database is as it was before")]
    Stopped,
    /// The database refused something else.
    #[error("{doing} failed: {cause}; nothing was changed")]
    Database { doing: &'static str, cause: String },
    /// The database, or the lock on it, was not to be had.
    #[error(transparent)]
    Migrate(MigrateError),
}

impl RestoreError {
    /// The exit code of the process.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Backup(BackupError::NotFound { .. } | BackupError::Ambiguous { .. })
            | Self::ResetTo { .. } => 2,
            Self::Backup(error) => error.exit_code(),
            Self::Migrate(error) => error.exit_code(),
            Self::None { .. }
            | Self::NoSave { .. }
            | Self::NotABackup { .. }
            | Self::Newer { .. }
            | Self::OtherKind { .. }
            | Self::Unsaved(_)
            | Self::Rows { .. }
            | Self::Unsound { .. } => 11,
            Self::NotEmpty { .. } | Self::Outsiders { .. } => 10,
            Self::ReadOnly { .. } => 12,
            Self::Reset { source, .. } => source.exit_code(),
            Self::Room { .. }
            | Self::Busy { .. }
            | Self::OtherSchema { .. }
            | Self::Extension { .. }
            | Self::Uncertain { .. }
            | Self::Unread { .. }
            | Self::Tool { .. }
            | Self::Stopped
            | Self::Database { .. } => 1,
        }
    }

    /// Gives a driver's error its context.
    pub(super) fn database(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |error| Self::Database { doing, cause: cause(&error) }
    }
}

impl From<DbError> for RestoreError {
    fn from(error: DbError) -> Self {
        MigrateError::from(error).into()
    }
}

impl From<MigrateError> for RestoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Stopped { .. } => Self::Stopped,
            other => Self::Migrate(other),
        }
    }
}

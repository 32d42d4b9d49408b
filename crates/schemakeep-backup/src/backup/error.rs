//! Why there is no backup, or why one is none.

use schemakeep_db::DbError;
use schemakeep_db::disk::size_words;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Serialize, Serializer};

use schemakeep_db::DatabaseUrl;
use schemakeep_db::cause;

/// Why a backup was not made, not found, or not valid.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// `pg_dump` or `pg_restore` is missing, or older than what it is to work on.
    #[error("{found}; {fix}")]
    Tools {
        /// What was looked for, and what was found.
        found: String,
        fix: String,
    },
    /// The database did not answer, or did not let this role in.
    #[error("database {database} cannot be reached: {cause}")]
    Unreachable {
        /// The URL, without its password.
        database: String,
        cause: String,
    },
    /// There is nothing to copy yet.
    #[error(
        "database {database} has no tables of this program: there is nothing to back up; `taskmanager migrate up` makes them"
    )]
    Nothing {
        /// The URL, without its password.
        database: String,
    },
    /// The connection does not stay with one backend.
    #[error(
        "no consistent backup can be had through this connection: {cause}; set MIGRATE_DATABASE_URL to a direct connection to the server"
    )]
    Pooled { cause: String },
    /// The folder cannot be used.
    #[error("folder for backups {}: {cause}; {fix}", folder.display())]
    Folder { folder: PathBuf, cause: String, fix: &'static str },
    /// The disk has too little room; nothing was written.
    #[error(
        "too little room in {}: the backup may need {}, and {} are free; make room there, or set BACKUP_DIR to a folder on a larger disk; nothing was written",
        folder.display(), size_words(*needed), size_words(*free)
    )]
    Room {
        folder: PathBuf,
        /// Bytes that the backup may need.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
    /// The disk was full in the middle.
    #[error(
        "the disk of {} was full before the backup was whole; what was written of it is removed; make room there, or set BACKUP_DIR to a folder on a larger disk",
        folder.display()
    )]
    Full { folder: PathBuf },
    /// A tool of PostgreSQL failed.
    #[error("{program} failed: {said}")]
    Tool { program: &'static str, said: String },
    /// There is no database to try a restore in.
    #[error(
        "no scratch database to restore into: {cause}; give the role CREATEDB, or do without the restore (`backup create --quick`, `backup verify` without --deep)"
    )]
    Scratch { cause: String },
    /// A backup is not what its manifest says.
    #[error("backup {} is not valid: {fault}; `taskmanager backup list` shows the others", path.display())]
    Invalid {
        path: PathBuf,
        /// What is wrong with it.
        fault: Fault,
    },
    /// The copy that was just made is not sound: most often because the database is not.
    #[error(
        "the copy is not sound, and was removed: {0}; `taskmanager migrate doctor` looks at the database"
    )]
    Unsound(Fault),
    /// There is no backup of this number.
    #[error("there is no backup {index} in {}: it has {has} of this database; `taskmanager backup list` shows them", folder.display())]
    NoSuch { index: usize, has: usize, folder: PathBuf },
    /// No backup of this name.
    #[error("no backup is named {named:?}; `taskmanager backup list` shows the names and numbers")]
    NotFound {
        /// As it was typed.
        named: String,
    },
    /// More than one backup has a name that begins like this.
    #[error(
        "{named:?} is the beginning of {} names: {}; type more of one of them", candidates.len(), candidates.join(", ")
    )]
    Ambiguous {
        /// As it was typed.
        named: String,
        /// The names, newest first.
        candidates: Vec<String>,
    },
    /// A stop was asked for.
    #[error("stopped by a signal; what was written of the backup is removed")]
    Stopped,
    /// The database refused something else.
    #[error("{doing} failed: {cause}")]
    Database { doing: &'static str, cause: String },
}

/// What is wrong with a backup.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// No manifest beside it.
    #[error("its manifest {0} is missing, and without one it is no backup")]
    NoManifest(String),
    /// A manifest, but not of this program's form.
    #[error("its manifest cannot be read: {0}")]
    Manifest(String),
    /// The manifest of another backup.
    #[error("its manifest is that of another file, {0}")]
    OtherFile(String),
    /// Only the manifest is there.
    #[error("the file is missing, only its manifest is there")]
    Missing,
    /// The file cannot be read.
    #[error("the file cannot be read: {0}")]
    Unreadable(String),
    /// Cut, or added to.
    #[error("it has {found} bytes, and its manifest says {expected}: it was cut, or written to")]
    Size {
        /// Bytes, as the manifest says.
        expected: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// Of the right size, with other content.
    #[error("its SHA-256 is not that in its manifest: the content is damaged, or was changed")]
    Digest,
    /// The database, or the tool that would restore it, finds fault with it.
    #[error("{0}")]
    Unsound(String),
    #[error("table {table} has {found} rows in it, and its manifest says {expected}")]
    Rows {
        table: String,
        /// Rows, as the manifest says.
        expected: String,
        /// Rows that were counted.
        found: String,
    },
}

impl Serialize for Fault {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(self)
    }
}

impl BackupError {
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Unreachable { .. } => 12,
            // A pooler that stands in the way of the migration lock has the same code.
            Self::Pooled { .. } => 9,
            Self::Stopped => 1,
            _ => 11,
        }
    }

    pub(super) fn unreachable(url: &DatabaseUrl) -> impl FnOnce(sqlx::Error) -> Self {
        let database = url.to_string();
        move |error| Self::Unreachable { database, cause: cause(&error) }
    }

    /// Gives a driver's error its context.
    pub(super) fn database(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |error| Self::Database { doing, cause: cause(&error) }
    }

    /// The same error, as a backup's.
    pub(super) fn from_db(error: DbError) -> Self {
        match error {
            DbError::Pooled { cause } => Self::Pooled { cause },
            DbError::Unreachable { database, cause, .. }
            | DbError::Unusable { database, cause } => Self::Unreachable { database, cause },
            DbError::Cancelled => Self::Stopped,
            DbError::Database { doing, cause } => Self::Database { doing, cause },
            other @ DbError::LockUnavailable { .. } => {
                Self::Database { doing: "reading the schema", cause: other.to_string() }
            }
        }
    }

    /// What the system says of a folder or of a file in it.
    pub(super) fn folder(folder: &Path, error: &io::Error) -> Self {
        let folder = folder.to_owned();
        let fix = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                return Self::Full { folder };
            }
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                "give this user the right to write it, or set BACKUP_DIR to another folder"
            }
            _ => "set BACKUP_DIR to a folder that can be made and written",
        };
        Self::Folder { folder, cause: error.to_string(), fix }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_a_folder_that_may_not_be_written() {
        let of = |kind: io::ErrorKind| BackupError::folder(Path::new("/b"), &kind.into());
        assert!(matches!(of(io::ErrorKind::StorageFull), BackupError::Full { .. }));
        let denied = of(io::ErrorKind::PermissionDenied);
        assert!(denied.to_string().contains("give this user the right"), "{denied}");
        assert_eq!(denied.exit_code(), 11);
    }
}

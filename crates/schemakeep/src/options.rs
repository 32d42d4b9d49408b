//! What a migrator needs to know, and what a program hands to it.

use std::fmt::{self, Debug};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use schemakeep_db::scratch::Scratch;
use schemakeep_db::{Clock, DatabaseUrl};
use tokio_util::sync::CancellationToken;

/// What happens to the schema at start-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MigrateMode {
    /// Migrate, then serve.
    Auto,
    /// Refuse to start unless the schema fits.
    Check,
    /// Serve whatever is there.
    Off,
}

impl MigrateMode {
    pub const ALL: [Self; 3] = [Self::Auto, Self::Check, Self::Off];

    /// The word in a configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Check => "check",
            Self::Off => "off",
        }
    }
}

impl fmt::Display for MigrateMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// How long a migration goes on trying to get its locks on tables, unless something else is asked for.
pub const TABLE_LOCK_WAIT: Duration = Duration::from_mins(2);

/// How long a scratch database is waited for.
const SCRATCH_WAIT: Duration = Duration::from_secs(10);

/// What [`ensure_schema`](crate::ensure_schema) and every [`Migrator`] need to know.
#[derive(Clone, Debug)]
pub struct MigratorOptions {
    /// The database, with the right to change its schema.
    pub url: DatabaseUrl,
    /// What a start does about a schema that is behind.
    pub mode: MigrateMode,
    /// How long to wait for the database; zero means one try.
    pub database_wait: Duration,
    /// How long to wait for another migrator; zero means one try.
    pub lock_wait: Duration,
    /// How long one migration, or one statement of it, goes on trying to get its locks on tables.
    pub table_lock_wait: Duration,
    /// What is asked of pending migrations before they are applied.
    pub safety: Safety,
    /// Cancelled when the process is to stop: the running statement is cancelled and rolled back, the lock
    /// given back, and [`MigrateError::Stopped`] returned, within 5 s.
    pub stop: CancellationToken,
}

impl MigratorOptions {
    /// Migrates at once what is pending, with the checks and without a backup; waits half a minute for the database,
    /// and five for another migrator.
    pub fn new(url: DatabaseUrl) -> Self {
        Self {
            url,
            mode: MigrateMode::Auto,
            database_wait: Duration::from_secs(30),
            lock_wait: Duration::from_mins(5),
            table_lock_wait: TABLE_LOCK_WAIT,
            safety: Safety { checks: true, ..Safety::none() },
            stop: CancellationToken::new(),
        }
    }

    /// For a scratch database: what is tried there needs no safeguard, and nobody else is there to be waited for.
    pub fn of_scratch(scratch: &Scratch, stop: CancellationToken) -> Self {
        Self {
            url: scratch.url().clone(),
            mode: MigrateMode::Auto,
            database_wait: SCRATCH_WAIT,
            lock_wait: SCRATCH_WAIT,
            table_lock_wait: TABLE_LOCK_WAIT,
            safety: Safety::none(),
            stop,
        }
    }
}

/// Which of the safeguards are on.
#[derive(Clone, Debug, Default)]
pub struct Safety {
    /// Tables that no migration may drop, empty or leave with fewer rows.
    pub protected_tables: Vec<String>,
    /// Whether the files are linted and the data is asked before anything is applied.
    pub checks: bool,
    /// Whether the migrations are tried on a scratch copy first.
    pub rehearsal: bool,
    /// A database to rehearse on, where one is set.
    pub rehearsal_url: Option<DatabaseUrl>,
    /// Makes a backup first; none where that is switched off.
    pub backup: Option<Arc<dyn BeforeMigrate>>,
    /// Goes on past findings and violations.
    pub force: bool,
}

impl Safety {
    /// None of them: for scratch databases, and for tests of the runner alone.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }
}

/// Makes the backup before a migration.
#[async_trait]
pub trait BeforeMigrate: Debug + Send + Sync {
    /// Makes one of the database, if it can and must; with `dry` only says what would be done.
    async fn before_migrate(
        &self,
        url: &DatabaseUrl,
        clock: &dyn Clock,
        stop: &CancellationToken,
        dry: bool,
    ) -> Result<BackupBefore, BackupRefused>;
}

/// What came of the backup before a migration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BackupBefore {
    /// There is one.
    Made {
        file: String,
        /// Its name, its size and its rows, for people.
        summary: String,
    },
    /// There is none, and that is no reason to stop.
    Skipped { why: String },
}

/// Why there is no backup, which stops the migration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct BackupRefused {
    pub cause: String,
    /// The exit code of the process.
    pub exit_code: u8,
}

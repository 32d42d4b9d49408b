//! What is asked of pending migrations before they are applied, and of the tables after: lint, preflight,
//! rehearsal, a backup, the row guard, a comparison.
//!
//! A start and `migrate up` take the same way; a start leaves the rehearsal out.

mod backing;
mod disk;
mod findings;
mod guard;
mod pipeline;
mod step;

use std::path::PathBuf;

use crate::config::{BackupMode, Config, DatabaseUrl};

pub(super) use guard::Guard;
pub(super) use pipeline::{Clearance, Pipeline, compare};
pub use step::{Step, Verdict};

/// Which of the safeguards are on.
#[derive(Clone, Debug)]
pub struct Safety {
    /// Tables that no migration may drop, empty or leave with fewer rows.
    pub protected_tables: Vec<String>,
    /// Whether the files are linted and the data is asked before anything is applied.
    pub checks: bool,
    /// Whether the migrations are tried on a scratch copy first.
    pub rehearsal: bool,
    /// A database to rehearse on, where one is set.
    pub rehearsal_url: Option<DatabaseUrl>,
    /// Whether a backup is made first.
    pub backup: BackupMode,
    /// Whether the folder for backups was set, and is not a default.
    pub backup_dir_set: bool,
    /// Where backups go.
    pub backup_folder: PathBuf,
    /// How many valid backups stay.
    pub backup_keep: usize,
    /// Goes on past findings and violations.
    pub force: bool,
}

impl Safety {
    /// None of them: for scratch databases, and for tests of the runner alone.
    #[must_use]
    pub fn none() -> Self {
        Self {
            protected_tables: Vec::new(),
            checks: false,
            rehearsal: false,
            rehearsal_url: None,
            backup: BackupMode::Off,
            backup_dir_set: false,
            backup_folder: PathBuf::new(),
            backup_keep: 1,
            force: false,
        }
    }

    /// What a start asks for.
    #[must_use]
    pub fn from_config(config: &Config) -> Self {
        let safety = &config.safety;
        Self {
            protected_tables: safety.protected_tables.clone(),
            checks: true,
            rehearsal: false,
            rehearsal_url: safety.rehearsal_database_url.clone(),
            backup: safety.migrate_backup,
            backup_dir_set: safety.backup_dir.is_some(),
            backup_folder: safety.backup_folder(&config.migrate_database_url),
            backup_keep: safety.backup_keep,
            force: false,
        }
    }
}

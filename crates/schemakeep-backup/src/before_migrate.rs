//! The backup before a migration: whether there is to be one, and what becomes of the migration without it.

use schemakeep_db::plural;
use std::path::PathBuf;

use async_trait::async_trait;
use schemakeep::{BackupBefore, BackupRefused, BeforeMigrate};
use schemakeep_db::disk::size_words;
use schemakeep_db::{Clock, DatabaseUrl, Dialect};
use tokio_util::sync::CancellationToken;

use crate::backup::{self, BackupError, BackupSettings, Reason};

/// Makes a backup before a migration.
#[derive(Clone, Debug)]
pub struct BackupBeforeMigrate {
    /// No migration without one. Else there is none where none can be made: on PostgreSQL without a folder that was
    /// set, or without a `pg_dump` that fits.
    pub required: bool,
    pub folder: PathBuf,
    /// Whether the folder was set, and is not a default.
    pub folder_is_set: bool,
    /// How many valid backups stay, at least 1.
    pub keep: usize,
}

#[async_trait]
impl BeforeMigrate for BackupBeforeMigrate {
    async fn before_migrate(
        &self,
        url: &DatabaseUrl,
        clock: &dyn Clock,
        stop: &CancellationToken,
        dry: bool,
    ) -> Result<BackupBefore, BackupRefused> {
        let without = |why: String| Ok(BackupBefore::Skipped { why });
        if url.dialect() == Dialect::Postgres && !self.required && !self.folder_is_set {
            let why = "BACKUP_DIR is not set; MIGRATE_BACKUP=required makes it a condition";
            return without(why.to_owned());
        }
        if dry {
            return without(format!("one would be made in {}", self.folder.display()));
        }
        let settings = BackupSettings {
            url: url.clone(),
            folder: self.folder.clone(),
            keep: self.keep,
            verify: true,
            stop: stop.clone(),
        };
        match backup::create(&settings, Reason::BeforeMigration, clock).await {
            Ok(backup) => {
                let size = size_words(backup.manifest.size);
                let rows = plural(backup.manifest.rows.values().sum::<u64>(), "row");
                let verified = if backup.manifest.verified { "verified" } else { "not verified" };
                let file = backup.path.display().to_string();
                let summary = format!("{file}, {size}, {rows}, {verified}");
                Ok(BackupBefore::Made { file, summary })
            }
            Err(BackupError::Nothing { .. }) => without("there is nothing to save yet".to_owned()),
            Err(error @ BackupError::Tools { .. }) if !self.required => {
                tracing::warn!(%error, "going on without a backup");
                without(format!("went on without one: {error}"))
            }
            Err(error) => {
                Err(BackupRefused { cause: error.to_string(), exit_code: error.exit_code() })
            }
        }
    }
}

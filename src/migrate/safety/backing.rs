//! The backup before a migration: whether there is to be one, and what becomes of the migration without it.

use crate::config::BackupMode;
use crate::domain::Clock;
use crate::migrate::backup::{self, BackupError, BackupSettings, Reason, size_words};
use crate::migrate::{Dialect, StartSettings};

/// What came of it.
pub(super) enum Backing {
    /// There is one.
    Made {
        /// The file.
        file: String,
        /// Its size and its rows.
        words: String,
    },
    /// There is none, and that is no reason to stop.
    Without {
        /// Why.
        why: String,
    },
}

/// Makes a backup, as `MIGRATE_BACKUP` says; `dry` only says what would be done.
pub(super) async fn back_up(
    settings: &StartSettings,
    clock: &dyn Clock,
    dry: bool,
) -> Result<Backing, BackupError> {
    let safety = &settings.safety;
    let without = |why: &str| Ok(Backing::Without { why: why.to_owned() });
    if safety.backup == BackupMode::Off {
        return without("switched off (MIGRATE_BACKUP=off, or --no-backup)");
    }
    let required = safety.backup == BackupMode::Required;
    let server = Dialect::of(&settings.url) == Dialect::Postgres;
    if server && !required && !safety.backup_dir_set {
        return without("BACKUP_DIR is not set; MIGRATE_BACKUP=required makes it a condition");
    }
    let folder = safety.backup_folder.clone();
    if dry {
        return without(&format!("one would be made in {}", folder.display()));
    }
    let (url, keep, stop) = (settings.url.clone(), safety.backup_keep, settings.stop.clone());
    let settings = BackupSettings { url, folder, keep, prove: true, stop };
    match backup::create(&settings, Reason::BeforeMigration, clock).await {
        Ok(backup) => {
            let size = size_words(backup.manifest.size);
            let rows: u64 = backup.manifest.rows.values().sum();
            let proven = if backup.manifest.proven { "proven" } else { "verified" };
            let file = backup.path.display().to_string();
            let words = format!("{file}, {size}, {rows} row(s), {proven}");
            Ok(Backing::Made { file, words })
        }
        Err(BackupError::Nothing { .. }) => without("there is nothing to save yet"),
        Err(error @ BackupError::Tools { .. }) if !required => {
            tracing::warn!(%error, "going on without a backup");
            without(&format!("went on without one: {error}"))
        }
        Err(error) => Err(error),
    }
}

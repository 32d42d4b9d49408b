//! What backups look like from `/metrics`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::time::MissedTickBehavior;

use super::{Backup, BackupError, repository};
use schemakeep_db::DatabaseUrl;
use schemakeep_db::program::metric;

/// How often the folder is looked at for backups that another process has made.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// A backup was made, or was not.
pub(super) fn ended(made: &Result<Backup, BackupError>, took: Duration) {
    let outcome = match made {
        Ok(backup) => {
            metrics::histogram!(metric("backup_duration_seconds")).record(took.as_secs_f64());
            if !backup.manifest.is_save() {
                show(backup.manifest.created_at, backup.manifest.size);
            }
            "made"
        }
        Err(BackupError::Nothing { .. }) => return,
        Err(_) => "failed",
    };
    metrics::counter!(metric("backups_total"), "outcome" => outcome).increment(1);
}

#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 seconds, or bytes")]
fn show(at: time::OffsetDateTime, size: u64) {
    metrics::gauge!(metric("backup_last_success_timestamp_seconds"))
        .set(at.unix_timestamp() as f64);
    metrics::gauge!(metric("backup_size_bytes")).set(size as f64);
}

/// Shows the newest ordinary backup of a database that its folder has, no matter who made it; reads manifests only. A
/// folder that cannot be read shows nothing new.
pub fn publish_newest(folder: &Path, url: &DatabaseUrl) {
    if let Some(newest) = repository::newest(folder, url) {
        show(newest.created_at, newest.size);
    }
}

/// Does [`publish_newest`] now and every minute, until the future is dropped.
pub async fn watch(folder: PathBuf, url: DatabaseUrl) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let (folder, url) = (folder.clone(), url.clone());
        // Reading a folder may block for as long as a disk is away.
        let _ = tokio::task::spawn_blocking(move || publish_newest(&folder, &url)).await;
    }
}

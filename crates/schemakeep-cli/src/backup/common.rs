//! What the commands for backups share: their settings, how they fail, and how a backup is shown.

use std::process::ExitCode;

use crate::Host;
use crate::migrate::common;
use schemakeep_backup::backup::{BackupError, BackupSettings, Manifest};
use schemakeep_db::clock::format_seconds;

/// What is logged unless `RUST_LOG` says more: the report says the rest.
const LOG_FILTER: &str =
    "warn,schemakeep_backup::backup::prune=off,schemakeep_backup::backup::verify=off";

/// The settings of a command that ends by itself; the log goes to standard error.
pub(super) fn settings(host: &dyn Host) -> anyhow::Result<BackupSettings> {
    host.start_logging(LOG_FILTER)?;
    let stop = host.stop_token()?;
    let url = host.url().clone();
    let folder = host.backup_folder(&url);
    Ok(BackupSettings { url, folder, keep: host.backup_keep(), verify: true, stop })
}

/// Says what failed, on standard error and, where it was asked for, as a document.
pub(super) fn fail(as_json: bool, error: &BackupError) -> anyhow::Result<ExitCode> {
    common::fail(as_json, &error.to_string(), error.exit_code())
}

/// The rows of the tasks, or of all tables where there are none of that name.
pub(super) fn rows(manifest: &Manifest) -> u64 {
    let tasks = manifest.rows.get("tasks").copied();
    tasks.unwrap_or_else(|| manifest.rows.values().sum())
}

/// A version for people.
pub(super) fn version(manifest: &Manifest) -> String {
    manifest.schema_version.map_or_else(|| "none".to_owned(), |version| version.to_string())
}

/// When it was made, and how long ago, in its largest unit.
pub(super) fn age(manifest: &Manifest, now: time::OffsetDateTime) -> String {
    let seconds = (now - manifest.created_at).whole_seconds().max(0);
    let words = match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    };
    format!("{} ({words} ago)", format_seconds(manifest.created_at))
}

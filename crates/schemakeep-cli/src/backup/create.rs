//! `taskmanager backup create`: a backup now.

use std::fmt::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use serde_json::json;

use super::common;
use crate::Host;
use crate::output;
use schemakeep_backup::backup::{Backup, Reason, create};
use schemakeep_db::SystemClock;
use schemakeep_db::disk::size_words;

/// Make a backup while writers go on, verify it, and remove the oldest beyond `BACKUP_KEEP`
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 made, 1 stopped by a signal, 9 the connection goes through a pooler, 11 not made, 12 database unreachable.\n\nExamples:\n  taskmanager backup create\n  taskmanager backup create --backup-dir /var/backups/taskmanager --json"
)]
pub struct Args {
    /// Do not verify it: no check of every page (SQLite), no restore into a scratch database (PostgreSQL);
    /// `backup verify --deep` does both later
    #[arg(long)]
    quick: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        let mut settings = common::settings(host)?;
        settings.verify = !self.quick;
        let backup = match create(&settings, Reason::Manual, &SystemClock).await {
            Ok(backup) => backup,
            Err(error) => return common::fail(self.json, &error),
        };
        if self.json {
            output::json(&json!({
                "path": backup.path.display().to_string(),
                "manifest": backup.manifest,
                "copied_ms": milliseconds(backup.copied),
                "duration_ms": milliseconds(backup.took),
                "removed": backup.pruned.removed,
                "invalid": common::invalid(&backup.pruned),
            }))?;
        } else {
            output::text(&text(&backup))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

fn text(backup: &Backup) -> String {
    let manifest = &backup.manifest;
    let rows: Vec<String> =
        manifest.rows.iter().map(|(table, rows)| format!("{table} {rows}")).collect();
    let verified = match (manifest.verified, manifest.database.as_str()) {
        (true, "sqlite") => "yes: every page and reference was checked",
        (true, _) => "yes: restored into a scratch database, and the rows counted",
        (false, _) => "no: run `taskmanager backup verify --deep`",
    };
    let mut text = format!(
        "backup    {}\nversion   {}\nsize      {}\nrows      {}\nverified  {verified}\ntook      {} ms, {} of them for the copy\n",
        backup.path.display(),
        common::version(manifest),
        size_words(manifest.size),
        rows.join(", "),
        milliseconds(backup.took),
        milliseconds(backup.copied),
    );
    for path in &backup.pruned.removed {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "removed   {}", path.display());
    }
    for (path, fault) in &backup.pruned.invalid {
        let _ = writeln!(text, "not valid {}: {fault}", path.display());
    }
    text
}

//! `taskmanager backup create`: a backup now.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use serde::Serialize;

use super::common;
use crate::Host;
use crate::output;
use schemakeep_backup::backup::{Backup, Invalid, Manifest, Pruned, Reason, create};
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
        let Backup { path, manifest, copied, took, pruned } = backup;
        let Pruned { removed, invalid, .. } = pruned;
        let report = Report { path, manifest, copied, took, removed, invalid };
        output::report(self.json, &report)?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Serialize)]
struct Report {
    #[serde(serialize_with = "schemakeep_db::serialize::path")]
    path: PathBuf,
    manifest: Manifest,
    #[serde(rename = "copied_ms", serialize_with = "schemakeep_db::serialize::milliseconds")]
    copied: Duration,
    #[serde(rename = "duration_ms", serialize_with = "schemakeep_db::serialize::milliseconds")]
    took: Duration,
    removed: Vec<PathBuf>,
    invalid: Vec<Invalid>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let manifest = &self.manifest;
        let rows: Vec<String> =
            manifest.rows.iter().map(|(table, rows)| format!("{table} {rows}")).collect();
        let verified = match (manifest.verified, manifest.database.as_str()) {
            (true, "sqlite") => "yes: every page and reference was checked",
            (true, _) => "yes: restored into a scratch database, and the rows counted",
            (false, _) => "no: run `taskmanager backup verify --deep`",
        };
        let (took, copied) = (self.took.as_millis(), self.copied.as_millis());
        writeln!(f, "backup    {}", self.path.display())?;
        writeln!(f, "version   {}", common::version(manifest))?;
        writeln!(f, "size      {}", size_words(manifest.size))?;
        writeln!(f, "rows      {}", rows.join(", "))?;
        writeln!(f, "verified  {verified}")?;
        writeln!(f, "took      {took} ms, {copied} of them for the copy")?;
        for path in &self.removed {
            writeln!(f, "removed   {}", path.display())?;
        }
        for Invalid { path, fault } in &self.invalid {
            writeln!(f, "not valid {}: {fault}", path.display())?;
        }
        Ok(())
    }
}

//! `taskmanager backup verify`: whether backups are what their manifests say.

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::common;
use crate::Host;
use crate::output;
use schemakeep_backup::backup::{BackupError, BackupSettings, Verified, find, list, verify};
use schemakeep_db::Dialect;
use schemakeep_db::disk::size_words;

/// Read backups from end to end: manifest, size, SHA-256, and what the database says of the content
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 all valid, 1 stopped by a signal, 11 one is not valid, or not there, 12 database unreachable (--deep).\n\nExamples:\n  taskmanager backup verify\n  taskmanager backup verify taskmanager-20261121T110203Z-20261121090300\n  taskmanager backup verify --all --deep\n  taskmanager backup verify /var/backups/taskmanager-20261121T110203Z-20261121090300.dump"
)]
pub struct Args {
    /// Names, beginnings of names or numbers of `backup list`, or files; the newest when none is given
    #[arg(value_name = "NAME|INDEX|FILE")]
    which: Vec<String>,
    /// Verify every backup of the database, saves of restores included
    #[arg(long, conflicts_with = "which")]
    all: bool,
    /// Restore dumps into a scratch database beside that of `DATABASE_URL`, and count the rows (PostgreSQL)
    #[arg(long)]
    deep: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        let settings = common::settings(host)?;
        let paths = match self.paths(&settings) {
            Ok(paths) => paths,
            Err(error) => return common::fail(self.json, &error),
        };
        let deep = self.deep && settings.url.dialect() == Dialect::Postgres;
        let scratch = deep.then_some(&settings.url);
        let mut worst = None;
        let mut documents = Vec::new();
        for path in paths {
            match verify(&path, scratch, &settings.stop).await {
                Ok(verified) if self.json => documents.push(document(&verified)),
                Ok(verified) => output::text(&text(&verified))?,
                Err(error) => {
                    eprintln!("{error}");
                    let (error, code) = (error.to_string(), error.exit_code());
                    let path = path.display().to_string();
                    documents.push(json!({ "path": path, "valid": false, "error": error }));
                    worst = worst.max(Some(code));
                }
            }
            if settings.stop.is_cancelled() {
                break;
            }
        }
        if self.json {
            output::json(&json!({ "backups": documents }))?;
        }
        Ok(worst.map_or(ExitCode::SUCCESS, ExitCode::from))
    }

    fn paths(&self, settings: &BackupSettings) -> Result<Vec<PathBuf>, BackupError> {
        let BackupSettings { folder, url, .. } = settings;
        if self.all {
            return Ok(list(folder, Some(url))?.into_iter().map(|listed| listed.path).collect());
        }
        let newest = ["1".to_owned()];
        let which = if self.which.is_empty() { newest.as_slice() } else { &self.which };
        which.iter().map(|named| find(folder, url, named).map(|found| found.path)).collect()
    }
}

fn document(verified: &Verified) -> Value {
    json!({
        "path": verified.path.display().to_string(),
        "valid": true,
        "verified": verified.restored,
        "duration_ms": u64::try_from(verified.took.as_millis()).unwrap_or(u64::MAX),
        "manifest": verified.manifest,
    })
}

fn text(verified: &Verified) -> String {
    let (manifest, ms) = (&verified.manifest, verified.took.as_millis());
    let contents =
        if verified.restored { "contents verified" } else { "not restored; --deep does that" };
    format!(
        "{} is valid: {}, version {}, {} rows, {contents} ({ms} ms)\n",
        verified.path.display(),
        size_words(manifest.size),
        common::version(manifest),
        common::rows(manifest),
    )
}

//! `taskmanager backup verify`: whether backups are what their manifests say.

use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

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
        let mut backups = Vec::new();
        for path in paths {
            let outcome = match verify(&path, scratch, &settings.stop).await {
                Ok(verified) => Outcome::Valid(Box::new(verified)),
                Err(error) => {
                    worst = worst.max(Some(error.exit_code()));
                    Outcome::NotValid { error: error.to_string() }
                }
            };
            let valid = matches!(outcome, Outcome::Valid(_));
            let checked = Checked { path, valid, outcome };
            if !valid {
                eprintln!("{checked}");
            } else if !self.json {
                output::text(&format!("{checked}\n"))?;
            }
            backups.push(checked);
            if settings.stop.is_cancelled() {
                break;
            }
        }
        if self.json {
            output::json(&Report { backups })?;
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

#[derive(Serialize)]
struct Report {
    backups: Vec<Checked>,
}

#[derive(Serialize)]
struct Checked {
    #[serde(serialize_with = "schemakeep_db::serialize::path")]
    path: PathBuf,
    valid: bool,
    #[serde(flatten)]
    outcome: Outcome,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Outcome {
    Valid(Box<Verified>),
    NotValid { error: String },
}

impl fmt::Display for Checked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verified = match &self.outcome {
            Outcome::Valid(verified) => verified,
            Outcome::NotValid { error } => return f.write_str(error),
        };
        let (manifest, ms) = (&verified.manifest, verified.took.as_millis());
        let contents =
            if verified.restored { "contents verified" } else { "not restored; --deep does that" };
        write!(
            f,
            "{} is valid: {}, version {}, {} rows, {contents} ({ms} ms)",
            self.path.display(),
            size_words(manifest.size),
            common::version(manifest),
            common::rows(manifest),
        )
    }
}

//! `taskmanager backup list`: which backups there are.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::json;

use super::common;
use crate::cli::output;
use crate::config::Config;
use crate::domain::{Clock, SystemClock};
use crate::migrate::backup::{Listed, list, size_words};

/// List the backups of the database, newest first; reads manifests only, and needs no database
#[derive(Debug, clap::Args)]
#[command(
    after_help = "A number is what verify and restore take; what has no manifest is no backup, and has none.\n\nExit codes: 0 listed, 11 the folder cannot be read.\n\nExamples:\n  taskmanager backup list\n  taskmanager backup list --all --json"
)]
pub(in crate::cli) struct Args {
    /// List the backups of every database in the folder
    #[arg(long)]
    all: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(in crate::cli) fn run(self, config: &Config) -> anyhow::Result<ExitCode> {
        let url = &config.migrate_database_url;
        let folder = config.safety.backup_folder(url);
        let listed = match list(&folder, (!self.all).then_some(url)) {
            Ok(listed) => listed,
            Err(error) => return common::fail(self.json, &error),
        };
        if self.json {
            let documents: Vec<_> = listed.iter().map(common::document).collect();
            let folder = folder.display().to_string();
            output::json(&json!({ "folder": folder, "backups": documents }))?;
        } else if listed.is_empty() {
            output::text(&format!("no backups in {}\n", folder.display()))?;
        } else {
            output::text(&self.table(&listed))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn table(&self, listed: &[Listed]) -> String {
        let now = SystemClock.now();
        let cells: Vec<[String; 9]> = listed.iter().map(|listed| cells(listed, now)).collect();
        let heading = ["#", "MADE", "VERSION", "ROWS", "SIZE", "REASON", "PROVEN", "STATE", "FILE"];
        let rows: Vec<[&str; 9]> =
            cells.iter().map(|cells| std::array::from_fn(|at| cells[at].as_str())).collect();
        let mut text = output::table(heading, &rows);
        if self.all {
            let places: std::collections::BTreeSet<_> =
                listed.iter().filter_map(|listed| Some(&listed.manifest.as_ref()?.place)).collect();
            for place in places {
                // Writing to a String cannot fail.
                let _ = writeln!(text, "of {place}");
            }
        }
        text
    }
}

fn cells(listed: &Listed, now: time::OffsetDateTime) -> [String; 9] {
    let file = listed.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let state = listed.fault.as_ref().map_or_else(|| "ok".to_owned(), ToString::to_string);
    let none = || "-".to_owned();
    let Some(manifest) = &listed.manifest else {
        return [none(), none(), none(), none(), none(), none(), none(), state, file];
    };
    [
        listed.index.map_or_else(none, |index| index.to_string()),
        common::age(manifest, now),
        common::version(manifest),
        common::rows(manifest).to_string(),
        size_words(manifest.size),
        manifest.reason.clone(),
        if manifest.proven { "yes" } else { "no" }.to_owned(),
        state,
        file,
    ]
}

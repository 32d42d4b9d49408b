//! `taskmanager backup list`: which backups there are, and apart from them which saves of restores.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::json;

use super::common;
use crate::Host;
use crate::output;
use schemakeep_backup::backup::{Listed, list};
use schemakeep_db::disk::size_words;
use schemakeep_db::{Clock, SystemClock};

/// List the backups of the database, newest first; reads manifests only, and needs no database
#[derive(Debug, clap::Args)]
#[command(
    after_help = "verify and restore take a name, its beginning, or a number of the first table. A number moves with every new backup; a name does not. What a restore replaced is in the second table, without numbers: `taskmanager restore --undo` restores the newest. A file without a manifest is not a backup.\n\nExit codes: 0 listed, 11 the folder cannot be read.\n\nExamples:\n  taskmanager backup list\n  taskmanager backup list --all --json"
)]
pub struct Args {
    /// List the backups of every database in the folder, without numbers
    #[arg(long)]
    all: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        let url = host.url();
        let folder = host.backup_folder(url);
        let listed = match list(&folder, (!self.all).then_some(url)) {
            Ok(listed) => listed,
            Err(error) => return common::fail(self.json, &error),
        };
        if self.json {
            let documents = |saves: bool| -> Vec<_> {
                let listed = listed.iter().filter(|listed| listed.is_save() == saves);
                listed.map(common::document).collect()
            };
            output::json(&json!({
                "folder": folder.display().to_string(),
                "backups": documents(false),
                "restore_saves": documents(true),
            }))?;
        } else if listed.is_empty() {
            output::text(&format!("no backups in {}\n", folder.display()))?;
        } else {
            output::text(&self.table(&listed))?;
        }
        Ok(ExitCode::SUCCESS)
    }

    fn table(&self, listed: &[Listed]) -> String {
        let now = SystemClock.now();
        let table = |saves: bool| {
            let listed = listed.iter().filter(|listed| listed.is_save() == saves);
            let cells: Vec<[String; 9]> = listed.map(|listed| cells(listed, now)).collect();
            let rows: Vec<[&str; 9]> =
                cells.iter().map(|cells| std::array::from_fn(|at| cells[at].as_str())).collect();
            (!rows.is_empty()).then(|| output::table(HEADING, &rows))
        };
        let mut text = table(false).unwrap_or_else(|| "no backups\n".to_owned());
        if let Some(saves) = table(true) {
            text.push_str(SAVES);
            text.push_str(&saves);
        }
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

const HEADING: [&str; 9] =
    ["#", "MADE", "VERSION", "ROWS", "SIZE", "REASON", "VERIFIED", "STATE", "FILE"];
/// Above the second table.
const SAVES: &str = "\nsaved by a restore, of what it replaced (`taskmanager restore --undo` restores the newest):\n";

fn cells(listed: &Listed, now: time::OffsetDateTime) -> [String; 9] {
    let file = listed.name();
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
        if manifest.verified { "yes" } else { "no" }.to_owned(),
        state,
        file,
    ]
}

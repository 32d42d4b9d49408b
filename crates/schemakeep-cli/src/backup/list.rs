//! `taskmanager backup list`: which backups there are, and apart from them which saves of restores.

use std::collections::BTreeSet;
use std::fmt;
use std::path::PathBuf;
use std::process::ExitCode;

use serde::Serialize;

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
        let (restore_saves, backups) = listed.into_iter().partition(Listed::is_save);
        let report = Report { folder, backups, restore_saves, all: self.all };
        output::report(self.json, &report)?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Serialize)]
struct Report {
    #[serde(serialize_with = "schemakeep_db::serialize::path")]
    folder: PathBuf,
    backups: Vec<Listed>,
    restore_saves: Vec<Listed>,
    /// Of every database in the folder.
    #[serde(skip)]
    all: bool,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.backups.is_empty(), self.restore_saves.is_empty()) {
            (true, true) => return writeln!(f, "no backups in {}", self.folder.display()),
            (true, false) => writeln!(f, "no backups")?,
            (false, _) => f.write_str(&table(&self.backups))?,
        }
        if !self.restore_saves.is_empty() {
            write!(f, "{SAVES}{}", table(&self.restore_saves))?;
        }
        if self.all {
            let listed = self.backups.iter().chain(&self.restore_saves);
            let places: BTreeSet<_> =
                listed.filter_map(|listed| Some(&listed.manifest.as_ref()?.place)).collect();
            places.iter().try_for_each(|place| writeln!(f, "of {place}"))?;
        }
        Ok(())
    }
}

fn table(listed: &[Listed]) -> String {
    let now = SystemClock.now();
    let cells: Vec<[String; 9]> = listed.iter().map(|listed| cells(listed, now)).collect();
    let rows: Vec<[&str; 9]> =
        cells.iter().map(|cells| std::array::from_fn(|at| cells[at].as_str())).collect();
    output::table(HEADING, &rows)
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

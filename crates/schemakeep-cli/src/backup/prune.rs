//! `taskmanager backup prune`: old backups go.

use std::fmt;
use std::process::ExitCode;

use serde::Serialize;

use super::common;
use crate::Host;
use crate::output;
use schemakeep_backup::backup::{Invalid, Pruned, prune};

/// Remove the backups of the database that are older than the newest valid ones; never the last valid one
///
/// Saves that restores made of what they replaced are counted apart: the newest three stay.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 done, 1 stopped by a signal, 11 the folder cannot be read or written.\n\nExamples:\n  taskmanager backup prune\n  taskmanager backup prune --keep 3 --dry-run"
)]
pub struct Args {
    /// How many valid backups stay, 1 to 1000 [default: `BACKUP_KEEP`]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    keep: Option<u16>,
    /// Only say what would be removed
    #[arg(long)]
    dry_run: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        let settings = common::settings(host)?;
        let keep = self.keep.map_or(settings.keep, usize::from);
        let pruned =
            prune(&settings.folder, &settings.url, keep, self.dry_run, &settings.stop).await;
        let pruned = match pruned {
            Ok(pruned) => pruned,
            Err(error) => return common::fail(self.json, &error),
        };
        output::report(self.json, &Report { dry_run: self.dry_run, pruned })?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Serialize)]
struct Report {
    dry_run: bool,
    #[serde(flatten)]
    pruned: Pruned,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let done = if self.dry_run { "would remove" } else { "removed" };
        for path in &self.pruned.removed {
            writeln!(f, "{done:12}  {}", path.display())?;
        }
        for Invalid { path, fault } in &self.pruned.invalid {
            writeln!(f, "{:12}  {}: {fault}", "not valid", path.display())?;
        }
        writeln!(f, "{:12}  {} valid", "kept", self.pruned.kept.len())
    }
}

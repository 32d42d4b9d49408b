//! `taskmanager migrate history`: each version, when it was applied, in how long, and from which file.

use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::common::{Common, UNREACHABLE};
use crate::Host;
use crate::output;
use schemakeep::history::{Line, Standing};
use schemakeep::inspect::read_history;
use schemakeep_db::clock::format_seconds;

/// Show every version: applied when, in how long, by what, from which file
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 shown, 12 database unreachable.\n\nExamples:\n  taskmanager migrate history\n  taskmanager migrate history --verbose\n  taskmanager migrate history --json | jq '.[] | select(.state == \"pending\")'"
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// Also who ran it, with which program, and the file's checksum
    #[arg(long, short)]
    verbose: bool,
}

impl Args {
    pub(crate) async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        let url = host.url();
        let set = match self.common.set(host, url) {
            Ok(set) => set,
            Err(error) => return self.common.fail_with(&error),
        };
        let lines = match read_history(url, &set).await {
            Ok(lines) => lines,
            Err(error) => {
                let message = format!("database {url} cannot be read: {error}");
                return self.common.fail(&message, UNREACHABLE);
            }
        };
        if self.common.json {
            output::json(&lines.iter().map(document).collect::<Vec<_>>())?;
        } else {
            output::text(&table(&lines, self.verbose))?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn document(line: &Line) -> Value {
    let last = line.last.as_ref();
    json!({
        "version": line.version,
        "description": line.description,
        "state": line.standing.as_str(),
        "applied_at": line.at.map(format_seconds),
        "seconds": line.took.map(|took| took.as_secs_f64()),
        "kind": last.map(|entry| entry.event.as_str()),
        "program": last.map(|entry| entry.program.as_str()),
        "host": last.and_then(|entry| entry.host.as_deref()),
        "applied_by": last.and_then(|entry| entry.applied_by.as_deref()),
        "reason": last.and_then(|entry| entry.reason.as_deref()),
        "checksum": line.checksum,
        "same_file": line.same_file,
    })
}

fn table(lines: &[Line], verbose: bool) -> String {
    let rows: Vec<[String; 5]> = lines.iter().map(row).collect();
    let rows: Vec<[&str; 5]> =
        rows.iter().map(|row| std::array::from_fn(|at| row[at].as_str())).collect();
    let mut text = output::table(["VERSION", "DESCRIPTION", "STATE", "APPLIED", "TOOK"], &rows);
    if verbose {
        text.push('\n');
        for line in lines {
            text.push_str(&details(line));
        }
    }
    text
}

fn row(line: &Line) -> [String; 5] {
    let stamped = line.last.as_ref().is_some_and(|entry| entry.event == "stamped");
    let state = match line.standing {
        Standing::Applied if stamped => "stamped",
        Standing::Applied if line.same_file == Some(false) => "applied, another file",
        standing => standing.as_str(),
    };
    [
        line.version.to_string(),
        line.description.clone(),
        state.to_owned(),
        line.at.map(format_seconds).unwrap_or_default(),
        line.took.map(|took| format!("{:.1} ms", took.as_secs_f64() * 1_000.0)).unwrap_or_default(),
    ]
}

fn details(line: &Line) -> String {
    let mut text = format!("{}  sha384 {}\n", line.version, line.checksum);
    if let Some(entry) = &line.last {
        let unknown = "unknown";
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "                {} by {} on {} with taskmanager {}{}",
            entry.event,
            entry.applied_by.as_deref().unwrap_or(unknown),
            entry.host.as_deref().unwrap_or(unknown),
            entry.program,
            entry.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default(),
        );
    }
    text
}

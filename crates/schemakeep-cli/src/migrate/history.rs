//! `taskmanager migrate history`: each version, when it was applied, in how long, and from which file.

use std::fmt;
use std::process::ExitCode;

use serde::Serialize;

use super::common::{Common, UNREACHABLE};
use crate::Host;
use crate::output;
use schemakeep::history::{Entry, Line, Standing};
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
        output::report(self.common.json, &Report { lines, verbose: self.verbose })?;
        Ok(ExitCode::SUCCESS)
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Report {
    lines: Vec<Line>,
    #[serde(skip)]
    verbose: bool,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows: Vec<[String; 5]> = self.lines.iter().map(row).collect();
        let rows: Vec<[&str; 5]> =
            rows.iter().map(|row| std::array::from_fn(|at| row[at].as_str())).collect();
        f.write_str(&output::table(["VERSION", "DESCRIPTION", "STATE", "APPLIED", "TOOK"], &rows))?;
        if self.verbose {
            writeln!(f)?;
            self.lines.iter().try_for_each(|line| details(line, f))?;
        }
        Ok(())
    }
}

fn row(line: &Line) -> [String; 5] {
    let stamped = line.last.event.as_deref() == Some("stamped");
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

fn details(line: &Line, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    writeln!(f, "{}  sha384 {}", line.version, line.checksum)?;
    let Entry { event: Some(event), program: Some(program), .. } = &line.last else {
        return Ok(());
    };
    let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".to_owned());
    let (applied_by, host) = (known(&line.last.applied_by), known(&line.last.host));
    let reason = line.last.reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default();
    writeln!(
        f,
        "                {event} by {applied_by} on {host} with taskmanager {program}{reason}"
    )
}

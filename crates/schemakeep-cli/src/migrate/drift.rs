//! `taskmanager migrate drift`: what somebody changed by hand, and the statements that fix it either way.

use schemakeep_db::plural;
use std::fmt;
use std::process::ExitCode;

use serde::Serialize;

use super::common::{Common, UNREACHABLE, rehearsal_settings};
use crate::Host;
use crate::output;
use schemakeep::diff::DATABASE;
use schemakeep::drift::{Drift, DriftError, Drifted, Pattern, drift};
use schemakeep::{SchemaState, StateReport, refusal};
use schemakeep_db::SystemClock;

/// What is said where there is no statement: the table of a key, say, is missing too.
const NONE_ALONE: &str = "    no statement for it alone: fix the others, and look again\n";

/// Show what in the database is not as its applied migrations make it: extra, missing, different
///
/// The applied migrations are run once more on a scratch database of the same server (see `REHEARSAL_DATABASE_URL`;
/// for SQLite in a temporary file), and the two schemas are compared. The tables themselves are only read. Each
/// difference comes with both definitions, the statements that make the database what the migrations make, and those
/// that a new migration would need to make it so everywhere. Other schemas and what belongs to extensions are left out.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exit codes: 0 nothing differs, 1 the migrations cannot be run once more, 4, 5, 6 or 8 the record does not say what the schema should be, 7 something differs, 12 database unreachable.\n\nExamples:\n  taskmanager migrate drift\n  taskmanager migrate drift --ignore 'tmp_*' --ignore tasks.legacy_id\n  taskmanager migrate drift --json | jq -r '.drift[].fix.database[]'"
)]
pub struct Args {
    #[command(flatten)]
    common: Common,
    /// Leave out what is called so; `*` stands for anything (repeatable)
    #[arg(long, value_name = "PATTERN")]
    ignore: Vec<String>,
}

impl Args {
    pub(crate) async fn run(self, host: &dyn Host) -> anyhow::Result<ExitCode> {
        let set = match self.common.set(host, host.url()) {
            Ok(set) => set,
            Err(error) => return self.common.fail_with(&error),
        };
        let stop = host.stop_token()?;
        let settings = rehearsal_settings(host, stop);
        let ignore: Vec<Pattern> = self.ignore.iter().cloned().map(Pattern).collect();
        match Box::pin(drift(&settings, &set, &ignore, &SystemClock)).await {
            Ok(found) => {
                let code =
                    if found.found.is_empty() { 0 } else { SchemaState::Drifted.exit_code() };
                output::report(self.common.json, &Report::new(found))?;
                Ok(ExitCode::from(code))
            }
            Err(error) => {
                let (message, code) = failure(&error, host);
                self.common.fail(&message, code)
            }
        }
    }
}

/// Why there is no answer, and the exit code.
pub(super) fn failure(error: &DriftError, host: &dyn Host) -> (String, u8) {
    match error {
        DriftError::Unread(error) => {
            (format!("database {} cannot be read: {error}", host.url()), UNREACHABLE)
        }
        DriftError::Untold(report) => (untold(report, host), report.state.exit_code()),
        DriftError::NoPlace(why) => (
            format!("drift cannot be told: the applied migrations cannot be run once more: {why}"),
            1,
        ),
        DriftError::Failed(error) => (format!("drift cannot be told: {error}"), error.exit_code()),
    }
}

fn untold(report: &StateReport, host: &dyn Host) -> String {
    let why = match report.state {
        SchemaState::AheadCompatible | SchemaState::AheadIncompatible => {
            "this program does not have all migrations that are applied; ask the release that has them"
        }
        _ => "the record does not say which migrations made the schema",
    };
    format!("drift cannot be told: {why}: {}", refusal(report, host.mode()))
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    drift: Drift,
    notes: Vec<String>,
}

impl Report {
    fn new(drift: Drift) -> Self {
        let unused = drift.unused.iter();
        let notes = unused
            .map(|pattern| format!("--ignore {}: nothing that differs is called so", pattern.0))
            .collect();
        Self { drift, notes }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&differences(&self.drift))?;
        self.drift.ignored.iter().try_for_each(|object| writeln!(f, "ignored    {object}"))?;
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))?;
        writeln!(f, "{}", verdict(&self.drift))
    }
}

pub(super) fn differences(drift: &Drift) -> String {
    drift.found.iter().map(one).collect()
}

pub(super) fn verdict(drift: &Drift) -> String {
    let head = output::version_or(drift.head, "nothing");
    match drift.found.len() {
        0 => format!("no drift: the database is what its migrations make, at {head}"),
        number => format!(
            "{} to what the migrations make, at {head} (in {})",
            plural(number, "difference"),
            drift.place
        ),
    }
}

fn one(drifted: &Drifted) -> String {
    let fix = &drifted.fix;
    let ways = [
        ("to make the database what the migrations make:", &fix.database),
        ("to keep it, in a new migration:", &fix.migration),
    ];
    let ways = ways.iter().map(|(what, statements)| {
        let statements = statements
            .iter()
            .map(|statement| format!("    {};\n", statement.trim_end().replace('\n', "\n    ")));
        let statements: String = statements.collect();
        let statements = if statements.is_empty() { NONE_ALONE.to_owned() } else { statements };
        format!("  {what}\n{statements}")
    });
    DATABASE.view(&drifted.difference).text("") + &ways.collect::<String>()
}

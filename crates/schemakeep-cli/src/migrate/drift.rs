//! `taskmanager migrate drift`: what somebody changed by hand, and the statements that fix it either way.

use schemakeep_db::plural;
use std::fmt::Write as _;
use std::process::ExitCode;

use serde_json::{Value, json};

use super::common::{Common, UNREACHABLE, rehearsal_settings};
use super::schema_diff_view::{self, DATABASE};
use crate::Host;
use crate::output;
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
                if self.common.json {
                    output::json(&document(&found))?;
                } else {
                    output::text(&text(&found))?;
                }
                let code =
                    if found.found.is_empty() { 0 } else { SchemaState::Drifted.exit_code() };
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

/// One stable document.
pub(super) fn document(drift: &Drift) -> Value {
    let of = |drifted: &Drifted| {
        let mut document = schema_diff_view::document(DATABASE, &drifted.difference);
        let fix = &drifted.fix;
        document["fix"] = json!({ "database": fix.database, "migration": fix.migration });
        document
    };
    let ignored = drift.ignored.iter();
    let ignored =
        ignored.map(|object| json!({ "kind": object.kind.as_str(), "name": object.name }));
    json!({
        "schema_version": drift.head,
        "compared_with": drift.place,
        "drift": drift.found.iter().map(of).collect::<Vec<_>>(),
        "ignored": ignored.collect::<Vec<_>>(),
        "notes": notes(drift),
    })
}

fn notes(drift: &Drift) -> Vec<String> {
    let unused = drift.unused.iter();
    unused
        .map(|pattern| format!("--ignore {}: nothing that differs is called so", pattern.0))
        .collect()
}

pub(super) fn text(drift: &Drift) -> String {
    let mut text: String = drift.found.iter().map(one).collect();
    for object in &drift.ignored {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "ignored    {object}");
    }
    for note in notes(drift) {
        let _ = writeln!(text, "note: {note}");
    }
    let head = drift.head.map_or_else(|| "nothing".to_owned(), |head| head.to_string());
    let _ = match drift.found.len() {
        0 => writeln!(text, "no drift: the database is what its migrations make, at {head}"),
        number => writeln!(
            text,
            "{} to what the migrations make, at {head} (in {})",
            plural(number, "difference"),
            drift.place
        ),
    };
    text
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
    format!(
        "{}{}",
        schema_diff_view::text(DATABASE, &drifted.difference, ""),
        ways.collect::<String>()
    )
}

//! What each look before a migration says to the pipeline: what stands in the way, what else is worth saying, and
//! what fixes it. Pure, but for the disk.

use super::disk::Room;
use crate::data_checks::{Check, Outcome, Preflight};
use crate::instances::{Connected, Instance};
use crate::lint::{Finding, Severity, lint};
use crate::shadow::{Rehearsal, RehearsalFailure};
use crate::{Dialect, Migration, MigrationSet};
use schemakeep_db::DatabaseUrl;
use schemakeep_db::plural;
use schemakeep_sql::change::{Change, changes};

/// What one step has found.
pub(super) struct Found {
    pub(super) summary: String,
    /// Why it may not go on; none when it may.
    pub(super) faults: Vec<String>,
    /// What else is worth saying.
    pub(super) notes: Vec<String>,
    pub(super) fix: &'static str,
    /// The exit code of the faults: [`FAILED_EXIT_CODE`] or [`HARM_EXIT_CODE`].
    pub(super) code: u8,
}

/// What a run would have ended with by itself, rolled back.
const FAILED_EXIT_CODE: u8 = 1;
/// What a run might have gone through with.
const HARM_EXIT_CODE: u8 = 10;
/// Rules that only say earlier what the database would say.
const REFUSALS: [&str; 2] = ["syntax-error", "statement-refused"];

/// What the files say, and whether one plainly drops a protected table.
pub(super) fn in_files(
    set: &MigrationSet,
    dialect: Dialect,
    pending: &[&Migration],
    protected: &[String],
) -> Found {
    let concerned = |version| pending.iter().any(|m| m.version == version);
    let findings = lint(set, dialect, concerned);
    let (grave, slight): (Vec<_>, Vec<_>) =
        findings.iter().partition(|finding| finding.severity == Severity::Error);
    let mut faults = protected_dropped(dialect, pending, protected);
    let refused = faults.is_empty() && grave.iter().all(|it| REFUSALS.contains(&it.rule));
    faults.extend(grave.into_iter().map(line));
    let notes: Vec<String> = slight.into_iter().map(line).collect();
    let summary = match (faults.len(), notes.len()) {
        (0, 0) => format!("{}, no findings", plural(pending.len(), "file")),
        (errors, warnings) => {
            format!("{}, {}", plural(errors, "error"), plural(warnings, "warning"))
        }
    };
    let fix = "follow the suggestion, or waive a finding in the file with `-- allow: rule why`; \
             `taskmanager migrate up --force` goes past all of them";
    Found {
        summary,
        faults,
        notes,
        fix,
        code: if refused { FAILED_EXIT_CODE } else { HARM_EXIT_CODE },
    }
}

/// Protected tables that a file plainly drops or empties, and does not make again.
fn protected_dropped(
    dialect: Dialect,
    pending: &[&Migration],
    protected: &[String],
) -> Vec<String> {
    let mut found = Vec::new();
    for migration in pending.iter().filter(|migration| !migration.directives.rebuild) {
        let all = changes(&migration.up_sql, dialect);
        for (at, located) in all.iter().enumerate() {
            let Change::DropTable { table, rows_only, .. } = &located.change else { continue };
            let again = all[at..].iter().any(|later| match &later.change {
                Change::CreateTable { table: made, .. } => made.name == table.name,
                Change::RenameTable { to, .. } => *to == table.name,
                _ => false,
            });
            let guarded = protected.iter().any(|name| name.eq_ignore_ascii_case(&table.name));
            if !again && guarded {
                let verb = if *rows_only { "empties" } else { "drops" };
                found.push(format!(
                    "{}:{}: {verb} the protected table {} (PROTECTED_TABLES)",
                    migration.up_file(),
                    located.line,
                    table.name
                ));
            }
        }
    }
    found
}

fn line(finding: &Finding) -> String {
    format!(
        "{}:{}: {} [{}]: {}; suggestion: {}",
        finding.file,
        finding.line,
        finding.severity.as_str(),
        finding.rule,
        finding.why,
        finding.suggestion
    )
}

/// What the connected instances say to the pipeline; `Err` with why they are not asked, `None` where none can be
/// stopped.
pub(super) fn in_instances(connected: &Connected) -> Option<Result<Found, String>> {
    let stopped = match connected {
        Connected::Additive => return None,
        Connected::Unseen => {
            return Some(Err(
                "this system does not show which processes have an SQLite file open".to_owned()
            ));
        }
        Connected::Stopped(stopped) => stopped,
    };
    let summary = match stopped.len() {
        0 => "no connected instance would be stopped".to_owned(),
        1 => "1 connected instance would be stopped".to_owned(),
        several => format!("{several} connected instances would be stopped"),
    };
    let fix = "stop these instances first, or deploy what their release works with (`-- compat: additive`); \
         `taskmanager migrate up --force` migrates all the same, and they stop serving";
    let faults = stopped.iter().map(Instance::line).collect();
    Some(Ok(Found { summary, faults, notes: Vec::new(), fix, code: HARM_EXIT_CODE }))
}

/// What the data says to the pipeline.
pub(super) fn in_data(preflight: &Preflight) -> Found {
    let faults = preflight.violations().map(Check::line).collect::<Vec<_>>();
    let unknown = preflight.checks.iter().filter(|c| matches!(c.outcome, Outcome::NotChecked(_)));
    let notes: Vec<String> = unknown.map(Check::line).collect();
    let summary = match (preflight.checks.len(), faults.len(), notes.len()) {
        (0, _, _) => "nothing to ask of the data".to_owned(),
        (asked, 0, 0) => format!("{} to the data, no violation", plural(asked, "question")),
        (asked, violations, unknown) => {
            let (asked, violations) = (plural(asked, "question"), plural(violations, "violation"));
            format!("{asked} to the data, {violations}, {unknown} not answered")
        }
    };
    let fix =
        "fix the data as each line says; `taskmanager migrate up --force` goes past all of them";
    Found { summary, faults, notes, fix, code: HARM_EXIT_CODE }
}

/// What a rehearsal says to the pipeline.
pub(super) fn in_rehearsal(rehearsal: &Rehearsal) -> Found {
    let mut notes = Vec::new();
    for migration in &rehearsal.migrations {
        for statement in &migration.statements {
            let at = |effect: &String| format!("{}:{}: {effect}", migration.file, statement.line);
            notes.extend(statement.effects.iter().map(at));
        }
    }
    let failed = |failure: &RehearsalFailure| {
        format!("migration {} failed at line {}: {}", failure.file, failure.line, failure.message)
    };
    let faults = rehearsal.failure.iter().map(failed).collect();
    let summary = format!("{} on {}", plural(rehearsal.migrations.len(), "file"), rehearsal.place);
    let fix = "fix the file, or the data that it meets";
    Found { summary, faults, notes, fix, code: FAILED_EXIT_CODE }
}

/// What there is room for; `None` where it cannot be known.
pub(super) fn in_room(url: &DatabaseUrl, pending: &[&Migration]) -> Option<Found> {
    let room = Room::look(url, pending)?;
    let (summary, faults) = if room.is_enough() {
        (room.summary(), Vec::new())
    } else {
        ("too little room".to_owned(), vec![room.summary()])
    };
    let fix = "make room there; `taskmanager migrate up --force` goes on all the same";
    Some(Found { summary, faults, notes: Vec::new(), fix, code: HARM_EXIT_CODE })
}

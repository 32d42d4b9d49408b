//! The one message of a start that is refused: what is wrong, with which versions, and what mends it.

use super::state::{Concern, Reason, SchemaState, StateReport};
use crate::config::MigrateMode;

/// How many versions, tables or columns a message names before it only counts.
const NAMED: usize = 5;

/// Says on one line why a schema in this state is not served, and the command that mends it.
#[must_use]
pub fn refusal(report: &StateReport, mode: MigrateMode) -> String {
    let state = report.state.as_str();
    let (what, mend) = match report.state {
        SchemaState::Current => return format!("schema is {state}: nothing to mend"),
        SchemaState::AheadCompatible => {
            return format!("schema is {state}: {}; nothing to mend", concerns(&report.concerns));
        }
        SchemaState::Behind => (
            behind(report, mode),
            "run `taskmanager migrate up`, or start with MIGRATE=auto".to_owned(),
        ),
        SchemaState::AheadIncompatible => (
            concerns(&report.concerns),
            "deploy the newer program that migrated this database, or restore a backup from before it"
                .to_owned(),
        ),
        SchemaState::Diverged => (concerns(&report.concerns), mend_diverged(report)),
        SchemaState::Drifted => (
            format!("the record is complete, but {} not there", listed(&report.missing)),
            "restore a backup, or see `taskmanager migrate status` and create it as the migrations do".to_owned(),
        ),
        SchemaState::Failed => (
            concerns(&report.concerns),
            format!("see what it left, finish or undo it by hand, then run {}", repair(&report.concerns)),
        ),
    };
    format!("schema is {state}: {what}; to mend it: {mend}")
}

fn behind(report: &StateReport, mode: MigrateMode) -> String {
    let named = report.pending.iter().map(|p| format!("{} ({})", p.version, p.description));
    let named: Vec<_> = named.collect();
    let why = if mode == MigrateMode::Check { ", and MIGRATE=check applies nothing" } else { "" };
    format!("{} migration(s) not applied: {}{why}", named.len(), cut(&named))
}

fn mend_diverged(report: &StateReport) -> String {
    // A version that is missing on one side has no checksum to accept.
    if report.concerns.iter().all(|concern| concern.reason == Reason::Checksum) {
        let repair = repair(&report.concerns);
        format!("deploy the program with the unchanged file, or accept this one with {repair}")
    } else {
        "deploy the program that these versions came from, or restore a backup; `taskmanager migrate status` lists both sides"
            .to_owned()
    }
}

fn repair(concerns: &[Concern]) -> String {
    let command = |c: &Concern| format!("`taskmanager migrate repair {} --reason …`", c.version);
    cut(&concerns.iter().map(command).collect::<Vec<_>>())
}

fn concerns(concerns: &[Concern]) -> String {
    let clause = |concern: &Concern| format!("{} {}", concern.version, concern.reason);
    cut(&concerns.iter().map(clause).collect::<Vec<_>>())
}

fn listed(names: &[String]) -> String {
    format!("{} {}", cut(names), if names.len() == 1 { "is" } else { "are" })
}

fn cut(items: &[String]) -> String {
    let named = items.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

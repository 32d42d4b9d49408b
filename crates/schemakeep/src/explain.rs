//! The one message of a start that is refused: what is wrong, with which versions, and what fixes it.

use super::failure::beginning;
use super::files::Direction;
use super::state::{Concern, Reason, SchemaState, StateReport};
use super::unmanaged::{Origin, UnmanagedSchema};
use crate::options::MigrateMode;
use schemakeep_db::plural;

/// How many versions, tables or columns a message names before it only counts.
const NAMED: usize = 5;

/// Says on one line why a schema in this state is not served, and the command that fixes it.
#[must_use]
pub fn refusal(report: &StateReport, mode: MigrateMode) -> String {
    let state = report.state.as_str();
    let (what, fix) = match report.state {
        SchemaState::Current => return format!("schema is {state}: nothing to fix"),
        SchemaState::AheadCompatible => {
            return format!("schema is {state}: {}; nothing to fix", concerns(&report.concerns));
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
        SchemaState::Diverged => match &report.foreign {
            Some(foreign) => adoption(report, foreign),
            None => (concerns(&report.concerns), fix_diverged(report)),
        },
        SchemaState::Drifted => (
            format!("the record is complete, but {} not there", listed(&report.missing)),
            "restore a backup, or type what `taskmanager migrate drift` prints".to_owned(),
        ),
        SchemaState::Failed => failed(report),
    };
    format!("schema is {state}: {what}; to fix it: {fix}")
}

fn behind(report: &StateReport, mode: MigrateMode) -> String {
    let named = report.pending.iter().map(|p| format!("{} ({})", p.version, p.description));
    let named: Vec<_> = named.collect();
    let why = if mode == MigrateMode::Check { ", and MIGRATE=check applies nothing" } else { "" };
    format!("{} not applied: {}{why}", plural(named.len(), "migration"), cut(&named))
}

/// A schema that another tool or a hand has made.
fn adoption(report: &StateReport, foreign: &UnmanagedSchema) -> (String, String) {
    let tables = cut(&foreign.tables);
    let made = match &foreign.maker {
        Origin::Alembic(Some(revision)) => {
            format!("this database was made by Alembic (revision {revision})")
        }
        Origin::Alembic(None) => {
            "this database was made by Alembic (no revision recorded)".to_owned()
        }
        Origin::Unknown => {
            "this database was made by hand, or restored without its record".to_owned()
        }
    };
    let what =
        format!("{made}: it has tables ({tables}) and no record of this program's migrations");
    let target = report.target.map(|version| version.to_string()).unwrap_or_default();
    let fix = if report.missing.is_empty() {
        format!("if its schema is that of {target}, run `taskmanager migrate stamp {target}`")
    } else {
        format!(
            "it is not yet the schema of {target} ({} not there): if it is that of an earlier version V, run `taskmanager migrate stamp V`, then `taskmanager migrate up`; else give this program a database of its own",
            listed(&report.missing)
        )
    };
    (what, fix)
}

/// A migration that stopped partway: what is done, what is not, and the way on.
fn failed(report: &StateReport) -> (String, String) {
    let Some(half) = &report.half_way else {
        return (concerns(&report.concerns), repair(&report.concerns));
    };
    let version = half.version;
    let undoing = if half.direction == Direction::Down { " being undone" } else { "" };
    let mut what = format!("{}{undoing}", concerns(&report.concerns));
    if half.total > 0 {
        what = format!("{what}: {} of its {} statements are done and stay", half.done, half.total);
    }
    if let Some((line, statement)) = &half.next {
        what = format!("{what}, line {line} is not ({})", beginning(statement));
    }
    if let Some(error) = &half.error {
        what = format!("{what}, it said: {error}");
    }
    let by_hand = match half.direction {
        Direction::Up => "undo by hand what is done",
        Direction::Down => "finish by hand what is not done",
    };
    let repair = repair(&report.concerns);
    let fix = match (&half.obstacle, half.direction) {
        (Some(obstacle), _) => {
            return (
                format!("{what}; cannot resume: {obstacle}"),
                format!("put back what it was begun with and go on, or {by_hand} and run {repair}"),
            );
        }
        (None, Direction::Up) => "run `taskmanager migrate up`, which goes on there".to_owned(),
        (None, Direction::Down) => format!(
            "run `taskmanager migrate down` to a version below {version}, which goes on there, or {by_hand} and run {repair}"
        ),
    };
    (what, fix)
}

fn fix_diverged(report: &StateReport) -> String {
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

pub(super) fn cut(items: &[String]) -> String {
    let named = items.iter().take(NAMED).map(String::as_str).collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

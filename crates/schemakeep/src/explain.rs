//! The one message of a start that is refused: what is wrong, with which versions, and what fixes it.

use super::failure::beginning;
use super::files::Direction;
use super::state::{Issue, Reason, SchemaState, StateReport};
use super::unmanaged::{Origin, UnmanagedSchema};
use crate::options::MigrateMode;
use schemakeep_db::plural;

/// How many versions, tables or columns a message names before it only counts.
const LISTED_NAMES_MAX: usize = 5;

/// Says on one line why a schema in this state is not served, and the command that fixes it.
#[must_use]
pub fn refusal(report: &StateReport, mode: MigrateMode) -> String {
    match state_and_fix(report, mode) {
        (state, Some(fix)) => format!("schema is {state}. {fix}."),
        (state, None) => format!("schema is {state}"),
    }
}

/// The state with its reason, and what to do about it: each without a full stop.
pub(super) fn state_and_fix(report: &StateReport, mode: MigrateMode) -> (String, Option<String>) {
    let state = report.state.as_str();
    let (why, fix) = match report.state {
        SchemaState::Current => return (state.to_owned(), None),
        SchemaState::Behind => {
            let fix = "Run `taskmanager migrate up`, or start with MIGRATE=auto";
            return (format!("{state} by {}", behind(report, mode)), Some(fix.to_owned()));
        }
        SchemaState::AheadCompatible => (concerns(&report.concerns), "Nothing to fix".to_owned()),
        SchemaState::AheadIncompatible => (
            concerns(&report.concerns),
            "Deploy the newer program that migrated this database, or restore a backup from before it"
                .to_owned(),
        ),
        SchemaState::Diverged => match &report.foreign {
            Some(foreign) => adoption(report, foreign),
            None => (concerns(&report.concerns), fix_diverged(report)),
        },
        SchemaState::Drifted => (
            format!("every migration is recorded, but {} missing", listed(&report.missing)),
            "Restore a backup, or run the statements that `taskmanager migrate drift` prints".to_owned(),
        ),
        SchemaState::Failed => failed(report),
    };
    (format!("{state}: {why}"), Some(fix))
}

fn behind(report: &StateReport, mode: MigrateMode) -> String {
    let named = report.pending.iter().map(|p| format!("{} {}", p.version, p.description));
    let named: Vec<_> = named.collect();
    let why = if mode == MigrateMode::Check { ", and MIGRATE=check applies none" } else { "" };
    format!("{} ({}){why}", plural(named.len(), "migration"), cut(&named))
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
            "this database was made by hand, or restored without its migration history".to_owned()
        }
    };
    let what =
        format!("{made}: it has tables ({tables}) and no history of this program's migrations");
    let target = report.target.map(|version| version.to_string()).unwrap_or_default();
    let fix = if report.missing.is_empty() {
        format!("If its schema is that of {target}, run `taskmanager migrate stamp {target}`")
    } else {
        format!(
            "It is not yet the schema of {target} ({} missing): if it is that of an earlier version V, run `taskmanager migrate stamp V`, then `taskmanager migrate up`; else give this program a database of its own",
            listed(&report.missing)
        )
    };
    (what, fix)
}

/// A migration that stopped partway: what is done, what is not, and the way on.
fn failed(report: &StateReport) -> (String, String) {
    let Some(half) = &report.interrupted else {
        return (concerns(&report.concerns), format!("Run {}", repair(&report.concerns)));
    };
    let version = half.version;
    let undoing = if half.direction == Direction::Down { " being undone" } else { "" };
    let mut what = format!("{}{undoing}", concerns(&report.concerns));
    if half.total > 0 {
        what = format!("{what}: {} of its {} statements are done", half.done, half.total);
    }
    if let Some((line, statement)) = &half.next {
        what = format!("{what}, line {line} is not (`{}`)", beginning(statement));
    }
    if let Some(error) = &half.error {
        what = format!("{what}: {error}");
    }
    let by_hand = match half.direction {
        Direction::Up => "undo the finished statements by hand",
        Direction::Down => "finish the rest by hand",
    };
    let repair = repair(&report.concerns);
    let fix = match (&half.blocker, half.direction) {
        (Some(blocker), _) => {
            return (
                format!("{what}; cannot resume: {blocker}"),
                format!(
                    "Restore the file and run the command again, or {by_hand} and run {repair}"
                ),
            );
        }
        (None, Direction::Up) => "Run `taskmanager migrate up`, which resumes there".to_owned(),
        (None, Direction::Down) => format!(
            "Run `taskmanager migrate down` to a version below {version}, which resumes there, or {by_hand} and run {repair}"
        ),
    };
    (what, fix)
}

fn fix_diverged(report: &StateReport) -> String {
    // A version that is missing on one side has no checksum to accept.
    if report.concerns.iter().all(|concern| concern.reason == Reason::Checksum) {
        let repair = repair(&report.concerns);
        format!("Deploy the program with the unchanged file, or accept this one with {repair}")
    } else {
        "Deploy the program that these versions came from, or restore a backup; `taskmanager migrate status` lists both sides"
            .to_owned()
    }
}

fn repair(concerns: &[Issue]) -> String {
    let command = |c: &Issue| format!("`taskmanager migrate repair {} --reason …`", c.version);
    cut(&concerns.iter().map(command).collect::<Vec<_>>())
}

fn concerns(concerns: &[Issue]) -> String {
    let clause = |concern: &Issue| format!("{} {}", concern.version, concern.reason);
    cut(&concerns.iter().map(clause).collect::<Vec<_>>())
}

fn listed(names: &[String]) -> String {
    format!("{} {}", cut(names), if names.len() == 1 { "is" } else { "are" })
}

pub(super) fn cut(items: &[String]) -> String {
    let named =
        items.iter().take(LISTED_NAMES_MAX).map(String::as_str).collect::<Vec<_>>().join(", ");
    match items.len().saturating_sub(LISTED_NAMES_MAX) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

//! A migration that stopped partway: how far it came, and whether it can be resumed.
//!
//! Pure. Going on is right only if the file is still the one that was begun: the statements that are done
//! are not run again.

use super::embedded::Migration;
use super::files::Direction;
use super::history::read::{AppliedMigration, RecordedStep, SchemaHistory, StepOutcome};
use super::migration_file::MigrationFile;
use super::statements::{self, Step};

/// How far a migration came that did not finish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interrupted {
    pub version: i64,
    /// Whether it was being applied or undone.
    pub direction: Direction,
    /// How many of its statements are done; they stay.
    pub done: usize,
    /// How many it has; 0 when the file is not known.
    pub total: usize,
    /// Where it goes on: the line, and the statement.
    pub next: Option<(usize, String)>,
    /// The error that stopped it, when it was one.
    pub error: Option<String>,
    /// Why it cannot be resumed; `None` when it can.
    pub blocker: Option<String>,
}

/// Judges the first version that did not finish.
pub(super) fn find(
    embedded: &[Migration],
    record: &SchemaHistory,
    contradiction: bool,
) -> Option<Interrupted> {
    let mut unfinished = record.rows.iter().filter(|row| !row.success);
    let row = unfinished.next()?;
    let steps: Vec<_> = record.steps_of(row.version).collect();
    let direction = steps.first().map_or(Direction::Up, |step| step.direction);
    let migration = embedded.iter().find(|migration| migration.version == row.version);
    let file = migration.map(|migration| MigrationFile { migration, direction });
    let file = file.filter(|script| script.directives().no_transaction);
    let known = file.and_then(|script| statements::steps(script.sql()).ok()).unwrap_or_default();

    let done = steps.iter().filter(|step| step.outcome == StepOutcome::Done).count();
    let failed = steps.iter().rev().find(|step| step.outcome == StepOutcome::Failed);
    let next = known.get(done).map(|step| (step.line, step.text.clone()));
    let mut blocker = blocker(row, migration, &steps, &known, done);
    if blocker.is_none() && (contradiction || unfinished.next().is_some()) {
        blocker = Some("the record has other contradictions too".to_owned());
    }
    if blocker.is_none() && record.rows.iter().any(|other| other.version > row.version) {
        blocker = Some("later versions are recorded".to_owned());
    }
    Some(Interrupted {
        version: row.version,
        direction,
        done,
        total: known.len(),
        next,
        error: failed.and_then(|step| step.reason.clone()),
        blocker,
    })
}

fn blocker(
    row: &AppliedMigration,
    migration: Option<&Migration>,
    steps: &[&RecordedStep],
    known: &[Step],
    done: usize,
) -> Option<String> {
    let Some(migration) = migration else {
        return Some("this program does not have the file".to_owned());
    };
    if steps.is_empty() {
        return Some("its steps are not in the log, so another tool began it".to_owned());
    }
    // The steps of a way back are compared with its own file below.
    if migration.checksum != row.checksum {
        return Some("the file changed after the migration was interrupted".to_owned());
    }
    let same = |step: &&RecordedStep| {
        known.get(step.step).is_some_and(|known| known.sha256 == step.sha256)
    };
    let gap = (0..done).any(|index| {
        let step = steps.iter().find(|step| step.step == index);
        step.is_none_or(|step| step.outcome != StepOutcome::Done)
    });
    if !steps.iter().all(same) || gap {
        return Some("the file changed after the migration was interrupted".to_owned());
    }
    None
}

//! What is to be done to a database, decided from one look at it. Without input or output: asked once
//! before the lock is taken, and again under it.

use std::time::Duration;

use super::embedded::Migration;
use super::explain::{cut, refusal};
use super::files::Direction;
use super::history::read::RecordedStep;
use super::migration_file::MigrationFile;
use super::observation::Observation;
use super::state::{SchemaState, StateReport};
use super::{MigrateError, MigrationSet};
use crate::options::MigrateMode;

#[derive(Clone, Copy, Debug)]
pub(super) enum Goal<'a> {
    /// Apply what is pending, up to a version or all.
    Up { to: Option<i64> },
    /// Undo what is above a version, or all.
    Down { to: Option<i64> },
    /// Record everything up to a version without running it.
    Stamp { version: i64 },
    /// Fix one row of the record.
    Repair { version: i64, reason: &'a str },
}

/// One thing to do. Those that only write the record come before those that run a file.
#[derive(Debug)]
pub(super) enum Action<'a> {
    /// Record this version's own checksum, with the reason.
    Accept(&'a Migration, &'a str),
    /// Forget a version that did not finish, with the reason.
    Clear { version: i64, description: String, reason: &'a str },
    /// Record a version.
    Stamp(&'a Migration),
    /// Run a file; of one that stopped partway, with what the log says about its steps.
    Run { script: MigrationFile<'a>, previous_attempts: Vec<RecordedStep> },
}

impl<'a> Action<'a> {
    fn run(script: MigrationFile<'a>) -> Self {
        Self::Run { script, previous_attempts: Vec::new() }
    }

    /// The file that it runs.
    pub(super) fn script(&self) -> Option<MigrationFile<'a>> {
        match self {
            Self::Run { script, .. } => Some(*script),
            _ => None,
        }
    }

    /// The file that it runs from its beginning.
    pub(super) fn fresh(&self) -> Option<MigrationFile<'a>> {
        match self {
            Self::Run { script, previous_attempts } if previous_attempts.is_empty() => {
                Some(*script)
            }
            _ => None,
        }
    }

    /// What an outcome says about it; a fixed line end is no news.
    pub(super) fn done(&self, took: Duration) -> super::Done {
        let (version, description) = match self {
            Self::Accept(migration, _) | Self::Stamp(migration) => {
                (migration.version, migration.description.clone())
            }
            Self::Clear { version, description, .. } => (*version, description.clone()),
            Self::Run { script, .. } => (script.version(), script.migration.description.clone()),
        };
        super::Done { version, description, took }
    }
}

/// The log's reason for a checksum that differed in line ends only.
pub(super) const LINE_ENDINGS: &str = "line endings";

/// Decides.
///
/// # Errors
///
/// The state of the schema, or what is wanted, forbids it.
pub(super) fn acts<'a>(
    work: Goal<'a>,
    set: &'a MigrationSet,
    reading: &Observation,
    mode: MigrateMode,
) -> Result<Vec<Action<'a>>, MigrateError> {
    let planner = Planner { set, reading, report: &reading.report, mode };
    match work {
        Goal::Up { to } => planner.up(to),
        Goal::Down { to } => planner.down(to),
        Goal::Stamp { version } => planner.stamp(version),
        Goal::Repair { version, reason } => planner.repair(version, reason).map(|act| vec![act]),
    }
}

struct Planner<'a, 'r> {
    set: &'a MigrationSet,
    reading: &'r Observation,
    report: &'r StateReport,
    mode: MigrateMode,
}

impl<'a> Planner<'a, '_> {
    fn up(&self, to: Option<i64>) -> Result<Vec<Action<'a>>, MigrateError> {
        if let Some(version) = to {
            self.known(version)?;
            if let Some(head) = self.report.head.filter(|head| *head > version) {
                let cause =
                    format!("{head} is applied already; `taskmanager migrate down` goes back");
                return Err(MigrateError::Target { version, cause });
            }
        }
        let mut acts = self.line_endings();
        match self.report.state {
            SchemaState::Current | SchemaState::Behind | SchemaState::AheadCompatible => {}
            SchemaState::Failed => acts.push(self.resume(Direction::Up)?),
            _ => return Err(self.refused()),
        }
        let pending = self.report.pending.iter().map(|pending| pending.version);
        let wanted = pending.filter(|version| to.is_none_or(|to| *version <= to));
        let wanted = wanted.filter_map(|version| self.set.get(version));
        acts.extend(wanted.map(|migration| Action::run(MigrationFile::up(migration))));
        Ok(acts)
    }

    fn down(&self, to: Option<i64>) -> Result<Vec<Action<'a>>, MigrateError> {
        if let Some(version) = to {
            self.known(version)?;
            if self.reading.record.row(version).is_none() {
                let cause = "it is not applied; `taskmanager migrate up` goes forward".to_owned();
                return Err(MigrateError::Target { version, cause });
            }
        }
        let (mut acts, mut half) = (Vec::new(), None);
        match self.report.state {
            SchemaState::Diverged => return Err(self.refused()),
            SchemaState::Failed => {
                let act = self.resume(Direction::Down)?;
                half = act.script().map(MigrationFile::version);
                acts.push(act);
            }
            _ => {}
        }
        let undone = |version: i64| to.is_none_or(|to| version > to);
        if half.is_some_and(|half| !undone(half)) {
            return Err(self.refused());
        }
        let rows = self.reading.record.rows.iter().rev();
        for row in rows.filter(|row| undone(row.version) && Some(row.version) != half) {
            let Some(migration) = self.set.get(row.version) else {
                let message = format!(
                    "schema is {}: {} is newer than this program, which has no file to undo it with. Run `taskmanager migrate down` with the program that applied it.",
                    self.report.state.as_str(),
                    row.version
                );
                return Err(MigrateError::Refused { report: self.boxed(), message });
            };
            acts.push(Action::run(MigrationFile::down(migration)));
        }
        for script in acts.iter().filter_map(Action::script) {
            if let Some(why) = &script.migration.irreversible {
                let (file, version) = (script.file(), script.version());
                return Err(MigrateError::Irreversible { file, why: why.clone(), version });
            }
        }
        Ok(acts)
    }

    fn stamp(&self, version: i64) -> Result<Vec<Action<'a>>, MigrateError> {
        self.known(version)?;
        let adopted = self.report.foreign.is_some();
        match self.report.state {
            SchemaState::Current | SchemaState::Behind | SchemaState::Drifted => {}
            SchemaState::Diverged if adopted => {}
            SchemaState::AheadCompatible
            | SchemaState::AheadIncompatible
            | SchemaState::Diverged
            | SchemaState::Failed => return Err(self.refused()),
        }
        if let Some(head) = self.report.head.filter(|head| *head > version) {
            let cause =
                format!("{head} is recorded already, and a stamp never takes anything away");
            return Err(MigrateError::Target { version, cause });
        }
        if Some(version) == self.report.target && !self.report.missing.is_empty() {
            let missing = cut(&self.report.missing);
            return Err(MigrateError::DoesNotFit { version, missing });
        }
        let wanted = self.set.migrations().iter().filter(|migration| migration.version <= version);
        let wanted = wanted.filter(|m| self.reading.record.row(m.version).is_none());
        Ok(wanted.map(Action::Stamp).collect())
    }

    fn repair(&self, version: i64, reason: &'a str) -> Result<Action<'a>, MigrateError> {
        let nothing =
            |cause: &str| MigrateError::NothingToRepair { version, cause: cause.to_owned() };
        if reason.trim().is_empty() {
            return Err(nothing("--reason is required; it is recorded in the migration log"));
        }
        let row = self.reading.record.row(version).ok_or_else(|| {
            nothing("it is not recorded; `taskmanager migrate status` lists what is")
        })?;
        if !row.success {
            let description = row.description.clone();
            return Ok(Action::Clear { version, description, reason });
        }
        let Some(migration) = self.set.get(version) else {
            return Err(nothing(
                "this program does not have it, so there is no checksum to accept",
            ));
        };
        if migration.checksum == row.checksum {
            return Err(nothing(
                "it is recorded as applied, with the checksum of this program's file",
            ));
        }
        Ok(Action::Accept(migration, reason))
    }

    fn line_endings(&self) -> Vec<Action<'a>> {
        let versions = self.report.line_endings.iter();
        let known = versions.filter_map(|version| self.set.get(*version));
        known.map(|migration| Action::Accept(migration, LINE_ENDINGS)).collect()
    }

    /// Goes on with what stopped partway, if it went this way and can be resumed.
    fn resume(&self, direction: Direction) -> Result<Action<'a>, MigrateError> {
        let half = self.report.interrupted.as_ref();
        let half = half.filter(|half| half.blocker.is_none() && half.direction == direction);
        let migration = half.and_then(|half| self.set.get(half.version));
        let migration = migration.ok_or_else(|| self.refused())?;
        let previous_attempts = self.reading.record.steps_of(migration.version).cloned().collect();
        Ok(Action::Run { script: MigrationFile { migration, direction }, previous_attempts })
    }

    fn known(&self, version: i64) -> Result<(), MigrateError> {
        if self.set.get(version).is_some() {
            return Ok(());
        }
        let cause = match self.report.target {
            None => "this program has no migrations".to_owned(),
            Some(last) => {
                format!("this program has no migration of that version; its last is {last}")
            }
        };
        Err(MigrateError::Target { version, cause })
    }

    fn boxed(&self) -> Box<StateReport> {
        Box::new(self.report.clone())
    }

    fn refused(&self) -> MigrateError {
        let message = refusal(self.report, self.mode);
        MigrateError::Refused { report: self.boxed(), message }
    }
}

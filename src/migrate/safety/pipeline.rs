//! The steps before a migration is applied, in their order; the first that finds something stops it, with
//! nothing changed.

use std::time::Instant;

use super::backing::{self, Backing};
use super::findings::{Found, in_data, in_files, in_instances, in_rehearsal, in_room};
use super::step::{Step, Verdict};
use crate::migrate::catalog::snapshot::{Snapshot, snapshot};
use crate::migrate::instances::Connected;
use crate::migrate::journal::Notes;
use crate::migrate::operation::Operation;
use crate::migrate::preflight::{Limits, preflight};
use crate::migrate::rehearse::{Rehearsal, RehearsalSettings, rehearse};
use crate::migrate::script::Script;
use crate::migrate::session::Session;
use crate::migrate::{Dialect, MigrateError, Migration, StartSettings};

/// What the steps before have brought about, for those after.
#[derive(Debug, Default)]
pub(in crate::migrate) struct Clearance {
    /// For the log of each file.
    pub(in crate::migrate) notes: Notes,
    /// The schema that the rehearsal has reached; empty without one.
    pub(in crate::migrate) expected: Snapshot,
}

/// The steps for these migrations.
pub(in crate::migrate) struct Pipeline<'a> {
    operation: &'a Operation<'a>,
    /// The versions of the record.
    applied: Vec<i64>,
    pending: Vec<&'a Migration>,
    /// Looks only: no backup.
    dry: bool,
}

impl<'a> Pipeline<'a> {
    pub(in crate::migrate) fn new(
        operation: &'a Operation<'a>,
        applied: Vec<i64>,
        scripts: impl Iterator<Item = Script<'a>>,
        dry: bool,
    ) -> Self {
        let pending = scripts.map(|script| script.migration).collect();
        Self { operation, applied, pending, dry }
    }

    /// Takes the only step before going back: a backup.
    pub(in crate::migrate) async fn clear_way_back(self) -> Result<Clearance, MigrateError> {
        let notes = Notes { backup: self.back_up().await?, ..Notes::default() };
        Ok(Clearance { notes, ..Clearance::default() })
    }

    /// Takes every step.
    pub(in crate::migrate) async fn clear(self) -> Result<Clearance, MigrateError> {
        let mut clearance = Clearance::default();
        if self.pending.is_empty() {
            return Ok(clearance);
        }
        let Operation { set, settings, .. } = self.operation;
        let StartSettings { url, safety, .. } = settings;
        let mut forced = Vec::new();
        if safety.checks {
            forced.extend(self.ask_instances().await?);
            let begun = Instant::now();
            let found = in_files(set, Dialect::of(url), &self.pending, &safety.protected_tables);
            forced.extend(self.judge("lint", begun, found)?);
            let begun = Instant::now();
            let asked = preflight(url, &self.pending, &Limits::default()).await?;
            forced.extend(self.judge("preflight", begun, in_data(&asked))?);
        }
        if safety.rehearsal {
            let begun = Instant::now();
            let rehearsal = self.rehearse().await?;
            if let Some(why) = &rehearsal.not_rehearsed {
                self.skip("rehearsal", begun, why.clone());
            } else {
                forced.extend(self.judge("rehearsal", begun, in_rehearsal(&rehearsal))?);
            }
            clearance.expected = rehearsal.schema;
        }
        if safety.checks {
            let begun = Instant::now();
            match in_room(url, &self.pending) {
                Some(found) => forced.extend(self.judge("disk", begun, found)?),
                None => self.skip(
                    "disk",
                    begun,
                    "that of the server cannot be seen from here".to_owned(),
                ),
            }
        }
        clearance.notes.backup = self.back_up().await?;
        if !forced.is_empty() {
            clearance.notes.forced = Some(format!("--force: {}", forced.join("; ")));
        }
        Ok(clearance)
    }

    /// Reports a step, and stops where it must. What was passed by force comes back.
    fn judge(
        &self,
        name: &'static str,
        begun: Instant,
        found: Found,
    ) -> Result<Option<String>, MigrateError> {
        let Found { words, faults, notes, mend, code } = found;
        let force = self.operation.settings.safety.force;
        let verdict = match faults.as_slice() {
            [] => Verdict::Passed,
            _ if force => Verdict::Forced,
            _ => Verdict::Stopped,
        };
        let (details, took) = (faults.iter().cloned().chain(notes).collect(), begun.elapsed());
        report(self.operation, Step { name, verdict, words: words.clone(), details, took });
        match verdict {
            Verdict::Stopped => {
                Err(MigrateError::Unsafe { step: name, words, details: faults, mend, code })
            }
            Verdict::Forced => Ok(Some(format!("{name}: {words}"))),
            _ => Ok(None),
        }
    }

    /// Stops where a connected instance would be stopped.
    async fn ask_instances(&self) -> Result<Option<String>, MigrateError> {
        let begun = Instant::now();
        let connected = Connected::look(&self.operation.settings.url, &self.pending).await?;
        match in_instances(&connected) {
            None => Ok(None),
            Some(Ok(found)) => self.judge("instances", begun, found),
            Some(Err(why)) => {
                self.skip("instances", begun, why);
                Ok(None)
            }
        }
    }

    async fn rehearse(&self) -> Result<Rehearsal, MigrateError> {
        let Operation { set, settings, clock, .. } = self.operation;
        let rehearsal = RehearsalSettings {
            url: settings.url.clone(),
            rehearsal_url: settings.safety.rehearsal_url.clone(),
            stop: settings.stop.clone(),
        };
        rehearse(&rehearsal, set, &self.applied, &self.pending, *clock).await
    }

    fn skip(&self, name: &'static str, begun: Instant, words: String) {
        let (verdict, took) = (Verdict::Skipped, begun.elapsed());
        report(self.operation, Step { name, verdict, words, details: Vec::new(), took });
    }

    /// A backup, where one is wanted and can be made; its file.
    async fn back_up(&self) -> Result<Option<String>, MigrateError> {
        let (operation, begun) = (self.operation, Instant::now());
        let outcome = backing::back_up(operation.settings, operation.clock, self.dry).await;
        let step = |verdict, words, details| {
            report(
                operation,
                Step { name: "backup", verdict, words, details, took: begun.elapsed() },
            );
        };
        match outcome {
            Ok(Backing::Made { file, words }) => {
                step(Verdict::Passed, words, Vec::new());
                Ok(Some(file))
            }
            Ok(Backing::Without { why }) => {
                step(Verdict::Skipped, why, Vec::new());
                Ok(None)
            }
            Err(error) => {
                step(Verdict::Stopped, error.to_string(), Vec::new());
                Err(MigrateError::Backup(Box::new(error)))
            }
        }
    }
}

/// Holds the schema that came out against the one that the rehearsal has reached. What differs may have been
/// there before: it is said, and nothing is undone.
pub(in crate::migrate) async fn compare(
    operation: &Operation<'_>,
    session: &mut Session,
    expected: &Snapshot,
) -> Result<(), MigrateError> {
    if expected.is_empty() {
        return Ok(());
    }
    let begun = Instant::now();
    let found = snapshot(session).await.map_err(MigrateError::database("reading the schema"))?;
    let missing = expected.difference(&found).map(|line| format!("not there: {line}"));
    let extra = found.difference(expected).map(|line| format!("not of any migration: {line}"));
    let details: Vec<String> = missing.chain(extra).collect();
    let (verdict, words) = if details.is_empty() {
        (Verdict::Passed, "the schema is the rehearsed one".to_owned())
    } else {
        (Verdict::Noted, format!("{} difference(s) from the rehearsed schema", details.len()))
    };
    let took = begun.elapsed();
    report(operation, Step { name: "compare", verdict, words, details, took });
    Ok(())
}

fn report(operation: &Operation<'_>, step: Step) {
    let milliseconds = u64::try_from(step.took.as_millis()).unwrap_or(u64::MAX);
    let (name, verdict, words) = (step.name, step.verdict.as_str(), &step.words);
    match step.verdict {
        Verdict::Passed | Verdict::Skipped => {
            tracing::info!(step = name, verdict, words, milliseconds, "migration check");
        }
        Verdict::Noted | Verdict::Forced | Verdict::Stopped => {
            let details = step.details.join("; ");
            tracing::warn!(step = name, verdict, words, details, milliseconds, "migration check");
        }
    }
    operation.progress.stepped(step);
}

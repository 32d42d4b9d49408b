use std::time::Instant;

use async_trait::async_trait;

use super::findings::{Found, in_data, in_files, in_instances, in_rehearsal, in_room};
use crate::data_checks::{Limits, preflight};
use crate::history::write::Notes;
use crate::instances::Connected;
use crate::migrator::{Clearance, Gate, GateRequest, Migrator};
use crate::shadow::{Rehearsal, RehearsalSettings, rehearse};
use crate::{BackupBefore, MigrateError, MigratorOptions, Step, Verdict};
use schemakeep_files::files::Direction;

/// The steps before migrations are run, in their order, as [`Safety`](crate::Safety) asks for them; the first that
/// finds something stops it, with nothing changed.
#[derive(Clone, Copy, Debug)]
pub struct GateSteps;

#[async_trait]
impl Gate for GateSteps {
    async fn pass(&self, request: GateRequest<'_>) -> Result<Clearance, MigrateError> {
        match request.direction {
            Direction::Up => request.check().await,
            // What a way back loses has been confirmed; a backup has it still.
            Direction::Down => {
                let notes = Notes { backup: request.back_up().await?, ..Notes::default() };
                Ok(Clearance { notes, ..Clearance::default() })
            }
        }
    }
}

impl GateRequest<'_> {
    async fn check(self) -> Result<Clearance, MigrateError> {
        let mut clearance = Clearance::default();
        if self.migrations.is_empty() {
            return Ok(clearance);
        }
        let Migrator { set, settings, .. } = self.operation;
        let MigratorOptions { url, safety, .. } = settings;
        let mut forced = Vec::new();
        if safety.checks {
            forced.extend(self.ask_instances().await?);
            let begun = Instant::now();
            let found = in_files(set, url.dialect(), &self.migrations, &safety.protected_tables);
            forced.extend(self.judge("lint", begun, found)?);
            let begun = Instant::now();
            let asked = preflight(url, &self.migrations, &Limits::default()).await?;
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
            match in_room(url, &self.migrations) {
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
        let Found { summary, faults, notes, fix, code } = found;
        let force = self.operation.settings.safety.force;
        let verdict = match faults.as_slice() {
            [] => Verdict::Passed,
            _ if force => Verdict::Forced,
            _ => Verdict::Stopped,
        };
        let (details, took) = (faults.iter().cloned().chain(notes).collect(), begun.elapsed());
        self.report(Step { name, verdict, summary: summary.clone(), details, took });
        match verdict {
            Verdict::Stopped => {
                Err(MigrateError::Unsafe { step: name, summary, details: faults, fix, code })
            }
            Verdict::Forced => Ok(Some(format!("{name}: {summary}"))),
            _ => Ok(None),
        }
    }

    /// Stops where a connected instance would be stopped.
    async fn ask_instances(&self) -> Result<Option<String>, MigrateError> {
        let begun = Instant::now();
        let connected = Connected::look(&self.operation.settings.url, &self.migrations).await?;
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
        let Migrator { set, settings, clock, .. } = self.operation;
        let rehearsal = RehearsalSettings {
            url: settings.url.clone(),
            rehearsal_url: settings.safety.rehearsal_url.clone(),
            stop: settings.stop.clone(),
        };
        rehearse(&rehearsal, set, &self.applied, &self.migrations, *clock).await
    }

    fn skip(&self, name: &'static str, begun: Instant, summary: String) {
        let (verdict, took) = (Verdict::Skipped, begun.elapsed());
        self.report(Step { name, verdict, summary, details: Vec::new(), took });
    }

    /// A backup, where one is wanted and can be made; its file.
    async fn back_up(&self) -> Result<Option<String>, MigrateError> {
        let begun = Instant::now();
        let MigratorOptions { url, safety, stop, .. } = self.operation.settings;
        let outcome = match &safety.backup {
            Some(backup) => backup.before_migrate(url, self.operation.clock, stop, self.dry).await,
            None => Ok(BackupBefore::Skipped {
                why: "switched off (MIGRATE_BACKUP=off, or --no-backup)".to_owned(),
            }),
        };
        let step = |verdict, summary| {
            let (details, took) = (Vec::new(), begun.elapsed());
            self.report(Step { name: "backup", verdict, summary, details, took });
        };
        match outcome {
            Ok(BackupBefore::Made { file, summary }) => {
                step(Verdict::Passed, summary);
                Ok(Some(file))
            }
            Ok(BackupBefore::Skipped { why }) => {
                step(Verdict::Skipped, why);
                Ok(None)
            }
            Err(error) => {
                step(Verdict::Stopped, error.cause.clone());
                Err(MigrateError::Backup(error))
            }
        }
    }

    fn report(&self, step: Step) {
        self.operation.progress.stepped(step);
    }
}

//! What a start does about the schema, in order: wait for the database, look, and, only when something is to be
//! done, lock, look again, apply.
//!
//! A start that finds nothing to do takes no lock: it neither waits for another nor holds one up.

use std::time::Duration;

use super::error::MigrateError;
use super::lock::Lock;
use super::progress::{Phase, Progress};
use super::reading::Reading;
use super::refusal::refusal;
use super::run::{self, Runner};
use super::session::Session;
use super::state::{SchemaState, StateReport};
use super::{Dialect, Migration, MigrationSet, metrics, record, wait};
use crate::config::{DatabaseUrl, MigrateMode};
use crate::domain::Clock;

/// What [`prepare`] needs to know.
#[derive(Clone, Debug)]
pub struct StartSettings {
    /// The database, with the right to change its schema.
    pub url: DatabaseUrl,
    /// What to do about a schema that is behind.
    pub mode: MigrateMode,
    /// How long to wait for the database; zero means one try.
    pub database_wait: Duration,
    /// How long to wait for another migrator; zero means one try.
    pub lock_wait: Duration,
}

/// Brings the schema to where this program can serve it, as far as the mode allows, and returns what it
/// is then. `None` only when the mode is off and the schema could not be read.
///
/// # Errors
///
/// A [`MigrateError`] that says in words why the program must not serve; what was applied before it stays.
pub async fn prepare(
    settings: &StartSettings,
    set: &MigrationSet,
    clock: &dyn Clock,
    progress: &Progress,
) -> Result<Option<StateReport>, MigrateError> {
    let outcome = match settings.mode {
        MigrateMode::Off => Ok(look_only(settings, set).await),
        MigrateMode::Auto | MigrateMode::Check => {
            let start = Start { settings, set, clock, progress };
            start.run().await.map(Some)
        }
    };
    let phase = if outcome.is_ok() { Phase::Ready } else { Phase::Failed };
    progress.enter(phase, clock.now());
    match &outcome {
        Ok(Some(report)) => metrics::publish(report),
        Err(MigrateError::Refused { report, .. }) => metrics::publish(report),
        _ => {}
    }
    outcome
}

async fn look_only(settings: &StartSettings, set: &MigrationSet) -> Option<StateReport> {
    match wait::for_database(&settings.url, Duration::ZERO, set).await {
        Ok(reading) => Some(reading.report),
        Err(error) => {
            tracing::warn!(%error, "the schema was not read");
            None
        }
    }
}

struct Start<'a> {
    settings: &'a StartSettings,
    set: &'a MigrationSet,
    clock: &'a dyn Clock,
    progress: &'a Progress,
}

impl Start<'_> {
    async fn run(&self) -> Result<StateReport, MigrateError> {
        let url = &self.settings.url;
        self.progress.enter(Phase::WaitingForDatabase, self.clock.now());
        let reading = wait::for_database(url, self.settings.database_wait, self.set).await?;
        let report = match self.judge(reading.report)? {
            Verdict::Serve(report) => return Ok(report),
            Verdict::Migrate(report) => report,
        };
        run::check(&self.pending(&report), Dialect::of(url))?;

        self.progress.enter(Phase::WaitingForLock, self.clock.now());
        let (lock, mut session) = Lock::acquire(url, self.settings.lock_wait).await?;
        let outcome = self.migrate(&lock, &mut session).await;
        lock.release(session).await;
        outcome
    }

    /// Under the lock: looks again, because the one who had it before may have done the work.
    async fn migrate(
        &self,
        lock: &Lock,
        session: &mut Session,
    ) -> Result<StateReport, MigrateError> {
        let reading = self.look(session).await?;
        let report = match self.judge(reading.report)? {
            Verdict::Serve(report) => return Ok(report),
            Verdict::Migrate(report) => report,
        };
        lock.assert_held(session).await?;
        let creating = MigrateError::database("creating the record of migrations");
        record::create(session, &reading.record).await.map_err(creating)?;
        let pending = self.pending(&report);
        let (url, clock, progress) = (&self.settings.url, self.clock, self.progress);
        Runner { url, session: &mut *session, lock, clock, progress }.apply(&pending).await?;
        match self.judge(self.look(session).await?.report)? {
            Verdict::Serve(report) => Ok(report),
            Verdict::Migrate(report) => Err(self.refused(report)),
        }
    }

    async fn look(&self, session: &mut Session) -> Result<Reading, MigrateError> {
        let reading = Reading::take(session, self.set).await;
        reading.map_err(MigrateError::database("reading the schema"))
    }

    fn pending(&self, report: &StateReport) -> Vec<&Migration> {
        report.pending.iter().filter_map(|pending| self.set.get(pending.version)).collect()
    }

    fn judge(&self, report: StateReport) -> Result<Verdict, MigrateError> {
        match report.state {
            SchemaState::Behind if self.settings.mode == MigrateMode::Auto => {
                Ok(Verdict::Migrate(report))
            }
            SchemaState::AheadCompatible => {
                let (head, target) = (report.head, report.target);
                tracing::warn!(
                    head,
                    target,
                    "a newer program has migrated this database; serving it"
                );
                Ok(Verdict::Serve(report))
            }
            state if state.can_serve() => Ok(Verdict::Serve(report)),
            _ => Err(self.refused(report)),
        }
    }

    fn refused(&self, report: StateReport) -> MigrateError {
        let message = refusal(&report, self.settings.mode);
        MigrateError::Refused { report: Box::new(report), message }
    }
}

enum Verdict {
    Serve(StateReport),
    Migrate(StateReport),
}

//! What can be done to a schema, by a start and by a person at the command line, in one way: wait for the
//! database, look, decide; only when something is to be done, lock, look again, decide again, do it.
//!
//! What finds nothing to do takes no lock: it neither waits for another nor holds one up.

use schemakeep_db::DbError;
use schemakeep_db::plural;
use std::pin::pin;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use serde::Serialize;
use tokio::time::timeout;

use super::connection::Session;
use super::files::Direction;
use super::history::write::{self, Notes};
use super::lock::Lock;
use super::observation::Observation;
use super::options::MigratorOptions;
use super::plan::{Action, Goal, LINE_ENDINGS, acts};
use super::progress::{Phase, Progress, Step, Verdict};
use super::run::{self, Runner};
use super::snapshot::{Snapshot, snapshot};
use super::state::StateReport;
use super::{
    MigrateError, Migration, MigrationSet, cancel, leftovers, metrics, observation, retry,
};
use schemakeep_db::Clock;

/// How long the lock and its connection have to go in good order.
const UNLOCK_TIMEOUT: Duration = Duration::from_millis(500);

/// What every operation needs.
///
/// All of them run under the migration lock, each file in one transaction with its row of the record (or,
/// with `-- no-transaction`, statement by statement with a journal), and end early, leaving nothing half done,
/// when [`MigratorOptions::stop`] is cancelled. [`MigratorOptions::mode`] is for starts and does not matter here.
#[derive(Clone, Copy)]
pub struct Migrator<'a> {
    /// The database, and how long to wait for what.
    pub settings: &'a MigratorOptions,
    /// The migrations that the program has.
    pub set: &'a MigrationSet,
    pub clock: &'a dyn Clock,
    /// Where to say how far it is.
    pub progress: &'a Progress,
    /// What migrations must pass before they are run.
    pub gate: &'a dyn Gate,
}

/// Asked before files are run for the first time.
#[async_trait]
pub trait Gate: Send + Sync {
    /// Takes its steps, each of which it reports to [`Migrator::progress`]. An error stops the migration, with
    /// nothing changed.
    async fn pass(&self, request: GateRequest<'_>) -> Result<Clearance, MigrateError>;
}

/// Lets everything pass: for scratch databases.
#[derive(Clone, Copy, Debug)]
pub struct NoGate;

#[async_trait]
impl Gate for NoGate {
    async fn pass(&self, _: GateRequest<'_>) -> Result<Clearance, MigrateError> {
        Ok(Clearance::default())
    }
}

/// What a [`Gate`] is asked about.
#[derive(Clone)]
pub struct GateRequest<'a> {
    pub operation: &'a Migrator<'a>,
    /// The versions of the schema history.
    pub applied: Vec<i64>,
    /// Forward or back, all of them.
    pub direction: Direction,
    /// In the order in which they are run.
    pub migrations: Vec<&'a Migration>,
    /// Only looks: writes nothing, and makes no backup.
    pub dry: bool,
}

/// What the steps of a [`Gate`] have brought about.
#[derive(Debug, Default)]
pub struct Clearance {
    /// For the log of each file.
    pub notes: Notes,
    /// The schema that the rehearsal has reached; empty without one.
    pub expected: Snapshot,
}

/// A version that was dealt with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Done {
    pub version: i64,
    pub description: String,
    /// How long its file took; zero when none was run.
    #[serde(rename = "seconds", serialize_with = "schemakeep_db::serialize::seconds")]
    pub took: Duration,
}

/// What an operation has done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The versions, in the order in which they were dealt with; none when there was nothing to do.
    pub done: Vec<Done>,
    /// The schema as it is now.
    pub report: StateReport,
}

impl<'a> Migrator<'a> {
    /// Applies what is pending, up to and with `to`, or all. Goes on with a `-- no-transaction` file that
    /// stopped partway, and fixes checksums that differ in line ends only.
    ///
    /// # Errors
    ///
    /// [`MigrateError`]: the state forbids it, `to` is unknown or below the head, a file failed. What
    /// was applied before it stays.
    pub async fn up(self, to: Option<i64>) -> Result<Outcome, MigrateError> {
        self.run(Goal::Up { to }).await
    }

    /// Undoes everything above `to`, or everything, newest first. The record's tables stay.
    ///
    /// # Errors
    ///
    /// [`MigrateError`]: the state forbids it, `to` is unknown or not applied, a migration on the way is
    /// irreversible or unknown to this program (in both cases before anything is changed), a file
    /// failed. What was undone before it stays undone.
    pub async fn down(self, to: Option<i64>) -> Result<Outcome, MigrateError> {
        self.run(Goal::Down { to }).await
    }

    /// Records every migration up to and with `version` as applied, without running any.
    ///
    /// # Errors
    ///
    /// [`MigrateError`]: the record contradicts this program or goes further; or `version` is the
    /// last one, and tables or columns that this program uses are not there.
    pub async fn stamp(self, version: i64) -> Result<Outcome, MigrateError> {
        self.run(Goal::Stamp { version }).await
    }

    /// Fixes one row of the record: accepts the checksum of this program's file, or forgets a version that
    /// stopped partway, so that `up` begins it again; what it left is to be undone by hand before.
    ///
    /// # Errors
    ///
    /// [`MigrateError::NothingToRepair`], also without a reason; or the database failed.
    pub async fn repair(self, version: i64, reason: &'a str) -> Result<Outcome, MigrateError> {
        self.run(Goal::Repair { version, reason }).await
    }

    /// What [`Migrator::up`] would say before it applies anything: takes no lock and writes nothing. The
    /// versions come without a time.
    ///
    /// # Errors
    ///
    /// [`MigrateError`]: what would stop `up`.
    pub async fn dry_run(self, to: Option<i64>) -> Result<Outcome, MigrateError> {
        let reading = self.wait().await?;
        let acts = self.acts(Goal::Up { to }, &reading)?;
        self.clear(&reading, &acts, true).await?;
        let done = acts.iter().map(|act| act.done(Duration::ZERO)).collect();
        Ok(Outcome { done, report: reading.report })
    }

    async fn run(self, work: Goal<'a>) -> Result<Outcome, MigrateError> {
        let outcome = async { self.perform(self.wait().await?, work).await }.await;
        let phase = if outcome.is_ok() { Phase::Ready } else { Phase::Failed };
        self.progress.enter(phase, self.clock.now());
        outcome
    }

    /// The first look, as soon as the database lets it.
    pub(super) async fn wait(&self) -> Result<Observation, MigrateError> {
        self.progress.enter(Phase::WaitingForDatabase, self.clock.now());
        let MigratorOptions { url, database_wait, stop, .. } = self.settings;
        let reading = cancel::run_until_cancelled(
            stop,
            retry::until_answered(url, *database_wait, || observation::look(url, self.set)),
        )
        .await?;
        leftovers::sweep_around(url).await;
        Ok(reading)
    }

    pub(super) fn acts(
        &self,
        work: Goal<'a>,
        reading: &Observation,
    ) -> Result<Vec<Action<'a>>, MigrateError> {
        let acts = acts(work, self.set, reading, self.settings.mode)?;
        run::check(acts.iter().filter_map(Action::script), self.settings.url.dialect())?;
        Ok(acts)
    }

    /// Does what a look shows is to be done.
    pub(super) async fn perform(
        &self,
        reading: Observation,
        work: Goal<'a>,
    ) -> Result<Outcome, MigrateError> {
        if self.acts(work, &reading)?.is_empty() {
            return Ok(Outcome { done: Vec::new(), report: reading.report });
        }
        let MigratorOptions { url, lock_wait, stop, .. } = self.settings;
        self.progress.enter(Phase::WaitingForLock, self.clock.now());
        let (lock, mut session) =
            cancel::run_until_cancelled(stop, Lock::acquire(url, *lock_wait)).await?;
        let ended = {
            let work = pin!(self.under_lock(&lock, &mut session, work));
            cancel::or_cancelled(stop, url, lock.backend(), work).await
        };
        let Some(outcome) = ended else {
            let left =
                "the database did not say so in time, and rolls back by itself what was running";
            return Err(MigrateError::Stopped { left: left.to_owned() });
        };
        if timeout(UNLOCK_TIMEOUT, lock.release(session)).await.is_err() {
            tracing::debug!("the migration lock was left to the closing of its connection");
        }
        outcome.map_err(|error| match error {
            MigrateError::Db(DbError::Database { .. }) if stop.is_cancelled() => {
                tracing::debug!(%error, "while stopping");
                MigrateError::Stopped { left: "nothing half done was kept".to_owned() }
            }
            other => other,
        })
    }

    /// Looks again, because the one who had the lock before may have done the work.
    async fn under_lock(
        &self,
        lock: &Lock,
        session: &mut Session,
        work: Goal<'a>,
    ) -> Result<Outcome, MigrateError> {
        let MigratorOptions { url, stop, table_lock_wait, safety, .. } = self.settings;
        let watching = session.interrupt_on(stop.clone()).await;
        watching.map_err(MigrateError::database("preparing the migration connection"))?;
        let reading = self.look(session).await?;
        let acts = self.acts(work, &reading)?;
        if acts.is_empty() {
            return Ok(Outcome { done: Vec::new(), report: reading.report });
        }
        let clearance = self.clear(&reading, &acts, false).await?;
        lock.assert_held(session).await?;
        let creating = MigrateError::database("creating the record of migrations");
        write::create(session, &reading.record).await.map_err(creating)?;

        let (clock, lock_retry_budget) = (self.clock, *table_lock_wait);
        let (protected, notes) = (safety.protected_tables.as_slice(), clearance.notes.clone());
        let session_of = &mut *session;
        let mut runner = Runner {
            url,
            session: session_of,
            lock,
            clock,
            stop,
            lock_retry_budget,
            protected,
            notes,
        };
        runner.prepare().await?;
        let mut done = Vec::new();
        let (runs, writes): (Vec<_>, Vec<_>) =
            acts.into_iter().partition(|act| act.script().is_some());
        runner.write(&writes).await?;
        let news = |act: &&Action<'_>| !matches!(act, Action::Accept(_, reason) if *reason == LINE_ENDINGS);
        done.extend(writes.iter().filter(news).map(|act| act.done(Duration::ZERO)));
        for (index, act) in runs.iter().enumerate() {
            if let Action::Run { script, previous_attempts } = act {
                self.progress.migrating(script.version(), index, runs.len(), self.clock.now());
                let took = runner.run(*script, previous_attempts).await;
                let took = took.inspect_err(|_| metrics::failed(script.direction))?;
                done.extend(took.map(|took| act.done(took)));
            }
        }
        self.compare(session, &clearance.expected).await?;
        let report = self.look(session).await?.report;
        metrics::publish(&report);
        Ok(Outcome { done, report })
    }

    /// Asks the safeguards about the files that are to be run for the first time.
    async fn clear(
        &self,
        reading: &Observation,
        acts: &[Action<'a>],
        dry: bool,
    ) -> Result<Clearance, MigrateError> {
        let applied = reading.record.rows.iter().map(|row| row.version).collect();
        let (up, down): (Vec<_>, Vec<_>) = acts
            .iter()
            .filter_map(Action::fresh)
            .partition(|script| script.direction == Direction::Up);
        let some = !up.is_empty() || !down.is_empty();
        if some && !dry {
            self.progress.enter(Phase::Checking, self.clock.now());
        }
        let (direction, scripts) =
            if down.is_empty() { (Direction::Up, up) } else { (Direction::Down, down) };
        let migrations = scripts.iter().map(|script| script.migration).collect();
        let request = GateRequest { operation: self, applied, direction, migrations, dry };
        let clearing = self.gate.pass(request);
        cancel::run_until_cancelled(&self.settings.stop, clearing).await
    }

    async fn look(&self, session: &mut Session) -> Result<Observation, MigrateError> {
        let reading = Observation::take(session, self.set).await;
        reading.map_err(MigrateError::database("reading the schema"))
    }

    /// Holds the schema that came out against the one that the rehearsal has reached. What differs may have been
    /// there before: it is said, and nothing is undone.
    async fn compare(
        &self,
        session: &mut Session,
        expected: &Snapshot,
    ) -> Result<(), MigrateError> {
        if expected.is_empty() {
            return Ok(());
        }
        let begun = Instant::now();
        let found =
            snapshot(session).await.map_err(MigrateError::database("reading the schema"))?;
        let missing = expected.difference(&found).map(|line| format!("not there: {line}"));
        let extra = found.difference(expected).map(|line| format!("not of any migration: {line}"));
        let details: Vec<String> = missing.chain(extra).collect();
        let (verdict, summary) = if details.is_empty() {
            (Verdict::Passed, "the schema is the rehearsed one".to_owned())
        } else {
            (
                Verdict::Noted,
                format!("{} from the rehearsed schema", plural(details.len(), "difference")),
            )
        };
        let took = begun.elapsed();
        self.progress.stepped(Step { name: "compare", verdict, summary, details, took });
        Ok(())
    }
}

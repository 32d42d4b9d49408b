//! Runs files, under the lock: whole in one transaction with their row of the record, or, where that cannot
//! be, statement by statement with a journal.

pub mod attempt;
mod check;
mod non_transactional;
mod rebuild;
mod references;

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::connection::{Purpose, Session};
use super::error::cause;
use super::history::read::RecordedStep;
use super::history::write::{self, Author, Notes};
use super::lock::Lock;
use super::migration_file::MigrationFile;
use super::plan::Action;
use super::retry::{LOG_INTERVAL, jittered};
use super::{Dialect, MigrateError, metrics};
use attempt::{Failure, Unit};
use schemakeep_db::Clock;
use schemakeep_db::DatabaseUrl;

pub(super) use check::check;

/// How long one try waits for a lock on a table: anyone who comes after it waits as long behind it.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest pause between two tries.
const RETRY_INTERVAL: Duration = Duration::from_secs(3);
/// How long a rollback may take before the connection is dropped, which rolls back too.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(3);

/// What running needs beside the files.
pub(super) struct Runner<'a> {
    pub(super) url: &'a DatabaseUrl,
    pub(super) session: &'a mut Session,
    pub(super) lock: &'a Lock,
    pub(super) clock: &'a dyn Clock,
    pub(super) stop: &'a CancellationToken,
    /// How long to go on trying to get locks on tables.
    pub(super) lock_retry_budget: Duration,
    /// Tables that no migration may drop, empty or leave with fewer rows.
    pub(super) protected: &'a [String],
    /// What the log is told of each file beside its outcome.
    pub(super) notes: Notes,
}

impl Runner<'_> {
    /// Has the server notice, and roll back, when this process goes away in the middle of a statement.
    pub(super) async fn prepare(&mut self) -> Result<(), MigrateError> {
        if self.session.dialect() == Dialect::Sqlite {
            return Ok(());
        }
        let setting = "SELECT set_config(name, '1000', false) FROM pg_catalog.pg_settings \
             WHERE name = 'client_connection_check_interval'";
        if let Err(error) = self.session.execute(setting).await {
            // From PostgreSQL 14, and not on every system that it runs on.
            tracing::debug!(%error, "the server does not watch its clients");
        }
        Ok(())
    }

    /// Does what only writes the record, all of it in one transaction.
    pub(super) async fn write(&mut self, acts: &[Action<'_>]) -> Result<(), MigrateError> {
        if acts.is_empty() {
            return Ok(());
        }
        let written = self.write_all(acts).await;
        if written.is_err() {
            self.roll_back().await;
        }
        written
    }

    async fn write_all(&mut self, acts: &[Action<'_>]) -> Result<(), MigrateError> {
        let failed = || MigrateError::database("writing the record");
        let author = self.author().map_err(failed())?;
        let begin = attempt::begin(self.session.dialect());
        self.session.execute(begin).await.map_err(failed())?;
        self.lock.assert_held(self.session).await?;
        for act in acts {
            let session = &mut *self.session;
            let written = match act {
                Action::Accept(migration, reason) => {
                    write::checksum_accepted(session, migration, reason, &author).await
                }
                Action::Clear { version, reason, .. } => {
                    write::cleared(session, *version, reason, &author).await
                }
                Action::Stamp(migration) => write::stamped(session, migration, &author).await,
                Action::Run { .. } => Ok(()),
            };
            written.map_err(failed())?;
        }
        self.session.execute("COMMIT").await.map_err(failed())
    }

    /// Runs one file; of one that stopped partway, what is not done. `None` when somebody else has.
    pub(super) async fn run(
        &mut self,
        script: MigrationFile<'_>,
        previous_attempts: &[RecordedStep],
    ) -> Result<Option<Duration>, MigrateError> {
        let begun = Instant::now();
        let ran = if script.directives().no_transaction {
            self.run_steps(script, previous_attempts).await?
        } else if script.directives().rebuild {
            self.run_rebuild(script).await?
        } else {
            self.insist(&Unit::Whole(script)).await?
        };
        let took = begun.elapsed();
        if ran {
            metrics::ran(script.direction, took);
            tracing::info!(
                version = script.version(),
                description = script.migration.description,
                direction = script.direction.as_str(),
                milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                "migration ran"
            );
        }
        Ok(ran.then_some(took))
    }

    /// Tries until it goes through, fails, or `lock_retry_budget` is spent. Returns whether it was done here;
    /// `false` when it was done already.
    async fn insist(&mut self, unit: &Unit<'_>) -> Result<bool, MigrateError> {
        let begun = Instant::now();
        let mut blockers = None;
        let mut tries = 0;
        loop {
            tries += 1;
            if self.stop.is_cancelled() {
                return Err(unit.stopped());
            }
            let failure = match self.watched(unit, tries > 1, &mut blockers).await {
                Ok(ran) => return Ok(ran),
                Err(failure) => failure,
            };
            if unit.is_in_transaction() {
                self.roll_back().await;
            } else {
                self.interrupt_no_more().await;
            }
            if self.stop.is_cancelled() {
                return Err(unit.stopped());
            }
            let cause = match failure {
                Failure::Failed(error) => return Err(error),
                Failure::Blocked(cause) => cause,
            };
            let waited = begun.elapsed();
            if waited >= self.lock_retry_budget {
                let blockers = blockers.unwrap_or_else(|| "sessions that were not seen".to_owned());
                return Err(unit.blocked(tries, waited, cause, blockers));
            }
            let seen = blockers.as_deref().unwrap_or("sessions not yet seen");
            let version = unit.script().version();
            tracing::warn!(version, tries, cause, blockers = seen, "migration waits for a lock");
            tokio::select! {
                () = sleep(jittered(RETRY_INTERVAL.min(self.lock_retry_budget))) => {}
                () = self.stop.cancelled() => {}
            }
        }
    }

    /// One try; meanwhile a second connection looks now and then who is in its way.
    async fn watched(
        &mut self,
        unit: &Unit<'_>,
        again: bool,
        blockers: &mut Option<String>,
    ) -> Result<bool, Failure> {
        let (url, backend) = (self.url, self.lock.backend().map(str::to_owned));
        let version = unit.script().version();
        let attempt = pin!(self.attempt(unit, again));
        let Some(backend) = backend else {
            return attempt.await;
        };
        let watch = async {
            let mut pause = LOCK_TIMEOUT / 2;
            loop {
                sleep(pause).await;
                if let Ok(Some(seen)) = blockers_of(url, &backend).await {
                    if pause == LOG_INTERVAL {
                        tracing::warn!(version, blockers = seen, "migration waits");
                    }
                    *blockers = Some(seen);
                }
                pause = LOG_INTERVAL;
            }
        };
        tokio::select! {
            outcome = attempt => outcome,
            () = watch => Err(Failure::Blocked(String::new())),
        }
    }

    fn author(&self) -> Result<Author, sqlx::Error> {
        Author::of_now(self.session.dialect(), self.clock.now(), self.notes.clone())
    }

    /// After the stop: what is left to do may end.
    async fn interrupt_no_more(&mut self) {
        if self.stop.is_cancelled()
            && let Err(error) = self.session.interrupt_no_more().await
        {
            tracing::debug!(%error, "the connection is gone");
        }
    }

    async fn roll_back(&mut self) {
        self.interrupt_no_more().await;
        match timeout(ROLLBACK_TIMEOUT, self.session.execute("ROLLBACK")).await {
            Ok(Ok(())) => {}
            // SQLite has rolled some errors back by itself; a lost connection has too.
            Ok(Err(error)) => tracing::debug!(%error, "nothing to roll back"),
            Err(_) => tracing::debug!("the rollback was left to the closing of the connection"),
        }
    }
}

pub async fn blockers_of(url: &DatabaseUrl, backend: &str) -> Result<Option<String>, sqlx::Error> {
    let Some(mut session) = Session::to_read(url, Purpose::Inspect).await? else {
        return Ok(None);
    };
    let query = format!(
        "SELECT string_agg('pid ' || pid || ' (' || coalesce(nullif(application_name, ''), 'unknown program') \
         || ', ' || coalesce(state, 'unknown state') || ')', ', ') \
         FROM pg_catalog.pg_stat_activity WHERE pid = ANY (pg_blocking_pids({backend}))"
    );
    let seen = session.value(query).await;
    session.close().await;
    seen
}

/// Gives a failure of ours its context, or tells that the same may go through later.
fn judged(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Failure {
    move |error| {
        if attempt::is_lock_conflict(&error) {
            Failure::Blocked(cause(&error))
        } else {
            Failure::Failed(MigrateError::database(doing)(error))
        }
    }
}

//! Applies migrations one by one, each in one transaction with its row of the record.
//!
//! Runs under the lock, forward, and transactional files only.

use std::pin::pin;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};

use super::embedded::Migration;
use super::error::cause;
use super::failure::failure;
use super::lock::Lock;
use super::progress::Progress;
use super::session::{Purpose, Session};
use super::wait::jittered;
use super::{Dialect, MigrateError, metrics, record, scan};
use crate::config::DatabaseUrl;
use crate::domain::Clock;

/// How long one try waits for a lock on a table: whoever comes after it waits as long behind it.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);
/// How often a migration is tried; with the pauses between, about two minutes.
const TRIES: u32 = 30;
/// The longest pause between two tries.
const PAUSE: Duration = Duration::from_secs(3);
/// How long a rollback may take before the connection is dropped, which rolls back too.
const ROLLBACK_TIMEOUT: Duration = Duration::from_secs(5);

/// What applying needs beside the migrations.
pub(super) struct Runner<'a> {
    pub(super) url: &'a DatabaseUrl,
    pub(super) session: &'a mut Session,
    pub(super) lock: &'a Lock,
    pub(super) clock: &'a dyn Clock,
    pub(super) progress: &'a Progress,
}

/// Why one try ended.
enum Stop {
    /// Another session was in the way; the next try may go through.
    Blocked(String),
    Failed(MigrateError),
}

/// Refuses files that cannot run in a transaction, before anything is begun.
pub(super) fn check(migrations: &[&Migration], dialect: Dialect) -> Result<(), MigrateError> {
    for migration in migrations {
        let file = migration.up_file();
        for (declared, directive) in [
            (migration.directives.no_transaction, "no-transaction"),
            (migration.directives.rebuild, "rebuild"),
        ] {
            if declared {
                return Err(MigrateError::Unsupported { file, directive });
            }
        }
        if let Some((line, statement)) = scan::forbidden(&migration.up_sql, dialect) {
            return Err(MigrateError::TransactionControl { file, line, statement });
        }
    }
    Ok(())
}

impl Runner<'_> {
    /// Applies the migrations in order; those before one that fails stay.
    pub(super) async fn apply(&mut self, migrations: &[&Migration]) -> Result<(), MigrateError> {
        if self.session.dialect() == Dialect::Postgres {
            self.prepare_session().await?;
        }
        for (done, migration) in migrations.iter().enumerate() {
            self.progress.migrating(migration.version, done, migrations.len(), self.clock.now());
            let begun = Instant::now();
            let applied = self.apply_one(migration).await.inspect_err(|_| metrics::failed())?;
            let took = begun.elapsed();
            if applied {
                metrics::applied(took);
                tracing::info!(
                    version = migration.version,
                    description = migration.description,
                    milliseconds = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
                    "migration applied"
                );
            }
        }
        Ok(())
    }

    /// Has the server notice, and roll back, when this process goes away in the middle of a statement.
    async fn prepare_session(&mut self) -> Result<(), MigrateError> {
        let setting = "SELECT set_config(name, '1000', false) FROM pg_catalog.pg_settings \
             WHERE name = 'client_connection_check_interval'";
        if let Err(error) = self.session.execute(setting).await {
            // From PostgreSQL 14, and not on every system that it runs on.
            tracing::debug!(%error, "the server does not watch its clients");
        }
        Ok(())
    }

    /// Returns whether it was applied here; `false` when it was already.
    async fn apply_one(&mut self, migration: &Migration) -> Result<bool, MigrateError> {
        let mut blockers = None;
        let mut tries = 0;
        loop {
            tries += 1;
            let stop = match self.watched_attempt(migration, tries, &mut blockers).await {
                Ok(applied) => return Ok(applied),
                Err(stop) => stop,
            };
            self.roll_back().await;
            match stop {
                Stop::Failed(error) => return Err(error),
                Stop::Blocked(cause) if tries >= TRIES => {
                    let blockers =
                        blockers.unwrap_or_else(|| "sessions that were not seen".to_owned());
                    return Err(MigrateError::Blocked {
                        file: migration.up_file(),
                        tries,
                        cause,
                        blockers,
                    });
                }
                Stop::Blocked(cause) => {
                    let blockers = blockers.as_deref().unwrap_or("sessions not yet seen");
                    tracing::warn!(
                        version = migration.version,
                        tries,
                        cause,
                        blockers,
                        "migration waits for a lock"
                    );
                }
            }
            sleep(jittered(PAUSE)).await;
        }
    }

    /// One try; from the second on, a second connection looks half way who is in its way.
    async fn watched_attempt(
        &mut self,
        migration: &Migration,
        tries: u32,
        blockers: &mut Option<String>,
    ) -> Result<bool, Stop> {
        let (url, backend) = (self.url, self.lock.backend().map(str::to_owned));
        let attempt = pin!(self.attempt(migration));
        let Some(backend) = backend.filter(|_| tries > 1) else {
            return attempt.await;
        };
        let mut attempt = attempt;
        let watch = pin!(async {
            sleep(LOCK_TIMEOUT / 2).await;
            blockers_of(url, &backend).await
        });
        tokio::select! {
            outcome = &mut attempt => outcome,
            seen = watch => {
                if let Ok(Some(seen)) = seen {
                    *blockers = Some(seen);
                }
                attempt.await
            }
        }
    }

    async fn attempt(&mut self, migration: &Migration) -> Result<bool, Stop> {
        let stopped = |error: sqlx::Error| {
            if is_lock_conflict(&error) {
                Stop::Blocked(cause(&error))
            } else {
                Stop::Failed(MigrateError::database("recording a migration")(error))
            }
        };
        let begun = Instant::now();
        self.session.execute(begin(self.session.dialect())).await.map_err(stopped)?;
        self.lock.assert_held(self.session).await.map_err(Stop::Failed)?;
        if record::has(self.session, migration.version).await.map_err(stopped)? {
            self.session.execute("ROLLBACK").await.map_err(stopped)?;
            return Ok(false);
        }
        let path = self.search_path().await.map_err(stopped)?;
        if let Err((done, error)) = self.session.run(&migration.up_sql).await {
            return Err(if is_lock_conflict(&error) {
                Stop::Blocked(cause(&error))
            } else {
                Stop::Failed(failure(migration, self.session.dialect(), done, &error))
            });
        }
        if let Some(path) = path {
            let quoted = Dialect::Postgres.quoted(&path);
            let restore = format!("SELECT set_config('search_path', {quoted}, false)");
            self.session.execute(restore).await.map_err(stopped)?;
        }
        let (took, at, author) =
            (begun.elapsed(), self.clock.now(), record::Author::this_program());
        record::applied(self.session, migration, took, at, &author).await.map_err(stopped)?;
        self.session.execute("COMMIT").await.map_err(stopped)?;
        Ok(true)
    }

    /// The search path, to be put back after a file that sets it (as dumps do): the record is found by it.
    async fn search_path(&mut self) -> Result<Option<String>, sqlx::Error> {
        match self.session.dialect() {
            Dialect::Postgres => self.session.value("SELECT current_setting('search_path')").await,
            Dialect::Sqlite => Ok(None),
        }
    }

    async fn roll_back(&mut self) {
        match timeout(ROLLBACK_TIMEOUT, self.session.execute("ROLLBACK")).await {
            Ok(Ok(())) => {}
            // SQLite has rolled some errors back by itself; a lost connection has too.
            Ok(Err(error)) => tracing::debug!(%error, "nothing to roll back"),
            Err(_) => tracing::debug!("the rollback was left to the closing of the connection"),
        }
    }
}

fn begin(dialect: Dialect) -> String {
    match dialect {
        Dialect::Postgres => format!(
            "BEGIN; SET LOCAL lock_timeout = '{}ms'; SET LOCAL statement_timeout = 0; \
             SET LOCAL idle_in_transaction_session_timeout = 0",
            LOCK_TIMEOUT.as_millis()
        ),
        Dialect::Sqlite => "BEGIN IMMEDIATE".to_owned(),
    }
}

/// Whether the same transaction may go through later: a lock not had in time, a deadlock, a busy file.
fn is_lock_conflict(error: &sqlx::Error) -> bool {
    let Some(code) = error.as_database_error().and_then(sqlx::error::DatabaseError::code) else {
        return false;
    };
    matches!(code.as_ref(), "55P03" | "40P01" | "5" | "517" | "261")
}

async fn blockers_of(url: &DatabaseUrl, backend: &str) -> Result<Option<String>, sqlx::Error> {
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

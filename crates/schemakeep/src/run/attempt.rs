//! One try of one unit: a whole file in its transaction, or one statement of a file without.

use std::time::Duration;

use tokio::time::Instant;

use super::non_transactional::StepUnit;
use super::{LOCK_TIMEOUT, Runner, judged, rebuild, references};
use crate::error::Blocked;
use crate::failure::failure;
use crate::history::{read, write};
use crate::migration_file::MigrationFile;
use crate::row_guard::Guard;
use crate::{Dialect, MigrateError};
use schemakeep_db::cause;
use schemakeep_files::files::Direction;

/// What is tried again as long as a lock is in the way.
pub(super) enum Unit<'a> {
    Whole(MigrationFile<'a>),
    Step(StepUnit<'a>),
}

pub(super) enum Failure {
    /// Another session was in the way; the next try may go through.
    Blocked(String),
    Failed(MigrateError),
}

impl<'a> Unit<'a> {
    pub(super) fn script(&self) -> MigrationFile<'a> {
        match self {
            Self::Whole(script) => *script,
            Self::Step(unit) => unit.script,
        }
    }

    /// Whether a try is one transaction; else it has rolled back what it began.
    pub(super) fn is_in_transaction(&self) -> bool {
        match self {
            Self::Whole(_) => true,
            Self::Step(unit) => unit.step.how.in_transaction(),
        }
    }

    pub(super) fn stopped(&self) -> MigrateError {
        let script = self.script();
        let left = match self {
            Self::Whole(_) => format!("migration {} was rolled back, whole", script.file()),
            Self::Step(unit) => format!(
                "migration {} stopped before statement {} of {}; {}; `{}` goes on there",
                script.file(),
                unit.step.index + 1,
                unit.total,
                unit.kept(),
                script.command()
            ),
        };
        MigrateError::Stopped { left }
    }

    pub(super) fn blocked(
        &self,
        tries: u32,
        waited: Duration,
        cause: String,
        blockers: String,
    ) -> MigrateError {
        let kept = match self {
            Self::Whole(_) => "nothing of it was kept".to_owned(),
            Self::Step(unit) => unit.kept(),
        };
        let (file, command) = (self.script().file(), self.script().command());
        let blocked = Blocked { file, tries, waited, cause, blockers, kept, command };
        MigrateError::Blocked(Box::new(blocked))
    }
}

impl Runner<'_> {
    /// `again`: not for the first time.
    pub(super) async fn attempt(&mut self, unit: &Unit<'_>, again: bool) -> Result<bool, Failure> {
        match unit {
            Unit::Whole(script) => self.attempt_whole(*script).await,
            Unit::Step(unit) => self.attempt_step(unit, again).await.map(|()| true),
        }
    }

    async fn attempt_whole(&mut self, script: MigrationFile<'_>) -> Result<bool, Failure> {
        let recording = || judged("recording a migration");
        let (begun, dialect) = (Instant::now(), self.session.dialect());
        self.session.execute(begin(dialect)).await.map_err(recording())?;
        self.lock.assert_held(self.session).await.map_err(|error| Failure::Failed(error.into()))?;
        let there = read::has(self.session, script.version()).await.map_err(recording())?;
        if there == (script.direction == Direction::Up) {
            self.session.execute("ROLLBACK").await.map_err(recording())?;
            return Ok(false);
        }
        let rebuild = script.directives().rebuild;
        if dialect == Dialect::Sqlite && !rebuild {
            let looked = references::refuse(self.session, script).await;
            looked.map_err(recording())?.map_err(Failure::Failed)?;
        }
        let before = if rebuild {
            Some(rebuild::Rows::count(self.session).await.map_err(recording())?)
        } else {
            None
        };
        let guard = self.guard(script).await.map_err(recording())?;
        let path = self.search_path().await.map_err(recording())?;
        if let Err((done, error)) = self.session.run(script.sql()).await {
            return Err(if is_lock_conflict(&error) {
                Failure::Blocked(cause(&error))
            } else {
                Failure::Failed(failure(script, dialect, done, &error))
            });
        }
        if let Some(path) = path {
            let quoted = dialect.quoted(&path);
            let restore = format!("SELECT set_config('search_path', {quoted}, false)");
            self.session.execute(restore).await.map_err(recording())?;
        }
        if let Some(harm) = guard.harm(self.session).await.map_err(recording())? {
            let file = script.file();
            return Err(Failure::Failed(MigrateError::Harm { file, harm: harm.to_string() }));
        }
        if let Some(before) = before {
            let lost = before.lost(self.session).await.map_err(recording())?;
            if let Some(cause) = lost {
                let file = script.file();
                return Err(Failure::Failed(MigrateError::Rebuild { file, cause }));
            }
        }
        let author = self.author().map_err(recording())?;
        let took = begun.elapsed();
        write::ran(self.session, script, took, &author).await.map_err(recording())?;
        self.session.execute("COMMIT").await.map_err(recording())?;
        Ok(true)
    }

    /// The protected tables as they are now; going back has been confirmed with what it loses.
    pub(super) async fn guard(&mut self, script: MigrationFile<'_>) -> Result<Guard, sqlx::Error> {
        let protected = if script.direction == Direction::Up { self.protected } else { &[] };
        Guard::take(self.session, protected).await
    }

    /// The search path, to be put back after a file that sets it (as dumps do): the record is found by it.
    pub(super) async fn search_path(&mut self) -> Result<Option<String>, sqlx::Error> {
        match self.session.dialect() {
            Dialect::Postgres => self.session.value("SELECT current_setting('search_path')").await,
            Dialect::Sqlite => Ok(None),
        }
    }
}

pub fn begin(dialect: Dialect) -> String {
    match dialect {
        Dialect::Postgres => format!(
            "BEGIN; SET LOCAL lock_timeout = '{}ms'; SET LOCAL statement_timeout = 0; \
             SET LOCAL idle_in_transaction_session_timeout = 0",
            LOCK_TIMEOUT.as_millis()
        ),
        Dialect::Sqlite => "BEGIN IMMEDIATE".to_owned(),
    }
}

/// Whether the same transaction may go through later: a lock timeout, a deadlock, a busy file.
pub fn is_lock_conflict(error: &sqlx::Error) -> bool {
    let Some(code) = error.as_database_error().and_then(sqlx::error::DatabaseError::code) else {
        return false;
    };
    matches!(code.as_ref(), "55P03" | "40P01" | "5" | "517" | "261")
}

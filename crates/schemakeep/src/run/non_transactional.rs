//! A file without a transaction: each statement by itself, written down before and after it.
//!
//! PostgreSQL only. A statement that may run in a transaction runs in one with its mark in the journal, so
//! it happens exactly once whenever the process dies. Of the others the catalogue says whether an index
//! was made or dropped; anything else is run again, and so must be written to bear that.

use tokio::time::Instant;

use super::attempt::{Failure, Unit, begin, is_lock_conflict};
use super::{Runner, judged};
use crate::error::StepFailed;
use crate::failure::{beginning, position};
use crate::history::read::{RecordedStep, StepOutcome};
use crate::history::write;
use crate::migration_file::MigrationFile;
use crate::row_guard::Guard;
use crate::{Dialect, MigrateError, lexer};
use schemakeep_db::cause;
use schemakeep_sql::statements::{self, ExecutionMode, Step};

/// One statement, with what it takes to run it and to say what came of it.
pub(super) struct StepUnit<'a> {
    pub(super) script: MigrationFile<'a>,
    pub(super) step: &'a Step,
    pub(super) total: usize,
    /// Its row in the journal.
    id: String,
    /// Whether it was begun before, by this process or one that is gone.
    tried_before: bool,
    /// The search path by which the record is found, as a literal.
    path: &'a str,
}

/// What the catalogue says about an index.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Index {
    Absent,
    Valid,
    /// What a failed or killed `CREATE INDEX CONCURRENTLY` leaves.
    Invalid,
    /// Somebody builds it now.
    Building,
}

impl StepUnit<'_> {
    /// Which statements of the file stay.
    pub(super) fn kept(&self) -> String {
        kept(self.step)
    }

    fn failed(&self, cause: String, line: Option<usize>) -> MigrateError {
        step_failed(self.script, self.step, self.total, cause, line)
    }

    /// An error of the database, as the end of this statement.
    fn judged(&self, error: &sqlx::Error) -> Failure {
        if is_lock_conflict(error) {
            return Failure::Blocked(cause(error));
        }
        let line =
            position(error).map(|at| self.step.line + lexer::line_of(&self.step.text, at) - 1);
        Failure::Failed(self.failed(cause(error), line))
    }
}

fn kept(step: &Step) -> String {
    match step.index {
        0 => "no statement of it was kept".to_owned(),
        1 => "statement 1 is done and stays".to_owned(),
        done => format!("statements 1 to {done} are done and stay"),
    }
}

fn step_failed(
    script: MigrationFile<'_>,
    step: &Step,
    total: usize,
    cause: String,
    line: Option<usize>,
) -> MigrateError {
    MigrateError::StepFailed(Box::new(StepFailed {
        file: script.file(),
        line: line.unwrap_or(step.line),
        step: step.index + 1,
        total,
        statement: beginning(&step.text),
        cause,
        kept: kept(step),
        command: script.command(),
    }))
}

impl Runner<'_> {
    /// Runs what the journal does not say is done.
    pub(super) async fn run_steps(
        &mut self,
        script: MigrationFile<'_>,
        previous_attempts: &[RecordedStep],
    ) -> Result<bool, MigrateError> {
        let begun = Instant::now();
        let steps = statements::steps(script.sql()).map_err(|unsplit| {
            let statements::SplitError { line, cause } = unsplit;
            MigrateError::Unsplit { file: script.file(), line, cause }
        })?;
        let recording = || MigrateError::database("recording a migration");
        let path = self.search_path().await.map_err(recording())?.unwrap_or_default();
        let path = Dialect::Postgres.quoted(&path);
        let done =
            previous_attempts.iter().filter(|step| step.outcome == StepOutcome::Done).count();
        if done > 0 {
            let (version, total) = (script.version(), steps.len());
            tracing::info!(version, done, total, "migration goes on where it stopped");
        }
        for step in steps.iter().take(done).filter(|step| step.how == ExecutionMode::Setting) {
            self.session.execute(step.text.clone()).await.map_err(recording())?;
        }
        for step in steps.iter().skip(done) {
            if self.stop.is_cancelled() && step.index > 0 {
                let left = format!("{}; `{}` goes on there", kept(step), script.command());
                return Err(MigrateError::Stopped { left });
            }
            let tried_before = previous_attempts.iter().any(|tried| tried.step == step.index);
            if !tried_before {
                self.refuse_strange_index(script, step, steps.len()).await?;
            }
            let first = step.index == 0 && previous_attempts.is_empty();
            let id = self.write_down(script, step, first, &path).await?;
            let total = steps.len();
            let unit = StepUnit { script, step, total, id, tried_before, path: &path };
            self.run_step(unit).await?;
        }
        let author = self.author().map_err(recording())?;
        let finish = async {
            self.session.execute(journalling(&path)).await?;
            write::finished(self.session, script, begun.elapsed(), &author).await?;
            // What the file has set for its session is not for the next one.
            self.session.execute("COMMIT; RESET ALL").await
        };
        finish.await.map_err(recording())?;
        self.prepare().await?;
        Ok(true)
    }

    async fn run_step(&mut self, unit: StepUnit<'_>) -> Result<(), MigrateError> {
        let (id, path) = (unit.id.clone(), unit.path);
        let Err(error) = self.insist(&Unit::Step(unit)).await else {
            return Ok(());
        };
        let said = match &error {
            MigrateError::StepFailed(failed) => failed.cause.clone(),
            MigrateError::Blocked(blocked) => blocked.cause.clone(),
            other => other.to_string(),
        };
        let mark = async {
            self.session.execute(journalling(path)).await?;
            write::step_ended(self.session, &id, StepOutcome::Failed, Some(&said)).await?;
            self.session.execute("COMMIT").await
        };
        if let Err(error) = mark.await {
            // Without the mark it counts as broken off, which is resumed in the same way.
            tracing::debug!(%error, "the failure was not written down");
        }
        Err(error)
    }

    /// Writes that the statement is about to run and, before the first, that the file is begun.
    async fn write_down(
        &mut self,
        script: MigrationFile<'_>,
        step: &Step,
        first: bool,
        path: &str,
    ) -> Result<String, MigrateError> {
        let recording = || MigrateError::database("recording a migration");
        let author = self.author().map_err(recording())?;
        self.session.execute(journalling(path)).await.map_err(recording())?;
        self.lock.assert_held(self.session).await?;
        let write = async {
            if first {
                write::begun(self.session, script).await?;
            }
            let id = write::step_begun(self.session, script, step, &author).await?;
            self.session.execute("COMMIT").await?;
            Ok(id)
        };
        let written = write.await.map_err(recording());
        if written.is_err() {
            self.roll_back().await;
        }
        written
    }

    pub(super) async fn attempt_step(
        &mut self,
        unit: &StepUnit<'_>,
        again: bool,
    ) -> Result<(), Failure> {
        if unit.step.how.in_transaction() {
            self.step_in_transaction(unit).await
        } else {
            self.step_alone(unit, again).await
        }
    }

    async fn step_in_transaction(&mut self, unit: &StepUnit<'_>) -> Result<(), Failure> {
        let recording = || judged("recording a migration");
        self.session.execute(begin(Dialect::Postgres)).await.map_err(recording())?;
        self.lock.assert_held(self.session).await.map_err(|error| Failure::Failed(error.into()))?;
        let guard = self.guard(unit.script).await.map_err(recording())?;
        let ran = self.session.execute(unit.step.text.clone()).await;
        ran.map_err(|error| unit.judged(&error))?;
        // For this transaction only: what the statement set for the session holds after it.
        self.session.execute(local_path(unit.path)).await.map_err(recording())?;
        if let Some(harm) = guard.harm(self.session).await.map_err(recording())? {
            return Err(Failure::Failed(unit.failed(harm.to_string(), None)));
        }
        let mark = async {
            write::step_ended(self.session, &unit.id, StepOutcome::Done, None).await?;
            self.session.execute("COMMIT").await
        };
        mark.await.map_err(recording())
    }

    async fn step_alone(&mut self, unit: &StepUnit<'_>, again: bool) -> Result<(), Failure> {
        let recording = || judged("recording a migration");
        self.session.execute(self.alone(&unit.step.how)).await.map_err(recording())?;
        let done = (unit.tried_before || again)
            && self.is_done(&unit.step.how).await.map_err(recording())?;
        if !done {
            if let ExecutionMode::CreateIndex { index, table, .. } = &unit.step.how {
                self.clear_way(unit, index, table).await?;
            }
            let guard = match &unit.step.how {
                ExecutionMode::Alone => Some(self.guard(unit.script).await.map_err(recording())?),
                _ => None,
            };
            let ran = self.session.execute(unit.step.text.clone()).await;
            ran.map_err(|error| unit.judged(&error))?;
            if let Some(guard) = guard {
                self.find_harm(unit, guard).await?;
            }
            if let ExecutionMode::CreateIndex { index, table, .. } = &unit.step.how {
                let made = self.index(index, table).await.map_err(recording())?;
                if made != Index::Valid {
                    let cause = format!("index {index} is not valid after it was built");
                    return Err(Failure::Failed(unit.failed(cause, None)));
                }
            }
        }
        let mark = async {
            self.session.execute(journalling(unit.path)).await?;
            write::step_ended(self.session, &unit.id, StepOutcome::Done, None).await?;
            self.session.execute("COMMIT").await
        };
        let marked = mark.await.map_err(recording());
        if marked.is_err() {
            self.roll_back().await;
        }
        marked
    }

    /// What a statement has done that committed by itself can only be told.
    async fn find_harm(&mut self, unit: &StepUnit<'_>, guard: Guard) -> Result<(), Failure> {
        let recording = || judged("recording a migration");
        let look = async {
            self.session.execute(journalling(unit.path)).await?;
            let harm = guard.harm_done(self.session).await?;
            self.session.execute("COMMIT").await?;
            Ok(harm)
        };
        let harm = match look.await.map_err(recording()) {
            Ok(harm) => harm,
            Err(failure) => {
                self.roll_back().await;
                return Err(failure);
            }
        };
        let Some(harm) = harm else { return Ok(()) };
        let cause = format!("{harm}: the statement committed by itself; restore a backup");
        Err(Failure::Failed(unit.failed(cause, None)))
    }

    /// The limits of a statement outside a transaction.
    ///
    /// `lock_timeout` also ends the waits of the concurrent commands for older transactions (they wait for
    /// virtual transaction ids, through the lock manager), and a build that is ended so is to be begun
    /// again. They hold nobody up meanwhile, so they get the whole of `lock_retry_budget`.
    fn alone(&self, how: &ExecutionMode) -> String {
        let limit = match how {
            ExecutionMode::CreateIndex { .. } | ExecutionMode::DropIndex { .. } => {
                self.lock_retry_budget
            }
            _ => super::LOCK_TIMEOUT,
        };
        format!(
            "SET lock_timeout = '{}ms'; SET statement_timeout = 0; \
             SET idle_in_transaction_session_timeout = 0",
            limit.as_millis().max(1)
        )
    }

    /// Whether the catalogue shows the outcome of a statement that was begun before.
    async fn is_done(&mut self, how: &ExecutionMode) -> Result<bool, sqlx::Error> {
        match how {
            ExecutionMode::CreateIndex { index, table, .. } => {
                Ok(self.index(index, table).await? == Index::Valid)
            }
            ExecutionMode::DropIndex { index } => {
                let name = Dialect::Postgres.quoted(index);
                let there = format!("SELECT CAST(to_regclass({name}) AS text)");
                Ok(self.session.value(there).await?.is_none())
            }
            _ => Ok(false),
        }
    }

    /// Drops what a build that failed or was killed has left under this name.
    async fn clear_way(
        &mut self,
        unit: &StepUnit<'_>,
        index: &str,
        table: &str,
    ) -> Result<(), Failure> {
        match self.index(index, table).await.map_err(judged("looking for an index"))? {
            Index::Absent | Index::Valid => Ok(()),
            Index::Building => {
                Err(Failure::Blocked(format!("another session is building index {index}")))
            }
            Index::Invalid => {
                tracing::warn!(index, "an invalid index was left behind; it is dropped first");
                let name = format!(
                    "SELECT format('%I.%I', n.nspname, c.relname) {}",
                    from_index(index, table)
                );
                let name = self.session.value(name).await;
                let name = name.map_err(judged("looking for an index"))?.unwrap_or_default();
                let dropped =
                    self.session.execute(format!("DROP INDEX CONCURRENTLY IF EXISTS {name}")).await;
                dropped.map_err(|error| unit.judged(&error))
            }
        }
    }

    async fn index(&mut self, index: &str, table: &str) -> Result<Index, sqlx::Error> {
        let query = format!(
            "SELECT CASE WHEN i.indisvalid THEN 'valid' WHEN EXISTS \
             (SELECT 1 FROM pg_catalog.pg_stat_progress_create_index p WHERE p.index_relid = c.oid) \
             THEN 'building' ELSE 'invalid' END {}",
            from_index(index, table)
        );
        Ok(match self.session.value(query).await?.as_deref() {
            None => Index::Absent,
            Some("valid") => Index::Valid,
            Some("building") => Index::Building,
            Some(_) => Index::Invalid,
        })
    }

    /// An index of that name which this migration has not made may be a different one.
    async fn refuse_strange_index(
        &mut self,
        script: MigrationFile<'_>,
        step: &Step,
        total: usize,
    ) -> Result<(), MigrateError> {
        let ExecutionMode::CreateIndex { index, table, if_not_exists: false } = &step.how else {
            return Ok(());
        };
        let found = self.index(index, table).await;
        if found.map_err(MigrateError::database("looking for an index"))? != Index::Valid {
            return Ok(());
        }
        let cause = format!(
            "index {index} is there already, and this migration has not made it; drop it, or write IF NOT EXISTS"
        );
        Err(step_failed(script, step, total, cause, None))
    }
}

/// The index of that name on that table, both as written: it lives in the table's schema.
fn from_index(index: &str, table: &str) -> String {
    let (index, table) = (Dialect::Postgres.quoted(index), Dialect::Postgres.quoted(table));
    format!(
        "FROM pg_catalog.pg_class t JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace \
         JOIN pg_catalog.pg_index i ON i.indrelid = t.oid \
         JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid \
         WHERE t.oid = to_regclass({table}) \
         AND c.oid = to_regclass(format('%I.', n.nspname) || {index})"
    )
}

/// Begins a transaction of the journal, which finds its table by the path that held before the file.
fn journalling(path: &str) -> String {
    format!("{}; {}", begin(Dialect::Postgres), local_path(path))
}

fn local_path(path: &str) -> String {
    format!("SELECT set_config('search_path', {path}, true)")
}

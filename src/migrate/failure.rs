//! Names the file, the line and the statement of a migration that failed, and what stays of it.

use std::time::Duration;

use super::error::{cause, words};
use super::script::Script;
use super::{Dialect, MigrateError, scan};

/// How much of a statement an error shows, in characters.
const SHOWN: usize = 120;

/// A statement of a file without a transaction failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "migration {file} stopped at line {line}, statement {step} of {total}: {cause}; in: {statement}; {kept}; when the cause is mended, run `{command}`, which goes on there"
)]
pub struct StepFailed {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The statement's place, from 1.
    pub step: usize,
    /// How many there are.
    pub total: usize,
    /// The beginning of the statement.
    pub statement: String,
    /// What the database said.
    pub cause: String,
    /// Which statements stay.
    pub kept: String,
    /// What goes on.
    pub command: &'static str,
}

/// A migration never got the locks that it needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "migration {file} gave up after {tries} tries in {}, {cause}; blocked by {blockers}; {kept}; end those sessions or wait for them, and run `{command}`",
    words(*.waited)
)]
pub struct Blocked {
    /// The file.
    pub file: String,
    /// How often it was tried.
    pub tries: u32,
    /// For how long.
    pub waited: Duration,
    /// What the database said.
    pub cause: String,
    /// The sessions in the way.
    pub blockers: String,
    /// What of the file stays.
    pub kept: String,
    /// What tries again.
    pub command: &'static str,
}

/// Words for a failure that came after `done` statements of the file had gone well.
pub(super) fn failure(
    script: Script<'_>,
    dialect: Dialect,
    done: usize,
    error: &sqlx::Error,
) -> MigrateError {
    let sql = script.sql();
    let statements = scan::statements(sql, dialect);
    let statement = statements.get(done);
    let line = position(error).map(|position| scan::line_of(sql, position));
    let text = statement.and_then(|statement| sql.get(statement.start..statement.end));
    MigrateError::Failed {
        file: script.file(),
        line: line.or(statement.map(|statement| statement.line)).unwrap_or(1),
        statement: beginning(text.unwrap_or_default()),
        cause: cause(error),
    }
}

/// The beginning of a statement, on one line.
pub(super) fn beginning(statement: &str) -> String {
    let text = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = text.chars().take(SHOWN).collect();
    if shown.len() < text.len() { format!("{shown}…") } else { shown }
}

/// Where in the text that was sent PostgreSQL saw the error, in characters from 1.
pub(super) fn position(error: &sqlx::Error) -> Option<usize> {
    use sqlx::postgres::{PgDatabaseError, PgErrorPosition};
    let error = error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?;
    match error.position()? {
        PgErrorPosition::Original(position) => Some(position),
        PgErrorPosition::Internal { .. } => None,
    }
}

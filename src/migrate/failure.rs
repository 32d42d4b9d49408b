//! Names the file, the line and the statement of a migration that failed.

use super::error::cause;
use super::script::Script;
use super::{Dialect, MigrateError, scan};

/// How much of a statement an error shows, in characters.
const SHOWN: usize = 120;

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

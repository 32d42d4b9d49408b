//! Names the file, the line and the statement of a migration that failed, and what stays of it.

pub(super) use schemakeep_db::error::position;
pub(super) use schemakeep_sql::lexer::beginning;

use super::error::cause;
use super::migration_file::MigrationFile;
use super::{Dialect, MigrateError, lexer};

/// Words for a failure that came after `done` statements of the file had gone well.
pub(super) fn failure(
    script: MigrationFile<'_>,
    dialect: Dialect,
    done: usize,
    error: &sqlx::Error,
) -> MigrateError {
    let sql = script.sql();
    let statements = lexer::statements(sql, dialect);
    let statement = statements.get(done);
    let line = position(error).map(|position| lexer::line_of(sql, position));
    let text = statement.and_then(|statement| sql.get(statement.start..statement.end));
    MigrateError::Failed {
        file: script.file(),
        line: line.or(statement.map(|statement| statement.line)).unwrap_or(1),
        statement: beginning(text.unwrap_or_default()),
        cause: cause(error),
    }
}

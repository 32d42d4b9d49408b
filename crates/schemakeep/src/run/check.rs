//! Refuses files that cannot be run as they are written, before anything is begun.

use crate::migration_file::MigrationFile;
use crate::{Dialect, MigrateError, lexer, statements};

/// Looks at every file that is to be run.
pub(crate) fn check<'a>(
    scripts: impl Iterator<Item = MigrationFile<'a>>,
    dialect: Dialect,
) -> Result<(), MigrateError> {
    for script in scripts {
        let (file, directives) = (script.file(), script.directives());
        let unsupported = match dialect {
            Dialect::Postgres if directives.rebuild => Some((
                "rebuild",
                "remove the line: there a table is changed in place, in a transaction",
            )),
            Dialect::Sqlite if directives.no_transaction => Some((
                "no-transaction",
                "remove the line: there every statement can run in a transaction",
            )),
            _ => None,
        };
        if let Some((directive, fix)) = unsupported {
            let dialect = dialect.name();
            return Err(MigrateError::Unsupported { file, directive, dialect, fix });
        }
        if let Some((line, statement)) = lexer::forbidden(script.sql(), dialect) {
            return Err(MigrateError::TransactionControl { file, line, statement });
        }
        if directives.no_transaction
            && let Err(statements::SplitError { line, cause }) = statements::steps(script.sql())
        {
            return Err(MigrateError::Unsplit { file, line, cause });
        }
    }
    Ok(())
}

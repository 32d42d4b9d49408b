//! What can go wrong with the schema, and the exit code that says which.

use std::time::Duration;

use super::state::StateReport;

/// Why a schema was not read, or not migrated.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Migration files break a rule.
    #[error("migration files cannot be used: {0}")]
    Files(String),
    /// The schema is in a state that this program does not serve.
    #[error("{message}")]
    Refused {
        /// The state and what led to it.
        report: Box<StateReport>,
        /// What is wrong and what mends it.
        message: String,
    },
    /// A file asks for a way of running that this release does not have.
    #[error(
        "migration {file} declares `-- {directive}`: this release runs transactional migrations only"
    )]
    Unsupported {
        /// The file.
        file: String,
        /// The directive.
        directive: &'static str,
    },
    /// A file would end the transaction around it.
    #[error(
        "migration {file}, line {line}: {statement} is not allowed, because each migration runs in one transaction with its record; remove it"
    )]
    TransactionControl {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The statement's first words.
        statement: String,
    },
    /// A migration failed, and nothing of it was kept.
    #[error(
        "migration {file} failed at line {line}: {cause}; in: {statement}; nothing of it was kept"
    )]
    Failed {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The beginning of the statement.
        statement: String,
        /// What the database said.
        cause: String,
    },
    /// A migration never got the locks that it needs.
    #[error(
        "migration {file} gave up after {tries} tries, {cause}; blocked by {blockers}; nothing of it was kept"
    )]
    Blocked {
        /// The file.
        file: String,
        /// How often it was tried.
        tries: u32,
        /// What the database said.
        cause: String,
        /// The sessions in the way.
        blockers: String,
    },
    /// Another process held the migration lock for too long.
    #[error("migration lock not had within {}: held by {holder}; wait for it, or end it and start again", words(*.waited))]
    LockNotHad {
        /// How long was waited.
        waited: Duration,
        /// Who holds it.
        holder: String,
    },
    /// The connection does not stay with one backend, so that no lock can be held through it.
    #[error(
        "the migration lock cannot be held: {cause}; set MIGRATE_DATABASE_URL to a direct connection to the server"
    )]
    Pooled {
        /// What was seen.
        cause: String,
    },
    /// The database did not answer.
    #[error("database {database} not reachable within {}: {cause}", words(*.waited))]
    Unreachable {
        /// The URL, without its password.
        database: String,
        /// How long was waited.
        waited: Duration,
        /// What was seen last.
        cause: String,
    },
    /// The database cannot be used, and waiting does not help.
    #[error("database {database} cannot be used: {cause}")]
    Unusable {
        /// The URL, without its password.
        database: String,
        /// Why.
        cause: String,
    },
    /// The database refused something else.
    #[error("{doing} failed: {cause}")]
    Database {
        /// What was being done.
        doing: &'static str,
        /// What the database said.
        cause: String,
    },
}

impl MigrateError {
    /// The exit code of the process: a refused state has its own.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused { report, .. } => report.state.exit_code(),
            Self::LockNotHad { .. } | Self::Pooled { .. } => 9,
            Self::Unreachable { .. } | Self::Unusable { .. } => 12,
            Self::Files(_)
            | Self::Unsupported { .. }
            | Self::TransactionControl { .. }
            | Self::Failed { .. }
            | Self::Blocked { .. }
            | Self::Database { .. } => 1,
        }
    }

    pub(super) fn files(problems: impl AsRef<[String]>) -> Self {
        Self::Files(problems.as_ref().join("; "))
    }

    /// Gives a driver's error its context.
    pub(super) fn database(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |error| Self::Database { doing, cause: cause(&error) }
    }
}

/// What a driver's error says: the server's own words and code, without the driver's wrapping, which
/// takes a line of the server's source for a line of the statement.
pub(super) fn cause(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => match error.code() {
            Some(code) => format!("{} ({code})", error.message()),
            None => error.message().to_owned(),
        },
        sqlx::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

/// A time span for people, in whole seconds where it has some.
pub(super) fn words(span: Duration) -> String {
    if span.as_secs() == 0 {
        format!("{} ms", span.as_millis())
    } else {
        format!("{} s", span.as_secs())
    }
}

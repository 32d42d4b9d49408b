//! What can go wrong with the schema, and the exit code that says which.

use std::time::Duration;

use schemakeep_db::DbError;
pub(super) use schemakeep_db::{cause, words};
use schemakeep_schema::SchemaError;

use super::options::BackupRefused;
use super::state::{SchemaState, StateReport};

/// Why a schema was not read, or not migrated.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Migration files break a rule.
    #[error("migration files cannot be used: {0}")]
    Files(String),
    /// A schema was not read or made.
    #[error(transparent)]
    Schema(SchemaError),
    /// The schema is in a state that this program does not serve.
    #[error("{message}")]
    Refused {
        /// The state and what led to it.
        report: Box<StateReport>,
        /// What is wrong and what fixes it.
        message: String,
    },
    /// A file asks for a way of running that its database does not have.
    #[error("migration {file} declares `-- {directive}`, which {dialect} does not have; {fix}")]
    Unsupported { file: String, directive: &'static str, dialect: &'static str, fix: &'static str },
    /// A file that is to be run statement by statement cannot be taken apart with certainty.
    #[error("migration {file}, line {line}: {cause}; nothing was run")]
    Unsplit {
        file: String,
        /// The line, from 1.
        line: usize,
        cause: String,
    },
    /// A file of SQLite drops or renames a table that others reference.
    #[error(
        "migration {file}, line {line}: {statement}: table {table} is referenced by a foreign key of {by}, whose rows would go with it; rebuild the table in a file of its own whose top says `-- rebuild`; nothing was run"
    )]
    Referenced {
        file: String,
        /// The line, from 1.
        line: usize,
        /// The beginning of the statement.
        statement: String,
        table: String,
        /// The table that references it.
        by: String,
    },
    /// A rebuild would have lost something.
    #[error("migration {file} (`-- rebuild`) was rolled back: {cause}; nothing of it was kept")]
    Rebuild {
        file: String,
        /// What it would have lost.
        cause: String,
    },
    /// A look before the migration found what would do harm.
    #[error("{step} stops the migration, and nothing was changed: {summary}: {}; to go on: {fix}", details.join("; "))]
    Unsafe {
        /// The step of the pipeline.
        step: &'static str,
        /// What it found, in a few words.
        summary: String,
        /// What it found, one by one.
        details: Vec<String>,
        fix: &'static str,
        /// The exit code: 1 where a run would only have failed, else 10.
        code: u8,
    },
    /// The backup before a migration was not made.
    #[error(
        "backup stops the migration, and nothing was changed: {0}; `--no-backup` or MIGRATE_BACKUP=off goes on without"
    )]
    Backup(BackupRefused),
    /// A migration would have done harm to a protected table.
    #[error(
        "migration {file} was rolled back: {harm}; nothing of it was kept; if that is meant, take the table out of PROTECTED_TABLES for this one run"
    )]
    Harm {
        file: String,
        /// Which table, and how many rows.
        harm: String,
    },
    /// A statement of a file without a transaction failed; those before it stay.
    #[error(transparent)]
    StepFailed(Box<StepFailed>),
    /// A stop was asked for.
    #[error("migrating was stopped by a signal; {left}")]
    Stopped { left: String },
    /// A version that cannot be gone to.
    #[error("cannot go to {version}: {cause}")]
    Target { version: i64, cause: String },
    /// A migration on the way back cannot be undone.
    #[error(
        "migration {file} cannot be undone: {why}; nothing was changed; restore a backup from before it, or go back to {version} at most"
    )]
    Irreversible { file: String, why: String, version: i64 },
    /// A version was to be recorded, and the schema is not that version's.
    #[error(
        "version {version} is not recorded: the schema lacks {missing}; run the migrations that create it, or stamp the version whose schema this is"
    )]
    DoesNotFit {
        version: i64,
        /// What is not there.
        missing: String,
    },
    /// A row that needs no repair, or cannot be repaired.
    #[error("nothing to repair at {version}: {cause}")]
    NothingToRepair { version: i64, cause: String },
    /// A file would end the transaction around it.
    #[error(
        "migration {file}, line {line}: {statement} is not allowed, because the transactions around a migration's statements and its record are the runner's; remove it"
    )]
    TransactionControl {
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
        file: String,
        /// The line, from 1.
        line: usize,
        /// The beginning of the statement.
        statement: String,
        cause: String,
    },
    /// A migration never got the locks that it needs.
    #[error(transparent)]
    Blocked(Box<Blocked>),
    /// The database cannot be worked with.
    #[error(transparent)]
    Db(DbError),
}

impl MigrateError {
    /// The exit code of the process: a refused state has its own, and 2 is a wrong command line.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused { report, .. } => report.state.exit_code(),
            Self::Db(DbError::LockUnavailable { .. } | DbError::Pooled { .. }) => 9,
            Self::Db(DbError::Unreachable { .. } | DbError::Unusable { .. }) => 12,
            Self::Target { .. } => 2,
            Self::Backup(error) => error.exit_code,
            Self::Unsafe { code, .. } => *code,
            Self::Harm { .. } => 10,
            Self::DoesNotFit { .. } => SchemaState::Drifted.exit_code(),
            Self::Files(_)
            | Self::Schema(_)
            | Self::Unsplit { .. }
            | Self::Referenced { .. }
            | Self::Rebuild { .. }
            | Self::StepFailed(_)
            | Self::Stopped { .. }
            | Self::Irreversible { .. }
            | Self::NothingToRepair { .. }
            | Self::Unsupported { .. }
            | Self::TransactionControl { .. }
            | Self::Failed { .. }
            | Self::Blocked(_)
            | Self::Db(_) => 1,
        }
    }

    pub(super) fn files(problems: impl AsRef<[String]>) -> Self {
        Self::Files(problems.as_ref().join("; "))
    }

    /// Gives a driver's error its context.
    pub(super) fn database(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |error| Self::Db(DbError::database(doing)(error))
    }
}

/// A statement of a file without a transaction failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "migration {file} stopped at line {line}, statement {step} of {total}: {cause}; in: {statement}; {kept}; when the cause is fixed, run `{command}`, which goes on there"
)]
pub struct StepFailed {
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The statement's place, from 1.
    pub step: usize,
    pub total: usize,
    /// The beginning of the statement.
    pub statement: String,
    pub cause: String,
    pub kept: String,
    pub command: &'static str,
}

/// A migration never got the locks that it needs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "migration {file} gave up after {tries} tries in {}, {cause}; blocked by {blockers}; {kept}; end those sessions or wait for them, and run `{command}`",
    words(*.waited)
)]
pub struct Blocked {
    pub file: String,
    /// How often it was tried.
    pub tries: u32,
    /// For how long.
    pub waited: Duration,
    pub cause: String,
    /// The sessions in the way.
    pub blockers: String,
    /// What of the file stays.
    pub kept: String,
    pub command: &'static str,
}

impl From<DbError> for MigrateError {
    fn from(error: DbError) -> Self {
        match error {
            DbError::Cancelled => Self::Stopped { left: "nothing was begun".to_owned() },
            error => Self::Db(error),
        }
    }
}

impl From<SchemaError> for MigrateError {
    fn from(error: SchemaError) -> Self {
        match error {
            SchemaError::Db(error) => error.into(),
            error @ SchemaError::Desired { .. } => Self::Schema(error),
        }
    }
}

#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The database took too long.
    #[error("the database did not answer within {}", words(*.0))]
    TimedOut(Duration),
    /// There is no database.
    #[error("the database file is not there")]
    Absent,
    /// The database, or the way to it, failed.
    #[error("the database failed: {}", cause(.0))]
    Database(#[source] sqlx::Error),
}

impl InspectError {
    /// Whether no statement would be served now. A server that answers with a refusal, such as too many
    /// clients, may still serve the connections that others hold.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        match self {
            Self::Database(sqlx::Error::Database(error)) => {
                let code = error.code().unwrap_or_default();
                // Starting, stopping, and a pooler that cannot reach its server.
                code.starts_with("57P") || code.starts_with("08")
            }
            Self::TimedOut(_) | Self::Absent | Self::Database(_) => true,
        }
    }
}

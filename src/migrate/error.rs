//! What can go wrong with the schema, and the exit code that says which.

use std::time::Duration;

use super::backup::BackupError;
use super::failure::{Blocked, StepFailed};
use super::state::{SchemaState, StateReport};

/// Why a schema was not read, or not migrated.
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// Migration files break a rule.
    #[error("migration files cannot be used: {0}")]
    Files(String),
    /// The declared schema cannot be read or made.
    #[error("declared schema {file}{}: {cause}", line.map(|line| format!(", line {line}")).unwrap_or_default())]
    Declared {
        /// The file.
        file: String,
        /// The line, from 1, where one is to blame.
        line: Option<usize>,
        /// Why.
        cause: String,
    },
    /// The schema is in a state that this program does not serve.
    #[error("{message}")]
    Refused {
        /// The state and what led to it.
        report: Box<StateReport>,
        /// What is wrong and what mends it.
        message: String,
    },
    /// A file asks for a way of running that its database does not have.
    #[error("migration {file} declares `-- {directive}`, which {dialect} does not have; {mend}")]
    Unsupported {
        /// The file.
        file: String,
        /// The directive.
        directive: &'static str,
        /// The database.
        dialect: &'static str,
        /// What to do.
        mend: &'static str,
    },
    /// A file that is to be run statement by statement cannot be taken apart with certainty.
    #[error("migration {file}, line {line}: {cause}; nothing was run")]
    Unsplit {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// Why.
        cause: String,
    },
    /// A file of SQLite drops or renames a table that others reference.
    #[error(
        "migration {file}, line {line}: {statement}: table {table} is referenced by a foreign key of {by}, whose rows would go with it; rebuild the table in a file of its own whose top says `-- rebuild`; nothing was run"
    )]
    Referenced {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The beginning of the statement.
        statement: String,
        /// The table.
        table: String,
        /// The table that references it.
        by: String,
    },
    /// A rebuild would have lost something.
    #[error("migration {file} (`-- rebuild`) was rolled back: {cause}; nothing of it was kept")]
    Rebuild {
        /// The file.
        file: String,
        /// What it would have lost.
        cause: String,
    },
    /// A look before the migration found what would do harm.
    #[error("{step} stops the migration, and nothing was changed: {words}: {}; to go on: {mend}", details.join("; "))]
    Unsafe {
        /// The step of the pipeline.
        step: &'static str,
        /// What it found, in a few words.
        words: String,
        /// What it found, one by one.
        details: Vec<String>,
        /// What to do.
        mend: &'static str,
        /// The exit code: 1 where a run would only have failed, else 10.
        code: u8,
    },
    /// The backup before a migration was not made.
    #[error(
        "backup stops the migration, and nothing was changed: {0}; `--no-backup` or MIGRATE_BACKUP=off goes on without"
    )]
    Backup(Box<BackupError>),
    /// A migration would have done harm to a protected table.
    #[error(
        "migration {file} was rolled back: {harm}; nothing of it was kept; if that is meant, take the table out of PROTECTED_TABLES for this one run"
    )]
    Harm {
        /// The file.
        file: String,
        /// Which table, and how many rows.
        harm: String,
    },
    /// A statement of a file without a transaction failed; those before it stay.
    #[error(transparent)]
    StepFailed(Box<StepFailed>),
    /// A stop was asked for.
    #[error("migrating was stopped by a signal; {left}")]
    Stopped {
        /// What is left.
        left: String,
    },
    /// A version that cannot be gone to.
    #[error("cannot go to {version}: {cause}")]
    Target {
        /// The version.
        version: i64,
        /// Why.
        cause: String,
    },
    /// A migration on the way back cannot be undone.
    #[error(
        "migration {file} cannot be undone: {why}; nothing was changed; restore a backup from before it, or go back to {version} at most"
    )]
    Irreversible {
        /// The file.
        file: String,
        /// Its own words.
        why: String,
        /// The version.
        version: i64,
    },
    /// A version was to be recorded, and the schema is not that version's.
    #[error(
        "version {version} is not recorded: the schema lacks {missing}; run the migrations that create it, or stamp the version whose schema this is"
    )]
    DoesNotFit {
        /// The version.
        version: i64,
        /// What is not there.
        missing: String,
    },
    /// A row that needs no repair, or cannot be repaired.
    #[error("nothing to repair at {version}: {cause}")]
    NothingToRepair {
        /// The version.
        version: i64,
        /// Why.
        cause: String,
    },
    /// A file would end the transaction around it.
    #[error(
        "migration {file}, line {line}: {statement} is not allowed, because the transactions around a migration's statements and its record are the runner's; remove it"
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
    #[error(transparent)]
    Blocked(Box<Blocked>),
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
    /// The exit code of the process: a refused state has its own, and 2 is a wrong command line.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Refused { report, .. } => report.state.exit_code(),
            Self::LockNotHad { .. } | Self::Pooled { .. } => 9,
            Self::Unreachable { .. } | Self::Unusable { .. } => 12,
            Self::Target { .. } => 2,
            Self::Backup(error) => error.exit_code(),
            Self::Unsafe { code, .. } => *code,
            Self::Harm { .. } => 10,
            Self::DoesNotFit { .. } => SchemaState::Drifted.exit_code(),
            Self::Files(_)
            | Self::Declared { .. }
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
        // rustls reads no older certificate, even where nothing of it is checked; its text names only its own error.
        sqlx::Error::Io(error) if error.to_string().contains("UnsupportedCertVersion") => {
            "the server's certificate is of X.509 version 1, and TLS needs version 3 here. Issue it again with an \
             extension (`openssl x509 -req … -extfile FILE`, where FILE holds `subjectAltName=DNS:name-of-the-server`); \
             until then only sslmode=disable connects, without TLS"
                .to_owned()
        }
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

//! The rehearsal: pending migrations are run where nothing can be lost, and what they do there is observed.
//!
//! PostgreSQL: a scratch database or schema is brought to the present version by the applied files, filled
//! with some rows, and the pending files run there statement by statement (`postgres`); locks, rewrites and
//! scans are what the server shows (`observe` says how, and where that ends). They are then set against the
//! sizes of the live tables (`live`, `effects`). SQLite: the pending files run on a copy of the real data.
//!
//! The live database is only read, and never counted row by row. A migration that fails here is no error of
//! the rehearsal but its finding.

mod attribute;
mod database;
mod execute;
mod fill;
mod guard;
mod hazards;
mod non_transactional;
mod observe;
mod postgres;
mod replay;
mod report;
mod sqlite;
mod table_stats;

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

pub(super) use self::replay::{Recreated, recreate};
pub use self::report::{amount, bytes};
use super::embedded::{Migration, MigrationSet};
use super::snapshot::Snapshot;
use super::{Dialect, MigrateError};
use schemakeep_db::Clock;
use schemakeep_db::DatabaseUrl;

/// What a rehearsal needs beside the files.
#[derive(Clone, Debug)]
pub struct RehearsalSettings {
    /// The live database, which is only read.
    pub url: DatabaseUrl,
    /// Where to rehearse instead of beside it: a server, or a database of one.
    pub rehearsal_url: Option<DatabaseUrl>,
    /// Ends the rehearsal; what was made for it is removed all the same.
    pub stop: CancellationToken,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Rehearsal {
    /// Where it was, in words; empty when it was nowhere.
    #[serde(serialize_with = "schemakeep_db::serialize::non_empty")]
    pub place: String,
    /// What was rehearsed, in order; the one that failed is the last.
    #[serde(skip)]
    pub migrations: Vec<RehearsedMigration>,
    /// What will fail in `up` too.
    pub failure: Option<RehearsalFailure>,
    /// The schema that was reached; empty unless every pending migration was rehearsed.
    #[serde(skip)]
    pub schema: Snapshot,
    /// Why not all of it was rehearsed, and what to set or change.
    pub not_rehearsed: Option<String>,
}

/// A migration that was run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RehearsedMigration {
    pub version: i64,
    pub file: String,
    /// How long it took: on SQLite with the real data, elsewhere with next to none.
    pub took: Duration,
    /// Whether the rows, and so the time, are those of the live database.
    pub real_rows: bool,
    /// Its statements, as far as it came.
    pub statements: Vec<ObservedStatement>,
    /// The rows of each table there before and after, by name: on SQLite the real ones.
    pub rows: Vec<RehearsedRows>,
}

/// The rows of a table of the scratch database, or of the copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RehearsedRows {
    pub table: String,
    /// Before the migration; none when it was not there.
    pub before: Option<u64>,
    /// After it; none when it is gone.
    pub after: Option<u64>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedStatement {
    /// The line of its first word in the file, from 1.
    pub line: usize,
    pub sql: String,
    /// The strongest lock that it newly took on each table that others can see.
    pub locks: Vec<ObservedLock>,
    /// Tables and indexes that were there and have new files now.
    pub rewrites: Vec<String>,
    /// Tables that it read from end to end.
    pub scans: Vec<String>,
    /// Tables of which it changed or deleted every row.
    pub changes: Vec<String>,
    /// What that means for the live tables, a sentence each.
    pub effects: Vec<String>,
}

/// A lock on a table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ObservedLock {
    pub table: String,
    /// The mode, as `LOCK TABLE` spells it: `ACCESS EXCLUSIVE`.
    pub mode: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RehearsalFailure {
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// What the database said, and in which statement.
    pub message: String,
}

/// Runs the pending migrations where nothing can be lost, and says what they did.
///
/// `applied` are the versions of the record. Everything that is made for it is removed again, also when it
/// fails, is stopped or panics; what a killed process leaves, the next command removes.
///
/// # Errors
///
/// [`MigrateError`]: the live database cannot be read, the scratch place fails, or a stop was asked for.
/// A migration that fails, or a place that cannot be had, is none: see [`Rehearsal`].
pub async fn rehearse(
    settings: &RehearsalSettings,
    set: &MigrationSet,
    applied: &[i64],
    pending: &[&Migration],
    clock: &dyn Clock,
) -> Result<Rehearsal, MigrateError> {
    if pending.is_empty() {
        return Ok(Rehearsal::default());
    }
    let dialect = settings.url.dialect();
    let scripts =
        pending.iter().map(|migration| super::migration_file::MigrationFile::up(migration));
    if let Err(error) = super::run::check(scripts, dialect) {
        let failure = Some(RehearsalFailure::of(error)?);
        return Ok(Rehearsal { failure, ..Rehearsal::default() });
    }
    match dialect {
        Dialect::Postgres => Box::pin(postgres::rehearse(settings, set, applied, pending)).await,
        Dialect::Sqlite => Box::pin(sqlite::rehearse(settings, set, pending, clock)).await,
    }
}

impl Rehearsal {
    fn nowhere(why: impl Into<String>) -> Self {
        Self { not_rehearsed: Some(why.into()), ..Self::default() }
    }
}

impl RehearsalFailure {
    /// What a run says of a file, as a finding; what it says of anything else stays an error.
    fn of(error: MigrateError) -> Result<Self, MigrateError> {
        let message = error.to_string();
        match error {
            MigrateError::Failed { file, line, statement, cause } => {
                Ok(Self { file, line, message: format!("{cause}; in: {statement}") })
            }
            MigrateError::Unsplit { file, line, .. }
            | MigrateError::Referenced { file, line, .. }
            | MigrateError::TransactionControl { file, line, .. } => {
                Ok(Self { file, line, message })
            }
            MigrateError::Rebuild { file, cause } => Ok(Self { file, line: 1, message: cause }),
            MigrateError::Unsupported { file, .. } => Ok(Self { file, line: 1, message }),
            other => Err(other),
        }
    }
}

/// Does the work to its end, unless a stop is asked for; a panic is handed back.
async fn contained<T>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, MigrateError>>,
) -> std::thread::Result<Result<T, MigrateError>> {
    AssertUnwindSafe(super::cancel::run_until_cancelled(stop, work)).catch_unwind().await.map(
        |ended| {
            ended.map_err(|error| match error {
                MigrateError::Stopped { .. } => {
                    MigrateError::Stopped { left: "the rehearsal was given up".to_owned() }
                }
                other => other,
            })
        },
    )
}

fn uncontained<T>(outcome: std::thread::Result<T>) -> T {
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

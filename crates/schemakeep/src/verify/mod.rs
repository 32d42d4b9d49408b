//! Proves on scratch databases that every migration can be undone and done again, with rows in the tables, and
//! that both databases reach the same logical schema.
//!
//! Up, down and up once more for each version; the schema after each way must be what it was before, and so
//! must be the rows, as far as tables and columns were there all the time.

mod difference;
mod logical;
mod round_trip;
mod table_data;

use std::collections::BTreeMap;

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::connection::Session;
use super::scratch::Scratch;
use super::{MigrateError, MigrationSet, Migrator, MigratorOptions, NoGate, Progress};
use schemakeep_db::Clock;

pub use logical::{Agreement, Excuse, agreement};

/// What was proven, or not, of one version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Proof {
    pub version: i64,
    pub description: String,
    /// What is different after going back, or after going there again; none when all is well.
    pub differences: Vec<String>,
    /// What was not compared, and why.
    pub notes: Vec<String>,
    /// The tables with the rows that were in them on the way: those of the version before, and its own.
    pub rows: BTreeMap<String, usize>,
    /// Why it cannot be undone, when its down file says so; then only its way up was tried.
    pub irreversible: Option<String>,
}

/// What was proven of a set on one database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// What was proven of each version, lowest first.
    pub proofs: Vec<Proof>,
    /// Whether the database is at the last version.
    pub at_last: bool,
}

/// Runs every migration of the set up, down and up again; stops at one that cannot go up again because of
/// what its way down left.
///
/// # Errors
///
/// [`MigrateError`] of the migration that failed, or when no scratch database can be made.
pub async fn verify(
    scratch: &Scratch,
    set: &MigrationSet,
    clock: &dyn Clock,
    stop: CancellationToken,
) -> Result<Verified, MigrateError> {
    let settings = MigratorOptions::of_scratch(scratch, stop);
    let progress = Progress::default();
    // Partway there the tables that the program uses need not be there.
    let bare = set.clone().requiring(&[]);
    let operation =
        Migrator { settings: &settings, set: &bare, clock, progress: &progress, gate: &NoGate };
    let opening = MigrateError::database("opening the scratch database");
    let mut session = Session::to_write(scratch.url()).await.map_err(opening)?;
    let verified = each(&mut session, operation).await;
    session.close().await;
    verified
}

async fn each(session: &mut Session, operation: Migrator<'_>) -> Result<Verified, MigrateError> {
    let mut proofs = Vec::new();
    let mut before = None;
    for migration in operation.set.migrations() {
        let (proof, goes_on) = round_trip::trip(session, operation, migration, before).await?;
        proofs.push(proof);
        if !goes_on {
            return Ok(Verified { proofs, at_last: false });
        }
        before = Some(migration.version);
    }
    Ok(Verified { proofs, at_last: true })
}

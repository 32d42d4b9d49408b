//! Proves on a scratch database that every migration can be undone and done again.
//!
//! Up, down and up once more for each version; the schema after each way must be what it was before.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::catalog::snapshot::{Snapshot, snapshot};
use super::scratch::Scratch;
use super::session::{Purpose, Session};
use super::{
    MigrateError, Migration, MigrationSet, Operation, Progress, Safety, StartSettings,
    TABLE_LOCK_WAIT,
};
use crate::config::{DatabaseUrl, MigrateMode};
use crate::domain::Clock;

/// How long a scratch database is waited for.
const WAIT: Duration = Duration::from_secs(10);

/// What was proven, or not, of one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The version.
    pub version: i64,
    /// What it does.
    pub description: String,
    /// What is different after going back, or after going there again; none when all is well.
    pub differences: Vec<String>,
    /// Why it cannot be undone, when its down file says so; then nothing was tried.
    pub irreversible: Option<String>,
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
) -> Result<Vec<Proof>, MigrateError> {
    let settings = StartSettings {
        url: scratch.url().clone(),
        mode: MigrateMode::Auto,
        database_wait: WAIT,
        lock_wait: WAIT,
        table_lock_wait: TABLE_LOCK_WAIT,
        safety: Safety::none(),
        stop,
    };
    let progress = Progress::default();
    // Half way there the tables that the program uses need not be there.
    let bare = set.clone().requiring(&[]);
    let operation = Operation { settings: &settings, set: &bare, clock, progress: &progress };
    let mut proofs = Vec::new();
    let mut before = None;
    for migration in set.migrations() {
        let earlier = look(scratch.url()).await?;
        operation.up(Some(migration.version)).await?;
        let after = look(scratch.url()).await?;
        let mut differences = Vec::new();
        if migration.irreversible.is_none() {
            operation.down(before).await?;
            let undone = look(scratch.url()).await?;
            differences.extend(compare("down", &earlier, &undone));
            match operation.up(Some(migration.version)).await {
                Ok(_) => {
                    let again = look(scratch.url()).await?;
                    differences.extend(compare("up again", &after, &again));
                }
                // What was left over is why: say that, and not only what it led to.
                Err(error) if !differences.is_empty() => {
                    differences.push(format!("up again: {error}"));
                    proofs.push(proof(migration, differences));
                    return Ok(proofs);
                }
                Err(error) => return Err(error),
            }
        }
        proofs.push(proof(migration, differences));
        before = Some(migration.version);
    }
    Ok(proofs)
}

fn proof(migration: &Migration, differences: Vec<String>) -> Proof {
    Proof {
        version: migration.version,
        description: migration.description.clone(),
        differences,
        irreversible: migration.irreversible.clone(),
    }
}

fn compare(way: &str, expected: &Snapshot, found: &Snapshot) -> Vec<String> {
    let missing = expected.difference(found).map(|line| format!("after {way} missing: {line}"));
    let extra = found.difference(expected).map(|line| format!("after {way} left over: {line}"));
    missing.chain(extra).collect()
}

async fn look(url: &DatabaseUrl) -> Result<Snapshot, MigrateError> {
    let opening = MigrateError::database("opening the scratch database");
    let Some(mut session) = Session::to_read(url, Purpose::Inspect).await.map_err(opening)? else {
        return Ok(Snapshot::new());
    };
    let seen = snapshot(&mut session).await;
    session.close().await;
    seen.map_err(MigrateError::database("reading the scratch database"))
}

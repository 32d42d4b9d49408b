//! Restoring: a backup takes the place of the database, in one step, or nothing happens.
//!
//! Under the migration lock, and with every other writer kept out from before the present database is saved
//! until it is replaced, so that nothing that was acknowledged is lost: it is in the database or in the save.

mod error;
mod postgres;
mod select;
mod sqlite;

use schemakeep_db::DbError;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

pub use error::RestoreError;
pub use select::{Chosen, Wanted};

use super::backup::{self, BackupError, BackupSettings, Reason};
use schemakeep::{Done, Inspector, Migrator, StateReport, metrics};
use schemakeep_db::connection::Session;
use schemakeep_db::lock::Lock;
use schemakeep_db::{DatabaseTarget, DatabaseUrl, SqliteMode};
use schemakeep_db::{cancel, leftovers};

/// Longest wait for the database's answer to a look.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);
/// How long the lock and its connection have to go in good order.
const UNLOCK_TIMEOUT: Duration = Duration::from_millis(500);

/// What is to be restored, and into what.
#[derive(Clone, Copy)]
pub struct Restore<'a> {
    /// The database that is replaced, how long to wait for what, and the migrations of this program.
    pub operation: Migrator<'a>,
    pub backup: &'a Chosen,
    /// Where what is replaced is saved.
    pub folder: &'a Path,
    /// Whether a database that holds something is refused, unless [`Restore::force`] is set.
    pub only_empty: bool,
    /// Whether to go on when what is replaced cannot be saved.
    pub force: bool,
    /// The version to bring the schema to afterwards, forward or back.
    pub reset_to: Option<i64>,
}

/// What a restore has done.
#[derive(Clone, Debug)]
pub struct Restored {
    /// The backup of what was there before; none when there was nothing, or it was not to be had.
    pub saved: Option<PathBuf>,
    /// What is not as it was, though the data is: rights of roles that are not there.
    pub warnings: Vec<String>,
    /// What was run to come to the version that was asked for.
    pub done: Vec<Done>,
    /// The schema as it is now.
    pub report: StateReport,
    /// How long it took, the save included.
    pub took: Duration,
}

/// What the swap has done.
#[derive(Debug, Default)]
struct Swapped {
    saved: Option<PathBuf>,
    warnings: Vec<String>,
    /// What is wrong with the database now.
    fault: Option<String>,
}

impl Restore<'_> {
    /// Restores. Ends early, with the database as it was, when a stop is asked for.
    ///
    /// # Errors
    ///
    /// [`RestoreError`]; the database is as it was unless it says that the backup is restored.
    pub async fn run(self) -> Result<Restored, RestoreError> {
        let begun = Instant::now();
        self.backup.check(self.url(), self.operation.set, self.reset_to)?;
        refuse_read_only(self.url())?;
        let swapped = self.locked().await?;
        let path = self.backup.path.display();
        let saved = swapped.saved.as_ref().map(|path| path.display().to_string());
        if let Some(fault) = swapped.fault {
            let back = saved.map_or_else(
                || "restore another backup".to_owned(),
                |saved| format!("`taskmanager restore {saved}` brings back what was there before"),
            );
            tracing::error!(path = %path, fault, "restored, and not sound");
            return Err(RestoreError::Unsound { fault, back });
        }
        let (report, done) = self.settle().await?;
        metrics::publish(&report);
        let took = begun.elapsed();
        tracing::info!(
            path = %path,
            saved,
            schema_state = report.state.as_str(),
            schema_version = report.head,
            forced = self.force,
            duration_ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
            "restored"
        );
        Ok(Restored { saved: swapped.saved, warnings: swapped.warnings, done, report, took })
    }

    fn url(&self) -> &DatabaseUrl {
        &self.operation.settings.url
    }

    /// Swaps under the migration lock.
    async fn locked(&self) -> Result<Swapped, RestoreError> {
        let settings = self.operation.settings;
        // Before the lock is taken, because that makes a file.
        let is_new = is_new(self.url());
        let acquiring = Lock::acquire(self.url(), settings.lock_wait);
        let acquired = cancel::run_until_cancelled(&settings.stop, acquiring).await;
        let (lock, mut session) = acquired.map_err(|error| not_had(self.url(), error))?;
        leftovers::sweep_around(self.url()).await;
        let ended = match self.url().target() {
            DatabaseTarget::Sqlite(file) => {
                Some(sqlite::swap(self, &mut session, &file.path, is_new).await)
            }
            DatabaseTarget::Postgres(_) => {
                let work = std::pin::pin!(postgres::swap(self, &lock, &mut session));
                cancel::or_cancelled(&settings.stop, self.url(), lock.backend(), work).await
            }
        };
        let Some(mut outcome) = ended else { return Err(RestoreError::Stopped) };
        if outcome.is_ok() && matches!(self.url().target(), DatabaseTarget::Postgres(_)) {
            let ending = if settings.stop.is_cancelled() {
                // The closing of the connection rolls it back.
                Err(RestoreError::Stopped)
            } else {
                postgres::commit(&mut session).await
            };
            outcome = match (outcome, ending) {
                (Ok(swapped), Err(error)) => {
                    // A commit of which nothing was heard may have happened.
                    if !matches!(error, RestoreError::Uncertain { .. }) {
                        discard(swapped.saved);
                    }
                    Err(error)
                }
                (outcome, _) => outcome,
            };
        }
        if tokio::time::timeout(UNLOCK_TIMEOUT, lock.release(session)).await.is_err() {
            tracing::debug!("the migration lock was left to the closing of its connection");
        }
        // What a stop has cut off says so in many words.
        outcome.map_err(|error| match error {
            RestoreError::Database { .. }
            | RestoreError::Tool { .. }
            | RestoreError::Unsaved(_)
                if settings.stop.is_cancelled() =>
            {
                tracing::debug!(%error, "while stopping");
                RestoreError::Stopped
            }
            other => other,
        })
    }

    /// Saves what is about to be replaced.
    async fn save(&self, is_empty: bool) -> Result<Option<PathBuf>, RestoreError> {
        if is_empty {
            return Ok(None);
        }
        if self.only_empty && !self.force {
            return Err(RestoreError::NotEmpty { database: self.url().to_string() });
        }
        tracing::info!("saving what is replaced");
        let settings = BackupSettings {
            url: self.url().clone(),
            folder: self.folder.to_owned(),
            keep: 1,
            // Nobody can write meanwhile.
            verify: false,
            stop: self.operation.settings.stop.clone(),
        };
        match backup::create(&settings, Reason::BeforeRestore, self.operation.clock).await {
            Ok(made) => Ok(Some(made.path)),
            Err(BackupError::Stopped) => Err(RestoreError::Stopped),
            // Tables of others, which a restore into this schema does not touch, or none.
            Err(BackupError::Nothing { .. }) => Ok(None),
            Err(error) if self.force => {
                tracing::warn!(%error, "what is replaced is not saved, as --force allows");
                Ok(None)
            }
            Err(error) => Err(RestoreError::Unsaved(error)),
        }
    }

    /// Refuses a backup whose content has versions that this program does not know, whatever its manifest says.
    fn known(&self, versions: &[i64]) -> Result<(), RestoreError> {
        self.backup.known(versions, self.operation.set)
    }

    /// Looks at what is there now, and goes to the version that was asked for.
    async fn settle(&self) -> Result<(StateReport, Vec<Done>), RestoreError> {
        let inspector = Inspector::new(self.url().clone(), self.operation.set.clone());
        let report = inspector.report(ANSWER_WITHIN).await;
        let report = report.map_err(|error| RestoreError::Unread { cause: error.to_string() })?;
        let Some(version) = self.reset_to.filter(|version| report.head != Some(*version)) else {
            return Ok((report, Vec::new()));
        };
        let outcome = if report.head.is_some_and(|head| head > version) {
            self.operation.down(Some(version)).await
        } else {
            self.operation.up(Some(version)).await
        };
        let outcome = outcome.map_err(|source| RestoreError::Reset { version, source })?;
        Ok((outcome.report, outcome.done))
    }
}

/// Removes the save of a restore that did not happen: what it holds is in the database still, and an undo must not
/// find it.
fn discard(saved: Option<PathBuf>) {
    let Some(path) = saved else { return };
    match backup::remove(&path) {
        Ok(()) => tracing::info!(path = %path.display(), "save of a failed restore removed"),
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "save of a failed restore not removed");
        }
    }
}

/// What cannot even be opened cannot be replaced page by page.
fn not_had(url: &DatabaseUrl, error: DbError) -> RestoreError {
    match (url.target(), error) {
        (DatabaseTarget::Sqlite(_), DbError::Unusable { database, cause }) => {
            let cause = format!(
                "{cause}; if the file is damaged, move it away with its -wal and -shm and restore again: then a new one is made"
            );
            DbError::Unusable { database, cause }.into()
        }
        (_, error) => error.into(),
    }
}

fn refuse_read_only(url: &DatabaseUrl) -> Result<(), RestoreError> {
    let DatabaseTarget::Sqlite(file) = url.target() else { return Ok(()) };
    let readonly = |path: &Path| std::fs::metadata(path).is_ok_and(|m| m.permissions().readonly());
    let cause = if file.mode == SqliteMode::ReadOnly {
        "its URL says mode=ro"
    } else if readonly(&file.path) {
        "its file is read-only"
    } else {
        return Ok(());
    };
    Err(RestoreError::ReadOnly { database: url.to_string(), cause: cause.to_owned() })
}

/// Whether an SQLite file is not there, or has nothing in it.
fn is_new(url: &DatabaseUrl) -> bool {
    let DatabaseTarget::Sqlite(file) = url.target() else { return false };
    std::fs::metadata(&file.path).is_ok_and(|found| found.len() == 0) || !file.path.exists()
}

/// The versions in the record, which may not be there.
async fn versions(session: &mut Session, record: Option<&str>) -> Result<Vec<i64>, sqlx::Error> {
    let Some(record) = record else { return Ok(Vec::new()) };
    let rows = session.rows(format!("SELECT CAST(version AS text) FROM {record} ORDER BY version"));
    let rows = rows.await?.into_iter().flatten().flatten();
    Ok(rows.filter_map(|version| version.parse().ok()).collect())
}

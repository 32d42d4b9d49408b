//! What a start does about the schema: judges it, and brings it up to date where that is its business.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::acts::Work;
use super::error::MigrateError;
use super::operation::Operation;
use super::progress::{Phase, Progress};
use super::reading::Reading;
use super::refusal::refusal;
use super::safety::Safety;
use super::scratch::Scratch;
use super::state::{SchemaState, StateReport};
use super::{MigrationSet, metrics, stop, wait};
use crate::config::{Config, DatabaseUrl, MigrateMode};
use crate::domain::Clock;

/// How long a migration goes on trying to get its locks on tables, unless something else is asked for.
pub const TABLE_LOCK_WAIT: Duration = Duration::from_mins(2);

/// How long a scratch database is waited for.
const SCRATCH_WAIT: Duration = Duration::from_secs(10);

/// What [`prepare`] and every [`Operation`] need to know.
#[derive(Clone, Debug)]
pub struct StartSettings {
    /// The database, with the right to change its schema.
    pub url: DatabaseUrl,
    /// What a start does about a schema that is behind.
    pub mode: MigrateMode,
    /// How long to wait for the database; zero means one try.
    pub database_wait: Duration,
    /// How long to wait for another migrator; zero means one try.
    pub lock_wait: Duration,
    /// How long one migration, or one statement of it, goes on trying to get its locks on tables.
    pub table_lock_wait: Duration,
    /// What is asked of pending migrations before they are applied.
    pub safety: Safety,
    /// Cancelled when the process is to stop: the running statement is cancelled and rolled back, the lock
    /// given back, and [`MigrateError::Stopped`] returned, within 5 s.
    pub stop: CancellationToken,
}

impl StartSettings {
    /// What the configuration says.
    #[must_use]
    pub fn from_config(config: &Config, stop: CancellationToken) -> Self {
        Self {
            url: config.migrate_database_url.clone(),
            mode: config.migrate,
            database_wait: config.database_wait,
            lock_wait: config.migrate_lock_wait,
            table_lock_wait: TABLE_LOCK_WAIT,
            safety: Safety::from_config(config),
            stop,
        }
    }

    /// For a scratch database: what is tried there needs no safeguard, and nobody else is there to be waited for.
    pub(super) fn of_scratch(scratch: &Scratch, stop: CancellationToken) -> Self {
        Self {
            url: scratch.url().clone(),
            mode: MigrateMode::Auto,
            database_wait: SCRATCH_WAIT,
            lock_wait: SCRATCH_WAIT,
            table_lock_wait: TABLE_LOCK_WAIT,
            safety: Safety::none(),
            stop,
        }
    }
}

/// Brings the schema to where this program can serve it, as far as the mode allows, and returns what it
/// is then. `None` only when the mode is off and the schema could not be read.
///
/// # Errors
///
/// A [`MigrateError`] that says in words why the program must not serve; what was applied before it stays.
pub async fn prepare(
    settings: &StartSettings,
    set: &MigrationSet,
    clock: &dyn Clock,
    progress: &Progress,
) -> Result<Option<StateReport>, MigrateError> {
    let operation = Operation { settings, set, clock, progress };
    let outcome = match settings.mode {
        MigrateMode::Off => look_only(settings, set).await,
        MigrateMode::Auto | MigrateMode::Check => start(operation).await.map(Some),
    };
    let phase = if outcome.is_ok() { Phase::Ready } else { Phase::Failed };
    progress.enter(phase, clock.now());
    match &outcome {
        Ok(Some(report)) => metrics::publish(report),
        Err(MigrateError::Refused { report, .. }) => metrics::publish(report),
        _ => {}
    }
    outcome
}

async fn look_only(
    settings: &StartSettings,
    set: &MigrationSet,
) -> Result<Option<StateReport>, MigrateError> {
    let looking = wait::for_database(&settings.url, Duration::ZERO, set);
    match stop::unless(&settings.stop, looking).await {
        Ok(reading) => Ok(Some(reading.report)),
        Err(error @ MigrateError::Stopped { .. }) => Err(error),
        Err(error) => {
            tracing::warn!(%error, "the schema was not read");
            Ok(None)
        }
    }
}

async fn start(operation: Operation<'_>) -> Result<StateReport, MigrateError> {
    let reading = operation.wait().await?;
    let mode = operation.settings.mode;
    say_line_endings(&reading);
    let report = if mode == MigrateMode::Auto {
        operation.perform(reading, Work::Up { to: None }).await?.report
    } else {
        reading.report
    };
    if !report.state.can_serve() {
        let message = refusal(&report, mode);
        return Err(MigrateError::Refused { report: Box::new(report), message });
    }
    if report.state == SchemaState::AheadCompatible {
        let (head, target) = (report.head, report.target);
        tracing::warn!(head, target, "a newer program has migrated this database; serving it");
    }
    Ok(report)
}

fn say_line_endings(reading: &Reading) {
    for version in &reading.report.line_endings {
        tracing::info!(version, "applied from a file with other line ends; nothing else differs");
    }
}

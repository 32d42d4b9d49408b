//! What a start does about the schema: judges it, and brings it up to date where that is its business.

use schemakeep_db::DbError;
use std::time::Duration;

use super::error::MigrateError;
use super::explain::refusal;
use super::gate::GateSteps;
use super::migrator::Migrator;
use super::observation::Observation;
use super::options::{MigrateMode, MigratorOptions};
use super::plan::Goal;
use super::progress::{Phase, Progress};
use super::state::{SchemaState, StateReport};
use super::{MigrationSet, cancel, metrics, observation, retry};
use schemakeep_db::Clock;

/// Brings the schema to where this program can serve it, as far as the mode allows, and returns what it
/// is then. `None` only when the mode is off and the schema could not be read.
///
/// # Errors
///
/// A [`MigrateError`] that says in words why the program must not serve; what was applied before it stays.
pub async fn ensure_schema(
    settings: &MigratorOptions,
    set: &MigrationSet,
    clock: &dyn Clock,
    progress: &Progress,
) -> Result<Option<StateReport>, MigrateError> {
    let operation = Migrator { settings, set, clock, progress, gate: &GateSteps };
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
    settings: &MigratorOptions,
    set: &MigrationSet,
) -> Result<Option<StateReport>, MigrateError> {
    let looking = retry::until_answered(&settings.url, Duration::ZERO, || {
        observation::look(&settings.url, set)
    });
    match cancel::run_until_cancelled(&settings.stop, looking).await {
        Ok(reading) => Ok(Some(reading.report)),
        Err(error @ DbError::Cancelled) => Err(error.into()),
        Err(error) => {
            tracing::warn!(%error, "the schema was not read");
            Ok(None)
        }
    }
}

async fn start(operation: Migrator<'_>) -> Result<StateReport, MigrateError> {
    let reading = operation.wait().await?;
    let mode = operation.settings.mode;
    say_line_endings(&reading);
    let report = if mode == MigrateMode::Auto {
        operation.perform(reading, Goal::Up { to: None }).await?.report
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

fn say_line_endings(reading: &Observation) {
    for version in &reading.report.line_endings {
        tracing::info!(version, "applied from a file with other line ends; nothing else differs");
    }
}

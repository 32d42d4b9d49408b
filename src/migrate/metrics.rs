//! What the schema and its migrations look like from `/metrics`.

use std::time::Duration;

use super::files::Way;
use super::state::{SchemaState, StateReport};
use crate::telemetry::metrics as names;

/// Shows a report: one series of the state is 1, the others 0.
#[expect(clippy::cast_precision_loss, reason = "14 digits fit into the 53 bits of a gauge")]
pub fn publish(report: &StateReport) {
    for state in SchemaState::ALL {
        let value = if state == report.state { 1.0 } else { 0.0 };
        metrics::gauge!(names::TASKMANAGER_SCHEMA_STATE, "state" => state.as_str()).set(value);
    }
    let version = |version: Option<i64>| version.unwrap_or_default() as f64;
    metrics::gauge!(names::TASKMANAGER_SCHEMA_VERSION).set(version(report.head));
    metrics::gauge!(names::TASKMANAGER_SCHEMA_TARGET_VERSION).set(version(report.target));
    metrics::gauge!(names::TASKMANAGER_MIGRATIONS_PENDING).set(report.pending.len() as f64);
    if let Some(at) = report.last_migration_at {
        metrics::gauge!(names::TASKMANAGER_MIGRATION_LAST_SUCCESS_TIMESTAMP_SECONDS)
            .set(at.unix_timestamp() as f64);
    }
}

pub(super) fn database_up(up: bool) {
    metrics::gauge!(names::TASKMANAGER_DATABASE_UP).set(f64::from(u8::from(up)));
}

/// A file was run to its end.
pub(super) fn ran(way: Way, took: Duration) {
    if way == Way::Up {
        metrics::counter!(names::TASKMANAGER_MIGRATIONS_APPLIED_TOTAL, "outcome" => "applied")
            .increment(1);
    }
    metrics::histogram!(names::TASKMANAGER_MIGRATION_DURATION_SECONDS, "direction" => way.as_str())
        .record(took.as_secs_f64());
}

pub(super) fn failed(way: Way) {
    if way == Way::Up {
        metrics::counter!(names::TASKMANAGER_MIGRATIONS_APPLIED_TOTAL, "outcome" => "failed")
            .increment(1);
    }
}

//! What the schema and its migrations look like from `/metrics`.

use std::time::Duration;

use super::files::Direction;
use super::state::{SchemaState, StateReport};
use schemakeep_db::program::metric;

/// Shows a report: one series of the state is 1, the others 0.
#[expect(clippy::cast_precision_loss, reason = "14 digits fit into the 53 bits of a gauge")]
pub fn publish(report: &StateReport) {
    for state in SchemaState::ALL {
        let value = if state == report.state { 1.0 } else { 0.0 };
        metrics::gauge!(metric("schema_state"), "state" => state.as_str()).set(value);
    }
    let version = |version: Option<i64>| version.unwrap_or_default() as f64;
    metrics::gauge!(metric("schema_version")).set(version(report.head));
    metrics::gauge!(metric("schema_target_version")).set(version(report.target));
    metrics::gauge!(metric("migrations_pending")).set(report.pending.len() as f64);
    if let Some(at) = report.last_migration_at {
        metrics::gauge!(metric("migration_last_success_timestamp_seconds"))
            .set(at.unix_timestamp() as f64);
    }
}

pub(super) fn database_up(up: bool) {
    metrics::gauge!(metric("database_up")).set(f64::from(u8::from(up)));
}

/// A file was run to its end.
pub(super) fn ran(direction: Direction, took: Duration) {
    if direction == Direction::Up {
        metrics::counter!(metric("migrations_applied_total"), "outcome" => "applied").increment(1);
    }
    metrics::histogram!(metric("migration_duration_seconds"), "direction" => direction.as_str())
        .record(took.as_secs_f64());
}

pub(super) fn failed(direction: Direction) {
    if direction == Direction::Up {
        metrics::counter!(metric("migrations_applied_total"), "outcome" => "failed").increment(1);
    }
}

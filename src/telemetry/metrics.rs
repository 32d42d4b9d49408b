//! The metrics: their names, what each means, and the text that Prometheus reads.
//!
//! Anyone who counts something uses a name from here with the macros of the `metrics` crate. No id,
//! path or text of a user may stand in a label.

use std::sync::OnceLock;
use std::time::Duration;

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use metrics_process::Collector;

use super::disk::Volumes;

/// What kind of figure a metric is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// Goes up and down.
    Gauge,
    /// Counts by size.
    Histogram,
}

/// A metric, as Prometheus is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name, whole: nothing is added to it.
    pub name: &'static str,
    pub kind: Kind,
    /// The unit of its figure.
    pub unit: Unit,
    /// Its help text, which names the unit, since the text format has no other place for it.
    pub help: &'static str,
}

macro_rules! metrics_table {
    ($($name:ident, $text:literal, $kind:ident, $unit:ident, $help:literal;)*) => {
        $(
            #[doc = $help]
            pub const $name: &str = $text;
        )*

        /// Every metric of the service's own; the `process_*` ones come with their own help.
        pub const METRICS: &[Metric] = &[
            $(Metric { name: $name, kind: Kind::$kind, unit: Unit::$unit, help: $help }),*
        ];
    };
}

metrics_table! {
    HTTP_SERVER_REQUEST_DURATION_SECONDS, "http_server_request_duration_seconds", Histogram, Seconds,
        "Time from a request's head to its answer's, by method, route template and status, in seconds.";
    HTTP_SERVER_ACTIVE_REQUESTS, "http_server_active_requests", Gauge, Count,
        "Requests under way, as a count.";
    DB_CLIENT_CONNECTION_COUNT, "db_client_connection_count", Gauge, Count,
        "Connections to the database by state (used, idle), as a count.";
    DB_CLIENT_CONNECTION_MAX, "db_client_connection_max", Gauge, Count,
        "The most connections to the database that may be open, as a count.";
    DB_CLIENT_CONNECTION_TIMEOUTS_TOTAL, "db_client_connection_timeouts_total", Counter, Count,
        "Times that no connection to the database was to be had in time, as a count.";
    DB_CLIENT_OPERATION_DURATION_SECONDS, "db_client_operation_duration_seconds", Histogram, Seconds,
        "Time of an operation of the store, waiting for a connection included, in seconds.";
    DB_CLIENT_ERRORS_TOTAL, "db_client_errors_total", Counter, Count,
        "Operations of the store that the database failed, by kind, as a count.";
    TASKMANAGER_TASKS, "taskmanager_tasks", Gauge, Count,
        "Tasks by status and priority, as a count.";
    TASKMANAGER_TASK_OPERATIONS_TOTAL, "taskmanager_task_operations_total", Counter, Count,
        "Operations on tasks by operation and outcome, as a count.";
    TASKMANAGER_EVENT_CLIENTS, "taskmanager_event_clients", Gauge, Count,
        "Clients that follow the events, as a count.";
    TASKMANAGER_EVENT_CLIENTS_DROPPED_TOTAL, "taskmanager_event_clients_dropped_total", Counter, Count,
        "Clients that were hung up on because they did not take their events, as a count.";
    TASKMANAGER_EVENTS_TOTAL, "taskmanager_events_total", Counter, Count,
        "Events that were handed to clients, however many these were, as a count.";
    TASKMANAGER_EVENT_RESYNCS_TOTAL, "taskmanager_event_resyncs_total", Counter, Count,
        "Times that clients were told to look at the tasks themselves, by reason (missed, late, moved, recovery), as a count.";
    TASKMANAGER_RETAINED_ROWS, "taskmanager_retained_rows", Gauge, Count,
        "Rows of the tables that are pruned, by table, as a count.";
    TASKMANAGER_RETAINED_BYTES, "taskmanager_retained_bytes", Gauge, Bytes,
        "Size of the rows of the tables that are pruned, by table, in bytes.";
    TASKMANAGER_PRUNED_ROWS_TOTAL, "taskmanager_pruned_rows_total", Counter, Count,
        "Rows pruned by table and reason (expired, cap: the table held too many bytes), as a count.";
    TASKMANAGER_PRUNE_FAILURES_TOTAL, "taskmanager_prune_failures_total", Counter, Count,
        "Rounds of pruning that failed or timed out, as a count.";
    TASKMANAGER_NOT_READY, "taskmanager_not_ready", Gauge, Count,
        "Why the instance is not ready: 1 for the present reason and 0 for the others, without a unit.";
    TASKMANAGER_BUILD_INFO, "taskmanager_build_info", Gauge, Count,
        "The program's version and revision as labels; always 1, without a unit.";
    TASKMANAGER_DATABASE_UP, "taskmanager_database_up", Gauge, Count,
        "Whether the database answers: 1 or 0, without a unit.";
    TASKMANAGER_SCHEMA_VERSION, "taskmanager_schema_version", Gauge, Count,
        "The newest migration that the database has, as the number YYYYMMDDHHMMSS; 0 is none.";
    TASKMANAGER_SCHEMA_TARGET_VERSION, "taskmanager_schema_target_version", Gauge, Count,
        "The newest migration that the program has, as the number YYYYMMDDHHMMSS; 0 is none.";
    TASKMANAGER_SCHEMA_STATE, "taskmanager_schema_state", Gauge, Count,
        "How the schema stands to the program: 1 for the present state and 0 for the others, without a unit.";
    TASKMANAGER_MIGRATIONS_PENDING, "taskmanager_migrations_pending", Gauge, Count,
        "Migrations that the program has and the database has not, as a count.";
    TASKMANAGER_MIGRATION_DURATION_SECONDS, "taskmanager_migration_duration_seconds", Histogram, Seconds,
        "Time of one migration by direction (up, down), in seconds.";
    TASKMANAGER_MIGRATIONS_APPLIED_TOTAL, "taskmanager_migrations_applied_total", Counter, Count,
        "Migrations run by outcome, as a count.";
    TASKMANAGER_MIGRATION_LAST_SUCCESS_TIMESTAMP_SECONDS,
        "taskmanager_migration_last_success_timestamp_seconds", Gauge, Seconds,
        "When a migration last succeeded, in seconds since 1970-01-01 UTC.";
    TASKMANAGER_BACKUP_LAST_SUCCESS_TIMESTAMP_SECONDS,
        "taskmanager_backup_last_success_timestamp_seconds", Gauge, Seconds,
        "When a backup last succeeded, in seconds since 1970-01-01 UTC.";
    TASKMANAGER_BACKUP_SIZE_BYTES, "taskmanager_backup_size_bytes", Gauge, Bytes,
        "Size of the newest backup, in bytes.";
    TASKMANAGER_BACKUP_DURATION_SECONDS, "taskmanager_backup_duration_seconds", Histogram, Seconds,
        "Time of one backup, its verification included, in seconds.";
    TASKMANAGER_BACKUPS_TOTAL, "taskmanager_backups_total", Counter, Count,
        "Backups by outcome (made, failed), as a count.";
    TASKMANAGER_FILESYSTEM_AVAIL_BYTES, "taskmanager_filesystem_avail_bytes", Gauge, Bytes,
        "Room left on the file system of the database's file or of the backups, by volume, in bytes.";
    TASKMANAGER_FILESYSTEM_SIZE_BYTES, "taskmanager_filesystem_size_bytes", Gauge, Bytes,
        "Size of the file system of the database's file or of the backups, by volume, in bytes.";
}

/// The `kind` labels of [`DB_CLIENT_ERRORS_TOTAL`].
const DB_ERROR_KINDS: [&str; 13] = [
    "away",
    "busy",
    "connection",
    "corrupt",
    "denied",
    "driver",
    "full",
    "inconsistent",
    "io",
    "read_only",
    "resources",
    "shutdown",
    "timeout",
];

/// How often [`Metrics::run_upkeep`] should be called: histograms keep every sample until then.
pub const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// Bounds of the histograms of requests and operations, in seconds.
const REQUEST_BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];

/// Bounds of the histograms of migrations and of backups, in seconds.
const MIGRATION_BUCKETS: [f64; 12] =
    [0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1800.0, 3600.0];

/// Why metrics could not be set up: somebody else's recorder is in place.
#[derive(Clone, Debug, thiserror::Error)]
#[error("metrics: {0}")]
pub struct InstallError(String);

/// The process's metrics; clones are the same.
#[derive(Clone, Debug)]
pub struct Metrics {
    handle: PrometheusHandle,
    process: Collector,
    volumes: Volumes,
}

impl Metrics {
    /// The same metrics, with the room on these file systems among them.
    #[must_use]
    pub fn with_volumes(self, volumes: Volumes) -> Self {
        Self { volumes, ..self }
    }

    /// Writes every metric that has been touched, in the Prometheus text format.
    ///
    /// Reads `/proc` and asks the file systems, which may block for a moment.
    #[must_use]
    pub fn render(&self) -> String {
        self.process.collect();
        self.volumes.publish();
        self.handle.render()
    }

    /// Counts the samples of the histograms and forgets them; call it every [`UPKEEP_INTERVAL`].
    pub fn run_upkeep(&self) {
        self.handle.run_upkeep();
    }
}

/// Sets the recorder of the process up, or returns the one that an earlier call did.
///
/// # Errors
///
/// [`InstallError`] when a recorder of another making is in place.
pub fn install() -> Result<Metrics, InstallError> {
    static INSTALLED: OnceLock<Result<Metrics, InstallError>> = OnceLock::new();
    INSTALLED.get_or_init(install_once).clone()
}

fn install_once() -> Result<Metrics, InstallError> {
    let whole = |name: &str| Matcher::Full(name.to_owned());
    let build = || {
        PrometheusBuilder::new()
            .set_buckets(&REQUEST_BUCKETS)?
            .set_buckets_for_metric(
                whole(TASKMANAGER_MIGRATION_DURATION_SECONDS),
                &MIGRATION_BUCKETS,
            )?
            .set_buckets_for_metric(whole(TASKMANAGER_BACKUP_DURATION_SECONDS), &MIGRATION_BUCKETS)?
            .install_recorder()
    };
    let handle = build().map_err(|error| InstallError(error.to_string()))?;
    for metric in METRICS {
        match metric.kind {
            Kind::Counter => describe_counter!(metric.name, metric.unit, metric.help),
            Kind::Gauge => describe_gauge!(metric.name, metric.unit, metric.help),
            Kind::Histogram => describe_histogram!(metric.name, metric.unit, metric.help),
        }
    }
    show_before_the_first_event();
    gauge!(
        TASKMANAGER_BUILD_INFO,
        "version" => env!("CARGO_PKG_VERSION"),
        "revision" => option_env!("TASKMANAGER_REVISION").unwrap_or("unknown"),
    )
    .set(1.0);
    let process = Collector::default();
    process.describe();
    Ok(Metrics { handle, process, volumes: Volumes::default() })
}

/// Makes series appear at zero: a counter that appears with its first event has no increase from which to
/// raise an alarm, and a panel without a series cannot be told from a broken one.
fn show_before_the_first_event() {
    counter!(DB_CLIENT_CONNECTION_TIMEOUTS_TOTAL).absolute(0);
    for kind in DB_ERROR_KINDS {
        counter!(DB_CLIENT_ERRORS_TOTAL, "kind" => kind).absolute(0);
    }
    for outcome in ["applied", "failed"] {
        counter!(TASKMANAGER_MIGRATIONS_APPLIED_TOTAL, "outcome" => outcome).absolute(0);
    }
    for operation in ["create", "get", "list", "update", "delete"] {
        counter!(TASKMANAGER_TASK_OPERATIONS_TOTAL, "operation" => operation, "outcome" => "success")
            .absolute(0);
    }
    for table in ["task_events", "idempotency_keys"] {
        for reason in ["expired", "cap"] {
            counter!(TASKMANAGER_PRUNED_ROWS_TOTAL, "table" => table, "reason" => reason)
                .absolute(0);
        }
    }
    counter!(TASKMANAGER_PRUNE_FAILURES_TOTAL).absolute(0);
    gauge!(TASKMANAGER_EVENT_CLIENTS).set(0.0);
    counter!(TASKMANAGER_EVENT_CLIENTS_DROPPED_TOTAL).absolute(0);
    counter!(TASKMANAGER_EVENTS_TOTAL).absolute(0);
    for reason in ["missed", "late", "moved", "recovery"] {
        counter!(TASKMANAGER_EVENT_RESYNCS_TOTAL, "reason" => reason).absolute(0);
    }
    // A handle alone makes the histogram appear, with a count of zero.
    let _ = histogram!(TASKMANAGER_MIGRATION_DURATION_SECONDS, "direction" => "up");
    let _ = gauge!(TASKMANAGER_MIGRATION_LAST_SUCCESS_TIMESTAMP_SECONDS);
    let _ = gauge!(TASKMANAGER_BACKUP_LAST_SUCCESS_TIMESTAMP_SECONDS);
    for outcome in ["made", "failed"] {
        counter!(TASKMANAGER_BACKUPS_TOTAL, "outcome" => outcome).absolute(0);
    }
}

#[cfg(test)]
mod tests {

    use super::*;

    fn touch_all() -> String {
        let metrics = install().expect("metrics");
        for metric in METRICS {
            match metric.kind {
                Kind::Counter => counter!(metric.name).increment(1),
                Kind::Gauge => gauge!(metric.name).set(1.0),
                Kind::Histogram => histogram!(metric.name).record(0.003),
            }
        }
        metrics.run_upkeep();
        metrics.render()
    }

    #[test]
    fn every_metric_has_its_help_and_its_own_name() {
        let text = touch_all();
        for metric in METRICS {
            let name = metric.name;
            let kind = format!("{:?}", metric.kind).to_lowercase();
            assert!(text.contains(&format!("# HELP {name} {}\n", metric.help)), "{name}");
            assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "{name}");
            if metric.kind != Kind::Histogram {
                assert!(text.lines().any(|line| line.starts_with(&format!("{name} "))), "{name}");
            }
        }
        for line in text.lines().filter_map(|line| line.strip_prefix("# TYPE taskmanager_")) {
            let name = line.split(' ').next().expect("a name");
            let known = |metric: &Metric| metric.name.strip_prefix("taskmanager_") == Some(name);
            assert!(METRICS.iter().any(known), "taskmanager_{name} is not in the table");
        }
    }

    #[test]
    fn every_help_names_the_unit() {
        for metric in METRICS {
            let words: &[&str] = match metric.unit {
                Unit::Seconds => &["in seconds"],
                Unit::Bytes => &["in bytes"],
                _ => &["as a count", "without a unit", "as the number"],
            };
            assert!(words.iter().any(|words| metric.help.contains(words)), "{}", metric.name);
            assert_eq!(metric.unit == Unit::Seconds, metric.name.ends_with("_seconds"));
            assert_eq!(metric.unit == Unit::Bytes, metric.name.ends_with("_bytes"));
            assert_eq!(metric.kind == Kind::Counter, metric.name.ends_with("_total"));
        }
    }

    #[test]
    fn histograms_have_their_own_bounds() {
        let text = touch_all();
        for (name, bound) in [
            (HTTP_SERVER_REQUEST_DURATION_SECONDS, "0.0005"),
            (DB_CLIENT_OPERATION_DURATION_SECONDS, "10"),
            (TASKMANAGER_MIGRATION_DURATION_SECONDS, "3600"),
        ] {
            assert!(text.contains(&format!("{name}_bucket{{le=\"{bound}\"}}")), "{name}");
            assert!(text.contains(&format!("{name}_count ")), "{name}");
        }
    }

    #[test]
    fn install_is_the_same_each_time_and_says_what_runs() {
        let text = install().and_then(|_| install()).expect("metrics").render();
        let version = env!("CARGO_PKG_VERSION");
        assert!(text.contains("taskmanager_build_info{"), "{text}");
        assert!(text.contains(&format!("version=\"{version}\"")), "{text}");
        assert!(text.contains("db_client_connection_timeouts_total "), "{text}");
        assert!(text.contains("# HELP process_resident_memory_bytes "), "{text}");
    }
}

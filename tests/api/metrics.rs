//! `GET /metrics`: every promised metric, with help, and no user's text in a label.

use rstest::rstest;
use serde_json::json;

use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::text;

const NAMES: [&str; 23] = [
    "http_server_request_duration_seconds",
    "http_server_active_requests",
    "db_client_connection_count",
    "db_client_connection_max",
    "db_client_connection_timeouts_total",
    "db_client_operation_duration_seconds",
    "db_client_errors_total",
    "taskmanager_tasks",
    "taskmanager_task_operations_total",
    "taskmanager_pruned_rows_total",
    "taskmanager_not_ready",
    "taskmanager_build_info",
    "taskmanager_database_up",
    "taskmanager_schema_version",
    "taskmanager_schema_target_version",
    "taskmanager_schema_state",
    "taskmanager_migrations_pending",
    "taskmanager_migration_duration_seconds",
    "taskmanager_migrations_applied_total",
    "taskmanager_migration_last_success_timestamp_seconds",
    "taskmanager_backup_last_success_timestamp_seconds",
    "process_cpu_seconds_total",
    "process_resident_memory_bytes",
];

/// The sum of all samples of `name` whose labels hold every one of `labels`.
fn sum(metrics: &str, name: &str, labels: &[&str]) -> f64 {
    let samples = metrics.lines().filter(|line| {
        let rest = line.strip_prefix(name).unwrap_or("?");
        rest.starts_with(['{', ' ']) && labels.iter().all(|label| line.contains(label))
    });
    samples.filter_map(|line| line.rsplit(' ').next()?.parse::<f64>().ok()).sum()
}

fn is(value: f64, expected: f64) -> bool {
    (value - expected).abs() < 0.5
}

#[rstest]
#[tokio::test]
async fn every_name_has_help_and_a_type(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "t"})).await;
    let answer = app.get("/metrics").await.expect(200);
    let kind = answer.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("text/plain") && kind.contains("version=0.0.4"), "{kind}");
    let metrics = answer.text();
    for name in NAMES {
        for word in ["HELP", "TYPE"] {
            let start = format!("# {word} {name} ");
            assert!(
                metrics.lines().any(|line| line.starts_with(&start)),
                "{word} of {name}:\n{metrics}"
            );
        }
    }
    let exported = metrics.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    for name in exported.filter_map(|rest| rest.split(' ').next()) {
        let help = format!("# HELP {name} ");
        assert!(metrics.contains(&help), "{name} has no help");
    }
    let buckets = "http_server_request_duration_seconds_bucket{";
    assert!(metrics.contains(buckets) && metrics.contains("le=\"+Inf\""), "a histogram");
}

#[rstest]
#[tokio::test]
async fn figures(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::with(on, &[("DATABASE_MAX_CONNECTIONS", "7")]).await;
    let task = app.create(json!({"title": "t"})).await;
    for path in ["/tasks/1", &format!("/tasks/{}", text(&task, "id")), "/tasks/2", "/secret-path"] {
        let _ = app.get(path).await;
    }
    let _ = app.get("/tasks/search?q=secret-word").await.expect(200);
    let _ = app.call("BREW", "/tasks").send().await.expect(405);
    let _ = app.patch("/tasks/1", &json!({"title": ""})).await.expect(422);
    let _ = app.delete("/tasks/1").await.expect(204);
    let metrics = app.get("/metrics").await.expect(200).text();

    let count = "http_server_request_duration_seconds_count";
    for (labels, expected) in [
        (&["method=\"GET\"", "route=\"/tasks/{ref}\"", "code=\"200\""][..], 2.0),
        (&["method=\"GET\"", "route=\"/tasks/{ref}\"", "code=\"404\""], 1.0),
        (&["method=\"GET\"", "route=\"unmatched\"", "code=\"404\""], 1.0),
        (&["method=\"POST\"", "route=\"/tasks\"", "code=\"201\""], 1.0),
        (&["method=\"GET\"", "route=\"/tasks/search\"", "code=\"200\""], 1.0),
        (&["method=\"_OTHER\"", "route=\"/tasks\"", "code=\"405\""], 1.0),
        (&["http_request_method=\"DELETE\"", "http_response_status_code=\"204\""], 1.0),
        (&["http_request_method=\"PATCH\"", "http_route=\"/tasks/{ref}\"", "code=\"422\""], 1.0),
    ] {
        assert!(is(sum(&metrics, count, labels), expected), "{labels:?}:\n{metrics}");
    }
    for (name, labels, expected) in [
        ("db_client_connection_max", &[][..], 7.0),
        ("taskmanager_database_up", &[], 1.0),
        ("taskmanager_migrations_pending", &[], 0.0),
        ("taskmanager_schema_state", &["state=\"current\""], 1.0),
        ("taskmanager_schema_state", &[], 1.0),
        ("taskmanager_build_info", &["version=\"", "revision=\""], 1.0),
    ] {
        assert!(is(sum(&metrics, name, labels), expected), "{name} {labels:?}:\n{metrics}");
    }
    let version = sum(&metrics, "taskmanager_schema_version", &[]);
    assert!(is(version, sum(&metrics, "taskmanager_schema_target_version", &[])) && version > 2e13);
    assert!(
        sum(&metrics, "taskmanager_task_operations_total", &["operation=\"", "outcome=\""]) >= 3.0
    );
    assert!(
        sum(&metrics, "db_client_operation_duration_seconds_count", &["db_operation_name="]) >= 3.0
    );
    for state in ["used", "idle"] {
        let label = format!("db_client_connection_count{{state=\"{state}\"}}");
        assert!(metrics.contains(&label), "{label}");
    }
    for state in ["behind", "drifted", "diverged", "failed"] {
        let label = format!("state=\"{state}\"");
        assert!(is(sum(&metrics, "taskmanager_schema_state", &[&label]), 0.0), "{state}");
    }
    for secret in ["secret", "BREW", text(&task, "id")] {
        assert!(!metrics.contains(secret), "no user's text in a label: {secret}");
    }
}

#[rstest]
#[tokio::test]
async fn tasks_by_status_and_priority(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app
        .create_all([
            json!({"title": "a"}),
            json!({"title": "b"}),
            json!({"title": "c", "status": "done", "priority": "high"}),
        ])
        .await;
    testkit::until("the figures", testkit::WITHIN, async || {
        let metrics = app.get("/metrics").await.expect(200).text();
        let of = |labels: &[&str]| sum(&metrics, "taskmanager_tasks", labels);
        let whole = is(of(&["status=\"todo\"", "priority=\"medium\""]), 2.0)
            && is(of(&["status=\"done\"", "priority=\"high\""]), 1.0)
            && is(of(&[]), 3.0);
        whole.then_some(())
    })
    .await;
    // A kind that is no more is zero, not what it was.
    let _ = app.delete("/tasks/3").await.expect(204);
    testkit::until("the zero", testkit::WITHIN, async || {
        let metrics = app.get("/metrics").await.expect(200).text();
        is(sum(&metrics, "taskmanager_tasks", &["status=\"done\""]), 0.0).then_some(())
    })
    .await;
}

#[rstest]
#[tokio::test]
async fn room_on_the_file_systems(#[values(Sqlite, Postgres)] on: Backend) {
    let folder = tempfile::tempdir().expect("a folder");
    let backups = folder.path().join("not/there/yet");
    let app = App::with(on, &[("BACKUP_DIR", &backups.display().to_string())]).await;
    let metrics = app.get("/metrics").await.expect(200).text();
    for volume in ["database", "backups"] {
        let label = format!("volume=\"{volume}\"");
        let avail = sum(&metrics, "taskmanager_filesystem_avail_bytes", &[&label]);
        let size = sum(&metrics, "taskmanager_filesystem_size_bytes", &[&label]);
        // The disk of a PostgreSQL server is its own.
        let seen = volume == "backups" || on == Sqlite;
        assert_eq!(size > 1e6, seen, "{volume}:\n{metrics}");
        assert!(if seen { avail > 0.0 && avail <= size } else { is(avail, 0.0) }, "{metrics}");
    }
}

#[tokio::test]
async fn no_room_is_told_where_there_is_no_folder() {
    let app = App::start(Postgres).await;
    let metrics = app.get("/metrics").await.expect(200).text();
    assert!(!metrics.contains("taskmanager_filesystem_"), "{metrics}");
}

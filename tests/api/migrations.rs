//! `GET /migrations`.

use std::process::Command;

use rstest::rstest;
use serde_json::{Value, json};

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Api, App, WITHIN, free_port, until};

/// What the command line says of the same database.
fn command_line(app: &App, what: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_taskmanager"))
        .args(["migrate", what, "--json", "--database-url", &app.database.url])
        .output()
        .expect("the program runs");
    serde_json::from_slice(&output.stdout).expect("a document")
}

#[rstest]
#[tokio::test]
async fn is_what_the_command_line_shows(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let page = app.json("/migrations").await;
    let status = command_line(&app, "status");
    for (here, there) in [
        ("state", "schema_state"),
        ("head", "schema_version"),
        ("target", "target_version"),
        ("pending", "pending_migrations"),
        ("concerns", "concerns"),
        ("missing", "missing"),
        ("last_migration_at", "last_migration_at"),
    ] {
        assert_eq!(page[here], status[there], "{here}");
    }
    let history = command_line(&app, "history");
    let lines = page["history"].as_array().expect("a list");
    assert_eq!(lines.len(), history.as_array().map_or(0, Vec::len));
    assert!(lines.len() >= 5, "{page}");
    for (line, there) in lines.iter().zip(history.as_array().expect("a list")) {
        let members = line.as_object().expect("an object");
        for (name, value) in members {
            assert_eq!(value, &there[name], "{name}");
        }
        assert_eq!(line["state"], "applied");
        // Machines and people are for operators.
        for private in ["host", "who", "reason"] {
            assert!(!members.contains_key(private), "{private}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn what_is_not_applied_is_pending(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let newest = app.json("/migrations").await["head"].clone();
    let mut side = app.database.connect().await;
    side.execute(&format!("DELETE FROM _sqlx_migrations WHERE version = {newest}")).await;
    let behind = until("the next look at the schema", WITHIN, async || {
        let page = app.json("/migrations").await;
        (page["state"] == "behind").then_some(page)
    })
    .await;
    assert_eq!(behind["pending"][0]["version"], newest);
    assert_eq!((behind["target"].clone(), behind["head"] == newest), (newest.clone(), false));
    let last = behind["history"].as_array().and_then(|lines| lines.last()).expect("a line");
    assert_eq!((&last["version"], &last["state"]), (&newest, &json!("pending")));
    assert_eq!(last["applied_at"], Value::Null);
}

/// Which versions make the state what it is, and what the program misses.
#[rstest]
#[tokio::test]
async fn what_is_wrong_is_named(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let newer = 29_991_231_235_959_i64;
    let checksum = if on == Sqlite { "x'00'" } else { "decode('00', 'hex')" };
    let ahead = [
        format!(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
             VALUES ({newer}, 'by another program', true, {checksum}, 1)"
        ),
        format!(
            "INSERT INTO _migrate_log (recorded_at, version, event, compat, program, outcome) \
             VALUES ('2999-12-31T23:59:59Z', {newer}, 'applied', 'additive', '9.9.9', 'done')"
        ),
    ];
    let drift = ["ALTER TABLE tasks RENAME COLUMN assignee TO owner".to_owned()];
    for (deed, state, member) in
        [(&ahead[..], "ahead_compatible", "concerns"), (&drift[..], "drifted", "missing")]
    {
        let mut side = app.database.connect().await;
        for sql in deed {
            side.execute(sql).await;
        }
        side.close().await;
        let page = until("the next look at the schema", WITHIN, async || {
            let page = app.json("/migrations").await;
            (page["state"] == state).then_some(page)
        })
        .await;
        assert!(page[member].as_array().is_some_and(|found| !found.is_empty()), "{page}");
        assert_eq!(page[member], command_line(&app, "status")[member]);
        let last = page["history"].as_array().and_then(|lines| lines.last()).expect("a line");
        assert_eq!((&last["version"], &last["state"]), (&json!(newer), &json!("unknown")));
    }
}

/// With the API, and not with the probes.
#[tokio::test]
async fn is_on_the_public_port_alone() {
    let port = free_port();
    let app = App::with(Sqlite, &[("OPS_LISTEN", &format!("127.0.0.1:{port}"))]).await;
    assert_eq!(app.json("/migrations").await["state"], "current");
    let ops = Api::new(&format!("http://127.0.0.1:{port}"));
    let _ = ops.get("/migrations").await.problem(404, "not-found");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_503() {
    let app = App::start(Sqlite).await;
    let folder = app.database.folder().expect("a folder");
    for entry in std::fs::read_dir(folder).expect("a folder") {
        std::fs::remove_file(entry.expect("an entry").path()).expect("removed");
    }
    // An answer of the database serves for a moment.
    until("the outage to show", WITHIN, async || {
        let answer = app.get("/migrations").await;
        (answer.status == 503).then(|| answer.problem(503, "unavailable"))
    })
    .await;
}

//! SQLite files that may be written at one time and not at another.

use serde_json::json;

use crate::load::assert_no_panic;
use testkit::Backend::Sqlite;
use testkit::{Api, App, Database, Server, Tmpfs, WITHIN, pace, until};

/// A file system that may only be read when the service starts, and later be written, needs no restart.
#[tokio::test]
async fn file_that_may_be_written_later() {
    let Some(disk) = Tmpfs::mount("8m") else { return eprintln!("may not mount: not tested") };
    let url = format!("sqlite:{}/tasks.db", disk.path().display());
    let first = Server::start(&[("DATABASE_URL", &url)]).await;
    let _ = Api::new(&first.url()).create(json!({"title": "t"})).await;
    // Killed, it leaves its log behind, without which nobody can read here.
    drop(first);
    disk.remount("ro");
    let server = Server::spawn(&[("DATABASE_URL", &url)]);
    let api = Api::new(&server.url());
    until("reads to be served", WITHIN, async || {
        let answer = api.call("GET", "/health/ready?for=reads").try_send().await.ok()?;
        (answer.status == 200).then_some(())
    })
    .await;
    for _ in 0..3 {
        assert_eq!(api.titles("/tasks").await, ["t"]);
        let _ = api.post("/tasks", &json!({"title": "u"})).await.problem(503, "unavailable");
        let problem = api.get("/health/ready").await.problem(503, "not-ready").json();
        assert_eq!(problem["reason"], "read_only");
    }
    disk.remount("rw");
    until("the instance to be ready", WITHIN, async || {
        (api.get("/health/ready").await.status == 200).then_some(())
    })
    .await;
    let _ = api.create(json!({"title": "v"})).await;
    assert_eq!(api.titles("/tasks?sort=number").await, ["t", "v"]);
    assert_no_panic(&server);
}

/// A limit on the size of files ends no process: what does not fit is refused like a fault of the disk.
#[tokio::test]
async fn file_that_may_not_grow() {
    let database = Database::empty(Sqlite).await;
    let mut server = Server::spawn_with_file_size(2_400, &[("DATABASE_URL", &database.url)]);
    server.ready().await;
    let api = Api::new(&server.url());
    let large = json!({"title": "large", "description": "d".repeat(1000)});
    let mut stored = 0;
    let refusal = until("a file to be too large", WITHIN, async || {
        let answer = api.post("/tasks", &large).await;
        stored += usize::from(answer.status == 201);
        (answer.status != 201).then_some(answer)
    })
    .await;
    let _ = refusal.problem(503, "unavailable");
    assert!(stored > 0);
    let problem = api.get("/health/ready").await.problem(503, "not-ready").json();
    assert_eq!(problem["reason"], "read_only");
    assert_eq!(api.titles("/tasks?limit=1000").await.len(), stored);
    assert_eq!(server.ended(), None);
    assert_no_panic(&server);
}

/// A disk with room for little is not ready: what readiness says is what the next write finds.
#[tokio::test]
async fn disk_that_is_all_but_full() {
    let Some(disk) = Tmpfs::mount("3m") else { return eprintln!("may not mount: not tested") };
    let url = format!("sqlite:{}/tasks.db", disk.path().display());
    let server = Server::start(&[("DATABASE_URL", &url)]).await;
    let api = Api::new(&server.url());
    let large = json!({"title": "large", "description": "d".repeat(1000)});
    until("the disk to be full", WITHIN, async || {
        (api.post("/tasks", &large).await.status != 201).then_some(())
    })
    .await;
    let mut pace = pace(std::time::Duration::from_millis(300));
    for _ in 0..12 {
        let ready = api.get("/health/ready").await.status;
        let written = api.post("/tasks", &large).await.status;
        assert!(ready == 503 || written == 201, "ready {ready}, then {written}");
        pace.tick().await;
    }
}

/// Only the log is deleted, by a hand that takes it for a leftover: what was committed last is in it, and nowhere else.
#[tokio::test]
async fn log_that_goes_away() {
    let app = App::start(Sqlite).await;
    let log = app.database.folder().expect("a folder").join("tasks.db-wal");
    let mut stored = 0;
    for _ in 0..3 {
        for _ in 0..5 {
            let _ = app.create(json!({"title": "t"})).await;
            stored += 1;
        }
        assert!(std::fs::metadata(&log).expect("a log").len() > 0);
        std::fs::remove_file(&log).expect("a log");
        // What is acknowledged from now on must be kept too.
        until("writes to be taken again", WITHIN, async || {
            let answer = app.post("/tasks", &json!({"title": "t"})).await;
            assert!(matches!(answer.status, 201 | 503), "{}", answer.describe());
            stored += i64::from(answer.status == 201);
            (answer.status == 201).then_some(())
        })
        .await;
        assert_eq!(app.json("/tasks/count").await["total"], stored);
        until("the instance to be ready", WITHIN, async || {
            (app.get("/health/ready").await.status == 200).then_some(())
        })
        .await;
    }
    assert!(app.server.output().contains("saved what the lost log held"));
    app.server.signal("KILL");
    let (_server, api) = app.replica(&[]).await;
    assert_eq!(api.json("/tasks/count").await["total"], stored);
    let mut side = app.database.connect().await;
    assert_eq!(
        side.integer("SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'")
            .await,
        1
    );
}

//! Clients that ask for much, and do not read it.

use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::task::JoinSet;

use crate::watcher::{Watcher, alone, connect_narrow, service};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{App, pace};

/// Half a minute without a byte taken, after the answer's turn has come.
const HUNG_UP_WITHIN: Duration = Duration::from_mins(1);

/// A thousand tasks of more than a kilobyte each.
pub(crate) async fn fill(app: &App) {
    let text = |n: usize| format!("{n} {}", "words and ".repeat(99));
    let tasks: Vec<Value> =
        (0..1_000).map(|n| json!({"title": format!("task {n}"), "description": text(n)})).collect();
    let _ = app.post("/tasks/import", &json!(tasks)).await.expect(200);
    let _ = app.get("/tasks?limit=1000").await.expect(200);
}

#[rstest]
#[tokio::test]
async fn who_do_not_read(#[values(Sqlite, Postgres)] on: Backend) {
    let _alone = alone().await;
    tokio::join!(unread(on, "/tasks?limit=1000"), unread(on, "/tasks/export"),);
}

/// A single answer, which the system would take whole from the service: it is given up as soon.
#[tokio::test]
async fn who_do_not_read_a_single_answer() {
    let _alone = alone().await;
    let app = service(Sqlite, &[]).await;
    fill(&app).await;
    let watcher = Watcher::start(&app);
    unread_once_sent(&app, "/tasks?limit=1000", 40, 1, Duration::from_secs(45)).await;
    watcher.end().await;
}

async fn unread(on: Backend, path: &str) {
    let app = service(on, &[]).await;
    fill(&app).await;
    let watcher = Watcher::start(&app);
    // Several requests, so that there is more than the system takes.
    unread_once_sent(&app, path, 100, 20, HUNG_UP_WITHIN).await;
    watcher.end().await;
}

async fn unread_once_sent(app: &App, path: &str, clients: u32, requests: usize, within: Duration) {
    let mut unread = JoinSet::new();
    for _ in 0..clients {
        let mut stream = connect_narrow(app.server.port).await;
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
        stream.write_all(request.repeat(requests).as_bytes()).await.expect("sent");
        let begun = Instant::now();
        let mut looks = pace(Duration::from_millis(100));
        unread.spawn(async move {
            // It looks whether the connection is still there, and reads nothing.
            while stream.take_error().expect("a socket").is_none() {
                assert!(begun.elapsed() < within, "not hung up on");
                looks.tick().await;
            }
        });
    }
    unread.join_all().await;
}

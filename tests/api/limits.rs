//! Too much and too long: bodies over 64 KiB, requests over `REQUEST_TIMEOUT`, no connection left.

use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::text;
use testkit::{Answer, App, WITHIN, until};

const LIMIT: usize = 64 * 1024;

/// A body of exactly `length` bytes, valid whatever its length.
fn padded(length: usize) -> String {
    let body = json!({"title": "t"}).to_string();
    format!("{}{body}", " ".repeat(length - body.len()))
}

fn is_late(answer: &Answer) {
    let kind = text(&answer.json(), "type").to_owned();
    let said = kind == "/problems/timeout" || kind == "/problems/unavailable";
    assert!(answer.status == 503 && said, "{}", answer.describe());
}

#[rstest]
#[tokio::test]
async fn bodies(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.call("POST", "/tasks").text(padded(LIMIT)).send().await.expect(201);
    for length in [LIMIT + 1, LIMIT + 5_000] {
        for (method, path) in [("POST", "/tasks"), ("PUT", "/tasks/1"), ("PATCH", "/tasks/1")] {
            let answer = app.call(method, path).text(padded(length)).send().await;
            let _ = answer.problem(413, "payload-too-large");
        }
    }
    assert_eq!(app.json("/tasks/count").await, json!({"total": 1}));
}

/// Without a length in the header the limit holds as well.
#[rstest]
#[tokio::test]
async fn chunked_bodies(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    for (length, status) in [(LIMIT, "201"), (LIMIT + 1, "413")] {
        let mut stream =
            TcpStream::connect(("127.0.0.1", app.server.port)).await.expect("a connection");
        let head = "POST /tasks HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
            transfer-encoding: chunked\r\nconnection: close\r\n\r\n";
        let body = padded(length);
        let (first, rest) = body.split_at(1_000);
        let request = format!(
            "{head}{:x}\r\n{first}\r\n{:x}\r\n{rest}\r\n0\r\n\r\n",
            first.len(),
            rest.len()
        );
        // The server may answer, and hang up, before it has read all of it.
        let _ = stream.write_all(request.as_bytes()).await;
        let mut start = [0; 12];
        stream.read_exact(&mut start).await.expect("an answer");
        assert_eq!(String::from_utf8_lossy(&start), format!("HTTP/1.1 {status}"), "{length}");
    }
}

/// Late is late, and a write that was answered 503 has not been made.
#[rstest]
#[tokio::test]
async fn a_locked_table(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::with(on, &[("REQUEST_TIMEOUT", "1s")]).await;
    let before = app.create(json!({"title": "kept"})).await;
    let mut side = app.database.connect().await;
    side.lock_tasks().await;
    let writes: [(&str, &str, Value); 4] = [
        ("POST", "/tasks", json!({"title": "late"})),
        ("PATCH", "/tasks/1", json!({"title": "late"})),
        ("PUT", "/tasks/1", json!({"title": "late"})),
        ("DELETE", "/tasks/1", json!({})),
    ];
    for (method, path, body) in &writes {
        is_late(&app.call(method, path).json(body).send().await);
    }
    // SQLite's readers do not wait for its writer; PostgreSQL's lock keeps them out too.
    match on {
        Sqlite => drop(app.get("/tasks").await.expect(200)),
        Postgres => is_late(&app.get("/tasks").await),
    }
    let _ = app.get("/health/live").await.expect(200);
    side.unlock().await;
    if on == Postgres {
        let busy = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
            AND pid <> pg_backend_pid() AND backend_type = 'client backend' AND state <> 'idle'";
        until("every late statement to end", WITHIN, async || {
            (side.integer(busy).await == 0).then_some(())
        })
        .await;
    }
    // The next write comes after whatever still waits.
    until("the service to be well again", WITHIN, async || {
        let answer = app.post("/tasks", &json!({"title": "after"})).await;
        (answer.status == 201).then_some(())
    })
    .await;
    assert_eq!(app.titles("/tasks?sort=number").await, ["kept", "after"]);
    assert_eq!(app.json("/tasks/1").await, before);
}

/// With every connection waiting the next request is told to come back, and later all is well.
#[rstest]
#[tokio::test]
async fn no_connection_left(#[values(Sqlite, Postgres)] on: Backend) {
    let variables = [("REQUEST_TIMEOUT", "1s"), ("DATABASE_MAX_CONNECTIONS", "2")];
    let app = App::with(on, &variables).await;
    let mut side = app.database.connect().await;
    side.lock_tasks().await;
    let calls: Vec<_> = (0..12)
        .map(|_| {
            let api = (*app).clone();
            tokio::spawn(async move { api.post("/tasks", &json!({"title": "late"})).await })
        })
        .collect();
    for call in calls {
        is_late(&call.await.expect("an answer"));
    }
    side.unlock().await;
    until("the service to be well again", WITHIN, async || {
        let answer = app.post("/tasks", &json!({"title": "after"})).await;
        (answer.status == 201).then_some(())
    })
    .await;
    assert_eq!(app.titles("/tasks").await, ["after"]);
}

/// A client that never ends its body does not hold the request for ever.
#[rstest]
#[tokio::test]
async fn a_body_that_never_comes(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::with(on, &[("REQUEST_TIMEOUT", "1s")]).await;
    let mut stream =
        TcpStream::connect(("127.0.0.1", app.server.port)).await.expect("a connection");
    let request = "POST /tasks HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
        content-length: 100\r\n\r\n{\"title\"";
    stream.write_all(request.as_bytes()).await.expect("the request goes out");
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.expect("an answer");
    assert_eq!(String::from_utf8_lossy(&start), "HTTP/1.1 408");
}

/// What is refused before its body has come is answered at once; the rest of the body is read, and the connection goes
/// on.
#[rstest]
#[case("POST /nope", "localhost", 50, 404)]
#[case("POST /tasks", "localhost", 100_000, 413)]
#[case("POST /tasks", "elsewhere.example", 50, 421)]
#[case("DELETE /tasks", "localhost", 50, 405)]
#[tokio::test]
async fn refusals_do_not_wait(
    #[case] line: &str,
    #[case] host: &str,
    #[case] length: usize,
    #[case] status: u16,
) {
    let app = App::start(Sqlite).await;
    let mut stream =
        TcpStream::connect(("127.0.0.1", app.server.port)).await.expect("a connection");
    let head = format!(
        "{line} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.expect("the request goes out");
    let begun = Instant::now();
    let mut said = [0; 12];
    stream.read_exact(&mut said).await.expect("an answer");
    assert!(begun.elapsed() < Duration::from_millis(700), "after {:?}", begun.elapsed());
    assert_eq!(String::from_utf8_lossy(&said), format!("HTTP/1.1 {status}"));
    let next = "GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let rest = " ".repeat(length - 1) + next;
    stream.write_all(rest.as_bytes()).await.expect("the rest goes out");
    let mut said = String::new();
    stream.read_to_string(&mut said).await.expect("two answers");
    assert!(said.contains("HTTP/1.1 200"), "{said}");
}

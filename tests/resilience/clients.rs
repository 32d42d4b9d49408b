//! Clients that misbehave.

use rstest::rstest;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::load::{assert_no_errors, assert_no_panic};
use crate::wire::{Wire, create};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{App, WITHIN, until};

async fn connect(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).await.expect("a connection")
}

/// Everything until the server hangs up; an abrupt end counts too.
async fn rest(mut stream: TcpStream) -> String {
    let mut said = Vec::new();
    let _ = tokio::time::timeout(WITHIN, stream.read_to_end(&mut said)).await.expect("an end");
    String::from_utf8_lossy(&said).into_owned()
}

async fn assert_serves(app: &App) {
    let _ = app.get("/tasks").await.expect(200);
    assert_no_panic(&app.server);
}

#[rstest]
#[tokio::test]
async fn heads_that_never_end(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let mut slow = Vec::new();
    for _ in 0..200 {
        let mut stream = connect(app.server.port).await;
        stream
            .write_all(b"GET /tasks HTTP/1.1\r\nhost: localhost\r\nx-slow: ")
            .await
            .expect("sent");
        slow.push(stream);
    }
    for _ in 0..20 {
        for stream in &mut slow {
            stream.write_all(b"a").await.expect("sent");
        }
        let _ = app.create(json!({"title": "t"})).await;
    }
    assert_serves(&app).await;
}

#[rstest]
#[tokio::test]
async fn bodies_that_break_off(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let whole = create("half a task", "");
    let chunked = "POST /tasks HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                   transfer-encoding: chunked\r\n\r\n17\r\n{\"title\":\"half a task\"}\r\n";
    for request in [&whole[..whole.len() - 1], &whole[..whole.len() - 10], chunked] {
        for half in [false, true] {
            let mut stream = connect(app.server.port).await;
            stream.write_all(request.as_bytes()).await.expect("sent");
            if half {
                // Only this direction ends: the client still listens.
                stream.shutdown().await.expect("half a close");
                let said = rest(stream).await;
                assert!(!said.contains(" 201 ") && !said.contains(" 5"), "{said}");
            }
        }
    }
    until("all of them to be over", WITHIN, async || {
        let metrics = app.get("/metrics").await.text();
        metrics.contains("\nhttp_server_active_requests 1\n").then_some(())
    })
    .await;
    assert_eq!(app.json("/tasks/count").await["total"], 0);
    assert_no_errors(&app.server);
}

#[rstest]
#[tokio::test]
async fn idle_connections(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let wanted = 2000.min(open_files() / 2);
    let mut idle = Vec::new();
    for _ in 0..wanted {
        idle.push(connect(app.server.port).await);
    }
    for _ in 0..20 {
        let _ = app.create(json!({"title": "t"})).await;
    }
    assert_serves(&app).await;
    assert_no_errors(&app.server);
    // They still are served too.
    for stream in idle.into_iter().step_by(500) {
        let mut stream = stream;
        let request = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.expect("sent");
        assert!(rest(stream).await.starts_with("HTTP/1.1 200"));
    }
}

/// How many files this process, and so the one that it starts, may have open.
fn open_files() -> usize {
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"));
    let soft = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
    soft.unwrap_or(1024)
}

#[rstest]
#[tokio::test]
async fn heads_that_are_too_large(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let many: Vec<_> = (0..1000).map(|n| format!("x-{n}: {n}\r\n")).collect();
    let many = many.concat();
    let long = format!("x: {}\r\n", "a".repeat(1 << 20));
    let path = format!("/tasks/{}", "a".repeat(1 << 20));
    for (path, headers) in [("/tasks", &many), ("/tasks", &long), (&*path, &String::new())] {
        let mut stream = connect(app.server.port).await;
        let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
        // The server may hang up before it has read all of it.
        let _ = stream.write_all(request.as_bytes()).await;
        let said = rest(stream).await;
        let status = said.split(' ').nth(1).unwrap_or_default();
        assert!(said.is_empty() || ["400", "414", "431"].contains(&status), "{said}");
        assert_serves(&app).await;
    }
}

#[rstest]
#[tokio::test]
async fn garbage(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let noise: Vec<u8> = (0..5000).map(|_| rand::random()).collect();
    let tls = [0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];
    let lines = b"\r\n\r\nGET\r\n\r\n".to_vec();
    let preface =
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff".to_vec();
    for bytes in [noise, tls.to_vec(), lines, preface, vec![0; 100_000]] {
        let mut stream = connect(app.server.port).await;
        let _ = stream.write_all(&bytes).await;
        // It is hung up on, or answered once the client has nothing more to say.
        let _ = stream.shutdown().await;
        let said = rest(stream).await;
        assert!(!said.contains(" 200 ") && !said.contains(" 500 "), "{said}");
        assert_serves(&app).await;
    }
}

#[rstest]
#[tokio::test]
async fn pipelined(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let mut wire = Wire::connect(app.server.port).await.expect("a connection");
    let all: String = (0..30).map(|turn| create(&format!("turn {turn}"), "")).collect();
    wire.send(all).await.expect("sent");
    for turn in 0..30 {
        let reply = wire.reply().await.expect("an answer");
        let task: serde_json::Value = serde_json::from_slice(&reply.body).expect("JSON");
        assert_eq!((reply.status, &task["title"]), (201, &json!(format!("turn {turn}"))));
    }
    let stored = app.titles("/tasks?sort=number").await;
    assert_eq!(stored, (0..30).map(|turn| format!("turn {turn}")).collect::<Vec<_>>());
}

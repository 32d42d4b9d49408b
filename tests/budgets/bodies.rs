//! Bodies that do not come, or only in part.

use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::watcher::{Watcher, alone, connect, service, until_hung_up};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::pace;
use testkit::server::field;

const MEBIBYTE: usize = 1 << 20;

/// Sends as much as the server takes.
async fn send(stream: &mut TcpStream, bytes: &[u8]) {
    let _ = timeout(Duration::from_secs(8), stream.write_all(bytes)).await;
}

#[tokio::test]
async fn half_sent_imports() {
    let _alone = alone().await;
    tokio::join!(half_sent(true), half_sent(false));
}

async fn half_sent(chunked: bool) {
    let app = service(Sqlite, &[]).await;
    let watcher = Watcher::start(&app);
    let mut sending = JoinSet::new();
    for _ in 0..64 {
        let mut stream = connect(app.server.port).await;
        sending.spawn(async move {
            let (length, begin) = if chunked {
                ("transfer-encoding: chunked".to_owned(), format!("{:x}\r\n[", 16 * MEBIBYTE))
            } else {
                (format!("content-length: {}", 16 * MEBIBYTE), "[".to_owned())
            };
            let head = format!(
                "POST /tasks/import HTTP/1.1\r\nhost: localhost\r\n\
                 content-type: application/json\r\n{length}\r\n\r\n{begin}"
            );
            let _ = stream.write_all(head.as_bytes()).await;
            send(&mut stream, &vec![b' '; 15 * MEBIBYTE]).await;
            until_hung_up(&mut stream, Duration::from_secs(20)).await
        });
    }
    let said = sending.join_all().await;
    let with = |status: &str| said.iter().filter(|said| said.starts_with(status)).count();
    let (refused, late) = (with("HTTP/1.1 503"), with("HTTP/1.1 408"));
    assert!(refused > 0, "{refused} were refused for want of room, {late} were late");
    assert!(said.iter().all(|said| !said.starts_with("HTTP/1.1 2")));
    watcher.end().await;
    // All of it was given back.
    let file: Vec<Value> = (0..10_000).map(|n| json!({"title": format!("task {n}")})).collect();
    let answer = app.post("/tasks/import", &json!(file)).await.expect(200);
    assert_eq!(answer.json()["created"], 10_000);
}

/// What a file is made into is not many times as large as the file.
#[rstest]
#[case(("[]", ","))]
#[case((r#"{"title":"t","a":{"b":[[],[]]}}"#, ","))]
#[tokio::test]
async fn imports_of_many_small_values(#[case] (item, separator): (&str, &str)) {
    let _alone = alone().await;
    let app = service(Sqlite, &[]).await;
    let watcher = Watcher::start(&app);
    let count = 15 * MEBIBYTE / (item.len() + separator.len());
    let file = format!("[{}]", vec![item; count].join(separator));
    for _ in 0..3 {
        let import = || app.call("POST", "/tasks/import").text(file.as_bytes()).send();
        let (first, second, third) = tokio::join!(import(), import(), import());
        for answer in [first, second, third] {
            assert!(matches!(answer.status, 422 | 503), "{}", answer.status);
        }
    }
    watcher.end().await;
}

/// A body that stops coming, and one that comes a byte at a time, are the client's fault and not the service's.
#[rstest]
#[tokio::test]
async fn a_body_that_does_not_come(
    #[values(Sqlite, Postgres)] on: Backend,
    #[values(true, false)] drips: bool,
) {
    let app = service(on, &[("REQUEST_TIMEOUT", "1s")]).await;
    let mut stream = connect(app.server.port).await;
    let head = "POST /tasks HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         x-request-id: late-body\r\ncontent-length: 10000\r\n\r\n{\"title\": \"";
    stream.write_all(head.as_bytes()).await.expect("sent");
    let begun = Instant::now();
    let (mut reading, mut writing) = stream.into_split();
    let dripping = tokio::spawn(async move {
        let mut pace = pace(Duration::from_millis(50));
        while drips
            && begun.elapsed() < Duration::from_secs(20)
            && writing.write_all(b"a").await.is_ok()
        {
            pace.tick().await;
        }
        writing
    });
    let mut said = Vec::new();
    let reading = tokio::io::AsyncReadExt::read_to_end(&mut reading, &mut said);
    let _ = timeout(Duration::from_secs(10), reading).await.expect("hung up on");
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(said.starts_with("HTTP/1.1 408"), "{said}");
    assert!(said.to_lowercase().contains("\r\nconnection: close\r\n"), "{said}");
    let (_, body) = said.split_once("\r\n\r\n").expect("a body");
    let body: Value = serde_json::from_str(body).expect("JSON");
    assert_eq!(body["type"], "/problems/request-timeout");
    drop(dripping);
    let line = app.server.request_line("late-body").await;
    assert_eq!(field(&line, "level"), Some(json!("INFO")), "{line}");
    assert_eq!(field(&line, "status"), Some(json!(408)), "{line}");
    assert_eq!(app.json("/tasks/count").await["total"], 1);
}

/// Extensions of chunks mean nothing here, and may not be endless.
#[tokio::test]
async fn endless_chunk_extensions() {
    let app = service(Sqlite, &[]).await;
    let mut stream = connect(app.server.port).await;
    let head = "POST /tasks HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         transfer-encoding: chunked\r\n\r\n1;";
    stream.write_all(head.as_bytes()).await.expect("sent");
    send(&mut stream, &vec![b'x'; MEBIBYTE]).await;
    let said = until_hung_up(&mut stream, Duration::from_secs(5)).await;
    assert!(said.is_empty() || said.starts_with("HTTP/1.1 400"), "{said}");
    let _ = app.get("/tasks").await.expect(200);
}

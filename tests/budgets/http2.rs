//! HTTP/2 by hand: streams whose client grants no window, connections that are not used, pings without an answer.

use std::time::{Duration, Instant};

use rstest::rstest;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::readers::fill;
use crate::watcher::{Watcher, alone, connect, service, until_hung_up};
use testkit::Backend::{self, Postgres, Sqlite};

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const ACK: u8 = 1;
const END_STREAM_AND_HEADERS: u8 = 5;
const INITIAL_WINDOW_SIZE: u8 = 4;

/// A frame (RFC 9113 section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend(stream.to_be_bytes());
    bytes.extend(payload);
    bytes
}

/// A GET, its headers as literals without Huffman's code (RFC 7541 section 6.2.2).
fn get(stream: u32, path: &str) -> Vec<u8> {
    let text = |text: &str| {
        let mut bytes = vec![u8::try_from(text.len()).expect("a short text")];
        bytes.extend(text.bytes());
        bytes
    };
    // :method GET, :scheme http, :path, :authority.
    let block = [vec![0x82, 0x86, 0x04], text(path), vec![0x01], text("localhost")].concat();
    frame(HEADERS, END_STREAM_AND_HEADERS, stream, &block)
}

async fn begin(port: u16, window: u32) -> TcpStream {
    let mut stream = connect(port).await;
    let settings = [&[0, INITIAL_WINDOW_SIZE][..], &window.to_be_bytes()].concat();
    let hello =
        [PREFACE, &frame(SETTINGS, 0, 0, &settings), &frame(SETTINGS, ACK, 0, &[])].concat();
    stream.write_all(&hello).await.expect("sent");
    stream
}

/// Reads frames until the server hangs up, and answers pings where that is wanted.
async fn follow(stream: &mut TcpStream, answers_pings: bool) {
    loop {
        let mut head = [0; 9];
        if stream.read_exact(&mut head).await.is_err() {
            return;
        }
        let length = usize::from(head[1]) << 8 | usize::from(head[2]);
        let mut payload = vec![0; length];
        if stream.read_exact(&mut payload).await.is_err() {
            return;
        }
        if answers_pings && head[3] == PING && head[4] & ACK == 0 {
            let _ = stream.write_all(&frame(PING, ACK, 0, &payload)).await;
        }
    }
}

async fn until_gone(stream: &mut TcpStream, answers_pings: bool, within: Duration) -> Duration {
    let begun = Instant::now();
    let ended = tokio::time::timeout(within, follow(stream, answers_pings)).await;
    assert!(ended.is_ok(), "not hung up on within {within:?}");
    begun.elapsed()
}

#[rstest]
#[tokio::test]
async fn streams_without_a_window(#[values(Sqlite, Postgres)] on: Backend) {
    let _alone = alone().await;
    tokio::join!(streams_with_window(on, 0), streams_with_window(on, 1));
}

async fn streams_with_window(on: Backend, window: u32) {
    let app = service(on, &[]).await;
    fill(&app).await;
    let watcher = Watcher::start(&app);
    let mut waiting = JoinSet::new();
    for _ in 0..4 {
        let mut stream = begin(app.server.port, window).await;
        for number in 0..50 {
            let request = get(2 * number + 1, "/tasks?limit=1000");
            stream.write_all(&request).await.expect("sent");
        }
        waiting.spawn(async move { until_gone(&mut stream, true, Duration::from_mins(1)).await });
    }
    waiting.join_all().await;
    watcher.end().await;
}

/// Connections that are not used, and those whose client does not answer.
#[tokio::test]
async fn unused_connections() {
    let app = service(Sqlite, &[]).await;
    let mut http1 = connect(app.server.port).await;
    let request = b"GET /health/live HTTP/1.1\r\nhost: localhost\r\n\r\n";
    http1.write_all(request).await.expect("sent");
    let mut unused = begin(app.server.port, 65_535).await;
    let mut deaf = begin(app.server.port, 65_535).await;
    // Something is under way, so that it is not merely unused.
    deaf.write_all(&get(1, "/tasks/events")).await.expect("sent");
    let within = |seconds: u64| Duration::from_secs(seconds + 8);
    let http1 = async {
        let begun = Instant::now();
        let said = until_hung_up(&mut http1, within(60)).await;
        assert!(said.starts_with("HTTP/1.1 200"), "{said}");
        begun.elapsed()
    };
    let (http1, unused, deaf) = tokio::join!(
        http1,
        until_gone(&mut unused, true, within(60)),
        until_gone(&mut deaf, false, within(40)),
    );
    for (lasted, least) in [(http1, 55), (unused, 55), (deaf, 35)] {
        assert!(lasted > Duration::from_secs(least), "closed after {lasted:?}");
    }
}

#[tokio::test]
async fn more_streams_than_may() {
    let app = service(Sqlite, &[]).await;
    let mut stream = begin(app.server.port, 0).await;
    // Nobody may send another one after these, and anyone who does is told so.
    for number in 0..200 {
        let request = get(2 * number + 1, "/tasks");
        stream.write_all(&request).await.expect("sent");
    }
    let _ = app.get("/tasks").await.expect(200);
    drop(stream);
    let mut garbage = begin(app.server.port, 0).await;
    garbage.write_all(&[0xff; 1_000]).await.expect("sent");
    let _ = until_hung_up(&mut garbage, Duration::from_secs(5)).await;
}

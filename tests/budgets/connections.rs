//! Connections that are opened and not used.

use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinSet;

use crate::watcher::{Watcher, alone, connect, get, service, service_with_files, until_hung_up};
use testkit::Backend::Sqlite;
use testkit::pace;

/// A limit of the server, with time for a machine that is busy with other tests.
const fn at_most(seconds: u64) -> Duration {
    Duration::from_secs(seconds + 5)
}

/// More than there are files for: the service goes on, and lets them go.
#[tokio::test]
async fn silent_connections() {
    let _alone = alone().await;
    let app = service_with_files(1_024, &[]).await;
    let watcher = Watcher::start(&app);
    let mut silent = Vec::new();
    for _ in 0..1_010 {
        silent.push(connect(app.server.port).await);
    }
    let begun = Instant::now();
    for stream in &mut silent {
        assert_eq!(until_hung_up(stream, at_most(10)).await, "");
    }
    assert!(begun.elapsed() < at_most(10), "{:?} for all of them", begun.elapsed());
    watcher.end().await;
    assert!(!app.server.output().contains("could not accept"), "{}", app.server.output());
}

/// A client that was served before them keeps its connection, also in the moment in which none of them is old.
#[tokio::test]
async fn idle_connections_stay() {
    let _alone = alone().await;
    let app = service_with_files(1_024, &[]).await;
    let mut kept = connect(app.server.port).await;
    get(&mut kept, "/tasks/1").await;
    let mut pace = pace(Duration::from_millis(500));
    pace.tick().await;
    pace.tick().await;
    let mut silent = Vec::new();
    for _ in 0..1_010 {
        silent.push(connect(app.server.port).await);
    }
    for stream in &mut silent {
        assert_eq!(until_hung_up(stream, at_most(10)).await, "");
    }
    get(&mut kept, "/tasks/1").await;
}

/// With files enough for all of them: each is kept for its ten seconds, and no longer.
#[tokio::test]
async fn half_heads() {
    let _alone = alone().await;
    let app = service(Sqlite, &[]).await;
    let watcher = Watcher::start(&app);
    let mut dripping = JoinSet::new();
    for beginning in
        ["GET /tasks HTTP/1.1\r\nhost: localhost\r\nx-slow: ", "PRI * HTTP/2.0\r\n", ""]
    {
        for _ in 0..100 {
            let mut stream = connect(app.server.port).await;
            stream.write_all(beginning.as_bytes()).await.expect("sent");
            let drips = beginning.starts_with("GET");
            dripping.spawn(async move {
                let begun = Instant::now();
                let mut pace = pace(Duration::from_millis(100));
                while drips && stream.write_all(b"a").await.is_ok() {
                    assert!(begun.elapsed() < at_most(10), "a head may take for ever");
                    pace.tick().await;
                }
                let said = until_hung_up(&mut stream, at_most(10)).await;
                assert!(
                    begun.elapsed() > Duration::from_secs(8),
                    "hung up on after {:?}",
                    begun.elapsed()
                );
                assert_eq!(said, "");
            });
        }
    }
    dripping.join_all().await;
    watcher.end().await;
}

/// A head that is not completed is hung up on as soon after a request, with which it may have come, and over HTTP/2.
#[tokio::test]
async fn half_heads_of_later_requests() {
    let app = service(Sqlite, &[]).await;
    let get = "GET /tasks/1 HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let post = "POST /nope HTTP/1.1\r\nhost: localhost\r\ncontent-length: 3\r\n\r\nabc";
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];
    let half_headers = [0, 0, 1, 1, 0, 0, 0, 0, 1, 0x82];
    let mut waiting = JoinSet::new();
    for begun in [
        format!("{get}GET /ta").into_bytes(),
        format!("{post}GET /ta").into_bytes(),
        format!("{get}{get}GET /ta").into_bytes(),
        preface.to_vec(),
        [&preface[..], &settings, &half_headers].concat(),
        [&preface[..], &settings, &half_headers[..5]].concat(),
    ] {
        let mut stream = connect(app.server.port).await;
        stream.write_all(&begun).await.expect("sent");
        waiting.spawn(async move {
            let since = Instant::now();
            let shown = String::from_utf8_lossy(&begun).into_owned();
            let mut said = Vec::new();
            let ended = tokio::time::timeout(at_most(10), stream.read_to_end(&mut said)).await;
            assert!(ended.is_ok(), "not hung up on: {shown:?}");
            assert!(since.elapsed() > Duration::from_secs(8), "{shown:?}: {:?}", since.elapsed());
        });
    }
    // Who has sent all of it keeps the connection.
    for whole in [get.as_bytes().to_vec(), [&preface[..], &settings].concat()] {
        let mut stream = connect(app.server.port).await;
        stream.write_all(&whole).await.expect("sent");
        waiting.spawn(async move {
            let closed = tokio::time::timeout(at_most(10), async {
                let mut said = [0; 1_024];
                while stream.read(&mut said).await.is_ok_and(|bytes| bytes > 0) {}
            });
            assert!(closed.await.is_err(), "closed: {:?}", String::from_utf8_lossy(&whole));
        });
    }
    waiting.join_all().await;
}

/// With no connection left to the public port the operators still see what is going on.
#[tokio::test]
async fn the_operators_have_their_own() {
    let ops = testkit::free_port();
    let listen = format!("127.0.0.1:{ops}");
    let variables = [("OPS_LISTEN", listen.as_str()), ("EVENTS_CLIENTS_PER_ADDRESS", "1000")];
    // 128 are reserved, 64 are the operators', 30 the database's.
    let app = service_with_files(300, &variables).await;
    let mut following = Vec::new();
    for _ in 0..100 {
        let mut stream = connect(app.server.port).await;
        let request = b"GET /tasks/events HTTP/1.1\r\nhost: localhost\r\n\r\n";
        stream.write_all(request).await.expect("sent");
        following.push(stream);
    }
    for path in ["/health/live", "/metrics"] {
        let asked = async {
            let mut stream = TcpStream::connect(("127.0.0.1", ops)).await.expect("a connection");
            let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).await.expect("sent");
            until_hung_up(&mut stream, Duration::from_secs(1)).await
        };
        let said = asked.await;
        assert!(said.starts_with("HTTP/1.1 200"), "{said}");
    }
    let warned = app.server.log().iter().any(|line| {
        line["message"].as_str().is_some_and(|text| text.starts_with("fewer connections"))
    });
    assert!(warned, "{}", app.server.output());
}

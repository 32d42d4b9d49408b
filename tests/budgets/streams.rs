//! Streams of events: so many from one address, so many in all.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::watcher::service;
use testkit::Backend::Sqlite;
use testkit::{WITHIN, until};

/// The status of the answer, and the connection, by which the events come.
async fn follow(from: &str, port: u16) -> (String, TcpStream) {
    let socket = TcpSocket::new_v4().expect("a socket");
    let from: SocketAddr = format!("{from}:0").parse().expect("an address");
    socket.bind(from).expect("all of 127.0.0.0/8 is this machine");
    let to = format!("127.0.0.1:{port}").parse().expect("an address");
    let mut stream = socket.connect(to).await.expect("a connection");
    let request = b"GET /tasks/events HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request).await.expect("sent");
    let mut start = [0; 12];
    stream.read_exact(&mut start).await.expect("an answer");
    (String::from_utf8_lossy(&start[9..]).into_owned(), stream)
}

#[tokio::test]
async fn one_address_may_not_take_all() {
    let variables = [("EVENTS_CLIENTS", "5"), ("EVENTS_CLIENTS_PER_ADDRESS", "2")];
    let app = service(Sqlite, &variables).await;
    let port = app.server.port;
    let (first, stream) = follow("127.0.0.1", port).await;
    let (second, _second) = follow("127.0.0.1", port).await;
    assert_eq!((first.as_str(), second.as_str()), ("200", "200"));
    let refused = app.get("/tasks/events").await.problem(429, "too-many-event-streams");
    assert_eq!(refused.header("retry-after").as_deref(), Some("1"));
    let (elsewhere, _elsewhere) = follow("127.0.0.2", port).await;
    assert_eq!(elsewhere, "200");
    drop(stream);
    until("the slot to be free again", WITHIN, async || {
        let (status, _stream) = follow("127.0.0.1", port).await;
        (status == "200").then_some(())
    })
    .await;
}

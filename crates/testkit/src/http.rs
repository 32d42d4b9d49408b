//! HTTP/1.1 and HTTP/2 connections that a test opens, uses and drops by itself: no pool, no retry, and a
//! request that is dropped before its answer ends as a client's hang-up does.

use std::io::Error;

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper::client::conn::{http1, http2};
use hyper::{HeaderMap, Request};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// The protocol of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// HTTP/1.1: a dropped request closes the connection.
    Http1,
    /// HTTP/2 with prior knowledge: a dropped request is a `RST_STREAM`.
    Http2,
}

/// A request without its connection, so that it can be sent again.
#[derive(Clone, Debug)]
pub struct Message {
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl Message {
    /// A request without a body.
    #[must_use]
    pub fn new(method: &'static str, path: impl Into<String>) -> Self {
        Self { method, path: path.into(), headers: Vec::new(), body: Bytes::new() }
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(self, body: &Value) -> Self {
        let body = Bytes::from(body.to_string());
        Self { body, ..self }.header("content-type", "application/json")
    }

    /// Adds a header line.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Reply {
    /// The status.
    pub status: u16,
    /// The header lines.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

impl Reply {
    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// When it is not JSON.
    #[must_use]
    #[track_caller]
    pub fn json(&self) -> Value {
        let read = serde_json::from_slice(&self.body);
        read.unwrap_or_else(|error| panic!("not JSON ({error}): {self:?}"))
    }

    /// A header's text, or `""`.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }
}

/// One TCP connection. Dropping it resets the connection (`SO_LINGER` 0), whatever is under way.
#[derive(Debug)]
pub struct Connection {
    sender: Sender,
    driver: JoinHandle<()>,
    authority: String,
}

#[derive(Debug)]
enum Sender {
    Http1(http1::SendRequest<Full<Bytes>>),
    Http2(http2::SendRequest<Full<Bytes>>),
}

impl Connection {
    /// Connects to a port of this machine.
    ///
    /// # Errors
    ///
    /// When nobody listens there, or the handshake fails.
    pub async fn open(protocol: Protocol, port: u16) -> Result<Self, Error> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        stream.set_zero_linger()?;
        let io = TokioIo::new(stream);
        let (sender, driver) = match protocol {
            Protocol::Http1 => {
                let (sender, connection) = http1::handshake(io).await.map_err(Error::other)?;
                let driver = tokio::spawn(async move {
                    let _ = connection.await;
                });
                (Sender::Http1(sender), driver)
            }
            Protocol::Http2 => {
                let handshake = http2::handshake(TokioExecutor::new(), io).await;
                let (sender, connection) = handshake.map_err(Error::other)?;
                let driver = tokio::spawn(async move {
                    let _ = connection.await;
                });
                (Sender::Http2(sender), driver)
            }
        };
        Ok(Self { sender, driver, authority: format!("127.0.0.1:{port}") })
    }

    /// Sends a request and reads the whole answer. Dropping the future hangs up on the request.
    ///
    /// # Errors
    ///
    /// When the connection ends before the answer does.
    ///
    /// # Panics
    ///
    /// When the message is no request.
    pub async fn send(&mut self, message: &Message) -> Result<Reply, Error> {
        let request = |uri: String| {
            let mut builder = Request::builder().method(message.method).uri(uri);
            for (name, value) in &message.headers {
                builder = builder.header(*name, value);
            }
            builder
        };
        let body = Full::new(message.body.clone());
        let answer = match &mut self.sender {
            Sender::Http1(sender) => {
                sender.ready().await.map_err(Error::other)?;
                let request = request(message.path.clone()).header("host", &self.authority);
                sender.send_request(request.body(body).expect("a request")).await
            }
            Sender::Http2(sender) => {
                sender.ready().await.map_err(Error::other)?;
                let request = request(format!("http://{}{}", self.authority, message.path));
                sender.send_request(request.body(body).expect("a request")).await
            }
        };
        let (head, body) = answer.map_err(Error::other)?.into_parts();
        let body = body.collect().await.map_err(Error::other)?.to_bytes();
        Ok(Reply { status: head.status.as_u16(), headers: head.headers, body })
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// A client that opens a connection when it has none, and never repeats a request by itself.
#[derive(Debug)]
pub struct Client {
    protocol: Protocol,
    port: u16,
    connection: Option<Connection>,
}

impl Client {
    /// A client of a port of this machine, not connected yet.
    #[must_use]
    pub fn new(protocol: Protocol, port: u16) -> Self {
        Self { protocol, port, connection: None }
    }

    /// Sends a request and reads the whole answer. Dropping the future closes an HTTP/1.1 connection with a reset; an HTTP/2
    /// connection is kept, and only the request's stream is reset.
    ///
    /// # Errors
    ///
    /// When there is no connection, or it ends before the answer does; the next request opens another.
    pub async fn send(&mut self, message: &Message) -> Result<Reply, Error> {
        let mut connection = match self.connection.take() {
            Some(connection) => connection,
            None => Connection::open(self.protocol, self.port).await?,
        };
        if self.protocol == Protocol::Http1 {
            let reply = connection.send(message).await?;
            self.connection = Some(connection);
            return Ok(reply);
        }
        let reply = self.connection.insert(connection).send(message).await;
        if reply.is_err() {
            self.connection = None;
        }
        reply
    }

    /// Closes the connection, with a reset.
    pub fn disconnect(&mut self) {
        self.connection = None;
    }
}

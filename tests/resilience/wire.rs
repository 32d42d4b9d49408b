//! HTTP/1.1 by hand: a client that hides nothing, neither a retry nor a lost connection.

use std::io::{Error, ErrorKind};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// Longest wait for an answer.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// One connection.
#[derive(Debug)]
pub(crate) struct Wire(BufReader<TcpStream>);

/// An answer, as far as these tests look at it.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    /// Whether the server hangs up after it.
    pub(crate) last: bool,
    pub(crate) body: Vec<u8>,
}

impl Wire {
    pub(crate) async fn connect(port: u16) -> Result<Self, Error> {
        TcpStream::connect(("127.0.0.1", port)).await.map(|stream| Self(BufReader::new(stream)))
    }

    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> Result<(), Error> {
        self.0.get_mut().write_all(bytes.as_ref()).await
    }

    /// One answer; an error when the connection ends before it is whole.
    pub(crate) async fn reply(&mut self) -> Result<Reply, Error> {
        let reply = tokio::time::timeout(ANSWER_TIMEOUT, self.read_reply());
        reply.await.unwrap_or(Err(ErrorKind::TimedOut.into()))
    }

    async fn read_reply(&mut self) -> Result<Reply, Error> {
        let first = self.line().await?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.ok_or_else(|| Error::other(format!("no status line: {first:?}")))?;
        let (mut length, mut last) = (0, false);
        loop {
            let line = self.line().await?.to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(Error::other)?;
            }
            last |= line.starts_with("connection:") && line.contains("close");
        }
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).await?;
        Ok(Reply { status, last, body })
    }

    async fn line(&mut self) -> Result<String, Error> {
        let mut line = String::new();
        if self.0.read_line(&mut line).await? == 0 {
            return Err(ErrorKind::UnexpectedEof.into());
        }
        Ok(line.trim_end().to_owned())
    }
}

/// A request to create a task.
pub(crate) fn create(title: &str, headers: &str) -> String {
    let body = serde_json::json!({"title": title}).to_string();
    format!(
        "POST /tasks HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{headers}\
         content-length: {}\r\n\r\n{body}",
        body.len()
    )
}

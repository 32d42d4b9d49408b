//! The socket of a connection, watched: what comes, what goes, and whether the client takes it.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rustix::net::sockopt::set_socket_send_buffer_size;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use super::connection::Connection;

#[derive(Debug)]
pub(super) struct Transport {
    stream: TcpStream,
    connection: Arc<Connection>,
    /// How much the system was told to hold of what is sent; it decides for itself until then.
    send_buffer_bytes: Option<usize>,
}

impl Transport {
    pub(super) fn new(stream: TcpStream, connection: Arc<Connection>) -> Self {
        Self { stream, connection, send_buffer_bytes: None }
    }

    /// What a client does not read is held by the service, where it is counted, and not by the system, which would take
    /// megabytes.
    fn bound_send_buffer(&mut self) {
        let wanted = self.connection.send_buffer_bytes();
        if let Some(bytes) = wanted.filter(|_| wanted != self.send_buffer_bytes) {
            // A socket that refuses is already dead, and its connection will end by itself.
            let _ = set_socket_send_buffer_size(&self.stream, bytes);
            self.send_buffer_bytes = wanted;
        }
    }

    fn note(&self, written: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        match written {
            Poll::Pending => self.connection.blocked(),
            Poll::Ready(_) => self.connection.sent(),
        }
        written
    }
}

impl Drop for Transport {
    fn drop(&mut self) {
        // The system would go on for minutes to offer what is left to a client that does not read: a reset ends it.
        if self.connection.hangup.0.is_cancelled() && self.connection.has_unsent() {
            let _ = self.stream.set_zero_linger();
        }
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        let came = &buffer.filled()[before..];
        if !came.is_empty() {
            self.connection.received(came);
        }
        read
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.bound_send_buffer();
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.note(written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.bound_send_buffer();
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.note(written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

//! The body of an answer on its way out: in small pieces, and counted while the client has not taken it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes, HttpBody};
use axum::http::header::CONTENT_ENCODING;
use axum::http::{HeaderMap, Response, Version};
use hyper::body::{Frame, SizeHint};

use super::super::byte_budget::{ByteBudget, Hold};
use super::super::limits::{HTTP2_PIECE_BYTES, PIECE_BYTES};
use super::super::middleware::UncompressedBytes;
use super::connection::{Connection, RequestGuard};

/// What a compressed answer of unknown length is taken to hold, in bytes: a page of an export, and the compressor.
const COMPRESSED_STREAM_BYTES: usize = 1 << 20;

/// A body in pieces.
///
/// One large frame would be held whole by its connection until the client has taken its last byte, and over HTTP/2
/// once a stream. Pieces are copies, so that the last of them does not keep the whole frame.
pub(super) struct AnswerBody {
    inner: Body,
    rest: Bytes,
    piece_max: usize,
    /// What is held besides the present frame, in bytes.
    base: usize,
    hold: Option<Hold>,
    _request: RequestGuard,
}

impl AnswerBody {
    pub(super) fn wrap(
        response: Response<Body>,
        version: Version,
        answers: &ByteBudget,
        connection: &Arc<Connection>,
        request: RequestGuard,
    ) -> Response<Self> {
        let http2 = version >= Version::HTTP_2;
        let piece_max = if http2 { HTTP2_PIECE_BYTES } else { PIECE_BYTES };
        let base = base(&response);
        // A small answer over HTTP/1 is written at once, and the transport sees whether the client takes it.
        let counted = http2 || base > 0 || !is_small(response.body(), piece_max);
        let hold = counted.then(|| answers.hold(connection.hangup.0.clone()));
        if let Some(hold) = hold.as_ref().filter(|_| base > 0) {
            hold.resize(base);
        }
        response.map(|inner| Self {
            inner,
            rest: Bytes::new(),
            piece_max,
            base,
            hold,
            _request: request,
        })
    }

    fn next_piece(&mut self) -> Bytes {
        if let Some(hold) = &self.hold {
            hold.wait_for_client();
        }
        let length = self.rest.len().min(self.piece_max);
        let piece = Bytes::copy_from_slice(&self.rest[..length]);
        self.rest = self.rest.slice(length..);
        piece
    }
}

fn base(response: &Response<Body>) -> usize {
    let extensions = response.extensions();
    let compressed = |headers: &HeaderMap| headers.contains_key(CONTENT_ENCODING);
    match extensions.get::<UncompressedBytes>() {
        Some(UncompressedBytes(bytes)) if compressed(response.headers()) => *bytes,
        None if compressed(response.headers()) => COMPRESSED_STREAM_BYTES,
        _ => 0,
    }
}

fn is_small(body: &Body, piece_max: usize) -> bool {
    body.size_hint().upper().is_some_and(|most| most <= piece_max as u64)
}

impl HttpBody for AnswerBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(self.next_piece()))));
        }
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Pending => {
                if let Some(hold) = &self.hold {
                    hold.keep_client_waiting();
                }
                Poll::Pending
            }
            Poll::Ready(Some(Ok(frame))) => {
                let length = frame.data_ref().map_or(0, Bytes::len);
                if let Some(hold) = &self.hold {
                    hold.resize(self.base + length);
                    hold.wait_for_client();
                }
                if length <= self.piece_max {
                    return Poll::Ready(Some(Ok(frame)));
                }
                match frame.into_data() {
                    Ok(data) => {
                        self.rest = data;
                        Poll::Ready(Some(Ok(Frame::data(self.next_piece()))))
                    }
                    Err(frame) => Poll::Ready(Some(Ok(frame))),
                }
            }
            Poll::Ready(ended) => Poll::Ready(ended),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty() && self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let rest = self.rest.len() as u64;
        let inner = self.inner.size_hint();
        let mut hint = SizeHint::new();
        hint.set_lower(inner.lower() + rest);
        if let Some(upper) = inner.upper() {
            hint.set_upper(upper + rest);
        }
        hint
    }
}

//! Reads what a handler left of the request's body before an error is answered.
//!
//! A server that answers and closes while the client is still sending makes the client's system throw the
//! answer away with the connection: the client sees a reset instead of the 413 that explains it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::EXPECT;
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};

/// Most that is read for an answer's sake, in bytes: twice as much as the largest file that is taken.
const DRAIN_MAX: usize = 32 * 1024 * 1024;
/// Longest that is read for an answer's sake.
const DRAIN_TIME: Duration = Duration::from_secs(1);

pub(super) async fn drain(request: Request, next: Next) -> Response {
    // A client that asked first waits for the answer and sends nothing; most send no body at all.
    if request.body().is_end_stream() || request.headers().contains_key(EXPECT) {
        return next.run(request).await;
    }
    let (parts, body) = request.into_parts();
    let shared = Shared(Arc::new(Mutex::new(body)));
    let request = Request::from_parts(parts, Body::new(shared.clone()));
    let response = next.run(request).await;
    if response.status().is_client_error() || response.status().is_server_error() {
        let _ = tokio::time::timeout(DRAIN_TIME, shared.drain()).await;
    }
    response
}

/// A body that two can read from: the handler, and after it this layer.
#[derive(Clone)]
struct Shared(Arc<Mutex<Body>>);

impl Shared {
    async fn drain(mut self) {
        let mut left = DRAIN_MAX;
        while let Some(Ok(frame)) = self.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                break;
            }
        }
    }
}

impl HttpBody for Shared {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut body = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Pin::new(&mut *body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).size_hint()
    }
}

//! The body of a request on its way in: counted while it is held, waited for, and read to its end after a refusal.
//!
//! A server that answers and closes while the client is still sending makes the client's system throw the
//! answer away with the connection: the client sees a reset instead of the 413 that explains it.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::header::EXPECT;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use tokio_util::sync::{CancellationToken, WaitForCancellationFutureOwned};

use crate::http::byte_budget::{ByteBudget, Hold};
use crate::http::limits::{DRAIN_BYTES, DRAIN_SECONDS};

/// A body that two can read from: the handler, and after it the layer that answers.
#[derive(Clone)]
pub(super) struct RequestBody(Arc<Mutex<Shared>>);

#[expect(clippy::struct_excessive_bools, reason = "independent facts of one body, each set once")]
struct Shared {
    body: Body,
    budget: ByteBudget,
    hold: Option<(Hold, Pin<Box<WaitForCancellationFutureOwned>>)>,
    bytes: usize,
    /// Whether the reader waits for the client.
    waiting: bool,
    /// Whether there was no room for it.
    refused: bool,
    draining: bool,
    /// A client that asked first waits for the answer and sends nothing.
    asked_first: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("too many bytes of bodies are being read")]
struct NoRoom;

impl RequestBody {
    /// Puts itself in place of the request's body, if there is one.
    pub(super) fn track(request: Request, budget: &ByteBudget) -> (Request, Option<Self>) {
        if request.body().is_end_stream() {
            return (request, None);
        }
        let (parts, body) = request.into_parts();
        let shared = Shared {
            body,
            budget: budget.clone(),
            hold: None,
            bytes: 0,
            waiting: false,
            refused: false,
            draining: false,
            asked_first: parts.headers.contains_key(EXPECT),
        };
        let tracked = Self(Arc::new(Mutex::new(shared)));
        (Request::from_parts(parts, Body::new(tracked.clone())), Some(tracked))
    }

    /// Whether the reader waits for the client, and how many bytes have come.
    pub(super) fn awaited(&self) -> Option<usize> {
        let shared = self.shared();
        shared.waiting.then_some(shared.bytes)
    }

    /// Whether it could not be read for want of room.
    pub(super) fn was_refused(&self) -> bool {
        self.shared().refused
    }

    /// Reads what a handler left, so that a client that is still sending reads the answer.
    pub(super) async fn drain(self) {
        {
            let mut shared = self.shared();
            if shared.asked_first {
                return;
            }
            shared.draining = true;
            shared.hold = None;
        }
        let limit = Duration::from_secs(DRAIN_SECONDS);
        let _ = tokio::time::timeout(limit, self.read_rest()).await;
    }

    async fn read_rest(mut self) {
        let mut left = DRAIN_BYTES;
        while let Some(Ok(frame)) = self.frame().await {
            left = left.saturating_sub(frame.data_ref().map_or(0, Bytes::len));
            if left == 0 {
                break;
            }
        }
    }

    fn shared(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    fn count(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        let (hold, _) = self.hold.get_or_insert_with(|| {
            let evicted = CancellationToken::new();
            (self.budget.hold(evicted.clone()), Box::pin(evicted.cancelled_owned()))
        });
        hold.resize(self.bytes)
    }

    /// Whether it had to make room for others.
    fn is_evicted(&mut self, context: &mut Context<'_>) -> bool {
        self.hold.as_mut().is_some_and(|(_, evicted)| evicted.as_mut().poll(context).is_ready())
    }

    fn refuse(&mut self) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.refused = true;
        Poll::Ready(Some(Err(axum::Error::new(NoRoom))))
    }
}

impl HttpBody for RequestBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let mut shared = self.shared();
        let polled = Pin::new(&mut shared.body).poll_frame(context);
        shared.waiting = polled.is_pending();
        if shared.draining {
            return polled;
        }
        match &polled {
            Poll::Pending => {
                if let Some((hold, _)) = &shared.hold {
                    hold.wait_for_client();
                }
                if shared.is_evicted(context) {
                    return shared.refuse();
                }
            }
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len);
                if bytes > 0 && !shared.count(bytes) {
                    return shared.refuse();
                }
            }
            Poll::Ready(_) => {
                if let Some((hold, _)) = &shared.hold {
                    hold.keep_client_waiting();
                }
            }
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.shared().body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.shared().body.size_hint()
    }
}

//! Accepts connections and serves them until told to stop.

use std::time::Duration;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Version};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tower::ServiceBuilder;

use crate::shutdown::Shutdown;

/// Longest that a connection may be silent before the head of a request is complete. Bounds idle
/// connections and clients that send a head byte by byte.
const HEAD_WITHIN: Duration = Duration::from_secs(75);
/// Wait after a failed accept: it is short of something, most often file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

/// How long idle connections are kept after the shutdown has begun.
const LAST_CALL: Duration = Duration::from_millis(300);

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every request in flight was answered.
    Drained,
    /// Time was up, and requests were cut off.
    TimedOut,
    /// A second signal cut requests off.
    Forced,
}

/// Serves `router` on `listener` until `shutdown` begins; then stops listening, and lets the requests in
/// flight finish within `drain_within`.
///
/// Nobody who got a connection is to be left without an answer. One that was just made waits in a queue that
/// would be emptied with the listener, so the queue is served first; and a client that keeps its connection may
/// send a request in the very moment in which an idle connection is closed. So for [`LAST_CALL`] every
/// connection stays, and each answer says that it is the last one there (RFC 9112 section 9.6).
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: &Shutdown,
    drain_within: Duration,
) -> Ended {
    let router = router.layer(from_fn_with_state(shutdown.clone(), say_last));
    let server = Server { builder: builder(), router, connections: GracefulShutdown::new() };
    server.accept(&listener, shutdown).await;

    let end = Instant::now() + drain_within;
    server.empty(listener);
    if server.connections.count() > 0 {
        tokio::select! {
            () = sleep(LAST_CALL.min(drain_within)) => {}
            () = shutdown.forced() => return Ended::Forced,
        }
    }
    tokio::select! {
        () = server.connections.shutdown() => Ended::Drained,
        () = shutdown.forced() => Ended::Forced,
        () = sleep_until(end) => Ended::TimedOut,
    }
}

/// Has a client of HTTP/1 hang up after the answer; HTTP/2 has its own word for it.
async fn say_last(State(shutdown): State<Shutdown>, request: Request, next: Next) -> Response {
    let version = request.version();
    let mut response = next.run(request).await;
    if version < Version::HTTP_2 && shutdown.is_draining() {
        response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Ends the connection that a request came by, for a handler whose client does not take its answer. In the
/// extensions of each request; clones are the same.
#[derive(Clone, Debug, Default)]
pub(super) struct Hangup(CancellationToken);

impl Hangup {
    /// Drops the connection, and with it every answer that is being sent by it.
    pub(super) fn hang_up(&self) {
        self.0.cancel();
    }
}

struct Server {
    builder: Builder<TokioExecutor>,
    router: Router,
    connections: GracefulShutdown,
}

impl Server {
    /// Takes connections until the shutdown begins.
    async fn accept(&self, listener: &TcpListener, shutdown: &Shutdown) {
        loop {
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, _)) => self.spawn(stream),
                    Err(error) => {
                        tracing::warn!(error = %error, "could not accept a connection");
                        sleep(ACCEPT_AGAIN).await;
                    }
                },
                () = shutdown.draining() => return,
            }
        }
    }

    /// Takes the connections that the system has made already, and stops listening.
    fn empty(&self, listener: TcpListener) {
        // Asked of the system itself: the runtime may not have heard of the latest.
        let Ok(listener) = listener.into_std() else { return };
        while let Ok((stream, _)) = listener.accept() {
            if stream.set_nonblocking(true).is_ok()
                && let Ok(stream) = TcpStream::from_std(stream)
            {
                self.spawn(stream);
            }
        }
    }

    fn spawn(&self, stream: TcpStream) {
        // Answers are written whole: waiting to fill a packet only delays them. A socket that refuses is
        // already dead, and its connection will end by itself.
        let _ = stream.set_nodelay(true);
        let hangup = Hangup::default();
        let service = ServiceBuilder::new()
            .map_request({
                let hangup = hangup.clone();
                move |mut request: hyper::Request<Incoming>| {
                    request.extensions_mut().insert(hangup.clone());
                    request
                }
            })
            .service(self.router.clone());
        let service = TowerToHyperService::new(service);
        let connection = self.builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
        let connection = self.connections.watch(connection.into_owned());
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => {
                    if let Err(error) = ended {
                        tracing::debug!(error = %error, "connection ended");
                    }
                }
                () = hangup.0.cancelled() => tracing::debug!("hung up on a slow client"),
            }
        });
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(256);
    builder
}

//! Accepts connections and serves them until told to stop.

use std::time::Duration;

use axum::Router;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};

use crate::shutdown::Shutdown;

/// Longest that a connection may be silent before the head of a request is complete. Bounds idle
/// connections and clients that send a head byte by byte.
const HEAD_WITHIN: Duration = Duration::from_secs(75);
/// Wait after a failed accept: it is short of something, most often file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_millis(100);

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
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: &Shutdown,
    drain_within: Duration,
) -> Ended {
    let connections = GracefulShutdown::new();
    let builder = builder();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => spawn(stream, &builder, &router, &connections),
                Err(error) => {
                    tracing::warn!(error = %error, "could not accept a connection");
                    tokio::time::sleep(ACCEPT_AGAIN).await;
                }
            },
            () = shutdown.draining() => break,
        }
    }
    drop(listener);
    tokio::select! {
        () = connections.shutdown() => Ended::Drained,
        () = shutdown.forced() => Ended::Forced,
        () = tokio::time::sleep(drain_within) => Ended::TimedOut,
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN);
    builder.http2().timer(TokioTimer::new()).max_concurrent_streams(256);
    builder
}

fn spawn(
    stream: TcpStream,
    builder: &Builder<TokioExecutor>,
    router: &Router,
    connections: &GracefulShutdown,
) {
    // Answers are written whole: waiting to fill a packet only delays them. A socket that refuses is
    // already dead, and its connection will end by itself.
    let _ = stream.set_nodelay(true);
    let service = TowerToHyperService::new(router.clone());
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    let connection = connections.watch(connection.into_owned());
    tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!(error = %error, "connection ended");
        }
    });
}

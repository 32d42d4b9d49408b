//! Accepts connections and serves them until told to stop.

mod answer;
mod connection;
mod head;
mod open_files;
mod transport;

use std::convert::Infallible;
use std::net::{IpAddr, SocketAddr};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, Request, Response, StatusCode, Version};
use hyper::body::{Body as _, Incoming};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, sleep, sleep_until};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service;

use super::byte_budget::{ANSWERS, ByteBudget};
use super::limits::{
    HEAD_BYTES, HTTP2_CONNECTION_WINDOW_BYTES, HTTP2_HEADERS_BYTES, HTTP2_PING_SECONDS,
    HTTP2_SEND_BUFFER_BYTES, HTTP2_STREAM_WINDOW_BYTES, HTTP2_STREAMS, LAST_CALL_MILLISECONDS,
    WRITE_PROGRESS_SECONDS,
};
use crate::shutdown::Shutdown;
use answer::AnswerBody;
use connection::{Connection, Connections, RequestGuard};
use transport::Transport;

pub(super) use connection::{Client, Hangup};
pub use open_files::{client_connections, raise_open_files};

/// Wait after a failed accept: it is short of something, most often file descriptors.
const ACCEPT_RETRY_INTERVAL: Duration = Duration::from_millis(100);
/// Connections that may wait to be taken; the system has a limit of its own (`net.core.somaxconn`).
const LISTEN_QUEUE_CONNECTIONS: i32 = 4_096;
/// How much later than the service the system gives a client up: only the service tells it so, by a reset.
const SYSTEM_PATIENCE_EXTRA_MILLISECONDS: u64 = 5_000;
/// How often connections whose time is over are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_millis(250);
/// How long a connection that is asked to close may take, once no request is under way.
const RETIRE_WITHIN: Duration = Duration::from_secs(1);

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
/// flight finish within `drain_within`. At most `connections_max` connections are open at a time.
///
/// Nobody who got a connection is to be left without an answer. One that was just made waits in a queue that
/// would be emptied with the listener, so the queue is served first; and a client that keeps its connection may
/// send a request in the very moment in which an idle connection is closed. So for [`LAST_CALL_MILLISECONDS`]
/// every connection stays, and each answer says that it is the last one there (RFC 9112 section 9.6).
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: &Shutdown,
    drain_within: Duration,
    connections_max: usize,
) -> Ended {
    let server = Server {
        builder: builder(),
        router,
        shutdown: shutdown.clone(),
        connections: Connections::new(connections_max),
        answers: ANSWERS.clone(),
        closing: CancellationToken::new(),
        tasks: TaskTracker::new(),
    };
    tokio::select! {
        ended = server.run(listener, drain_within) => ended,
        never = server.watch() => match never {},
    }
}

struct Server {
    builder: Builder<TokioExecutor>,
    router: Router,
    shutdown: Shutdown,
    connections: Arc<Connections>,
    answers: ByteBudget,
    /// Cancelled when connections are to close after the request that is under way.
    closing: CancellationToken,
    tasks: TaskTracker,
}

impl Server {
    async fn run(&self, listener: TcpListener, drain_within: Duration) -> Ended {
        // A full queue drops the first packet of the next client, which sends it again after a second.
        if let Err(error) = rustix::net::listen(&listener, LISTEN_QUEUE_CONNECTIONS) {
            tracing::debug!(%error, "the queue of connections keeps its length");
        }
        self.accept(&listener).await;
        let end = Instant::now() + drain_within;
        self.empty(listener);
        self.tasks.close();
        if self.connections.count() > 0 {
            let last_call = Duration::from_millis(LAST_CALL_MILLISECONDS);
            tokio::select! {
                () = sleep(last_call.min(drain_within)) => {}
                () = self.shutdown.forced() => return Ended::Forced,
            }
        }
        self.closing.cancel();
        tokio::select! {
            () = self.tasks.wait() => Ended::Drained,
            () = self.shutdown.forced() => Ended::Forced,
            () = sleep_until(end) => Ended::TimedOut,
        }
    }

    /// Ends connections whose time is over, for ever.
    async fn watch(&self) -> Infallible {
        let mut ticks = tokio::time::interval(SWEEP_INTERVAL);
        loop {
            ticks.tick().await;
            self.connections.sweep();
            self.answers.evict_waiting(Duration::from_secs(WRITE_PROGRESS_SECONDS));
        }
    }

    /// Takes connections until the shutdown begins. One is taken only when there is room for it: until then it
    /// waits in the system's queue, and takes no file descriptor.
    async fn accept(&self, listener: &TcpListener) {
        loop {
            let slot = tokio::select! {
                slot = self.connections.slot() => slot,
                () = self.shutdown.draining() => return,
            };
            tokio::select! {
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => self.spawn(stream, peer, slot),
                    Err(error) => {
                        tracing::warn!(%error, "could not accept a connection");
                        sleep(ACCEPT_RETRY_INTERVAL).await;
                    }
                },
                () = self.shutdown.draining() => return,
            }
        }
    }

    /// Takes the connections that the system has made already, and stops listening.
    fn empty(&self, listener: TcpListener) {
        // Asked of the system itself: the runtime may not have heard of the latest.
        let Ok(listener) = listener.into_std() else { return };
        while let Ok((stream, peer)) = listener.accept() {
            if stream.set_nonblocking(true).is_ok()
                && let Ok(stream) = TcpStream::from_std(stream)
            {
                self.spawn(stream, peer, None);
            }
        }
    }

    fn spawn(&self, stream: TcpStream, peer: SocketAddr, slot: Option<OwnedSemaphorePermit>) {
        // Answers are written whole: waiting to fill a packet only delays them. A socket that refuses is
        // already dead, and its connection will end by itself.
        let _ = stream.set_nodelay(true);
        // What the system holds for a client that does not read is given up too, also when the connection is done with.
        let patience = WRITE_PROGRESS_SECONDS * 1_000 + SYSTEM_PATIENCE_EXTRA_MILLISECONDS;
        let patience = u32::try_from(patience).unwrap_or(u32::MAX);
        let _ = sockopt::set_tcp_user_timeout(&stream, patience);
        let registered = self.connections.register(canonical(peer.ip()), slot);
        let connection = Arc::clone(&registered.connection);
        let transport = TokioIo::new(Transport::new(stream, Arc::clone(&connection)));
        let service = ConnectionService {
            router: self.router.clone(),
            connection: Arc::clone(&connection),
            answers: self.answers.clone(),
            shutdown: self.shutdown.clone(),
        };
        let serving = self.builder.serve_connection(transport, service).into_owned();
        let closing = self.closing.clone();
        self.tasks.spawn(async move {
            let _registered = registered;
            let mut serving = pin!(serving);
            let ended = tokio::select! {
                ended = serving.as_mut() => Some(ended),
                () = connection.hangup.0.cancelled() => None,
                () = connection.retire.cancelled() => {
                    serving.as_mut().graceful_shutdown();
                    tokio::time::timeout(RETIRE_WITHIN, serving.as_mut()).await.ok()
                }
                () = closing.cancelled() => {
                    serving.as_mut().graceful_shutdown();
                    tokio::select! {
                        ended = serving.as_mut() => Some(ended),
                        () = connection.hangup.0.cancelled() => None,
                    }
                }
            };
            match ended {
                Some(Ok(())) => {}
                Some(Err(error)) => tracing::debug!(%error, "connection ended"),
                None => tracing::debug!(address = %connection.address, "connection dropped"),
            }
        });
    }
}

/// An IPv4 address that came in IPv6 form is the same client.
fn canonical(address: IpAddr) -> IpAddr {
    address.to_canonical()
}

/// What the requests of one connection go through before and after the router.
struct ConnectionService {
    router: Router,
    connection: Arc<Connection>,
    answers: ByteBudget,
    shutdown: Shutdown,
}

impl hyper::service::Service<Request<Incoming>> for ConnectionService {
    type Response = Response<AnswerBody>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        let under_way: RequestGuard =
            self.connection.begin(request.uri().path(), request.body().size_hint().exact());
        let version = request.version();
        request.extensions_mut().insert(self.connection.client());
        let answer = self.router.clone().call(request);
        let connection = Arc::clone(&self.connection);
        let (answers, shutdown) = (self.answers.clone(), self.shutdown.clone());
        Box::pin(async move {
            let mut response = answer.await?;
            let last = shutdown.is_draining() || response.status() == StatusCode::REQUEST_TIMEOUT;
            // HTTP/2 has its own word for it.
            if last && version < Version::HTTP_2 {
                response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
            }
            Ok(AnswerBody::wrap(response, version, &answers, &connection, under_way))
        })
    }
}

fn builder() -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        // The watch knows a head that does not come from a connection that nobody uses.
        .header_read_timeout(None)
        .max_buf_size(HEAD_BYTES);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(Duration::from_secs(HTTP2_PING_SECONDS))
        .keep_alive_timeout(Duration::from_secs(HTTP2_PING_SECONDS))
        .max_concurrent_streams(HTTP2_STREAMS)
        .max_header_list_size(HTTP2_HEADERS_BYTES)
        .initial_stream_window_size(HTTP2_STREAM_WINDOW_BYTES)
        .initial_connection_window_size(HTTP2_CONNECTION_WINDOW_BYTES)
        .max_send_buf_size(HTTP2_SEND_BUFFER_BYTES);
    builder
}

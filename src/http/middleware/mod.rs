//! Every layer, in one list.

mod accept_encoding;
mod access_log;
mod origin;
mod problem_body;
mod request_body;
mod request_id;
mod security;

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::{HeaderName, Method, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt;
use tokio::time::timeout;
use tower::ServiceBuilder;
use tower::util::option_layer;
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate, SizeAbove};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::config::{CorsOrigins, HostPolicy};
use crate::domain::Clock;
use crate::http::byte_budget::ByteBudget;
use crate::http::error::ApiError;
use crate::http::idempotency;
use crate::http::limits::{BODIES_TOTAL_BYTES, BODY_BYTES, SMALL_BODIES_BYTES};
use access_log::Observation;
use request_body::RequestBody;

pub(super) use request_id::RequestId;

/// Answers longer than this are compressed, in bytes.
const COMPRESS_ABOVE: u64 = 1024;

/// The size of a large answer before it was compressed, in its extensions.
#[derive(Clone, Copy, Debug)]
pub(super) struct UncompressedBytes(pub(super) usize);

/// What the layers depend on.
#[derive(Clone, Debug)]
pub struct Layers {
    /// When a request is given up.
    pub request_timeout: Duration,
    /// Which other origins may call from a browser.
    pub cors: CorsOrigins,
    /// Which hosts requests may name; `None` does not ask.
    pub hosts: Option<HostPolicy>,
    /// Makes the ids of requests that come without one.
    pub clock: Arc<dyn Clock>,
}

/// Puts all layers around the routes. A request passes them from the first to the last.
///
/// They are one stack, and not a `layer` each: every one of those would box the route once more, and clone
/// all boxes below it for each request.
pub(super) fn apply(router: Router, layers: &Layers) -> Router {
    let clock = Arc::clone(&layers.clock);
    let inner = Arc::new(Inner {
        hosts: layers.hosts.clone(),
        cors: layers.cors.clone(),
        request_timeout: layers.request_timeout,
        bodies: ByteBudget::with_reserve(BODIES_TOTAL_BYTES, SMALL_BODIES_BYTES, BODY_BYTES),
    });
    let stack = ServiceBuilder::new()
        // Outermost: what every answer has, as the client sees it.
        .layer(from_fn(move |request, next| outer(Arc::clone(&clock), request, next)))
        // Answers preflights itself; puts its headers on errors too.
        .layer(option_layer(cors(&layers.cors)))
        // Outside the rendering, so that long problems are compressed too.
        .layer(compression())
        // Innermost: what stands between a request and its handler.
        .layer(from_fn(move |request, next| Arc::clone(&inner).handle(request, next)));
    router.layer(stack)
}

/// The request's id, one log line and one observation, and the headers that are on every answer.
async fn outer(clock: Arc<dyn Clock>, mut request: Request, next: Next) -> Response {
    let id = request_id::assign(clock.as_ref(), &mut request);
    // Before the compression, so that nothing is refused for want of a coding.
    accept_encoding::allow_plain(request.headers_mut());
    let observation = Observation::begin(&request);
    let mut response = next.run(request).await;
    security::add_headers(response.headers_mut());
    observation.end(&id, &response);
    request_id::tell(&id, &mut response);
    response
}

struct Inner {
    hosts: Option<HostPolicy>,
    cors: CorsOrigins,
    request_timeout: Duration,
    bodies: ByteBudget,
}

impl Inner {
    /// Judges the request, bounds the work of its handler, has what that left of the body read, and writes the body of
    /// every error that comes from within, routing's own included.
    async fn handle(self: Arc<Self>, request: Request, next: Next) -> Response {
        let uri = request.uri().clone();
        let id = request.extensions().get::<RequestId>().cloned();
        let (request, body) = RequestBody::track(request, &self.bodies);
        let answer = self.answer(request, body.as_ref(), next);
        // A panic costs one answer and not the connection.
        let answered = AssertUnwindSafe(answer).catch_unwind().await;
        let response = answered.unwrap_or_else(|panic| problem_body::panicked(panic.as_ref()));
        let failed = response.status().is_client_error() || response.status().is_server_error();
        if let Some(body) = body.filter(|_| failed) {
            // The answer is sent meanwhile, and the connection stays open as long as somebody reads from it.
            tokio::spawn(body.drain());
        }
        problem_body::render(response, &uri, id.as_ref())
    }

    async fn answer(&self, request: Request, body: Option<&RequestBody>, next: Next) -> Response {
        if let Some(hosts) = &self.hosts
            && let Err(error) = origin::check(&request, hosts, &self.cors)
        {
            return error.into_response();
        }
        let answered = timeout(self.request_timeout, next.run(request)).await;
        if body.is_some_and(RequestBody::was_refused) {
            return ApiError::NoRoomForBody.into_response();
        }
        answered.unwrap_or_else(|_| match body.and_then(RequestBody::awaited) {
            Some(bytes) => ApiError::BodyNotReceived(bytes).into_response(),
            // Dropping the handler rolls its transaction back; see `PoolSettings` for why a single statement has
            // ended by then.
            None => ApiError::Timeout.into_response(),
        })
    }
}

fn compression() -> CompressionLayer<impl Predicate> {
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(DefaultPredicate::new().and(SizeAbove::new(COMPRESS_ABOVE)))
}

fn cors(origins: &CorsOrigins) -> Option<CorsLayer> {
    let origins = match origins {
        CorsOrigins::None => return None,
        CorsOrigins::Any => AllowOrigin::any(),
        CorsOrigins::List(list) => {
            AllowOrigin::list(list.iter().filter_map(|origin| origin.parse().ok()))
        }
    };
    let methods =
        [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
    let allowed = [
        header::ACCEPT,
        header::CONTENT_TYPE,
        header::IF_MATCH,
        header::IF_NONE_MATCH,
        idempotency::KEY,
        HeaderName::from_static("x-request-id"),
        HeaderName::from_static("traceparent"),
    ];
    let exposed = [
        header::ETAG,
        header::LOCATION,
        header::LINK,
        idempotency::REPLAYED,
        HeaderName::from_static("x-total-count"),
        HeaderName::from_static("x-request-id"),
        header::RETRY_AFTER,
    ];
    let cors = CorsLayer::new().allow_origin(origins).allow_methods(methods);
    Some(cors.allow_headers(allowed).expose_headers(exposed).max_age(Duration::from_hours(1)))
}

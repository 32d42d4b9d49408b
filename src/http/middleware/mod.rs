//! Every layer, in one list.

mod never_406;
mod observe;
mod problems;
mod request_id;
mod security;
mod timeout;
mod unread_body;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, Method, header};
use axum::middleware::from_fn;
use tower::ServiceBuilder;
use tower::util::option_layer;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, Predicate, SizeAbove};
use tower_http::cors::{AllowOrigin, CorsLayer};

use crate::config::CorsOrigins;
use crate::domain::Clock;
use crate::http::idempotency;

pub(super) use request_id::RequestId;

/// Answers longer than this are compressed, in bytes.
const COMPRESS_ABOVE: u64 = 1024;

/// What the layers depend on.
#[derive(Clone, Debug)]
pub struct Layers {
    /// When a request is given up.
    pub request_timeout: Duration,
    /// Which other origins may call from a browser.
    pub cors: CorsOrigins,
    /// Makes the ids of requests that come without one.
    pub clock: Arc<dyn Clock>,
}

/// Puts all layers around the routes. A request passes them from the first to the last.
///
/// They are one stack, and not a `layer` each: every one of those would box the route once more, and clone
/// all boxes below it for each request.
pub(super) fn apply(router: Router, layers: &Layers) -> Router {
    let timeout = layers.request_timeout;
    let clock = Arc::clone(&layers.clock);
    let stack = ServiceBuilder::new()
        // Outermost: all others can name the request.
        .layer(from_fn(move |request, next| request_id::assign(Arc::clone(&clock), request, next)))
        // Sees the answer as the client does: one log line and one observation a request.
        .layer(from_fn(observe::observe))
        .layer(from_fn(security::headers))
        // Answers preflights itself; puts its headers on errors too.
        .layer(option_layer(cors(&layers.cors)))
        // Before the compression, so that nothing is refused for want of a coding.
        .layer(from_fn(never_406::allow_plain))
        // Outside the rendering, so that long problems are compressed too.
        .layer(compression())
        // Reads what is left of a body, so that a client that is still sending gets the answer.
        .layer(from_fn(unread_body::drain))
        // Every error that comes from within gets its body here, routing's own included.
        .layer(from_fn(problems::render))
        // Around the handlers, so that a panic costs one answer and not the connection.
        .layer(CatchPanicLayer::custom(problems::panicked))
        // Innermost: bounds the work of a handler.
        .layer(from_fn(move |request, next| timeout::bound(timeout, request, next)));
    router.layer(stack)
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

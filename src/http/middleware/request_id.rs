//! Gives every request its id: the client's own where it is usable, else a new `UUIDv7`.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::middleware::Next;
use axum::response::Response;

use crate::domain::Clock;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id taken from a client, in bytes.
const LENGTH_MAX: usize = 128;

/// The id of the request, in its extensions.
#[derive(Clone, Debug)]
pub(in crate::http) struct RequestId(pub(in crate::http) Arc<str>);

pub(super) async fn assign(clock: Arc<dyn Clock>, mut request: Request, next: Next) -> Response {
    let id = taken(&request).unwrap_or_else(|| clock.new_id().to_string().into());
    request.extensions_mut().insert(RequestId(Arc::clone(&id)));
    let mut response = next.run(request).await;
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

fn taken(request: &Request) -> Option<Arc<str>> {
    let id = request.headers().get(HEADER)?.to_str().ok()?;
    let usable = (1..=LENGTH_MAX).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    usable.then(|| id.into())
}

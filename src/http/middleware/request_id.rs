//! Gives every request its id: the client's own where it is usable, else a new `UUIDv7`.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderName, HeaderValue};
use axum::response::Response;
use uuid::Uuid;

use crate::domain::Clock;

const HEADER: HeaderName = HeaderName::from_static("x-request-id");
/// Longest id taken from a client, in bytes.
const LENGTH_MAX: usize = 128;

/// The id of the request, in its extensions.
#[derive(Clone, Debug)]
pub(in crate::http) struct RequestId(pub(in crate::http) Arc<str>);

/// Names the request.
pub(super) fn assign(clock: &dyn Clock, request: &mut Request) -> RequestId {
    let id = taken(request).unwrap_or_else(|| {
        let mut text = Uuid::encode_buffer();
        (&*clock.new_id().hyphenated().encode_lower(&mut text)).into()
    });
    let id = RequestId(id);
    request.extensions_mut().insert(id.clone());
    id
}

/// Names it to the client.
pub(super) fn tell(id: &RequestId, response: &mut Response) {
    if let Ok(value) = HeaderValue::from_str(&id.0) {
        response.headers_mut().insert(HEADER, value);
    }
}

fn taken(request: &Request) -> Option<Arc<str>> {
    let id = request.headers().get(HEADER)?.to_str().ok()?;
    let usable = (1..=LENGTH_MAX).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic());
    usable.then(|| id.into())
}

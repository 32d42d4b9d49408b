//! Writes the body of every error answer; the only place that does.

use std::any::Any;

use axum::body::{Body, HttpBody};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};

use super::{RequestId, UncompressedBytes};
use crate::http::error::Cause;
use crate::http::health::OwnBody;
use crate::http::limits::PIECE_BYTES;
use crate::http::problem::{MEDIA_TYPE, Problem, ProblemBody};

/// Turns a failed answer into a problem; one that is marked as having its own body passes.
pub(super) fn render(mut response: Response, uri: &Uri, id: Option<&RequestId>) -> Response {
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    if !failed || response.extensions().get::<OwnBody>().is_some() {
        return measured(response);
    }
    let problem = response.extensions_mut().remove::<Problem>();
    let problem = problem.unwrap_or_else(|| Problem::for_status(status));
    let body = ProblemBody {
        kind: format!("/problems/{}", problem.kind.slug),
        title: problem.kind.title,
        status: status.as_u16(),
        detail: &problem.detail,
        instance: uri.path(),
        request_id: id.map_or("", |id| id.0.as_ref()),
        errors: &problem.errors,
        errors_total: problem.errors_total,
        reason: problem.reason,
        extra: &problem.extra,
    };
    // Strings, integers and JSON values always serialise.
    let body = serde_json::to_vec(&body).unwrap_or_default();
    response.headers_mut().remove(CONTENT_LENGTH);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    *response.body_mut() = Body::from(body);
    measured(response)
}

/// Notes the size of a large answer, which nobody can see once it is compressed.
fn measured(mut response: Response) -> Response {
    let exact = response.body().size_hint().exact().and_then(|bytes| usize::try_from(bytes).ok());
    if let Some(bytes) = exact.filter(|bytes| *bytes > PIECE_BYTES) {
        response.extensions_mut().insert(UncompressedBytes(bytes));
    }
    response
}

/// The answer after a panic: the words go to the log, not to the client.
pub(super) fn panicked(panic: &(dyn Any + Send)) -> Response {
    let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned());
    let words = words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    let problem = Problem::for_status(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = problem.into_response();
    response.extensions_mut().insert(Cause(format!("a handler panicked: {words}").into()));
    response
}

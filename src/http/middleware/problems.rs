//! Writes the body of every error answer; the only place that does.

use std::any::Any;

use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use axum::http::{HeaderValue, Response as HttpResponse, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::Full;

use super::RequestId;
use crate::http::error::Cause;
use crate::http::health::OwnBody;
use crate::http::problem::{MEDIA_TYPE, Problem, ProblemBody};

/// Turns a failed answer into a problem; one that is marked as having its own body passes.
pub(super) async fn render(request: Request, next: Next) -> Response {
    let instance = request.uri().path().to_owned();
    let id = request.extensions().get::<RequestId>().cloned();
    let mut response = next.run(request).await;
    let status = response.status();
    let failed = status.is_client_error() || status.is_server_error();
    if !failed || response.extensions().get::<OwnBody>().is_some() {
        return response;
    }
    let problem = response.extensions_mut().remove::<Problem>();
    let problem = problem.unwrap_or_else(|| Problem::for_status(status));
    let body = ProblemBody {
        kind: format!("/problems/{}", problem.kind.slug),
        title: problem.kind.title,
        status: status.as_u16(),
        detail: &problem.detail,
        instance: &instance,
        request_id: id.as_ref().map_or("", |id| id.0.as_ref()),
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
    response
}

/// The answer after a panic: the words go to the log, not to the client.
#[expect(clippy::needless_pass_by_value, reason = "the signature that the layer wants")]
pub(super) fn panicked(panic: Box<dyn Any + Send + 'static>) -> HttpResponse<Full<Bytes>> {
    let words = panic.downcast_ref::<&str>().map(|words| (*words).to_owned());
    let words = words.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
    let problem = Problem::for_status(StatusCode::INTERNAL_SERVER_ERROR);
    let (mut parts, _) = problem.into_response().into_parts();
    parts.extensions.insert(Cause(format!("a handler panicked: {words}").into()));
    HttpResponse::from_parts(parts, Full::default())
}

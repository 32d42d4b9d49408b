//! One log line and one observation for each request, under the route's template: never its path, which
//! holds ids.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use metrics::{gauge, histogram};

use super::RequestId;
use crate::http::error::Cause;
use crate::telemetry::metrics::{
    HTTP_SERVER_ACTIVE_REQUESTS, HTTP_SERVER_REQUEST_DURATION_SECONDS,
};

/// Counts a request as active while it lives, also when the client goes away.
struct Active;

impl Active {
    fn begin() -> Self {
        gauge!(HTTP_SERVER_ACTIVE_REQUESTS).increment(1);
        Self
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        gauge!(HTTP_SERVER_ACTIVE_REQUESTS).decrement(1);
    }
}

pub(super) async fn observe(request: Request, next: Next) -> Response {
    let active = Active::begin();
    let start = Instant::now();
    let method = known_method(request.method());
    let route = request.extensions().get::<MatchedPath>().cloned();
    let id = request.extensions().get::<RequestId>().cloned();
    let trace = trace_id(&request);
    let response = next.run(request).await;

    let duration = start.elapsed();
    let status = response.status();
    let route = route.as_ref().map_or("unmatched", MatchedPath::as_str);
    histogram!(
        HTTP_SERVER_REQUEST_DURATION_SECONDS,
        "http_request_method" => method,
        "http_route" => route.to_owned(),
        "http_response_status_code" => status.as_str().to_owned(),
    )
    .record(duration);
    let request_id = id.as_ref().map_or("", |id| id.0.as_ref());
    let duration_ms = duration.as_secs_f64() * 1_000.0;
    let cause = response.extensions().get::<Cause>().map(|cause| cause.0.as_ref());
    log(method, route, status, duration_ms, request_id, trace.as_deref(), cause);
    drop(active);
    response
}

fn log(
    method: &str,
    route: &str,
    status: StatusCode,
    duration_ms: f64,
    request_id: &str,
    trace_id: Option<&str>,
    error: Option<&str>,
) {
    let status_code = status.as_u16();
    if status.is_server_error() {
        tracing::error!(
            method,
            route,
            status = status_code,
            duration_ms,
            request_id,
            trace_id,
            error,
            "request failed"
        );
    } else {
        tracing::info!(
            method,
            route,
            status = status_code,
            duration_ms,
            request_id,
            trace_id,
            "request"
        );
    }
}

/// The method's name, or `_OTHER`, so that clients cannot invent label values (OpenTelemetry's semantic
/// conventions for HTTP).
fn known_method(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        "CONNECT" => "CONNECT",
        "TRACE" => "TRACE",
        _ => "_OTHER",
    }
}

/// The trace id of a `traceparent` of version 00 (W3C Trace Context, section 3.2), for the log line.
fn trace_id(request: &Request) -> Option<String> {
    let header = request.headers().get("traceparent")?.to_str().ok()?;
    let [version, trace, parent, flags] = header.split('-').collect::<Vec<_>>().try_into().ok()?;
    let hex = |text: &str, length| {
        text.len() == length && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let present = |text: &str| text.bytes().any(|b| b != b'0');
    let valid = version == "00" && hex(trace, 32) && hex(parent, 16) && hex(flags, 2);
    (valid && present(trace) && present(parent)).then(|| trace.to_owned())
}

//! One log line and one observation for each request, under the route's template: never its path, which
//! holds ids.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use axum::extract::{MatchedPath, Request};
use axum::http::{Method, StatusCode};
use axum::response::Response;
use metrics::{Gauge, Histogram, gauge, histogram};

use super::RequestId;
use crate::http::error::Cause;
use crate::telemetry::metrics::{
    HTTP_SERVER_ACTIVE_REQUESTS, HTTP_SERVER_REQUEST_DURATION_SECONDS,
};

static ACTIVE_REQUESTS: LazyLock<Gauge> = LazyLock::new(|| gauge!(HTTP_SERVER_ACTIVE_REQUESTS));

/// The histograms of one route, by method and status.
type OfRoute = Vec<(&'static str, StatusCode, Histogram)>;

thread_local! {
    /// Making the labels, and finding the histogram by them, took longer than all else that is done here.
    static HISTOGRAMS: RefCell<HashMap<String, OfRoute>> = RefCell::default();
}

/// Counts a request as active while it lives, also when the client goes away.
struct Active;

impl Active {
    fn begin() -> Self {
        ACTIVE_REQUESTS.increment(1);
        Self
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        ACTIVE_REQUESTS.decrement(1);
    }
}

/// What is known of a request before it is answered.
pub(super) struct Observation {
    _active: Active,
    start: Instant,
    method: &'static str,
    route: Option<MatchedPath>,
    trace: Option<String>,
}

impl Observation {
    pub(super) fn begin(request: &Request) -> Self {
        Self {
            _active: Active::begin(),
            start: Instant::now(),
            method: known_method(request.method()),
            route: request.extensions().get::<MatchedPath>().cloned(),
            trace: trace_id(request),
        }
    }

    pub(super) fn end(self, id: &RequestId, response: &Response) {
        let duration = self.start.elapsed();
        let status = response.status();
        let route = self.route.as_ref().map_or("unmatched", MatchedPath::as_str);
        record(self.method, route, status, duration);
        let duration_ms = duration.as_secs_f64() * 1_000.0;
        let cause = response.extensions().get::<Cause>().map(|cause| cause.0.as_ref());
        log(self.method, route, status, duration_ms, &id.0, self.trace.as_deref(), cause);
    }
}

fn record(method: &'static str, route: &str, status: StatusCode, duration: Duration) {
    HISTOGRAMS.with_borrow_mut(|histograms| {
        let mut of_route = histograms.get(route).into_iter().flatten();
        let known = of_route.find(|(m, s, _)| *m == method && *s == status);
        if let Some((_, _, histogram)) = known {
            histogram.record(duration);
            return;
        }
        let histogram = histogram!(
            HTTP_SERVER_REQUEST_DURATION_SECONDS,
            "http_request_method" => method,
            "http_route" => route.to_owned(),
            "http_response_status_code" => status.as_str().to_owned(),
        );
        histogram.record(duration);
        histograms.entry(route.to_owned()).or_default().push((method, status, histogram));
    });
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
    // A probe that is told "not now" has got its answer; why it is so is logged when it changes.
    let is_told = status == StatusCode::SERVICE_UNAVAILABLE && route.starts_with("/health");
    if status.is_server_error() && !is_told {
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

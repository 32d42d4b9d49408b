//! The one form of every error answer: RFC 9457 problem details, from one table of kinds.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::domain::{Place, ValidationErrors};
use crate::monitor::NotReadyReason;

/// Media type of a problem (RFC 9457 section 3).
pub const MEDIA_TYPE: &str = "application/problem+json";

/// A type of problem: a row of the table that the documentation repeats and a test compares.
#[derive(Debug, PartialEq, Eq)]
pub struct Kind {
    /// The last segment of its `type`, `/problems/{slug}`.
    pub slug: &'static str,
    /// The answer's status.
    pub status: StatusCode,
    /// The same words for every occurrence.
    pub title: &'static str,
    /// What it means and what to do, for the page behind `type`.
    pub explanation: &'static str,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $slug:literal, $status:ident, $title:literal, $explanation:literal;)+) => {
        $($(#[$doc])* pub static $name: Kind = Kind {
            slug: $slug,
            status: StatusCode::$status,
            title: $title,
            explanation: $explanation,
        };)+

        /// Every kind, by status.
        pub static KINDS: &[&Kind] = &[$(&$name),+];
    };
}

kinds! {
    /// The body is not JSON.
    MALFORMED_JSON = "malformed-json", BAD_REQUEST, "Malformed JSON",
        "The body is not one JSON text in UTF-8, or names a member twice. The detail says where. Nothing was changed.";
    /// The query string does not decode.
    MALFORMED_QUERY = "malformed-query", BAD_REQUEST, "Malformed query string",
        "The query string has a % that two hexadecimal digits do not follow, or bytes that are not UTF-8. Encode each name and value as application/x-www-form-urlencoded does.";
    /// Another 4xx of the protocol.
    BAD_REQUEST = "bad-request", BAD_REQUEST, "Bad request",
        "The request is not one that HTTP allows.";
    /// The request names no host, or several.
    INVALID_HOST = "invalid-host", BAD_REQUEST, "Invalid host",
        "The request has no Host header, or more than one, or one that is not a host name or an IP address with an optional port, or one that contradicts the request's target.";
    /// A page of another site wants to write.
    CROSS_SITE_REQUEST = "cross-site-request", FORBIDDEN, "Cross-site request",
        "A browser says, by Sec-Fetch-Site or Origin, that a page of another site sent this request, and it would change something. Nothing was changed. Anyone who runs this service allows other origins with CORS_ORIGINS; behind a proxy that changes the Host header, PUBLIC_URL names the service's own.";
    /// No such task or path.
    NOT_FOUND = "not-found", NOT_FOUND, "Not found",
        "Nothing is at this path: the task does not exist or no longer does, or the path is not one of this service. A task is named by its id, in lower case with hyphens, or by its number.";
    /// The path has other methods.
    METHOD_NOT_ALLOWED = "method-not-allowed", METHOD_NOT_ALLOWED, "Method not allowed",
        "The path exists, but not for this method. The Allow header lists those that it takes.";
    /// The body does not come.
    REQUEST_TIMEOUT = "request-timeout", REQUEST_TIMEOUT, "Request timeout",
        "The body was not received within REQUEST_TIMEOUT. Nothing was changed. Send the request again on a new connection, a large file in parts.";
    /// The first request with the key has not ended.
    KEY_IN_USE = "idempotency-key-in-use", CONFLICT, "Request in progress",
        "A request with the same Idempotency-Key has not ended yet. Wait as long as Retry-After says, and repeat: then its answer is there, or it has failed and this one is carried out.";
    /// The task is in another version.
    PRECONDITION_FAILED = "precondition-failed", PRECONDITION_FAILED, "Precondition failed",
        "The task is not in the version that If-Match names (or is in one that If-None-Match names): somebody changed it meanwhile. Nothing was changed. Get it again, look at what is different, and repeat with the new ETag.";
    /// The body is too large.
    PAYLOAD_TOO_LARGE = "payload-too-large", PAYLOAD_TOO_LARGE, "Payload too large",
        "A body may have 65,536 bytes at most, and a file to import 16,777,216. Split the file.";
    /// The body is of another media type.
    UNSUPPORTED_MEDIA_TYPE = "unsupported-media-type", UNSUPPORTED_MEDIA_TYPE, "Unsupported media type",
        "Send the body as application/json (PATCH takes application/merge-patch+json too, an import text/csv), in UTF-8, without a Content-Encoding.";
    /// The request is for another host.
    MISDIRECTED_REQUEST = "misdirected-request", MISDIRECTED_REQUEST, "Misdirected request",
        "The Host of the request is not one that this service answers for. Anyone who runs it names its hosts with ALLOWED_HOSTS or PUBLIC_URL. Probes and scrapers need not be named: /health and /metrics answer for every host.";
    /// Rules of fields or parameters are broken.
    VALIDATION = "validation", UNPROCESSABLE_ENTITY, "Validation failed",
        "The request is well-formed, but fields or parameters break the rules of the API. The member errors lists every one of them with its place, a code and what is allowed. Nothing was changed.";
    /// The key stands for another request.
    KEY_REUSED = "idempotency-key-reused", UNPROCESSABLE_ENTITY, "Idempotency key reused",
        "The Idempotency-Key was used within the last 24 hours for a request with another path, query or body, which was carried out. Nothing was changed now. Give every request a key of its own.";
    /// Some of several operations cannot be carried out.
    OPERATIONS_REFUSED = "operations-refused", UNPROCESSABLE_ENTITY, "Operations refused",
        "Some of the operations cannot be carried out, so none was: nothing was changed. The member errors lists each of those with its place and the status that it would have got alone: 404, its task does not exist, or 412, its task is not in the version of if_match. An operation sees what those before it did, those that fail left out.";
    /// One address follows the events too often.
    TOO_MANY_STREAMS = "too-many-event-streams", TOO_MANY_REQUESTS, "Too many event streams",
        "The limit of event streams of one address is reached (EVENTS_CLIENTS_PER_ADDRESS). Close other streams, or wait as long as Retry-After says, and repeat.";
    /// A bug, or a schema that does not fit.
    INTERNAL = "internal", INTERNAL_SERVER_ERROR, "Internal server error",
        "Something went wrong that is not the request's fault. The log line with this request_id says what.";
    /// The database cannot be had.
    UNAVAILABLE = "unavailable", SERVICE_UNAVAILABLE, "Service unavailable",
        "The database cannot be reached, or all connections are busy, or the limit of event streams is reached, or too many large bodies are being received. Wait as long as Retry-After says, and repeat.";
    /// The request took too long.
    TIMEOUT = "timeout", SERVICE_UNAVAILABLE, "Request timed out",
        "The request was not finished within REQUEST_TIMEOUT and was given up. Wait as long as Retry-After says, and repeat.";
    /// This instance may not get traffic.
    NOT_READY = "not-ready", SERVICE_UNAVAILABLE, "Not ready",
        "This instance may not get traffic: it is starting, migrating or shutting down, or its schema is not one that it serves, or its database does not answer, takes no writes or is damaged. The member reason says which.";
}

/// An error on its way out: what is known where it arose. The middleware
/// [`render_problems`](super::middleware) adds what is known of the request, and writes the body.
#[derive(Clone, Debug)]
pub struct Problem {
    /// Its type.
    pub kind: &'static Kind,
    /// What happened this time; never anything from inside.
    pub detail: String,
    /// All violations, when rules were broken.
    pub errors: Vec<ProblemError>,
    /// How many there are, where not all may be listed.
    pub errors_total: Option<usize>,
    /// Why the instance is not ready, where that is the kind.
    pub reason: Option<NotReadyReason>,
    /// Members that only this kind has.
    pub extra: serde_json::Map<String, serde_json::Value>,
}

impl Problem {
    /// A problem without further members.
    pub fn new(kind: &'static Kind, detail: impl Into<String>) -> Self {
        let (errors, extra) = (Vec::new(), serde_json::Map::new());
        let (errors_total, reason) = (None, None);
        Self { kind, detail: detail.into(), errors, errors_total, reason, extra }
    }

    /// Lists all broken rules; the detail is the first one, and how many more there are.
    #[must_use]
    pub fn validation(violations: &ValidationErrors) -> Self {
        Self::listing(&VALIDATION, violations.iter().map(ProblemError::from).collect())
    }

    /// A problem whose detail is its first error, and how many more there are.
    #[must_use]
    pub fn listing(kind: &'static Kind, errors: Vec<ProblemError>) -> Self {
        let first = errors.first().map_or("", |error| &error.detail);
        let detail = match errors.len() {
            0 | 1 => first.to_owned(),
            n => format!("{first} (and {} more, see errors)", n - 1),
        };
        Self { errors, ..Self::new(kind, detail) }
    }

    /// The kind and words for a bare status, as routing or a library's layer answers it.
    #[must_use]
    pub fn for_status(status: StatusCode) -> Self {
        let (kind, detail) = match status {
            StatusCode::NOT_FOUND => (&NOT_FOUND, "no resource at this path"),
            StatusCode::METHOD_NOT_ALLOWED => {
                (&METHOD_NOT_ALLOWED, "this path does not take this method; see the Allow header")
            }
            StatusCode::PAYLOAD_TOO_LARGE => {
                (&PAYLOAD_TOO_LARGE, "a body may have 65536 bytes at most")
            }
            StatusCode::SERVICE_UNAVAILABLE => (&UNAVAILABLE, "try again later"),
            status if status.is_client_error() => (&BAD_REQUEST, "the request is not valid HTTP"),
            _ => (&INTERNAL, "the log line with this request_id says what happened"),
        };
        Self::new(kind, detail)
    }
}

impl IntoResponse for Problem {
    /// A response without a body: the problem travels in its extensions to the middleware that writes it.
    fn into_response(self) -> Response {
        let mut response = self.kind.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// The body of a problem.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem, example = json!({
    "type": "/problems/validation", "title": "Validation failed", "status": 422,
    "detail": "title must be 1 to 200 characters, got 240", "instance": "/tasks",
    "request_id": "01993c1e-6f1a-7c3e-9a51-0f6e6a4b2d11",
    "errors": [{"pointer": "/title", "code": "too_long", "detail": "title must be 1 to 200 characters, got 240"}]
}))]
pub struct ProblemBody<'a> {
    /// A path of this service that explains the type.
    #[serde(rename = "type")]
    #[schema(format = "uri-reference")]
    pub kind: String,
    /// The same words for every problem of the type.
    pub title: &'a str,
    /// The answer's status.
    #[schema(minimum = 400, maximum = 599)]
    pub status: u16,
    /// What happened this time.
    pub detail: &'a str,
    /// The path that was asked for.
    #[schema(format = "uri-reference")]
    pub instance: &'a str,
    /// Finds the log line.
    pub request_id: &'a str,
    /// Every broken rule, or every operation that cannot be carried out.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    pub errors: &'a [ProblemError],
    /// How many broken rules there are, where not all may be listed: of an import.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 0)]
    pub errors_total: Option<usize>,
    /// Why the instance may not get traffic, for the type `/problems/not-ready`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub reason: Option<NotReadyReason>,
    /// Members that only one type has.
    #[serde(flatten)]
    #[schema(ignore)]
    pub extra: &'a serde_json::Map<String, serde_json::Value>,
}

/// A broken rule.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct ProblemError {
    /// Where in the body, as a JSON pointer (RFC 6901). There is either this or `parameter`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub pointer: Option<String>,
    /// Which parameter of the query or the path.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub parameter: Option<String>,
    /// The status that an operation would have got alone, for the type `/problems/operations-refused`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 400, maximum = 499)]
    pub status: Option<u16>,
    /// On which line of a file, counted from 1: of an import.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, minimum = 1)]
    pub line: Option<u64>,
    /// Which column or member, of an import.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub field: Option<String>,
    /// A stable word for programs.
    pub code: &'static str,
    /// What was wrong and what is allowed.
    pub detail: String,
}

impl From<&crate::domain::FieldError> for ProblemError {
    fn from(violation: &crate::domain::FieldError) -> Self {
        let (pointer, parameter) = match &violation.place {
            Place::Pointer(pointer) => (Some(pointer.clone()), None),
            Place::Parameter(name) => (None, Some(name.clone())),
        };
        let fault = &violation.fault;
        Self {
            pointer,
            parameter,
            status: None,
            line: None,
            field: None,
            code: fault.code,
            detail: fault.detail.clone(),
        }
    }
}

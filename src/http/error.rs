//! What a handler can fail with, and how each failure is answered.

use std::sync::Arc;

use axum::http::header::RETRY_AFTER;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use super::problem::{self, Problem, ProblemError};
use crate::domain::{OperationError, OperationErrorKind, Place, ValidationErrors, ValueError};
use crate::store::StoreError;

/// Why a request is not answered with what it asked for.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    /// The body is not JSON; says why and where.
    #[error("{0}")]
    MalformedJson(String),
    /// The query string does not decode; says why.
    #[error("{0}")]
    MalformedQuery(String),
    /// No such task, or no task can be named so.
    #[error("no such task")]
    NotFound,
    /// `If-Match` or `If-None-Match` does not hold.
    #[error("precondition failed")]
    PreconditionFailed,
    /// The body is longer than allowed; says how many bytes are.
    #[error("payload too large")]
    PayloadTooLarge(usize),
    /// The request names no host, or several; says which.
    #[error("{0}")]
    InvalidHost(String),
    /// The request is for a host that is not the service's; shows it.
    #[error("host {0} is not allowed")]
    UnknownHost(String),
    /// A page of another site wants to write.
    #[error("cross-site request")]
    CrossSite,
    /// The body did not come in time; says how many bytes of it did.
    #[error("body not received")]
    BodyNotReceived(usize),
    /// Too many bytes of bodies are being read.
    #[error("too many bodies are being read")]
    NoRoomForBody,
    /// The body is of a type that the endpoint does not take; says which it takes.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// Rules are broken.
    #[error("validation failed")]
    Validation(ValidationErrors),
    /// Some of several operations cannot be carried out.
    #[error("operations refused")]
    Refused(Vec<OperationError>),
    /// The idempotency key stands for another request.
    #[error("idempotency key reused")]
    KeyReused,
    /// The first request with the idempotency key has not ended.
    #[error("idempotency key in use")]
    KeyInUse,
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
    /// As many clients follow the events as may.
    #[error("too many streams of events")]
    TooManyStreams,
    /// The process is about to end, and follows the events no more.
    #[error("the events are not followed any more")]
    Ending,
    /// As many clients of one address follow the events as may.
    #[error("too many streams of events from one address")]
    TooManyStreamsFromAddress,
    /// The database did not answer when it was last asked.
    #[error("the database does not answer")]
    Away,
    /// A bug; says what is known of it, for the log.
    #[error("{0}")]
    Internal(String),
    /// Not finished in time.
    #[error("request timed out")]
    Timeout,
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::NotFound,
            StoreError::Conflict => Self::PreconditionFailed,
            StoreError::Refused(refusals) => Self::Refused(refusals),
            StoreError::KeyReused => Self::KeyReused,
            StoreError::KeyInUse => Self::KeyInUse,
            error => Self::Store(error),
        }
    }
}

impl From<ValidationErrors> for ApiError {
    fn from(violations: ValidationErrors) -> Self {
        Self::Validation(violations)
    }
}

fn refused(refusal: &OperationError) -> ProblemError {
    let (member, status, fault) = match refusal.reason {
        OperationErrorKind::NotFound => (
            "id",
            StatusCode::NOT_FOUND,
            ValueError::new("not_found", "no task has this id or number; nothing was changed"),
        ),
        OperationErrorKind::Conflict => (
            "if_match",
            StatusCode::PRECONDITION_FAILED,
            ValueError::new(
                "precondition_failed",
                "the task is in another version than if_match requires; nothing was changed",
            ),
        ),
    };
    let place = Place::Pointer(format!("/operations/{}/{member}", refusal.operation));
    ProblemError { status: Some(status.as_u16()), ..ProblemError::from(&fault.at(place)) }
}

fn reused_key() -> ProblemError {
    let words =
        "the key was used for a request with another path, query or body; nothing was changed";
    let fault = ValueError::new("key_reused", words);
    ProblemError::from(&fault.at(Place::parameter("Idempotency-Key")))
}

/// The cause of a failure, for the one log line of the request; never sent.
#[derive(Clone, Debug)]
pub(super) struct Cause(pub(super) Arc<str>);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let cause = match &self {
            Self::Store(error) => Some(Cause(error.to_string().into())),
            Self::Internal(words) => Some(Cause(words.as_str().into())),
            _ => None,
        };
        let problem = match self {
            Self::MalformedJson(detail) => Problem::new(&problem::MALFORMED_JSON, detail),
            Self::MalformedQuery(detail) => Problem::new(&problem::MALFORMED_QUERY, detail),
            Self::NotFound => Problem::new(&problem::NOT_FOUND, "no task has this id or number"),
            Self::PreconditionFailed => Problem::new(
                &problem::PRECONDITION_FAILED,
                "the task is in another version than the request requires; nothing was changed",
            ),
            Self::PayloadTooLarge(bytes) => Problem::new(
                &problem::PAYLOAD_TOO_LARGE,
                format!("a body may have {bytes} bytes at most"),
            ),
            Self::UnsupportedMediaType(detail) => {
                Problem::new(&problem::UNSUPPORTED_MEDIA_TYPE, detail)
            }
            Self::Validation(violations) => Problem::validation(&violations),
            Self::Refused(refusals) => Problem::listing(
                &problem::OPERATIONS_REFUSED,
                refusals.iter().map(refused).collect(),
            ),
            Self::KeyReused => Problem::listing(&problem::KEY_REUSED, vec![reused_key()]),
            Self::KeyInUse => Problem::new(
                &problem::KEY_IN_USE,
                "a request with this Idempotency-Key has not ended yet",
            ),
            Self::Store(error) if error.is_read_only() => Problem::new(
                &problem::UNAVAILABLE,
                "the database is read-only, as a standby is; writes and events need the primary",
            ),
            Self::Store(error) if error.is_denied() => Problem::new(
                &problem::UNAVAILABLE,
                "the database does not give the service the rights that this request needs; nothing was changed",
            ),
            Self::Away | Self::Store(StoreError::Unavailable { .. }) => {
                Problem::new(&problem::UNAVAILABLE, "database unavailable")
            }
            Self::Store(_) | Self::Internal(_) => Problem::new(
                &problem::INTERNAL,
                "the log line with this request_id says what happened",
            ),
            Self::InvalidHost(detail) => Problem::new(&problem::INVALID_HOST, detail),
            Self::UnknownHost(host) => Problem::new(
                &problem::MISDIRECTED_REQUEST,
                format!("this service does not answer for the host {host}"),
            ),
            Self::CrossSite => Problem::new(
                &problem::CROSS_SITE_REQUEST,
                "the request comes from a page of another site, which CORS_ORIGINS does not allow; nothing was changed",
            ),
            Self::BodyNotReceived(bytes) => Problem::new(
                &problem::REQUEST_TIMEOUT,
                format!(
                    "the body was not received in time, only {bytes} bytes of it; nothing was changed"
                ),
            ),
            Self::NoRoomForBody => {
                Problem::new(&problem::UNAVAILABLE, "too many large bodies are being received")
            }
            Self::TooManyStreamsFromAddress => Problem::new(
                &problem::TOO_MANY_STREAMS,
                "event stream limit of this address reached",
            ),
            Self::TooManyStreams => {
                Problem::new(&problem::UNAVAILABLE, "event stream limit reached")
            }
            Self::Ending => Problem::new(&problem::UNAVAILABLE, "the instance is shutting down"),
            Self::Timeout => Problem::new(
                &problem::TIMEOUT,
                "the request was not finished in time and was given up",
            ),
        };
        let mut response = problem.into_response();
        if matches!(
            response.status(),
            StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE
        ) {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if let Some(cause) = cause {
            response.extensions_mut().insert(cause);
        }
        response
    }
}

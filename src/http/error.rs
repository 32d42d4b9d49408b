//! What a handler can fail with, and how each failure is answered.

use std::sync::Arc;

use axum::http::HeaderValue;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};

use super::problem::{self, Problem};
use crate::domain::Violations;
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
    /// The body is of a type that the endpoint does not take; says which it takes.
    #[error("{0}")]
    UnsupportedMediaType(String),
    /// Rules are broken.
    #[error("validation failed")]
    Validation(Violations),
    /// The store failed.
    #[error(transparent)]
    Store(StoreError),
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
            error => Self::Store(error),
        }
    }
}

impl From<Violations> for ApiError {
    fn from(violations: Violations) -> Self {
        Self::Validation(violations)
    }
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
            Self::Away | Self::Store(StoreError::Unavailable { .. }) => {
                Problem::new(&problem::UNAVAILABLE, "the database is not available just now")
            }
            Self::Store(_) | Self::Internal(_) => Problem::new(
                &problem::INTERNAL,
                "the log line with this request_id says what happened",
            ),
            Self::Timeout => Problem::new(
                &problem::TIMEOUT,
                "the request was not finished in time and was given up",
            ),
        };
        let mut response = problem.into_response();
        if response.status() == axum::http::StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if let Some(cause) = cause {
            response.extensions_mut().insert(cause);
        }
        response
    }
}

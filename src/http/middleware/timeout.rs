//! Gives a request up when its time is over. Dropping the handler rolls its transaction back; see
//! [`PoolSettings`](crate::store::PoolSettings) for why a single statement has ended by then.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use crate::http::error::ApiError;

pub(super) async fn bound(limit: Duration, request: Request, next: Next) -> Response {
    let answer = tokio::time::timeout(limit, next.run(request)).await;
    answer.unwrap_or_else(|_| ApiError::Timeout.into_response())
}

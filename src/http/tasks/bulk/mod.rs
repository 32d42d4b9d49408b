//! `POST /tasks/bulk`: several changes, all or nothing.

mod model;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;

use self::model::{BulkBody, BulkResultBody, ResultBody};
use crate::domain::ValidationErrors;
use crate::http::error::ApiError;
use crate::http::extract::{PLAIN_JSON, json_and_bytes};
use crate::http::idempotency::{self, KeyedRequest};
use crate::http::openapi::{IdempotencyKey, PostProblems};
use crate::http::state::AppState;

/// Make several changes, all or none
///
/// In their order, each operation seeing what those before it did, in one transaction. If one of them cannot be carried
/// out, nothing is changed, and the problem lists every one that failed.
#[utoipa::path(
    post, path = "/tasks/bulk", tag = "tasks", operation_id = "bulkTasks",
    params(IdempotencyKey),
    request_body(content = BulkBody, content_type = "application/json"),
    responses(
        (status = 200, description = "What came of each operation, in order", body = BulkResultBody, headers(
            ("Idempotency-Replayed" = bool, description = "`true` when this is the answer to an earlier request with the same key"),
        )),
        PostProblems
    )
)]
pub(crate) async fn bulk(
    State(state): State<AppState>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let (json, bytes) = json_and_bytes(PLAIN_JSON, &headers, body).await?;
    let mut violations = ValidationErrors::new();
    let keyed = KeyedRequest::read(&method, &uri, &headers, &bytes, &mut violations);
    let operations = violations.keep_below("", model::operations(json, state.clock.as_ref()));
    let Some(operations) = operations.filter(|_| violations.is_empty()) else {
        return Err(violations.into());
    };
    idempotency::carry_out(&state, keyed.as_ref(), operations, |outcomes| {
        let results = outcomes.iter().map(ResultBody::from).collect();
        idempotency::answer(StatusCode::OK, &BulkResultBody { results })
    })
    .await
}

//! `DELETE /tasks/{ref}`

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};

use crate::http::error::ApiError;
use crate::http::extract::{PathRef, precondition};
use crate::http::openapi::{Preconditions, RefParam, RemoveProblems};
use crate::http::state::AppState;

/// Remove a task for good
#[utoipa::path(
    delete, path = "/tasks/{ref}", tag = "tasks", operation_id = "deleteTask",
    params(RefParam, Preconditions),
    responses((status = 204, description = "It is gone"), RemoveProblems)
)]
pub(crate) async fn delete(
    State(state): State<AppState>,
    PathRef(reference): PathRef,
    headers: HeaderMap,
) -> Result<StatusCode, ApiError> {
    state.tasks.delete(reference, &precondition(&headers)).await?;
    Ok(StatusCode::NO_CONTENT)
}

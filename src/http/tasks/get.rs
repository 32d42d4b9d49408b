//! `GET /tasks/{ref}`

use axum::extract::State;
use axum::http::header::{ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::model::TaskBody;
use super::with_tag;
use crate::domain::precondition::entity_tag;
use crate::http::error::ApiError;
use crate::http::extract::{PathRef, tag_list};
use crate::http::openapi::{FindProblems, IfNoneMatch, RefParam};
use crate::http::state::AppState;

/// Get a task
#[utoipa::path(
    get, path = "/tasks/{ref}", tag = "tasks", operation_id = "getTask",
    params(RefParam, IfNoneMatch),
    responses(
        (status = 200, description = "The task", body = TaskBody, headers(("ETag" = String, description = "Its version"))),
        (status = 304, description = "The client has this version", headers(("ETag" = String, description = "Its version"))),
        FindProblems
    )
)]
pub(crate) async fn get(
    State(state): State<AppState>,
    PathRef(reference): PathRef,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let task = state.tasks.get(reference).await?.ok_or(ApiError::NotFound)?;
    if tag_list(&headers, &IF_NONE_MATCH).is_some_and(|tags| tags.matches_weakly(&task)) {
        let tag = [(ETAG, entity_tag(task.id, task.version))];
        return Ok((StatusCode::NOT_MODIFIED, tag).into_response());
    }
    Ok(with_tag(task))
}

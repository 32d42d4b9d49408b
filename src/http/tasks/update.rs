//! `PUT /tasks/{ref}` and `PATCH /tasks/{ref}`: both change only the fields that are sent.

use axum::body::Body;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;

use super::model::{TaskBody, TaskPatchBody};
use super::{model, with_tag};
use crate::domain::{TaskPatch, TaskRef};
use crate::http::error::ApiError;
use crate::http::extract::{
    Accepts, JSON_OR_MERGE_PATCH, PLAIN_JSON, PathRef, json_body, precondition,
};
use crate::http::openapi::{ChangeProblems, Preconditions, RefParam};
use crate::http::state::AppState;

/// Change the fields that are sent
#[utoipa::path(
    put, path = "/tasks/{ref}", tag = "tasks", operation_id = "putTask",
    params(RefParam, Preconditions),
    request_body(content = TaskPatchBody, content_type = "application/json"),
    responses(
        (status = 200, description = "The task as it is now", body = TaskBody, headers(("ETag" = String, description = "Its version"))),
        ChangeProblems
    )
)]
pub(crate) async fn put(
    State(state): State<AppState>,
    PathRef(reference): PathRef,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    update(&state, reference, PLAIN_JSON, &headers, body).await
}

/// Change the fields that are sent (RFC 7396)
#[utoipa::path(
    patch, path = "/tasks/{ref}", tag = "tasks", operation_id = "patchTask",
    params(RefParam, Preconditions),
    request_body(content(
        (TaskPatchBody = "application/merge-patch+json"),
        (TaskPatchBody = "application/json"),
    )),
    responses(
        (status = 200, description = "The task as it is now", body = TaskBody, headers(("ETag" = String, description = "Its version"))),
        ChangeProblems
    )
)]
pub(crate) async fn patch(
    State(state): State<AppState>,
    PathRef(reference): PathRef,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    update(&state, reference, JSON_OR_MERGE_PATCH, &headers, body).await
}

async fn update(
    state: &AppState,
    reference: TaskRef,
    accepts: Accepts,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let patch = match read(accepts, headers, body).await {
        Ok(patch) => patch,
        // Not found comes before every fault of the body; a good body learns it from the update itself.
        Err(error) => {
            let found = state.tasks.get(reference).await?.is_some();
            return Err(if found { error } else { ApiError::NotFound });
        }
    };
    let precondition = precondition(headers);
    let task = state.tasks.update(reference, &precondition, &patch, state.clock.now()).await?;
    Ok(with_tag(task))
}

async fn read(accepts: Accepts, headers: &HeaderMap, body: Body) -> Result<TaskPatch, ApiError> {
    Ok(model::patch(json_body(accepts, headers, body).await?)?)
}

//! `POST /tasks`

use axum::body::Body;
use axum::extract::State;
use axum::http::header::LOCATION;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};

use super::model::{NewTaskBody, TaskBody};
use super::{model, with_tag};
use crate::http::error::ApiError;
use crate::http::extract::{PLAIN_JSON, json_body};
use crate::http::openapi::WriteProblems;
use crate::http::state::AppState;

/// Make a task
#[utoipa::path(
    post, path = "/tasks", tag = "tasks", operation_id = "createTask",
    request_body(content = NewTaskBody, content_type = "application/json"),
    responses(
        (status = 201, description = "The task as it was stored", body = TaskBody, headers(
            ("Location" = String, description = "Its path, by id"),
            ("ETag" = String, description = "Its version"),
        )),
        WriteProblems
    )
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let draft = model::draft(json_body(PLAIN_JSON, &headers, body).await?)?;
    let task = draft.into_task(state.clock.new_id(), state.clock.now());
    let task = state.tasks.create(task).await?;
    let location = format!("/tasks/{}", task.id);
    Ok((StatusCode::CREATED, [(LOCATION, location)], with_tag(task)).into_response())
}

//! `POST /tasks`

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::Response;

use super::model::{self, NewTaskBody, TaskBody};
use crate::domain::precondition::entity_tag;
use crate::domain::{Operation, Outcome, Task, ValidationErrors};
use crate::http::error::ApiError;
use crate::http::extract::{PLAIN_JSON, json_and_bytes};
use crate::http::idempotency::{self, KeyedRequest};
use crate::http::openapi::{IdempotencyKey, PostProblems};
use crate::http::state::AppState;
use crate::store::StoredResponse;

/// Make a task
#[utoipa::path(
    post, path = "/tasks", tag = "tasks", operation_id = "createTask",
    params(IdempotencyKey),
    request_body(content = NewTaskBody, content_type = "application/json"),
    responses(
        (status = 201, description = "The task as it was stored", body = TaskBody, headers(
            ("Location" = String, description = "Its path, by id"),
            ("ETag" = String, description = "Its version"),
            ("Idempotency-Replayed" = bool, description = "`true` when this is the answer to an earlier request with the same key"),
        )),
        PostProblems
    )
)]
pub(crate) async fn create(
    State(state): State<AppState>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let (json, bytes) = json_and_bytes(PLAIN_JSON, &headers, body).await?;
    let mut violations = ValidationErrors::new();
    let keyed = KeyedRequest::read(&method, &uri, &headers, &bytes, &mut violations);
    let draft = violations.keep_below("", model::draft(json));
    let Some(draft) = draft.filter(|_| violations.is_empty()) else {
        return Err(violations.into());
    };
    let task = draft.into_task(state.clock.new_id(), state.clock.now());
    let Some(keyed) = keyed else {
        let task = state.tasks.create(task).await?;
        return Ok(idempotency::respond(created(&task)));
    };
    let operations = vec![Operation::Create(Box::new(task.clone()))];
    idempotency::carry_out(&state, Some(&keyed), operations, move |outcomes| {
        // One operation has one outcome.
        created(outcomes.first().map_or(&task, Outcome::task))
    })
    .await
}

fn created(task: &Task) -> StoredResponse {
    let answer = idempotency::answer(StatusCode::CREATED, &TaskBody::from(task.clone()));
    StoredResponse {
        location: Some(format!("/tasks/{}", task.id)),
        entity_tag: Some(entity_tag(task.id, task.version)),
        ..answer
    }
}

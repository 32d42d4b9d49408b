//! The tasks' endpoints, a file a verb.

pub(super) mod bulk;
pub(super) mod count;
pub(super) mod create;
mod csv_cell;
pub(super) mod daily;
pub(super) mod delete;
pub(super) mod events;
pub(super) mod export;
pub(super) mod get;
pub(super) mod import;
pub(super) mod list;
mod list_query;
pub(super) mod model;
pub(in crate::http) mod query_reader;
pub(super) mod stats;
pub(super) mod update;

use axum::Json;
use axum::http::header::{ETAG, HeaderName};
use axum::response::{IntoResponse, Response};

use crate::domain::Task;
use crate::domain::precondition::entity_tag;
use model::TaskBody;

/// One task with its tag.
fn with_tag(task: Task) -> Response {
    let tag: [(HeaderName, String); 1] = [(ETAG, entity_tag(task.id, task.version))];
    (tag, Json(TaskBody::from(task))).into_response()
}

//! `POST /tasks/import`: the tasks of a file, all or none.
//!
//! Every row goes through the rules of `POST /tasks`, and every fault is reported with its line. What only the server
//! gives (ids, numbers, times, versions) is given again: a file that was exported makes new tasks. The whole file is
//! held in memory, which its limits allow for.

mod csv;
mod json;
mod lines;
mod report;

use axum::body::{Body, Bytes};
use axum::extract::{OriginalUri, State};
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use tokio::sync::Semaphore;
use utoipa::{IntoParams, ToSchema};

use super::model::NewTaskBody;
use super::query_reader::Reader;
use crate::domain::{Operation, Task, TaskDraft, ValidationErrors, ValueError};
use crate::http::error::ApiError;
use crate::http::extract::{CSV_OR_JSON, TEXT_CSV, whole_body};
use crate::http::idempotency::{self, KeyedRequest};
use crate::http::limits::{IMPORT_BYTES, IMPORTS};
use crate::http::openapi::{IdempotencyKey, PostProblems};
use crate::http::query_string::QueryString;
use crate::http::state::AppState;
use report::{Faults, ImportBody};

/// Most tasks in one file: so many are written well within the time of a request, while on SQLite every other writer
/// waits.
const TASKS_MAX: usize = 50_000;

/// What an import makes of its file is larger than the file: few are read and written at a time.
static TURNS: Semaphore = Semaphore::const_new(IMPORTS);
/// One is read at a time: what is made of it meanwhile is the larger part of its cost.
static PARSING: Semaphore = Semaphore::const_new(1);

/// Whether to write.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameter; the handler reads it")]
pub(crate) struct ImportParams {
    /// Only check, and report every fault with 200.
    #[param(default = false)]
    dry_run: Option<bool>,
}

/// Tasks as `POST /tasks` takes them one by one, or as an export has them. At most 50,000.
#[derive(Debug, ToSchema)]
#[schema(as = ImportArray, example = json!([{"title": "Ma tâche", "priority": "high"}, {"title": "Another one"}]))]
#[expect(dead_code, reason = "documents the body, which is read item by item")]
pub(crate) struct ImportArray(Vec<NewTaskBody>);

/// A table with a header that names the members of a task, in any order, between commas, semicolons or tabs. An empty
/// cell is a member that is not there. At most 50,000 tasks.
#[derive(Debug, ToSchema)]
#[schema(as = ImportTable, example = "title,priority\r\nMa tâche,high\r\nAnother one,\r\n")]
#[expect(dead_code, reason = "documents the body, which is read line by line")]
pub(crate) struct ImportTable(String);

/// Make tasks from a file, all or none
#[utoipa::path(
    post, path = "/tasks/import", tag = "tasks", operation_id = "importTasks",
    params(ImportParams, IdempotencyKey),
    request_body(content((ImportTable = "text/csv"), (ImportArray = "application/json"))),
    responses(
        (status = 200, description = "All of them were made, or, with dry_run, what would be", body = ImportBody, headers(
            ("Idempotency-Replayed" = bool, description = "`true` when this is the answer to an earlier request with the same key"),
        )),
        PostProblems
    )
)]
pub(crate) async fn import(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, ApiError> {
    let (kind, bytes) = whole_body(CSV_OR_JSON, IMPORT_BYTES, &headers, body).await?;
    let query = QueryString::parse(uri.query())?;
    let turn = TURNS.acquire().await;
    let _turn = turn.map_err(|error| ApiError::Internal(error.to_string()))?;
    let (file, bytes) = {
        let alone = PARSING.acquire().await;
        let _alone = alone.map_err(|error| ApiError::Internal(error.to_string()))?;
        // A large file takes long enough to keep other requests waiting.
        let reading =
            tokio::task::spawn_blocking(move || Ok::<_, ApiError>((read(kind, &bytes)?, bytes)));
        reading.await.map_err(|error| ApiError::Internal(error.to_string()))??
    };
    let (dry_run, mut violations) = dry_run(&query);
    let keyed = KeyedRequest::read(&Method::POST, &uri, &headers, &bytes, &mut violations);
    let refused = !violations.is_empty() || (!file.faults.is_empty() && !dry_run);
    if refused {
        return Ok(file.faults.into_problem(&violations, file.rows).into_response());
    }
    if dry_run {
        return Ok(ImportBody::new(true, file.drafts.len(), file.faults).into_response());
    }
    let now = state.clock.now();
    let drafts = file.drafts.into_iter();
    let tasks: Vec<Task> = drafts.map(|draft| draft.into_task(state.clock.new_id(), now)).collect();
    if keyed.is_none() {
        let created = state.tasks.create_many(tasks).await?.len();
        return Ok(made(created).into_response());
    }
    let operations = tasks.into_iter().map(|task| Operation::Create(Box::new(task))).collect();
    idempotency::carry_out(&state, keyed.as_ref(), operations, |outcomes| {
        idempotency::answer(StatusCode::OK, &made(outcomes.len()))
    })
    .await
}

fn made(tasks: usize) -> ImportBody {
    ImportBody::new(false, tasks, Faults::default())
}

fn dry_run(query: &QueryString) -> (bool, ValidationErrors) {
    let mut reader = Reader::new(query);
    reader.refuse_unknown(&["dry_run"]);
    let dry_run = reader.boolean("dry_run");
    (dry_run.unwrap_or_default(), reader.violations)
}

/// What a file holds.
#[derive(Debug, Default)]
struct File {
    /// None of them, once there is a fault.
    drafts: Vec<TaskDraft>,
    faults: Faults,
    rows: usize,
}

impl File {
    /// Takes a row that keeps the rules, or the faults of one that breaks them.
    fn take(&mut self, draft: Option<TaskDraft>) {
        self.rows += 1;
        match draft {
            Some(draft) if self.faults.is_empty() => self.drafts.push(draft),
            _ => self.drafts = Vec::new(),
        }
    }

    /// Whether there may be no further row.
    fn is_full(&self) -> bool {
        self.rows == TASKS_MAX
    }
}

fn too_many() -> ValueError {
    let detail =
        format!("an import may have {TASKS_MAX} tasks at most; split the file before this one");
    ValueError::new("out_of_range", detail)
}

fn read(kind: &str, bytes: &Bytes) -> Result<File, ApiError> {
    let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    if kind == TEXT_CSV { Ok(csv::read(text)) } else { json::read(text) }
}

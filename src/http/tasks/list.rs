//! `GET /tasks`, `GET /tasks/search` and `GET /tasks/filter/{status}`: one list, three doors.

use axum::body::{Body, Bytes};
use axum::extract::{OriginalUri, RawPathParams, State};
use axum::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LINK};
use axum::http::{HeaderName, Uri};
use axum::response::{IntoResponse, Response};

use tokio::sync::Semaphore;

use super::list_query::{self, Params, Shape};
use super::model::TaskBody;
use crate::domain::Cursor;
use crate::http::byte_budget::ANSWERS;
use crate::http::error::ApiError;
use crate::http::limits::{LARGE_READ_TASKS, LARGE_READS};
use crate::http::openapi::{
    FilterParams, ListParams, ListProblems, SearchParam, StatusParam, StatusPath, WordsParam,
};
use crate::http::query_string::QueryString;
use crate::http::state::AppState;
use crate::store::{ListQuery, Page};

const TOTAL_COUNT: HeaderName = HeaderName::from_static("x-total-count");

/// List tasks
#[utoipa::path(
    get, path = "/tasks", tag = "tasks", operation_id = "listTasks",
    params(ListParams, StatusParam, FilterParams, WordsParam),
    responses(
        (status = 200, description = "One page", body = Vec<TaskBody>, headers(
            ("Link" = String, description = "The next page, rel=\"next\", when more rows follow"),
            ("X-Total-Count" = i64, description = "All rows that match, with count=true"),
        )),
        ListProblems
    )
)]
pub(crate) async fn list(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    page(&state, &uri, &Shape { list: true, ..Shape::default() }).await
}

/// Search tasks
#[utoipa::path(
    get, path = "/tasks/search", tag = "tasks", operation_id = "searchTasks",
    params(SearchParam, ListParams, StatusParam, FilterParams),
    responses(
        (status = 200, description = "One page", body = Vec<TaskBody>, headers(
            ("Link" = String, description = "The next page, rel=\"next\", when more rows follow"),
            ("X-Total-Count" = i64, description = "All rows that match, with count=true"),
        )),
        ListProblems
    )
)]
pub(crate) async fn search(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    page(&state, &uri, &Shape { list: true, needs_q: true, ..Shape::default() }).await
}

/// List tasks of one status
#[utoipa::path(
    get, path = "/tasks/filter/{status}", tag = "tasks", operation_id = "filterTasks",
    params(StatusPath, ListParams, FilterParams, WordsParam),
    responses(
        (status = 200, description = "One page", body = Vec<TaskBody>, headers(
            ("Link" = String, description = "The next page, rel=\"next\", when more rows follow"),
            ("X-Total-Count" = i64, description = "All rows that match, with count=true"),
        )),
        ListProblems
    )
)]
pub(crate) async fn filter(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
    path: Result<RawPathParams, axum::extract::rejection::RawPathParamsRejection>,
) -> Result<Response, ApiError> {
    let status = path.ok().and_then(|path| path.iter().next().map(|(_, value)| value.to_owned()));
    // A segment that does not decode is no status either; it is shown as it came.
    let raw = || uri.path().rsplit('/').next().unwrap_or_default().to_owned();
    let status_in_path = Some(status.unwrap_or_else(raw));
    page(&state, &uri, &Shape { list: true, status_in_path, ..Shape::default() }).await
}

/// Many large lists at a time would take every connection to the database, and the processor.
pub(super) static LARGE_READS_TURNS: Semaphore = Semaphore::const_new(LARGE_READS);

async fn page(state: &AppState, uri: &Uri, shape: &Shape) -> Result<Response, ApiError> {
    let query = QueryString::parse(uri.query())?;
    let params = list_query::read(&query, shape, uri.path())?;
    let now = state.clock.now();
    let request = ListQuery {
        filter: params.filter.clone(),
        sort: params.sort.clone(),
        limit: params.limit,
        start: params.start.clone(),
        now,
    };
    let _turn = if request.limit > LARGE_READ_TASKS {
        LARGE_READS_TURNS.acquire().await.ok()
    } else {
        None
    };
    if request.limit > LARGE_READ_TASKS {
        ANSWERS.until_room().await;
    }
    let page = state.tasks.list(&request).await?;
    let mut headers = HeaderMap::new();
    if params.count {
        headers.insert(TOTAL_COUNT, state.tasks.count(&params.filter, now).await?.into());
    }
    if let Some(link) = next_link(uri, query, &params, &page) {
        headers.insert(LINK, link);
    }
    let body: Vec<TaskBody> = page.tasks.into_iter().map(TaskBody::from).collect();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    // Strings, integers and booleans always serialise. In its exact size: it may wait for its client.
    let body = serde_json::to_vec(&body).unwrap_or_default().into_boxed_slice();
    Ok((headers, Body::from(Bytes::from(body))).into_response())
}

/// The link to the next page: the same parameters with the cursor in place of the start.
fn next_link(
    uri: &Uri,
    mut query: QueryString,
    params: &Params,
    page: &Page,
) -> Option<HeaderValue> {
    let last = page.tasks.last().filter(|_| page.more)?;
    let cursor = Cursor::after(last, &params.sort);
    let cursor = cursor.encode(uri.path(), &params.sort, &params.filter);
    query.0.retain(|(name, _)| name != "cursor" && name != "skip");
    query.0.push(("cursor".into(), cursor));
    HeaderValue::try_from(format!("<{}?{}>; rel=\"next\"", uri.path(), query.encode())).ok()
}

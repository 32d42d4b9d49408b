//! `GET /tasks/count`

use axum::Json;
use axum::extract::{OriginalUri, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::list_query::{self, Shape};
use crate::http::error::ApiError;
use crate::http::openapi::{FilterParams, ListProblems, StatusParam, WordsParam};
use crate::http::query_string::QueryString;
use crate::http::state::AppState;

/// How many tasks there are.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskCount)]
pub(crate) struct CountBody {
    /// Those that the filters let through.
    #[schema(minimum = 0)]
    pub(crate) total: i64,
}

/// Count tasks
#[utoipa::path(
    get, path = "/tasks/count", tag = "tasks", operation_id = "countTasks",
    params(StatusParam, FilterParams, WordsParam),
    responses((status = 200, description = "How many", body = CountBody), ListProblems)
)]
pub(crate) async fn count(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
) -> Result<Json<CountBody>, ApiError> {
    let query = QueryString::parse(uri.query())?;
    let params = list_query::read(&query, &Shape::default(), uri.path())?;
    let total = state.tasks.count(&params.filter, state.clock.now()).await?;
    Ok(Json(CountBody { total }))
}

//! `GET /tasks/stats`

use axum::Json;
use axum::extract::{OriginalUri, State};
use serde::Serialize;
use utoipa::ToSchema;

use super::list_query::{self, Shape};
use crate::domain::TaskStats;
use crate::http::error::ApiError;
use crate::http::openapi::{FilterParams, ListProblems, StatusParam, WordsParam};
use crate::http::query_string::QueryString;
use crate::http::state::AppState;

/// Figures over the tasks that the filters let through.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TaskStats)]
pub(crate) struct StatsBody {
    /// All of them.
    #[schema(minimum = 0)]
    pub(crate) total: i64,
    /// By status.
    pub(crate) by_status: ByStatus,
    /// By priority.
    pub(crate) by_priority: ByPriority,
    /// Due in the past and not done.
    #[schema(minimum = 0)]
    pub(crate) overdue: i64,
    /// Became done within the last seven times 24 hours.
    #[schema(minimum = 0)]
    pub completed_last_7_days: i64,
}

/// How many tasks have each status.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ByStatus {
    /// Not begun.
    #[schema(minimum = 0)]
    pub(crate) todo: i64,
    /// Begun.
    #[schema(minimum = 0)]
    pub(crate) in_progress: i64,
    /// Finished.
    #[schema(minimum = 0)]
    pub(crate) done: i64,
}

/// How many tasks have each priority.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ByPriority {
    /// Can wait.
    #[schema(minimum = 0)]
    pub(crate) low: i64,
    /// The usual.
    #[schema(minimum = 0)]
    pub(crate) medium: i64,
    /// First.
    #[schema(minimum = 0)]
    pub(crate) high: i64,
}

impl From<TaskStats> for StatsBody {
    fn from(stats: TaskStats) -> Self {
        let [todo, in_progress, done] = stats.by_status;
        let [low, medium, high] = stats.by_priority;
        Self {
            total: stats.total,
            by_status: ByStatus { todo, in_progress, done },
            by_priority: ByPriority { low, medium, high },
            overdue: stats.overdue,
            completed_last_7_days: stats.completed_last_7_days,
        }
    }
}

/// Figures over tasks
#[utoipa::path(
    get, path = "/tasks/stats", tag = "tasks", operation_id = "taskStats",
    params(StatusParam, FilterParams, WordsParam),
    responses((status = 200, description = "The figures", body = StatsBody), ListProblems)
)]
pub(crate) async fn stats(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
) -> Result<Json<StatsBody>, ApiError> {
    let query = QueryString::parse(uri.query())?;
    let params = list_query::read(&query, &Shape::default(), uri.path())?;
    let figures = state.tasks.stats(&params.filter, state.clock.now()).await?;
    Ok(Json(figures.into()))
}

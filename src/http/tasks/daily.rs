//! `GET /tasks/stats/daily`

use axum::Json;
use axum::extract::{OriginalUri, State};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use super::query_reader::Reader;
use crate::domain::daily::DAYS_MAX;
use crate::domain::{DayFigures, DayWindow};
use crate::http::error::ApiError;
use crate::http::openapi::ListProblems;
use crate::http::query_string::QueryString;
use crate::http::state::AppState;

/// Days unless the client says how many.
const DAYS_DEFAULT: u16 = 30;

/// How far back.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameter; the handler reads it")]
pub(crate) struct DaysParam {
    /// How many days, today included.
    #[param(minimum = 1, maximum = 366, default = 30)]
    days: Option<i64>,
}

/// The tasks of one day. Tasks that were deleted since are not counted.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DayFigures)]
pub(crate) struct DayBody {
    /// The day, in UTC.
    #[schema(format = Date, example = "2026-11-21")]
    pub(crate) date: String,
    /// Made on it.
    #[schema(minimum = 0)]
    pub(crate) created: i64,
    /// Became done on it, and still are.
    #[schema(minimum = 0)]
    pub(crate) completed: i64,
    /// Made by its end, and not completed by then; today: so far.
    #[schema(minimum = 0)]
    pub(crate) open: i64,
}

impl From<DayFigures> for DayBody {
    fn from(day: DayFigures) -> Self {
        let (year, month, of_month) = day.date.to_calendar_date();
        Self {
            date: format!("{year:04}-{:02}-{of_month:02}", u8::from(month)),
            created: day.created,
            completed: day.completed,
            open: day.open,
        }
    }
}

/// Figures of each day
#[utoipa::path(
    get, path = "/tasks/stats/daily", tag = "tasks", operation_id = "dailyTaskStats",
    params(DaysParam),
    responses(
        (status = 200, description = "Every day, the oldest first and today last", body = Vec<DayBody>),
        ListProblems
    )
)]
pub(crate) async fn daily(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
) -> Result<Json<Vec<DayBody>>, ApiError> {
    let query = QueryString::parse(uri.query())?;
    let mut reader = Reader::new(&query);
    reader.refuse_unknown(&["days"]);
    let days = reader.integer("days", 1..=i64::from(DAYS_MAX));
    let days = days.and_then(|days| days.try_into().ok()).unwrap_or(DAYS_DEFAULT);
    let days = reader.finish(days)?;
    let figures = state.tasks.daily(&DayWindow::ending(state.clock.now(), days)).await?;
    Ok(Json(figures.into_iter().map(DayBody::from).collect()))
}

//! `GET /tasks/export`: every task that the filters let through, as a file.
//!
//! Read in keyset pages and sent as they come, so memory does not grow with the number of tasks and no connection
//! waits for a slow client. `REQUEST_TIMEOUT` bounds the time to the first page; then each page is a statement with
//! the limit of a statement. Where one fails the connection is broken off, so that a part never looks like the whole.

pub(super) mod csv;
mod ics;

use std::sync::Arc;

use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{OriginalUri, State};
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use futures_util::stream::try_unfold;
use utoipa::IntoParams;

use super::list::LARGE_READS_TURNS;
use super::list_query::{self, LIMIT_MAX, Shape};
use super::model::TaskBody;
use crate::domain::text::quoted;
use crate::domain::{Cursor, Task, ValueError};
use crate::http::error::ApiError;
use crate::http::middleware::RequestId;
use crate::http::openapi::{FilterParams, ListProblems, StatusParam, WordsParam};
use crate::http::query_string::QueryString;
use crate::http::state::AppState;
use crate::store::{ListQuery, Page, Start, TaskStore};

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// What the file is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    /// An array of tasks, a line each.
    #[default]
    Json,
    /// A table.
    Csv,
    /// A calendar of to-dos.
    Ics,
}

impl Format {
    /// What [`Format::parse`] takes: completes "it must be …".
    pub(super) const ALLOWED: &str = "one of json, csv, ics";

    /// Reads the word, which is also the end of the file's name.
    pub(super) fn parse(word: &str) -> Result<Self, ValueError> {
        let known = [Self::Json, Self::Csv, Self::Ics].into_iter();
        known.into_iter().find(|format| format.as_str() == word).ok_or_else(|| {
            let detail = format!("format must be {}; got {}", Self::ALLOWED, quoted(word));
            ValueError::new("not_allowed", detail)
        })
    }

    fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Csv => "csv",
            Self::Ics => "ics",
        }
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ics => "text/calendar; charset=utf-8",
        }
    }

    fn begin(self) -> Vec<u8> {
        match self {
            Self::Json => b"[".to_vec(),
            Self::Csv => csv::header(),
            Self::Ics => ics::begin().into_bytes(),
        }
    }

    /// A page; `first` is the first one.
    fn page(self, tasks: Vec<Task>, first: bool) -> Result<Vec<u8>, BoxError> {
        match self {
            Self::Json => json_lines(tasks, first),
            Self::Csv => Ok(csv::lines(&tasks)?),
            Self::Ics => Ok(ics::components(&tasks).into_bytes()),
        }
    }

    fn end(self) -> Vec<u8> {
        match self {
            Self::Json => b"\n]\n".to_vec(),
            Self::Csv => Vec::new(),
            Self::Ics => ics::end().into_bytes(),
        }
    }
}

fn json_lines(tasks: Vec<Task>, first: bool) -> Result<Vec<u8>, BoxError> {
    let mut out = Vec::with_capacity(tasks.len() * 512);
    for (at, task) in tasks.into_iter().enumerate() {
        out.extend_from_slice(if first && at == 0 { b"\n" } else { b",\n" });
        serde_json::to_writer(&mut out, &TaskBody::from(task))?;
    }
    Ok(out)
}

/// What the file is, and its order.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters; tasks::list_query reads them")]
pub(crate) struct ExportParams {
    /// `json`: an array; `csv`: RFC 4180 with a header; `ics`: RFC 5545 to-dos. Only this decides, not Accept.
    #[param(default = "json", pattern = "^(json|csv|ics)$")]
    format: Option<String>,
    /// As for a list. Tasks that are made meanwhile may come at the end of the default order.
    #[param(
        default = "created_at",
        example = "number",
        pattern = r"^-?(created_at|updated_at|due_date|completed_at|priority|status|title|number)(,-?(created_at|updated_at|due_date|completed_at|priority|status|title|number))*$"
    )]
    sort: Option<String>,
}

/// Export tasks as a file
#[utoipa::path(
    get, path = "/tasks/export", tag = "tasks", operation_id = "exportTasks",
    params(ExportParams, StatusParam, FilterParams, WordsParam),
    responses(
        (status = 200, description = "All of them; a connection that breaks off before the end is the sign of a failure", content(
            (Vec<TaskBody> = "application/json"), (String = "text/csv"), (String = "text/calendar"),
        ), headers(("Content-Disposition" = String, description = "The file's name, `tasks-YYYYMMDD.csv` and the like"))),
        ListProblems
    )
)]
pub(crate) async fn export(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    let query = QueryString::parse(uri.query())?;
    let params = list_query::read(&query, &Shape { export: true, ..Shape::default() }, uri.path())?;
    let now = state.clock.now();
    let format = params.format;
    let query = ListQuery {
        filter: params.filter,
        sort: params.sort,
        limit: LIMIT_MAX,
        start: Start::Skip(0),
        now,
    };
    // The first page comes before the answer, so that a database that is not there is a 503.
    let first = {
        let _turn = LARGE_READS_TURNS.acquire().await.ok();
        state.tasks.list(&query).await?
    };
    let export =
        Export { tasks: state.tasks, query, format, request_id, step: Step::First(first), sent: 0 };
    let (date, extension) = (now.date(), format.as_str());
    let (year, month, day) = (date.year(), u8::from(date.month()), date.day());
    let disposition =
        format!("attachment; filename=\"tasks-{year:04}{month:02}{day:02}.{extension}\"");
    let headers =
        [(CONTENT_TYPE, format.media_type().to_owned()), (CONTENT_DISPOSITION, disposition)];
    Ok((headers, Body::from_stream(try_unfold(export, Export::advance))).into_response())
}

/// A file that is being written.
struct Export {
    tasks: Arc<dyn TaskStore>,
    query: ListQuery,
    format: Format,
    request_id: RequestId,
    step: Step,
    sent: usize,
}

enum Step {
    First(Page),
    Further,
    Over,
}

impl Export {
    /// The next piece of the file, and what is left of the work.
    async fn advance(mut self) -> Result<Option<(Bytes, Self)>, BoxError> {
        match self.next_piece().await {
            Ok(piece) => Ok(piece.map(|piece| (piece, self))),
            Err(error) => {
                let request_id = self.request_id.0.as_ref();
                tracing::error!(request_id, sent = self.sent, %error, "an export was broken off");
                Err(error)
            }
        }
    }

    async fn next_piece(&mut self) -> Result<Option<Bytes>, BoxError> {
        let (mut piece, page) = match std::mem::replace(&mut self.step, Step::Over) {
            Step::First(page) => (self.format.begin(), page),
            Step::Further => {
                let _turn = LARGE_READS_TURNS.acquire().await.ok();
                (Vec::new(), self.tasks.list(&self.query).await?)
            }
            Step::Over => return Ok(None),
        };
        let first = self.sent == 0;
        self.sent += page.tasks.len();
        let last = page.tasks.last().filter(|_| page.more);
        if let Some(last) = last {
            self.query.start = Start::After(Cursor::after(last, &self.query.sort));
            self.step = Step::Further;
        }
        piece.extend(self.format.page(page.tasks, first)?);
        if matches!(self.step, Step::Over) {
            piece.extend(self.format.end());
        }
        Ok(Some(piece.into()))
    }
}

//! `GET /tasks/events`

use axum::extract::{OriginalUri, State};
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{Extensions, HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};

use super::reader::{Reader, integer};
use crate::domain::text::quoted;
use crate::domain::{EventMark, Fault, Place, Violations};
use crate::http::error::ApiError;
use crate::http::events::{MEDIA_TYPE, NoPlace};
use crate::http::openapi::{EventParams, LastEventId, ListProblems};
use crate::http::query_string::QueryString;
use crate::http::server::Client;
use crate::http::state::AppState;

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Proxies that know it pass each event on at once.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");

/// Follow the tasks
#[utoipa::path(
    get, path = "/tasks/events", tag = "tasks", operation_id = "followTasks",
    params(EventParams, LastEventId),
    responses(
        (status = 200, description = "Server-sent events, until the client or the instance ends: `hello`, `task.created`, `task.updated`, `task.deleted` and `resync`", body = String, content_type = "text/event-stream"),
        ListProblems
    )
)]
pub(crate) async fn events(
    State(state): State<AppState>,
    OriginalUri(uri): OriginalUri,
    headers: HeaderMap,
    extensions: Extensions,
) -> Result<Response, ApiError> {
    let query = QueryString::parse(uri.query())?;
    let after = last_event_id(&query, &headers)?.map(EventMark::from_wire);
    let client = extensions.get::<Client>();
    let client = client.ok_or_else(|| ApiError::Internal("a request without a client".into()))?;
    let stream = state.events.subscribe(after, client).await.map_err(|error| match error {
        NoPlace::Full => ApiError::TooManyStreams,
        NoPlace::FullForAddress => ApiError::TooManyStreamsFromAddress,
        NoPlace::Store(error) => error.into(),
    })?;
    let head = [(CONTENT_TYPE, MEDIA_TYPE), (CACHE_CONTROL, "no-store"), (X_ACCEL_BUFFERING, "no")];
    Ok((head, stream.into_body()).into_response())
}

/// The last event that the client had. The header counts before the parameter: a browser that comes back asks for
/// the same address again, and sends what it had last in the header.
fn last_event_id(query: &QueryString, headers: &HeaderMap) -> Result<Option<i64>, Violations> {
    let mut reader = Reader::new(query);
    reader.refuse_unknown(&["last_event_id"]);
    let parse = |name: &'static str| move |text: &str| integer(name, text, 0, i64::MAX);
    let parameter = reader.read("last_event_id", parse("last_event_id"));
    let mut lines = headers.get_all(LAST_EVENT_ID).iter();
    let header = match (lines.next(), lines.next()) {
        (None, _) => None,
        // What a client sends that was given no number yet.
        (Some(line), None) if line.is_empty() => None,
        (Some(line), None) => {
            let read = line.to_str().map_err(|_| {
                let got = quoted(&String::from_utf8_lossy(line.as_bytes()));
                Fault::new("invalid_number", format!("Last-Event-ID must be a number; got {got}"))
            });
            let read = read.and_then(parse("Last-Event-ID"));
            reader.violations.keep(|| Place::parameter("Last-Event-ID"), read)
        }
        (Some(_), Some(_)) => {
            let fault = Fault::new("repeated", "Last-Event-ID may be given once");
            reader.violations.push(Place::parameter("Last-Event-ID"), fault);
            None
        }
    };
    if reader.violations.is_empty() { Ok(header.or(parameter)) } else { Err(reader.violations) }
}

//! `GET /tasks/events`: a stream, or for clients that ask from time to time the same events as a list.

use axum::extract::{OriginalUri, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE, VARY};
use axum::http::{Extensions, HeaderMap, HeaderName};
use axum::response::{IntoResponse, Response};

use super::query_reader::{Reader, integer, whole_number};
use crate::domain::{EventMark, Place, ValidationErrors, ValueError};
use crate::http::error::ApiError;
use crate::http::events::{MEDIA_TYPE, NoPlace};
use crate::http::media_type::prefers;
use crate::http::openapi::{
    EVENT_STREAM_EXAMPLE, EventListBody, EventParams, EventStreamBody, LastEventId, ListProblems,
};
use crate::http::query_string::QueryString;
use crate::http::server::Client;
use crate::http::state::AppState;

const JSON: &str = "application/json";
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
/// Proxies that know it pass each event on at once.
const X_ACCEL_BUFFERING: HeaderName = HeaderName::from_static("x-accel-buffering");
/// Ids stay exact in JavaScript.
const ID_RANGE: std::ops::RangeInclusive<i64> = 0..=(1 << 53) - 1;

/// Follow the tasks
///
/// As a stream of server-sent events, or, where `Accept` prefers `application/json`, as the list of what came after an
/// event, answered at once.
#[utoipa::path(
    get, path = "/tasks/events", tag = "tasks", operation_id = "followTasks",
    params(EventParams, LastEventId),
    responses(
        (status = 200, description = "Server-sent events, until the client or the instance ends, or at most 500 events as a list", content(
            (EventStreamBody = "text/event-stream", example = json!(EVENT_STREAM_EXAMPLE)),
            (EventListBody = "application/json", example = json!([{"id": 44_040_192, "event": "resync", "data": {}}])),
        ), headers(("Vary" = String, description = "`accept`: what is answered depends on it"))),
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
    let refuse = |error| match error {
        NoPlace::Full => ApiError::TooManyStreams,
        NoPlace::FullForAddress => ApiError::TooManyStreamsFromAddress,
        NoPlace::Ended => ApiError::Ending,
        NoPlace::Store(error) => error.into(),
    };
    let vary = (VARY, "accept");
    if prefers(headers.get_all(ACCEPT), JSON, MEDIA_TYPE) {
        let events = state.events.poll(after).await.map_err(refuse)?;
        return Ok(([(CONTENT_TYPE, JSON), vary], events).into_response());
    }
    let client = extensions.get::<Client>();
    let client = client.ok_or_else(|| ApiError::Internal("a request without a client".into()))?;
    let stream = state.events.subscribe(after, client).await.map_err(refuse)?;
    let head =
        [(CONTENT_TYPE, MEDIA_TYPE), (CACHE_CONTROL, "no-store"), (X_ACCEL_BUFFERING, "no"), vary];
    Ok((head, stream.into_body()).into_response())
}

/// The last event that the client had. The header counts before the parameter: a browser that comes back asks for
/// the same address again, and sends what it had last in the header.
fn last_event_id(
    query: &QueryString,
    headers: &HeaderMap,
) -> Result<Option<i64>, ValidationErrors> {
    let mut reader = Reader::new(query);
    reader.refuse_unknown(&["after", "last_event_id"]);
    let [after, last_event_id] = ["after", "last_event_id"]
        .map(|name| reader.read(name, whole_number(&ID_RANGE), |text| event_id(name, text)));
    if !reader.all("after").is_empty() && !reader.all("last_event_id").is_empty() {
        let detail = "after and last_event_id must not be given together; they mean the same";
        reader.fault("after", ValueError::new("conflict", detail));
    }
    let name = "Last-Event-ID";
    let mut lines = headers.get_all(LAST_EVENT_ID).iter();
    let header = match (lines.next(), lines.next()) {
        (None, _) => None,
        // What a client sends that was given no number yet.
        (Some(line), None) if line.is_empty() => None,
        (Some(line), None) => {
            let text = String::from_utf8_lossy(line.as_bytes());
            let read = event_id(name, &text);
            reader.violations.keep(|| Place::parameter(name), read)
        }
        (Some(_), Some(_)) => {
            let allowed = whole_number(&ID_RANGE);
            let detail = format!("{name} must be {allowed}, and sent once; it was sent again");
            reader.fault(name, ValueError::new("repeated", detail));
            None
        }
    };
    reader.finish(header.or(after).or(last_event_id))
}

/// Beyond the range there is no event: anyone who asks for what came after it is told to reload, as after any event that is
/// gone.
fn event_id(name: &str, text: &str) -> Result<i64, ValueError> {
    integer(name, text, &(0..=i64::MAX)).or_else(|_| integer(name, text, &ID_RANGE))
}

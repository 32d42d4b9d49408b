//! The OpenAPI document: what all operations share, and the page that shows it.

use std::collections::BTreeMap;

use axum::http::StatusCode;
use serde::Serialize;
use utoipa::openapi::response::Response as ResponseObject;
use utoipa::openapi::schema::Type;
use utoipa::openapi::{
    ContentBuilder, Header, HeaderBuilder, ObjectBuilder, OpenApi as OpenApiDocument, Ref, RefOr,
    ResponseBuilder,
};
use utoipa::{IntoParams, IntoResponses, OpenApi, ToSchema};

use super::problem::{self, Kind, MEDIA_TYPE, ProblemBody, ProblemError};
use super::tasks::model::{PriorityBody, StatusBody, TaskBody};

/// What the document says before the first path.
#[derive(Debug, OpenApi)]
#[openapi(
    info(
        title = "taskmanager",
        description = "Tasks over HTTP. Every error, on every path, is an RFC 9457 problem; every answer carries X-Request-Id.",
        license(name = "MIT", identifier = "MIT")
    ),
    tags(
        (name = "tasks", description = "Tasks"),
        (name = "operations", description = "For probes, scrapers and people on duty")
    ),
    components(schemas(ProblemBody, ProblemError))
)]
pub struct Document;

/// How a path names a task.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "documents the parameter; extract::PathRef reads it")]
pub(super) struct RefParam {
    /// The id (lower case, hyphens) or the number (digits, no leading zero). Anything else is 404.
    #[param(
        example = "1",
        pattern = r"^([1-9][0-9]{0,18}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$"
    )]
    r#ref: String,
}

/// The status in the path.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Path)]
#[expect(dead_code, reason = "documents the parameter; the handler reads it")]
pub(super) struct StatusPath {
    /// Which status.
    #[param(inline)]
    status: StatusBody,
}

/// The version that a change is made to.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents the parameters; extract::precondition reads them")]
pub(super) struct Preconditions {
    /// Change only if the task has one of these tags; `*`: if it exists.
    #[param(
        rename = "If-Match",
        nullable = false,
        example = r#""01993c1e-6f1a-7c3e-9a51-0f6e6a4b2d11.1""#
    )]
    if_match: Option<String>,
    /// Change only if the task has none of these tags.
    #[param(rename = "If-None-Match", nullable = false)]
    if_none_match: Option<String>,
}

/// The name of a request.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents the parameter; idempotency::KeyedRequest reads it")]
pub(super) struct IdempotencyKey {
    /// Carries the request out once: sent again with the same key within 24 hours it gets the answer of the first time. Visible ASCII characters, with double quotes around them or without.
    #[param(
        rename = "Idempotency-Key",
        nullable = false,
        min_length = 1,
        max_length = 255,
        pattern = r"^[!#-~][!-~]*$",
        example = "8e03978e-40d5-43dd-bc93-6894a57f9324"
    )]
    idempotency_key: Option<String>,
}

/// The versions that the client has.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents the parameter; extract::tag_list reads it")]
pub(super) struct IfNoneMatch {
    /// Answer with the task only if it has none of these tags, else with 304.
    #[param(
        rename = "If-None-Match",
        nullable = false,
        example = r#""01993c1e-6f1a-7c3e-9a51-0f6e6a4b2d11.1""#
    )]
    if_none_match: Option<String>,
}

/// Paging and sorting.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters; tasks::list_query reads them")]
pub(super) struct ListParams {
    /// Most rows in the answer.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<i64>,
    /// Rows to leave out before the first. Not together with `cursor`.
    #[param(minimum = 0, default = 0)]
    skip: Option<i64>,
    /// Where the page begins: from the Link header of the page before, unchanged. Not together with `skip`.
    #[param(min_length = 1)]
    cursor: Option<String>,
    /// Comma list of `created_at`, `updated_at`, `due_date`, `completed_at`, `priority`, `status`, `title` and `number`, each once, with `-` before it for descending.
    #[param(
        default = "-created_at",
        example = "-priority,due_date",
        pattern = r"^-?(created_at|updated_at|due_date|completed_at|priority|status|title|number)(,-?(created_at|updated_at|due_date|completed_at|priority|status|title|number))*$"
    )]
    sort: Option<String>,
    /// Whether to add `X-Total-Count`.
    #[param(default = false)]
    count: Option<bool>,
}

/// Which status, where the path does not say it.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameter; tasks::list_query reads it")]
pub(super) struct StatusParam {
    /// Any of these: repeated, or a comma list.
    #[param(inline, style = Form, explode)]
    status: Option<Vec<StatusBody>>,
}

/// Which tasks.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters; tasks::list_query reads them")]
pub(super) struct FilterParams {
    /// Any of these: repeated, or a comma list.
    #[param(inline, style = Form, explode)]
    priority: Option<Vec<PriorityBody>>,
    /// Any of these: a comma list, or repeated (then a comma is part of the name); at most 100 different ones. Empty is unassigned.
    #[param(style = Form, explode)]
    assignee: Option<Vec<String>>,
    /// Due at this moment or later (RFC 3339, UTC unless it says otherwise).
    #[param(min_length = 1, example = "2026-12-01")]
    due_after: Option<String>,
    /// Due before this moment (RFC 3339, UTC unless it says otherwise).
    #[param(min_length = 1, example = "2026-12-24T18:00:00Z")]
    due_before: Option<String>,
    /// Due in the past and not done; `false` is all others.
    overdue: Option<bool>,
}

/// Words, where they may be left out.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameter; tasks::list_query reads it")]
pub(super) struct WordsParam {
    /// Words that must all occur in title, description or assignee, without regard to case and accents.
    #[param(max_length = 200)]
    q: Option<String>,
}

/// The search's own parameter.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameter; tasks::list_query reads it")]
pub(super) struct SearchParam {
    /// Words that must all occur in title, description or assignee, without regard to case and accents.
    #[param(min_length = 1, max_length = 200, example = "tache")]
    q: String,
}

/// Where the events begin.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters; tasks::events reads them")]
pub(super) struct EventParams {
    /// The `id` of the last event that the client had: what it missed comes first. 0 is before the first of all.
    #[param(minimum = 0)]
    after: Option<i64>,
    /// The same by another name. Not together with `after`.
    #[param(minimum = 0)]
    last_event_id: Option<i64>,
}

/// Where a stream of events begins, as browsers say it when they come back.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Header)]
#[expect(dead_code, reason = "documents the parameter; tasks::events reads it")]
pub(super) struct LastEventId {
    /// As `after`, and counts before it.
    #[param(rename = "Last-Event-ID", nullable = false, minimum = 0)]
    last_event_id: Option<i64>,
}

/// The events of a stream, one after the other, as the HTML Living Standard section 9.2 writes them.
#[derive(Debug, ToSchema)]
#[schema(as = EventStream)]
#[expect(dead_code, reason = "documents the stream; http::events writes it")]
pub(super) struct EventStreamBody(Vec<StreamEventBody>);

/// One event of a stream.
#[derive(Debug, ToSchema)]
#[schema(as = StreamEvent)]
#[expect(dead_code, reason = "documents the stream; http::events writes it")]
struct StreamEventBody {
    /// What happened.
    event: EventNameBody,
    /// What a client that comes back sends; below 2^53.
    #[schema(minimum = 0)]
    id: i64,
    /// JSON: the `data` of an `Event`.
    #[schema(content_media_type = "application/json")]
    data: String,
    /// Milliseconds to wait before coming back; with the first event of a stream.
    #[schema(nullable = false, minimum = 0)]
    retry: Option<u32>,
}

/// What came after an event, in order; nothing, where nothing did.
#[derive(Debug, ToSchema)]
#[schema(as = EventList, max_items = 500)]
#[expect(dead_code, reason = "documents the answer; http::events writes it")]
pub(super) struct EventListBody(Vec<EventBody>);

/// One event of a list.
#[derive(Debug, ToSchema)]
#[schema(as = Event)]
#[expect(dead_code, reason = "documents the answer; http::events writes it")]
struct EventBody {
    /// The `after` of the next request, if it is the last; below 2^53.
    #[schema(minimum = 0)]
    id: i64,
    /// What happened.
    event: EventNameBody,
    /// What it happened to.
    data: EventDataBody,
}

/// `hello`: what follows comes after this event. `resync`: changes cannot be told, or not now: get the tasks themselves.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = EventName)]
#[expect(dead_code, reason = "documents the words; http::events writes them")]
enum EventNameBody {
    #[serde(rename = "hello")]
    Hello,
    #[serde(rename = "task.created")]
    TaskCreated,
    #[serde(rename = "task.updated")]
    TaskUpdated,
    #[serde(rename = "task.deleted")]
    TaskDeleted,
    #[serde(rename = "resync")]
    Resync,
}

/// Of `task.created`, `task.updated` and `task.deleted` the task; before it, where it was deleted.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
#[schema(as = EventData)]
#[expect(dead_code, reason = "documents the answer; http::events writes it")]
enum EventDataBody {
    Task(TaskBody),
    Hello(HelloBody),
    Resync(ResyncBody),
}

/// Of `hello`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Hello)]
struct HelloBody {
    /// The event's id once more.
    #[schema(minimum = 0)]
    id: i64,
}

/// Of `resync`: nothing.
#[derive(Debug, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Resync)]
struct ResyncBody {}

/// A stream's first event, and a task's.
pub(super) const EVENT_STREAM_EXAMPLE: &str = ":\nretry: 1000\nid: 44040192\nevent: hello\ndata: {\"id\":44040192}\n\n\
    id: 45613312\nevent: task.deleted\ndata: {\"id\":\"01993c1e-6f1a-7c3e-9a51-0f6e6a4b2d11\",\"number\":1,\"title\":\"Ma tâche\",\
    \"description\":null,\"status\":\"todo\",\"priority\":\"medium\",\"completed\":false,\"assignee\":null,\"due_date\":null,\
    \"created_at\":\"2026-11-21T09:00:00.123456Z\",\"updated_at\":\"2026-11-21T09:00:00.123456Z\",\"completed_at\":null,\
    \"version\":1}\n\n";

macro_rules! problem_sets {
    ($($(#[$doc:meta])* $name:ident: $($kind:ident)+;)+) => {
        $($(#[$doc])* #[derive(Debug)] pub(super) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<ResponseObject>> {
                responses_of(&[$(&problem::$kind),+])
            }
        })+
    };
}

problem_sets! {
    /// A list, a count or a figure.
    ListProblems: MALFORMED_QUERY VALIDATION INTERNAL UNAVAILABLE;
    /// One task is looked for.
    FindProblems: NOT_FOUND INTERNAL UNAVAILABLE;
    /// A body makes something, once if the request has a key.
    PostProblems: MALFORMED_JSON KEY_IN_USE PAYLOAD_TOO_LARGE UNSUPPORTED_MEDIA_TYPE VALIDATION INTERNAL UNAVAILABLE;
    /// A body changes something.
    ChangeProblems: MALFORMED_JSON NOT_FOUND PRECONDITION_FAILED PAYLOAD_TOO_LARGE UNSUPPORTED_MEDIA_TYPE VALIDATION INTERNAL UNAVAILABLE;
    /// Something is removed.
    RemoveProblems: NOT_FOUND PRECONDITION_FAILED INTERNAL UNAVAILABLE;
    /// The schema cannot be read.
    SchemaProblems: UNAVAILABLE;
    /// The instance may not get traffic.
    ReadyProblems: MALFORMED_QUERY VALIDATION NOT_READY;
}

pub(super) fn responses_of(kinds: &[&Kind]) -> BTreeMap<String, RefOr<ResponseObject>> {
    let schema = Ref::from_schema_name(ProblemBody::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    kinds
        .iter()
        .map(|kind| {
            let mut response =
                ResponseBuilder::new().description(kind.title).content(MEDIA_TYPE, content.clone());
            if matches!(
                kind.status,
                StatusCode::CONFLICT
                    | StatusCode::TOO_MANY_REQUESTS
                    | StatusCode::SERVICE_UNAVAILABLE
            ) {
                let whole = ObjectBuilder::new().schema_type(Type::Integer).minimum(Some(1));
                let seconds = HeaderBuilder::new().schema(Some(whole));
                let seconds = seconds.description(Some("Seconds to wait"));
                response = response.header("Retry-After", seconds.build());
            }
            (kind.status.as_str().to_owned(), response.build().into())
        })
        .collect()
}

/// Adds what the outermost layer adds: every answer carries the request's id.
pub(super) fn name_requests(document: &mut OpenApiDocument) {
    for path in document.paths.paths.values_mut() {
        let operations =
            [&mut path.get, &mut path.put, &mut path.post, &mut path.patch, &mut path.delete];
        for operation in operations.into_iter().flatten() {
            for response in operation.responses.responses.values_mut() {
                if let RefOr::T(response) = response {
                    response.headers.insert("X-Request-Id".to_owned(), request_id());
                }
            }
        }
    }
}

fn request_id() -> RefOr<Header> {
    let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1));
    let header = HeaderBuilder::new().schema(Some(text.max_length(Some(128))));
    let words = "The request's own, if it is 1 to 128 visible ASCII characters, else a new one";
    header.description(Some(words)).build().into()
}

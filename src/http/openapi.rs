//! The OpenAPI document: what all operations share, and the page that shows it.

use std::collections::BTreeMap;

use utoipa::openapi::response::Response as ResponseObject;
use utoipa::openapi::{ContentBuilder, HeaderBuilder, Ref, RefOr, ResponseBuilder};
use utoipa::{IntoParams, IntoResponses, OpenApi, ToSchema};

use super::problem::{self, Kind, MEDIA_TYPE, ProblemBody, ProblemError};
use super::tasks::model::{PriorityBody, StatusBody};

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
#[expect(dead_code, reason = "documents the parameter; extract::precondition reads it")]
pub(super) struct IfMatch {
    /// Change only if the task has one of these tags; `*`: if it exists.
    #[param(rename = "If-Match")]
    if_match: Option<String>,
}

/// Paging and sorting.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters; tasks::params reads them")]
pub(super) struct ListParams {
    /// Most rows in the answer.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    limit: Option<i64>,
    /// Rows to leave out before the first. Not together with `cursor`.
    #[param(minimum = 0, default = 0)]
    skip: Option<i64>,
    /// Where the page begins: from the Link header of the page before, unchanged. Not together with `skip`.
    cursor: Option<String>,
    /// Comma list of `created_at`, `updated_at`, `due_date`, `completed_at`, `priority`, `status`, `title` and `number`, each once, with `-` before it for descending.
    #[param(default = "-created_at", example = "-priority,due_date")]
    sort: Option<String>,
    /// Whether to add `X-Total-Count`.
    #[param(default = false)]
    count: Option<bool>,
}

/// Which tasks.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameters; tasks::params reads them")]
pub(super) struct FilterParams {
    /// Any of these: repeated, or a comma list.
    #[param(inline)]
    status: Option<Vec<StatusBody>>,
    /// Any of these: repeated, or a comma list.
    #[param(inline)]
    priority: Option<Vec<PriorityBody>>,
    /// Any of these: a comma list, or repeated (then a comma is part of the name). Empty is unassigned.
    assignee: Option<Vec<String>>,
    /// Due at this moment or later (RFC 3339, UTC unless it says otherwise).
    due_after: Option<String>,
    /// Due before this moment (RFC 3339, UTC unless it says otherwise).
    due_before: Option<String>,
    /// Due in the past and not done; `false` is all others.
    overdue: Option<bool>,
    /// Words that must all occur in title, description or assignee, without regard to case and accents.
    #[param(max_length = 200)]
    q: Option<String>,
}

/// The search's own parameter.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameter; tasks::params reads it")]
pub(super) struct SearchParam {
    /// Words that must all occur in title, description or assignee, without regard to case and accents.
    #[param(min_length = 1, max_length = 200, example = "tache")]
    q: String,
}

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
    /// A body makes something.
    WriteProblems: MALFORMED_JSON PAYLOAD_TOO_LARGE UNSUPPORTED_MEDIA_TYPE VALIDATION INTERNAL UNAVAILABLE;
    /// A body changes something.
    ChangeProblems: MALFORMED_JSON NOT_FOUND PRECONDITION_FAILED PAYLOAD_TOO_LARGE UNSUPPORTED_MEDIA_TYPE VALIDATION INTERNAL UNAVAILABLE;
    /// Something is removed.
    RemoveProblems: NOT_FOUND PRECONDITION_FAILED INTERNAL UNAVAILABLE;
    /// The instance may not get traffic.
    ReadyProblems: NOT_READY;
}

fn responses_of(kinds: &[&Kind]) -> BTreeMap<String, RefOr<ResponseObject>> {
    let schema = Ref::from_schema_name(ProblemBody::name());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    kinds
        .iter()
        .map(|kind| {
            let mut response =
                ResponseBuilder::new().description(kind.title).content(MEDIA_TYPE, content.clone());
            if kind.status == axum::http::StatusCode::SERVICE_UNAVAILABLE {
                let seconds = HeaderBuilder::new().description(Some("Seconds to wait")).build();
                response = response.header("Retry-After", seconds);
            }
            (kind.status.as_str().to_owned(), response.build().into())
        })
        .collect()
}

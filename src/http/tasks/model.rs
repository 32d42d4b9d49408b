//! A task on the wire: how it is written, and how a body becomes a draft or a patch.

use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::domain::date;
use crate::domain::text::quoted;
use crate::domain::{
    Assignee, Change, Description, Place, Priority, Status, StatusChange, Task, TaskDraft,
    TaskPatch, Title, ValidationErrors, ValueError,
};
use crate::http::json::Json;

/// A task.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Task, example = json!({
    "id": "01993c1e-6f1a-7c3e-9a51-0f6e6a4b2d11", "number": 1, "title": "Ma tâche", "description": null,
    "status": "todo", "priority": "medium", "completed": false, "assignee": null,
    "due_date": "2026-12-24T18:00:00.000000Z", "created_at": "2026-11-21T09:00:00.123456Z",
    "updated_at": "2026-11-21T09:00:00.123456Z", "completed_at": null, "version": 1
}))]
pub(crate) struct TaskBody {
    /// `UUIDv7`, given by the server; never changes.
    pub(crate) id: Uuid,
    /// 1, 2, 3 …: the name that a person types. Never reused; gaps are possible.
    #[schema(minimum = 1, example = 1)]
    pub(crate) number: i64,
    /// Trimmed.
    #[schema(min_length = 1, max_length = 200, example = "Ma tâche")]
    pub(crate) title: String,
    /// Kept as it was sent.
    #[schema(max_length = 1000, required)]
    pub(crate) description: Option<String>,
    /// How far the work is.
    pub(crate) status: StatusBody,
    /// How urgent the work is.
    pub(crate) priority: PriorityBody,
    /// Whether the status is `done`.
    pub(crate) completed: bool,
    /// Who does it; null is nobody.
    #[schema(min_length = 1, max_length = 100, required)]
    pub(crate) assignee: Option<String>,
    /// When it should be done, UTC.
    #[schema(format = DateTime, required)]
    pub(crate) due_date: Option<String>,
    /// When it was made, UTC, microseconds.
    #[schema(format = DateTime)]
    pub(crate) created_at: String,
    /// When a field last really changed, UTC, microseconds.
    #[schema(format = DateTime)]
    pub(crate) updated_at: String,
    /// When it last became done, UTC, microseconds; null while it is not done.
    #[schema(format = DateTime, required)]
    pub(crate) completed_at: Option<String>,
    /// 1, then one more for each change.
    #[schema(minimum = 1)]
    pub(crate) version: i64,
}

/// How far the work is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Status)]
pub(crate) enum StatusBody {
    /// Not begun.
    Todo,
    /// Begun.
    InProgress,
    /// Finished.
    Done,
}

/// How urgent the work is.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Priority)]
pub(crate) enum PriorityBody {
    /// Can wait.
    Low,
    /// The usual.
    Medium,
    /// First.
    High,
}

impl From<Task> for TaskBody {
    fn from(task: Task) -> Self {
        Self {
            id: task.id,
            number: task.number,
            title: task.title,
            description: task.description,
            status: match task.status {
                Status::Todo => StatusBody::Todo,
                Status::InProgress => StatusBody::InProgress,
                Status::Done => StatusBody::Done,
            },
            priority: match task.priority {
                Priority::Low => PriorityBody::Low,
                Priority::Medium => PriorityBody::Medium,
                Priority::High => PriorityBody::High,
            },
            completed: task.status == Status::Done,
            assignee: task.assignee,
            due_date: task.due_date.map(date::format),
            created_at: date::format(task.created_at),
            updated_at: date::format(task.updated_at),
            completed_at: task.completed_at.map(date::format),
            version: task.version,
        }
    }
}

/// A new task. Read-only fields may be sent and are ignored.
#[derive(Debug, ToSchema)]
#[schema(as = NewTask, example = json!({
    "title": "Ma tâche", "description": "Before the holidays", "priority": "high", "assignee": "Ana",
    "due_date": "2026-12-24T18:00:00Z"
}))]
#[expect(
    dead_code,
    reason = "documents the body, which is read field by field to collect all faults"
)]
pub(crate) struct NewTaskBody {
    /// Trimmed, then 1 to 200 characters, at least one of them visible, none of them a control character.
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^\s*[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?\s*$",
        example = "Ma tâche"
    )]
    title: String,
    /// At most 1000 characters; of the control characters only tab, newline and carriage return.
    #[schema(max_length = 1000, pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
    description: Option<String>,
    /// `todo` unless sent; must not contradict `completed`.
    #[schema(default = "todo", value_type = StatusBody, required = false)]
    status: Option<StatusBody>,
    /// `medium` unless sent.
    #[schema(default = "medium", value_type = PriorityBody, required = false)]
    priority: Option<PriorityBody>,
    /// `true` is the status `done`; `false` is `todo` if it was done, else no change.
    #[schema(nullable = false)]
    completed: Option<bool>,
    /// Trimmed; nothing is nobody, else 1 to 100 characters, at least one of them visible, none of them a control
    /// character.
    #[schema(
        max_length = 100,
        pattern = r"^\s*([^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?)?\s*$"
    )]
    assignee: Option<String>,
    /// RFC 3339; a date, or a timestamp without offset, is read as UTC.
    #[schema(format = DateTime, example = "2026-12-24T18:00:00Z")]
    due_date: Option<String>,
}

/// A change of the fields that are sent, and of no others (RFC 7396). Null clears `description`,
/// `assignee` and `due_date`. Read-only fields may be sent and are ignored.
#[derive(Debug, ToSchema)]
#[schema(as = TaskPatch, example = json!({"status": "done", "assignee": null}))]
#[expect(
    dead_code,
    reason = "documents the body, which is read field by field to collect all faults"
)]
pub(crate) struct TaskPatchBody {
    /// Trimmed, then 1 to 200 characters, at least one of them visible, none of them a control character.
    #[schema(
        min_length = 1,
        max_length = 200,
        nullable = false,
        pattern = r"^\s*[^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?\s*$"
    )]
    title: Option<String>,
    /// At most 1000 characters; of the control characters only tab, newline and carriage return.
    #[schema(max_length = 1000, pattern = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]*$")]
    description: Option<String>,
    /// Must not contradict `completed`.
    #[schema(value_type = StatusBody, required = false)]
    status: Option<StatusBody>,
    /// How urgent the work is.
    #[schema(value_type = PriorityBody, required = false)]
    priority: Option<PriorityBody>,
    /// `true` is the status `done`; `false` is `todo` if it was done, else no change.
    #[schema(nullable = false)]
    completed: Option<bool>,
    /// Trimmed; nothing is nobody, else 1 to 100 characters, at least one of them visible, none of them a control
    /// character.
    #[schema(
        max_length = 100,
        pattern = r"^\s*([^\s\x00-\x1f\x7f-\x9f]([^\x00-\x1f\x7f-\x9f]*[^\s\x00-\x1f\x7f-\x9f])?)?\s*$"
    )]
    assignee: Option<String>,
    /// RFC 3339; a date, or a timestamp without offset, is read as UTC.
    #[schema(format = DateTime)]
    due_date: Option<String>,
}

/// Given by the server; ignored in a body, whatever their value.
pub(super) const READ_ONLY: [&str; 6] =
    ["id", "number", "created_at", "updated_at", "completed_at", "version"];

/// Makes a draft of a body.
///
/// # Errors
///
/// Every rule that the body breaks.
pub(super) fn draft(body: Json) -> Result<TaskDraft, ValidationErrors> {
    let (patch, mut violations) = read(body);
    if patch.title.is_none() && !violations.concerns("/title") && !violations.concerns("") {
        let fault =
            ValueError::new("required", "title is required: a string of 1 to 200 characters");
        violations.push(Place::member("title"), fault);
    }
    match patch.title {
        Some(title) if violations.is_empty() => Ok(TaskDraft {
            title,
            description: patch.description.into_value(),
            status: patch.status.for_new_task(),
            priority: patch.priority.unwrap_or_default(),
            assignee: patch.assignee.into_value(),
            due_date: patch.due_date.into_value(),
        }),
        _ => Err(violations),
    }
}

/// Makes a patch of a body.
///
/// # Errors
///
/// Every rule that the body breaks.
pub(super) fn patch(body: Json) -> Result<TaskPatch, ValidationErrors> {
    let (patch, violations) = read(body);
    if violations.is_empty() { Ok(patch) } else { Err(violations) }
}

fn read(body: Json) -> (TaskPatch, ValidationErrors) {
    let mut violations = ValidationErrors::new();
    let mut patch = TaskPatch::default();
    let Json::Object(members) = body else {
        let detail = format!("the body must be a JSON object, got {}", body.kind());
        violations.push(Place::Pointer(String::new()), ValueError::new("invalid_type", detail));
        return (patch, violations);
    };
    let (mut status, mut completed) = (None, None);
    for (name, value) in &members {
        let place = || Place::member(name);
        match name.as_str() {
            "title" => {
                let title = text(name, "a string of 1 to 200 characters", value, Title::parse);
                patch.title = violations.keep(place, title);
            }
            "description" => {
                let allowed = "null or a string of at most 1000 characters";
                let change = optional(name, allowed, value, |text| {
                    Description::parse(text).map(Change::Set)
                });
                patch.description = violations.keep(place, change).unwrap_or_default();
            }
            "assignee" => {
                let allowed = "null or a string of at most 100 characters";
                let change = optional(name, allowed, value, assignee);
                patch.assignee = violations.keep(place, change).unwrap_or_default();
            }
            "due_date" => {
                let allowed = format!("null or {}", date::ALLOWED);
                let change = optional(name, &allowed, value, |text| {
                    date::parse("due_date", text).map(Change::Set)
                });
                patch.due_date = violations.keep(place, change).unwrap_or_default();
            }
            "status" => {
                let value = text(name, &Status::allowed(), value, Status::parse);
                status = violations.keep(place, value);
            }
            "priority" => {
                let value = text(name, &Priority::allowed(), value, Priority::parse);
                patch.priority = violations.keep(place, value);
            }
            "completed" => completed = violations.keep(place, boolean(name, value)),
            read_only if READ_ONLY.contains(&read_only) => {}
            unknown => violations.push(place(), unknown_field(unknown)),
        }
    }
    let change = violations.keep(|| Place::member("completed"), status_change(status, completed));
    patch.status = change.unwrap_or_default();
    (patch, violations)
}

fn status_change(
    status: Option<Status>,
    completed: Option<bool>,
) -> Result<StatusChange, ValueError> {
    match (status, completed) {
        (Some(status), Some(completed)) if completed != (status == Status::Done) => {
            let detail =
                format!("completed {completed} contradicts the status {status}; send one of them");
            Err(ValueError::new("contradiction", detail))
        }
        (Some(status), _) => Ok(StatusChange::Set(status)),
        (None, Some(true)) => Ok(StatusChange::Set(Status::Done)),
        (None, Some(false)) => Ok(StatusChange::Reopen),
        (None, None) => Ok(StatusChange::Keep),
    }
}

/// Nobody, where nothing is left of it.
fn assignee(text: &str) -> Result<Change<Assignee>, ValueError> {
    if text.trim().is_empty() { Ok(Change::Clear) } else { Assignee::parse(text).map(Change::Set) }
}

/// Reads a string that must not be null. `allowed` completes "it must be …".
pub(super) fn text<T>(
    name: &str,
    allowed: &str,
    value: &Json,
    parse: impl Fn(&str) -> Result<T, ValueError>,
) -> Result<T, ValueError> {
    match value {
        Json::String(text) => parse(text),
        other => Err(null_or_wrong_type(name, allowed, other)),
    }
}

fn optional<T>(
    name: &str,
    allowed: &str,
    value: &Json,
    parse: impl Fn(&str) -> Result<Change<T>, ValueError>,
) -> Result<Change<T>, ValueError> {
    match value {
        Json::Null => Ok(Change::Clear),
        Json::String(text) => parse(text),
        other => Err(wrong_type(name, allowed, other)),
    }
}

fn boolean(name: &str, value: &Json) -> Result<bool, ValueError> {
    match value {
        Json::Bool(value) => Ok(*value),
        other => Err(null_or_wrong_type(name, "true or false", other)),
    }
}

fn null_or_wrong_type(name: &str, allowed: &str, got: &Json) -> ValueError {
    match got {
        Json::Null => ValueError::new("not_null", format!("{name} must be {allowed}; got null")),
        other => wrong_type(name, allowed, other),
    }
}

/// Says that a member is of another type, and what it must be.
pub(super) fn wrong_type(name: &str, allowed: &str, got: &Json) -> ValueError {
    ValueError::new("invalid_type", format!("{name} must be {allowed}; got {}", got.kind()))
}

pub(super) fn unknown_field(name: &str) -> ValueError {
    let detail = format!(
        "{} is not a field of a task; allowed fields: title, description, status, priority, completed, \
         assignee, due_date",
        quoted(name)
    );
    ValueError::new("unknown_field", detail)
}

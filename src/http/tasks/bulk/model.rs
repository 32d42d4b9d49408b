//! Operations on the wire: how they are read, and how their outcomes are written.

use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, SchemaType, Type};
use uuid::Uuid;

use crate::domain::text::quoted;
use crate::domain::{
    Clock, Operation, Outcome, Place, Precondition, TagList, TaskRef, ValidationErrors, ValueError,
};
use crate::http::json::Json;
use crate::http::tasks::model::{self, NewTaskBody, TaskBody, TaskPatchBody, text, wrong_type};

/// Most operations in one request.
const OPERATIONS_MAX: usize = 100;

/// Changes that are made together or not at all.
#[derive(Debug, ToSchema)]
#[schema(as = Bulk, example = json!({"operations": [
    {"op": "create", "task": {"title": "Ma tâche"}},
    {"op": "update", "id": "1", "task": {"status": "done"}}
]}))]
#[expect(
    dead_code,
    reason = "documents the body, which is read field by field to collect all faults"
)]
pub(crate) struct BulkBody {
    /// In this order, each seeing what those before it did.
    #[schema(min_items = 1, max_items = 100)]
    operations: Vec<OperationBody>,
}

/// One change.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "op", rename_all = "lowercase")]
#[schema(as = Operation)]
#[expect(
    dead_code,
    reason = "documents the body, which is read field by field to collect all faults"
)]
pub(crate) enum OperationBody {
    /// Makes a task.
    Create {
        /// The new task.
        #[schema(value_type = NewTaskBody)]
        task: (),
    },
    /// Changes the fields that are sent.
    Update {
        /// Which task.
        #[schema(schema_with = reference)]
        id: String,
        /// The fields.
        #[schema(value_type = TaskPatchBody)]
        task: (),
        /// Change only if the task has one of these tags, as in the header `If-Match`.
        #[schema(nullable = false)]
        if_match: Option<String>,
    },
    /// Removes a task for good.
    Delete {
        /// Which task.
        #[schema(schema_with = reference)]
        id: String,
        /// Remove only if the task has one of these tags, as in the header `If-Match`.
        #[schema(nullable = false)]
        if_match: Option<String>,
    },
}

fn reference() -> Object {
    ObjectBuilder::new()
        .schema_type(SchemaType::from_iter([Type::String, Type::Integer]))
        .description(Some("The id (lower case, hyphens) or the number, as a number or in digits"))
        .minimum(Some(1))
        .pattern(Some(
            "^([1-9][0-9]{0,18}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})$",
        ))
        .build()
}

/// What came of all operations.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BulkResult)]
pub(crate) struct BulkResultBody {
    /// In the order of the operations.
    pub(super) results: Vec<ResultBody>,
}

/// What came of one operation.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "op", rename_all = "lowercase")]
#[schema(as = OperationResult)]
pub(crate) enum ResultBody {
    /// A task was made.
    Create {
        /// 201
        status: u16,
        /// As it was stored.
        task: TaskBody,
    },
    /// A task was changed.
    Update {
        /// 200
        status: u16,
        /// As it is after this operation.
        task: TaskBody,
    },
    /// A task was removed.
    Delete {
        /// 204
        status: u16,
        /// Which one.
        id: Uuid,
    },
}

impl From<&Outcome> for ResultBody {
    fn from(outcome: &Outcome) -> Self {
        match outcome {
            Outcome::Created(task) => Self::Create { status: 201, task: task.clone().into() },
            Outcome::Updated(task) => Self::Update { status: 200, task: task.clone().into() },
            Outcome::Deleted(task) => Self::Delete { status: 204, id: task.id },
        }
    }
}

/// Makes operations of a body; new tasks get their ids from the clock.
///
/// # Errors
///
/// Every rule that any of the operations breaks.
pub(super) fn operations(
    body: Json,
    clock: &dyn Clock,
) -> Result<Vec<Operation>, ValidationErrors> {
    let mut violations = ValidationErrors::new();
    let Json::Object(members) = body else {
        let detail = format!("the body must be a JSON object, got {}", body.kind());
        violations.push(Place::Pointer(String::new()), ValueError::new("invalid_type", detail));
        return Err(violations);
    };
    let mut operations = None;
    for (name, value) in members {
        if name == "operations" {
            operations = Some(violations.keep(|| Place::member("operations"), list(value)));
        } else {
            let detail =
                format!("{} is not a member of the body; allowed: operations", quoted(&name));
            violations.push(Place::member(&name), ValueError::new("unknown_field", detail));
        }
    }
    if operations.is_none() {
        let fault =
            ValueError::new("required", "operations is required: an array of 1 to 100 operations");
        violations.push(Place::member("operations"), fault);
    }
    let operations = operations.flatten().unwrap_or_default();
    let operations = operations.into_iter().enumerate().filter_map(|(at, item)| {
        violations.keep_below(&format!("/operations/{at}"), operation(item, clock))
    });
    let operations: Vec<_> = operations.collect();
    if violations.is_empty() { Ok(operations) } else { Err(violations) }
}

/// The items, if they are as many as are allowed.
fn list(value: Json) -> Result<Vec<Json>, ValueError> {
    let Json::Array(items) = value else {
        return Err(wrong_type("operations", "an array of 1 to 100 operations", &value));
    };
    match items.len() {
        0 => Err(ValueError::new("too_short", "operations must be 1 to 100, got 0")),
        1..=OPERATIONS_MAX => Ok(items),
        count => {
            Err(ValueError::new("too_long", format!("operations must be 1 to 100, got {count}")))
        }
    }
}

/// What an operation does, and so which members it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Create,
    Update,
    Delete,
}

impl Op {
    /// What [`Op::parse`] takes: completes "it must be …".
    const ALLOWED: &str = "one of create, update, delete";

    fn parse(word: &str) -> Result<Self, ValueError> {
        match word {
            "create" => Ok(Self::Create),
            "update" => Ok(Self::Update),
            "delete" => Ok(Self::Delete),
            other => {
                let detail = format!("op must be {}; got {}", Self::ALLOWED, quoted(other));
                Err(ValueError::new("not_allowed", detail))
            }
        }
    }

    /// The members beside `op`, and whether they must be there.
    fn members(self) -> &'static [(&'static str, bool)] {
        match self {
            Self::Create => &[("task", true)],
            Self::Update => &[("id", true), ("task", true), ("if_match", false)],
            Self::Delete => &[("id", true), ("if_match", false)],
        }
    }
}

fn operation(item: Json, clock: &dyn Clock) -> Result<Operation, ValidationErrors> {
    let mut violations = ValidationErrors::new();
    let Json::Object(members) = item else {
        let fault = wrong_type("an operation", "an object", &item);
        violations.push(Place::Pointer(String::new()), fault);
        return Err(violations);
    };
    let word = members.iter().find(|(name, _)| name == "op");
    let op = word.map_or_else(
        || Err(ValueError::new("required", format!("op is required: {}", Op::ALLOWED))),
        |(_, word)| text("op", Op::ALLOWED, word, Op::parse),
    );
    // Without it nobody knows what the other members should be.
    let Some(op) = violations.keep(|| Place::member("op"), op) else { return Err(violations) };
    let known = op.members();
    for (name, _) in known.iter().filter(|(_, required)| *required) {
        if !members.iter().any(|(member, _)| member == name) {
            let detail = format!("{name} is required for this operation: {}", member_rule(name));
            let fault = ValueError::new("required", detail);
            violations.push(Place::member(name), fault);
        }
    }
    let mut parts = Parts::default();
    for (name, value) in members {
        if name != "op" && !known.iter().any(|(member, _)| *member == name) {
            violations.push(Place::member(&name), unknown_member(&name, known));
        } else {
            parts.read(op, &name, value, clock, &mut violations);
        }
    }
    parts.into_operation(op).filter(|_| violations.is_empty()).ok_or(violations)
}

/// What a member of an operation must be: completes "it must be …".
fn member_rule(name: &str) -> &'static str {
    if name == "id" {
        "the id of a task, in lower case with hyphens, or its number"
    } else {
        "an object with the fields of a task"
    }
}

fn unknown_member(name: &str, known: &[(&str, bool)]) -> ValueError {
    let known = known.iter().map(|(member, _)| *member).collect::<Vec<_>>().join(", ");
    let detail =
        format!("{} is not a member of this operation; allowed: op, {known}", quoted(name));
    ValueError::new("unknown_field", detail)
}

/// What is known of an operation so far.
#[derive(Default)]
struct Parts {
    reference: Option<TaskRef>,
    precondition: Precondition,
    task: Option<Fields>,
}

enum Fields {
    New(Box<crate::domain::Task>),
    Patch(Box<crate::domain::TaskPatch>),
}

impl Parts {
    fn read(
        &mut self,
        op: Op,
        name: &str,
        value: Json,
        clock: &dyn Clock,
        violations: &mut ValidationErrors,
    ) {
        let place = || Place::member(name);
        match name {
            "id" => self.reference = violations.keep(place, id(&value)),
            "if_match" => {
                let tags = text(name, "a string, as the header If-Match", &value, |field| {
                    Ok(TagList::parse(field))
                });
                self.precondition.if_match = violations.keep(place, tags);
            }
            "task" if !matches!(value, Json::Object(_)) => {
                violations.push(place(), wrong_type(name, member_rule(name), &value));
            }
            "task" if op == Op::Create => {
                let draft = violations.keep_below("/task", model::draft(value));
                let task = draft.map(|draft| draft.into_task(clock.new_id(), clock.now()));
                self.task = task.map(|task| Fields::New(Box::new(task)));
            }
            "task" => {
                let patch = violations.keep_below("/task", model::patch(value));
                self.task = patch.map(|patch| Fields::Patch(Box::new(patch)));
            }
            _ => {}
        }
    }

    fn into_operation(self, op: Op) -> Option<Operation> {
        let Self { reference, precondition, task } = self;
        match (op, task) {
            (Op::Create, Some(Fields::New(task))) => Some(Operation::Create(task)),
            (Op::Update, Some(Fields::Patch(patch))) => {
                Some(Operation::Update { reference: reference?, precondition, patch })
            }
            (Op::Delete, None) => Some(Operation::Delete { reference: reference?, precondition }),
            _ => None,
        }
    }
}

fn id(value: &Json) -> Result<TaskRef, ValueError> {
    let text = match value {
        Json::String(text) => text.clone(),
        Json::Number(Some(number)) => number.to_string(),
        other => return Err(wrong_type("id", member_rule("id"), other)),
    };
    TaskRef::parse(&text).ok_or_else(|| {
        let detail = format!("id must be {}; got {}", member_rule("id"), quoted(&text));
        ValueError::new("invalid_id", detail)
    })
}

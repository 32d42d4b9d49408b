//! Query texts that run unchanged on both databases, and the values bound to them.

use sqlx::query::Query;
use sqlx::{Database, Encode, Type};
use uuid::Uuid;

use super::row::Timestamp;
use crate::domain::fold::fold;
use crate::domain::{Task, TaskRef};

/// What an event keeps of a task, beside its id.
macro_rules! kept {
    () => {
        "number, title, description, status, priority, assignee, due_date, created_at, \
         updated_at, completed_at, version"
    };
}

macro_rules! columns {
    () => {
        concat!("id, ", kept!())
    };
}

macro_rules! insert_into {
    () => {
        "INSERT INTO tasks (id, title, description, status, priority, assignee, due_date, created_at, \
         updated_at, completed_at, version, search_text) "
    };
}

/// `$1` to `$12`: see [`bind_task`].
macro_rules! insert {
    () => {
        concat!(insert_into!(), "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)")
    };
}

/// `$1` to `$12`: see [`bind_task`].
macro_rules! update {
    () => {
        "UPDATE tasks SET title = $2, description = $3, status = $4, \
         priority = $5, assignee = $6, due_date = $7, created_at = $8, updated_at = $9, \
         completed_at = $10, version = $11, search_text = $12 WHERE id = $1"
    };
}

/// `$1`: the id.
macro_rules! delete {
    () => {
        "DELETE FROM tasks WHERE id = $1"
    };
}

/// A change of a task with its event, as one statement: without another round trip, and never one without the
/// other (PostgreSQL only). The number of the event is taken after the change: see
/// [`EventLog::writers`](super::events::EventLog::writers).
macro_rules! with_event {
    ($kind:literal, $change:expr, $returning:literal) => {
        concat!(
            "WITH task AS (",
            $change,
            " RETURNING ",
            columns!(),
            ") INSERT INTO task_events (kind, task_id, ",
            kept!(),
            ") SELECT '",
            $kind,
            "', ",
            columns!(),
            " FROM task",
            $returning
        )
    };
}

/// The start of every query that answers with tasks.
pub(super) const SELECT: &str = concat!("SELECT ", columns!(), " FROM tasks");
/// `$1`: the id.
pub(super) const SELECT_BY_ID: &str = concat!("SELECT ", columns!(), " FROM tasks WHERE id = $1");
/// `$1`: the number.
pub(super) const SELECT_BY_NUMBER: &str =
    concat!("SELECT ", columns!(), " FROM tasks WHERE number = $1");
/// As [`SELECT_BY_ID`], holding the row until the transaction ends (PostgreSQL only: SQLite has one
/// writer at a time).
pub(super) const LOCK_BY_ID: &str =
    concat!("SELECT ", columns!(), " FROM tasks WHERE id = $1 FOR UPDATE");
/// As [`LOCK_BY_ID`], by number.
pub(super) const LOCK_BY_NUMBER: &str =
    concat!("SELECT ", columns!(), " FROM tasks WHERE number = $1 FOR UPDATE");
/// The start of an insertion of several rows, whose values stand in the order of [`bind_task`].
pub(super) const INSERT_INTO: &str = insert_into!();
/// `$1` to `$12`: see [`bind_task`].
pub(super) const UPDATE: &str = update!();
/// `$1`: the id.
pub(super) const DELETE: &str = delete!();
/// A new task with its event; `$1` to `$12`: see [`bind_task`] (PostgreSQL only).
pub(super) const INSERT_WITH_EVENT: &str = with_event!("created", insert!(), " RETURNING number");
/// As [`UPDATE`], with the event (PostgreSQL only).
pub(super) const UPDATE_WITH_EVENT: &str = with_event!("updated", update!(), "");
/// As [`DELETE`], with the event (PostgreSQL only).
pub(super) const DELETE_WITH_EVENT: &str = with_event!("deleted", delete!(), "");
/// The event of a task that stands as it is to be told: `$1` its id, `$2` the kind.
pub(super) const INSERT_EVENT: &str = concat!(
    "INSERT INTO task_events (kind, task_id, ",
    kept!(),
    ") SELECT $2, ",
    columns!(),
    " FROM tasks WHERE id = $1"
);
/// The start of the events of new tasks, whose ids follow.
pub(super) const INSERT_EVENTS_OF: &str = concat!(
    "INSERT INTO task_events (kind, task_id, ",
    kept!(),
    ") SELECT 'created', ",
    columns!(),
    " FROM tasks WHERE id IN ("
);
/// The start of every query that answers with events.
pub(super) const SELECT_EVENTS: &str =
    concat!("SELECT id AS event_id, kind, at, task_id AS id, ", kept!(), " FROM task_events");
/// The newest event's number, 0 where there is none.
pub(super) const NEWEST_EVENT: &str = "SELECT coalesce(max(id), 0) FROM task_events";
/// Before which event the first number is missing, or the newest one.
pub(super) const EVENTS_WITHOUT_GAP: &str = "SELECT coalesce((SELECT min(id) FROM \
     (SELECT id, lead(id) OVER (ORDER BY id) AS next FROM task_events) AS pairs \
     WHERE next > id + 1), (SELECT max(id) FROM task_events), 0)";
/// Several tasks; `$1`: their ids (PostgreSQL only).
pub(super) const SELECT_BY_IDS: &str =
    concat!("SELECT ", columns!(), " FROM tasks WHERE id = ANY($1)");
/// The same; `$1`: their numbers (PostgreSQL only).
pub(super) const SELECT_BY_NUMBERS: &str =
    concat!("SELECT ", columns!(), " FROM tasks WHERE number = ANY($1)");
/// Holds rows until the transaction ends, the lowest id first. `$1`: ids; `$2`: numbers (PostgreSQL only).
pub(super) const LOCK_ALL: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tasks WHERE id = ANY($1) OR number = ANY($2) ORDER BY id FOR UPDATE"
);
/// As [`LOCK_ALL`], but for rows that another transaction holds.
pub(super) const LOCK_FREE: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM tasks WHERE id = ANY($1) OR number = ANY($2) ORDER BY id FOR UPDATE SKIP LOCKED"
);

/// `$1` to `$12`: the columns of [`bind_task`] as arrays, which become rows in the order of the arrays.
macro_rules! rows {
    () => {
        "unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], \
         $7::timestamptz[], $8::timestamptz[], $9::timestamptz[], $10::timestamptz[], $11::bigint[], \
         $12::text[]) WITH ORDINALITY AS rows(id, title, description, status, priority, assignee, \
         due_date, created_at, updated_at, completed_at, version, search_text, place)"
    };
}

/// New tasks with their events; answers with the id and the number of each. `$1` to `$12`: [`bind_task`]'s columns
/// as arrays (PostgreSQL only).
pub(super) const INSERT_MANY_WITH_EVENTS: &str = concat!(
    "WITH task AS (",
    insert_into!(),
    "SELECT id, title, description, status, priority, assignee, due_date, created_at, updated_at, \
     completed_at, version, search_text FROM ",
    rows!(),
    " ORDER BY place RETURNING ",
    columns!(),
    "), event AS (INSERT INTO task_events (kind, task_id, ",
    kept!(),
    ") SELECT 'created', ",
    columns!(),
    " FROM task ORDER BY number) SELECT id, number FROM task"
);
/// Changes of stored tasks with their events. `$1` to `$12`: as they are from now on; `$13`: ids of those that are
/// removed; `$14` to `$26`: kind, id and what is kept of each event, in order (PostgreSQL only).
pub(super) const WRITE_MANY_WITH_EVENTS: &str = concat!(
    "WITH updated AS (UPDATE tasks SET title = rows.title, description = rows.description, \
     status = rows.status, priority = rows.priority, assignee = rows.assignee, \
     due_date = rows.due_date, created_at = rows.created_at, updated_at = rows.updated_at, \
     completed_at = rows.completed_at, version = rows.version, search_text = rows.search_text FROM ",
    rows!(),
    " WHERE tasks.id = rows.id), removed AS (DELETE FROM tasks WHERE id = ANY($13)) \
     INSERT INTO task_events (kind, task_id, ",
    kept!(),
    ") SELECT kind, id, ",
    kept!(),
    " FROM unnest($14::text[], $15::uuid[], $16::bigint[], $17::text[], $18::text[], $19::text[], \
     $20::text[], $21::text[], $22::timestamptz[], $23::timestamptz[], $24::timestamptz[], \
     $25::timestamptz[], $26::bigint[]) WITH ORDINALITY AS events(kind, id, ",
    kept!(),
    ", place) ORDER BY place RETURNING task_events.id"
);

/// `$1`: the key; then the answer's status, location, tag and body.
pub(super) const KEEP_ANSWER: &str = "UPDATE idempotency_keys SET status = $2, location = $3, \
     entity_tag = $4, body = $5 WHERE key = $1";
/// How many rows hold words, as far as `$2`: `$1` is a look-up of the trigram index (SQLite only).
pub(super) const COUNT_FOUND: &str = "SELECT count(*) FROM \
     (SELECT 1 FROM tasks_search WHERE tasks_search MATCH $1 LIMIT $2)";
/// Reads an index only.
pub(super) const STATUS_COUNTS: &str =
    "SELECT status, priority, count(*) AS tasks FROM tasks GROUP BY status, priority";

/// Binds what [`INSERT_WITH_EVENT`] and [`UPDATE`] take, in their order.
pub(super) fn bind_task<'q, DB>(
    query: Query<'q, DB, DB::Arguments>,
    task: &Task,
) -> Query<'q, DB, DB::Arguments>
where
    DB: Database,
    Uuid: Encode<'q, DB> + Type<DB>,
    i64: Encode<'q, DB> + Type<DB>,
    String: Encode<'q, DB> + Type<DB>,
    Option<String>: Encode<'q, DB> + Type<DB>,
    Timestamp: Encode<'q, DB> + Type<DB>,
    Option<Timestamp>: Encode<'q, DB> + Type<DB>,
{
    query
        .bind(task.id)
        .bind(task.title.clone())
        .bind(task.description.clone())
        .bind(task.status.as_str().to_owned())
        .bind(task.priority.as_str().to_owned())
        .bind(task.assignee.clone())
        .bind(task.due_date.map(Timestamp))
        .bind(Timestamp(task.created_at))
        .bind(Timestamp(task.updated_at))
        .bind(task.completed_at.map(Timestamp))
        .bind(task.version)
        .bind(search_text(task))
}

/// The ids and the numbers among references.
pub(super) fn split(references: &[TaskRef]) -> (Vec<Uuid>, Vec<i64>) {
    let (mut ids, mut numbers) = (Vec::new(), Vec::new());
    for reference in references {
        match reference {
            TaskRef::Id(id) => ids.push(*id),
            TaskRef::Number(number) => numbers.push(*number),
        }
    }
    (ids, numbers)
}

/// What `q` searches: title, description and assignee, folded, one line each. The title comes first
/// and is itself one line, so that it can be cut out again to sort by.
pub(super) fn search_text(task: &Task) -> String {
    let description = task.description.as_deref().unwrap_or_default();
    let assignee = task.assignee.as_deref().unwrap_or_default();
    format!("{}\n{}\n{}", fold(&task.title), fold(description), fold(assignee))
}

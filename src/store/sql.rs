//! Query texts that run unchanged on both databases, and the values bound to them.

use sqlx::query::Query;
use sqlx::{Database, Encode, Type};
use uuid::Uuid;

use super::row::Timestamp;
use crate::domain::Task;
use crate::domain::fold::fold;

macro_rules! columns {
    () => {
        "id, number, title, description, status, priority, assignee, due_date, created_at, \
         updated_at, completed_at, version"
    };
}

macro_rules! insert_into {
    () => {
        "INSERT INTO tasks (id, title, description, status, priority, assignee, due_date, created_at, \
         updated_at, completed_at, version, search_text) "
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
pub(super) const INSERT: &str = concat!(
    insert_into!(),
    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) RETURNING number"
);
/// `$1` to `$12`: see [`bind_task`].
pub(super) const UPDATE: &str = "UPDATE tasks SET title = $2, description = $3, status = $4, \
     priority = $5, assignee = $6, due_date = $7, created_at = $8, updated_at = $9, \
     completed_at = $10, version = $11, search_text = $12 WHERE id = $1";
/// `$1`: the id.
pub(super) const DELETE: &str = "DELETE FROM tasks WHERE id = $1";
/// How many rows hold words, as far as `$2`: `$1` is a look-up of the trigram index (SQLite only).
pub(super) const COUNT_FOUND: &str = "SELECT count(*) FROM \
     (SELECT 1 FROM tasks_search WHERE tasks_search MATCH $1 LIMIT $2)";
/// Reads an index only.
pub(super) const CENSUS: &str =
    "SELECT status, priority, count(*) AS tasks FROM tasks GROUP BY status, priority";

/// Binds what [`INSERT`] and [`UPDATE`] take, in their order.
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

/// What `q` searches: title, description and assignee, folded, one line each. The title comes first
/// and is itself one line, so that it can be cut out again to sort by.
pub(super) fn search_text(task: &Task) -> String {
    let description = task.description.as_deref().unwrap_or_default();
    let assignee = task.assignee.as_deref().unwrap_or_default();
    format!("{}\n{}\n{}", fold(&task.title), fold(description), fold(assignee))
}

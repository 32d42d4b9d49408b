//! Statements that store many tasks at once, where values stand in rows.

use std::collections::HashMap;

use sqlx::{Database, Encode, QueryBuilder, Type};
use uuid::Uuid;

use super::row::Timestamp;
use super::sql::{INSERT_EVENTS_OF, INSERT_INTO, search_text};
use crate::domain::Task;

/// Rows in one statement. SQLite takes 32,766 values at most, and a row has twelve.
pub(super) const ROWS_MAX: usize = 512;

/// The query that stores these tasks, in their order, and answers with the id and the number of each.
pub(super) fn tasks<DB>(tasks: &[Task]) -> QueryBuilder<DB>
where
    DB: Database,
    Uuid: for<'q> Encode<'q, DB> + Type<DB>,
    i64: for<'q> Encode<'q, DB> + Type<DB>,
    String: for<'q> Encode<'q, DB> + Type<DB>,
    Option<String>: for<'q> Encode<'q, DB> + Type<DB>,
    Timestamp: for<'q> Encode<'q, DB> + Type<DB>,
    Option<Timestamp>: for<'q> Encode<'q, DB> + Type<DB>,
{
    let mut query = QueryBuilder::new(INSERT_INTO);
    query.push_values(tasks, |mut row, task| {
        row.push_bind(task.id)
            .push_bind(task.title.clone())
            .push_bind(task.description.clone())
            .push_bind(task.status.as_str().to_owned())
            .push_bind(task.priority.as_str().to_owned())
            .push_bind(task.assignee.clone())
            .push_bind(task.due_date.map(Timestamp))
            .push_bind(Timestamp(task.created_at))
            .push_bind(Timestamp(task.updated_at))
            .push_bind(task.completed_at.map(Timestamp))
            .push_bind(task.version)
            .push_bind(search_text(task));
    });
    query.push(" RETURNING id, number");
    query
}

/// The statement that writes the events of these new tasks, in their order.
pub(super) fn events<DB>(tasks: &[Task]) -> QueryBuilder<DB>
where
    DB: Database,
    Uuid: for<'q> Encode<'q, DB> + Type<DB>,
{
    let mut query = QueryBuilder::new(INSERT_EVENTS_OF);
    let mut ids = query.separated(", ");
    for task in tasks {
        ids.push_bind(task.id);
    }
    query.push(") ORDER BY number");
    query
}

/// Gives the tasks the numbers that the database answered with, in whatever order it did.
pub(super) fn number(tasks: &mut [Task], answered: &[(Uuid, i64)]) -> Result<(), sqlx::Error> {
    let numbers: HashMap<Uuid, i64> = answered.iter().copied().collect();
    for task in tasks {
        task.number = numbers.get(&task.id).copied().ok_or(sqlx::Error::RowNotFound)?;
    }
    Ok(())
}

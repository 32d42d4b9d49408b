//! Tasks as arrays, one a column, in which a statement of fixed text takes any number of them.

use sqlx::Postgres;
use sqlx::postgres::PgArguments;
use sqlx::query::QueryAs;
use uuid::Uuid;

use crate::domain::Task;
use crate::store::row::Timestamp;
use crate::store::sql::search_text;

/// The columns of some tasks.
#[derive(Debug, Default)]
pub(super) struct Columns {
    id: Vec<Uuid>,
    number: Vec<i64>,
    title: Vec<String>,
    description: Vec<Option<String>>,
    status: Vec<&'static str>,
    priority: Vec<&'static str>,
    assignee: Vec<Option<String>>,
    due_date: Vec<Option<Timestamp>>,
    created_at: Vec<Timestamp>,
    updated_at: Vec<Timestamp>,
    completed_at: Vec<Option<Timestamp>>,
    version: Vec<i64>,
    search_text: Vec<String>,
}

type Query<'q, O> = QueryAs<'q, Postgres, O, PgArguments>;

impl Columns {
    pub(super) fn of<'t>(tasks: impl Iterator<Item = &'t Task>) -> Self {
        let mut columns = Self::default();
        for task in tasks {
            columns.id.push(task.id);
            columns.number.push(task.number);
            columns.title.push(task.title.clone());
            columns.description.push(task.description.clone());
            columns.status.push(task.status.as_str());
            columns.priority.push(task.priority.as_str());
            columns.assignee.push(task.assignee.clone());
            columns.due_date.push(task.due_date.map(Timestamp));
            columns.created_at.push(Timestamp(task.created_at));
            columns.updated_at.push(Timestamp(task.updated_at));
            columns.completed_at.push(task.completed_at.map(Timestamp));
            columns.version.push(task.version);
            columns.search_text.push(search_text(task));
        }
        columns
    }

    /// Binds the twelve columns of [`bind_task`](crate::store::sql::bind_task), in that order.
    pub(super) fn bind<O>(self, query: Query<'_, O>) -> Query<'_, O> {
        query
            .bind(self.id)
            .bind(self.title)
            .bind(self.description)
            .bind(self.status)
            .bind(self.priority)
            .bind(self.assignee)
            .bind(self.due_date)
            .bind(self.created_at)
            .bind(self.updated_at)
            .bind(self.completed_at)
            .bind(self.version)
            .bind(self.search_text)
    }

    /// Binds the twelve columns that an event keeps of a task, its id first.
    pub(super) fn bind_event<O>(self, query: Query<'_, O>) -> Query<'_, O> {
        query
            .bind(self.id)
            .bind(self.number)
            .bind(self.title)
            .bind(self.description)
            .bind(self.status)
            .bind(self.priority)
            .bind(self.assignee)
            .bind(self.due_date)
            .bind(self.created_at)
            .bind(self.updated_at)
            .bind(self.completed_at)
            .bind(self.version)
    }
}

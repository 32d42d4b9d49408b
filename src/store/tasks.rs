//! [`TaskStore`] over either database.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::QueryBuilder;
use time::OffsetDateTime;

use super::backend::Backend;
use super::core::{Core, Store};
use super::query::{self, Fetch};
use super::reading::statement;
use super::row::{DayRow, EventRow, StatsRow, StatusCountRow, TaskRow};
use super::{ListQuery, Page, StoreError, TaskStore, Work, WriteOutcome, sql};
use crate::domain::daily::figures;
use crate::domain::{
    DayFigures, DayWindow, Operation, OperationErrorKind, Outcome, Precondition, StatusCount, Task,
    TaskEvent, TaskFilter, TaskPatch, TaskRef, TaskStats,
};

impl<B: Backend> Store<B> {
    /// One operation, whose refusal is told as what it is.
    async fn write_one(
        &self,
        operation: Operation,
        now: OffsetDateTime,
    ) -> Result<Outcome, StoreError> {
        let work = Work { operations: vec![operation], now, once: None };
        let outcome = match self.core().write(work).await {
            Ok(WriteOutcome::Applied(outcomes)) => outcomes.into_iter().next(),
            Ok(WriteOutcome::Replayed(_)) => None,
            Err(StoreError::Refused(refusals)) => {
                return Err(match refusals.first().map(|refusal| refusal.reason) {
                    Some(OperationErrorKind::Conflict) => StoreError::Conflict,
                    _ => StoreError::NotFound,
                });
            }
            Err(error) => return Err(error),
        };
        outcome.ok_or_else(|| StoreError::Inconsistent("an operation without its outcome".into()))
    }
}

#[async_trait]
impl<B: Backend> TaskStore for Store<B> {
    async fn create(&self, task: Task) -> Result<Task, StoreError> {
        let now = task.created_at;
        let outcome = self.write_one(Operation::Create(Box::new(task)), now).await?;
        Ok(outcome.into_task())
    }

    async fn create_many(&self, tasks: Vec<Task>) -> Result<Vec<Task>, StoreError> {
        let Some(first) = tasks.first() else { return Ok(tasks) };
        let now = first.created_at;
        let operations = tasks.into_iter().map(|task| Operation::Create(Box::new(task))).collect();
        match self.core().write(Work { operations, now, once: None }).await? {
            WriteOutcome::Applied(outcomes) => {
                Ok(outcomes.into_iter().map(Outcome::into_task).collect())
            }
            WriteOutcome::Replayed(_) => Ok(Vec::new()),
        }
    }

    async fn get(&self, reference: TaskRef) -> Result<Option<Task>, StoreError> {
        self.core().look_up(reference).await
    }

    async fn update(
        &self,
        reference: TaskRef,
        precondition: &Precondition,
        patch: &TaskPatch,
        now: OffsetDateTime,
    ) -> Result<Task, StoreError> {
        let (precondition, patch) = (precondition.clone(), Box::new(patch.clone()));
        let operation = Operation::Update { reference, precondition, patch };
        Ok(self.write_one(operation, now).await?.into_task())
    }

    async fn delete(
        &self,
        reference: TaskRef,
        precondition: &Precondition,
    ) -> Result<(), StoreError> {
        let operation = Operation::Delete { reference, precondition: precondition.clone() };
        self.write_one(operation, OffsetDateTime::UNIX_EPOCH).await.map(drop)
    }

    async fn carry_out(&self, work: Work) -> Result<WriteOutcome, StoreError> {
        self.core().write(work).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        let (request, limit) = (Arc::new(query.clone()), query.limit);
        let list = statement(move |backend: &B, open| {
            let request = Arc::clone(&request);
            Box::pin(async move {
                let words = backend.search_by(open, &request).await?;
                let keep = backend.keeps_statements() && keeps_plan::<B>(&request.filter);
                let list = query::list::<B::Db>(&request, words);
                <B::Db as Fetch<TaskRow>>::fetch(&mut open.raw, list, keep).await
            })
        });
        Page::from_rows(self.core().read(list).await?, limit)
    }

    async fn count(&self, filter: &TaskFilter, now: OffsetDateTime) -> Result<i64, StoreError> {
        let filter = filter.clone();
        let count = statement(move |backend: &B, open| {
            let keep = backend.keeps_statements() && keeps_plan::<B>(&filter);
            let count = query::count::<B::Db>(&filter, now);
            <B::Db as Fetch<(i64,)>>::fetch(&mut open.raw, count, keep)
        });
        first(self.core().read(count).await?).map(|(count,)| count)
    }

    async fn stats(
        &self,
        filter: &TaskFilter,
        now: OffsetDateTime,
    ) -> Result<TaskStats, StoreError> {
        let filter = filter.clone();
        let stats = statement(move |backend: &B, open| {
            let keep = backend.keeps_statements() && keeps_plan::<B>(&filter);
            let stats = query::stats::<B::Db>(&filter, now);
            <B::Db as Fetch<StatsRow>>::fetch(&mut open.raw, stats, keep)
        });
        first(self.core().read(stats).await?).map(Into::into)
    }

    async fn daily(&self, window: &DayWindow) -> Result<Vec<DayFigures>, StoreError> {
        let start = window.start();
        let daily = statement(move |backend: &B, open| {
            let keep = backend.keeps_statements() && B::PLANS_FIT_ALL_VALUES;
            let daily = query::daily::<B::Db>(start);
            <B::Db as Fetch<DayRow>>::fetch(&mut open.raw, daily, keep)
        });
        let rows = self.core().read(daily).await?;
        Ok(figures(window, &rows.into_iter().map(Into::into).collect::<Vec<_>>()))
    }

    async fn status_counts(&self) -> Result<Vec<StatusCount>, StoreError> {
        let status_counts = statement(move |backend: &B, open| {
            let status_counts = QueryBuilder::new(sql::STATUS_COUNTS);
            let keep = backend.keeps_statements();
            <B::Db as Fetch<StatusCountRow>>::fetch(&mut open.raw, status_counts, keep)
        });
        self.core().read(status_counts).await?.into_iter().map(TryInto::try_into).collect()
    }
}

impl<B: Backend> Core<B> {
    /// Events from a number on, in order, `limit` at most.
    pub(super) async fn read_events(
        self: &Arc<Self>,
        from: i64,
        limit: u32,
    ) -> Result<Vec<TaskEvent>, StoreError> {
        let events = statement(move |backend: &B, open| {
            let events = query::events::<B::Db>(from, limit);
            let keep = backend.keeps_statements();
            <B::Db as Fetch<EventRow>>::fetch(&mut open.raw, events, keep)
        });
        self.read(events).await?.into_iter().map(TryInto::try_into).collect()
    }

    /// The one number that a query answers with.
    pub(super) async fn read_number(
        self: &Arc<Self>,
        query: &'static str,
    ) -> Result<i64, StoreError> {
        let number = statement(move |backend: &B, open| {
            let keep = backend.keeps_statements();
            <B::Db as Fetch<(i64,)>>::fetch(&mut open.raw, QueryBuilder::new(query), keep)
        });
        first(self.read(number).await?).map(|(number,)| number)
    }

    /// The texts that a query answers with.
    pub(super) async fn read_texts(
        self: &Arc<Self>,
        query: &'static str,
    ) -> Result<Vec<String>, StoreError> {
        let texts = statement(move |backend: &B, open| {
            let keep = backend.keeps_statements();
            <B::Db as Fetch<(String,)>>::fetch(&mut open.raw, QueryBuilder::new(query), keep)
        });
        Ok(self.read(texts).await?.into_iter().map(|(text,)| text).collect())
    }
}

/// The plan of a search depends on how rare its words are.
fn keeps_plan<B: Backend>(filter: &TaskFilter) -> bool {
    B::PLANS_FIT_ALL_VALUES || filter.words.is_empty()
}

fn first<T>(rows: Vec<T>) -> Result<T, StoreError> {
    rows.into_iter().next().ok_or(StoreError::Driver(sqlx::Error::RowNotFound))
}

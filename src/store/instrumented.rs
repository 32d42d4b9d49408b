//! Measures every operation of a store: how long, how many, how they ended; and lets none begin while the
//! database is known to be down.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use metrics::{counter, histogram};
use time::OffsetDateTime;

use super::availability::Availability;
use super::{ListQuery, Page, StoreError, TaskStore, Work, WriteOutcome};
use crate::domain::{
    DayFigures, DayWindow, Precondition, StatusCount, Task, TaskFilter, TaskPatch, TaskRef,
    TaskStats,
};
use crate::telemetry::metrics::{
    DB_CLIENT_CONNECTION_TIMEOUTS_TOTAL, DB_CLIENT_ERRORS_TOTAL,
    DB_CLIENT_OPERATION_DURATION_SECONDS, TASKMANAGER_TASK_OPERATIONS_TOTAL,
};

/// The operations that change something.
const WRITES: [&str; 5] = ["create", "create_many", "update", "delete", "bulk"];

/// A store that tells the metrics what the one inside does.
#[derive(Debug)]
pub(super) struct Observed<S> {
    store: Arc<S>,
    availability: Arc<Availability>,
}

impl<S: TaskStore> Observed<S> {
    pub(super) fn new(store: Arc<S>, availability: Arc<Availability>) -> Self {
        Self { store, availability }
    }

    async fn observe<T>(
        &self,
        operation: &'static str,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let start = Instant::now();
        let result = match self.availability.admit() {
            Ok(()) => call.await,
            Err(error) => Err(error),
        };
        self.availability.writes().record(WRITES.contains(&operation), &result);
        measure(operation, start, &result);
        result
    }
}

#[async_trait]
impl<S: TaskStore> TaskStore for Observed<S> {
    async fn create(&self, task: Task) -> Result<Task, StoreError> {
        self.observe("create", self.store.create(task)).await
    }

    async fn create_many(&self, tasks: Vec<Task>) -> Result<Vec<Task>, StoreError> {
        self.observe("create_many", self.store.create_many(tasks)).await
    }

    async fn get(&self, reference: TaskRef) -> Result<Option<Task>, StoreError> {
        self.observe("get", self.store.get(reference)).await
    }

    async fn update(
        &self,
        reference: TaskRef,
        precondition: &Precondition,
        patch: &TaskPatch,
        now: OffsetDateTime,
    ) -> Result<Task, StoreError> {
        self.observe("update", self.store.update(reference, precondition, patch, now)).await
    }

    async fn delete(
        &self,
        reference: TaskRef,
        precondition: &Precondition,
    ) -> Result<(), StoreError> {
        self.observe("delete", self.store.delete(reference, precondition)).await
    }

    async fn carry_out(&self, work: Work) -> Result<WriteOutcome, StoreError> {
        self.observe(work.name(), self.store.carry_out(work)).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        self.observe("list", self.store.list(query)).await
    }

    async fn count(&self, filter: &TaskFilter, now: OffsetDateTime) -> Result<i64, StoreError> {
        self.observe("count", self.store.count(filter, now)).await
    }

    async fn stats(
        &self,
        filter: &TaskFilter,
        now: OffsetDateTime,
    ) -> Result<TaskStats, StoreError> {
        self.observe("stats", self.store.stats(filter, now)).await
    }

    async fn daily(&self, window: &DayWindow) -> Result<Vec<DayFigures>, StoreError> {
        self.observe("daily", self.store.daily(window)).await
    }

    async fn status_counts(&self) -> Result<Vec<StatusCount>, StoreError> {
        self.observe("status_counts", self.store.status_counts()).await
    }
}

fn measure<T>(operation: &'static str, start: Instant, result: &Result<T, StoreError>) {
    let outcome = match result {
        Ok(_) => "success",
        Err(StoreError::NotFound) => "not_found",
        Err(StoreError::Conflict) => "conflict",
        Err(StoreError::Refused(_)) => "refused",
        Err(StoreError::KeyReused) => "key_reused",
        Err(StoreError::KeyInUse) => "key_in_use",
        Err(StoreError::Unavailable { .. }) => "unavailable",
        Err(StoreError::Inconsistent(_) | StoreError::Driver(_)) => "error",
    };
    let duration = start.elapsed().as_secs_f64();
    histogram!(DB_CLIENT_OPERATION_DURATION_SECONDS, "db_operation_name" => operation)
        .record(duration);
    counter!(TASKMANAGER_TASK_OPERATIONS_TOTAL, "operation" => operation, "outcome" => outcome)
        .increment(1);
    if let Err(error) = result {
        if let Some(kind) = error.kind() {
            counter!(DB_CLIENT_ERRORS_TOTAL, "kind" => kind).increment(1);
        }
        if matches!(error, StoreError::Unavailable { source: sqlx::Error::PoolTimedOut, .. }) {
            counter!(DB_CLIENT_CONNECTION_TIMEOUTS_TOTAL).increment(1);
        }
    }
}

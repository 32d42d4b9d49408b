//! Measures every operation of a store: how long, how many, how they ended.

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use metrics::{counter, histogram};
use time::OffsetDateTime;

use super::{ListQuery, Page, StoreError, TaskStore};
use crate::domain::{CensusLine, Precondition, Task, TaskFilter, TaskPatch, TaskRef, TaskStats};
use crate::telemetry::metrics::{
    DB_CLIENT_CONNECTION_TIMEOUTS_TOTAL, DB_CLIENT_ERRORS_TOTAL,
    DB_CLIENT_OPERATION_DURATION_SECONDS, TASKMANAGER_TASK_OPERATIONS_TOTAL,
};

/// A store that tells the metrics what the one inside does.
#[derive(Debug)]
pub(super) struct Observed<S>(Arc<S>);

impl<S: TaskStore> Observed<S> {
    pub(super) fn new(store: Arc<S>) -> Self {
        Self(store)
    }
}

#[async_trait]
impl<S: TaskStore> TaskStore for Observed<S> {
    async fn create(&self, task: Task) -> Result<Task, StoreError> {
        observe("create", self.0.create(task)).await
    }

    async fn get(&self, reference: TaskRef) -> Result<Option<Task>, StoreError> {
        observe("get", self.0.get(reference)).await
    }

    async fn update(
        &self,
        reference: TaskRef,
        precondition: &Precondition,
        patch: &TaskPatch,
        now: OffsetDateTime,
    ) -> Result<Task, StoreError> {
        observe("update", self.0.update(reference, precondition, patch, now)).await
    }

    async fn delete(
        &self,
        reference: TaskRef,
        precondition: &Precondition,
    ) -> Result<(), StoreError> {
        observe("delete", self.0.delete(reference, precondition)).await
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError> {
        observe("list", self.0.list(query)).await
    }

    async fn count(&self, filter: &TaskFilter, now: OffsetDateTime) -> Result<i64, StoreError> {
        observe("count", self.0.count(filter, now)).await
    }

    async fn stats(
        &self,
        filter: &TaskFilter,
        now: OffsetDateTime,
    ) -> Result<TaskStats, StoreError> {
        observe("stats", self.0.stats(filter, now)).await
    }

    async fn census(&self) -> Result<Vec<CensusLine>, StoreError> {
        observe("census", self.0.census()).await
    }
}

async fn observe<T>(
    operation: &'static str,
    call: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    let start = Instant::now();
    let result = call.await;
    let outcome = match &result {
        Ok(_) => "success",
        Err(StoreError::NotFound) => "not_found",
        Err(StoreError::Conflict) => "conflict",
        Err(StoreError::Unavailable { .. }) => "unavailable",
        Err(StoreError::Inconsistent(_) | StoreError::Driver(_)) => "error",
    };
    let duration = start.elapsed().as_secs_f64();
    histogram!(DB_CLIENT_OPERATION_DURATION_SECONDS, "db_operation_name" => operation)
        .record(duration);
    counter!(TASKMANAGER_TASK_OPERATIONS_TOTAL, "operation" => operation, "outcome" => outcome)
        .increment(1);
    if let Err(error) = &result {
        if let Some(kind) = error.kind() {
            counter!(DB_CLIENT_ERRORS_TOTAL, "kind" => kind).increment(1);
        }
        if matches!(error, StoreError::Unavailable { source: sqlx::Error::PoolTimedOut, .. }) {
            counter!(DB_CLIENT_CONNECTION_TIMEOUTS_TOTAL).increment(1);
        }
    }
    result
}

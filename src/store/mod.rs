//! Where tasks are kept: one contract, [`TaskStore`], fulfilled by one store (`core`) over the two databases.
//!
//! Knows nothing of HTTP, and nothing of migrations: the schema is right before a store is opened.

mod availability;
mod backend;
mod batch;
mod checkpoint;
mod core;
mod counts;
mod database;
mod error;
mod events;
mod file_identity;
mod idempotency;
mod insert;
mod instrumented;
mod integrity;
mod limits;
mod pool;
mod postgres;
mod probe;
mod query;
mod queue;
mod reading;
mod retention;
mod row;
mod sql;
mod sqlite;
mod status_counts;
mod tasks;
mod transaction;
mod write;
mod write_history;

pub use checkpoint::keep_log_small;
pub use counts::CommittedCounts;
pub use database::{Database, PoolSettings, PoolUsage};
pub use error::StoreError;
pub use events::{Advance, EventFeed, Next, Resync, Tail};
pub use idempotency::{IdempotencyKey, MakeResponse, StoredResponse};
pub use integrity::{Integrity, quick_check};
pub use probe::{Writability, WriteProbe, WriteRefusal};
pub use retention::{Pruned, Retention, RetentionLimits};
pub use status_counts::{COUNT_INTERVAL_MIN, SETTLE_TIME, StatusCounts, TaskCounter};
pub use write::{Work, WriteOutcome};
pub use write_history::WriteHistory;

use std::fmt::Debug;

use async_trait::async_trait;
use time::OffsetDateTime;

use crate::domain::{
    Cursor, DayFigures, DayWindow, Precondition, Sort, StatusCount, Task, TaskFilter, TaskPatch,
    TaskRef, TaskStats,
};

/// Keeps tasks. Every implementation passes the same contract suite (`tests/store`).
///
/// Each method is one atomic step: seen by others whole or not at all; a change and its event (see [`EventFeed`]) are
/// one. A caller that goes away leaves nothing half done: what was begun runs to its end, and what was not is never
/// begun. Every method may fail with
/// [`StoreError::Unavailable`] when the database cannot be had in time, and
/// [`StoreError::Driver`] when it refuses for a reason that is not the caller's.
#[async_trait]
pub trait TaskStore: Debug + Send + Sync {
    /// Stores a new task and returns it with the number that it was given; `task.number` is not read.
    async fn create(&self, task: Task) -> Result<Task, StoreError>;

    /// Stores new tasks, all or none, and returns them in their order with the numbers that they were given, which
    /// rise in that order.
    async fn create_many(&self, tasks: Vec<Task>) -> Result<Vec<Task>, StoreError>;

    /// The task, or `None`.
    async fn get(&self, reference: TaskRef) -> Result<Option<Task>, StoreError>;

    /// Changes the fields that `patch` names and returns the task as it is then. A patch that changes
    /// nothing leaves `version` and `updated_at` alone. Of two callers whose preconditions name the same
    /// version exactly one succeeds, and no caller's change to another field is undone.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when the precondition does not hold.
    async fn update(
        &self,
        reference: TaskRef,
        precondition: &Precondition,
        patch: &TaskPatch,
        now: OffsetDateTime,
    ) -> Result<Task, StoreError>;

    /// Removes the task for good; its number is not given again.
    ///
    /// # Errors
    ///
    /// [`StoreError::NotFound`]; [`StoreError::Conflict`] when the precondition does not hold.
    async fn delete(
        &self,
        reference: TaskRef,
        precondition: &Precondition,
    ) -> Result<(), StoreError>;

    /// Makes several changes in one transaction, in their order, each seeing what those before it did; all
    /// of them or none. Callers that change the same tasks wait for each other, and never in a circle. With a
    /// key, the changes are made once: anyone who comes with the same key within 24 hours after they were gets the
    /// answer that was kept with them.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`] lists the operations whose task is not there or whose precondition does not hold,
    /// those that did not fail having been tried in their order; [`StoreError::KeyReused`] when the key stands for
    /// a request with another fingerprint; [`StoreError::KeyInUse`] while a caller with the same key is at work.
    async fn carry_out(&self, work: Work) -> Result<WriteOutcome, StoreError>;

    /// One page of a list.
    async fn list(&self, query: &ListQuery) -> Result<Page, StoreError>;

    /// How many tasks the filter lets through; `now` decides what is overdue.
    async fn count(&self, filter: &TaskFilter, now: OffsetDateTime) -> Result<i64, StoreError>;

    /// Figures over the tasks that the filter lets through, from one statement.
    async fn stats(
        &self,
        filter: &TaskFilter,
        now: OffsetDateTime,
    ) -> Result<TaskStats, StoreError>;

    /// The figures of each of these days, the first day first, from one statement. Tasks that were deleted are not in
    /// them.
    async fn daily(&self, window: &DayWindow) -> Result<Vec<DayFigures>, StoreError>;

    /// How many tasks there are of each status and priority that occurs.
    async fn status_counts(&self) -> Result<Vec<StatusCount>, StoreError>;
}

/// Which page of which list.
#[derive(Clone, Debug)]
pub struct ListQuery {
    pub filter: TaskFilter,
    /// In which order.
    pub sort: Sort,
    /// Most rows to return, 1 to 1000.
    pub limit: u32,
    pub start: Start,
    /// What "overdue" is measured against.
    pub now: OffsetDateTime,
}

#[derive(Clone, Debug)]
pub enum Start {
    /// After this many rows.
    Skip(i64),
    /// After the row that the cursor was made from, whether or not it is still there.
    After(Cursor),
}

/// Rows of a list, and whether more follow.
#[derive(Clone, Debug)]
pub struct Page {
    /// The rows, in order.
    pub tasks: Vec<Task>,
    /// Whether a row follows the last one.
    pub more: bool,
}

impl Page {
    /// Makes a page of `limit` rows from a query that asked for one more.
    fn from_rows(mut rows: Vec<row::TaskRow>, limit: u32) -> Result<Self, StoreError> {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let tasks = rows.into_iter().map(TryInto::try_into).collect::<Result<_, _>>()?;
        Ok(Self { tasks, more })
    }
}

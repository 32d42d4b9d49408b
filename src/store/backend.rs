//! What differs between the databases: how a connection is opened, proven, interrupted, and what a transaction sends.

use std::fmt::Debug;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::Database;

use super::batch::Change;
use super::idempotency::{IdempotencyKey, KeyRow, StoredResponse};
use super::query::{Dialect, WordSearch};
use super::row::TaskRow;
use super::{ListQuery, PoolSettings};
use crate::domain::{Task, TaskRef};

/// What a connection is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Statements that change something, and, where one pool serves both, those that read.
    Write,
    /// Statements that read.
    Read,
}

/// What is about to be sent, and so whether it needs a transaction of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    /// One statement that reads.
    Read,
    /// One statement that changes something.
    Statement,
    /// Several statements, committed together.
    Transaction,
}

/// An open connection and what is needed to stop its statement from outside.
pub(super) struct Open<B: Backend> {
    pub(super) raw: <B::Db as Database>::Connection,
    pub(super) interrupt: B::Interrupt,
    pub(super) opened: Instant,
    /// When the connection last answered.
    pub(super) proven: Instant,
}

impl<B: Backend> Open<B> {
    pub(super) fn new(raw: <B::Db as Database>::Connection, interrupt: B::Interrupt) -> Self {
        let now = Instant::now();
        Self { raw, interrupt, opened: now, proven: now }
    }
}

/// One kind of database. Every method that takes a connection leaves it to the caller to close it after an error.
#[async_trait]
pub(super) trait Backend: Debug + Send + Sync + Sized + 'static {
    /// The driver, and the expressions that only this database knows.
    type Db: Dialect;
    /// Stops the statement that runs on one connection.
    type Interrupt: Clone + Debug + Send + Sync + 'static;

    /// Loops that look tasks up, each with all that wait. Few, because larger groups save more than they wait.
    const LOOKUP_LOOPS: usize;
    /// Whether a statement's plan depends on its text alone, and never on the values bound to it.
    const PLANS_FIT_ALL_VALUES: bool;
    /// New tasks that [`insert_tasks`](Backend::insert_tasks) stores with their events in one statement; 0 where the
    /// events are a statement of their own.
    const INSERT_TASKS_MAX: usize;

    /// How many connections write, and how many more only read; no second number: all of them do both.
    fn connections(settings: &PoolSettings) -> (u32, Option<u32>);

    /// How long a connection may live, and how long it may be idle.
    fn lifetimes(role: Role) -> (Option<Duration>, Option<Duration>);

    /// Opens a connection.
    async fn open(&self, role: Role) -> Result<Open<Self>, sqlx::Error>;

    /// Whether a connection that was opened then is still one to the database that is there now.
    fn fits(&self, opened: Instant) -> bool;

    /// Whether what was committed last is where only the open connections find it, so that nothing may be read or written
    /// before they have [saved](Backend::save_log) it.
    fn has_lost_its_log(&self) -> bool {
        false
    }

    /// Saves what was committed, by a connection that writes; all connections are closed after that, and only then is the
    /// log that is there now the right one.
    async fn save_log(&self, _open: Option<&mut Open<Self>>) -> Result<(), sqlx::Error> {
        Ok(())
    }

    /// Asks whether a connection answers and is in no transaction.
    async fn prove_idle(&self, open: &mut Open<Self>) -> Result<(), sqlx::Error>;

    /// Stops the running statement; whether it could be asked for.
    async fn interrupt(&self, interrupt: &Self::Interrupt) -> bool;

    /// The word for an error's code that means "not now".
    fn unavailable(error: &sqlx::Error) -> Option<&'static str>;

    /// Whether the transaction was rolled back for the sake of another, and may be tried again.
    fn was_rolled_back(error: &sqlx::Error) -> bool;

    /// Whether a prepared statement no longer fits the schema, which a new one would.
    fn is_stale_plan(error: &sqlx::Error) -> bool;

    /// Whether prepared statements may be kept on a connection.
    fn keeps_statements(&self) -> bool;

    /// Begins what `scope` needs; whether a transaction is open now.
    async fn begin(&self, open: &mut Open<Self>, scope: Scope) -> Result<bool, sqlx::Error>;

    /// Commits the open transaction.
    async fn commit(&self, open: &mut Open<Self>) -> Result<(), sqlx::Error>;

    /// Rolls the open transaction back; an error means that the connection's state is not known.
    async fn rollback(&self, open: &mut Open<Self>) -> Result<(), sqlx::Error>;

    /// The tasks that these references name, in any order.
    async fn find_tasks(
        &self,
        open: &mut Open<Self>,
        references: &[TaskRef],
    ) -> Result<Vec<TaskRow>, sqlx::Error>;

    /// As [`find_tasks`](Backend::find_tasks), keeping the rows from others until the transaction ends. With
    /// `skip_locked`, rows that another transaction holds are left out instead of waited for.
    async fn lock_tasks(
        &self,
        open: &mut Open<Self>,
        references: &[TaskRef],
        skip_locked: bool,
    ) -> Result<Vec<TaskRow>, sqlx::Error>;

    /// Stores new tasks with their events, in their order, and gives them their numbers.
    async fn insert_tasks(
        &self,
        open: &mut Open<Self>,
        tasks: &mut [Task],
    ) -> Result<(), sqlx::Error>;

    /// Writes changes of stored tasks with their events, in their order.
    async fn write_changes(
        &self,
        open: &mut Open<Self>,
        changes: &[Change],
    ) -> Result<(), sqlx::Error>;

    /// Claims a key that is new, or has expired by the database's clock; whether it could.
    async fn claim_key(
        &self,
        open: &mut Open<Self>,
        once: &IdempotencyKey,
    ) -> Result<bool, sqlx::Error>;

    /// A key that others have claimed and that has not expired.
    async fn find_key(
        &self,
        open: &mut Open<Self>,
        key: &str,
    ) -> Result<Option<KeyRow>, sqlx::Error>;

    /// Stores the answer to a key that this transaction has claimed.
    async fn store_answer(
        &self,
        open: &mut Open<Self>,
        key: &str,
        answer: &StoredResponse,
    ) -> Result<(), sqlx::Error>;

    /// How rows that hold the words of a search are best found.
    async fn search_by(
        &self,
        open: &mut Open<Self>,
        request: &ListQuery,
    ) -> Result<WordSearch, sqlx::Error>;
}

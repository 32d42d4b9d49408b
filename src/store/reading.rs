//! Readers: look-ups of single tasks that wait together are one query; other statements that read run in tasks of their
//! own, and are cancelled when their request is gone.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;
use tokio::time::{sleep, sleep_until, timeout, timeout_at};
use tracing::Instrument;
use uuid::Uuid;

use super::StoreError;
use super::backend::{Backend, Open, Scope};
use super::core::{Core, forget_statements, is_connection_lost, late};
use super::limits::{CANCEL_GRACE, CANCEL_TIMEOUT, LOOKUP_TASKS_MAX};
use super::pool::Lease;
use super::queue::{Claim, Queued};
use super::row::TaskRow;
use crate::domain::{Task, TaskRef};

impl<B: Backend> Core<B> {
    pub(super) async fn look_up_until_closed(self: Arc<Self>) {
        while let Some(claim) = self.lookups.claim().await {
            match self.readers.take().await {
                Ok(lease) => self.look_up_waiting(lease, claim).await,
                Err(StoreError::Unavailable { source: sqlx::Error::PoolTimedOut, .. }) => {}
                Err(error) => {
                    for job in self.lookups.begin(claim, |_, _| true) {
                        job.reply(Err(error.repeat()));
                    }
                }
            }
        }
    }

    async fn look_up_waiting(&self, lease: Lease<B>, claim: Claim<'_, TaskRef, Option<Task>>) {
        let jobs = self.lookups.begin(claim, |begun, _| begun.len() < LOOKUP_TASKS_MAX);
        let references: Arc<[TaskRef]> = jobs.iter().map(|job| job.job).collect();
        if references.is_empty() {
            return lease.release().await;
        }
        let span = jobs.first().filter(|_| jobs.len() == 1).map(|job| job.span.clone());
        let reading = self.read_on(Some(lease), find(references), std::future::pending());
        let found = match span {
            Some(span) => reading.instrument(span).await,
            None => reading.await,
        };
        match found {
            Ok(rows) => answer_lookups(jobs, rows),
            // One row that cannot be read is no reason to keep the others from their requests.
            Err(StoreError::Inconsistent(_)) if jobs.len() > 1 => {
                for job in jobs {
                    let again = find([job.job].into());
                    match self.read_on(None, again, std::future::pending()).await {
                        Ok(rows) => answer_lookups(vec![job], rows),
                        Err(error) => job.reply(Err(error)),
                    }
                }
            }
            Err(error) => {
                for job in jobs {
                    job.reply(Err(error.repeat()));
                }
            }
        }
    }

    /// Runs a statement that reads in a task of its own, and cancels it some time after the caller has gone.
    pub(super) async fn read<T: Send + 'static>(
        self: &Arc<Self>,
        statement: impl ReadStatement<B, T>,
    ) -> Result<T, StoreError> {
        self.start();
        let core = Arc::clone(self);
        let (mut reply, answer) = oneshot::channel();
        let reading = async move {
            let read = core.read_on(None, statement, async {
                reply.closed().await;
                sleep(CANCEL_GRACE).await;
            });
            let read = read.await;
            let _ = reply.send(read);
        };
        tokio::spawn(reading.in_current_span());
        answer.await.unwrap_or_else(|_| Err(StoreError::Driver(sqlx::Error::WorkerCrashed)))
    }

    /// Reads on the given connection, or on one from the pool; once more when the connection broke, or a statement was
    /// prepared for another schema.
    async fn read_on<T: Send + 'static>(
        &self,
        mut lease: Option<Lease<B>>,
        statement: impl ReadStatement<B, T>,
        gone: impl Future<Output = ()> + Send,
    ) -> Result<T, StoreError> {
        let mut gone = pin!(gone);
        let deadline = self.deadline();
        let mut tried = false;
        loop {
            let mut own = if let Some(own) = lease.take() {
                own
            } else {
                tokio::select! {
                    own = self.readers.take() => own?,
                    () = &mut gone => return Err(late()),
                }
            };
            let interrupt = own.interrupt.clone();
            let read = {
                let mut running = pin!(self.read_once(&mut own, &statement));
                tokio::select! {
                    biased;
                    read = &mut running => Some(read),
                    () = &mut gone => None,
                    () = sleep_until(deadline) => None,
                }
            };
            let Some(read) = read else {
                let _ = timeout(CANCEL_TIMEOUT, self.backend.interrupt(&interrupt)).await;
                return Err(late());
            };
            let error = match read {
                Ok(value) => {
                    own.release().await;
                    return Ok(value);
                }
                Err(error) => error,
            };
            let (is_lost, stale) = (is_connection_lost::<B>(&error), B::is_stale_plan(&error));
            let is_sound = !is_lost && (!stale || forget_statements::<B>(&mut own).await);
            if is_sound && self.roll_back(&mut own, !self.backend.keeps_statements()).await {
                own.release().await;
            }
            let error = self.readers.map_error(error);
            if tried || !(is_lost || stale) {
                return Err(error);
            }
            tried = true;
        }
    }

    async fn read_once<T: Send + 'static>(
        &self,
        open: &mut Open<B>,
        statement: &impl ReadStatement<B, T>,
    ) -> Result<T, sqlx::Error> {
        let in_transaction = self.backend.begin(open, Scope::Read).await?;
        let value = statement(&self.backend, open).await?;
        if in_transaction {
            self.backend.commit(open).await?;
        }
        Ok(value)
    }

    /// Runs one statement that changes something other than tasks, beside the queue.
    pub(super) async fn change<T: Send + 'static>(
        self: &Arc<Self>,
        statement: impl ReadStatement<B, T>,
    ) -> Result<T, StoreError> {
        let core = Arc::clone(self);
        let (reply, answer) = oneshot::channel();
        let changing = async move {
            let _ = reply.send(core.change_once(&statement).await);
        };
        tokio::spawn(changing.in_current_span());
        answer.await.unwrap_or_else(|_| Err(StoreError::Driver(sqlx::Error::WorkerCrashed)))
    }

    async fn change_once<T: Send + 'static>(
        &self,
        statement: &impl ReadStatement<B, T>,
    ) -> Result<T, StoreError> {
        let mut own = self.writers.take().await?;
        let changed = timeout_at(self.deadline(), async {
            let in_transaction = self.backend.begin(&mut own, Scope::Statement).await?;
            let value = statement(&self.backend, &mut own).await?;
            if in_transaction {
                self.backend.commit(&mut own).await?;
            }
            Ok::<_, sqlx::Error>(value)
        });
        match changed.await {
            Ok(Ok(value)) => {
                own.release().await;
                Ok(value)
            }
            // Whatever state the connection is in, it is closed.
            Ok(Err(error)) => Err(self.writers.map_error(error)),
            Err(_) => Err(self.timed_out(&mut own).await),
        }
    }
}

/// A statement on a connection that is lent to it.
pub(super) trait ReadStatement<B: Backend, T>:
    for<'a> Fn(&'a B, &'a mut Open<B>) -> BoxFuture<'a, Result<T, sqlx::Error>> + Send + Sync + 'static
{
}

impl<B: Backend, T, F> ReadStatement<B, T> for F where
    F: for<'a> Fn(&'a B, &'a mut Open<B>) -> BoxFuture<'a, Result<T, sqlx::Error>>
        + Send
        + Sync
        + 'static
{
}

fn find<B: Backend>(references: Arc<[TaskRef]>) -> impl ReadStatement<B, Vec<TaskRow>> {
    statement(move |backend: &B, open| {
        let references = Arc::clone(&references);
        Box::pin(async move { backend.find_tasks(open, &references).await })
    })
}

/// Lets the compiler know that a closure is a statement.
pub(super) fn statement<B, T, F>(statement: F) -> F
where
    B: Backend,
    F: for<'a> Fn(&'a B, &'a mut Open<B>) -> BoxFuture<'a, Result<T, sqlx::Error>>
        + Send
        + Sync
        + 'static,
{
    statement
}

fn answer_lookups(jobs: Vec<Queued<TaskRef, Option<Task>>>, rows: Vec<TaskRow>) {
    let numbers: HashMap<i64, Uuid> = rows.iter().map(|row| (row.number, row.id)).collect();
    let rows: HashMap<Uuid, TaskRow> = rows.into_iter().map(|row| (row.id, row)).collect();
    for job in jobs {
        let id = match job.job {
            TaskRef::Id(id) => Some(id),
            TaskRef::Number(number) => numbers.get(&number).copied(),
        };
        let row = id.and_then(|id| rows.get(&id));
        let task = row.map(|row| Task::try_from(row.clone())).transpose();
        job.reply(task);
    }
}

//! Jobs that wait for a task of the store, and the requests that wait for their results.
//!
//! A request that goes away, or waits for too long, takes its job back as long as no task has begun it. Begun, the
//! job runs to its end, whether anybody waits for it or not.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;
use tracing::Span;

use super::StoreError;
use super::availability::Availability;
use super::limits::QUEUE_JOBS_MAX;

/// Jobs in the order in which they came.
#[derive(Debug)]
pub(super) struct Queue<J, R> {
    jobs: Mutex<Waiting<J, R>>,
    pushed: Notify,
    /// Longest wait for a task to begin a job.
    wait: Duration,
    availability: Arc<Availability>,
}

#[derive(Debug)]
struct Waiting<J, R> {
    jobs: VecDeque<Queued<J, R>>,
    /// Tasks that are on their way to begin a job: none more sets out than there are jobs.
    claims: usize,
    closed: bool,
}

/// A task that is about to begin jobs.
#[derive(Debug)]
pub(super) struct Claim<'a, J, R>(&'a Queue<J, R>);

impl<J, R> Drop for Claim<'_, J, R> {
    fn drop(&mut self) {
        let is_left = {
            let mut waiting = self.0.waiting();
            waiting.claims -= 1;
            waiting.has_unclaimed()
        };
        if is_left {
            self.0.pushed.notify_last();
        }
    }
}

/// A job, and anyone who waits for it.
#[derive(Debug)]
pub(super) struct Queued<J, R> {
    pub(super) job: J,
    pub(super) span: Span,
    /// Begun before, and given back by the task that did.
    returned: bool,
    ticket: Arc<Ticket>,
    reply: oneshot::Sender<Result<R, StoreError>>,
}

impl<J, R> Queued<J, R> {
    /// Answers the request, if it still waits. The job, with what it holds, is gone before the answer is there.
    pub(super) fn reply(self, result: Result<R, StoreError>) {
        let Self { job, reply, .. } = self;
        drop(job);
        let _ = reply.send(result);
    }
}

/// Whether a job was begun or taken back: whichever comes first counts.
#[derive(Debug, Default)]
struct Ticket(AtomicU8);

impl Ticket {
    const BEGUN: u8 = 1;
    const WITHDRAWN: u8 = 2;

    fn settle(&self, as_what: u8) -> bool {
        self.0.compare_exchange(0, as_what, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }
}

/// Takes the job back when the request is dropped.
struct WithdrawOnDrop<'a>(&'a Ticket);

impl Drop for WithdrawOnDrop<'_> {
    fn drop(&mut self) {
        self.0.settle(Ticket::WITHDRAWN);
    }
}

impl<J, R> Queue<J, R> {
    pub(super) fn new(wait: Duration, availability: Arc<Availability>) -> Self {
        let jobs = Mutex::new(Waiting { jobs: VecDeque::new(), claims: 0, closed: false });
        Self { jobs, pushed: Notify::new(), wait, availability }
    }

    /// Waits for a job's result.
    ///
    /// # Errors
    ///
    /// The job's own; [`StoreError::Unavailable`] when it was not begun in time, or cannot be.
    pub(super) async fn run(&self, job: J) -> Result<R, StoreError> {
        let ticket = Arc::new(Ticket::default());
        let (reply, mut result) = oneshot::channel();
        let (span, returned) = (Span::current(), false);
        self.push(Queued { job, span, returned, ticket: Arc::clone(&ticket), reply })?;
        let _withdraw = WithdrawOnDrop(&ticket);
        let early = tokio::select! {
            biased;
            result = timeout(self.wait, &mut result) => result.ok(),
            error = self.availability.until_down() => {
                if ticket.settle(Ticket::WITHDRAWN) {
                    return Err(error);
                }
                None
            }
        };
        let result = match early {
            Some(result) => result,
            None if ticket.settle(Ticket::WITHDRAWN) => {
                return Err(self.availability.map_error(sqlx::Error::PoolTimedOut, |_| None));
            }
            None => result.await,
        };
        // A task that panicked has logged it.
        result.unwrap_or_else(|_| Err(StoreError::Driver(sqlx::Error::WorkerCrashed)))
    }

    fn push(&self, job: Queued<J, R>) -> Result<(), StoreError> {
        let refused = {
            let mut waiting = self.waiting();
            if waiting.closed {
                Some(sqlx::Error::PoolClosed)
            } else if waiting.jobs.len() >= QUEUE_JOBS_MAX {
                Some(sqlx::Error::PoolTimedOut)
            } else {
                waiting.jobs.push_back(job);
                None
            }
        };
        if let Some(error) = refused {
            return Err(self.availability.map_error(error, |_| None));
        }
        // The last to wait has the connection that is most likely in the caches of both sides.
        self.pushed.notify_last();
        Ok(())
    }

    /// Waits until there are jobs that no other task is about to begin; `None` once the queue is closed and empty.
    pub(super) async fn claim(&self) -> Option<Claim<'_, J, R>> {
        loop {
            let pushed = self.pushed.notified();
            {
                let mut waiting = self.waiting();
                waiting.drop_withdrawn();
                if waiting.has_unclaimed() {
                    waiting.claims += 1;
                    return Some(Claim(self));
                }
                if waiting.closed && waiting.jobs.is_empty() {
                    return None;
                }
            }
            pushed.await;
        }
    }

    /// Begins the first jobs: the first in any case, and those after it for which `more` says so, given how many
    /// there are already.
    pub(super) fn begin(
        &self,
        claim: Claim<'_, J, R>,
        mut more: impl FnMut(&[Queued<J, R>], &J) -> bool,
    ) -> Vec<Queued<J, R>> {
        let mut waiting = self.waiting();
        let mut begun = Vec::new();
        while let Some(next) = waiting.jobs.front() {
            if !begun.is_empty() && !more(&begun, &next.job) {
                break;
            }
            if let Some(next) = waiting.jobs.pop_front()
                && (next.returned || next.ticket.settle(Ticket::BEGUN))
            {
                begun.push(next);
            }
        }
        drop(waiting);
        drop(claim);
        begun
    }

    /// Gives a job back that was begun, to be done next.
    pub(super) fn give_back(&self, job: Queued<J, R>) {
        self.waiting().jobs.push_front(Queued { returned: true, ..job });
        self.pushed.notify_last();
    }

    /// Takes no more jobs; those that wait are still done.
    pub(super) fn close(&self) {
        self.waiting().closed = true;
        self.pushed.notify_waiters();
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting<J, R>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J, R> Waiting<J, R> {
    fn has_unclaimed(&self) -> bool {
        self.jobs.len() > self.claims
    }

    fn drop_withdrawn(&mut self) {
        while let Some(first) = self.jobs.front()
            && first.ticket.0.load(Ordering::Acquire) == Ticket::WITHDRAWN
        {
            self.jobs.pop_front();
        }
    }
}

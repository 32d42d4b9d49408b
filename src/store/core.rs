//! The one store over either database: requests hand their work to tasks that own the connections.
//!
//! - What changes something waits in one queue. A writer takes all that waits, commits it in one transaction, and
//!   answers each request: group commit. It waits for nobody, so a batch forms only while all writers are busy.
//! - Look-ups of single tasks that wait together are answered by one query.
//! - Lists, counts and figures run in a task of their own, so that a request that goes away leaves no connection in the
//!   middle of a protocol; a statement that outlives its request is cancelled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, timeout};

use super::availability::Availability;
use super::backend::{Backend, Open, Role};
use super::error::READ_ONLY;
use super::events::Commits;
use super::idempotency::{InFlight, KeyInFlight};
use super::limits::CANCEL_TIMEOUT;
use super::pool::Pool;
use super::queue::Queue;
use super::{PoolSettings, StoreError, Work, WriteOutcome};
use crate::domain::{Task, TaskRef};

/// Closes the queues when its owner is gone, so that the store's tasks end.
#[derive(Debug)]
pub(super) struct Store<B: Backend>(Arc<Core<B>>);

impl<B: Backend> Store<B> {
    /// Opens nothing yet.
    pub(super) fn new(
        backend: B,
        settings: &PoolSettings,
        availability: &Arc<Availability>,
    ) -> Self {
        Self(Arc::new(Core::new(backend, settings, availability)))
    }

    pub(super) fn core(&self) -> &Arc<Core<B>> {
        &self.0
    }
}

impl<B: Backend> Drop for Store<B> {
    fn drop(&mut self) {
        self.0.writes.close();
        self.0.lookups.close();
    }
}

/// The queues, the connections, and what all tasks of one store share.
#[derive(Debug)]
pub(super) struct Core<B: Backend> {
    pub(super) backend: Arc<B>,
    pub(super) writers: Arc<Pool<B>>,
    /// The same as `writers` where one pool does both.
    pub(super) readers: Arc<Pool<B>>,
    pub(super) writes: Queue<WriteJob, WriteOutcome>,
    pub(super) lookups: Queue<TaskRef, Option<Task>>,
    in_flight: Arc<InFlight>,
    pub(super) commits: Arc<Commits>,
    pub(super) settings: PoolSettings,
    started: AtomicBool,
}

/// No connection is open, and none is opened, while this is there.
#[derive(Debug)]
pub(super) struct Paused {
    _writers: OwnedSemaphorePermit,
    _readers: Option<OwnedSemaphorePermit>,
}

#[derive(Debug)]
pub(super) struct WriteJob {
    pub(super) work: Work,
    /// Not together with others: another transaction holds one of its rows.
    pub(super) alone: bool,
    /// When its statements must have ended, once it was begun.
    pub(super) deadline: Option<Instant>,
    _key: Option<KeyInFlight>,
}

impl<B: Backend> Core<B> {
    fn new(backend: B, settings: &PoolSettings, availability: &Arc<Availability>) -> Self {
        let backend = Arc::new(backend);
        let wait = settings.acquire_timeout();
        let pool = |role, connections| {
            let availability = Arc::clone(availability);
            Pool::new(Arc::clone(&backend), role, connections, wait, availability)
        };
        let (writing, reading) = B::connections(settings);
        let writers = pool(Role::Write, writing);
        let readers = reading.map_or_else(|| Arc::clone(&writers), |many| pool(Role::Read, many));
        Self {
            writes: Queue::new(wait, Arc::clone(availability)),
            lookups: Queue::new(wait, Arc::clone(availability)),
            backend,
            writers,
            readers,
            in_flight: Arc::default(),
            commits: Arc::default(),
            settings: *settings,
            started: AtomicBool::new(false),
        }
    }

    pub(super) fn commits(&self) -> Arc<Commits> {
        Arc::clone(&self.commits)
    }

    /// Open, idle and most connections.
    pub(super) fn usage(&self) -> (u32, u32, u32) {
        let (open, idle, most) = self.writers.usage();
        if Arc::ptr_eq(&self.writers, &self.readers) {
            return (open, idle, most);
        }
        let readers = self.readers.usage();
        (open + readers.0, idle + readers.1, most + readers.2)
    }

    /// Closes every connection, and opens none until what is returned is dropped; `None` where that takes too long. What
    /// only the open connections can save is saved before.
    pub(super) async fn pause(&self) -> Option<Paused> {
        let writers = self.writers.hold().await?;
        let has_readers = !Arc::ptr_eq(&self.writers, &self.readers);
        let readers = if has_readers { Some(self.readers.hold().await?) } else { None };
        if self.backend.has_lost_its_log() {
            match self.writers.save_log().await {
                Ok(()) => tracing::info!("saved what the lost log held"),
                Err(error) => tracing::error!(%error, "what the lost log held is lost"),
            }
        }
        self.readers.close_idle().await;
        self.writers.close_idle().await;
        Some(Paused { _writers: writers, _readers: readers })
    }

    /// Finishes what waits, then closes every connection.
    pub(super) async fn close(&self) {
        self.writes.close();
        self.lookups.close();
        // The readers first: on SQLite the last connection to close empties the write-ahead log.
        if !Arc::ptr_eq(&self.writers, &self.readers) {
            self.readers.close().await;
        }
        self.writers.close().await;
    }

    /// Changes tasks.
    pub(super) async fn write(self: &Arc<Self>, work: Work) -> Result<WriteOutcome, StoreError> {
        let key = work.once.as_ref().map(|once| self.in_flight.begin(&once.key)).transpose()?;
        self.start();
        self.writes.run(WriteJob { work, alone: false, deadline: None, _key: key }).await
    }

    /// Looks one task up.
    pub(super) async fn look_up(
        self: &Arc<Self>,
        reference: TaskRef,
    ) -> Result<Option<Task>, StoreError> {
        self.start();
        self.lookups.run(reference).await
    }

    /// Starts the tasks that own the connections; the first request does, because it runs on the runtime.
    pub(super) fn start(self: &Arc<Self>) {
        if self.started.swap(true, Ordering::AcqRel) {
            return;
        }
        self.writers.sweep();
        if !Arc::ptr_eq(&self.writers, &self.readers) {
            self.readers.sweep();
        }
        let (writing, _) = B::connections(&self.settings);
        for _ in 0..writing {
            keep_running(Arc::clone(self), |core| Box::pin(core.write_until_closed()));
        }
        for _ in 0..B::LOOKUP_LOOPS {
            keep_running(Arc::clone(self), |core| Box::pin(core.look_up_until_closed()));
        }
    }
}

/// Drops a connection's prepared statements; whether it is still sound.
pub(super) async fn forget_statements<B: Backend>(open: &mut Open<B>) -> bool {
    use sqlx::Connection as _;
    matches!(timeout(CANCEL_TIMEOUT, open.raw.clear_cached_statements()).await, Ok(Ok(())))
}

pub(super) fn is_connection_lost<B: Backend>(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed => true,
        // What lets this session write no more may be its own: see `Availability`.
        sqlx::Error::Database(_) => {
            matches!(B::unavailable(error), Some("connection" | READ_ONLY))
        }
        _ => false,
    }
}

pub(super) fn late() -> StoreError {
    let words = "the statements took too long";
    let error = std::io::Error::new(std::io::ErrorKind::TimedOut, words);
    StoreError::Unavailable { kind: "timeout", source: sqlx::Error::Io(error) }
}

/// Runs a task of the store until it ends by itself: one that panicked, whose requests were told so, begins again.
fn keep_running<B: Backend>(
    core: Arc<Core<B>>,
    run: impl Fn(Arc<Core<B>>) -> BoxFuture<'static, ()> + Send + 'static,
) {
    tokio::spawn(async move {
        while tokio::spawn(run(Arc::clone(&core))).await.is_err_and(|ended| ended.is_panic()) {}
    });
}

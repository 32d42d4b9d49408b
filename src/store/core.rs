//! The one store over either database: requests hand their work to tasks that own the connections.
//!
//! - What changes something waits in one queue. A writer takes all that waits, commits it in one transaction, and
//!   answers each request: group commit. It waits for nobody, so a batch forms only while all writers are busy.
//! - Look-ups of single tasks that wait together are answered by one query.
//! - Lists, counts and figures run in a task of their own, so that a request that goes away leaves no connection in the
//!   middle of a protocol; a statement that outlives its request is cancelled.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use futures_util::future::BoxFuture;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tracing::Instrument;
use uuid::Uuid;

use super::availability::Availability;
use super::backend::{Backend, Open, Role, Scope};
use super::batch::{Batch, Evaluated};
use super::events::Commits;
use super::limits::{
    BATCH_JOBS_MAX, BATCH_OPERATIONS_MAX, CANCEL_GRACE, CANCEL_TIMEOUT, LOOKUP_TASKS_MAX,
    TRANSACTION_ATTEMPTS_MAX,
};
use super::once::{self, InFlight, KeyInFlight};
use super::pool::{Lease, Pool};
use super::queue::{Claim, Queue, Queued};
use super::row::TaskRow;
use super::{CarriedOut, PoolSettings, StoreError, Work};
use crate::domain::{Operation, Task, TaskRef};

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
    backend: Arc<B>,
    writers: Arc<Pool<B>>,
    /// The same as `writers` where one pool does both.
    readers: Arc<Pool<B>>,
    writes: Queue<WriteJob, CarriedOut>,
    lookups: Queue<TaskRef, Option<Task>>,
    in_flight: Arc<InFlight>,
    commits: Arc<Commits>,
    settings: PoolSettings,
    started: AtomicBool,
}

#[derive(Debug)]
struct WriteJob {
    work: Work,
    /// Not together with others: another transaction holds one of its rows.
    alone: bool,
    /// When its statements must have ended, once it was begun.
    deadline: Option<Instant>,
    _key: Option<KeyInFlight>,
}

type WaitingWrite = Queued<WriteJob, CarriedOut>;

/// Why a batch was not committed.
#[derive(Debug)]
enum Failed {
    /// The database refused, the transaction was rolled back, and the connection is sound.
    Refused(StoreError),
    /// The connection cannot be used again, and nothing was committed.
    Lost(StoreError),
    /// The connection cannot be used again, and nobody knows whether the batch was committed.
    Unknown(StoreError),
}

/// What a batch came to for one of its jobs.
#[derive(Debug)]
enum Answered {
    Done(Result<CarriedOut, StoreError>),
    /// Another transaction holds one of its rows: to be done alone, so that the others need not wait.
    Held,
}

/// What a request of a batch came to before it was written.
enum Step {
    Evaluated(Result<Evaluated, StoreError>),
    Replayed(CarriedOut),
    Held,
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

    /// What was committed here.
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
    pub(super) async fn write(self: &Arc<Self>, work: Work) -> Result<CarriedOut, StoreError> {
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
    fn start(self: &Arc<Self>) {
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

    async fn write_until_closed(self: Arc<Self>) {
        while let Some(claim) = self.writes.claim().await {
            match self.writers.take().await {
                Ok(lease) => self.write_waiting(lease, claim).await,
                // All connections are busy: who has waited for too long has taken the job back.
                Err(StoreError::Unavailable { source: sqlx::Error::PoolTimedOut, .. }) => {}
                Err(error) => {
                    for job in self.writes.begin(claim, |_, _| true) {
                        job.reply(Err(error.repeat()));
                    }
                }
            }
        }
    }

    async fn write_waiting(&self, lease: Lease<B>, claim: Claim<'_, WriteJob, CarriedOut>) {
        let mut operations = 0;
        let mut jobs = self.writes.begin(claim, |begun, next| {
            let first = begun.last().map_or(0, |job| job.job.work.operations.len());
            operations += first;
            begun.len() < BATCH_JOBS_MAX
                && operations + next.work.operations.len() <= BATCH_OPERATIONS_MAX
                && begun.iter().all(|job| job.job.joins_others())
                && next.joins_others()
        });
        if jobs.is_empty() {
            return lease.release().await;
        }
        let deadline = self.deadline();
        for job in &mut jobs {
            job.job.deadline.get_or_insert(deadline);
        }
        // With the request's span, as far as there is one request.
        let span = jobs.first().filter(|_| jobs.len() == 1).map(|job| job.span.clone());
        let writing = self.write_jobs(lease, jobs);
        match span {
            Some(span) => writing.instrument(span).await,
            None => writing.await,
        }
    }

    fn deadline(&self) -> Instant {
        // The server's own limit comes first: then it is the server that says how the statement ended.
        Instant::now() + self.settings.statement_timeout() + self.settings.request_timeout / 8
    }

    /// Commits a batch and answers its jobs. What the database refuses for one of them is done one by one.
    async fn write_jobs(&self, lease: Lease<B>, jobs: Vec<WaitingWrite>) {
        let mut lease = Some(lease);
        let together: Vec<_> = jobs.iter().map(|job| &job.job).collect();
        match self.commit(&mut lease, &together).await {
            Ok(answers) => {
                for (job, answer) in jobs.into_iter().zip(answers) {
                    self.deliver(job, answer);
                }
            }
            Err(Failed::Refused(_)) if jobs.len() > 1 => {
                for job in jobs {
                    match self.commit(&mut lease, &[&job.job]).await {
                        Ok(mut answers) => {
                            let answer = answers.pop();
                            self.deliver(job, answer.unwrap_or(Answered::Held));
                        }
                        Err(failed) => job.reply(Err(failed.into_error())),
                    }
                }
            }
            Err(failed) => {
                let error = failed.into_error();
                for job in jobs {
                    job.reply(Err(error.repeat()));
                }
            }
        }
        if let Some(lease) = lease {
            lease.release().await;
        }
    }

    fn deliver(&self, mut job: WaitingWrite, answer: Answered) {
        match answer {
            Answered::Done(result) => job.reply(result),
            Answered::Held => {
                job.job.alone = true;
                self.writes.give_back(job);
            }
        }
    }

    /// Commits jobs in one transaction. Tries again what was rolled back for the sake of another transaction, what met
    /// a statement that was prepared for another schema, and, on another connection, what met a dead one. The lease
    /// is gone afterwards if its connection cannot be used again.
    async fn commit(
        &self,
        lease: &mut Option<Lease<B>>,
        jobs: &[&WriteJob],
    ) -> Result<Vec<Answered>, Failed> {
        let deadline = jobs.iter().filter_map(|job| job.deadline).min();
        let deadline = deadline.unwrap_or_else(|| self.deadline());
        let (mut attempts, mut reconnected, mut prepared) = (1, false, false);
        loop {
            let mut own = match lease.take() {
                Some(own) => own,
                None => self.writers.take().await.map_err(Failed::Lost)?,
            };
            let failed = match self.attempt(&mut own, jobs, deadline).await {
                Ok(answers) => {
                    *lease = Some(own);
                    return Ok(answers);
                }
                Err(failed) => failed,
            };
            let is_late = Instant::now() >= deadline;
            match failed {
                Failed::Refused(error) => {
                    let stale =
                        matches!(driver_error(&error), Some(error) if B::is_stale_plan(error));
                    let lost =
                        matches!(driver_error(&error), Some(error) if B::was_rolled_back(error));
                    let again =
                        (stale && !prepared) || (lost && attempts < TRANSACTION_ATTEMPTS_MAX);
                    prepared |= stale;
                    attempts += u32::from(lost);
                    let is_sound = !stale || forget_statements::<B>(&mut own).await;
                    if is_sound {
                        *lease = Some(own);
                    }
                    if !again || is_late {
                        return Err(Failed::Refused(error));
                    }
                }
                Failed::Lost(error) if reconnected || is_late => return Err(Failed::Lost(error)),
                Failed::Lost(_) => reconnected = true,
                Failed::Unknown(error) => return Err(Failed::Unknown(error)),
            }
        }
    }

    /// One transaction.
    async fn attempt(
        &self,
        lease: &mut Lease<B>,
        jobs: &[&WriteJob],
        deadline: Instant,
    ) -> Result<Vec<Answered>, Failed> {
        let scope = scope::<B>(jobs);
        let in_transaction = match timeout_at(deadline, self.backend.begin(lease, scope)).await {
            Ok(Ok(in_transaction)) => in_transaction,
            Ok(Err(error)) => return Err(self.failed(lease, true, false, error).await),
            Err(_) => return Err(Failed::Lost(self.timed_out(lease).await)),
        };
        let written = match timeout_at(deadline, self.statements(lease, jobs)).await {
            Ok(Ok(written)) => written,
            Ok(Err(Stopped::Driver(error))) => {
                return Err(self.failed(lease, in_transaction, in_transaction, error).await);
            }
            Ok(Err(Stopped::Store(error))) => {
                let is_sound = self.roll_back(lease, in_transaction).await;
                return Err(if is_sound { Failed::Refused(error) } else { Failed::Lost(error) });
            }
            Err(_) if in_transaction => return Err(Failed::Lost(self.timed_out(lease).await)),
            Err(_) => return Err(Failed::Unknown(self.timed_out(lease).await)),
        };
        if in_transaction {
            // Not given up with the statements: whether a commit has happened then, nobody knows.
            let commit = timeout(self.settings.request_timeout, self.backend.commit(lease)).await;
            match commit {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    let is_lost = is_connection_lost::<B>(&error);
                    let error = self.writers.map_error(error);
                    let is_sound = !is_lost && self.roll_back(lease, true).await;
                    return Err(if is_sound {
                        Failed::Refused(error)
                    } else {
                        Failed::Unknown(error)
                    });
                }
                Err(_) => return Err(Failed::Unknown(self.timed_out(lease).await)),
            }
        }
        if written.has_events {
            self.commits.made(written.net_created);
        }
        Ok(written.answers)
    }

    /// Everything up to, and without, the commit.
    async fn statements(&self, open: &mut Open<B>, jobs: &[&WriteJob]) -> Result<Written, Stopped> {
        let backend = self.backend.as_ref();
        let mut replayed: Vec<Option<CarriedOut>> = Vec::with_capacity(jobs.len());
        for job in jobs {
            let answer = match &job.work.once {
                Some(once) => once::claim(backend, open, once).await?,
                None => None,
            };
            replayed.push(answer.map(CarriedOut::Before));
        }
        let operations = jobs.iter().flat_map(|job| &job.work.operations);
        let references: Vec<_> = operations.filter_map(Operation::reference).collect();
        let together = jobs.len() > 1;
        let rows = match references.as_slice() {
            [] => Vec::new(),
            references => backend.lock_tasks(open, references, together).await?,
        };
        let rows = rows.into_iter().map(Task::try_from).collect::<Result<_, _>>()?;
        let mut batch = Batch::new(rows);
        let mut steps = Vec::with_capacity(jobs.len());
        for (job, replayed) in jobs.iter().zip(replayed) {
            steps.push(match replayed {
                Some(before) => Step::Replayed(before),
                None if together && !batch.names_all(&job.work.operations) => Step::Held,
                None => Step::Evaluated(batch.evaluate(&job.work.operations, job.work.now)),
            });
        }
        // A refused request leaves its key free.
        if let [Step::Evaluated(Err(_))] = steps.as_slice()
            && let Some(Step::Evaluated(Err(error))) = steps.pop()
        {
            return Err(Stopped::Store(error));
        }
        let mut changes = batch.into_changes();
        if !changes.created.is_empty() {
            backend.insert_tasks(open, &mut changes.created).await?;
            changes.number_others();
        }
        if !changes.others.is_empty() {
            backend.write_changes(open, &changes.others).await?;
        }
        let mut answers = Vec::with_capacity(jobs.len());
        for (job, step) in jobs.iter().zip(steps) {
            answers.push(match step {
                Step::Held => Answered::Held,
                Step::Replayed(before) => Answered::Done(Ok(before)),
                Step::Evaluated(Err(error)) => Answered::Done(Err(error)),
                Step::Evaluated(Ok(evaluated)) => {
                    let outcomes = changes.outcomes(evaluated);
                    if let Some(once) = &job.work.once {
                        let answer = (once.answer)(&outcomes);
                        backend.store_answer(open, &once.key, &answer).await?;
                    }
                    Answered::Done(Ok(CarriedOut::Now(outcomes)))
                }
            });
        }
        let (has_events, net_created) = (!changes.is_empty(), changes.net_created());
        Ok(Written { answers, has_events, net_created })
    }

    /// What an error of the driver means for the transaction and the connection.
    async fn failed(
        &self,
        lease: &mut Lease<B>,
        nothing_is_committed: bool,
        in_transaction: bool,
        error: sqlx::Error,
    ) -> Failed {
        let is_lost = is_connection_lost::<B>(&error);
        let error = self.writers.map_error(error);
        if !is_lost && self.roll_back(lease, in_transaction).await {
            return Failed::Refused(error);
        }
        if nothing_is_committed { Failed::Lost(error) } else { Failed::Unknown(error) }
    }

    /// Whether the connection is in no transaction now, and sound.
    async fn roll_back(&self, open: &mut Open<B>, in_transaction: bool) -> bool {
        if !in_transaction {
            return true;
        }
        matches!(timeout(CANCEL_TIMEOUT, self.backend.rollback(open)).await, Ok(Ok(())))
    }

    /// Stops what still runs on a connection that is about to be closed.
    async fn timed_out(&self, open: &mut Open<B>) -> StoreError {
        let _ = timeout(CANCEL_TIMEOUT, self.backend.interrupt(&open.interrupt)).await;
        late()
    }

    async fn look_up_until_closed(self: Arc<Self>) {
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

/// What a transaction has done, to be committed.
struct Written {
    answers: Vec<Answered>,
    has_events: bool,
    net_created: i64,
}

/// Why a transaction got no further.
pub(super) enum Stopped {
    Driver(sqlx::Error),
    Store(StoreError),
}

impl From<sqlx::Error> for Stopped {
    fn from(error: sqlx::Error) -> Self {
        Self::Driver(error)
    }
}

impl From<StoreError> for Stopped {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Failed {
    fn into_error(self) -> StoreError {
        match self {
            Self::Refused(error) | Self::Lost(error) | Self::Unknown(error) => error,
        }
    }
}

impl WriteJob {
    /// A key that is claimed must be free again if its request is refused, so the transaction is its own.
    fn joins_others(&self) -> bool {
        !self.alone && self.work.once.is_none()
    }
}

fn late() -> StoreError {
    let words = "the statements took too long";
    let error = std::io::Error::new(std::io::ErrorKind::TimedOut, words);
    StoreError::Unavailable { kind: "timeout", source: sqlx::Error::Io(error) }
}

/// Several statements, unless all that is to be done is to store a few new tasks.
fn scope<B: Backend>(jobs: &[&WriteJob]) -> Scope {
    let mut operations = 0;
    for job in jobs {
        let created = |operation: &Operation| matches!(operation, Operation::Create(_));
        if job.work.once.is_some() || !job.work.operations.iter().all(created) {
            return Scope::Transaction;
        }
        operations += job.work.operations.len();
    }
    if operations <= B::INSERT_TASKS_MAX { Scope::Statement } else { Scope::Transaction }
}

fn driver_error(error: &StoreError) -> Option<&sqlx::Error> {
    match error {
        StoreError::Unavailable { source, .. } | StoreError::Driver(source) => Some(source),
        _ => None,
    }
}

fn is_connection_lost<B: Backend>(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(_) => B::unavailable(error) == Some("connection"),
        _ => false,
    }
}

/// Drops a connection's prepared statements; whether it is still sound.
async fn forget_statements<B: Backend>(open: &mut Open<B>) -> bool {
    use sqlx::Connection as _;
    matches!(timeout(CANCEL_TIMEOUT, open.raw.clear_cached_statements()).await, Ok(Ok(())))
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

/// Runs a task of the store until it ends by itself: one that panicked, whose requests were told so, begins again.
fn keep_running<B: Backend>(
    core: Arc<Core<B>>,
    run: impl Fn(Arc<Core<B>>) -> BoxFuture<'static, ()> + Send + 'static,
) {
    tokio::spawn(async move {
        while tokio::spawn(run(Arc::clone(&core))).await.is_err_and(|ended| ended.is_panic()) {}
    });
}

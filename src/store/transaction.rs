//! Writers: each takes all jobs that wait, commits them in one transaction, and answers each request.

use std::sync::Arc;

use tokio::time::{Instant, timeout, timeout_at};
use tracing::Instrument;

use super::backend::{Backend, Open, Scope};
use super::batch::{Batch, Evaluated};
use super::core::{Core, WriteJob, forget_statements, is_connection_lost, late};
use super::idempotency;
use super::limits::{
    BATCH_JOBS_MAX, BATCH_OPERATIONS_MAX, CANCEL_TIMEOUT, TRANSACTION_ATTEMPTS_MAX,
};
use super::pool::Lease;
use super::queue::{Claim, Queued};
use super::{StoreError, WriteOutcome};
use crate::domain::{Operation, Task};

type WaitingWrite = Queued<WriteJob, WriteOutcome>;

impl<B: Backend> Core<B> {
    pub(super) async fn write_until_closed(self: Arc<Self>) {
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

    async fn write_waiting(&self, lease: Lease<B>, claim: Claim<'_, WriteJob, WriteOutcome>) {
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

    pub(super) fn deadline(&self) -> Instant {
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
                // Known to refuse writes, the database is asked once for each.
                Failed::Lost(error)
                    if reconnected
                        || is_late
                        || (error.is_read_only() && self.writers.refuses_writes()) =>
                {
                    return Err(Failed::Lost(error));
                }
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
        let mut replayed: Vec<Option<WriteOutcome>> = Vec::with_capacity(jobs.len());
        for job in jobs {
            let answer = match &job.work.once {
                Some(once) => idempotency::claim(backend, open, once).await?,
                None => None,
            };
            replayed.push(answer.map(WriteOutcome::Replayed));
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
                    Answered::Done(Ok(WriteOutcome::Applied(outcomes)))
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
        if error.is_read_only() {
            // The first to be told speaks for all that are there.
            self.writers.outdate(lease);
            return Failed::Lost(error);
        }
        if !is_lost && self.roll_back(lease, in_transaction).await {
            return Failed::Refused(error);
        }
        if nothing_is_committed { Failed::Lost(error) } else { Failed::Unknown(error) }
    }

    /// Whether the connection is in no transaction now, and sound.
    pub(super) async fn roll_back(&self, open: &mut Open<B>, in_transaction: bool) -> bool {
        if !in_transaction {
            return true;
        }
        matches!(timeout(CANCEL_TIMEOUT, self.backend.rollback(open)).await, Ok(Ok(())))
    }

    /// Stops what still runs on a connection that is about to be closed.
    pub(super) async fn timed_out(&self, open: &mut Open<B>) -> StoreError {
        let _ = timeout(CANCEL_TIMEOUT, self.backend.interrupt(&open.interrupt)).await;
        late()
    }
}

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
    Done(Result<WriteOutcome, StoreError>),
    /// Another transaction holds one of its rows: to be done alone, so that the others need not wait.
    Held,
}

/// What a request of a batch came to before it was written.
enum Step {
    Evaluated(Result<Evaluated, StoreError>),
    Replayed(WriteOutcome),
    Held,
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

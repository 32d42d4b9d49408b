//! Several changes as one: what both databases do in one transaction, in the same order.

use std::io;

use async_trait::async_trait;
use time::OffsetDateTime;
use tokio::time::Instant;

use super::StoreError;
use super::once::{self, Answer, KeyRow, Once};
use crate::domain::{Operation, Outcome, Precondition, Reason, Refusal, Task, TaskPatch, TaskRef};

/// Changes that are made together or not at all.
#[derive(Debug)]
pub struct Work<'a> {
    /// In this order, each seeing what those before it did.
    pub operations: Vec<Operation>,
    /// When they happen.
    pub now: OffsetDateTime,
    /// Under which key, if this is to happen once.
    pub once: Option<Once<'a>>,
}

impl Work<'_> {
    /// The word for the metric's label.
    pub(super) fn name(&self) -> &'static str {
        if matches!(self.operations.as_slice(), [Operation::Create(_)]) { "create" } else { "bulk" }
    }

    /// The tasks to be made, where there are several and nothing else is to be done.
    fn only_new(&self) -> Option<Vec<Task>> {
        let new = |operation: &Operation| match operation {
            Operation::Create(task) => Some(task.as_ref().clone()),
            Operation::Update { .. } | Operation::Delete { .. } => None,
        };
        let tasks: Option<Vec<_>> = self.operations.iter().map(new).collect();
        tasks.filter(|tasks| tasks.len() > 1)
    }

    fn references(&self) -> Vec<TaskRef> {
        self.operations.iter().filter_map(Operation::reference).collect()
    }
}

/// What came of all changes.
#[derive(Debug, PartialEq, Eq)]
pub enum CarriedOut {
    /// They were made now: what came of each, in order.
    Now(Vec<Outcome>),
    /// They were made before, under the same key: what was answered then.
    Before(Answer),
}

/// What can be done inside a transaction of one database. Nothing is kept unless it is committed.
#[async_trait]
pub(super) trait Writes: Send {
    /// As [`TaskStore::create`](super::TaskStore::create).
    async fn insert(&mut self, task: Task) -> Result<Task, StoreError>;

    /// Stores many tasks with few statements, and gives them their numbers.
    async fn insert_many(&mut self, tasks: &mut [Task]) -> Result<(), StoreError>;

    /// As [`TaskStore::update`](super::TaskStore::update).
    async fn change(
        &mut self,
        reference: TaskRef,
        precondition: &Precondition,
        patch: &TaskPatch,
        now: OffsetDateTime,
    ) -> Result<Task, StoreError>;

    /// As [`TaskStore::delete`](super::TaskStore::delete); returns the task as it last was.
    async fn remove(
        &mut self,
        reference: TaskRef,
        precondition: &Precondition,
    ) -> Result<Task, StoreError>;

    /// Keeps all these tasks from others, in an order that is the same for every transaction, so that no two of
    /// them wait for each other.
    async fn hold(&mut self, references: &[TaskRef]) -> Result<(), StoreError>;

    /// Claims a key that is new, or has expired by the database's clock; whether it could.
    async fn claim_key(&mut self, once: &Once<'_>) -> Result<bool, StoreError>;

    /// A key that others have claimed and that has not expired.
    async fn find_key(&mut self, key: &str) -> Result<Option<KeyRow>, StoreError>;

    /// Puts the answer to a key that this transaction has claimed.
    async fn keep_answer(&mut self, key: &str, answer: &Answer) -> Result<(), StoreError>;
}

/// Does the work up to, and without, the commit.
pub(super) async fn carry_out(
    writes: &mut impl Writes,
    work: &Work<'_>,
) -> Result<CarriedOut, StoreError> {
    if let Some(once) = &work.once
        && let Some(answer) = once::claim(writes, once).await?
    {
        return Ok(CarriedOut::Before(answer));
    }
    let outcomes = match work.only_new() {
        Some(tasks) => make(writes, tasks).await?,
        None => in_order(writes, work).await?,
    };
    if let Some(once) = &work.once {
        writes.keep_answer(once.key, &(once.answer)(&outcomes)).await?;
    }
    Ok(CarriedOut::Now(outcomes))
}

async fn make(writes: &mut impl Writes, mut tasks: Vec<Task>) -> Result<Vec<Outcome>, StoreError> {
    writes.insert_many(&mut tasks).await?;
    Ok(tasks.into_iter().map(Outcome::Created).collect())
}

async fn in_order(writes: &mut impl Writes, work: &Work<'_>) -> Result<Vec<Outcome>, StoreError> {
    let references = work.references();
    if references.len() > 1 {
        writes.hold(&references).await?;
    }
    let (mut outcomes, mut refusals) = (Vec::new(), Vec::new());
    for (at, operation) in work.operations.iter().enumerate() {
        let refusal = |reason| Refusal { operation: at, reason };
        // The rest is tried too, so that the caller learns of every operation that fails.
        match step(writes, operation, work.now).await {
            Ok(outcome) => outcomes.push(outcome),
            Err(StoreError::NotFound) => refusals.push(refusal(Reason::NotFound)),
            Err(StoreError::Conflict) => refusals.push(refusal(Reason::Conflict)),
            Err(error) => return Err(error),
        }
    }
    if refusals.is_empty() { Ok(outcomes) } else { Err(StoreError::Refused(refusals)) }
}

async fn step(
    writes: &mut impl Writes,
    operation: &Operation,
    now: OffsetDateTime,
) -> Result<Outcome, StoreError> {
    match operation {
        Operation::Create(task) => writes.insert(task.as_ref().clone()).await.map(Outcome::Created),
        Operation::Update { reference, precondition, patch } => {
            writes.change(*reference, precondition, patch, now).await.map(Outcome::Updated)
        }
        Operation::Delete { reference, precondition } => {
            writes.remove(*reference, precondition).await.map(Outcome::Deleted)
        }
    }
}

/// Gives statements up when their time is over. The commit is not one of them: whether it has happened when it
/// is given up, nobody knows.
pub(super) async fn before<T>(
    deadline: Instant,
    statements: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    tokio::time::timeout_at(deadline, statements).await.unwrap_or_else(|_| {
        let words = "the operations took too long together";
        let source = sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, words));
        Err(StoreError::Unavailable { kind: "timeout", source })
    })
}

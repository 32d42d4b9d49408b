//! What several requests change, worked out in memory from the rows that they name, so that one transaction commits
//! all of it and each request still gets its own answer.
//!
//! Pure: the same rows and the same requests give the same changes. A request that fails by its own fault leaves
//! nothing behind and touches no other.

use std::collections::HashMap;

use time::OffsetDateTime;
use uuid::Uuid;

use super::StoreError;
use crate::domain::{
    EventKind, Operation, OperationError, OperationErrorKind, Outcome, Precondition, Task, TaskRef,
};

/// A change that is written together with its event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub(super) kind: EventKind,
    /// The task after the change; before it, where it was deleted. A new task has no number yet.
    pub(super) task: Task,
}

/// The tasks as the requests before have left them.
#[derive(Debug, Default)]
pub(super) struct Batch {
    tasks: HashMap<Uuid, Task>,
    ids: HashMap<i64, Uuid>,
    changes: Vec<Change>,
}

/// What one request comes to, once the changes are written.
#[derive(Debug)]
pub(super) struct Evaluated(Vec<EvaluatedOperation>);

#[derive(Debug)]
enum EvaluatedOperation {
    /// The change at this place; its task gets its number when it is written.
    Created(usize),
    Updated(Task),
    Deleted(Task),
}

impl Batch {
    /// Begins with the rows that the requests name, as far as they are there.
    pub(super) fn new(rows: Vec<Task>) -> Self {
        let ids = rows.iter().map(|task| (task.number, task.id)).collect();
        let tasks = rows.into_iter().map(|task| (task.id, task)).collect();
        Self { tasks, ids, changes: Vec::new() }
    }

    /// Whether all tasks that a request names are there.
    pub(super) fn names_all(&self, operations: &[Operation]) -> bool {
        operations.iter().filter_map(Operation::reference).all(|reference| match reference {
            TaskRef::Id(id) => self.tasks.contains_key(&id),
            TaskRef::Number(number) => self.ids.contains_key(&number),
        })
    }

    /// Works one request out; each operation sees what those before it did.
    ///
    /// # Errors
    ///
    /// [`StoreError::Refused`], which lists every operation that cannot be carried out; nothing of the request stays.
    pub(super) fn evaluate(
        &mut self,
        operations: &[Operation],
        now: OffsetDateTime,
    ) -> Result<Evaluated, StoreError> {
        let first = self.changes.len();
        let mut before: Vec<(Uuid, Option<Task>)> = Vec::new();
        let (mut evaluated, mut refusals) = (Vec::with_capacity(operations.len()), Vec::new());
        for (at, operation) in operations.iter().enumerate() {
            match self.apply(operation, now, &mut before) {
                Ok(done) => evaluated.push(done),
                // The rest is tried too, so that the caller learns of every operation that fails.
                Err(reason) => refusals.push(OperationError { operation: at, reason }),
            }
        }
        if refusals.is_empty() {
            return Ok(Evaluated(evaluated));
        }
        self.changes.truncate(first);
        for (id, task) in before.into_iter().rev() {
            match task {
                Some(task) => self.tasks.insert(id, task),
                None => self.tasks.remove(&id),
            };
        }
        Err(StoreError::Refused(refusals))
    }

    fn apply(
        &mut self,
        operation: &Operation,
        now: OffsetDateTime,
        before: &mut Vec<(Uuid, Option<Task>)>,
    ) -> Result<EvaluatedOperation, OperationErrorKind> {
        match operation {
            Operation::Create(task) => {
                before.push((task.id, self.tasks.insert(task.id, task.as_ref().clone())));
                self.changes.push(Change { kind: EventKind::Created, task: task.as_ref().clone() });
                Ok(EvaluatedOperation::Created(self.changes.len() - 1))
            }
            Operation::Update { reference, precondition, patch } => {
                let present = self.present(*reference, precondition)?;
                let Some(next) = present.patched(patch, now) else {
                    return Ok(EvaluatedOperation::Updated(present.clone()));
                };
                before.push((next.id, self.tasks.insert(next.id, next.clone())));
                self.changes.push(Change { kind: EventKind::Updated, task: next.clone() });
                Ok(EvaluatedOperation::Updated(next))
            }
            Operation::Delete { reference, precondition } => {
                let present = self.present(*reference, precondition)?.clone();
                before.push((present.id, self.tasks.remove(&present.id)));
                self.changes.push(Change { kind: EventKind::Deleted, task: present.clone() });
                Ok(EvaluatedOperation::Deleted(present))
            }
        }
    }

    fn present(
        &self,
        reference: TaskRef,
        precondition: &Precondition,
    ) -> Result<&Task, OperationErrorKind> {
        let id = match reference {
            TaskRef::Id(id) => Some(id),
            TaskRef::Number(number) => self.ids.get(&number).copied(),
        };
        let task = id.and_then(|id| self.tasks.get(&id)).ok_or(OperationErrorKind::NotFound)?;
        precondition.holds(task).then_some(task).ok_or(OperationErrorKind::Conflict)
    }

    /// What is to be written: new tasks in their order, and the other changes in theirs.
    pub(super) fn into_changes(self) -> Changes {
        let mut places = Vec::with_capacity(self.changes.len());
        let (mut created, mut others) = (Vec::new(), Vec::new());
        for change in self.changes {
            if change.kind == EventKind::Created {
                places.push(created.len());
                created.push(change.task);
            } else {
                places.push(usize::MAX);
                others.push(change);
            }
        }
        Changes { created, others, places }
    }
}

#[derive(Debug)]
pub(super) struct Changes {
    /// New tasks; anyone who writes them gives them their numbers.
    pub(super) created: Vec<Task>,
    /// Changes of stored tasks, and of new ones after they were created.
    pub(super) others: Vec<Change>,
    /// For each change of the batch its place in `created`.
    places: Vec<usize>,
}

impl Changes {
    /// Gives later changes of new tasks the numbers that these were given.
    pub(super) fn number_others(&mut self) {
        let unnumbered = self.others.iter_mut().filter(|change| change.task.number == 0);
        for change in unnumbered {
            if let Some(created) = self.created.iter().find(|task| task.id == change.task.id) {
                change.task.number = created.number;
            }
        }
    }

    /// How many more tasks there are afterwards.
    pub(super) fn net_created(&self) -> i64 {
        let deleted = self.others.iter().filter(|change| change.kind == EventKind::Deleted).count();
        let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        count(self.created.len()) - count(deleted)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.created.is_empty() && self.others.is_empty()
    }

    /// What came of a request's operations.
    pub(super) fn outcomes(&self, evaluated: Evaluated) -> Vec<Outcome> {
        let number = |task: Task| {
            let number = match task.number {
                0 => self.created.iter().find(|made| made.id == task.id).map_or(0, |m| m.number),
                number => number,
            };
            Task { number, ..task }
        };
        evaluated
            .0
            .into_iter()
            .filter_map(|operation| match operation {
                EvaluatedOperation::Created(at) => {
                    let task = self.places.get(at).and_then(|at| self.created.get(*at))?;
                    Some(Outcome::Created(task.clone()))
                }
                EvaluatedOperation::Updated(task) => Some(Outcome::Updated(number(task))),
                EvaluatedOperation::Deleted(task) => Some(Outcome::Deleted(number(task))),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::domain::{Priority, Status, StatusChange, TaskPatch, Title};

    const NOW: OffsetDateTime = datetime!(2026-11-30 09:00 UTC);

    fn task(id: u128, number: i64) -> Task {
        Task {
            id: Uuid::from_u128(id),
            number,
            title: "t".to_owned(),
            description: None,
            status: Status::Todo,
            priority: Priority::Medium,
            assignee: None,
            due_date: None,
            created_at: NOW,
            updated_at: NOW,
            completed_at: None,
            version: 1,
        }
    }

    fn create(id: u128) -> Operation {
        Operation::Create(Box::new(task(id, 0)))
    }

    fn retitle(reference: TaskRef, title: &str) -> Operation {
        let title = Some(Title::parse(title).expect("a title"));
        let patch = Box::new(TaskPatch { title, ..TaskPatch::default() });
        Operation::Update { reference, precondition: Precondition::default(), patch }
    }

    fn delete(reference: TaskRef) -> Operation {
        Operation::Delete { reference, precondition: Precondition::default() }
    }

    #[test]
    fn requests_for_one_task_follow_each_other() {
        let mut batch = Batch::new(vec![task(1, 7)]);
        let by_id = TaskRef::Id(Uuid::from_u128(1));
        let first = batch.evaluate(&[retitle(by_id, "a")], NOW).expect("an update");
        let second = batch.evaluate(&[retitle(TaskRef::Number(7), "b")], NOW).expect("an update");
        let changes = batch.into_changes();
        let versions: Vec<_> = changes.others.iter().map(|change| change.task.version).collect();
        assert_eq!(versions, [2, 3]);
        assert!(matches!(&changes.outcomes(first)[..], [Outcome::Updated(t)] if t.title == "a"));
        assert!(matches!(&changes.outcomes(second)[..], [Outcome::Updated(t)] if t.title == "b"));
    }

    #[test]
    fn a_refused_request_leaves_nothing_behind() {
        let mut batch = Batch::new(vec![task(1, 7)]);
        let known = TaskRef::Number(7);
        let refused = batch
            .evaluate(&[retitle(known, "a"), create(2), delete(known), retitle(known, "b")], NOW);
        let Err(StoreError::Refused(refusals)) = refused else { panic!("{refused:?}") };
        assert_eq!(
            refusals,
            [OperationError { operation: 3, reason: OperationErrorKind::NotFound }]
        );
        let done = batch.evaluate(&[retitle(known, "c")], NOW).expect("the task as it was");
        let changes = batch.into_changes();
        assert!(changes.created.is_empty());
        assert!(matches!(&changes.outcomes(done)[..], [Outcome::Updated(t)] if t.version == 2));
    }

    #[test]
    fn a_new_task_can_be_changed_by_its_id_and_has_its_number_then() {
        let mut batch = Batch::new(Vec::new());
        let id = TaskRef::Id(Uuid::from_u128(2));
        let done = batch.evaluate(&[create(2), retitle(id, "a"), delete(id)], NOW);
        let done = done.expect("three outcomes");
        let mut changes = batch.into_changes();
        for (task, number) in changes.created.iter_mut().zip(41..) {
            task.number = number;
        }
        changes.number_others();
        assert_eq!(changes.net_created(), 0);
        assert!(changes.others.iter().all(|change| change.task.number == 41));
        let outcomes = changes.outcomes(done);
        assert!(outcomes.iter().all(|outcome| outcome.task().number == 41), "{outcomes:?}");
    }

    #[test]
    fn an_update_that_changes_nothing_writes_nothing() {
        let mut batch = Batch::new(vec![task(1, 7)]);
        let patch = TaskPatch { status: StatusChange::Set(Status::Todo), ..TaskPatch::default() };
        let operation = Operation::Update {
            reference: TaskRef::Number(7),
            precondition: Precondition::default(),
            patch: Box::new(patch),
        };
        batch.evaluate(&[operation], NOW).expect("an outcome");
        assert!(batch.into_changes().is_empty());
    }
}

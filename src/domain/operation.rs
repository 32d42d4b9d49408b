//! Changes that are asked for together, and what came of them.

use super::patch::TaskPatch;
use super::precondition::Precondition;
use super::reference::TaskRef;
use super::task::Task;

/// One change among several that are made together or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Operation {
    /// Stores a new task; its number is given by the database.
    Create(Box<Task>),
    /// Changes the fields that the patch names.
    Update {
        reference: TaskRef,
        /// What must hold of it.
        precondition: Precondition,
        patch: Box<TaskPatch>,
    },
    /// Removes a task for good.
    Delete {
        reference: TaskRef,
        /// What must hold of it.
        precondition: Precondition,
    },
}

impl Operation {
    /// The task that must be there already.
    #[must_use]
    pub fn reference(&self) -> Option<TaskRef> {
        match self {
            Self::Create(_) => None,
            Self::Update { reference, .. } | Self::Delete { reference, .. } => Some(*reference),
        }
    }
}

/// What came of one operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The task as it was stored.
    Created(Task),
    /// The task as it is after the change.
    Updated(Task),
    /// The task as it last was.
    Deleted(Task),
}

impl Outcome {
    /// The task as it was when the operation had been carried out, or before it was removed.
    #[must_use]
    pub fn task(&self) -> &Task {
        match self {
            Self::Created(task) | Self::Updated(task) | Self::Deleted(task) => task,
        }
    }

    /// As [`task`](Outcome::task).
    #[must_use]
    pub fn into_task(self) -> Task {
        match self {
            Self::Created(task) | Self::Updated(task) | Self::Deleted(task) => task,
        }
    }
}

/// An operation that could not be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OperationError {
    /// Its place in the list, from 0.
    pub operation: usize,
    pub reason: OperationErrorKind,
}

/// Why an operation could not be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OperationErrorKind {
    /// There is no such task.
    NotFound,
    /// The task is not in the version that is required.
    Conflict,
}

//! What happened to a task, for those who follow along.

use super::task::Task;

/// A change of a task that was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskEvent {
    /// Its place in the order of all events: later ones have greater numbers; some are left out.
    pub id: i64,
    /// What happened.
    pub kind: EventKind,
    /// The task after it; before it, where it was deleted.
    pub task: Task,
}

/// What happened to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// It was made.
    Created,
    /// A field really changed.
    Updated,
    /// It was removed for good.
    Deleted,
}

impl EventKind {
    /// Every value.
    pub const ALL: [Self; 3] = [Self::Created, Self::Updated, Self::Deleted];

    /// The word used in the database.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
        }
    }

    /// The kind that is called so.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

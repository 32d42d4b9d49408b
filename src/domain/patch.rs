//! A partial change: each field kept, cleared or set, because absent is not null (RFC 7396).

use time::OffsetDateTime;

use super::task::{Priority, Status};
use super::text::{Assignee, Description, Title};

/// What happens to a field that may be empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// Not sent: as it is.
    #[default]
    Keep,
    /// Sent as null: empty from now on.
    Clear,
    /// Sent with a value.
    Set(T),
}

impl<T> Change<T> {
    pub(super) fn apply<U: Clone>(
        &self,
        present: Option<&U>,
        convert: impl FnOnce(&T) -> U,
    ) -> Option<U> {
        match self {
            Self::Keep => present.cloned(),
            Self::Clear => None,
            Self::Set(value) => Some(convert(value)),
        }
    }

    /// The value that a new task gets.
    pub fn into_value(self) -> Option<T> {
        match self {
            Self::Keep | Self::Clear => None,
            Self::Set(value) => Some(value),
        }
    }
}

/// What `status` and `completed` together ask for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StatusChange {
    /// Neither was sent.
    #[default]
    Keep,
    /// A status, or `completed: true` for done.
    Set(Status),
    /// `completed: false` alone: back to todo if it was done, else no change.
    Reopen,
}

impl StatusChange {
    /// The status that a new task gets.
    #[must_use]
    pub fn for_new_task(self) -> Status {
        match self {
            Self::Keep | Self::Reopen => Status::Todo,
            Self::Set(status) => status,
        }
    }
}

/// The fields to change; the default changes nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskPatch {
    /// New title.
    pub title: Option<Title>,
    /// New or cleared description.
    pub description: Change<Description>,
    /// New status.
    pub status: StatusChange,
    /// New priority.
    pub priority: Option<Priority>,
    /// New or cleared assignee.
    pub assignee: Change<Assignee>,
    /// New or cleared due date, UTC, microseconds.
    pub due_date: Change<OffsetDateTime>,
}

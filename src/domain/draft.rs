//! A task that is not stored yet.

use time::OffsetDateTime;
use uuid::Uuid;

use super::task::{Priority, Status, Task};
use super::text::{Assignee, Description, Title};

/// What a client gives for a new task, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskDraft {
    pub title: Title,
    pub description: Option<Description>,
    /// The first status.
    pub status: Status,
    pub priority: Priority,
    pub assignee: Option<Assignee>,
    /// When it should be done, UTC, microseconds.
    pub due_date: Option<OffsetDateTime>,
}

impl TaskDraft {
    /// The task that this draft becomes, but for its number, which the database gives.
    #[must_use]
    pub fn into_task(self, id: Uuid, now: OffsetDateTime) -> Task {
        Task {
            id,
            number: 0,
            title: self.title.as_str().to_owned(),
            description: self.description.map(|d| d.as_str().to_owned()),
            status: self.status,
            priority: self.priority,
            assignee: self.assignee.map(|a| a.as_str().to_owned()),
            due_date: self.due_date,
            created_at: now,
            updated_at: now,
            completed_at: (self.status == Status::Done).then_some(now),
            version: 1,
        }
    }
}

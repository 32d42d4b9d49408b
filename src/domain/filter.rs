//! Which tasks a list, a count or a figure is about.

use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::date;
use super::task::{Priority, Status};

/// One alternative of the assignee filter.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AssigneeFilter {
    /// Nobody.
    Unassigned,
    /// Exactly this one.
    Is(String),
}

/// Conditions that must all hold; the default lets every task through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskFilter {
    /// Any of these; empty is any.
    pub status: Vec<Status>,
    /// Any of these; empty is any.
    pub priority: Vec<Priority>,
    /// Any of these; empty is any.
    pub assignee: Vec<AssigneeFilter>,
    /// Due at this moment or later.
    pub due_after: Option<OffsetDateTime>,
    /// Due before this moment.
    pub due_before: Option<OffsetDateTime>,
    /// Due in the past and not done, or the contrary.
    pub overdue: Option<bool>,
    /// Folded words, each of which must occur in the title, description or assignee.
    pub words: Vec<String>,
}

impl TaskFilter {
    /// A digest of the conditions that does not depend on the order in which alternatives were given.
    #[must_use]
    pub fn digest(&self) -> [u8; 8] {
        let sorted = |mut items: Vec<String>| {
            items.sort();
            items.dedup();
            items
        };
        let canonical = (
            sorted(self.status.iter().map(ToString::to_string).collect()),
            sorted(self.priority.iter().map(ToString::to_string).collect()),
            sorted(self.assignee.iter().map(|a| format!("{a:?}")).collect()),
            self.due_after.map(date::format),
            self.due_before.map(date::format),
            self.overdue,
            sorted(self.words.clone()),
        );
        let hash = Sha256::digest(format!("{canonical:?}"));
        std::array::from_fn(|at| hash[at])
    }
}

//! Figures over many tasks.

use super::task::{Priority, Status};

/// How many tasks there are of each kind; zero where there are none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TaskStats {
    pub total: i64,
    /// In the order of [`Status::ALL`].
    pub by_status: [i64; 3],
    /// In the order of [`Priority::ALL`].
    pub by_priority: [i64; 3],
    /// Due in the past and not done.
    pub overdue: i64,
    /// Became done within the last seven days, and still are.
    pub completed_last_7_days: i64,
}

/// How many tasks have one status and one priority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StatusCount {
    pub status: Status,
    pub priority: Priority,
    pub tasks: i64,
}

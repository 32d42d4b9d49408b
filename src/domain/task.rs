//! The task itself, its status and priority, and how a change is applied to it.

use std::fmt;

use time::OffsetDateTime;
use uuid::Uuid;

use super::patch::{StatusChange, TaskPatch};
use super::violation::ValueError;

/// A task as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// `UUIDv7`, given by the server; never changes.
    pub id: Uuid,
    /// 1, 2, 3 …: the name that a person types. Never reused.
    pub number: i64,
    /// 1 to 200 Unicode scalar values, trimmed.
    pub title: String,
    /// At most 1000 Unicode scalar values.
    pub description: Option<String>,
    /// How far the work is.
    pub status: Status,
    /// How urgent the work is.
    pub priority: Priority,
    /// 1 to 100 Unicode scalar values, trimmed; `None` is unassigned.
    pub assignee: Option<String>,
    /// When it should be done, UTC, microseconds.
    pub due_date: Option<OffsetDateTime>,
    /// When it was made, UTC, microseconds.
    pub created_at: OffsetDateTime,
    /// When a field last really changed, UTC, microseconds.
    pub updated_at: OffsetDateTime,
    /// When it last became done; `None` while it is not done.
    pub completed_at: Option<OffsetDateTime>,
    /// 1, then one more for each change.
    pub version: i64,
}

impl Task {
    /// The task after `patch`, or `None` where the patch changes nothing.
    #[must_use]
    pub fn patched(&self, patch: &TaskPatch, now: OffsetDateTime) -> Option<Self> {
        let mut next = self.clone();
        if let Some(title) = &patch.title {
            title.as_str().clone_into(&mut next.title);
        }
        next.description =
            patch.description.apply(self.description.as_ref(), |d| d.as_str().to_owned());
        next.assignee = patch.assignee.apply(self.assignee.as_ref(), |a| a.as_str().to_owned());
        next.due_date = patch.due_date.apply(self.due_date.as_ref(), |at| *at);
        next.priority = patch.priority.unwrap_or(self.priority);
        next.status = match patch.status {
            StatusChange::Set(status) => status,
            StatusChange::Reopen if self.status == Status::Done => Status::Todo,
            StatusChange::Keep | StatusChange::Reopen => self.status,
        };
        if next == *self {
            return None;
        }
        if next.status != self.status {
            next.completed_at = (next.status == Status::Done).then_some(now);
        }
        next.updated_at = now.max(self.updated_at);
        next.version += 1;
        Some(next)
    }
}

/// How far the work is. The order of the variants is the order in which lists sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Status {
    /// Not begun.
    #[default]
    Todo,
    InProgress,
    Done,
}

/// How urgent the work is. The order of the variants is the order in which lists sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Can wait.
    Low,
    #[default]
    Medium,
    High,
}

/// Gives a closed set of words its text form, its rank and its parser.
macro_rules! words {
    ($kind:ident, $field:literal, $($variant:ident = $word:literal),+) => {
        impl $kind {
            /// Every value, in rank order.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The word used on the wire and in the database.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Position in the sort order, from 0.
            #[must_use]
            pub fn rank(self) -> i64 {
                self as i64
            }

            /// What [`Self::parse`] takes: completes "it must be …".
            #[must_use]
            pub fn allowed() -> String {
                format!("one of {}", Self::ALL.map(Self::as_str).join(", "))
            }

            /// Reads the word, in lower case only.
            ///
            /// # Errors
            ///
            /// A fault that lists the allowed words.
            pub fn parse(word: &str) -> Result<Self, ValueError> {
                Self::ALL.into_iter().find(|value| value.as_str() == word).ok_or_else(|| {
                    let got = super::text::quoted(word);
                    ValueError::new("not_allowed", format!("{} must be {}; got {got}", $field, Self::allowed()))
                })
            }
        }

        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

words!(Status, "status", Todo = "todo", InProgress = "in_progress", Done = "done");
words!(Priority, "priority", Low = "low", Medium = "medium", High = "high");

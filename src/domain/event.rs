//! What happened to a task, for those who follow along.

use sha2::{Digest, Sha256};
use time::OffsetDateTime;

use super::cursor::unix_micros;
use super::task::Task;

/// A change of a task that was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskEvent {
    /// Its place in the order of all events: later ones have greater numbers; some are left out.
    pub id: i64,
    pub kind: EventKind,
    /// When the database stored it.
    pub at: OffsetDateTime,
    /// The task after it; before it, where it was deleted.
    pub task: Task,
}

impl TaskEvent {
    /// What a client keeps of it, to come back with.
    #[must_use]
    pub fn mark(&self) -> EventMark {
        let hash = Sha256::new()
            .chain_update(self.task.id.as_bytes())
            .chain_update(self.kind.as_str())
            .chain_update(self.task.version.to_be_bytes())
            .chain_update(unix_micros(self.task.updated_at).to_be_bytes())
            .chain_update(unix_micros(self.at).to_be_bytes())
            .finalize();
        let check = hash.iter().take(3).fold(0, |check, byte| (check << 8) | i64::from(*byte));
        EventMark::new(self.id, check & EventMark::CHECK)
    }
}

/// An event's number, and beneath it what tells the event apart from another that has the same number.
///
/// A database that was restored, reset or failed over gives out numbers a second time, and a client that comes
/// back with one of the first must not go on as if it were one of the second. What it brings is compared with the
/// row itself, so nothing has to be done by anyone who replaces the database, by whatever means, and all replicas
/// agree. Twenty bits mistake one in a million of such clients; with 33 for the number the whole is exact in JSON
/// (RFC 7493 section 2.2), and it is ordered as the numbers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventMark(i64);

impl EventMark {
    /// Before the first event.
    pub const START: Self = Self(0);
    const BITS: u32 = 20;
    const CHECK: i64 = (1 << Self::BITS) - 1;

    fn new(number: i64, check: i64) -> Self {
        Self(number.saturating_mul(1 << Self::BITS) | check)
    }

    /// What a client has sent, which may be anything.
    #[must_use]
    pub fn from_wire(value: i64) -> Self {
        Self(value)
    }

    /// A number of which the event is not known: no event has this mark, but by chance.
    #[must_use]
    pub fn unknown(number: i64) -> Self {
        if number == 0 { Self::START } else { Self::new(number, 0) }
    }

    /// What is sent to clients.
    #[must_use]
    pub fn to_wire(self) -> i64 {
        self.0
    }

    #[must_use]
    pub fn number(self) -> i64 {
        self.0 >> Self::BITS
    }
}

/// What happened to a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// It was made.
    Created,
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

#[cfg(test)]
mod tests {
    use time::Duration;
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{Priority, Status};

    fn event(id: i64) -> TaskEvent {
        let at = datetime!(2026-11-21 09:00 UTC);
        let task = Task {
            id: Uuid::nil(),
            number: 7,
            title: "t".to_owned(),
            description: None,
            status: Status::Todo,
            priority: Priority::Low,
            assignee: None,
            due_date: None,
            created_at: at,
            updated_at: at,
            completed_at: None,
            version: 3,
        };
        TaskEvent { id, kind: EventKind::Updated, at, task }
    }

    #[test]
    fn a_mark_is_ordered_and_exact_in_json() {
        let marks = [1, 2, 3, 1_000, 8_000_000_000].map(|id| (id, event(id).mark()));
        assert!(marks.is_sorted_by(|(_, a), (_, b)| EventMark::START < *a && a < b));
        for (id, mark) in marks {
            assert_eq!(mark.number(), id);
            assert!(mark.to_wire() < 1 << 53, "{mark:?}");
            assert_eq!(EventMark::from_wire(mark.to_wire()), mark);
        }
        assert_eq!(event(5).mark(), event(5).mark());
        assert_eq!(EventMark::from_wire(i64::MAX).number(), i64::MAX >> 20);
    }

    #[test]
    fn another_event_of_the_same_number_has_another_mark() {
        let known = event(5);
        let later = Duration::microseconds(1);
        let others = [
            TaskEvent { kind: EventKind::Deleted, ..known.clone() },
            TaskEvent { at: known.at + later, ..known.clone() },
            TaskEvent { task: Task { id: Uuid::max(), ..known.task.clone() }, ..known.clone() },
            TaskEvent { task: Task { version: 4, ..known.task.clone() }, ..known.clone() },
            TaskEvent {
                task: Task { updated_at: known.at + later, ..known.task.clone() },
                ..known.clone()
            },
        ];
        for other in others {
            assert_eq!(other.mark().number(), 5);
            assert_ne!(other.mark(), known.mark(), "{other:?}");
            assert_ne!(other.mark(), EventMark::unknown(5));
        }
    }
}

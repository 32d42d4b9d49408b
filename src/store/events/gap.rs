//! Missing numbers: whether one may still come.
//!
//! PostgreSQL hands out numbers before the commit, so a smaller one can become visible after a greater one, and one
//! that was rolled back never does. Anyone who takes a number holds a lock on the outbox from before that until after
//! its commit is visible. So once every transaction that held one when the gap was seen has ended, and the
//! rows are read once more, what is missing then stays so. The snapshot's own bounds would not do: a
//! transaction may begin after the newest that has ended and still have taken a smaller number.

use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::EventLog;
use crate::store::StoreError;

/// How long a missing number is waited for before anybody is asked: nearly all come within a moment.
const GAP_WAIT: Duration = Duration::from_millis(10);
/// Shortest and longest time between two looks at a gap.
const LOOK_EVERY: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));
/// After how long readers are told that something is held up, and twice as long each further time.
const TOLD_AFTER: Duration = Duration::from_secs(2);
/// Longest time until they are told again.
const TOLD_EVERY_MAX: Duration = Duration::from_mins(1);
/// Longest wait for a place from which nothing is missing.
const HEAD_WITHIN: Duration = Duration::from_secs(1);

/// Numbers that are missing after one that was told.
#[derive(Debug)]
pub(super) struct Gap {
    after: i64,
    /// The greatest number that was visible when the gap was first seen.
    upto: i64,
    since: Instant,
    /// Of those that held a number then, the ones that have not ended; `None` while nobody was asked.
    writers: Option<Vec<String>>,
    tell_at: Duration,
}

/// What is known of a gap.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Some may still come: look again after this time. `tell` says that readers should hear of it.
    Open { again: Duration, tell: bool },
    /// What is still missing when the rows are next read, up to this number, never comes.
    Settled { upto: i64 },
}

impl Gap {
    pub(super) fn new(after: i64, upto: i64) -> Self {
        let (since, writers) = (Instant::now(), None);
        Self { after, upto, since, writers, tell_at: TOLD_AFTER }
    }

    /// Whether it is the one after this number.
    pub(super) fn is_after(&self, position: i64) -> bool {
        self.after == position
    }

    /// Looks whether those have ended from whom the numbers could come.
    pub(super) async fn look(&mut self, log: &dyn EventLog) -> Result<Verdict, StoreError> {
        let age = self.since.elapsed();
        let (shortest, longest) = LOOK_EVERY;
        let again = (age / 4).clamp(shortest, longest);
        if age < GAP_WAIT {
            return Ok(Verdict::Open { again, tell: false });
        }
        let running = log.writers().await?;
        let left = match self.writers.take() {
            None => running,
            Some(writers) => still(writers, &running),
        };
        let is_settled = left.is_empty();
        self.writers = Some(left);
        if is_settled {
            return Ok(Verdict::Settled { upto: self.upto });
        }
        let tell = age >= self.tell_at;
        if tell {
            self.tell_at = age + age.min(TOLD_EVERY_MAX);
        }
        Ok(Verdict::Open { again, tell })
    }
}

/// A number up to which nothing is missing: the newest, or, while somebody holds up what came before it for too
/// long, the one before the first gap.
pub(super) async fn settled_head(log: &dyn EventLog) -> Result<i64, StoreError> {
    let newest = log.newest().await?;
    let mut writers = log.writers().await?;
    let begun = Instant::now();
    while !writers.is_empty() {
        if begun.elapsed() > HEAD_WITHIN {
            return log.without_gap().await;
        }
        sleep(LOOK_EVERY.0).await;
        writers = still(writers, &log.writers().await?);
    }
    Ok(newest)
}

fn still(mut writers: Vec<String>, running: &[String]) -> Vec<String> {
    writers.retain(|writer| running.contains(writer));
    writers
}

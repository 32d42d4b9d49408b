//! How many tasks the commits of this process have added, now and a moment ago.
//!
//! A count of all tasks is old as soon as it is taken. With what was committed here since, it is never older than this
//! process's own writes.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How far back [`CommittedCounts::net_at`] can look.
const HISTORY_AGE_MAX: Duration = Duration::from_secs(15);
/// Commits closer together than this share an entry of the history.
const ENTRY_INTERVAL_MIN: Duration = Duration::from_millis(5);

/// The net number of tasks that commits of this process created, and its last 15 seconds.
#[derive(Debug, Default)]
pub struct CommittedCounts {
    net: AtomicI64,
    history: Mutex<History>,
}

#[derive(Debug, Default)]
struct History {
    /// The number before the oldest entry.
    before: i64,
    /// Moments from which on a number held, the oldest first.
    entries: VecDeque<(Instant, i64)>,
}

impl CommittedCounts {
    /// Adds what one commit changed: tasks created minus tasks deleted. To be called after the commit, and before
    /// anybody is told of it.
    pub fn record(&self, change: i64) {
        self.record_at(change, Instant::now());
    }

    /// Tasks created minus tasks deleted since the process began.
    #[must_use]
    pub fn net(&self) -> i64 {
        self.net.load(Ordering::Acquire)
    }

    /// What [`net`](Self::net) was at a moment of the last 15 seconds; for an older one, what it was then.
    #[must_use]
    pub fn net_at(&self, at: Instant) -> i64 {
        let history = self.lock();
        let known = history.entries.iter().rev().find(|(since, _)| *since <= at);
        known.map_or(history.before, |(_, net)| *net)
    }

    /// Whether the number changed between two moments of the last 15 seconds.
    #[must_use]
    pub fn changed_between(&self, from: Instant, to: Instant) -> bool {
        self.lock().entries.iter().any(|(at, _)| *at >= from && *at <= to)
    }

    fn record_at(&self, change: i64, at: Instant) {
        if change == 0 {
            return;
        }
        let mut history = self.lock();
        let net = self.net.load(Ordering::Relaxed) + change;
        match history.entries.back_mut() {
            Some((since, last)) if at.saturating_duration_since(*since) < ENTRY_INTERVAL_MIN => {
                *last = net;
            }
            _ => history.entries.push_back((at, net)),
        }
        while let Some((since, net)) = history.entries.front().copied()
            && at.saturating_duration_since(since) > HISTORY_AGE_MAX
        {
            history.before = net;
            history.entries.pop_front();
        }
        self.net.store(net, Ordering::Release);
    }

    fn lock(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remembers_what_the_number_was() {
        let counts = CommittedCounts::default();
        let begin = Instant::now();
        let at = |seconds: f64| begin + Duration::from_secs_f64(seconds);
        counts.record_at(3, at(1.0));
        counts.record_at(0, at(1.5));
        counts.record_at(-1, at(2.0));
        assert_eq!(counts.net(), 2);
        for (second, net) in [(0.0, 0), (0.9, 0), (1.0, 3), (1.9, 3), (2.0, 2), (9.0, 2)] {
            assert_eq!(counts.net_at(at(second)), net, "{second}");
        }
        assert!(
            counts.changed_between(at(0.5), at(1.0)) && counts.changed_between(at(1.0), at(3.0))
        );
        assert!(
            !counts.changed_between(at(1.1), at(1.9)) && !counts.changed_between(at(2.1), at(9.0))
        );
    }

    #[test]
    fn forgets_what_is_old_and_keeps_the_sum() {
        let counts = CommittedCounts::default();
        let begin = Instant::now();
        for second in 0..100 {
            counts.record_at(1, begin + Duration::from_secs(second));
        }
        assert_eq!(counts.net(), 100);
        assert!(counts.lock().entries.len() <= 17, "{}", counts.lock().entries.len());
        assert_eq!(counts.net_at(begin + Duration::from_secs(95)), 96);
        assert_eq!(counts.net_at(begin), 84, "the oldest that is known");
    }

    #[test]
    fn many_commits_take_few_entries() {
        let counts = CommittedCounts::default();
        let begin = Instant::now();
        for n in 0..10_000 {
            counts.record_at(1, begin + Duration::from_micros(n * 10));
        }
        assert_eq!(counts.net(), 10_000);
        assert!(counts.lock().entries.len() <= 21, "{}", counts.lock().entries.len());
    }
}

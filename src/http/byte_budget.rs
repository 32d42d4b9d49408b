//! Bytes held for clients that are slow to send or slow to read, counted over all of them.
//!
//! A budget that merely refused the next client would let slow ones lock everybody out: here those make room that
//! have kept the service waiting longest.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::limits::{ANSWERS_TOTAL_BYTES, EVICTABLE_MILLISECONDS};

const EVICTABLE_AFTER: Duration = Duration::from_millis(EVICTABLE_MILLISECONDS);
/// Pause before it is looked again whether there is room.
const ROOM_POLL_INTERVAL: Duration = Duration::from_millis(10);

/// Large answers that wait for their clients, of the whole process.
pub(super) static ANSWERS: LazyLock<ByteBudget> =
    LazyLock::new(|| ByteBudget::new(ANSWERS_TOTAL_BYTES));

/// A number of bytes for all clients together; clones are the same.
#[derive(Clone, Debug)]
pub(super) struct ByteBudget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    limit_bytes: usize,
    /// Beyond the limit, for holds of at most `small_bytes`.
    reserve_bytes: usize,
    small_bytes: usize,
    holds: Mutex<Holds>,
}

#[derive(Debug, Default)]
struct Holds {
    bytes: usize,
    next: u64,
    entries: HashMap<u64, Entry>,
}

#[derive(Debug)]
struct Entry {
    bytes: usize,
    /// Since when the service has been waiting for this client; `None` while the client waits for the service.
    waiting_since: Option<Instant>,
    evicted: CancellationToken,
}

/// One client's part of a budget, given back when dropped.
#[derive(Debug)]
pub(super) struct Hold {
    budget: Arc<Shared>,
    key: u64,
    evicted: CancellationToken,
}

impl ByteBudget {
    /// A budget of so many bytes.
    #[must_use]
    pub(super) fn new(limit_bytes: usize) -> Self {
        Self::with_reserve(limit_bytes, 0, 0)
    }

    /// A budget in which large holds leave some bytes to small ones, of at most so many bytes each.
    pub(super) fn with_reserve(
        limit_bytes: usize,
        reserve_bytes: usize,
        small_bytes: usize,
    ) -> Self {
        let limit_bytes = limit_bytes - reserve_bytes;
        let holds = Mutex::default();
        Self(Arc::new(Shared { limit_bytes, reserve_bytes, small_bytes, holds }))
    }

    /// A part without bytes; `evicted` is cancelled when it has to make room.
    pub(super) fn hold(&self, evicted: CancellationToken) -> Hold {
        let mut holds = self.0.lock();
        holds.next += 1;
        let key = holds.next;
        let entry = Entry { bytes: 0, waiting_since: None, evicted: evicted.clone() };
        holds.entries.insert(key, entry);
        Hold { budget: Arc::clone(&self.0), key, evicted }
    }

    /// Waits until what is held is within the budget, so that no more is made than clients take.
    pub(super) async fn until_room(&self) {
        loop {
            {
                let mut holds = self.0.lock();
                if holds.bytes > self.0.limit_bytes {
                    holds.make_room(self.0.limit_bytes);
                }
                if holds.bytes <= self.0.limit_bytes {
                    return;
                }
            }
            tokio::time::sleep(ROOM_POLL_INTERVAL).await;
        }
    }

    /// Evicts every client that has kept the service waiting for longer.
    pub(super) fn evict_waiting(&self, longer_than: Duration) {
        let mut holds = self.0.lock();
        let now = Instant::now();
        let waiting: Vec<u64> = holds.waiting(now, longer_than).map(|(_, key)| key).collect();
        for key in waiting {
            holds.evict(key);
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Holds> {
        self.holds.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Holds {
    fn waiting(&self, now: Instant, longer_than: Duration) -> impl Iterator<Item = (Instant, u64)> {
        self.entries.iter().filter_map(move |(key, entry)| {
            let since = entry.waiting_since?;
            (now.saturating_duration_since(since) >= longer_than).then_some((since, *key))
        })
    }

    /// Counts its bytes as given back: its owner drops them as soon as it runs.
    fn evict(&mut self, key: u64) {
        if let Some(entry) = self.entries.get_mut(&key) {
            self.bytes -= std::mem::take(&mut entry.bytes);
            entry.waiting_since = None;
            entry.evicted.cancel();
        }
    }

    fn make_room(&mut self, limit_bytes: usize) {
        let mut waiting: Vec<_> = self.waiting(Instant::now(), EVICTABLE_AFTER).collect();
        waiting.sort_unstable();
        for (_, key) in waiting {
            if self.bytes <= limit_bytes {
                return;
            }
            self.evict(key);
        }
    }
}

impl Hold {
    /// Sets how many bytes are held, after others have made room where that was needed. Returns whether all of them
    /// are within the budget now; they are counted either way.
    pub(super) fn resize(&self, bytes: usize) -> bool {
        let Shared { limit_bytes, reserve_bytes, small_bytes, .. } = *self.budget;
        let limit = if bytes <= small_bytes { limit_bytes + reserve_bytes } else { limit_bytes };
        let mut holds = self.budget.lock();
        if self.evicted.is_cancelled() {
            return false;
        }
        let Some(entry) = holds.entries.get_mut(&self.key) else { return false };
        let before = std::mem::replace(&mut entry.bytes, bytes);
        entry.waiting_since = None;
        holds.bytes = holds.bytes - before + bytes;
        if holds.bytes > limit {
            holds.make_room(limit);
        }
        holds.bytes <= limit
    }

    /// From now on the service waits for this client.
    pub(super) fn wait_for_client(&self) {
        self.set_waiting(Some(Instant::now()));
    }

    /// The client waits for the service.
    pub(super) fn keep_client_waiting(&self) {
        self.set_waiting(None);
    }

    fn set_waiting(&self, since: Option<Instant>) {
        if let Some(entry) = self.budget.lock().entries.get_mut(&self.key)
            && !self.evicted.is_cancelled()
        {
            entry.waiting_since = since;
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        let mut holds = self.budget.lock();
        if let Some(entry) = holds.entries.remove(&self.key) {
            holds.bytes -= entry.bytes;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(budget: &ByteBudget) -> (Hold, CancellationToken) {
        let evicted = CancellationToken::new();
        (budget.hold(evicted.clone()), evicted)
    }

    fn age(budget: &ByteBudget, hold: &Hold, seconds: u64) {
        let since = Instant::now().checked_sub(Duration::from_secs(seconds)).expect("a past");
        let mut holds = budget.0.lock();
        holds.entries.get_mut(&hold.key).expect("an entry").waiting_since = Some(since);
    }

    #[test]
    fn the_client_that_was_waited_for_longest_makes_room() {
        let budget = ByteBudget::new(100);
        let ((old, old_evicted), (older, older_evicted)) = (hold(&budget), hold(&budget));
        assert!(old.resize(40) && older.resize(40));
        age(&budget, &old, 2);
        age(&budget, &older, 3);
        let (new, new_evicted) = hold(&budget);
        assert!(new.resize(50), "one of them was enough");
        assert!(older_evicted.is_cancelled() && !old_evicted.is_cancelled());
        assert!(!older.resize(1), "an evicted client gets nothing more");
        drop((old, older, new));
        assert!(!new_evicted.is_cancelled());
        assert_eq!(budget.0.lock().bytes, 0);
    }

    #[test]
    fn nobody_is_evicted_who_is_not_waited_for() {
        let budget = ByteBudget::new(100);
        let ((working, evicted), (quick, quick_evicted)) = (hold(&budget), hold(&budget));
        assert!(working.resize(60) && quick.resize(40));
        quick.wait_for_client();
        let (new, _) = hold(&budget);
        assert!(!new.resize(1));
        assert!(!evicted.is_cancelled() && !quick_evicted.is_cancelled());
        drop(working);
        assert!(new.resize(1));
    }

    #[test]
    fn large_ones_leave_room_for_small_ones() {
        let budget = ByteBudget::with_reserve(100, 20, 10);
        let ((large, _), (small, _), (other, _)) = (hold(&budget), hold(&budget), hold(&budget));
        assert!(!large.resize(81) && large.resize(80));
        assert!(small.resize(10) && other.resize(10));
        assert!(!small.resize(11), "it is a large one now");
    }

    #[test]
    fn who_is_waited_for_too_long_is_evicted() {
        let budget = ByteBudget::new(100);
        let ((late, evicted), (working, working_evicted)) = (hold(&budget), hold(&budget));
        assert!(late.resize(1) && working.resize(1));
        age(&budget, &late, 31);
        age(&budget, &working, 31);
        working.keep_client_waiting();
        budget.evict_waiting(Duration::from_secs(30));
        assert!(evicted.is_cancelled() && !working_evicted.is_cancelled());
    }
}

//! Follows the outbox, and never goes past a number that may still come.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;

use super::EventLog;
use super::gap::{self, Gap, Verdict};
use crate::domain::{EventMark, TaskEvent};
use crate::store::StoreError;

/// How many events are read at once.
const TAIL_BATCH_EVENTS: u32 = 256;
/// From so many on, events come sooner as the tasks themselves: after an import, say.
const CATCH_UP_THRESHOLD_ROWS: i64 = 5_000;
/// Shortest time between two looks: many commits are read together.
const POLL_INTERVAL_MIN: Duration = Duration::from_millis(5);
/// How often it is asked whether the database still is the primary.
const PRIMARY_CHECK_EVERY: Duration = Duration::from_secs(1);

/// A place in the order of events, which moves on.
#[derive(Debug)]
pub struct Tail {
    log: Arc<dyn EventLog>,
    /// Everything up to here was told, or never was. Another event under its number means that the database was
    /// replaced.
    position: EventMark,
    /// What is missing up to here never comes.
    settled: i64,
    gap: Option<Gap>,
    /// When the database was last known to be the primary; `None` after a failure, behind which it may be another server.
    primary_at: Option<Instant>,
    woken: watch::Receiver<()>,
    _listening: AbortOnDropHandle<()>,
}

/// What came of one look.
#[derive(Clone, Debug)]
pub struct Advance {
    /// New events, in order.
    pub events: Vec<TaskEvent>,
    /// Why readers should look at the tasks themselves, if they should: not every change can be told, or not
    /// in time.
    pub resync: Option<Resync>,
    /// When to look again.
    pub next: Next,
}

/// Why not every change can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resync {
    /// A change that is being made holds up those after it.
    Late,
    /// Changes are passed over: the tail goes on at another place.
    Moved,
    /// The database server is in recovery: the tail ends.
    Recovery,
}

/// When a tail should look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// More is there.
    Now,
    /// After this time: something is about to come.
    After(Duration),
    /// When something was committed.
    Woken,
}

impl Tail {
    pub(super) fn new(
        log: Arc<dyn EventLog>,
        position: EventMark,
        woken: watch::Receiver<()>,
        listening: AbortOnDropHandle<()>,
    ) -> Self {
        let primary_at = Some(Instant::now());
        Self { log, position, settled: 0, gap: None, primary_at, woken, _listening: listening }
    }

    /// Everything up to this event was told, or never was.
    #[must_use]
    pub fn position(&self) -> EventMark {
        self.position
    }

    /// Looks for what is new.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when that cannot be read just now; the place stays. [`StoreError::is_read_only`] once the database
    /// server is in recovery, where it is not known which numbers are still to come.
    pub async fn advance(&mut self) -> Result<Advance, StoreError> {
        if self.primary_at.is_none_or(|at| at.elapsed() > PRIMARY_CHECK_EVERY) {
            self.primary_at = None;
            self.log.require_primary().await?;
            self.primary_at = Some(Instant::now());
        }
        let advance = self.look().await;
        if advance.is_err() {
            self.primary_at = None;
        }
        advance
    }

    async fn look(&mut self) -> Result<Advance, StoreError> {
        // What is committed from here on wakes again.
        self.woken.mark_unchanged();
        let rows = self.log.read(self.position.number(), TAIL_BATCH_EVENTS + 1).await?;
        let is_full = rows.len() > TAIL_BATCH_EVENTS as usize;
        let Some(rows) = self.after_position(rows) else { return self.go_elsewhere().await };
        if is_full && self.log.newest().await? - self.position.number() > CATCH_UP_THRESHOLD_ROWS {
            return self.go_elsewhere().await;
        }
        let newest = rows.last().map_or(self.position.number(), |event| event.id);
        let mut events = Vec::with_capacity(rows.len());
        for event in rows {
            if event.id != self.position.number() + 1 && event.id > self.settled {
                break;
            }
            self.position = event.mark();
            events.push(event);
        }
        if self.position.number() == newest {
            self.gap = None;
            let next = if is_full { Next::Now } else { Next::Woken };
            return Ok(Advance { events, resync: None, next });
        }
        self.wait_at_gap(newest, events).await
    }

    /// Waits until it is time to look again.
    pub async fn wait(&mut self, next: Next) {
        match next {
            Next::Now => {}
            Next::After(time) => sleep(time).await,
            Next::Woken => {
                sleep(POLL_INTERVAL_MIN).await;
                // The sender lives as long as the store: whether it was it or the time makes no difference.
                let _ = timeout(self.log.poll(), self.woken.changed()).await;
            }
        }
    }

    /// The events after the position; `None` when the one at it is gone, or is another.
    fn after_position(&self, rows: Vec<TaskEvent>) -> Option<Vec<TaskEvent>> {
        if self.position == EventMark::START {
            return Some(rows);
        }
        let mut rows = rows.into_iter();
        rows.next().filter(|event| event.mark() == self.position)?;
        Some(rows.collect())
    }

    async fn wait_at_gap(
        &mut self,
        newest: i64,
        events: Vec<TaskEvent>,
    ) -> Result<Advance, StoreError> {
        let known = self.gap.take().filter(|gap| gap.is_after(self.position.number()));
        let gap =
            self.gap.insert(known.unwrap_or_else(|| Gap::new(self.position.number(), newest)));
        // The events are told even when nobody can be asked about the gap now.
        let verdict = match gap.look(self.log.as_ref()).await {
            Err(error) if events.is_empty() => return Err(error),
            Err(_) => Verdict::Open { again: POLL_INTERVAL_MIN, tell: false },
            Ok(verdict) => verdict,
        };
        match verdict {
            Verdict::Open { again, tell } => {
                let resync = tell.then_some(Resync::Late);
                Ok(Advance { events, resync, next: Next::After(again) })
            }
            Verdict::Settled { upto } => {
                self.settled = upto;
                self.gap = None;
                Ok(Advance { events, resync: None, next: Next::Now })
            }
        }
    }

    /// Goes on at the end of what is there.
    async fn go_elsewhere(&mut self) -> Result<Advance, StoreError> {
        self.position = settled_mark(self.log.as_ref()).await?;
        self.gap = None;
        // Of another database it would be too much.
        self.settled = self.settled.min(self.position.number());
        Ok(Advance { events: Vec::new(), resync: Some(Resync::Moved), next: Next::Now })
    }
}

/// The event up to which nothing is missing.
pub(super) async fn settled_mark(log: &dyn EventLog) -> Result<EventMark, StoreError> {
    let number = gap::settled_head(log).await?;
    let found = log.read(number, 1).await?.into_iter().find(|event| event.id == number);
    // Pruned or replaced since: the next look finds out.
    Ok(found.map_or(EventMark::unknown(number), |event| event.mark()))
}

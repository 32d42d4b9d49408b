//! Follows the outbox, and never goes past a number that may still come.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::EventLog;
use super::gap::{self, Gap, Verdict};
use crate::domain::{EventKind, TaskEvent};
use crate::store::StoreError;

/// How many events are read at once.
const BATCH: u32 = 256;
/// From so many on, events come sooner as the tasks themselves: after an import, say.
const MUCH: i64 = 5_000;
/// Shortest time between two looks: many commits are read together.
const BREATH: Duration = Duration::from_millis(5);

/// A place in the order of events, which moves on.
#[derive(Debug)]
pub struct Tail {
    log: Arc<dyn EventLog>,
    /// Everything up to here was told, or never was.
    position: i64,
    /// What the event at the position is: another under its number means that the database was replaced.
    anchor: Option<Anchor>,
    /// What is missing up to here never comes.
    settled: i64,
    gap: Option<Gap>,
    woken: watch::Receiver<()>,
    _listening: AbortOnDropHandle<()>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Anchor {
    task: Uuid,
    version: i64,
    kind: EventKind,
}

impl Anchor {
    fn of(event: &TaskEvent) -> Self {
        Self { task: event.task.id, version: event.task.version, kind: event.kind }
    }
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
        position: i64,
        woken: watch::Receiver<()>,
        listening: AbortOnDropHandle<()>,
    ) -> Self {
        let (anchor, gap) = (None, None);
        Self { log, position, anchor, settled: 0, gap, woken, _listening: listening }
    }

    /// Everything up to this number was told, or never was.
    #[must_use]
    pub fn position(&self) -> i64 {
        self.position
    }

    /// Looks for what is new.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when that cannot be read just now; the place stays.
    pub async fn advance(&mut self) -> Result<Advance, StoreError> {
        // What is committed from here on wakes again.
        self.woken.mark_unchanged();
        let rows = self.log.read(self.position, BATCH + 1).await?;
        let is_full = rows.len() > BATCH as usize;
        let Some(rows) = self.after_anchor(rows) else { return self.go_elsewhere().await };
        if is_full && self.log.newest().await? - self.position > MUCH {
            return self.go_elsewhere().await;
        }
        let newest = rows.last().map_or(self.position, |event| event.id);
        let mut events = Vec::with_capacity(rows.len());
        for event in rows {
            if event.id != self.position + 1 && event.id > self.settled {
                break;
            }
            self.position = event.id;
            self.anchor = Some(Anchor::of(&event));
            events.push(event);
        }
        if self.position == newest {
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
                sleep(BREATH).await;
                // The sender lives as long as the store: whether it was it or the time makes no difference.
                let _ = timeout(self.log.poll(), self.woken.changed()).await;
            }
        }
    }

    /// The events after the position; `None` when the one at it is gone, or is another.
    fn after_anchor(&mut self, rows: Vec<TaskEvent>) -> Option<Vec<TaskEvent>> {
        if self.position == 0 {
            return Some(rows);
        }
        let mut rows = rows.into_iter();
        let found = rows.next().filter(|event| event.id == self.position)?;
        let found = Anchor::of(&found);
        if self.anchor.is_some_and(|anchor| anchor != found) {
            return None;
        }
        self.anchor = Some(found);
        Some(rows.collect())
    }

    async fn wait_at_gap(
        &mut self,
        newest: i64,
        events: Vec<TaskEvent>,
    ) -> Result<Advance, StoreError> {
        let known = self.gap.take().filter(|gap| gap.is_after(self.position));
        let gap = self.gap.insert(known.unwrap_or_else(|| Gap::new(self.position, newest)));
        // The events are told even when nobody can be asked about the gap now.
        let verdict = match gap.look(self.log.as_ref()).await {
            Err(error) if events.is_empty() => return Err(error),
            Err(_) => Verdict::Open { again: BREATH, tell: false },
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
        let position = gap::settled_head(self.log.as_ref()).await?;
        (self.position, self.anchor, self.gap) = (position, None, None);
        // Of another database it would be too much.
        self.settled = self.settled.min(position);
        Ok(Advance { events: Vec::new(), resync: Some(Resync::Moved), next: Next::Now })
    }
}

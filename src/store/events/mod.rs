//! What happened to tasks, told in order: an outbox, `task_events`, that every change writes to with itself, and a
//! [`Tail`] that follows it.
//!
//! A number once told is a fact, whichever process told it: every event up to it has been told too, or never
//! was. So a reader that comes back with the mark of the last one it had, to any replica, goes on without a hole
//! and without a repetition; where that cannot be had, it is told so, and looks at the tasks themselves.

mod gap;
mod tail;

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use tokio::sync::{Notify, watch};
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

pub use tail::{Advance, Next, Resync, Tail};

use super::{CommittedCounts, StoreError};
use crate::domain::{EventMark, TaskEvent};

/// Shortest time between two announcements to other processes.
const ANNOUNCE_EVERY: Duration = Duration::from_millis(20);

/// The outbox of one database.
#[async_trait]
pub(super) trait EventLog: Debug + Send + Sync {
    /// The events from a number on, in order, `limit` at most.
    async fn read(&self, from: i64, limit: u32) -> Result<Vec<TaskEvent>, StoreError>;

    /// The greatest number that is visible; 0 where there is none.
    async fn newest(&self) -> Result<i64, StoreError>;

    /// Before which event the first number is missing; the newest one where none is.
    async fn without_gap(&self) -> Result<i64, StoreError>;

    /// Fails with [`StoreError::is_read_only`] where transactions of another server write the events: then
    /// [`EventLog::writers`] does not see them.
    async fn require_primary(&self) -> Result<(), StoreError>;

    /// The transactions under way that write events. A number that is missing below one that was seen before
    /// this was asked belongs to one of them, or will never be there.
    ///
    /// # Errors
    ///
    /// As [`EventLog::require_primary`], too.
    async fn writers(&self) -> Result<Vec<String>, StoreError>;

    /// Tells other processes that there are new events.
    async fn announce(&self) -> Result<(), StoreError>;

    /// Hears what other processes announce, and calls `commits` each time, until the future is dropped.
    async fn listen(&self, commits: &Commits);

    /// How often a tail looks by itself: for events of processes that announce nothing, or died before they did.
    fn poll(&self) -> Duration;
}

/// Says within this process that something was committed.
#[derive(Debug, Default)]
pub(super) struct Commits {
    here: watch::Sender<()>,
    elsewhere: Notify,
    counts: Arc<CommittedCounts>,
}

impl Commits {
    /// Changes with their events were committed by this process, by which there are so many more tasks.
    pub(super) fn made(&self, net_created: i64) {
        self.counts.record(net_created);
        self.here.send_replace(());
        self.elsewhere.notify_one();
    }

    /// How many tasks the commits of this process added.
    pub(super) fn counts(&self) -> &Arc<CommittedCounts> {
        &self.counts
    }

    /// Another process said that it committed something.
    pub(super) fn heard(&self) {
        self.here.send_replace(());
    }
}

/// The events of a store; clones are the same.
#[derive(Clone, Debug)]
pub struct EventFeed {
    log: Arc<dyn EventLog>,
    commits: Arc<Commits>,
}

impl EventFeed {
    pub(super) fn new(log: Arc<dyn EventLog>, commits: Arc<Commits>) -> Self {
        Self { log, commits }
    }

    /// Follows the events from now on, and listens to other processes while the tail lives.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when the database cannot be asked where "now" is, or is a standby.
    pub async fn follow(&self) -> Result<Tail, StoreError> {
        // Subscribed before it is asked, so that nothing falls between.
        let woken = self.commits.here.subscribe();
        let position = tail::settled_mark(self.log.as_ref()).await?;
        let listening = tokio::spawn({
            let (log, commits) = (Arc::clone(&self.log), Arc::clone(&self.commits));
            async move { log.listen(&commits).await }
        });
        let listening = AbortOnDropHandle::new(listening);
        Ok(Tail::new(Arc::clone(&self.log), position, woken, listening))
    }

    /// The events after one, as far as another that a tail has reached, `limit` at most; `None` where what
    /// followed the first is not known any more, or it never was, or was of a database that this one replaced.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when they cannot be read.
    pub async fn replay(
        &self,
        after: EventMark,
        upto: EventMark,
        limit: u32,
    ) -> Result<Option<Vec<TaskEvent>>, StoreError> {
        let mut events = self.log.read(after.number(), limit.saturating_add(1)).await?;
        let known = match events.first() {
            Some(first) if after > EventMark::START => first.mark() == after,
            // From before the first event on: nothing may be pruned yet.
            Some(first) => first.id == 1,
            None => after == EventMark::START,
        };
        if !known {
            return Ok(None);
        }
        events.retain(|event| event.id > after.number() && event.id <= upto.number());
        Ok(Some(events))
    }

    /// Announces commits to other processes, until the future is dropped.
    ///
    /// After the commit and not in the transaction, where it would make all commits wait for one another.
    pub async fn keep(&self) {
        loop {
            self.commits.elsewhere.notified().await;
            if let Err(error) = self.log.announce().await {
                // Others find the events by looking.
                tracing::debug!(%error, "other processes were not told of new events");
            }
            sleep(ANNOUNCE_EVERY).await;
        }
    }
}

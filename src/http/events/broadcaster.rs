//! Follows the outbox while anybody listens, and hands each event to all clients.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use metrics::counter;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::sleep;

use super::frame::Frame;
use super::poll::POLL_EVENTS_MAX;
use super::replay_buffer::Recent;
use super::slots::{ClientSlot, ClientSlots};
use super::stream::Stream;
use crate::domain::{EventMark, TaskEvent};
use crate::http::server::{Client as Asking, Hangup};
use crate::shutdown::Shutdown;
use crate::store::{Advance, EventFeed, Resync, StoreError, Tail};
use crate::telemetry::metrics::{
    TASKMANAGER_EVENT_CLIENTS_DROPPED_TOTAL, TASKMANAGER_EVENT_RESYNCS_TOTAL,
    TASKMANAGER_EVENTS_TOTAL,
};

/// How many frames a client may be behind.
const CLIENT_QUEUE_EVENTS: usize = 512;
/// How long clients that are behind hold up a batch for which their queues have no room.
const SLOW_CLIENT_WAIT: Duration = Duration::from_millis(500);
/// How long the outbox is followed after the last client has gone: one that reconnects is soon back.
const IDLE_AFTER: Duration = Duration::from_secs(10);
/// How long somebody who asked without a stream is taken to be there: longer than the page's pauses while all is well.
const POLLED_WITHIN: Duration = Duration::from_secs(20);
/// Pause after the outbox could not be read.
const RETRY_INTERVAL: Duration = Duration::from_millis(500);
/// How many clients read the outbox at the same time, to catch up.
const CATCH_UP_READERS_MAX: usize = 4;

/// The events of this process; clones are the same.
#[derive(Clone, Debug)]
pub struct Events(Arc<Hub>);

#[derive(Debug)]
pub(super) struct Hub {
    pub(super) feed: EventFeed,
    shutdown: Shutdown,
    slots: ClientSlots,
    pub(super) readers: Semaphore,
    /// One start at a time; counts them.
    starts: tokio::sync::Mutex<u64>,
    live: Mutex<Option<Live>>,
}

/// While the outbox is followed.
#[derive(Debug)]
struct Live {
    /// Which start it is.
    start: u64,
    recent: Recent,
    clients: Vec<Client>,
    /// When somebody last asked without a stream.
    polled: Option<Instant>,
    /// A change that is being made holds up those after it.
    late: bool,
}

#[derive(Debug)]
struct Client {
    queue: mpsc::Sender<Frame>,
    hangup: Hangup,
}

/// Why a client is not served.
#[derive(Debug)]
pub(in crate::http) enum NoPlace {
    /// There are as many as there may be.
    Full,
    /// There are as many of its address as there may be.
    FullForAddress,
    /// The outbox cannot be read.
    Store(StoreError),
    /// The process is about to end.
    Ended,
}

/// What somebody without a stream is answered.
#[derive(Debug)]
pub(super) enum Follow {
    /// These.
    Frames(Vec<Frame>),
    /// What the outbox has after one event and up to another.
    Read { after: EventMark, upto: EventMark },
}

/// How a client at a number goes on.
#[derive(Debug)]
pub(super) enum Attach {
    /// With these, and then with what the queue brings.
    Live(Vec<Frame>, mpsc::Receiver<Frame>),
    /// By reading the outbox up to this event.
    Read(EventMark),
    /// Not at all: nobody follows the outbox any more.
    Ended,
}

impl Events {
    /// Nothing is followed before the first of at most `clients` comes, of which `clients_per_address` may have the
    /// same address.
    #[must_use]
    pub fn new(
        feed: EventFeed,
        clients: u32,
        clients_per_address: u32,
        shutdown: Shutdown,
    ) -> Self {
        Self(Arc::new(Hub {
            feed,
            shutdown,
            slots: ClientSlots::new(clients, clients_per_address),
            readers: Semaphore::new(CATCH_UP_READERS_MAX),
            starts: tokio::sync::Mutex::default(),
            live: Mutex::default(),
        }))
    }

    /// A stream of what comes after this event, or after now.
    ///
    /// # Errors
    ///
    /// [`NoPlace`]
    pub(in crate::http) async fn subscribe(
        &self,
        after: Option<EventMark>,
        client: &Asking,
    ) -> Result<Stream, NoPlace> {
        let slot = ClientSlot::take(&self.0.slots, client.address)?;
        self.0.follow().await.map_err(NoPlace::Store)?;
        Ok(Stream::new(Arc::clone(&self.0), slot, client.hangup.clone(), after))
    }

    pub(super) fn hub(&self) -> &Arc<Hub> {
        &self.0
    }
}

impl Hub {
    /// Sees to it that the outbox is followed.
    pub(super) async fn follow(self: &Arc<Self>) -> Result<(), StoreError> {
        let mut starts = self.starts.lock().await;
        if self.live().is_some() {
            return Ok(());
        }
        let tail = self.feed.follow().await?;
        *starts += 1;
        let (start, recent) = (*starts, Recent::new(tail.position()));
        *self.live() = Some(Live { start, recent, clients: Vec::new(), polled: None, late: false });
        tokio::spawn(Arc::clone(self).run(tail, start));
        Ok(())
    }

    async fn run(self: Arc<Self>, tail: Tail, start: u64) {
        // Whatever ends this, the clients are let go.
        let _end = End { hub: &self, start };
        tokio::select! {
            () = self.hand_on(tail) => {}
            () = self.shutdown.draining() => {}
        }
    }

    async fn hand_on(&self, mut tail: Tail) {
        let mut heard = Instant::now();
        let mut failing = false;
        loop {
            if self.has_clients() {
                heard = Instant::now();
            } else if heard.elapsed() > IDLE_AFTER && self.end_if_alone() {
                return;
            }
            match tail.advance().await {
                Ok(advance) => {
                    failing = false;
                    let next = advance.next;
                    self.pace(advance.events.len()).await;
                    self.publish(advance, tail.position());
                    tail.wait(next).await;
                }
                Err(error) if error.is_read_only() => {
                    tracing::warn!("event streams closed: the database server is in recovery");
                    self.send_resync(tail.position(), Resync::Recovery);
                    return;
                }
                Err(error) => {
                    if !failing {
                        tracing::warn!(%error, "the events cannot be read; the clients wait");
                    }
                    failing = true;
                    sleep(RETRY_INTERVAL).await;
                }
            }
        }
    }

    fn publish(&self, advance: Advance, position: EventMark) {
        let mut live = self.live();
        let Some(live) = live.as_mut() else { return };
        counter!(TASKMANAGER_EVENTS_TOTAL).increment(advance.events.len() as u64);
        if !advance.events.is_empty() {
            live.late = false;
        }
        for event in advance.events {
            live.tell(event);
        }
        if let Some(why) = advance.resync {
            live.resync(position, why);
        }
    }

    fn send_resync(&self, position: EventMark, why: Resync) {
        if let Some(live) = self.live().as_mut() {
            live.resync(position, why);
        }
    }

    /// Waits a little while a client has no room for as many: after a burst most need only a moment.
    async fn pace(&self, frames: usize) {
        let begun = Instant::now();
        while begun.elapsed() < SLOW_CLIENT_WAIT {
            let room = self.live().as_ref().map(|live| {
                live.clients
                    .iter()
                    .all(|client| client.queue.capacity() >= frames.min(CLIENT_QUEUE_EVENTS / 2))
            });
            if room.unwrap_or(true) {
                return;
            }
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Hands a client over to what comes after an event, if that is known here; one that is `certain` may also be
    /// yet to come.
    pub(super) fn attach(&self, position: EventMark, certain: bool, hangup: &Hangup) -> Attach {
        let mut live = self.live();
        let Some(live) = live.as_mut() else { return Attach::Ended };
        match live.recent.since(position) {
            Some(frames) => Attach::Live(frames, live.join(hangup)),
            None if certain && position > live.recent.position() => {
                Attach::Live(Vec::new(), live.join(hangup))
            }
            None => Attach::Read(live.recent.position()),
        }
    }

    /// Hands a client over to what comes from now on, and says after which event that is.
    pub(super) fn attach_now(&self, hangup: &Hangup) -> Option<(EventMark, mpsc::Receiver<Frame>)> {
        let mut live = self.live();
        let live = live.as_mut()?;
        Some((live.recent.position(), live.join(hangup)))
    }

    /// What somebody without a stream gets after an event; the first time, which event is the last now. `None` when
    /// nobody follows the outbox any more.
    pub(super) fn look(&self, after: Option<EventMark>) -> Option<Follow> {
        let mut live = self.live();
        let live = live.as_mut()?;
        live.polled = Some(Instant::now());
        let position = live.recent.position();
        let Some(after) = after else {
            return Some(Follow::Frames(vec![Frame::hello(position)]));
        };
        let Some(mut frames) = live.recent.since(after) else {
            return Some(Follow::Read { after, upto: position });
        };
        frames.truncate(POLL_EVENTS_MAX as usize);
        if frames.is_empty() && live.late {
            frames.push(Frame::resync(position, false));
        }
        Some(Follow::Frames(frames))
    }

    /// Whether anybody listens, or asked a while ago.
    fn has_clients(&self) -> bool {
        let mut live = self.live();
        let Some(live) = live.as_mut() else { return false };
        live.clients.retain(|client| !client.queue.is_closed());
        !live.is_alone()
    }

    fn end_if_alone(&self) -> bool {
        let mut live = self.live();
        let alone = live.as_ref().is_none_or(Live::is_alone);
        if alone {
            *live = None;
        }
        alone
    }

    fn live(&self) -> MutexGuard<'_, Option<Live>> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Live {
    fn is_alone(&self) -> bool {
        self.clients.is_empty() && self.polled.is_none_or(|at| at.elapsed() > POLLED_WITHIN)
    }

    /// Tells the clients to look at the tasks themselves.
    fn resync(&mut self, position: EventMark, why: Resync) {
        let reason = match why {
            Resync::Late => "late",
            Resync::Moved => "moved",
            Resync::Recovery => "recovery",
        };
        counter!(TASKMANAGER_EVENT_RESYNCS_TOTAL, "reason" => reason).increment(1);
        self.late = why == Resync::Late;
        if why == Resync::Moved {
            let before = self.recent.position();
            let (number, before) = (position.number(), before.number());
            if number <= before {
                tracing::warn!(before, number, "the events begin again: the database was replaced");
            }
            self.recent = Recent::new(position);
        }
        self.send(&Frame::resync(position, why == Resync::Moved));
    }

    fn tell(&mut self, event: TaskEvent) {
        let mark = event.mark();
        let frame = Frame::event(event);
        self.send(&frame);
        self.recent.push(mark, frame);
    }

    /// Puts a frame into every queue; who has no room left is hung up on.
    fn send(&mut self, frame: &Frame) {
        self.clients.retain(|client| match client.queue.try_send(frame.clone()) {
            Ok(()) => true,
            Err(mpsc::error::TrySendError::Closed(_)) => false,
            Err(mpsc::error::TrySendError::Full(_)) => {
                counter!(TASKMANAGER_EVENT_CLIENTS_DROPPED_TOTAL).increment(1);
                client.hangup.hang_up();
                false
            }
        });
    }

    fn join(&mut self, hangup: &Hangup) -> mpsc::Receiver<Frame> {
        let (queue, frames) = mpsc::channel(CLIENT_QUEUE_EVENTS);
        self.clients.push(Client { queue, hangup: hangup.clone() });
        frames
    }
}

struct End<'a> {
    hub: &'a Hub,
    start: u64,
}

impl Drop for End<'_> {
    fn drop(&mut self) {
        let mut live = self.hub.live();
        // Another may have begun since this one was left alone.
        if live.as_ref().is_some_and(|live| live.start == self.start) {
            *live = None;
        }
    }
}

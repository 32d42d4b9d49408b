//! What a connection is doing, and which of them have to go: those that say nothing, those that do not finish a head,
//! those that nobody uses, and those whose client does not read.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use super::super::limits::{
    EVENTS_SEND_BUFFER_BYTES, EVICTABLE_MILLISECONDS, FIRST_BYTE_SECONDS, HEAD_SECONDS,
    HEADS_TOTAL_BYTES, IDLE_SECONDS, SEND_BUFFER_BYTES, WRITE_PROGRESS_SECONDS,
};
use super::head::{Frames, Heads};

/// How often a server that is full looks for connections that can go.
const ROOM_INTERVAL: Duration = Duration::from_millis(50);
/// How many connections that were never answered go at a time when there is no room for another.
const ROOM_CONNECTIONS: usize = 256;
/// With this fraction of all connections unanswered, those alone make room soon enough: idle ones stay.
const UNANSWERED_SHARE: usize = 4;
/// Where events are followed.
const EVENTS_PATH: &str = "/tasks/events";
/// What an HTTP/2 client says first (RFC 9113 section 3.4).
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Ends the connection that a request came by, for a handler whose client does not take its answer. Clones are the
/// same.
#[derive(Clone, Debug, Default)]
pub(in crate::http) struct Hangup(pub(super) CancellationToken);

impl Hangup {
    /// Drops the connection, and with it every answer that is being sent by it.
    pub(in crate::http) fn hang_up(&self) {
        self.0.cancel();
    }
}

/// Who asks, in the extensions of each request.
#[derive(Clone, Debug)]
pub(in crate::http) struct Client {
    /// The address at the other end of the connection: a proxy's, where there is one.
    pub(in crate::http) address: IpAddr,
    /// Ends the connection.
    pub(in crate::http) hangup: Hangup,
}

/// One connection, as its transport, its requests and the watch see it.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) address: IpAddr,
    /// Drops it at once.
    pub(super) hangup: Hangup,
    /// Closes it as soon as no request is under way.
    pub(super) retire: CancellationToken,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    phase: Phase,
    since: Instant,
    requests: usize,
    /// How much of a head has come that is not complete.
    head_bytes: usize,
    /// How much of the preface of HTTP/2 has come; `None` once it is another protocol.
    preface: Option<usize>,
    heads: Heads,
    /// Of HTTP/2, once its preface is complete.
    frames: Option<Frames>,
    /// Since when a head of HTTP/2 is under way.
    in_head_since: Option<Instant>,
    /// Whether events were ever followed by it: bursts of them are not to part a client that reads from its stream.
    follows_events: bool,
    send_buffer_bytes: Option<usize>,
    /// Since when the client has taken no byte of what there is to send.
    blocked_since: Option<Instant>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Not a byte yet.
    Silent,
    /// Some of the first or next head.
    Head,
    /// At least one request.
    Busy,
    /// Between requests.
    Idle,
}

enum Verdict {
    HangUp,
    Retire,
}

impl Connection {
    fn new(address: IpAddr) -> Self {
        let state = State {
            phase: Phase::Silent,
            since: Instant::now(),
            requests: 0,
            head_bytes: 0,
            preface: Some(0),
            heads: Heads::default(),
            frames: None,
            in_head_since: None,
            follows_events: false,
            send_buffer_bytes: None,
            blocked_since: None,
        };
        Self {
            address,
            hangup: Hangup::default(),
            retire: CancellationToken::new(),
            state: Mutex::new(state),
        }
    }

    /// What handlers may know of it.
    pub(super) fn client(&self) -> Client {
        Client { address: self.address, hangup: self.hangup.clone() }
    }

    /// These bytes came.
    pub(super) fn received(&self, bytes: &[u8]) {
        let mut state = self.state();
        if state.frames.is_some() {
            return state.read_frames(bytes);
        }
        match state.phase {
            Phase::Silent => {
                state.enter(Phase::Head);
                state.read_head(bytes);
            }
            Phase::Head => state.read_head(bytes),
            Phase::Busy => {
                state.heads.read_rest(bytes);
            }
            Phase::Idle => {
                if state.heads.read_rest(bytes) {
                    state.enter(Phase::Head);
                    state.head_bytes += bytes.len();
                }
            }
        }
    }

    /// Bytes went out.
    pub(super) fn sent(&self) {
        self.state().blocked_since = None;
    }

    /// The client has no room for what there is to send.
    pub(super) fn blocked(&self) {
        self.state().blocked_since.get_or_insert_with(Instant::now);
    }

    /// Whether something is left to send that the client does not take.
    pub(super) fn has_unsent(&self) -> bool {
        let state = self.state();
        state.blocked_since.is_some() || state.requests > 0
    }

    /// How much of answers the system may hold, once that is decided.
    pub(super) fn send_buffer_bytes(&self) -> Option<usize> {
        self.state().send_buffer_bytes
    }

    /// The head of a request for this path is complete; its body has this length, if that is known.
    pub(super) fn begin(self: &Arc<Self>, path: &str, body: Option<u64>) -> RequestGuard {
        let mut state = self.state();
        state.requests += 1;
        state.head_bytes = 0;
        state.heads.end_head(body);
        state.follows_events |= path == EVENTS_PATH;
        state.send_buffer_bytes = match state.send_buffer_bytes {
            // A stream that comes first may have as much as the system gives.
            None if state.follows_events => None,
            Some(_) if state.follows_events => Some(EVENTS_SEND_BUFFER_BYTES),
            _ => Some(SEND_BUFFER_BYTES),
        };
        if state.phase != Phase::Busy {
            state.enter(Phase::Busy);
        }
        RequestGuard(Arc::clone(self))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn enter(&mut self, phase: Phase) {
        self.phase = phase;
        self.since = Instant::now();
    }

    fn read_head(&mut self, bytes: &[u8]) {
        self.head_bytes += bytes.len();
        self.heads.read_head(bytes);
        self.read_preface(bytes);
    }

    fn read_frames(&mut self, bytes: &[u8]) {
        let Some(frames) = &mut self.frames else { return };
        frames.read(bytes);
        if frames.is_in_head() {
            self.in_head_since.get_or_insert_with(Instant::now);
        } else {
            self.in_head_since = None;
        }
    }

    /// No request is under way any more.
    fn rest(&mut self) {
        // Bytes of a next head that came with the last one are not seen to come; without any, this phase lasts shorter.
        let begun = self.frames.is_none() && self.heads.may_have_begun();
        self.enter(if begun { Phase::Head } else { Phase::Idle });
    }

    fn read_preface(&mut self, bytes: &[u8]) {
        let Some(had) = self.preface else { return };
        let rest = &HTTP2_PREFACE[had..];
        let length = rest.len().min(bytes.len());
        if rest[..length] != bytes[..length] {
            self.preface = None;
        } else if length == rest.len() {
            self.preface = None;
            self.frames = Some(Frames::default());
            self.head_bytes = 0;
            self.enter(Phase::Idle);
            self.read_frames(&bytes[length..]);
        } else {
            self.preface = Some(had + length);
        }
    }

    fn verdict(&self, now: Instant) -> Option<Verdict> {
        let lasted = |since: Instant, seconds: u64| {
            now.saturating_duration_since(since) >= Duration::from_secs(seconds)
        };
        if self.blocked_since.is_some_and(|since| lasted(since, WRITE_PROGRESS_SECONDS)) {
            return Some(Verdict::HangUp);
        }
        if self.in_head_since.is_some_and(|since| lasted(since, HEAD_SECONDS)) {
            return Some(Verdict::HangUp);
        }
        match self.phase {
            Phase::Silent => lasted(self.since, FIRST_BYTE_SECONDS).then_some(Verdict::HangUp),
            Phase::Head => lasted(self.since, HEAD_SECONDS).then_some(Verdict::HangUp),
            Phase::Idle => lasted(self.since, IDLE_SECONDS).then_some(Verdict::Retire),
            Phase::Busy => None,
        }
    }

    /// Whether it takes a place without having asked for anything.
    fn is_unanswered(&self) -> bool {
        matches!(self.phase, Phase::Silent | Phase::Head)
    }

    /// Whether it may make room for another: its client may be sending its next byte at this moment, right after it
    /// connected or was answered.
    fn is_evictable(&self, now: Instant) -> bool {
        let fresh = Duration::from_millis(EVICTABLE_MILLISECONDS);
        self.phase != Phase::Busy && now.saturating_duration_since(self.since) >= fresh
    }
}

/// A request that is under way, until the last of its answer has been handed on.
#[derive(Debug)]
pub(super) struct RequestGuard(Arc<Connection>);

impl Drop for RequestGuard {
    fn drop(&mut self) {
        let mut state = self.0.state();
        state.requests = state.requests.saturating_sub(1);
        if state.requests == 0 {
            state.rest();
        }
    }
}

/// All connections of a server.
#[derive(Debug)]
pub(super) struct Connections {
    all: Mutex<HashMap<u64, Arc<Connection>>>,
    slots: Arc<Semaphore>,
}

/// The place of a connection among all of them, given back when dropped.
#[derive(Debug)]
pub(super) struct Registered {
    connections: Arc<Connections>,
    key: u64,
    pub(super) connection: Arc<Connection>,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Connections {
    pub(super) fn new(connections_max: usize) -> Arc<Self> {
        let slots = Arc::new(Semaphore::new(connections_max));
        Arc::new(Self { all: Mutex::default(), slots })
    }

    pub(super) fn count(&self) -> usize {
        self.all().len()
    }

    /// Waits for room for one more connection, and sees to it that there is some.
    pub(super) async fn slot(&self) -> Option<OwnedSemaphorePermit> {
        loop {
            if let Ok(slot) = Arc::clone(&self.slots).try_acquire_owned() {
                return Some(slot);
            }
            self.make_room();
            // Others become dispensable meanwhile.
            let freed = timeout(ROOM_INTERVAL, Arc::clone(&self.slots).acquire_owned()).await;
            if let Ok(slot) = freed {
                return slot.ok();
            }
        }
    }

    pub(super) fn register(
        self: &Arc<Self>,
        address: IpAddr,
        slot: Option<OwnedSemaphorePermit>,
    ) -> Registered {
        let connection = Arc::new(Connection::new(address));
        let key = Arc::as_ptr(&connection).addr() as u64;
        self.all().insert(key, Arc::clone(&connection));
        Registered { connections: Arc::clone(self), key, connection, _slot: slot }
    }

    /// Ends the connections whose time is over.
    pub(super) fn sweep(&self) {
        let now = Instant::now();
        let mut heads = Vec::new();
        let mut head_bytes = 0;
        for connection in self.all().values() {
            let state = connection.state();
            match state.verdict(now) {
                Some(Verdict::HangUp) => connection.hangup.hang_up(),
                Some(Verdict::Retire) => connection.retire.cancel(),
                None if state.phase == Phase::Head => {
                    head_bytes += state.head_bytes;
                    heads.push((state.since, state.head_bytes, connection.hangup.clone()));
                }
                None => {}
            }
        }
        heads.sort_unstable_by_key(|(since, ..)| *since);
        for (_, bytes, hangup) in heads {
            if head_bytes <= HEADS_TOTAL_BYTES {
                return;
            }
            head_bytes -= bytes;
            hangup.hang_up();
        }
    }

    /// Ends the oldest of the connections that say nothing or have sent half a head. An idle one, whose client was
    /// served and may come back, only goes when those are few, and then alone.
    fn make_room(&self) {
        let now = Instant::now();
        let all = self.all();
        let (mut unanswered, mut idle) = (Vec::new(), None);
        let mut unanswered_count = 0;
        for connection in all.values() {
            let state = connection.state();
            unanswered_count += usize::from(state.is_unanswered());
            if !state.is_evictable(now) {
                continue;
            }
            if state.is_unanswered() {
                unanswered.push((state.since, connection));
            } else if idle.is_none_or(|(since, _)| state.since < since) {
                idle = Some((state.since, connection));
            }
        }
        unanswered.sort_unstable_by_key(|(since, _)| *since);
        unanswered.truncate(ROOM_CONNECTIONS);
        if unanswered.is_empty() && unanswered_count < all.len() / UNANSWERED_SHARE {
            unanswered.extend(idle);
        }
        tracing::debug!(closed = unanswered.len(), open = all.len(), "connections full");
        for (_, connection) in unanswered {
            connection.hangup.hang_up();
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<u64, Arc<Connection>>> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Registered {
    fn drop(&mut self) {
        self.connections.all().remove(&self.key);
    }
}

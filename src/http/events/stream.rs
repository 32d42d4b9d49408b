//! One client's stream: what it missed, then what happens.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::stream;
use metrics::counter;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::broadcaster::{Attach, Hub};
use super::frame::{Frame, HEARTBEAT};
use super::slots::ClientSlot;
use crate::domain::{EventMark, TaskEvent};
use crate::http::server::Hangup;
use crate::telemetry::metrics::TASKMANAGER_EVENT_RESYNCS_TOTAL;

/// Longest silence.
const BEAT_EVERY: Duration = Duration::from_secs(20);
/// How many missed events are read at once.
const CATCH_UP_PAGE_EVENTS: u32 = 100;
/// How many events may be missed: who missed more sees them sooner in a list.
pub(super) const MISSED_MAX: i64 = 5_000;

/// A stream of events for one client.
#[derive(Debug)]
pub(in crate::http) struct Stream {
    hub: Arc<Hub>,
    hangup: Hangup,
    state: State,
    _slot: ClientSlot,
}

#[derive(Debug)]
enum State {
    /// Nothing was said yet; this is the last event that the client had.
    Begin(Option<EventMark>),
    /// It has everything up to this event. `certain` says that the outbox has it too: another process may have
    /// told more than this one has seen yet.
    Behind { after: EventMark, certain: bool },
    /// It is served by the hub.
    Live(Live),
}

#[derive(Debug)]
struct Live {
    first: std::vec::IntoIter<Frame>,
    queue: mpsc::Receiver<Frame>,
    /// Events up to this one are known to the client already; none are once later ones came.
    known: EventMark,
}

impl Stream {
    pub(super) fn new(
        hub: Arc<Hub>,
        slot: ClientSlot,
        hangup: Hangup,
        after: Option<EventMark>,
    ) -> Self {
        Self { hub, hangup, state: State::Begin(after), _slot: slot }
    }

    /// The body of the answer; it ends when the hub lets its clients go.
    pub(in crate::http) fn into_body(self) -> Body {
        Body::from_stream(stream::unfold(self, async |mut stream| {
            let text = stream.next().await?;
            Some((Ok::<Bytes, Infallible>(text), stream))
        }))
    }

    async fn next(&mut self) -> Option<Bytes> {
        loop {
            match &mut self.state {
                State::Begin(None) => {
                    let mark = self.attach_now()?;
                    return Some(Frame::hello(mark).text);
                }
                State::Begin(Some(after)) => {
                    let after = *after;
                    self.state = State::Behind { after, certain: false };
                    return Some(Frame::hello(after).text);
                }
                State::Behind { after, certain } => {
                    let (after, certain) = (*after, *certain);
                    if let Some(text) = self.catch_up(after, certain).await? {
                        return Some(text);
                    }
                }
                State::Live(live) => return live.next().await,
            }
        }
    }

    /// One step towards the present; `None` inside says that the state is another now.
    async fn catch_up(&mut self, after: EventMark, certain: bool) -> Option<Option<Bytes>> {
        let upto = match self.hub.attach(after, certain, &self.hangup) {
            Attach::Live(frames, queue) => {
                let first = frames.into_iter();
                self.state = State::Live(Live { first, queue, known: after });
                return Some(None);
            }
            Attach::Ended => return None,
            Attach::Read(upto) => upto,
        };
        if upto.number() - after.number() > MISSED_MAX {
            return self.resync().map(Some);
        }
        let missed = {
            // Many come back at the same time when a process has ended.
            let _turn = self.hub.readers.acquire().await.ok()?;
            self.hub.feed.replay(after, upto.max(after), CATCH_UP_PAGE_EVENTS).await
        };
        let missed = match missed {
            Ok(missed) => missed,
            Err(error) => {
                tracing::debug!(%error, "a client could not be told what it missed");
                return None;
            }
        };
        match missed {
            // This process may have seen more meanwhile: it is asked again.
            Some(_) if after > upto => {
                self.state = State::Behind { after, certain: true };
                Some(None)
            }
            Some(events) if !events.is_empty() => {
                let last = events.last().map_or(after, TaskEvent::mark);
                self.state = State::Behind { after: last, certain: true };
                let texts: Vec<_> = events.into_iter().map(|e| Frame::event(e).text).collect();
                Some(Some(texts.concat().into()))
            }
            _ => self.resync().map(Some),
        }
    }

    /// Tells the client to look at the tasks themselves, and goes on from now.
    fn resync(&mut self) -> Option<Bytes> {
        counter!(TASKMANAGER_EVENT_RESYNCS_TOTAL, "reason" => "missed").increment(1);
        let mark = self.attach_now()?;
        Some(Frame::resync(mark, true).text)
    }

    fn attach_now(&mut self) -> Option<EventMark> {
        let (mark, queue) = self.hub.attach_now(&self.hangup)?;
        let first = Vec::new().into_iter();
        self.state = State::Live(Live { first, queue, known: EventMark::START });
        Some(mark)
    }
}

impl Live {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(frame) = self.first.next() {
            return Some(frame.text);
        }
        loop {
            match timeout(BEAT_EVERY, self.queue.recv()).await {
                Err(_) => return Some(HEARTBEAT),
                Ok(None) => return None,
                Ok(Some(frame)) if frame.mark.is_some_and(|mark| mark <= self.known) => {}
                Ok(Some(frame)) => {
                    if frame.mark.is_some() || frame.moves {
                        self.known = EventMark::START;
                    }
                    return Some(frame.text);
                }
            }
        }
    }
}

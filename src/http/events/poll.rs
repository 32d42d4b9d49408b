//! The events for clients that ask from time to time: answered at once, from what this process has in memory where it
//! follows the outbox already.

use metrics::counter;

use super::broadcaster::{Events, Follow, NoPlace};
use super::frame::Frame;
use super::stream::MISSED_MAX;
use crate::domain::EventMark;
use crate::telemetry::metrics::TASKMANAGER_EVENT_RESYNCS_TOTAL;

/// Most events in one answer; the OpenAPI document says it, too.
pub(super) const POLL_EVENTS_MAX: u32 = 500;

impl Events {
    /// What came after an event, or which one is the last now, as a JSON array of at most [`POLL_EVENTS_MAX`].
    ///
    /// # Errors
    ///
    /// [`NoPlace`] when the outbox cannot be read, or is not followed any more.
    pub(in crate::http) async fn poll(&self, after: Option<EventMark>) -> Result<Vec<u8>, NoPlace> {
        let frames = self.frames_after(after).await?;
        let mut json = vec![b'['];
        for (at, frame) in frames.iter().enumerate() {
            if at > 0 {
                json.push(b',');
            }
            frame.write_json(&mut json);
        }
        json.push(b']');
        Ok(json)
    }

    async fn frames_after(&self, after: Option<EventMark>) -> Result<Vec<Frame>, NoPlace> {
        let hub = self.hub();
        hub.follow().await.map_err(NoPlace::Store)?;
        let follow = hub.look(after).ok_or(NoPlace::Ended)?;
        let resync = |position| {
            counter!(TASKMANAGER_EVENT_RESYNCS_TOTAL, "reason" => "missed").increment(1);
            vec![Frame::resync(position, true)]
        };
        let (after, upto) = match follow {
            Follow::Frames(frames) => return Ok(frames),
            Follow::Read { after, upto } => (after, upto),
        };
        if upto.number() - after.number() > MISSED_MAX {
            return Ok(resync(upto));
        }
        let missed = {
            let _turn = hub.readers.acquire().await.map_err(|_| NoPlace::Ended)?;
            let replay = hub.feed.replay(after, upto.max(after), POLL_EVENTS_MAX);
            replay.await.map_err(NoPlace::Store)?
        };
        Ok(match missed {
            // Another process has told more than this one has seen yet.
            Some(events) if !events.is_empty() || after > upto => {
                events.into_iter().map(Frame::event).collect()
            }
            _ => resync(upto),
        })
    }
}

//! The latest events, kept in memory: for clients that come back after a moment.

use std::collections::VecDeque;

use super::frame::Frame;
use crate::domain::EventMark;

/// How many are kept.
const REPLAY_BUFFER_EVENTS: usize = 1_024;

/// The latest events without a hole, after a place and up to another.
#[derive(Debug)]
pub(super) struct Recent {
    /// What is kept comes after this event.
    after: EventMark,
    /// The last; `after` where there is none.
    upto: EventMark,
    frames: VecDeque<(EventMark, Frame)>,
}

impl Recent {
    pub(super) fn new(position: EventMark) -> Self {
        Self { after: position, upto: position, frames: VecDeque::new() }
    }

    /// The last event.
    pub(super) fn position(&self) -> EventMark {
        self.upto
    }

    pub(super) fn push(&mut self, mark: EventMark, frame: Frame) {
        if self.frames.len() == REPLAY_BUFFER_EVENTS
            && let Some((mark, _)) = self.frames.pop_front()
        {
            self.after = mark;
        }
        self.upto = mark;
        self.frames.push_back((mark, frame));
    }

    /// What came after an event; `None` where it is not among those that are kept.
    pub(super) fn since(&self, mark: EventMark) -> Option<Vec<Frame>> {
        let begin = if mark == self.after {
            0
        } else {
            self.frames.binary_search_by_key(&mark, |(mark, _)| *mark).ok()? + 1
        };
        Some(self.frames.iter().skip(begin).map(|(_, frame)| frame.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(wire: i64) -> EventMark {
        EventMark::from_wire(wire)
    }

    fn frame(id: i64) -> Frame {
        let mut frame = Frame::resync(mark(id), false);
        frame.mark = Some(mark(id));
        frame
    }

    fn ids(frames: Option<Vec<Frame>>) -> Option<Vec<i64>> {
        frames.map(|frames| frames.iter().filter_map(|frame| Some(frame.mark?.to_wire())).collect())
    }

    #[test]
    fn knows_what_followed_each_number_that_was_told() {
        let mut recent = Recent::new(mark(5));
        assert_eq!(ids(recent.since(mark(5))), Some(vec![]));
        for id in [6, 9, 10] {
            recent.push(mark(id), frame(id));
        }
        assert_eq!(recent.position(), mark(10));
        assert_eq!(ids(recent.since(mark(5))), Some(vec![6, 9, 10]));
        assert_eq!(ids(recent.since(mark(9))), Some(vec![10]));
        assert_eq!(ids(recent.since(mark(10))), Some(vec![]));
        for unknown in [4, 7, 11] {
            assert_eq!(ids(recent.since(mark(unknown))), None, "{unknown}");
        }
    }

    #[test]
    fn is_bounded() {
        let mut recent = Recent::new(EventMark::START);
        let length = i64::try_from(REPLAY_BUFFER_EVENTS).expect("a length");
        for id in 1..=length + 2 {
            recent.push(mark(id), frame(id));
        }
        assert_eq!(ids(recent.since(mark(1))), None);
        assert_eq!(ids(recent.since(mark(2))).map(|ids| ids.len()), Some(REPLAY_BUFFER_EVENTS));
    }
}

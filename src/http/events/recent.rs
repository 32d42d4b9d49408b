//! The latest events, kept in memory: for clients that come back after a moment.

use std::collections::VecDeque;

use super::frame::Frame;

/// How many are kept.
const LENGTH: usize = 1_024;

/// The latest events without a hole, after a place and up to another.
#[derive(Debug)]
pub(super) struct Recent {
    /// What is kept comes after this number.
    after: i64,
    /// The number of the last; `after` where there is none.
    upto: i64,
    frames: VecDeque<(i64, Frame)>,
}

impl Recent {
    pub(super) fn new(position: i64) -> Self {
        Self { after: position, upto: position, frames: VecDeque::new() }
    }

    /// The number of the last event.
    pub(super) fn position(&self) -> i64 {
        self.upto
    }

    pub(super) fn push(&mut self, id: i64, frame: Frame) {
        if self.frames.len() == LENGTH
            && let Some((id, _)) = self.frames.pop_front()
        {
            self.after = id;
        }
        self.upto = id;
        self.frames.push_back((id, frame));
    }

    /// What came after the event with this number; `None` where it is not among those that are kept.
    pub(super) fn since(&self, id: i64) -> Option<Vec<Frame>> {
        let begin = if id == self.after {
            0
        } else {
            self.frames.binary_search_by_key(&id, |(id, _)| *id).ok()? + 1
        };
        Some(self.frames.iter().skip(begin).map(|(_, frame)| frame.clone()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame(id: i64) -> Frame {
        Frame { id: Some(id), moves: false, text: Vec::new().into() }
    }

    fn ids(frames: Option<Vec<Frame>>) -> Option<Vec<i64>> {
        frames.map(|frames| frames.iter().filter_map(|frame| frame.id).collect())
    }

    #[test]
    fn knows_what_followed_each_number_that_was_told() {
        let mut recent = Recent::new(5);
        assert_eq!(ids(recent.since(5)), Some(vec![]));
        for id in [6, 9, 10] {
            recent.push(id, frame(id));
        }
        assert_eq!(recent.position(), 10);
        assert_eq!(ids(recent.since(5)), Some(vec![6, 9, 10]));
        assert_eq!(ids(recent.since(9)), Some(vec![10]));
        assert_eq!(ids(recent.since(10)), Some(vec![]));
        for unknown in [4, 7, 11] {
            assert_eq!(ids(recent.since(unknown)), None, "{unknown}");
        }
    }

    #[test]
    fn is_bounded() {
        let mut recent = Recent::new(0);
        let length = i64::try_from(LENGTH).expect("a length");
        for id in 1..=length + 2 {
            recent.push(id, frame(id));
        }
        assert_eq!(ids(recent.since(1)), None);
        assert_eq!(ids(recent.since(2)).map(|ids| ids.len()), Some(LENGTH));
    }
}

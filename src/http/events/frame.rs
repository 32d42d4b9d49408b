//! What goes over the wire.

use axum::body::Bytes;

use crate::domain::{EventKind, EventMark, TaskEvent};
use crate::http::tasks::model::TaskBody;

/// Media type of a stream of events.
pub(in crate::http) const MEDIA_TYPE: &str = "text/event-stream";
/// A comment, which keeps the connection from being taken for dead.
pub(super) const HEARTBEAT: Bytes = Bytes::from_static(b":\n\n");
/// How long a client should wait before it comes back.
const RETRY_MS: u32 = 1_000;
/// What the first event of a stream is called.
const HELLO: &str = "hello";

/// One event, whole; clones share it.
#[derive(Clone, Debug)]
pub(super) struct Frame {
    /// Which event of a task it is; `None` for one that is about the stream itself.
    pub(super) mark: Option<EventMark>,
    /// What follows goes on elsewhere, maybe with numbers that were told before.
    pub(super) moves: bool,
    /// The whole, as it is streamed.
    pub(super) text: Bytes,
    id: i64,
    name: &'static str,
    /// JSON; a part of the text.
    data: Bytes,
}

impl Frame {
    fn new(mark: EventMark, name: &'static str, data: &str) -> Self {
        let id = mark.to_wire();
        // A comment and the pause come with the first of a stream.
        let begin = if name == HELLO { format!(":\nretry: {RETRY_MS}\n") } else { String::new() };
        let begin = format!("{begin}id: {id}\nevent: {name}\ndata: ");
        let at = begin.len()..begin.len() + data.len();
        let text = Bytes::from(begin + data + "\n\n");
        let data = text.slice(at);
        Self { mark: None, moves: false, text, id, name, data }
    }

    /// The first of a stream: what follows comes after this event.
    pub(super) fn hello(mark: EventMark) -> Self {
        Self::new(mark, HELLO, &format!("{{\"id\":{}}}", mark.to_wire()))
    }

    /// Changes are not told, or not in time: the client is to look at the tasks themselves.
    pub(super) fn resync(mark: EventMark, moves: bool) -> Self {
        Self { moves, ..Self::new(mark, "resync", "{}") }
    }

    pub(super) fn event(event: TaskEvent) -> Self {
        let mark = event.mark();
        let name = match event.kind {
            EventKind::Created => "task.created",
            EventKind::Updated => "task.updated",
            EventKind::Deleted => "task.deleted",
        };
        // Strings, integers and booleans always serialise; a line end within a string is escaped.
        let task = serde_json::to_string(&TaskBody::from(event.task)).unwrap_or_default();
        Self { mark: Some(mark), ..Self::new(mark, name, &task) }
    }

    /// Appends the event as one JSON object.
    pub(super) fn write_json(&self, out: &mut Vec<u8>) {
        let Self { id, name, data, .. } = self;
        out.extend_from_slice(format!("{{\"id\":{id},\"event\":\"{name}\",\"data\":").as_bytes());
        out.extend_from_slice(data);
        out.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{Priority, Status, Task};

    #[test]
    fn an_event_is_three_lines() {
        let now = datetime!(2026-11-21 09:00 UTC);
        let task = Task {
            id: Uuid::nil(),
            number: 7,
            title: "a: b".to_owned(),
            description: Some("two\r\nlines\n\ndata: x".to_owned()),
            status: Status::Done,
            priority: Priority::Low,
            assignee: None,
            due_date: None,
            created_at: now,
            updated_at: now,
            completed_at: Some(now),
            version: 3,
        };
        let event = TaskEvent { id: 12, kind: EventKind::Deleted, at: now, task };
        let mark = event.mark();
        let frame = Frame::event(event);
        let text = String::from_utf8(frame.text.to_vec()).expect("text");
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[..2], [&format!("id: {}", mark.to_wire()), "event: task.deleted"]);
        assert_eq!((lines.len(), lines[3], frame.mark), (4, "", Some(mark)), "{text}");
        let task = lines[2].strip_prefix("data: ").expect("the task");
        let task: serde_json::Value = serde_json::from_str(task).expect("JSON");
        assert_eq!((&task["number"], &task["completed"]), (&7.into(), &true.into()));
        assert_eq!(task["description"], "two\r\nlines\n\ndata: x");
    }

    #[test]
    fn what_is_about_the_stream_has_a_number_too() {
        let mark = EventMark::from_wire(5);
        assert_eq!(
            Frame::hello(mark).text,
            ":\nretry: 1000\nid: 5\nevent: hello\ndata: {\"id\":5}\n\n"
        );
        assert_eq!(Frame::resync(mark, true).text, "id: 5\nevent: resync\ndata: {}\n\n");
    }

    #[test]
    fn as_json_it_is_an_object() {
        let mut json = Vec::new();
        Frame::hello(EventMark::from_wire(5)).write_json(&mut json);
        assert_eq!(json, br#"{"id":5,"event":"hello","data":{"id":5}}"#);
    }
}

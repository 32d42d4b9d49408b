//! Tasks as a calendar's to-dos (RFC 5545), for the programs that people keep their days in.
//!
//! Times are cut to seconds, the finest that the format has, and every kind of line break is its `\n`.

use time::{OffsetDateTime, UtcOffset};

use crate::domain::{Priority, Status, Task};

/// Longest line, in octets, without its end (section 3.1).
const LINE_MAX: usize = 75;

/// What stands before the first to-do.
pub(super) fn begin() -> String {
    let mut out = String::new();
    line(&mut out, "BEGIN:VCALENDAR");
    line(&mut out, "VERSION:2.0");
    line(
        &mut out,
        concat!("PRODID:-//taskmanager//taskmanager ", env!("CARGO_PKG_VERSION"), "//EN"),
    );
    out
}

/// What stands after the last.
pub(super) fn end() -> String {
    let mut out = String::new();
    line(&mut out, "END:VCALENDAR");
    out
}

/// One to-do for each task.
pub(super) fn components(tasks: &[Task]) -> String {
    let mut out = String::with_capacity(tasks.len() * 512);
    for task in tasks {
        component(&mut out, task);
    }
    out
}

fn component(out: &mut String, task: &Task) {
    line(out, "BEGIN:VTODO");
    line(out, &format!("UID:{}", task.id));
    // Without a METHOD it says when the information was last revised (section 3.8.7.2).
    line(out, &format!("DTSTAMP:{}", moment(task.updated_at)));
    line(out, &format!("CREATED:{}", moment(task.created_at)));
    line(out, &format!("LAST-MODIFIED:{}", moment(task.updated_at)));
    line(out, &format!("SUMMARY:{}", escaped(&task.title)));
    if let Some(description) = &task.description {
        line(out, &format!("DESCRIPTION:{}", escaped(description)));
    }
    if let Some(due) = task.due_date {
        line(out, &format!("DUE:{}", moment(due)));
    }
    let status = match task.status {
        Status::Todo => "NEEDS-ACTION",
        Status::InProgress => "IN-PROCESS",
        Status::Done => "COMPLETED",
    };
    line(out, &format!("STATUS:{status}"));
    // High, medium and low as section 3.8.1.9 maps them.
    let priority = match task.priority {
        Priority::High => 1,
        Priority::Medium => 5,
        Priority::Low => 9,
    };
    line(out, &format!("PRIORITY:{priority}"));
    if let Some(completed) = task.completed_at {
        line(out, &format!("COMPLETED:{}", moment(completed)));
    }
    line(out, "END:VTODO");
}

/// Adds a line, folded where it is too long: never within a character, which no reader would fix.
fn line(out: &mut String, line: &str) {
    let mut room = LINE_MAX;
    for c in line.chars() {
        if c.len_utf8() > room {
            out.push_str("\r\n ");
            room = LINE_MAX - 1;
        }
        out.push(c);
        room -= c.len_utf8();
    }
    out.push_str("\r\n");
}

/// A text as a value (section 3.3.11).
fn escaped(text: &str) -> String {
    let mut value = String::with_capacity(text.len() + 8);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' | ';' | ',' => value.extend(['\\', c]),
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' | '\n' => value.push_str("\\n"),
            c => value.push(c),
        }
    }
    value
}

fn moment(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    let (date, month) = (at.date(), u8::from(at.month()));
    format!(
        "{:04}{month:02}{:02}T{:02}{:02}{:02}Z",
        date.year(),
        date.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;
    use uuid::Uuid;

    use super::*;

    fn task(title: &str, description: Option<&str>) -> Task {
        Task {
            id: Uuid::from_u128(7),
            number: 1,
            title: title.to_owned(),
            description: description.map(ToOwned::to_owned),
            status: Status::Done,
            priority: Priority::High,
            assignee: None,
            due_date: Some(datetime!(0001-02-03 04:05:06.789 UTC)),
            created_at: datetime!(2026-11-21 09:00:00.999999 UTC),
            updated_at: datetime!(2026-11-21 10:00:00 UTC),
            completed_at: Some(datetime!(2026-11-21 10:00:00 UTC)),
            version: 2,
        }
    }

    #[test]
    fn a_component_has_what_a_calendar_needs() {
        let expected = "BEGIN:VTODO\r\nUID:00000000-0000-0000-0000-000000000007\r\n\
            DTSTAMP:20261121T100000Z\r\nCREATED:20261121T090000Z\r\nLAST-MODIFIED:20261121T100000Z\r\n\
            SUMMARY:Buy milk\\, eggs\\; and more\r\nDESCRIPTION:one\\ntwo\\\\n\r\nDUE:00010203T040506Z\r\n\
            STATUS:COMPLETED\r\nPRIORITY:1\r\nCOMPLETED:20261121T100000Z\r\nEND:VTODO\r\n";
        let task = task("Buy milk, eggs; and more", Some("one\r\ntwo\\n"));
        assert_eq!(components(&[task]), expected);
    }

    /// Section 3.1, and 3.3.11 backwards.
    fn value<'a>(unfolded: &'a str, name: &str) -> Option<&'a str> {
        unfolded.split("\r\n").find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
    }

    fn unescaped(value: &str) -> String {
        let mut text = String::new();
        let mut chars = value.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => match chars.next() {
                    Some('n') => text.push('\n'),
                    Some(c @ ('\\' | ';' | ',')) => text.push(c),
                    other => panic!("an escape of {other:?} in {value:?}"),
                },
                ';' | ',' => panic!("a bare {c:?} in {value:?}"),
                c => text.push(c),
            }
        }
        text
    }

    proptest! {
        #[test]
        fn any_text_comes_back(title in "\\PC{1,200}", description in "([\\PC\t\r\n\\\\;,é老🙂]{0,300})") {
            let out = begin() + &components(&[task(&title, Some(&description))]) + &end();
            for line in out.split_terminator("\r\n") {
                prop_assert!(line.len() <= 75, "{} octets: {line:?}", line.len());
                prop_assert!(!line.contains(['\r', '\n']), "{line:?}");
            }
            let unfolded = out.replace("\r\n ", "");
            prop_assert_eq!(unescaped(value(&unfolded, "SUMMARY").expect("a summary")), title.clone());
            let expected = description.replace("\r\n", "\n").replace('\r', "\n");
            prop_assert_eq!(unescaped(value(&unfolded, "DESCRIPTION").expect("a description")), expected);
        }
    }
}

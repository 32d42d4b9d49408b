//! Tasks as CSV (RFC 4180): a header, then a line for each, in UTF-8.

use csv::{Terminator, WriterBuilder};

use super::super::csv_cell;
use crate::domain::{Status, Task, date};

/// The columns, in the order of the members of a task.
pub(in crate::http::tasks) const COLUMNS: [&str; 13] = [
    "id",
    "number",
    "title",
    "description",
    "status",
    "priority",
    "completed",
    "assignee",
    "due_date",
    "created_at",
    "updated_at",
    "completed_at",
    "version",
];

/// The first line.
pub(in crate::http::tasks) fn header() -> Vec<u8> {
    let mut line = COLUMNS.join(",").into_bytes();
    line.extend_from_slice(b"\r\n");
    line
}

/// The lines of these tasks. An absent value is an empty cell.
pub(in crate::http::tasks) fn lines(tasks: &[Task]) -> Result<Vec<u8>, csv::Error> {
    let mut writer = WriterBuilder::new()
        .has_headers(false)
        .terminator(Terminator::CRLF)
        .from_writer(Vec::with_capacity(tasks.len() * 256));
    for task in tasks {
        let text = |text: Option<&str>| text.map(csv_cell::write).unwrap_or_default().into_owned();
        let moment = |at: Option<time::OffsetDateTime>| at.map(date::format).unwrap_or_default();
        let cells: [String; COLUMNS.len()] = [
            task.id.to_string(),
            task.number.to_string(),
            text(Some(&task.title)),
            text(task.description.as_deref()),
            task.status.to_string(),
            task.priority.to_string(),
            (task.status == Status::Done).to_string(),
            text(task.assignee.as_deref()),
            moment(task.due_date),
            moment(Some(task.created_at)),
            moment(Some(task.updated_at)),
            moment(task.completed_at),
            task.version.to_string(),
        ];
        writer.write_record(&cells)?;
    }
    writer.into_inner().map_err(|error| error.into_error().into())
}

//! Reads a table (RFC 4180, and what spreadsheets make of it) row by row.

use csv::{ByteRecord, ReaderBuilder};

use super::super::csv_cell;
use super::super::export::csv::COLUMNS;
use super::File;
use super::lines::Lines;
use super::report::At;
use crate::domain::text::quoted;
use crate::domain::{TaskDraft, ValueError};
use crate::http::json::Json;
use crate::http::tasks::model::{self, READ_ONLY};

/// Reads a whole file.
pub(super) fn read(bytes: &[u8]) -> File {
    let mut table = Table::new(bytes);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter(bytes))
        .from_reader(bytes);
    let mut record = ByteRecord::new();
    let mut begin = None;
    loop {
        match reader.read_byte_record(&mut record) {
            Ok(true) => {
                begin = Some(table.begin(&record));
                if !table.record(&record) {
                    return table.file;
                }
            }
            Ok(false) => break,
            Err(error) => {
                let fault =
                    ValueError::new("malformed_csv", format!("the table cannot be read: {error}"));
                table.fault(fault);
                return table.file;
            }
        }
    }
    match begin {
        None => {
            let fault = ValueError::new(
                "required",
                "the first line must name the columns, title among them",
            );
            table.fault(fault);
        }
        Some(begin) if is_open(&bytes[begin..]) => {
            let fault = ValueError::new(
                "malformed_csv",
                "a quote is opened here and not closed by the end of the file",
            );
            table.fault(fault);
        }
        Some(_) => {}
    }
    table.file
}

/// What separates the cells, by the header: no column has such a sign in its name.
fn delimiter(bytes: &[u8]) -> u8 {
    let header = bytes.split(|byte| matches!(byte, b'\r' | b'\n')).find(|line| !line.is_empty());
    let header = header.unwrap_or_default();
    [b',', b';', b'\t'].into_iter().find(|sign| header.contains(sign)).unwrap_or(b',')
}

/// Whether the last record ends within quotes. The reader forgives that, but the file was cut off, or lines were
/// swallowed.
fn is_open(record: &[u8]) -> bool {
    record.iter().fold(false, |open, byte| open != (*byte == b'"'))
}

/// What a column is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Column {
    /// Read by the rules of this member of a task.
    Member(&'static str),
    /// Known, and given by the server; or not known, which is a fault already.
    Ignored,
}

struct Table<'a> {
    bytes: &'a [u8],
    lines: Lines<'a>,
    line: u64,
    header: Option<Vec<Column>>,
    file: File,
}

impl<'a> Table<'a> {
    fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, lines: Lines::new(bytes), line: 1, header: None, file: File::default() }
    }

    /// Where a record begins: after the ends of the line before it, and of empty lines, which the reader counts to it.
    fn begin(&mut self, record: &ByteRecord) -> usize {
        let from = record.position().and_then(|position| usize::try_from(position.byte()).ok());
        let from = from.unwrap_or_default();
        let ends = self.bytes[from..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n'));
        let begin = from + ends.count();
        self.line = self.lines.of(begin);
        begin
    }

    /// Takes a record in; whether to go on.
    fn record(&mut self, record: &ByteRecord) -> bool {
        let Some(header) = self.header.take() else {
            self.header = Some(self.read_header(record));
            return true;
        };
        if self.file.is_full() {
            self.fault_of_row(None, super::too_many());
            self.file.take(None);
            return false;
        }
        let draft = self.row(&header, record);
        self.file.take(draft);
        self.header = Some(header);
        true
    }

    /// A fault of the table as a whole, which shows in this line.
    fn fault(&mut self, fault: ValueError) {
        self.file.faults.push(At { line: self.line, row: None, field: None }, fault);
    }

    /// A fault of this row.
    fn fault_of_row(&mut self, field: Option<&str>, fault: ValueError) {
        let row = Some(self.file.rows);
        self.file.faults.push(At { line: self.line, row, field }, fault);
    }

    fn read_header(&mut self, record: &ByteRecord) -> Vec<Column> {
        let mut columns: Vec<Column> = Vec::with_capacity(record.len());
        let mut seen: Vec<&str> = Vec::new();
        let mut faults = Vec::new();
        for cell in record {
            let name = String::from_utf8_lossy(cell).trim().to_ascii_lowercase();
            let Some(known) = COLUMNS.into_iter().find(|column| *column == name) else {
                faults.push((name.clone(), model::unknown_field(&name)));
                columns.push(Column::Ignored);
                continue;
            };
            if seen.contains(&known) {
                let fault =
                    ValueError::new("duplicate", format!("the column {known} may be there once"));
                faults.push((name, fault));
            }
            seen.push(known);
            let given = READ_ONLY.contains(&known);
            columns.push(if given { Column::Ignored } else { Column::Member(known) });
        }
        if !seen.contains(&"title") {
            let fault = ValueError::new("required", "the header must have a column title");
            faults.push(("title".to_owned(), fault));
        }
        for (name, fault) in faults {
            let at = At { line: self.line, row: None, field: Some(&name) };
            self.file.faults.push(at, fault);
        }
        columns
    }

    fn row(&mut self, header: &[Column], record: &ByteRecord) -> Option<TaskDraft> {
        if record.len() != header.len() {
            let detail =
                format!("the line has {} cells, and the header {}", record.len(), header.len());
            self.fault_of_row(None, ValueError::new("cell_count", detail));
            return None;
        }
        let mut members = Vec::with_capacity(header.len());
        let mut sound = true;
        let mut has_title = false;
        for (column, cell) in header.iter().zip(record) {
            let Column::Member(name) = *column else { continue };
            match member(name, cell) {
                Ok(None) => {}
                Ok(Some(value)) => {
                    has_title |= name == "title";
                    members.push((name.to_owned(), value));
                }
                Err(fault) => {
                    sound = false;
                    self.fault_of_row(Some(name), fault);
                }
            }
        }
        match model::draft(Json::Object(members)) {
            Ok(draft) => sound.then_some(draft),
            Err(violations) => {
                let at = At { line: self.line, row: Some(self.file.rows), field: None };
                // Without a title, the header or the cell itself has been reported already.
                self.file.faults.extend(at, &violations, if has_title { "" } else { "required" });
                None
            }
        }
    }
}

/// The value of a cell; `None`: the member is not there.
fn member(name: &str, cell: &[u8]) -> Result<Option<Json>, ValueError> {
    let Ok(cell) = str::from_utf8(cell) else {
        let detail = format!("{name} must be in UTF-8; save the file as CSV in UTF-8");
        return Err(ValueError::new("not_utf8", detail));
    };
    Ok(match name {
        // Every task has one: an empty one is too short, and not absent.
        "title" => Some(Json::String(csv_cell::read(cell).to_owned())),
        _ if cell.is_empty() => None,
        "description" | "assignee" => Some(Json::String(csv_cell::read(cell).to_owned())),
        // Spreadsheets write them in capitals.
        "completed" => match cell.to_ascii_lowercase().as_str() {
            "true" => Some(Json::Bool(true)),
            "false" => Some(Json::Bool(false)),
            _ => {
                let detail = format!("completed must be true or false; got {}", quoted(cell));
                return Err(ValueError::new("invalid_boolean", detail));
            }
        },
        _ => Some(Json::String(cell.to_owned())),
    })
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::option;
    use proptest::prelude::*;
    use proptest::sample::select;
    use time::OffsetDateTime;
    use uuid::Uuid;

    use super::*;
    use crate::domain::{Assignee, Description, Priority, Status, Task, Title};
    use crate::http::tasks::export::csv::{header, lines};

    /// Everything that a description may hold, with what a table and a spreadsheet read into it.
    const TEXT: &str = "[\\PC\t\r\n]{0,60}|[=+@'\",;\t\r\n-]{0,5}\\PC{0,5}";
    const LINE: &str = "[\\PC]{1,60}|[=+@'\",;-]{1,5}\\PC{0,5}";

    prop_compose! {
        fn draft()(
            title in LINE.prop_filter_map("a title", |text| Title::parse(&text).ok()),
            description in option::of(TEXT.prop_filter_map("a description", |text| Description::parse(&text).ok())),
            assignee in option::of(LINE.prop_filter_map("an assignee", |text| Assignee::parse(&text).ok())),
            status in select(Status::ALL.to_vec()),
            priority in select(Priority::ALL.to_vec()),
            due in option::of(-62_135_596_800_000_000_i64..=253_402_300_799_999_999),
        ) -> TaskDraft {
            let due_date = due.map(|micros| {
                OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).expect("a moment")
            });
            TaskDraft { title, description, status, priority, assignee, due_date }
        }
    }

    proptest! {
        #[test]
        fn an_export_is_read_back_exactly(drafts in vec(draft(), 0..8)) {
            let task = |draft: &TaskDraft| -> Task {
                draft.clone().into_task(Uuid::nil(), OffsetDateTime::UNIX_EPOCH)
            };
            let tasks: Vec<Task> = drafts.iter().map(task).collect();
            let file = [header(), lines(&tasks).expect("lines")].concat();
            let read = read(&file);
            prop_assert!(read.faults.is_empty(), "{:?}", read.faults);
            prop_assert_eq!(read.drafts, drafts);
        }

        #[test]
        fn nothing_makes_it_panic(file in vec(any::<u8>(), 0..200)) {
            let named = [b"title,description\n".as_slice(), &file].concat();
            let _ = (read(&file), read(&named));
        }
    }
}

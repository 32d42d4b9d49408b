//! Parameters of lists, counts and figures: read one by one, all faults collected, unknown ones refused.

use super::export::Format;
use super::reader::{Reader, boolean, integer};
use crate::domain::text::{ASSIGNEE_MAX, no_control};
use crate::domain::{
    AssigneeFilter, Cursor, Direction, Fault, Place, Priority, Sort, SortField, SortKey, Status,
    TaskFilter, Violations, date, fold,
};
use crate::http::query_string::QueryString;
use crate::store::Start;

/// Longest page, in rows.
pub(super) const LIMIT_MAX: u32 = 1000;
/// Page length unless the client says another, in rows.
pub(super) const LIMIT_DEFAULT: u32 = 100;
/// Longest search, in Unicode scalar values.
const QUERY_MAX: usize = 200;
/// Most alternatives in one filter.
const ALTERNATIVES_MAX: usize = 100;

/// Which parameters a path takes beside the filters, and what the path itself says.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    /// Paging, sorting and `count`.
    pub(super) list: bool,
    /// Sorting and a format, and all rows.
    pub(super) export: bool,
    /// A search must say what for.
    pub(super) needs_q: bool,
    /// The path filters by status, so a parameter must not.
    pub(super) status_in_path: Option<String>,
}

/// What was asked for.
#[derive(Clone, Debug)]
pub(super) struct Params {
    pub(super) filter: TaskFilter,
    pub(super) sort: Sort,
    pub(super) limit: u32,
    pub(super) start: Start,
    pub(super) count: bool,
    pub(super) format: Format,
}

const FILTERS: [&str; 7] =
    ["status", "priority", "assignee", "due_after", "due_before", "overdue", "q"];
const LISTS: [&str; 5] = ["limit", "skip", "cursor", "sort", "count"];
const EXPORTS: [&str; 2] = ["sort", "format"];

/// Reads the parameters of a path of the given shape; `path` is what a cursor is bound to.
///
/// # Errors
///
/// Every rule that a parameter breaks.
pub(super) fn read(query: &QueryString, shape: &Shape, path: &str) -> Result<Params, Violations> {
    let mut reader = Reader::new(query);
    let sorted = if shape.export { &EXPORTS[..] } else { &LISTS[..] };
    let sorted = if shape.list || shape.export { sorted } else { &[] };
    reader.refuse_unknown(&[&FILTERS, sorted].concat());
    let filter = read_filter(&mut reader, shape);
    let mut params = Params {
        filter,
        sort: Sort::default(),
        limit: LIMIT_DEFAULT,
        start: Start::Skip(0),
        count: false,
        format: Format::default(),
    };
    if shape.export {
        params.sort = reader.read("sort", Sort::parse).unwrap_or_else(oldest_first);
        params.format = reader.read("format", Format::parse).unwrap_or_default();
    }
    if shape.list {
        read_list(&mut reader, &mut params, path);
    }
    if reader.violations.is_empty() { Ok(params) } else { Err(reader.violations) }
}

fn read_filter(reader: &mut Reader<'_>, shape: &Shape) -> TaskFilter {
    let status = match &shape.status_in_path {
        None => reader.words("status", Status::parse),
        Some(status) => {
            if !reader.all("status").is_empty() {
                let fault = Fault::new("conflict", "the path already says which status");
                reader.violations.push(Place::parameter("status"), fault);
            }
            let status = Status::parse(status);
            reader.violations.keep(|| Place::parameter("status"), status).into_iter().collect()
        }
    };
    TaskFilter {
        status,
        priority: reader.words("priority", Priority::parse),
        assignee: read_assignee(reader),
        due_after: reader.read("due_after", |text| date::parse("due_after", text)),
        due_before: reader.read("due_before", |text| date::parse("due_before", text)),
        overdue: reader.read("overdue", |text| boolean("overdue", text)),
        words: read_words(reader, shape),
    }
}

/// One value is a comma list; repeated ones are taken as they are, so that a comma can be asked for.
fn read_assignee(reader: &mut Reader<'_>) -> Vec<AssigneeFilter> {
    let values: Vec<&str> = match reader.all("assignee").as_slice() {
        [list] => list.split(',').collect(),
        values => values.to_vec(),
    };
    let mut found = Vec::new();
    for value in values {
        let Some(one) = reader.violations.keep(|| Place::parameter("assignee"), assignee(value))
        else {
            continue;
        };
        if !found.contains(&one) {
            found.push(one);
        }
    }
    if found.len() > ALTERNATIVES_MAX {
        let detail = format!("assignee may name at most {ALTERNATIVES_MAX}, got {}", found.len());
        reader.violations.push(Place::parameter("assignee"), Fault::new("out_of_range", detail));
    }
    found
}

fn assignee(value: &str) -> Result<AssigneeFilter, Fault> {
    let name = value.trim();
    if name.is_empty() {
        return Ok(AssigneeFilter::Unassigned);
    }
    no_control("assignee", name, &[])?;
    let length = name.chars().count();
    if length > ASSIGNEE_MAX {
        let detail = format!("assignee must be at most {ASSIGNEE_MAX} characters, got {length}");
        return Err(Fault::new("too_long", detail));
    }
    Ok(AssigneeFilter::Is(name.to_owned()))
}

fn read_words(reader: &mut Reader<'_>, shape: &Shape) -> Vec<String> {
    let given = !reader.all("q").is_empty();
    let q = reader.one("q", true);
    let checked = q.map(|q| {
        let q = q.trim();
        no_control("q", q, &['\t', '\n', '\r'])?;
        match q.chars().count() {
            0 if shape.needs_q => Err(Fault::new("empty", "q must hold at least one word")),
            n if n > QUERY_MAX => Err(Fault::new(
                "too_long",
                format!("q must be at most {QUERY_MAX} characters, got {n}"),
            )),
            _ => Ok(fold::words(q)),
        }
    });
    if shape.needs_q && !given {
        let fault = Fault::new("required", "q is required: the words to search for");
        reader.violations.push(Place::parameter("q"), fault);
    }
    let words = checked.and_then(|words| reader.violations.keep(|| Place::parameter("q"), words));
    words.unwrap_or_default()
}

/// The order in which a file can be read in again: each task gets its number in turn.
fn oldest_first() -> Sort {
    Sort::of(SortKey { field: SortField::CreatedAt, direction: Direction::Ascending })
}

fn read_list(reader: &mut Reader<'_>, params: &mut Params, path: &str) {
    let limit = reader.read("limit", |text| integer("limit", text, 1, i64::from(LIMIT_MAX)));
    params.limit = limit.and_then(|limit| limit.try_into().ok()).unwrap_or(LIMIT_DEFAULT);
    let sort = reader.read("sort", Sort::parse);
    let sort_is_known = sort.is_some() || reader.all("sort").is_empty();
    params.sort = sort.unwrap_or_default();
    params.count = reader.read("count", |text| boolean("count", text)).unwrap_or_default();
    let skip = reader.read("skip", |text| integer("skip", text, 0, i64::MAX));
    let cursor = reader.one("cursor", false);
    params.start = Start::Skip(skip.unwrap_or_default());
    let Some(cursor) = cursor else { return };
    if !reader.all("skip").is_empty() {
        let fault = Fault::new("conflict", "cursor and skip cannot go together: send one of them");
        reader.violations.push(Place::parameter("cursor"), fault);
    }
    // A cursor is bound to sort and filters: with those in doubt, nothing true can be said of it.
    if sort_is_known && reader.violations.is_empty() {
        let cursor = Cursor::decode(cursor, path, &params.sort, &params.filter);
        let cursor = reader.violations.keep(|| Place::parameter("cursor"), cursor);
        params.start = cursor.map_or(Start::Skip(0), Start::After);
    }
}

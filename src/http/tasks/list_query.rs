//! Parameters of lists, counts and figures: read one by one, all faults collected, unknown ones refused.

use std::ops::RangeInclusive;

use super::export::Format;
use super::query_reader::Reader;
use time::OffsetDateTime;

use crate::domain::text::{ASSIGNEE_MAX, no_control};
use crate::domain::{
    AssigneeFilter, Cursor, Direction, Place, Priority, SealedCursor, Sort, SortField, SortKey,
    Status, TaskFilter, ValidationErrors, ValueError, date, fold,
};
use crate::http::query_string::QueryString;
use crate::store::Start;

/// Longest page, in rows.
pub(super) const LIMIT_MAX: u32 = 1000;
/// Page length unless the client says another, in rows.
pub(super) const LIMIT_DEFAULT: u32 = 100;
/// Longest search, in Unicode scalar values.
const QUERY_MAX: usize = 200;
const LIMIT_RANGE: RangeInclusive<i64> = 1..=LIMIT_MAX as i64;
const SKIP_RANGE: RangeInclusive<i64> = 0..=i64::MAX;
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
pub(super) fn read(
    query: &QueryString,
    shape: &Shape,
    path: &str,
) -> Result<Params, ValidationErrors> {
    let mut reader = Reader::new(query);
    let sorted = if shape.export { &EXPORTS[..] } else { &LISTS[..] };
    let sorted = if shape.list || shape.export { sorted } else { &[] };
    reader.refuse_unknown(&[&FILTERS, sorted].concat());
    let known = reader.violations.len();
    let filter = read_filter(&mut reader, shape);
    let filter_is_sound = reader.violations.len() == known;
    let mut params = Params {
        filter,
        sort: Sort::default(),
        limit: LIMIT_DEFAULT,
        start: Start::Skip(0),
        count: false,
        format: Format::default(),
    };
    if shape.export {
        params.sort =
            reader.read("sort", Sort::allowed(), Sort::parse).unwrap_or_else(oldest_first);
        let format = reader.read("format", Format::ALLOWED, Format::parse);
        params.format = format.unwrap_or_default();
    }
    if shape.list {
        read_list(&mut reader, &mut params, path, filter_is_sound);
    }
    if reader.violations.is_empty() { Ok(params) } else { Err(reader.violations) }
}

fn read_filter(reader: &mut Reader<'_>, shape: &Shape) -> TaskFilter {
    let status = match &shape.status_in_path {
        None => reader.words("status", Status::allowed(), Status::parse),
        Some(status) => {
            if !reader.all("status").is_empty() {
                let detail = "status must not be given as a parameter; the path names the status";
                reader.fault("status", ValueError::new("conflict", detail));
            }
            let status = Status::parse(status);
            reader.violations.keep(|| Place::parameter("status"), status).into_iter().collect()
        }
    };
    TaskFilter {
        status,
        priority: reader.words("priority", Priority::allowed(), Priority::parse),
        assignee: read_assignee(reader),
        due_after: read_date(reader, "due_after"),
        due_before: read_date(reader, "due_before"),
        overdue: reader.boolean("overdue"),
        words: read_words(reader, shape),
    }
}

fn read_date(reader: &mut Reader<'_>, name: &str) -> Option<OffsetDateTime> {
    reader.read(name, date::ALLOWED, |text| date::parse(name, text))
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
        let detail =
            format!("assignee must name at most {ALTERNATIVES_MAX} people; got {}", found.len());
        reader.fault("assignee", ValueError::new("out_of_range", detail));
    }
    found
}

fn assignee(value: &str) -> Result<AssigneeFilter, ValueError> {
    let name = value.trim();
    if name.is_empty() {
        return Ok(AssigneeFilter::Unassigned);
    }
    no_control("assignee", name, &[])?;
    let length = name.chars().count();
    if length > ASSIGNEE_MAX {
        let detail = format!("assignee must be at most {ASSIGNEE_MAX} characters, got {length}");
        return Err(ValueError::new("too_long", detail));
    }
    Ok(AssigneeFilter::Is(name.to_owned()))
}

fn read_words(reader: &mut Reader<'_>, shape: &Shape) -> Vec<String> {
    let allowed = if shape.needs_q {
        format!("1 to {QUERY_MAX} characters with at least one word")
    } else {
        format!("at most {QUERY_MAX} characters")
    };
    if shape.needs_q && reader.all("q").is_empty() {
        let fault = ValueError::new("required", format!("q is required: {allowed}"));
        reader.fault("q", fault);
    }
    let Some(q) = reader.one("q", &allowed).map(str::trim) else { return Vec::new() };
    let words = no_control("q", q, &['\t', '\n', '\r']).and_then(|()| match q.chars().count() {
        0 if shape.needs_q => {
            Err(ValueError::new("empty", format!("q must be {allowed}; got an empty value")))
        }
        n if n > QUERY_MAX => {
            Err(ValueError::new("too_long", format!("q must be {allowed}, got {n}")))
        }
        _ => Ok(fold::words(q)),
    });
    reader.violations.keep(|| Place::parameter("q"), words).unwrap_or_default()
}

/// The order in which a file can be read in again: each task gets its number in turn.
fn oldest_first() -> Sort {
    Sort::of(SortKey { field: SortField::CreatedAt, direction: Direction::Ascending })
}

/// `filter_is_sound` says whether the filters are those that the client means.
fn read_list(reader: &mut Reader<'_>, params: &mut Params, path: &str, filter_is_sound: bool) {
    let limit = reader.integer("limit", LIMIT_RANGE);
    params.limit = limit.and_then(|limit| limit.try_into().ok()).unwrap_or(LIMIT_DEFAULT);
    let sort = reader.read("sort", Sort::allowed(), Sort::parse);
    let sort_is_sound = sort.is_some() || reader.all("sort").is_empty();
    params.sort = sort.unwrap_or_default();
    params.count = reader.boolean("count").unwrap_or_default();
    let skip = reader.integer("skip", SKIP_RANGE);
    params.start = Start::Skip(skip.unwrap_or_default());
    if !reader.all("skip").is_empty() && !reader.all("cursor").is_empty() {
        let detail = "cursor and skip must not be given together; send one of them";
        reader.fault("cursor", ValueError::new("conflict", detail));
    }
    // Damage is seen whatever else is wrong; whether the cursor is of this list only where it is known which that is.
    let cursor = reader.read("cursor", Cursor::ALLOWED, SealedCursor::decode);
    let Some(cursor) = cursor.filter(|_| sort_is_sound && filter_is_sound) else { return };
    let cursor = cursor.open(path, &params.sort, &params.filter);
    let cursor = reader.violations.keep(|| Place::parameter("cursor"), cursor);
    params.start = cursor.map_or(Start::Skip(0), Start::After);
}

//! Builds the queries whose shape depends on the request, once for both databases.

use futures_util::future::BoxFuture;
use sqlx::database::HasStatementCache;
use sqlx::{Database, FromRow, Postgres, QueryBuilder, Sqlite};
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::row::{DayRow, EventRow, StatsRow, StatusCountRow, TaskRow};
use super::sql::{SELECT, SELECT_EVENTS};
use super::{ListQuery, Start};
use crate::domain::cursor::CursorValue;
use crate::domain::{AssigneeFilter, Cursor, Direction, Sort, SortField, SortKey, TaskFilter};

/// What only one of the databases can say. Every expression that a list is sorted by is never null, so
/// that one comparison continues a list; where the field is null, the expression is the end of time
/// that sorts last.
pub(super) trait Dialect:
    Database
    + HasStatementCache
    + Sized
    + Fetch<TaskRow>
    + Fetch<EventRow>
    + Fetch<StatsRow>
    + Fetch<DayRow>
    + Fetch<StatusCountRow>
    + Fetch<(i64,)>
    + Fetch<(String,)>
{
    /// The due date with "none" as the latest, as `tasks_due_date_idx` holds it.
    const DUE_DATE: &'static str;
    /// The due date with "none" as the earliest.
    const DUE_DATE_DESCENDING: &'static str;
    /// When it was completed, with "not" as the latest.
    const COMPLETED_AT: &'static str;
    /// When it was completed, with "not" as the earliest.
    const COMPLETED_AT_DESCENDING: &'static str;
    /// The latest moment of all, as a literal.
    const LATEST: &'static str;
    /// The earliest moment of all, as a literal.
    const EARLIEST: &'static str;
    /// The folded title, compared by code point.
    const TITLE: &'static str;
    /// Stands before an expression to keep it from choosing the index. A list stops after one page, so
    /// walking the index of its order and passing over rows is nearly always the shortest way; SQLite
    /// does not reckon with the limit, and would sort every row of a status.
    const NO_INDEX: &'static str;

    /// Adds which day, counted from 0 at `start`, the moment in a column is of; it is not before `start`.
    fn push_day(query: &mut QueryBuilder<Self>, column: &str, start: OffsetDateTime);
    /// Binds a text.
    fn push_text(query: &mut QueryBuilder<Self>, text: String);
    /// Binds an integer.
    fn push_integer(query: &mut QueryBuilder<Self>, integer: i64);
    /// Binds a moment.
    fn push_time(query: &mut QueryBuilder<Self>, at: OffsetDateTime);
    /// Binds an id.
    fn push_id(query: &mut QueryBuilder<Self>, id: Uuid);
    /// Adds the condition that every folded word occurs; `words` is not empty.
    fn push_words(query: &mut QueryBuilder<Self>, words: &[String], by: WordSearch);
}

/// Fetches rows of one type. Each driver states its own bounds for that, so the two implementations say the same.
pub(super) trait Fetch<T>: Database {
    /// All rows of a query; `persistent` keeps its prepared statement on the connection.
    fn fetch(
        connection: &mut Self::Connection,
        query: QueryBuilder<Self>,
        persistent: bool,
    ) -> BoxFuture<'_, Result<Vec<T>, sqlx::Error>>;
}

macro_rules! fetch {
    ($($database:ident),+) => {$(
        impl<T> Fetch<T> for $database
        where
            T: for<'r> FromRow<'r, <$database as Database>::Row> + Send + Unpin + 'static,
        {
            fn fetch(
                connection: &mut Self::Connection,
                mut query: QueryBuilder<Self>,
                persistent: bool,
            ) -> BoxFuture<'_, Result<Vec<T>, sqlx::Error>> {
                Box::pin(async move {
                    query.build_query_as().persistent(persistent).fetch_all(connection).await
                })
            }
        }
    )+};
}

fetch!(Postgres, Sqlite);

/// How rows that hold the words of a search are found, where the database does not see that by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WordSearch {
    /// All of them, through the index: for words that few rows hold.
    Index,
    /// While walking the rows in their order: for words that many hold.
    Walk,
}

/// The query for one page, which asks for one row more than the page holds.
pub(super) fn list<DB: Dialect>(request: &ListQuery, words: WordSearch) -> QueryBuilder<DB> {
    let mut query = QueryBuilder::new(SELECT);
    let mut clause = push_filter(&mut query, &request.filter, request.now, DB::NO_INDEX, words);
    if let Start::After(cursor) = &request.start {
        query.push(clause.next());
        push_after(&mut query, &request.sort, cursor);
    }
    query.push(" ORDER BY ");
    for key in request.sort.keys().iter().skip(settled(&request.start)) {
        query.push(expression::<DB>(*key)).push(match key.direction {
            Direction::Ascending => ", ",
            Direction::Descending => " DESC, ",
        });
    }
    query.push("id LIMIT ");
    DB::push_integer(&mut query, i64::from(request.limit) + 1);
    if let Start::Skip(rows @ 1..) = request.start {
        query.push(" OFFSET ");
        DB::push_integer(&mut query, rows);
    }
    query
}

/// How many of the first keys are the same in every row after the cursor: those whose values were absent.
/// Left in the order, they keep SQLite from reading it off an index.
fn settled(start: &Start) -> usize {
    match start {
        Start::Skip(_) => 0,
        Start::After(cursor) => {
            cursor.values.iter().take_while(|value| **value == CursorValue::None).count()
        }
    }
}

/// The query for how many tasks a filter lets through.
pub(super) fn count<DB: Dialect>(filter: &TaskFilter, now: OffsetDateTime) -> QueryBuilder<DB> {
    let mut query = QueryBuilder::new("SELECT count(*) FROM tasks");
    push_filter(&mut query, filter, now, "", WordSearch::Index);
    query
}

/// The query for all figures at once.
pub(super) fn stats<DB: Dialect>(filter: &TaskFilter, now: OffsetDateTime) -> QueryBuilder<DB> {
    let mut query = QueryBuilder::new("SELECT count(*) AS total");
    for (column, condition) in [
        ("todo", "status = 'todo'"),
        ("in_progress", "status = 'in_progress'"),
        ("done", "status = 'done'"),
        ("low", "priority = 'low'"),
        ("medium", "priority = 'medium'"),
        ("high", "priority = 'high'"),
    ] {
        query.push(format_args!(", count(*) FILTER (WHERE {condition}) AS {column}"));
    }
    query.push(", count(*) FILTER (WHERE status <> 'done' AND due_date < ");
    DB::push_time(&mut query, now);
    query.push(") AS overdue, count(*) FILTER (WHERE completed_at > ");
    DB::push_time(&mut query, now - Duration::days(7));
    query.push(") AS completed_last_7_days FROM tasks");
    push_filter(&mut query, filter, now, "", WordSearch::Index);
    query
}

/// The query for what the figures of days are made of. Each part reads one index from the window's first day on.
pub(super) fn daily<DB: Dialect>(start: OffsetDateTime) -> QueryBuilder<DB> {
    let mut query = QueryBuilder::new("SELECT");
    let of_kind = |kind: i64| format!(" CAST({kind} AS bigint) AS kind, ");
    query.push(of_kind(DayRow::OPEN));
    // Named, so that the index of both columns finds them; "not done" would not.
    query.push("CAST(0 AS bigint) AS day, count(*) AS tasks FROM tasks WHERE status IN ('todo', 'in_progress')");
    for (kind, column) in [(DayRow::CREATED, "created_at"), (DayRow::COMPLETED, "completed_at")] {
        query.push(" UNION ALL SELECT").push(of_kind(kind));
        DB::push_day(&mut query, column, start);
        query.push(" AS day, count(*) AS tasks FROM tasks WHERE ").push(column).push(" >= ");
        DB::push_time(&mut query, start);
        query.push(" GROUP BY 2");
    }
    query
}

/// The query for events from a number on, that one included, in their order.
pub(super) fn events<DB: Dialect>(from: i64, limit: u32) -> QueryBuilder<DB> {
    let mut query = QueryBuilder::new(SELECT_EVENTS);
    query.push(" WHERE task_events.id >= ");
    DB::push_integer(&mut query, from);
    query.push(" ORDER BY task_events.id LIMIT ");
    DB::push_integer(&mut query, i64::from(limit));
    query
}

/// `WHERE` before the first condition, `AND` before the others.
struct Clause(&'static str);

impl Clause {
    fn next(&mut self) -> &'static str {
        std::mem::replace(&mut self.0, " AND ")
    }
}

fn push_filter<DB: Dialect>(
    query: &mut QueryBuilder<DB>,
    filter: &TaskFilter,
    now: OffsetDateTime,
    before_few_values: &'static str,
    words: WordSearch,
) -> Clause {
    let mut clause = Clause(" WHERE ");
    let status = filter.status.iter().map(|status| status.as_str().to_owned());
    push_any_of(query, &mut clause, [before_few_values, "status"], status.collect());
    let priority = filter.priority.iter().map(|priority| priority.as_str().to_owned());
    push_any_of(query, &mut clause, [before_few_values, "priority"], priority.collect());
    push_assignee(query, &mut clause, &filter.assignee);
    if let Some(at) = filter.due_after {
        query.push(clause.next()).push("due_date IS NOT NULL AND ").push(DB::DUE_DATE).push(" >= ");
        DB::push_time(query, at);
    }
    if let Some(at) = filter.due_before {
        query.push(clause.next()).push(DB::DUE_DATE).push(" < ");
        DB::push_time(query, at);
    }
    if let Some(overdue) = filter.overdue {
        let (comparison, status) = if overdue {
            (" < ", " AND status <> 'done')")
        } else {
            (" >= ", " OR status = 'done')")
        };
        // The past is most of the index.
        query.push(clause.next()).push("(").push(DB::NO_INDEX).push(DB::DUE_DATE).push(comparison);
        DB::push_time(query, now);
        query.push(status);
    }
    if !filter.words.is_empty() {
        query.push(clause.next());
        DB::push_words(query, &filter.words, words);
    }
    clause
}

fn push_any_of<DB: Dialect>(
    query: &mut QueryBuilder<DB>,
    clause: &mut Clause,
    [before, column]: [&'static str; 2],
    values: Vec<String>,
) {
    if values.is_empty() {
        return;
    }
    query.push(clause.next()).push(before).push(column).push(" IN (");
    push_texts(query, values);
    query.push(")");
}

fn push_texts<DB: Dialect>(query: &mut QueryBuilder<DB>, values: Vec<String>) {
    for (at, value) in values.into_iter().enumerate() {
        if at > 0 {
            query.push(", ");
        }
        DB::push_text(query, value);
    }
}

fn push_assignee<DB: Dialect>(
    query: &mut QueryBuilder<DB>,
    clause: &mut Clause,
    any_of: &[AssigneeFilter],
) {
    let named: Vec<String> = any_of
        .iter()
        .filter_map(|assignee| match assignee {
            AssigneeFilter::Is(name) => Some(name.clone()),
            AssigneeFilter::Unassigned => None,
        })
        .collect();
    if named.len() == any_of.len() {
        return push_any_of(query, clause, ["", "assignee"], named);
    }
    query.push(clause.next()).push("(assignee IS NULL");
    if !named.is_empty() {
        query.push(" OR assignee IN (");
        push_texts(query, named);
        query.push(")");
    }
    query.push(")");
}

/// Rows after the cursor's: greater in the first key, or equal there and greater in the next, and so on
/// to the id. The first key's bound stands alone in front, because that is what an index can start from.
/// Nothing is greater than an absent value: those that are alike in it are passed by their ids at once,
/// and not row by row, which counts because they may be half of the table.
fn push_after<DB: Dialect>(query: &mut QueryBuilder<DB>, sort: &Sort, cursor: &Cursor) {
    let places: Vec<_> = sort.keys().iter().zip(&cursor.values).collect();
    if let Some((key, value)) = places.first()
        && **value != CursorValue::None
    {
        query.push(expression::<DB>(**key)).push(match key.direction {
            Direction::Ascending => " >= ",
            Direction::Descending => " <= ",
        });
        push_value(query, **key, value);
        query.push(" AND ");
    }
    for (key, value) in &places {
        query.push("(");
        if **value != CursorValue::None {
            query.push(expression::<DB>(**key)).push(match key.direction {
                Direction::Ascending => " > ",
                Direction::Descending => " < ",
            });
            push_value(query, **key, value);
            query.push(" OR ");
        }
        query.push(expression::<DB>(**key)).push(" = ");
        push_value(query, **key, value);
        query.push(" AND ");
    }
    query.push("id > ");
    DB::push_id(query, cursor.id);
    query.push(")".repeat(places.len()));
}

fn push_value<DB: Dialect>(query: &mut QueryBuilder<DB>, key: SortKey, value: &CursorValue) {
    match (key.field, value) {
        (SortField::Priority | SortField::Status | SortField::Number, CursorValue::Integer(n)) => {
            DB::push_integer(query, *n);
        }
        (_, CursorValue::Integer(micros)) => {
            // A decoded cursor holds only moments between the years 1 and 9999.
            let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(*micros) * 1_000);
            DB::push_time(query, at.unwrap_or(OffsetDateTime::UNIX_EPOCH));
        }
        (_, CursorValue::Text(text)) => DB::push_text(query, text.clone()),
        (_, CursorValue::None) => {
            query.push(match key.direction {
                Direction::Ascending => DB::LATEST,
                Direction::Descending => DB::EARLIEST,
            });
        }
    }
}

fn expression<DB: Dialect>(key: SortKey) -> &'static str {
    let ascending = key.direction == Direction::Ascending;
    match key.field {
        SortField::CreatedAt => "created_at",
        SortField::UpdatedAt => "updated_at",
        SortField::Number => "number",
        SortField::Title => DB::TITLE,
        SortField::DueDate if ascending => DB::DUE_DATE,
        SortField::DueDate => DB::DUE_DATE_DESCENDING,
        SortField::CompletedAt if ascending => DB::COMPLETED_AT,
        SortField::CompletedAt => DB::COMPLETED_AT_DESCENDING,
        SortField::Priority => "CASE priority WHEN 'low' THEN 0 WHEN 'medium' THEN 1 ELSE 2 END",
        SortField::Status => "CASE status WHEN 'todo' THEN 0 WHEN 'in_progress' THEN 1 ELSE 2 END",
    }
}

/// The pattern that finds `word` anywhere with `LIKE`, its own wildcards taken as plain characters by a
/// backslash before them.
pub(super) fn like_pattern(word: &str) -> String {
    let mut pattern = String::with_capacity(word.len() + 2);
    pattern.push('%');
    for c in word.chars() {
        if matches!(c, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(c);
    }
    pattern.push('%');
    pattern
}

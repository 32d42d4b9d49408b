//! One row type that both databases decode into, and the time type that makes it possible.

use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo, PgValueFormat, PgValueRef};
use sqlx::sqlite::{SqliteArgumentsBuffer, SqliteTypeInfo, SqliteValueRef};
use sqlx::{Decode, Encode, FromRow, Postgres, Sqlite, Type};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};
use uuid::Uuid;

use super::StoreError;
use crate::domain::cursor::unix_micros;
use crate::domain::{
    DayCount, EventKind, Priority, Status, StatusCount, Task, TaskEvent, TaskStats,
};

/// What PostgreSQL counts microseconds from.
const POSTGRES_EPOCH: OffsetDateTime = datetime!(2000-01-01 00:00 UTC);

/// A moment: `timestamptz` on PostgreSQL; on SQLite, which has no time type, an integer count of
/// microseconds since 1970-01-01 UTC, so that comparing numbers compares moments.
#[derive(Clone, Copy, Debug)]
pub(super) struct Timestamp(pub(super) OffsetDateTime);

impl Type<Postgres> for Timestamp {
    fn type_info() -> PgTypeInfo {
        <OffsetDateTime as Type<Postgres>>::type_info()
    }
}

impl PgHasArrayType for Timestamp {
    fn array_type_info() -> PgTypeInfo {
        <OffsetDateTime as PgHasArrayType>::array_type_info()
    }
}

impl Encode<'_, Postgres> for Timestamp {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <OffsetDateTime as Encode<Postgres>>::encode_by_ref(&self.0, buffer)
    }
}

impl<'r> Decode<'r, Postgres> for Timestamp {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxDynError> {
        if value.format() == PgValueFormat::Text {
            return <OffsetDateTime as Decode<Postgres>>::decode(value).map(Self);
        }
        // The driver's own arithmetic panics on `infinity`, and on years past 9999.
        let micros = <i64 as Decode<Postgres>>::decode(value)?;
        let at = POSTGRES_EPOCH.checked_add(Duration::microseconds(micros));
        at.map(Self).ok_or_else(|| "a moment outside the years that are known".into())
    }
}

impl Type<Sqlite> for Timestamp {
    fn type_info() -> SqliteTypeInfo {
        <i64 as Type<Sqlite>>::type_info()
    }

    fn compatible(kind: &SqliteTypeInfo) -> bool {
        <i64 as Type<Sqlite>>::compatible(kind)
    }
}

impl Encode<'_, Sqlite> for Timestamp {
    fn encode_by_ref(&self, buffer: &mut SqliteArgumentsBuffer) -> Result<IsNull, BoxDynError> {
        <i64 as Encode<Sqlite>>::encode(unix_micros(self.0), buffer)
    }
}

impl<'r> Decode<'r, Sqlite> for Timestamp {
    fn decode(value: SqliteValueRef<'r>) -> Result<Self, BoxDynError> {
        let micros = <i64 as Decode<Sqlite>>::decode(value)?;
        Ok(Self(OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)?))
    }
}

#[derive(Clone, Debug, FromRow)]
pub(super) struct TaskRow {
    pub(super) id: Uuid,
    pub(super) number: i64,
    title: String,
    description: Option<String>,
    status: String,
    priority: String,
    assignee: Option<String>,
    due_date: Option<Timestamp>,
    created_at: Timestamp,
    updated_at: Timestamp,
    completed_at: Option<Timestamp>,
    version: i64,
}

impl TryFrom<TaskRow> for Task {
    type Error = StoreError;

    fn try_from(row: TaskRow) -> Result<Self, StoreError> {
        Ok(Self {
            status: status(&row.status)?,
            priority: priority(&row.priority)?,
            id: row.id,
            number: row.number,
            title: row.title,
            description: row.description,
            assignee: row.assignee,
            due_date: row.due_date.map(|at| at.0),
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
            completed_at: row.completed_at.map(|at| at.0),
            version: row.version,
        })
    }
}

#[derive(Debug, FromRow)]
pub(super) struct EventRow {
    event_id: i64,
    kind: String,
    at: Timestamp,
    #[sqlx(flatten)]
    task: TaskRow,
}

impl TryFrom<EventRow> for TaskEvent {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<Self, StoreError> {
        let kind = EventKind::from_word(&row.kind);
        let unknown = || StoreError::Inconsistent(format!("no kind of event: {}", row.kind));
        let kind = kind.ok_or_else(unknown)?;
        Ok(Self { id: row.event_id, kind, at: row.at.0, task: row.task.try_into()? })
    }
}

/// One line of the census.
#[derive(Debug, FromRow)]
pub(super) struct StatusCountRow {
    status: String,
    priority: String,
    tasks: i64,
}

impl TryFrom<StatusCountRow> for StatusCount {
    type Error = StoreError;

    fn try_from(row: StatusCountRow) -> Result<Self, StoreError> {
        Ok(Self {
            status: status(&row.status)?,
            priority: priority(&row.priority)?,
            tasks: row.tasks,
        })
    }
}

/// One count of the days.
#[derive(Debug, FromRow)]
pub(super) struct DayRow {
    kind: i64,
    day: i64,
    tasks: i64,
}

impl DayRow {
    /// What [`super::query::daily`] counts is still open.
    pub(super) const OPEN: i64 = 0;
    /// What it counts was made on the day.
    pub(super) const CREATED: i64 = 1;
    /// What it counts was completed on the day.
    pub(super) const COMPLETED: i64 = 2;
}

impl From<DayRow> for DayCount {
    fn from(row: DayRow) -> Self {
        match row.kind {
            DayRow::OPEN => Self::Open(row.tasks),
            DayRow::CREATED => Self::Created(row.day, row.tasks),
            _ => Self::Completed(row.day, row.tasks),
        }
    }
}

/// The one row of the figures.
#[derive(Debug, FromRow)]
pub(super) struct StatsRow {
    total: i64,
    todo: i64,
    in_progress: i64,
    done: i64,
    low: i64,
    medium: i64,
    high: i64,
    overdue: i64,
    completed_last_7_days: i64,
}

impl From<StatsRow> for TaskStats {
    fn from(row: StatsRow) -> Self {
        Self {
            total: row.total,
            by_status: [row.todo, row.in_progress, row.done],
            by_priority: [row.low, row.medium, row.high],
            overdue: row.overdue,
            completed_last_7_days: row.completed_last_7_days,
        }
    }
}

fn status(word: &str) -> Result<Status, StoreError> {
    Status::parse(word).map_err(|fault| StoreError::Inconsistent(fault.detail))
}

fn priority(word: &str) -> Result<Priority, StoreError> {
    Priority::parse(word).map_err(|fault| StoreError::Inconsistent(fault.detail))
}

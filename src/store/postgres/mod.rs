//! Tasks in PostgreSQL 13 or newer.

mod columns;
mod connections;
mod events;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Postgres, QueryBuilder};
use time::OffsetDateTime;
use uuid::Uuid;

use self::columns::Columns;
use self::connections::Connector;
pub(super) use self::connections::unavailable;
pub(super) use self::events::PostgresEvents;
use super::backend::{Backend, Open, Role, Scope};
use super::batch::Change;
use super::idempotency::{IdempotencyKey, KeyRow, StoredResponse, lock_number};
use super::insert;
use super::query::{Dialect, WordSearch, like_pattern};
use super::retention::postgres::{CLAIM_KEY, FIND_KEY};
use super::row::{TaskRow, Timestamp};
use super::{ListQuery, PoolSettings, sql};
use crate::domain::{EventKind, Task, TaskRef};

/// One PostgreSQL database.
#[derive(Debug)]
pub(super) struct PostgresBackend {
    connector: Connector,
}

impl PostgresBackend {
    pub(super) fn new(target: &PgConnectOptions, settings: &PoolSettings) -> Self {
        Self { connector: Connector::new(target, settings) }
    }
}

#[async_trait]
impl Backend for PostgresBackend {
    type Db = Postgres;
    /// The process of the server that serves the connection, if it is always the same.
    type Interrupt = Option<i32>;

    const LOOKUP_LOOPS: usize = 2;
    const PLANS_FIT_ALL_VALUES: bool = false;
    const INSERT_TASKS_MAX: usize = 1_000;

    fn connections(settings: &PoolSettings) -> (u32, Option<u32>) {
        (settings.max_connections, None)
    }

    fn lifetimes(_: Role) -> (Option<Duration>, Option<Duration>) {
        (Some(Duration::from_mins(30)), Some(Duration::from_mins(10)))
    }

    async fn open(&self, _: Role) -> Result<Open<Self>, sqlx::Error> {
        let (connection, process) = self.connector.connect().await?;
        Ok(Open::new(connection, process))
    }

    fn fits(&self, _: Instant) -> bool {
        true
    }

    /// In a transaction that was left open, `now()` is when that began.
    async fn prove_idle(&self, open: &mut Open<Self>) -> Result<(), sqlx::Error> {
        let idle = sqlx::raw_sql("SELECT now() = statement_timestamp()");
        let idle = idle.fetch_one(&mut open.raw).await?;
        let idle: bool = sqlx::Row::try_get(&idle, 0)?;
        if idle { Ok(()) } else { Err(sqlx::Error::Protocol("left in a transaction".into())) }
    }

    /// A pooler stops the statement when the connection is closed.
    async fn interrupt(&self, interrupt: &Option<i32>) -> bool {
        let Some(process) = *interrupt else { return false };
        let cancelled = self.connector.cancel(process).await;
        if let Err(error) = &cancelled {
            tracing::debug!(%error, process, "statement not cancelled");
        }
        cancelled.is_ok()
    }

    fn unavailable(error: &sqlx::Error) -> Option<&'static str> {
        unavailable(error)
    }

    /// SQLSTATE class 40, but for 40003, which says that it is not known.
    fn was_rolled_back(error: &sqlx::Error) -> bool {
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        code.is_some_and(|code| code.starts_with("40") && code != "40003")
    }

    /// `cached plan must not change result type`: a column has another type than when the statement was prepared.
    fn is_stale_plan(error: &sqlx::Error) -> bool {
        error.as_database_error().is_some_and(|error| {
            error.code().as_deref() == Some("0A000") && error.message().contains("cached plan")
        })
    }

    fn keeps_statements(&self) -> bool {
        !self.connector.is_pooled()
    }

    async fn begin(&self, open: &mut Open<Self>, scope: Scope) -> Result<bool, sqlx::Error> {
        let needed = scope == Scope::Transaction || self.connector.is_pooled();
        if needed {
            self.connector.begin(&mut open.raw).await?;
        }
        Ok(needed)
    }

    async fn commit(&self, open: &mut Open<Self>) -> Result<(), sqlx::Error> {
        sqlx::raw_sql("COMMIT").execute(&mut open.raw).await.map(drop)
    }

    async fn rollback(&self, open: &mut Open<Self>) -> Result<(), sqlx::Error> {
        sqlx::raw_sql("ROLLBACK").execute(&mut open.raw).await.map(drop)
    }

    async fn find_tasks(
        &self,
        open: &mut Open<Self>,
        references: &[TaskRef],
    ) -> Result<Vec<TaskRow>, sqlx::Error> {
        let persistent = self.keeps_statements();
        match references {
            [TaskRef::Id(id)] => {
                let query = sqlx::query_as(sql::SELECT_BY_ID).bind(id).persistent(persistent);
                return query.fetch_all(&mut open.raw).await;
            }
            [TaskRef::Number(number)] => {
                let query = sqlx::query_as(sql::SELECT_BY_NUMBER).bind(number);
                return query.persistent(persistent).fetch_all(&mut open.raw).await;
            }
            _ => {}
        }
        let (ids, numbers) = sql::split(references);
        let mut rows = Vec::new();
        if !ids.is_empty() {
            let query = sqlx::query_as(sql::SELECT_BY_IDS).bind(ids).persistent(persistent);
            rows = query.fetch_all(&mut open.raw).await?;
        }
        if !numbers.is_empty() {
            let query = sqlx::query_as(sql::SELECT_BY_NUMBERS).bind(numbers);
            rows.extend(query.persistent(persistent).fetch_all(&mut open.raw).await?);
        }
        Ok(rows)
    }

    async fn lock_tasks(
        &self,
        open: &mut Open<Self>,
        references: &[TaskRef],
        skip_locked: bool,
    ) -> Result<Vec<TaskRow>, sqlx::Error> {
        let persistent = self.keeps_statements();
        if let ([reference], false) = (references, skip_locked) {
            let query = match reference {
                TaskRef::Id(id) => sqlx::query_as(sql::LOCK_BY_ID).bind(id),
                TaskRef::Number(number) => sqlx::query_as(sql::LOCK_BY_NUMBER).bind(number),
            };
            return query.persistent(persistent).fetch_all(&mut open.raw).await;
        }
        let (ids, numbers) = sql::split(references);
        let lock = if skip_locked { sql::LOCK_FREE } else { sql::LOCK_ALL };
        let lock = sqlx::query_as(lock).bind(ids).bind(numbers).persistent(persistent);
        lock.fetch_all(&mut open.raw).await
    }

    async fn insert_tasks(
        &self,
        open: &mut Open<Self>,
        tasks: &mut [Task],
    ) -> Result<(), sqlx::Error> {
        let persistent = self.keeps_statements();
        if let [task] = tasks {
            let insert = sql::bind_task(sqlx::query::<Postgres>(sql::INSERT_WITH_EVENT), task);
            let row = insert.persistent(persistent).fetch_one(&mut open.raw).await?;
            task.number = sqlx::Row::try_get(&row, 0)?;
            return Ok(());
        }
        for chunk in tasks.chunks_mut(Self::INSERT_TASKS_MAX) {
            let columns = Columns::of(chunk.iter());
            let insert = columns.bind(sqlx::query_as(sql::INSERT_MANY_WITH_EVENTS));
            let numbers = insert.persistent(persistent).fetch_all(&mut open.raw).await?;
            insert::number(chunk, &numbers)?;
        }
        Ok(())
    }

    async fn write_changes(
        &self,
        open: &mut Open<Self>,
        changes: &[Change],
    ) -> Result<(), sqlx::Error> {
        let persistent = self.keeps_statements();
        if let [Change { kind, task }] = changes {
            let change = if *kind == EventKind::Deleted {
                sqlx::query(sql::DELETE_WITH_EVENT).bind(task.id)
            } else {
                sql::bind_task(sqlx::query::<Postgres>(sql::UPDATE_WITH_EVENT), task)
            };
            return change.persistent(persistent).execute(&mut open.raw).await.map(drop);
        }
        // A task may be changed more than once: each change has its event, and the last one stays.
        let last: HashMap<Uuid, &Change> = changes.iter().map(|c| (c.task.id, c)).collect();
        let is_deleted = |change: &&&Change| change.kind == EventKind::Deleted;
        let deleted: Vec<Uuid> = last.values().filter(is_deleted).map(|c| c.task.id).collect();
        let updated = last.values().filter(|change| change.kind != EventKind::Deleted);
        let updated = Columns::of(updated.map(|change| &change.task));
        let events = Columns::of(changes.iter().map(|change| &change.task));
        let kinds: Vec<&str> = changes.iter().map(|change| change.kind.as_str()).collect();
        let write = updated.bind(sqlx::query_as::<_, (i64,)>(sql::WRITE_MANY_WITH_EVENTS));
        let write = events.bind_event(write.bind(deleted).bind(kinds));
        write.persistent(persistent).fetch_all(&mut open.raw).await.map(drop)
    }

    async fn claim_key(
        &self,
        open: &mut Open<Self>,
        once: &IdempotencyKey,
    ) -> Result<bool, sqlx::Error> {
        let claim = sqlx::query(CLAIM_KEY).bind(&once.key).bind(once.fingerprint.as_slice());
        let claim = claim.bind(lock_number(&once.key)).persistent(self.keeps_statements());
        Ok(claim.execute(&mut open.raw).await?.rows_affected() == 1)
    }

    async fn find_key(
        &self,
        open: &mut Open<Self>,
        key: &str,
    ) -> Result<Option<KeyRow>, sqlx::Error> {
        sqlx::query_as(FIND_KEY)
            .bind(key)
            .persistent(self.keeps_statements())
            .fetch_optional(&mut open.raw)
            .await
    }

    async fn store_answer(
        &self,
        open: &mut Open<Self>,
        key: &str,
        answer: &StoredResponse,
    ) -> Result<(), sqlx::Error> {
        let keep = sqlx::query(sql::KEEP_ANSWER).bind(key).bind(i64::from(answer.status));
        let keep = keep.bind(&answer.location).bind(&answer.entity_tag).bind(&answer.body);
        keep.persistent(self.keeps_statements()).execute(&mut open.raw).await.map(drop)
    }

    /// The planner has statistics of the words.
    async fn search_by(
        &self,
        _: &mut Open<Self>,
        _: &ListQuery,
    ) -> Result<WordSearch, sqlx::Error> {
        Ok(WordSearch::Index)
    }
}

impl Dialect for Postgres {
    const DUE_DATE: &'static str = "coalesce(due_date, 'infinity')";
    const DUE_DATE_DESCENDING: &'static str = "coalesce(due_date, '-infinity')";
    const COMPLETED_AT: &'static str = "coalesce(completed_at, 'infinity')";
    const COMPLETED_AT_DESCENDING: &'static str = "coalesce(completed_at, '-infinity')";
    const LATEST: &'static str = "'infinity'";
    const EARLIEST: &'static str = "'-infinity'";
    const TITLE: &'static str = "split_part(search_text, E'\\n', 1) COLLATE \"C\"";

    /// The planner knows how many rows a value has, and that a list stops.
    const NO_INDEX: &'static str = "";

    /// The difference of two moments knows no time zone.
    fn push_day(query: &mut QueryBuilder<Self>, column: &str, start: OffsetDateTime) {
        query.push("CAST(floor(extract(epoch FROM ").push(column).push(" - ");
        Self::push_time(query, start);
        query.push(") / 86400) AS bigint)");
    }

    fn push_text(query: &mut QueryBuilder<Self>, text: String) {
        query.push_bind(text);
    }

    fn push_integer(query: &mut QueryBuilder<Self>, integer: i64) {
        query.push_bind(integer);
    }

    fn push_time(query: &mut QueryBuilder<Self>, at: OffsetDateTime) {
        query.push_bind(Timestamp(at));
    }

    fn push_id(query: &mut QueryBuilder<Self>, id: Uuid) {
        query.push_bind(id);
    }

    /// `tasks_search_text_idx` serves words of three letters or more, where the statistics say that few rows
    /// hold them; backslash is the escape by default.
    fn push_words(query: &mut QueryBuilder<Self>, words: &[String], _by: WordSearch) {
        for (at, word) in words.iter().enumerate() {
            query.push(if at == 0 { "search_text LIKE " } else { " AND search_text LIKE " });
            query.push_bind(like_pattern(word));
        }
    }
}

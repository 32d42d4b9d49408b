//! Tasks in PostgreSQL 13 or newer.

mod connections;

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Postgres, QueryBuilder};
use time::OffsetDateTime;
use uuid::Uuid;

use self::connections::{Connections, Unit};
use super::failure::{Failures, retry_broken_read};
use super::lease::Leases;
use super::query::{self, Dialect, WordSearch, like_pattern};
use super::row::{CensusRow, DayRow, StatsRow, TaskRow, Timestamp};
use super::{ListQuery, Page, PoolSettings, StoreError, TaskStore, insert, sql};
use crate::domain::daily::figures;
use crate::domain::{
    CensusLine, DayFigures, DayWindow, Precondition, Task, TaskFilter, TaskPatch, TaskRef,
    TaskStats,
};

/// One PostgreSQL database.
#[derive(Debug)]
pub(super) struct PostgresStore {
    connections: Connections,
}

impl PostgresStore {
    /// Prepares the pool; connections are opened when they are first needed.
    pub(super) fn new(
        target: &PgConnectOptions,
        settings: &PoolSettings,
        failures: Arc<Failures>,
    ) -> Self {
        Self { connections: Connections::new(target, settings, failures) }
    }

    pub(super) fn connections(&self) -> &Leases<Postgres> {
        self.connections.leases()
    }

    fn explain(&self, error: sqlx::Error) -> StoreError {
        self.connections.explain(error)
    }

    async fn finish(&self, unit: Unit<'_>) -> Result<(), StoreError> {
        unit.finish().await.map_err(|error| self.explain(error))
    }

    async fn read_one(&self, reference: TaskRef) -> Result<Option<Task>, StoreError> {
        let query = match reference {
            TaskRef::Id(id) => sqlx::query_as::<_, TaskRow>(sql::SELECT_BY_ID).bind(id),
            TaskRef::Number(number) => sqlx::query_as(sql::SELECT_BY_NUMBER).bind(number),
        };
        let mut lease = self.connections.take().await?;
        let mut unit = self.connections.one(&mut lease).await?;
        let query = query.persistent(unit.keeps_statements());
        let row = query.fetch_optional(&mut *unit).await.map_err(|error| self.explain(error))?;
        self.finish(unit).await?;
        lease.keep();
        row.map(Task::try_from).transpose()
    }

    async fn read_page(&self, request: &ListQuery) -> Result<Page, StoreError> {
        let mut query = query::list::<Postgres>(request, WordSearch::Index);
        let mut lease = self.connections.take().await?;
        let mut unit = self.connections.one(&mut lease).await?;
        let persistent = keeps_plan(&unit, &request.filter);
        let query = query.build_query_as::<TaskRow>().persistent(persistent);
        let rows = query.fetch_all(&mut *unit).await.map_err(|error| self.explain(error))?;
        self.finish(unit).await?;
        lease.keep();
        Page::from_rows(rows, request.limit)
    }

    async fn read_stats(
        &self,
        filter: &TaskFilter,
        now: OffsetDateTime,
    ) -> Result<TaskStats, StoreError> {
        let mut query = query::stats::<Postgres>(filter, now);
        let mut lease = self.connections.take().await?;
        let mut unit = self.connections.one(&mut lease).await?;
        let query = query.build_query_as::<StatsRow>().persistent(keeps_plan(&unit, filter));
        let row = query.fetch_one(&mut *unit).await.map_err(|error| self.explain(error))?;
        self.finish(unit).await?;
        lease.keep();
        Ok(row.into())
    }

    async fn read_count(
        &self,
        filter: &TaskFilter,
        now: OffsetDateTime,
    ) -> Result<i64, StoreError> {
        let mut query = query::count::<Postgres>(filter, now);
        let mut lease = self.connections.take().await?;
        let mut unit = self.connections.one(&mut lease).await?;
        let query = query.build_query_scalar().persistent(keeps_plan(&unit, filter));
        let count = query.fetch_one(&mut *unit).await.map_err(|error| self.explain(error))?;
        self.finish(unit).await?;
        lease.keep();
        Ok(count)
    }

    async fn read_daily(&self, window: &DayWindow) -> Result<Vec<DayFigures>, StoreError> {
        let mut query = query::daily::<Postgres>(window.start());
        let mut lease = self.connections.take().await?;
        let mut unit = self.connections.one(&mut lease).await?;
        // The plan depends on how many days there are: never a generic one.
        let query = query.build_query_as::<DayRow>().persistent(false);
        let rows = query.fetch_all(&mut *unit).await.map_err(|error| self.explain(error))?;
        self.finish(unit).await?;
        lease.keep();
        Ok(figures(window, &rows.into_iter().map(Into::into).collect::<Vec<_>>()))
    }

    async fn read_census(&self) -> Result<Vec<CensusLine>, StoreError> {
        let mut lease = self.connections.take().await?;
        let mut unit = self.connections.one(&mut lease).await?;
        let query = sqlx::query_as::<_, CensusRow>(sql::CENSUS);
        let query = query.persistent(unit.keeps_statements());
        let rows = query.fetch_all(&mut *unit).await.map_err(|error| self.explain(error))?;
        self.finish(unit).await?;
        lease.keep();
        rows.into_iter().map(TryInto::try_into).collect()
    }

    /// Reads the task and keeps it from others until the transaction ends.
    async fn locked(
        &self,
        unit: &mut Unit<'_>,
        reference: TaskRef,
        precondition: &Precondition,
    ) -> Result<Task, StoreError> {
        let query = match reference {
            TaskRef::Id(id) => sqlx::query_as::<_, TaskRow>(sql::LOCK_BY_ID).bind(id),
            TaskRef::Number(number) => sqlx::query_as(sql::LOCK_BY_NUMBER).bind(number),
        };
        let query = query.persistent(unit.keeps_statements());
        let row = query.fetch_optional(&mut **unit).await.map_err(|error| self.explain(error))?;
        let task = Task::try_from(row.ok_or(StoreError::NotFound)?)?;
        precondition.holds(&task).then_some(task).ok_or(StoreError::Conflict)
    }
}

/// The plan of a search depends on how rare its words are: never a generic one.
fn keeps_plan(unit: &Unit<'_>, filter: &TaskFilter) -> bool {
    unit.keeps_statements() && filter.words.is_empty()
}

#[async_trait]
impl TaskStore for PostgresStore {
    async fn create(&self, mut task: Task) -> Result<Task, StoreError> {
        let mut lease = self.connections.take().await?;
        let mut unit = self.connections.one(&mut lease).await?;
        let insert = sql::bind_task(sqlx::query::<Postgres>(sql::INSERT), &task);
        let insert = insert.persistent(unit.keeps_statements());
        let row = insert.fetch_one(&mut *unit).await.map_err(|error| self.explain(error))?;
        task.number = sqlx::Row::try_get(&row, 0).map_err(|error| self.explain(error))?;
        self.finish(unit).await?;
        lease.keep();
        Ok(task)
    }

    async fn create_many(&self, mut tasks: Vec<Task>) -> Result<Vec<Task>, StoreError> {
        let mut lease = self.connections.take().await?;
        let mut unit = self.connections.transaction(&mut lease).await?;
        for batch in tasks.chunks_mut(insert::BATCH) {
            let mut query = insert::insert::<Postgres>(batch);
            let rows = query.build_query_as().persistent(false).fetch_all(&mut *unit).await;
            insert::number(batch, &rows.map_err(|error| self.explain(error))?)?;
        }
        self.finish(unit).await?;
        lease.keep();
        Ok(tasks)
    }

    async fn get(&self, reference: TaskRef) -> Result<Option<Task>, StoreError> {
        retry_broken_read(|| self.read_one(reference)).await
    }

    async fn update(
        &self,
        reference: TaskRef,
        precondition: &Precondition,
        patch: &TaskPatch,
        now: OffsetDateTime,
    ) -> Result<Task, StoreError> {
        let mut lease = self.connections.take().await?;
        let mut unit = self.connections.transaction(&mut lease).await?;
        let present = self.locked(&mut unit, reference, precondition).await?;
        let Some(next) = present.patched(patch, now) else { return Ok(present) };
        let update = sql::bind_task(sqlx::query::<Postgres>(sql::UPDATE), &next);
        let update = update.persistent(unit.keeps_statements());
        update.execute(&mut *unit).await.map_err(|error| self.explain(error))?;
        self.finish(unit).await?;
        lease.keep();
        Ok(next)
    }

    async fn delete(
        &self,
        reference: TaskRef,
        precondition: &Precondition,
    ) -> Result<(), StoreError> {
        let mut lease = self.connections.take().await?;
        let mut unit = self.connections.transaction(&mut lease).await?;
        let present = self.locked(&mut unit, reference, precondition).await?;
        let delete = sqlx::query(sql::DELETE).bind(present.id);
        let delete = delete.persistent(unit.keeps_statements());
        delete.execute(&mut *unit).await.map_err(|error| self.explain(error))?;
        self.finish(unit).await?;
        lease.keep();
        Ok(())
    }

    async fn list(&self, request: &ListQuery) -> Result<Page, StoreError> {
        retry_broken_read(|| self.read_page(request)).await
    }

    async fn count(&self, filter: &TaskFilter, now: OffsetDateTime) -> Result<i64, StoreError> {
        retry_broken_read(|| self.read_count(filter, now)).await
    }

    async fn stats(
        &self,
        filter: &TaskFilter,
        now: OffsetDateTime,
    ) -> Result<TaskStats, StoreError> {
        retry_broken_read(|| self.read_stats(filter, now)).await
    }

    async fn daily(&self, window: &DayWindow) -> Result<Vec<DayFigures>, StoreError> {
        retry_broken_read(|| self.read_daily(window)).await
    }

    async fn census(&self) -> Result<Vec<CensusLine>, StoreError> {
        retry_broken_read(|| self.read_census()).await
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

//! Tasks in PostgreSQL 13 or newer.

mod connections;
mod events;
mod writing;

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Postgres, QueryBuilder};
use time::OffsetDateTime;
use tokio::time::Instant;
use uuid::Uuid;

pub(super) use self::connections::unavailable;
use self::connections::{Connections, Unit};
pub(super) use self::events::PostgresEvents;
use self::writing::Writing;
use super::events::Commits;
use super::failure::{Failures, retry_broken_read};
use super::lease::{Lease, Leases};
use super::query::{self, Dialect, WordSearch, like_pattern};
use super::row::{CensusRow, DayRow, StatsRow, TaskRow, Timestamp};
use super::work::{self, Writes};
use super::{CarriedOut, ListQuery, Page, PoolSettings, StoreError, TaskStore, Work, sql};
use crate::domain::daily::figures;
use crate::domain::{
    CensusLine, DayFigures, DayWindow, Precondition, Task, TaskFilter, TaskPatch, TaskRef,
    TaskStats,
};

/// How often work is tried that the server takes back for the sake of another's.
const ATTEMPTS: u32 = 5;

/// One PostgreSQL database.
#[derive(Debug)]
pub(super) struct PostgresStore {
    connections: Connections,
    failures: Arc<Failures>,
    commits: Arc<Commits>,
}

impl PostgresStore {
    /// Prepares the pool; connections are opened when they are first needed.
    pub(super) fn new(
        target: &PgConnectOptions,
        settings: &PoolSettings,
        failures: Arc<Failures>,
    ) -> Self {
        let connections = Connections::new(target, settings, Arc::clone(&failures));
        Self { connections, failures, commits: Arc::default() }
    }

    pub(super) fn connections(&self) -> &Leases<Postgres> {
        self.connections.leases()
    }

    /// What was committed here.
    pub(super) fn commits(&self) -> Arc<Commits> {
        Arc::clone(&self.commits)
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

    /// Does the work once. The deadline is for the statements, not for the commit.
    async fn attempt(&self, work: &Work<'_>, deadline: Instant) -> Result<CarriedOut, StoreError> {
        let mut lease = self.connections.take().await?;
        let mut writing = self.transaction(&mut lease).await?;
        let carried_out = work::before(deadline, work::carry_out(&mut writing, work)).await?;
        writing.finish().await?;
        lease.keep();
        Ok(carried_out)
    }

    async fn transaction<'a>(
        &'a self,
        lease: &'a mut Lease<'_, Postgres>,
    ) -> Result<Writing<'a>, StoreError> {
        let unit = self.connections.transaction(lease).await?;
        Ok(Writing::new(&self.connections, &self.commits, unit))
    }
}

/// Whether the server has taken the whole transaction back for the sake of another (SQLSTATE class 40, but for
/// 40003, which says that it is not known), so that it may be tried again.
fn was_rolled_back(error: &StoreError) -> bool {
    let StoreError::Unavailable { source: sqlx::Error::Database(error), .. } = error else {
        return false;
    };
    error.code().is_some_and(|code| code.starts_with("40") && code != "40003")
}

/// The plan of a search depends on how rare its words are: never a generic one.
fn keeps_plan(unit: &Unit<'_>, filter: &TaskFilter) -> bool {
    unit.keeps_statements() && filter.words.is_empty()
}

#[async_trait]
impl TaskStore for PostgresStore {
    async fn create(&self, task: Task) -> Result<Task, StoreError> {
        let mut lease = self.connections.take().await?;
        let unit = self.connections.one(&mut lease).await?;
        let mut writing = Writing::new(&self.connections, &self.commits, unit);
        let task = writing.insert(task).await?;
        writing.finish().await?;
        lease.keep();
        Ok(task)
    }

    async fn create_many(&self, mut tasks: Vec<Task>) -> Result<Vec<Task>, StoreError> {
        let mut lease = self.connections.take().await?;
        let mut writing = self.transaction(&mut lease).await?;
        writing.insert_many(&mut tasks).await?;
        writing.finish().await?;
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
        let mut writing = self.transaction(&mut lease).await?;
        let task = writing.change(reference, precondition, patch, now).await?;
        writing.finish().await?;
        lease.keep();
        Ok(task)
    }

    async fn delete(
        &self,
        reference: TaskRef,
        precondition: &Precondition,
    ) -> Result<(), StoreError> {
        let mut lease = self.connections.take().await?;
        let mut writing = self.transaction(&mut lease).await?;
        writing.remove(reference, precondition).await?;
        writing.finish().await?;
        lease.keep();
        Ok(())
    }

    /// Rows are taken in one order, so two of these never wait for each other over tasks; what else is written in
    /// the same transaction might still be taken the other way round by somebody.
    async fn carry_out(&self, work: &Work<'_>) -> Result<CarriedOut, StoreError> {
        let deadline = Instant::now() + self.connections.statement_timeout();
        let mut attempts = 1;
        loop {
            match self.attempt(work, deadline).await {
                Err(error) if attempts < ATTEMPTS && was_rolled_back(&error) => attempts += 1,
                done => return done,
            }
        }
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

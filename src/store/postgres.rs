//! Tasks in PostgreSQL 13 or newer.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Executor, Postgres, QueryBuilder};
use time::OffsetDateTime;
use uuid::Uuid;

use super::failure::{Failures, retry_broken_read};
use super::lease::{Lease, Leases};
use super::query::{self, Dialect, WordSearch, like_pattern};
use super::row::{CensusRow, StatsRow, TaskRow, Timestamp};
use super::{ListQuery, Page, PoolSettings, StoreError, TaskStore, sql};
use crate::domain::{CensusLine, Precondition, Task, TaskFilter, TaskPatch, TaskRef, TaskStats};

/// The connections to one PostgreSQL database.
#[derive(Debug)]
pub(super) struct PostgresStore {
    connections: Leases<Postgres>,
    failures: Arc<Failures>,
}

impl PostgresStore {
    /// Prepares the pool; connections are opened when they are first needed.
    pub(super) fn new(target: &PgConnectOptions, settings: &PoolSettings) -> Self {
        let failures = Arc::new(Failures::default());
        // Set after connecting, and not as start-up parameters, because poolers refuse those.
        let statement_timeout = settings.statement_timeout().as_millis();
        let session = format!("SET statement_timeout = {statement_timeout}; SET timezone = 'UTC'");
        let session: Arc<str> = session.into();
        let known = Arc::clone(&failures);
        let options = target.clone().application_name("taskmanager").extra_float_digits(None);
        let pool = PgPoolOptions::new()
            .max_connections(settings.max_connections)
            .acquire_timeout(settings.acquire_timeout())
            .idle_timeout(Duration::from_mins(10))
            .max_lifetime(Duration::from_mins(30))
            // A round trip for each request is too dear; see `Failures` for what stands in its place.
            .test_before_acquire(false)
            .before_acquire(move |_, meta| {
                let usable = known.none_within(meta.age);
                Box::pin(async move { Ok(usable) })
            })
            .after_connect(move |connection, _| {
                let session = Arc::clone(&session);
                Box::pin(async move {
                    let statement = sqlx::AssertSqlSafe(session.to_string());
                    connection.execute(sqlx::raw_sql(statement)).await.map(drop)
                })
            })
            .connect_lazy_with(options);
        Self { connections: Leases::new(pool), failures }
    }

    pub(super) fn connections(&self) -> &Leases<Postgres> {
        &self.connections
    }

    fn explain(&self, error: sqlx::Error) -> StoreError {
        self.failures.explain(error, unavailable)
    }

    async fn lease(&self) -> Result<Lease<'_, Postgres>, StoreError> {
        let lease = self.connections.take(|age| self.failures.none_within(age)).await;
        lease.map_err(|error| self.explain(error))
    }

    async fn read_one(&self, reference: TaskRef) -> Result<Option<Task>, StoreError> {
        let query = match reference {
            TaskRef::Id(id) => sqlx::query_as::<_, TaskRow>(sql::SELECT_BY_ID).bind(id),
            TaskRef::Number(number) => sqlx::query_as(sql::SELECT_BY_NUMBER).bind(number),
        };
        let mut lease = self.lease().await?;
        let row = query.fetch_optional(&mut *lease).await.map_err(|error| self.explain(error))?;
        lease.keep();
        row.map(Task::try_from).transpose()
    }

    async fn read_page(&self, request: &ListQuery) -> Result<Page, StoreError> {
        let mut query = query::list::<Postgres>(request, WordSearch::Index);
        // The plan of a search depends on how rare its words are: never a generic one.
        let persistent = request.filter.words.is_empty();
        let mut lease = self.lease().await?;
        let rows = query.build_query_as::<TaskRow>().persistent(persistent).fetch_all(&mut *lease);
        let rows = rows.await.map_err(|error| self.explain(error))?;
        lease.keep();
        Page::from_rows(rows, request.limit)
    }

    async fn read_stats(
        &self,
        filter: &TaskFilter,
        now: OffsetDateTime,
    ) -> Result<TaskStats, StoreError> {
        let mut query = query::stats::<Postgres>(filter, now);
        let persistent = filter.words.is_empty();
        let mut lease = self.lease().await?;
        let row = query.build_query_as::<StatsRow>().persistent(persistent).fetch_one(&mut *lease);
        let row = row.await.map_err(|error| self.explain(error))?;
        lease.keep();
        Ok(row.into())
    }

    async fn read_count(
        &self,
        filter: &TaskFilter,
        now: OffsetDateTime,
    ) -> Result<i64, StoreError> {
        let mut query = query::count::<Postgres>(filter, now);
        let persistent = filter.words.is_empty();
        let mut lease = self.lease().await?;
        let count = query.build_query_scalar().persistent(persistent).fetch_one(&mut *lease);
        let count = count.await.map_err(|error| self.explain(error))?;
        lease.keep();
        Ok(count)
    }

    async fn read_census(&self) -> Result<Vec<CensusLine>, StoreError> {
        let mut lease = self.lease().await?;
        let rows = sqlx::query_as::<_, CensusRow>(sql::CENSUS).fetch_all(&mut *lease).await;
        let rows = rows.map_err(|error| self.explain(error))?;
        lease.keep();
        rows.into_iter().map(TryInto::try_into).collect()
    }
}

#[async_trait]
impl TaskStore for PostgresStore {
    async fn create(&self, mut task: Task) -> Result<Task, StoreError> {
        let insert = sql::bind_task(sqlx::query::<Postgres>(sql::INSERT), &task);
        let mut lease = self.lease().await?;
        let row = insert.fetch_one(&mut *lease).await.map_err(|error| self.explain(error))?;
        lease.keep();
        task.number = sqlx::Row::try_get(&row, 0).map_err(|error| self.explain(error))?;
        Ok(task)
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
        let mut lease = self.lease().await?;
        let failed = |error| self.explain(error);
        let mut transaction = sqlx::Connection::begin(&mut *lease).await.map_err(failed)?;
        let present = lock(&mut transaction, reference, failed).await?;
        if !precondition.holds(&present) {
            return Err(StoreError::Conflict);
        }
        let Some(next) = present.patched(patch, now) else { return Ok(present) };
        let update = sql::bind_task(sqlx::query::<Postgres>(sql::UPDATE), &next);
        update.execute(&mut *transaction).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
        lease.keep();
        Ok(next)
    }

    async fn delete(
        &self,
        reference: TaskRef,
        precondition: &Precondition,
    ) -> Result<(), StoreError> {
        let mut lease = self.lease().await?;
        let failed = |error| self.explain(error);
        let mut transaction = sqlx::Connection::begin(&mut *lease).await.map_err(failed)?;
        let present = lock(&mut transaction, reference, failed).await?;
        if !precondition.holds(&present) {
            return Err(StoreError::Conflict);
        }
        let delete = sqlx::query(sql::DELETE).bind(present.id);
        delete.execute(&mut *transaction).await.map_err(failed)?;
        transaction.commit().await.map_err(failed)?;
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

    async fn census(&self) -> Result<Vec<CensusLine>, StoreError> {
        retry_broken_read(|| self.read_census()).await
    }
}

/// Reads the task and keeps it from others until the transaction ends.
async fn lock(
    transaction: &mut sqlx::Transaction<'_, Postgres>,
    reference: TaskRef,
    failed: impl Fn(sqlx::Error) -> StoreError,
) -> Result<Task, StoreError> {
    let query = match reference {
        TaskRef::Id(id) => sqlx::query_as::<_, TaskRow>(sql::LOCK_BY_ID).bind(id),
        TaskRef::Number(number) => sqlx::query_as(sql::LOCK_BY_NUMBER).bind(number),
    };
    let row = query.fetch_optional(&mut **transaction).await.map_err(failed)?;
    row.ok_or(StoreError::NotFound)?.try_into()
}

/// The word for an SQLSTATE (PostgreSQL's manual, appendix A) that means "not now".
fn unavailable(error: &sqlx::Error) -> Option<&'static str> {
    let code = error.as_database_error()?.code()?;
    match (code.get(..2)?, code.as_ref()) {
        (_, "57014") => Some("timeout"),
        (_, "57P01" | "57P02" | "57P03" | "57P05") | ("08" | "28" | "3D", _) => Some("connection"),
        (_, "55P03") | ("40", _) => Some("busy"),
        (_, "25006") => Some("read_only"),
        (_, "53100") => Some("full"),
        ("53", _) => Some("resources"),
        ("58", _) => Some("io"),
        _ => None,
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

//! Tasks in an SQLite file: one writer, many readers, write-ahead logging.
//!
//! All writes of this process stand in line for one connection, and take the write lock when they begin
//! (`BEGIN IMMEDIATE`), so that no two of them ever meet "database is locked"; only another process, and the short
//! transactions of upkeep (see `probe.rs`, `retention.rs`), can make them wait, for `busy_timeout` at most.

mod events;
mod writing;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, QueryBuilder, Sqlite, SqliteConnection};
use time::OffsetDateTime;
use tokio::time::Instant;
use uuid::Uuid;

use self::writing::Writing;
use super::checkpoint::JOURNAL_SIZE_LIMIT_BYTES;
use super::events::Commits;
use super::failure::Failures;
use super::file::File;
use super::lease::{Lease, Leases};
use super::query::{self, Dialect, WordSearch, like_pattern};
use super::row::{CensusRow, DayRow, StatsRow, TaskRow, Timestamp};
use super::work::{self, Writes};
use super::{CarriedOut, ListQuery, Page, PoolSettings, StoreError, TaskStore, Work, sql};
use crate::config::{self, SqliteMode, SqliteTarget};
use crate::domain::daily::figures;
use crate::domain::{
    CensusLine, DayFigures, DayWindow, Precondition, SortField, Task, TaskFilter, TaskPatch,
    TaskRef, TaskStats,
};

/// Shortest word, in characters, that the trigram index can find.
const INDEXED_WORD: usize = 3;
/// From so many rows that hold the words on, a list that is sorted by an index finds its page sooner by
/// walking that. Of a million tasks, measured: collecting and sorting takes 3 µs for each row that is
/// found, passing over one 0.4 µs.
const COMMON_WORDS: i64 = 4_000;
/// The same where the whole table must be read and sorted, because no index has the order.
const COMMON_WORDS_UNSORTED: i64 = 100_000;

/// Whether a connection can be lent again. `SQLite` ends a transaction by itself when the disk is full or fails
/// (<https://sqlite.org/lang_transaction.html>, section 2.3); the driver goes on to think that it is in one,
/// and every later `BEGIN` on that connection fails.
async fn is_idle(connection: &mut SqliteConnection) -> Result<bool, sqlx::Error> {
    if connection.is_in_transaction() {
        // A rollback is done in the background: this waits for it.
        connection.ping().await?;
    }
    Ok(!connection.is_in_transaction())
}

/// One file's writer and readers.
#[derive(Debug)]
pub(super) struct SqliteStore {
    writer: Leases<Sqlite>,
    readers: Leases<Sqlite>,
    file: Arc<File>,
    failures: Arc<Failures>,
    commits: Arc<Commits>,
    /// Longest time for all statements of a transaction together.
    work_timeout: Duration,
}

impl SqliteStore {
    /// Prepares the pools; connections are opened when they are first needed.
    pub(super) fn new(
        target: &SqliteTarget,
        settings: &PoolSettings,
        failures: Arc<Failures>,
    ) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(&target.path)
            // The schema is right before a store is opened, so the file is there. One that has gone away
            // must not be followed by an empty one.
            .create_if_missing(false)
            .busy_timeout(settings.statement_timeout().min(Duration::from_secs(5)))
            .foreign_keys(true)
            .optimize_on_close(true, 400);
        let writing = match target.mode {
            SqliteMode::ReadOnly => options.clone().read_only(true),
            SqliteMode::ReadWrite | SqliteMode::Create => options
                .clone()
                .journal_mode(SqliteJournalMode::Wal)
                .pragma("journal_size_limit", JOURNAL_SIZE_LIMIT_BYTES.to_string())
                .synchronous(match settings.sqlite_synchronous {
                    config::SqliteSynchronous::Full => SqliteSynchronous::Full,
                    config::SqliteSynchronous::Normal => SqliteSynchronous::Normal,
                }),
        };
        let file = Arc::new(File::new(target.path.clone(), Arc::clone(&failures)));
        let pool = || {
            let file = Arc::clone(&file);
            SqlitePoolOptions::new()
                .acquire_timeout(settings.acquire_timeout())
                .test_before_acquire(false)
                .before_acquire(move |_, meta| {
                    let usable = file.is_that_of(meta.age);
                    Box::pin(async move { Ok(usable) })
                })
                .after_release(|connection, _| Box::pin(is_idle(connection)))
                .max_lifetime(None)
        };
        let readers = settings.max_connections.saturating_sub(1).max(1);
        Self {
            writer: Leases::new(
                pool().max_connections(1).idle_timeout(None).connect_lazy_with(writing),
            ),
            readers: Leases::new(
                pool()
                    .max_connections(readers)
                    .idle_timeout(Duration::from_mins(1))
                    .connect_lazy_with(options.read_only(true)),
            ),
            file,
            failures,
            commits: Arc::default(),
            work_timeout: settings.statement_timeout(),
        }
    }

    /// The writer, and the readers.
    pub(super) fn connections(&self) -> [&Leases<Sqlite>; 2] {
        [&self.writer, &self.readers]
    }

    fn explain(&self, error: sqlx::Error) -> StoreError {
        explain(&self.failures, error)
    }

    async fn lease<'a>(&self, from: &'a Leases<Sqlite>) -> Result<Lease<'a, Sqlite>, StoreError> {
        let lease = from.take(|age| self.file.is_that_of(age)).await;
        lease.map_err(|error| self.explain(error))
    }

    async fn begin<'a>(&self, lease: &'a mut Lease<'_, Sqlite>) -> Result<Writing<'a>, StoreError> {
        let begun = lease.begin_with("BEGIN IMMEDIATE").await;
        let transaction = begun.map_err(|error| self.explain(error))?;
        let (failures, commits) = (Arc::clone(&self.failures), Arc::clone(&self.commits));
        Ok(Writing::new(transaction, failures, commits))
    }

    /// Whether so many rows hold the words that looking them all up is the long way: SQLite keeps no
    /// statistics of the index.
    async fn search_by(
        &self,
        lease: &mut Lease<'_, Sqlite>,
        request: &ListQuery,
    ) -> Result<WordSearch, StoreError> {
        let Some(phrases) = phrases(&request.filter.words) else { return Ok(WordSearch::Walk) };
        let walks = request.sort.keys().first().is_some_and(|key| {
            use SortField::{CreatedAt, DueDate, Number};
            matches!(key.field, CreatedAt | DueDate | Number)
        });
        let common = if walks { COMMON_WORDS } else { COMMON_WORDS_UNSORTED };
        let found = sqlx::query_scalar(sql::COUNT_FOUND).bind(phrases).bind(common);
        let found: i64 =
            found.fetch_one(&mut **lease).await.map_err(|error| self.explain(error))?;
        Ok(if found < common { WordSearch::Index } else { WordSearch::Walk })
    }
}

#[async_trait]
impl TaskStore for SqliteStore {
    async fn create(&self, task: Task) -> Result<Task, StoreError> {
        let mut lease = self.lease(&self.writer).await?;
        let mut writing = self.begin(&mut lease).await?;
        let task = writing.insert(task).await?;
        writing.finish().await?;
        lease.keep();
        Ok(task)
    }

    async fn create_many(&self, mut tasks: Vec<Task>) -> Result<Vec<Task>, StoreError> {
        let mut lease = self.lease(&self.writer).await?;
        let mut writing = self.begin(&mut lease).await?;
        writing.insert_many(&mut tasks).await?;
        writing.finish().await?;
        lease.keep();
        Ok(tasks)
    }

    async fn get(&self, reference: TaskRef) -> Result<Option<Task>, StoreError> {
        let mut lease = self.lease(&self.readers).await?;
        let row = select(reference).fetch_optional(&mut *lease).await;
        let row = row.map_err(|error| self.explain(error))?;
        lease.keep();
        row.map(Task::try_from).transpose()
    }

    async fn update(
        &self,
        reference: TaskRef,
        precondition: &Precondition,
        patch: &TaskPatch,
        now: OffsetDateTime,
    ) -> Result<Task, StoreError> {
        let mut lease = self.lease(&self.writer).await?;
        let mut writing = self.begin(&mut lease).await?;
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
        let mut lease = self.lease(&self.writer).await?;
        let mut writing = self.begin(&mut lease).await?;
        writing.remove(reference, precondition).await?;
        writing.finish().await?;
        lease.keep();
        Ok(())
    }

    async fn carry_out(&self, work: &Work<'_>) -> Result<CarriedOut, StoreError> {
        let deadline = Instant::now() + self.work_timeout;
        let mut lease = self.lease(&self.writer).await?;
        let mut writing = self.begin(&mut lease).await?;
        let carried_out = work::before(deadline, work::carry_out(&mut writing, work)).await?;
        writing.finish().await?;
        lease.keep();
        Ok(carried_out)
    }

    async fn list(&self, request: &ListQuery) -> Result<Page, StoreError> {
        let mut lease = self.lease(&self.readers).await?;
        let words = self.search_by(&mut lease, request).await?;
        let mut query = query::list::<Sqlite>(request, words);
        let rows = query.build_query_as::<TaskRow>().fetch_all(&mut *lease).await;
        let rows = rows.map_err(|error| self.explain(error))?;
        lease.keep();
        Page::from_rows(rows, request.limit)
    }

    async fn count(&self, filter: &TaskFilter, now: OffsetDateTime) -> Result<i64, StoreError> {
        let mut query = query::count::<Sqlite>(filter, now);
        let mut lease = self.lease(&self.readers).await?;
        let count = query.build_query_scalar().fetch_one(&mut *lease).await;
        let count = count.map_err(|error| self.explain(error))?;
        lease.keep();
        Ok(count)
    }

    async fn stats(
        &self,
        filter: &TaskFilter,
        now: OffsetDateTime,
    ) -> Result<TaskStats, StoreError> {
        let mut query = query::stats::<Sqlite>(filter, now);
        let mut lease = self.lease(&self.readers).await?;
        let row = query.build_query_as::<StatsRow>().fetch_one(&mut *lease).await;
        let row = row.map_err(|error| self.explain(error))?;
        lease.keep();
        Ok(row.into())
    }

    async fn daily(&self, window: &DayWindow) -> Result<Vec<DayFigures>, StoreError> {
        let mut query = query::daily::<Sqlite>(window.start());
        let mut lease = self.lease(&self.readers).await?;
        let rows = query.build_query_as::<DayRow>().fetch_all(&mut *lease).await;
        let rows = rows.map_err(|error| self.explain(error))?;
        lease.keep();
        Ok(figures(window, &rows.into_iter().map(Into::into).collect::<Vec<_>>()))
    }

    async fn census(&self) -> Result<Vec<CensusLine>, StoreError> {
        let mut lease = self.lease(&self.readers).await?;
        let rows = sqlx::query_as::<_, CensusRow>(sql::CENSUS).fetch_all(&mut *lease).await;
        let rows = rows.map_err(|error| self.explain(error))?;
        lease.keep();
        rows.into_iter().map(TryInto::try_into).collect()
    }
}

type SelectOne<'q> = sqlx::query::QueryAs<'q, Sqlite, TaskRow, sqlx::sqlite::SqliteArguments>;

fn select<'q>(reference: TaskRef) -> SelectOne<'q> {
    match reference {
        TaskRef::Id(id) => sqlx::query_as(sql::SELECT_BY_ID).bind(id),
        TaskRef::Number(number) => sqlx::query_as(sql::SELECT_BY_NUMBER).bind(number),
    }
}

fn explain(failures: &Failures, error: sqlx::Error) -> StoreError {
    failures.explain(error, unavailable)
}

/// The word for a result code (<https://sqlite.org/rescode.html>) that means "not now".
pub(super) fn unavailable(error: &sqlx::Error) -> Option<&'static str> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    match code & 0xff {
        5 | 6 => Some("busy"),
        8 => Some("read_only"),
        10 | 14 => Some("io"),
        11 | 26 => Some("corrupt"),
        13 => Some("full"),
        _ => None,
    }
}

impl Dialect for Sqlite {
    const DUE_DATE: &'static str = "coalesce(due_date, 9223372036854775807)";
    const DUE_DATE_DESCENDING: &'static str = "coalesce(due_date, -9223372036854775807)";
    const COMPLETED_AT: &'static str = "coalesce(completed_at, 9223372036854775807)";
    const COMPLETED_AT_DESCENDING: &'static str = "coalesce(completed_at, -9223372036854775807)";
    const LATEST: &'static str = "9223372036854775807";
    const EARLIEST: &'static str = "-9223372036854775807";
    const TITLE: &'static str = "substr(search_text, 1, instr(search_text, char(10)) - 1)";

    const NO_INDEX: &'static str = "+";

    fn push_day(query: &mut QueryBuilder<Self>, column: &str, start: OffsetDateTime) {
        query.push("(").push(column).push(" - ");
        Self::push_time(query, start);
        query.push(") / 86400000000");
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

    /// The trigram index finds words of three letters or more, all in one look-up.
    fn push_words(query: &mut QueryBuilder<Self>, words: &[String], by: WordSearch) {
        let phrases = phrases(words).filter(|_| by == WordSearch::Index);
        let mut before = "";
        if let Some(phrases) = &phrases {
            query.push("number IN (SELECT rowid FROM tasks_search WHERE tasks_search MATCH ");
            query.push_bind(phrases.clone()).push(")");
            before = " AND ";
        }
        for word in words.iter().filter(|word| phrases.is_none() || !is_indexed(word)) {
            query.push(before).push("search_text LIKE ").push_bind(like_pattern(word));
            query.push(" ESCAPE '\\'");
            before = " AND ";
        }
    }
}

fn is_indexed(word: &str) -> bool {
    word.chars().count() >= INDEXED_WORD
}

/// The look-up of those words that the trigram index can find, if there is one: each is an FTS5 string
/// (<https://sqlite.org/fts5.html> section 3.1), in which only the quote has a meaning.
fn phrases(words: &[String]) -> Option<String> {
    let indexed = words.iter().filter(|word| is_indexed(word));
    let phrases: Vec<_> =
        indexed.map(|word| format!("\"{}\"", word.replace('"', "\"\""))).collect();
    (!phrases.is_empty()).then(|| phrases.join(" AND "))
}

//! Tasks in an SQLite file: one writer, many readers, write-ahead logging.
//!
//! All writes of this process go through one connection, and take the write lock when they begin (`BEGIN IMMEDIATE`),
//! so that no two of them ever meet "database is locked"; only another process, and the short transactions of upkeep
//! (see `probe.rs`, `retention.rs`), can make them wait, for `busy_timeout` at most.

mod events;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{ConnectOptions, Connection, QueryBuilder, Sqlite};
use time::OffsetDateTime;
use uuid::Uuid;

pub(super) use self::events::SqliteEvents;
use super::backend::{Backend, Open, Role, Scope};
use super::batch::Change;
use super::checkpoint::{self, JOURNAL_SIZE_LIMIT_BYTES};
use super::error::READ_ONLY;
use super::file_identity::File;
use super::idempotency::{IdempotencyKey, KeyRow, StoredResponse};
use super::limits::INTERRUPT_CHECK_INSTRUCTIONS;
use super::query::{Dialect, WordSearch, like_pattern};
use super::retention::sqlite::{CLAIM_KEY, FIND_KEY};
use super::row::{TaskRow, Timestamp};
use super::{ListQuery, PoolSettings, insert, sql};
use crate::config::{self, SqliteMode, SqliteTarget};
use crate::domain::{EventKind, SortField, Task, TaskRef};

/// Shortest word, in characters, that the trigram index can find.
const INDEXED_WORD: usize = 3;
/// From so many rows that hold the words on, a list that is sorted by an index finds its page sooner by
/// walking that. Of a million tasks, measured: collecting and sorting takes 3 µs for each row that is
/// found, passing over one 0.4 µs.
const COMMON_WORDS: i64 = 4_000;
/// The same where the whole table must be read and sorted, because no index has the order.
const COMMON_WORDS_UNSORTED: i64 = 100_000;
/// Looks several tasks up at once; `$1`: a JSON array of ids in hexadecimal digits.
const SELECT_BY_IDS: &str = " WHERE id IN (SELECT unhex(value) FROM json_each($1))";
/// The same; `$1`: a JSON array of numbers.
const SELECT_BY_NUMBERS: &str = " WHERE number IN (SELECT value FROM json_each($1))";

/// One file.
#[derive(Debug)]
pub(super) struct SqliteBackend {
    writing: SqliteConnectOptions,
    reading: SqliteConnectOptions,
    file: File,
    /// The interrupts of the connections, which live as long as these.
    open: Mutex<Vec<Weak<AtomicBool>>>,
}

impl SqliteBackend {
    pub(super) fn new(target: &SqliteTarget, settings: &PoolSettings) -> Self {
        let options = SqliteConnectOptions::new()
            .filename(&target.path)
            // The schema is right before a store is opened, so the file is there. One that has gone away
            // must not be followed by an empty one.
            .create_if_missing(false)
            .busy_timeout(settings.statement_timeout().min(Duration::from_secs(5)))
            .foreign_keys(true)
            .optimize_on_close(true, 400);
        let reading = options.clone().read_only(true);
        let writing = match target.mode {
            SqliteMode::ReadOnly => reading.clone(),
            SqliteMode::ReadWrite | SqliteMode::Create => options
                .journal_mode(SqliteJournalMode::Wal)
                .pragma("journal_size_limit", JOURNAL_SIZE_LIMIT_BYTES.to_string())
                .synchronous(match settings.sqlite_synchronous {
                    config::SqliteSynchronous::Full => SqliteSynchronous::Full,
                    config::SqliteSynchronous::Normal => SqliteSynchronous::Normal,
                }),
        };
        Self { writing, reading, file: File::new(target.path.clone()), open: Mutex::default() }
    }

    fn is_open(&self) -> bool {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.iter().any(|interrupt| interrupt.strong_count() > 0)
    }
}

#[async_trait]
impl Backend for SqliteBackend {
    type Db = Sqlite;
    /// Set, it stops every statement on the connection from then on.
    type Interrupt = Arc<AtomicBool>;

    const LOOKUP_LOOPS: usize = 2;
    const PLANS_FIT_ALL_VALUES: bool = true;
    const INSERT_TASKS_MAX: usize = 0;

    fn connections(settings: &PoolSettings) -> (u32, Option<u32>) {
        (1, Some(settings.max_connections.saturating_sub(1).max(1)))
    }

    fn lifetimes(role: Role) -> (Option<Duration>, Option<Duration>) {
        (None, (role == Role::Read).then_some(Duration::from_mins(1)))
    }

    async fn open(&self, role: Role) -> Result<Open<Self>, sqlx::Error> {
        let options = if role == Role::Write { &self.writing } else { &self.reading };
        let mut connection = options.connect().await?;
        let interrupt = Arc::new(AtomicBool::new(false));
        let go_on = {
            let interrupt = Arc::clone(&interrupt);
            move || !interrupt.load(Ordering::Relaxed)
        };
        let mut handle = connection.lock_handle().await?;
        handle.set_progress_handler(INTERRUPT_CHECK_INSTRUCTIONS, go_on);
        drop(handle);
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.retain(|interrupt| interrupt.strong_count() > 0);
        open.push(Arc::downgrade(&interrupt));
        drop(open);
        Ok(Open::new(connection, interrupt))
    }

    fn fits(&self, opened: Instant) -> bool {
        self.file.is_that_of(opened)
    }

    fn has_lost_its_log(&self) -> bool {
        if self.is_open() {
            return self.file.has_lost_its_log();
        }
        // The last connection to close takes the log with it.
        self.file.forget_log();
        false
    }

    async fn save_log(&self, open: Option<&mut Open<Self>>) -> Result<(), sqlx::Error> {
        let saved = match open {
            Some(open) => checkpoint::move_whole_log(&mut open.raw).await,
            None => Ok(()),
        };
        self.file.forget_log();
        saved
    }

    async fn prove_idle(&self, open: &mut Open<Self>) -> Result<(), sqlx::Error> {
        open.raw.ping().await
    }

    async fn interrupt(&self, interrupt: &Arc<AtomicBool>) -> bool {
        interrupt.store(true, Ordering::Relaxed);
        true
    }

    fn unavailable(error: &sqlx::Error) -> Option<&'static str> {
        unavailable(error)
    }

    fn was_rolled_back(_: &sqlx::Error) -> bool {
        false
    }

    /// SQLite prepares a statement again by itself when the schema has changed.
    fn is_stale_plan(_: &sqlx::Error) -> bool {
        false
    }

    fn keeps_statements(&self) -> bool {
        true
    }

    async fn begin(&self, open: &mut Open<Self>, scope: Scope) -> Result<bool, sqlx::Error> {
        if scope == Scope::Read {
            return Ok(false);
        }
        sqlx::query("BEGIN IMMEDIATE").execute(&mut open.raw).await?;
        Ok(true)
    }

    async fn commit(&self, open: &mut Open<Self>) -> Result<(), sqlx::Error> {
        sqlx::query("COMMIT").execute(&mut open.raw).await.map(drop)
    }

    /// Fails where SQLite has ended the transaction by itself, as it does when the disk is full or fails
    /// (<https://sqlite.org/lang_transaction.html>, section 2.3): that connection is closed.
    async fn rollback(&self, open: &mut Open<Self>) -> Result<(), sqlx::Error> {
        sqlx::query("ROLLBACK").execute(&mut open.raw).await.map(drop)
    }

    async fn find_tasks(
        &self,
        open: &mut Open<Self>,
        references: &[TaskRef],
    ) -> Result<Vec<TaskRow>, sqlx::Error> {
        if let [reference] = references {
            let query = match reference {
                TaskRef::Id(id) => sqlx::query_as(sql::SELECT_BY_ID).bind(id),
                TaskRef::Number(number) => sqlx::query_as(sql::SELECT_BY_NUMBER).bind(number),
            };
            return query.fetch_all(&mut open.raw).await;
        }
        let (ids, numbers) = sql::split(references);
        let mut rows = Vec::with_capacity(references.len());
        if !ids.is_empty() {
            let ids: Vec<_> = ids.iter().map(|id| format!("\"{}\"", id.simple())).collect();
            let mut query = QueryBuilder::<Sqlite>::new(sql::SELECT);
            query.push(SELECT_BY_IDS);
            let query = query.build_query_as::<TaskRow>();
            rows = query.bind(format!("[{}]", ids.join(","))).fetch_all(&mut open.raw).await?;
        }
        if !numbers.is_empty() {
            let numbers: Vec<_> = numbers.iter().map(i64::to_string).collect();
            let mut query = QueryBuilder::<Sqlite>::new(sql::SELECT);
            query.push(SELECT_BY_NUMBERS);
            let query = query.build_query_as::<TaskRow>();
            let query = query.bind(format!("[{}]", numbers.join(",")));
            rows.extend(query.fetch_all(&mut open.raw).await?);
        }
        Ok(rows)
    }

    /// There is one writer at a time.
    async fn lock_tasks(
        &self,
        open: &mut Open<Self>,
        references: &[TaskRef],
        _: bool,
    ) -> Result<Vec<TaskRow>, sqlx::Error> {
        self.find_tasks(open, references).await
    }

    async fn insert_tasks(
        &self,
        open: &mut Open<Self>,
        tasks: &mut [Task],
    ) -> Result<(), sqlx::Error> {
        let mut rest = tasks;
        while !rest.is_empty() {
            // Powers of two, so that few statements are prepared, and each is used again.
            let rows = 1 << rest.len().min(insert::ROWS_MAX).ilog2();
            let (chunk, others) = rest.split_at_mut(rows);
            let numbers =
                insert::tasks::<Sqlite>(chunk).build_query_as().fetch_all(&mut open.raw).await?;
            insert::number(chunk, &numbers)?;
            insert::events::<Sqlite>(chunk).build().execute(&mut open.raw).await?;
            rest = others;
        }
        Ok(())
    }

    async fn write_changes(
        &self,
        open: &mut Open<Self>,
        changes: &[Change],
    ) -> Result<(), sqlx::Error> {
        for Change { kind, task } in changes {
            let event = sqlx::query(sql::INSERT_EVENT).bind(task.id).bind(kind.as_str());
            if *kind == EventKind::Deleted {
                event.execute(&mut open.raw).await?;
                sqlx::query(sql::DELETE).bind(task.id).execute(&mut open.raw).await?;
            } else {
                let update = sql::bind_task(sqlx::query::<Sqlite>(sql::UPDATE), task);
                update.execute(&mut open.raw).await?;
                event.execute(&mut open.raw).await?;
            }
        }
        Ok(())
    }

    async fn claim_key(
        &self,
        open: &mut Open<Self>,
        once: &IdempotencyKey,
    ) -> Result<bool, sqlx::Error> {
        let claim = sqlx::query(CLAIM_KEY).bind(&once.key).bind(once.fingerprint.as_slice());
        Ok(claim.execute(&mut open.raw).await?.rows_affected() == 1)
    }

    async fn find_key(
        &self,
        open: &mut Open<Self>,
        key: &str,
    ) -> Result<Option<KeyRow>, sqlx::Error> {
        sqlx::query_as(FIND_KEY).bind(key).fetch_optional(&mut open.raw).await
    }

    async fn store_answer(
        &self,
        open: &mut Open<Self>,
        key: &str,
        answer: &StoredResponse,
    ) -> Result<(), sqlx::Error> {
        let keep = sqlx::query(sql::KEEP_ANSWER).bind(key).bind(i64::from(answer.status));
        let keep = keep.bind(&answer.location).bind(&answer.entity_tag).bind(&answer.body);
        keep.execute(&mut open.raw).await.map(drop)
    }

    /// Whether so many rows hold the words that looking them all up is the long way: SQLite keeps no
    /// statistics of the index.
    async fn search_by(
        &self,
        open: &mut Open<Self>,
        request: &ListQuery,
    ) -> Result<WordSearch, sqlx::Error> {
        let Some(phrases) = phrases(&request.filter.words) else { return Ok(WordSearch::Walk) };
        let walks = request.sort.keys().first().is_some_and(|key| {
            use SortField::{CreatedAt, DueDate, Number};
            matches!(key.field, CreatedAt | DueDate | Number)
        });
        let common = if walks { COMMON_WORDS } else { COMMON_WORDS_UNSORTED };
        let found = sqlx::query_scalar(sql::COUNT_FOUND).bind(phrases).bind(common);
        let found: i64 = found.fetch_one(&mut open.raw).await?;
        Ok(if found < common { WordSearch::Index } else { WordSearch::Walk })
    }
}

/// The word for a result code (<https://sqlite.org/rescode.html>) that means "not now".
pub(super) fn unavailable(error: &sqlx::Error) -> Option<&'static str> {
    let code: u32 = error.as_database_error()?.code()?.parse().ok()?;
    match code & 0xff {
        5 | 6 => Some("busy"),
        // Interrupted: it took longer than its request has time.
        9 => Some("timeout"),
        8 => Some(READ_ONLY),
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

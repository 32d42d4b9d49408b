//! An open store on a database of the test's own.

use std::sync::Arc;
use std::time::Duration;

use schemakeep::{MigratorOptions, Progress, Safety, TABLE_LOCK_WAIT, ensure_schema};
use taskmanager::config::{DatabaseUrl, MigrateMode, SqliteSynchronous};
use taskmanager::domain::{
    Clock, Cursor, Priority, SealedCursor, Sort, Status, SystemClock, Task, TaskDraft, TaskFilter,
    Title,
};
use taskmanager::store::{Database as Opened, ListQuery, Page, PoolSettings, Start, TaskStore};
use time::OffsetDateTime;
use time::macros::datetime;
use tokio_util::sync::CancellationToken;

use testkit::sessions::left_in_transaction;
use testkit::{Backend, Database};

/// What these tests call now, unless time is their subject.
pub(crate) const NOW: OffsetDateTime = datetime!(2026-11-21 09:00:00.123456 UTC);

/// The parts are dropped in this order.
pub(crate) struct Fixture {
    _left: LeftInTransaction,
    pub(crate) tasks: Arc<dyn TaskStore>,
    pub(crate) opened: Opened,
    pub(crate) database: Database,
}

/// Demands, when it is dropped, that the store leaves no session idle in a transaction.
struct LeftInTransaction(String);

impl Drop for LeftInTransaction {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let left = left_in_transaction(&self.0);
            assert!(left.is_empty(), "idle in a transaction: {left:#?}");
        }
    }
}

impl Fixture {
    /// Migrates an empty database, and opens it.
    pub(crate) async fn new(backend: Backend) -> Self {
        taskmanager::program::PROGRAM.install();
        let database = Database::empty(backend).await;
        let url = DatabaseUrl::parse(&database.url).expect("a URL");
        let set = taskmanager::program::migrations(url.dialect()).expect("the migrations");
        let settings = MigratorOptions {
            url: url.clone(),
            mode: MigrateMode::Auto,
            database_wait: Duration::from_secs(30),
            lock_wait: Duration::from_secs(30),
            table_lock_wait: TABLE_LOCK_WAIT,
            safety: Safety::none(),
            stop: CancellationToken::new(),
        };
        let prepared = ensure_schema(&settings, &set, &SystemClock, &Progress::default()).await;
        prepared.expect("a migrated database");
        let pool = PoolSettings {
            max_connections: 10,
            request_timeout: Duration::from_mins(1),
            sqlite_synchronous: SqliteSynchronous::Full,
        };
        let opened = Opened::open(url.target(), &pool);
        let left = LeftInTransaction(database.url.clone());
        Self { _left: left, tasks: opened.tasks(), opened, database }
    }

    /// Stores tasks one after the other, and returns them with their numbers.
    pub(crate) async fn store(&self, tasks: impl IntoIterator<Item = Task>) -> Vec<Task> {
        let mut stored = Vec::new();
        for task in tasks {
            stored.push(self.tasks.create(task).await.expect("a stored task"));
        }
        stored
    }

    /// Runs a statement beside the store.
    pub(crate) async fn execute(&self, sql: &str) {
        self.database.connect().await.execute(sql).await;
    }

    pub(crate) async fn page(
        &self,
        filter: &TaskFilter,
        sort: &Sort,
        limit: u32,
        start: Start,
    ) -> Page {
        let (filter, sort) = (filter.clone(), sort.clone());
        let query = ListQuery { filter, sort, limit, start, now: NOW };
        self.tasks.list(&query).await.expect("a page")
    }

    /// All pages of a list, each reached by the cursor of the one before, as a client would.
    pub(crate) async fn walk(&self, filter: &TaskFilter, sort: &Sort, limit: u32) -> Vec<Task> {
        let mut rows = Vec::new();
        let mut start = Start::Skip(0);
        loop {
            let page = self.page(filter, sort, limit, start).await;
            assert!(page.tasks.len() <= limit as usize, "a page of {}", page.tasks.len());
            assert!(!page.more || page.tasks.len() == limit as usize, "a short page before more");
            rows.extend(page.tasks);
            assert!(rows.len() <= 10_000, "the list does not end");
            match rows.last() {
                Some(last) if page.more => start = after(last, sort, filter),
                _ => return rows,
            }
        }
    }
}

/// The start of the page after `task`, by way of the text that a client holds.
pub(crate) fn after(task: &Task, sort: &Sort, filter: &TaskFilter) -> Start {
    let text = Cursor::after(task, sort).encode("/tasks", sort, filter);
    let cursor = SealedCursor::decode(&text).and_then(|text| text.open("/tasks", sort, filter));
    Start::After(cursor.expect("our own cursor"))
}

/// A task of no note, made now.
pub(crate) fn task(title: &str) -> Task {
    let draft = TaskDraft {
        title: Title::parse(title).expect("a title"),
        description: None,
        status: Status::Todo,
        priority: Priority::Medium,
        assignee: None,
        due_date: None,
    };
    draft.into_task(SystemClock.new_id(), NOW)
}

//! The outbox in SQLite. There is one writer at a time, so numbers become visible in their order, without a gap.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::SqliteBackend;
use crate::domain::TaskEvent;
use crate::store::core::{Core, statement};
use crate::store::events::{Commits, EventLog, KEPT, PRUNED_AT_ONCE};
use crate::store::{StoreError, sql};

/// How often a tail looks by itself: another process cannot say that it has written.
const POLL: Duration = Duration::from_millis(100);
/// `$1`: how many rows are looked at; `$2`: how many of the newest are kept.
const PRUNE: &str = "DELETE FROM task_events \
     WHERE id IN (SELECT id FROM task_events ORDER BY id LIMIT $1) \
     AND id < (SELECT max(id) FROM task_events) \
     AND (id <= (SELECT max(id) FROM task_events) - $2 \
          OR at < CAST((unixepoch('subsec') - 86400) * 1000000 AS INTEGER))";

/// The outbox of one file.
#[derive(Debug)]
pub(in crate::store) struct SqliteEvents(Arc<Core<SqliteBackend>>);

impl SqliteEvents {
    pub(in crate::store) fn new(core: Arc<Core<SqliteBackend>>) -> Self {
        Self(core)
    }
}

#[async_trait]
impl EventLog for SqliteEvents {
    async fn read(&self, from: i64, limit: u32) -> Result<Vec<TaskEvent>, StoreError> {
        self.0.read_events(from, limit).await
    }

    async fn newest(&self) -> Result<i64, StoreError> {
        self.0.read_number(sql::NEWEST_EVENT).await
    }

    async fn without_gap(&self) -> Result<i64, StoreError> {
        self.newest().await
    }

    async fn writers(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    async fn prune(&self) -> Result<u64, StoreError> {
        let prune = statement(|_: &SqliteBackend, open| {
            let prune = sqlx::query(PRUNE).bind(PRUNED_AT_ONCE).bind(KEPT);
            Box::pin(
                async move { prune.execute(&mut open.raw).await.map(|done| done.rows_affected()) },
            )
        });
        self.0.change(prune).await
    }

    async fn announce(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn listen(&self, _: &Commits) {
        pending::<()>().await;
    }

    fn poll(&self) -> Duration {
        POLL
    }
}

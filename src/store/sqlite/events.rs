//! The outbox in SQLite. There is one writer at a time, so numbers become visible in their order, without a gap.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::SqliteStore;
use crate::domain::TaskEvent;
use crate::store::events::{self, Commits, EventLog, KEPT, PRUNED_AT_ONCE};
use crate::store::row::EventRow;
use crate::store::{StoreError, sql};

/// How often a tail looks by itself: another process cannot say that it has written.
const POLL: Duration = Duration::from_millis(100);
/// `$1`: how many rows are looked at; `$2`: how many of the newest are kept.
const PRUNE: &str = "DELETE FROM task_events \
     WHERE id IN (SELECT id FROM task_events ORDER BY id LIMIT $1) \
     AND id < (SELECT max(id) FROM task_events) \
     AND (id <= (SELECT max(id) FROM task_events) - $2 \
          OR at < CAST((unixepoch('subsec') - 86400) * 1000000 AS INTEGER))";

impl SqliteStore {
    /// What was committed here.
    pub(in crate::store) fn commits(&self) -> Arc<Commits> {
        Arc::clone(&self.commits)
    }

    async fn one_number(&self, query: &'static str) -> Result<i64, StoreError> {
        self.failures.admit()?;
        let mut lease = self.lease(&self.readers).await?;
        let number = sqlx::query_scalar(query).fetch_one(&mut *lease).await;
        let number = number.map_err(|error| self.explain(error))?;
        lease.keep();
        Ok(number)
    }
}

#[async_trait]
impl EventLog for SqliteStore {
    async fn read(&self, from: i64, limit: u32) -> Result<Vec<TaskEvent>, StoreError> {
        self.failures.admit()?;
        let mut lease = self.lease(&self.readers).await?;
        let query = sqlx::query_as::<_, EventRow>(sql::READ_EVENTS).bind(from).bind(limit);
        let rows = query.fetch_all(&mut *lease).await.map_err(|error| self.explain(error))?;
        lease.keep();
        events::events(rows)
    }

    async fn newest(&self) -> Result<i64, StoreError> {
        self.one_number(sql::NEWEST_EVENT).await
    }

    async fn without_gap(&self) -> Result<i64, StoreError> {
        self.newest().await
    }

    async fn require_primary(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn writers(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    async fn prune(&self) -> Result<u64, StoreError> {
        self.failures.admit()?;
        let mut lease = self.lease(&self.writer).await?;
        let prune = sqlx::query(PRUNE).bind(PRUNED_AT_ONCE).bind(KEPT);
        let pruned = prune.execute(&mut *lease).await.map_err(|error| self.explain(error))?;
        lease.keep();
        Ok(pruned.rows_affected())
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

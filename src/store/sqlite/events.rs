//! The outbox in SQLite. There is one writer at a time, so numbers become visible in their order, without a gap.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::SqliteBackend;
use crate::domain::TaskEvent;
use crate::store::core::Core;
use crate::store::events::{Commits, EventLog};
use crate::store::{StoreError, sql};

/// How often a tail looks by itself: another process cannot say that it has written.
const CHANGE_POLL_INTERVAL: Duration = Duration::from_millis(100);
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

    async fn require_primary(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn writers(&self) -> Result<Vec<String>, StoreError> {
        Ok(Vec::new())
    }

    async fn announce(&self) -> Result<(), StoreError> {
        Ok(())
    }

    async fn listen(&self, _: &Commits) {
        pending::<()>().await;
    }

    fn poll(&self) -> Duration {
        CHANGE_POLL_INTERVAL
    }
}

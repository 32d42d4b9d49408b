//! What one transaction on the file does.

use std::sync::Arc;

use async_trait::async_trait;
use sqlx::{Sqlite, Transaction};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{explain, select};
use crate::domain::{EventKind, Precondition, Task, TaskPatch, TaskRef};
use crate::store::events::Commits;
use crate::store::failure::Failures;
use crate::store::once::{Answer, KeyRow, Once};
use crate::store::retention::sqlite::{CLAIM_KEY, FIND_KEY};
use crate::store::work::Writes;
use crate::store::{StoreError, insert, sql};

/// A transaction, which is rolled back unless it is [finished](Writing::finish).
pub(super) struct Writing<'a> {
    transaction: Transaction<'a, Sqlite>,
    failures: Arc<Failures>,
    commits: Arc<Commits>,
    /// Events are written.
    told: bool,
    /// Tasks created minus tasks deleted.
    net: i64,
}

impl<'a> Writing<'a> {
    pub(super) fn new(
        transaction: Transaction<'a, Sqlite>,
        failures: Arc<Failures>,
        commits: Arc<Commits>,
    ) -> Self {
        Self { transaction, failures, commits, told: false, net: 0 }
    }

    /// Commits what was done.
    pub(super) async fn finish(self) -> Result<(), StoreError> {
        self.transaction.commit().await.map_err(|error| explain(&self.failures, error))?;
        self.commits.counts().record(self.net);
        if self.told {
            self.commits.made();
        }
        Ok(())
    }

    fn explain(&self, error: sqlx::Error) -> StoreError {
        explain(&self.failures, error)
    }

    /// Writes the event of a task that stands as it is to be told.
    async fn record(&mut self, kind: EventKind, task: Uuid) -> Result<(), StoreError> {
        let insert = sqlx::query(sql::INSERT_EVENT).bind(task).bind(kind.as_str());
        let inserted = insert.execute(&mut *self.transaction).await;
        inserted.map_err(|error| self.explain(error))?;
        self.told = true;
        Ok(())
    }

    async fn present(
        &mut self,
        reference: TaskRef,
        precondition: &Precondition,
    ) -> Result<Task, StoreError> {
        let row = select(reference).fetch_optional(&mut *self.transaction).await;
        let row = row.map_err(|error| self.explain(error))?;
        let task = Task::try_from(row.ok_or(StoreError::NotFound)?)?;
        precondition.holds(&task).then_some(task).ok_or(StoreError::Conflict)
    }
}

#[async_trait]
impl Writes for Writing<'_> {
    async fn insert(&mut self, mut task: Task) -> Result<Task, StoreError> {
        let insert = sql::bind_task(sqlx::query::<Sqlite>(sql::INSERT), &task);
        let rows = insert.fetch_all(&mut *self.transaction).await;
        let rows = rows.map_err(|error| self.explain(error))?;
        let row = rows.first().ok_or_else(|| self.explain(sqlx::Error::RowNotFound))?;
        task.number = sqlx::Row::try_get(row, 0).map_err(|error| self.explain(error))?;
        self.record(EventKind::Created, task.id).await?;
        self.net += 1;
        Ok(task)
    }

    async fn insert_many(&mut self, tasks: &mut [Task]) -> Result<(), StoreError> {
        for batch in tasks.chunks_mut(insert::BATCH) {
            let mut query = insert::insert::<Sqlite>(batch);
            let rows =
                query.build_query_as().persistent(false).fetch_all(&mut *self.transaction).await;
            insert::number(batch, &rows.map_err(|error| self.explain(error))?)?;
            let mut query = insert::events::<Sqlite>(batch);
            let told = query.build().persistent(false).execute(&mut *self.transaction).await;
            told.map_err(|error| self.explain(error))?;
            self.told = true;
            self.net += i64::try_from(batch.len()).unwrap_or_default();
        }
        Ok(())
    }

    async fn change(
        &mut self,
        reference: TaskRef,
        precondition: &Precondition,
        patch: &TaskPatch,
        now: OffsetDateTime,
    ) -> Result<Task, StoreError> {
        let present = self.present(reference, precondition).await?;
        let Some(next) = present.patched(patch, now) else { return Ok(present) };
        let update = sql::bind_task(sqlx::query::<Sqlite>(sql::UPDATE), &next);
        let updated = update.execute(&mut *self.transaction).await;
        updated.map_err(|error| self.explain(error))?;
        self.record(EventKind::Updated, next.id).await?;
        Ok(next)
    }

    async fn remove(
        &mut self,
        reference: TaskRef,
        precondition: &Precondition,
    ) -> Result<Task, StoreError> {
        let present = self.present(reference, precondition).await?;
        self.record(EventKind::Deleted, present.id).await?;
        let delete = sqlx::query(sql::DELETE).bind(present.id);
        let deleted = delete.execute(&mut *self.transaction).await;
        deleted.map_err(|error| self.explain(error))?;
        self.net -= 1;
        Ok(present)
    }

    /// There is one writer at a time.
    async fn hold(&mut self, _: &[TaskRef]) -> Result<(), StoreError> {
        Ok(())
    }

    async fn claim_key(&mut self, once: &Once<'_>) -> Result<bool, StoreError> {
        let claim = sqlx::query(CLAIM_KEY).bind(once.key).bind(once.fingerprint.as_slice());
        let claimed = claim.execute(&mut *self.transaction).await;
        Ok(claimed.map_err(|error| self.explain(error))?.rows_affected() == 1)
    }

    async fn find_key(&mut self, key: &str) -> Result<Option<KeyRow>, StoreError> {
        let find = sqlx::query_as(FIND_KEY).bind(key);
        let found = find.fetch_optional(&mut *self.transaction).await;
        found.map_err(|error| self.explain(error))
    }

    async fn keep_answer(&mut self, key: &str, answer: &Answer) -> Result<(), StoreError> {
        let keep = sqlx::query(sql::KEEP_ANSWER).bind(key).bind(i64::from(answer.status));
        let keep = keep.bind(&answer.location).bind(&answer.entity_tag).bind(&answer.body);
        let kept = keep.execute(&mut *self.transaction).await;
        kept.map_err(|error| self.explain(error))?;
        Ok(())
    }
}

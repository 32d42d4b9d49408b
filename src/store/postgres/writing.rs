//! What one transaction on the server does.

use async_trait::async_trait;
use sqlx::Postgres;
use time::OffsetDateTime;

use super::connections::{Connections, Unit};
use crate::domain::{Precondition, Task, TaskPatch, TaskRef};
use crate::store::events::Commits;
use crate::store::once::{Answer, KeyRow, Once, lock_number};
use crate::store::retention::postgres::{CLAIM_KEY, FIND_KEY};
use crate::store::row::TaskRow;
use crate::store::work::Writes;
use crate::store::{StoreError, insert, sql};

/// Statements that are committed together, and rolled back unless they are [finished](Writing::finish).
pub(super) struct Writing<'a> {
    connections: &'a Connections,
    commits: &'a Commits,
    unit: Unit<'a>,
    /// Events are written.
    told: bool,
    /// Tasks created minus tasks deleted.
    net: i64,
}

impl<'a> Writing<'a> {
    pub(super) fn new(connections: &'a Connections, commits: &'a Commits, unit: Unit<'a>) -> Self {
        Self { connections, commits, unit, told: false, net: 0 }
    }

    /// Commits what was done.
    pub(super) async fn finish(self) -> Result<(), StoreError> {
        self.unit.finish().await.map_err(|error| self.connections.explain(error))?;
        self.commits.counts().record(self.net);
        if self.told {
            self.commits.made();
        }
        Ok(())
    }

    fn explain(&self, error: sqlx::Error) -> StoreError {
        self.connections.explain(error)
    }

    /// Reads the task and keeps it from others until the transaction ends.
    async fn locked(
        &mut self,
        reference: TaskRef,
        precondition: &Precondition,
    ) -> Result<Task, StoreError> {
        let query = match reference {
            TaskRef::Id(id) => sqlx::query_as::<_, TaskRow>(sql::LOCK_BY_ID).bind(id),
            TaskRef::Number(number) => sqlx::query_as(sql::LOCK_BY_NUMBER).bind(number),
        };
        let query = query.persistent(self.unit.keeps_statements());
        let row = query.fetch_optional(&mut *self.unit).await;
        let row = row.map_err(|error| self.explain(error))?;
        let task = Task::try_from(row.ok_or(StoreError::NotFound)?)?;
        precondition.holds(&task).then_some(task).ok_or(StoreError::Conflict)
    }
}

#[async_trait]
impl Writes for Writing<'_> {
    async fn insert(&mut self, mut task: Task) -> Result<Task, StoreError> {
        let insert = sql::bind_task(sqlx::query::<Postgres>(sql::INSERT_WITH_EVENT), &task);
        let insert = insert.persistent(self.unit.keeps_statements());
        let row = insert.fetch_one(&mut *self.unit).await.map_err(|error| self.explain(error))?;
        task.number = sqlx::Row::try_get(&row, 0).map_err(|error| self.explain(error))?;
        self.told = true;
        self.net += 1;
        Ok(task)
    }

    async fn insert_many(&mut self, tasks: &mut [Task]) -> Result<(), StoreError> {
        for batch in tasks.chunks_mut(insert::BATCH) {
            let mut query = insert::insert::<Postgres>(batch);
            let rows = query.build_query_as().persistent(false).fetch_all(&mut *self.unit).await;
            insert::number(batch, &rows.map_err(|error| self.explain(error))?)?;
            let mut query = insert::events::<Postgres>(batch);
            let told = query.build().persistent(false).execute(&mut *self.unit).await;
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
        let present = self.locked(reference, precondition).await?;
        let Some(next) = present.patched(patch, now) else { return Ok(present) };
        let update = sql::bind_task(sqlx::query::<Postgres>(sql::UPDATE_WITH_EVENT), &next);
        let update = update.persistent(self.unit.keeps_statements());
        update.execute(&mut *self.unit).await.map_err(|error| self.explain(error))?;
        self.told = true;
        Ok(next)
    }

    async fn remove(
        &mut self,
        reference: TaskRef,
        precondition: &Precondition,
    ) -> Result<Task, StoreError> {
        let present = self.locked(reference, precondition).await?;
        let delete = sqlx::query(sql::DELETE_WITH_EVENT).bind(present.id);
        let delete = delete.persistent(self.unit.keeps_statements());
        delete.execute(&mut *self.unit).await.map_err(|error| self.explain(error))?;
        self.told = true;
        self.net -= 1;
        Ok(present)
    }

    async fn hold(&mut self, references: &[TaskRef]) -> Result<(), StoreError> {
        let (mut ids, mut numbers) = (Vec::new(), Vec::new());
        for reference in references {
            match reference {
                TaskRef::Id(id) => ids.push(*id),
                TaskRef::Number(number) => numbers.push(*number),
            }
        }
        let lock = sqlx::query(sql::LOCK_ALL).bind(ids).bind(numbers);
        let lock = lock.persistent(self.unit.keeps_statements());
        lock.execute(&mut *self.unit).await.map_err(|error| self.explain(error))?;
        Ok(())
    }

    async fn claim_key(&mut self, once: &Once<'_>) -> Result<bool, StoreError> {
        let claim = sqlx::query(CLAIM_KEY).bind(once.key);
        let claim = claim.bind(once.fingerprint.as_slice());
        let claim = claim.bind(lock_number(once.key)).persistent(self.unit.keeps_statements());
        let claimed = claim.execute(&mut *self.unit).await;
        Ok(claimed.map_err(|error| self.explain(error))?.rows_affected() == 1)
    }

    async fn find_key(&mut self, key: &str) -> Result<Option<KeyRow>, StoreError> {
        let find = sqlx::query_as(FIND_KEY).bind(key);
        let find = find.persistent(self.unit.keeps_statements());
        find.fetch_optional(&mut *self.unit).await.map_err(|error| self.explain(error))
    }

    async fn keep_answer(&mut self, key: &str, answer: &Answer) -> Result<(), StoreError> {
        let keep = sqlx::query(sql::KEEP_ANSWER).bind(key).bind(i64::from(answer.status));
        let keep = keep.bind(&answer.location).bind(&answer.entity_tag).bind(&answer.body);
        let keep = keep.persistent(self.unit.keeps_statements());
        keep.execute(&mut *self.unit).await.map_err(|error| self.explain(error))?;
        Ok(())
    }
}

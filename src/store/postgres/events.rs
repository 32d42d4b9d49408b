//! The outbox in PostgreSQL, and how processes tell each other of it: NOTIFY after a commit, by any route; LISTEN on a
//! connection of its own, which must lead to the server itself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use sqlx::{Decode, Postgres, Type};
use tokio::time::sleep;

use super::PostgresStore;
use super::connections::leads_to_the_server;
use crate::domain::TaskEvent;
use crate::program::instance_application_name;
use crate::store::events::{self, Commits, EventLog, KEPT, PRUNED_AT_ONCE};
use crate::store::row::EventRow;
use crate::store::{StoreError, sql};

/// How often a tail looks by itself.
const POLL: Duration = Duration::from_millis(250);
/// The channel, which is the database's own.
const CHANNEL: &str = "task_events";
/// `$1`: the channel; `$2`: who says it.
const ANNOUNCE: &str = "SELECT pg_notify($1, $2)";
/// Pause before listening is tried again.
const AGAIN: Duration = Duration::from_secs(1);
/// Longest that opening the connection may take.
const OPEN_WITHIN: Duration = Duration::from_secs(5);
/// Virtual transactions, whose names do not come back while a server runs.
const WRITERS: &str = "SELECT virtualtransaction FROM pg_catalog.pg_locks \
     WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted \
     AND relation = CAST('task_events' AS regclass) AND pid IS DISTINCT FROM pg_backend_pid() \
     AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())";
/// `$1`: how many rows are looked at; `$2`: how many of the newest are kept.
const PRUNE: &str = "DELETE FROM task_events \
     WHERE id IN (SELECT id FROM task_events ORDER BY id LIMIT $1) \
     AND id < (SELECT max(id) FROM task_events) \
     AND (id <= (SELECT max(id) FROM task_events) - $2 OR at < now() - interval '24 hours')";

/// The outbox of one database.
#[derive(Debug)]
pub(in crate::store) struct PostgresEvents {
    store: Arc<PostgresStore>,
    /// Ways to the database, the better first: some may lead to a pooler.
    routes: Vec<PgConnectOptions>,
    /// Tells this process's announcements from those of others.
    name: String,
}

impl PostgresEvents {
    pub(in crate::store) fn new(store: Arc<PostgresStore>, routes: Vec<PgConnectOptions>) -> Self {
        let name = format!("{:032x}", rand::random::<u128>());
        Self { store, routes, name }
    }

    async fn scalars<T>(&self, query: &'static str) -> Result<Vec<T>, StoreError>
    where
        T: for<'r> Decode<'r, Postgres> + Type<Postgres> + Send + Unpin + 'static,
    {
        let store = &self.store;
        store.failures.admit()?;
        let mut lease = store.connections.take().await?;
        let mut unit = store.connections.one(&mut lease).await?;
        let query = sqlx::query_scalar(query).persistent(unit.keeps_statements());
        let rows = query.fetch_all(&mut *unit).await.map_err(|error| store.explain(error))?;
        store.finish(unit).await?;
        lease.keep();
        Ok(rows)
    }

    async fn one_number(&self, query: &'static str) -> Result<i64, StoreError> {
        let rows = self.scalars(query).await?;
        rows.first().copied().ok_or_else(|| self.store.explain(sqlx::Error::RowNotFound))
    }

    /// Listens until the connection breaks.
    async fn listen_once(&self, commits: &Commits) -> Result<(), sqlx::Error> {
        let opening = tokio::time::timeout(OPEN_WITHIN, self.open());
        let Some(mut listener) = opening.await.unwrap_or(Err(sqlx::Error::PoolTimedOut))? else {
            tracing::info!(
                every_ms = POLL.as_millis(),
                "events of other processes are looked for again and again: no route leads to the server itself, \
                 so that nobody can be heard; MIGRATE_DATABASE_URL may"
            );
            return std::future::pending().await;
        };
        // What was said before is found by looking.
        commits.heard();
        while let Some(said) = listener.try_recv().await? {
            if said.payload() != self.name {
                commits.heard();
            }
        }
        Ok(())
    }

    /// A connection that hears; `None` where every route leads to a pooler, which hears only in vain.
    async fn open(&self) -> Result<Option<PgListener>, sqlx::Error> {
        for route in &self.routes {
            let route = route.clone().application_name(instance_application_name());
            let route = route.extra_float_digits(None);
            if leads_to_the_server(&route).await? {
                let pool = PgPoolOptions::new().max_connections(1).max_lifetime(None);
                let pool = pool.idle_timeout(None).connect_lazy_with(route);
                let mut listener = PgListener::connect_with(&pool).await?;
                listener.eager_reconnect(false);
                listener.listen(CHANNEL).await?;
                return Ok(Some(listener));
            }
        }
        Ok(None)
    }
}

#[async_trait]
impl EventLog for PostgresEvents {
    async fn read(&self, from: i64, limit: u32) -> Result<Vec<TaskEvent>, StoreError> {
        let store = &self.store;
        store.failures.admit()?;
        let mut lease = store.connections.take().await?;
        let mut unit = store.connections.one(&mut lease).await?;
        let query = sqlx::query_as::<_, EventRow>(sql::READ_EVENTS).bind(from);
        let query = query.bind(i64::from(limit)).persistent(unit.keeps_statements());
        let rows = query.fetch_all(&mut *unit).await.map_err(|error| store.explain(error))?;
        store.finish(unit).await?;
        lease.keep();
        events::events(rows)
    }

    async fn newest(&self) -> Result<i64, StoreError> {
        self.one_number(sql::NEWEST_EVENT).await
    }

    async fn without_gap(&self) -> Result<i64, StoreError> {
        self.one_number(sql::EVENTS_WITHOUT_GAP).await
    }

    async fn writers(&self) -> Result<Vec<String>, StoreError> {
        self.scalars(WRITERS).await
    }

    async fn prune(&self) -> Result<u64, StoreError> {
        let store = &self.store;
        store.failures.admit()?;
        let mut lease = store.connections.take().await?;
        let mut unit = store.connections.one(&mut lease).await?;
        let query = sqlx::query(PRUNE).bind(PRUNED_AT_ONCE).bind(KEPT);
        let query = query.persistent(unit.keeps_statements());
        let pruned = query.execute(&mut *unit).await.map_err(|error| store.explain(error))?;
        store.finish(unit).await?;
        lease.keep();
        Ok(pruned.rows_affected())
    }

    async fn announce(&self) -> Result<(), StoreError> {
        let store = &self.store;
        store.failures.admit()?;
        let mut lease = store.connections.take().await?;
        let mut unit = store.connections.one(&mut lease).await?;
        let query = sqlx::query(ANNOUNCE).bind(CHANNEL).bind(&self.name);
        let query = query.persistent(unit.keeps_statements());
        query.execute(&mut *unit).await.map_err(|error| store.explain(error))?;
        store.finish(unit).await?;
        lease.keep();
        Ok(())
    }

    async fn listen(&self, commits: &Commits) {
        let mut is_told = false;
        loop {
            let ended = self.listen_once(commits).await;
            if let Err(error) = &ended
                && !is_told
            {
                is_told = true;
                tracing::warn!(%error, every_ms = POLL.as_millis(), "events of other processes are looked for again and again: they cannot be heard");
            }
            if ended.is_ok() {
                is_told = false;
            }
            sleep(AGAIN).await;
        }
    }

    fn poll(&self) -> Duration {
        POLL
    }
}

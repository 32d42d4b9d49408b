//! The outbox in PostgreSQL, and how processes tell each other of it: NOTIFY after a commit, by any route; LISTEN on a
//! connection of its own, which must lead to the server itself.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use schemakeep_db::Program;
use sqlx::postgres::{PgConnectOptions, PgListener, PgPoolOptions};
use tokio::time::sleep;

use super::PostgresBackend;
use super::connections::leads_to_the_server;
use crate::domain::TaskEvent;
use crate::store::backend::Backend;
use crate::store::core::Core;
use crate::store::events::{Commits, EventLog};
use crate::store::reading::statement;
use crate::store::{StoreError, sql};

/// How often a tail looks by itself.
const WRITERS_POLL_INTERVAL: Duration = Duration::from_millis(250);
/// The channel, which is the database's own.
const CHANNEL: &str = "task_events";
/// `$1`: the channel; `$2`: who says it.
const ANNOUNCE: &str = "SELECT pg_notify($1, $2)";
/// Pause before listening is tried again.
const LISTEN_RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// Longest that opening the connection may take.
const OPEN_WITHIN: Duration = Duration::from_secs(5);
/// What [`primary_only`] looks for in an answer.
const RECOVERY: &str = "recovery";
const IN_RECOVERY: &str = "SELECT 'recovery' WHERE pg_is_in_recovery()";
/// Virtual transactions, whose names do not come back while a server runs. In recovery those that write run on another
/// server, and hold no lock here.
const WRITERS: &str = "SELECT 'recovery' WHERE pg_is_in_recovery() UNION ALL SELECT virtualtransaction FROM pg_catalog.pg_locks \
     WHERE locktype = 'relation' AND mode = 'RowExclusiveLock' AND granted \
     AND relation = CAST('task_events' AS regclass) AND pid IS DISTINCT FROM pg_backend_pid() \
     AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())";
/// The outbox of one database.
#[derive(Debug)]
pub(in crate::store) struct PostgresEvents {
    core: Arc<Core<PostgresBackend>>,
    /// Ways to the database, the better first: some may lead to a pooler.
    routes: Vec<PgConnectOptions>,
    /// Tells this process's announcements from those of others.
    name: String,
}

impl PostgresEvents {
    pub(in crate::store) fn new(
        core: Arc<Core<PostgresBackend>>,
        routes: Vec<PgConnectOptions>,
    ) -> Self {
        let name = format!("{:032x}", rand::random::<u128>());
        Self { core, routes, name }
    }

    /// Listens until the connection breaks.
    async fn listen_once(&self, commits: &Commits) -> Result<(), sqlx::Error> {
        let opening = tokio::time::timeout(OPEN_WITHIN, self.open());
        let Some(mut listener) = opening.await.unwrap_or(Err(sqlx::Error::PoolTimedOut))? else {
            tracing::info!(
                every_ms = WRITERS_POLL_INTERVAL.as_millis(),
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
            let route =
                route.clone().application_name(&Program::current().instance_application_name());
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
        self.core.read_events(from, limit).await
    }

    async fn newest(&self) -> Result<i64, StoreError> {
        self.core.read_number(sql::NEWEST_EVENT).await
    }

    async fn without_gap(&self) -> Result<i64, StoreError> {
        self.core.read_number(sql::EVENTS_WITHOUT_GAP).await
    }

    async fn require_primary(&self) -> Result<(), StoreError> {
        primary_only(self.core.read_texts(IN_RECOVERY).await?).map(drop)
    }

    async fn writers(&self) -> Result<Vec<String>, StoreError> {
        primary_only(self.core.read_texts(WRITERS).await?)
    }

    async fn announce(&self) -> Result<(), StoreError> {
        let name = self.name.clone();
        let announce = statement(move |backend: &PostgresBackend, open| {
            let announce = sqlx::query(ANNOUNCE).bind(CHANNEL).bind(name.clone());
            let announce = announce.persistent(backend.keeps_statements());
            Box::pin(async move { announce.execute(&mut open.raw).await.map(drop) })
        });
        self.core.change(announce).await
    }

    async fn listen(&self, commits: &Commits) {
        let mut is_told = false;
        loop {
            let ended = self.listen_once(commits).await;
            if let Err(error) = &ended
                && !is_told
            {
                is_told = true;
                tracing::warn!(%error, every_ms = WRITERS_POLL_INTERVAL.as_millis(), "events of other processes are looked for again and again: they cannot be heard");
            }
            if ended.is_ok() {
                is_told = false;
            }
            sleep(LISTEN_RETRY_INTERVAL).await;
        }
    }

    fn poll(&self) -> Duration {
        WRITERS_POLL_INTERVAL
    }
}

/// Fails where the server says that it is in recovery.
fn primary_only(answer: Vec<String>) -> Result<Vec<String>, StoreError> {
    if answer.iter().any(|text| text == RECOVERY) {
        return Err(StoreError::in_recovery());
    }
    Ok(answer)
}

//! The closed choice of databases: with `migrate`, the only place that knows there are two.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::availability::Availability;
use super::backend::Backend as _;
use super::core::{Paused, Store};
use super::events::EventFeed;
use super::instrumented::Observed;
use super::postgres::{PostgresBackend, PostgresEvents};
use super::sqlite::{SqliteBackend, SqliteEvents};
use super::{CommittedCounts, TaskStore, WriteHistory};
use crate::config::{DatabaseTarget, SqliteSynchronous};

/// How many connections a store may hold, and how long anything may take.
#[derive(Clone, Copy, Debug)]
pub struct PoolSettings {
    /// Most connections, 1 or more; SQLite's writer is one of them.
    pub max_connections: u32,
    /// Time within which a request is answered. Waiting for a connection takes at most a quarter of it,
    /// a statement at most half: so a write that the client is told has failed was stopped by the
    /// database itself, and is not carried out behind the client's back.
    pub request_timeout: Duration,
    /// What a commit to an SQLite file waits for.
    pub sqlite_synchronous: SqliteSynchronous,
}

impl PoolSettings {
    /// Longest wait for a connection: two seconds or a quarter of the request's time.
    #[must_use]
    pub fn acquire_timeout(&self) -> Duration {
        (self.request_timeout / 4).min(Duration::from_secs(2))
    }

    /// Longest time for a statement: half of the request's time.
    #[must_use]
    pub fn statement_timeout(&self) -> Duration {
        (self.request_timeout / 2).max(Duration::from_millis(1))
    }
}

/// An open store of one kind.
#[derive(Clone, Debug)]
pub struct Database {
    tasks: Arc<dyn TaskStore>,
    store: Kind,
    availability: Arc<Availability>,
}

#[derive(Clone, Debug)]
enum Kind {
    Sqlite(Arc<Store<SqliteBackend>>),
    Postgres(Arc<Store<PostgresBackend>>),
}

/// Connections of a store at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PoolUsage {
    /// Lent to a statement.
    pub used: u32,
    /// Open and waiting.
    pub idle: u32,
    /// Most that may be open.
    pub max: u32,
}

impl Database {
    /// Prepares the store of the target's kind. Nothing is opened yet, and no schema is looked at.
    #[must_use]
    pub fn open(target: &DatabaseTarget, settings: &PoolSettings) -> Self {
        let availability = Arc::<Availability>::default();
        let observed = Arc::clone(&availability);
        match target {
            DatabaseTarget::Sqlite(target) => {
                let backend = SqliteBackend::new(target, settings);
                let store = Store::new(backend, settings, &availability);
                let store = Arc::new(store);
                let tasks = Arc::new(Observed::new(Arc::clone(&store), observed));
                Self { tasks, store: Kind::Sqlite(store), availability }
            }
            DatabaseTarget::Postgres(target) => {
                let backend = PostgresBackend::new(target, settings);
                let store = Store::new(backend, settings, &availability);
                let store = Arc::new(store);
                let tasks = Arc::new(Observed::new(Arc::clone(&store), observed));
                Self { tasks, store: Kind::Postgres(store), availability }
            }
        }
    }

    /// The tasks, with every operation measured.
    #[must_use]
    pub fn tasks(&self) -> Arc<dyn TaskStore> {
        Arc::clone(&self.tasks)
    }

    /// What happens to the tasks. `routes` are ways to the same database, the better first, to hear of what other
    /// processes do: behind a pooler nobody can be heard.
    #[must_use]
    pub fn events(&self, routes: &[&DatabaseTarget]) -> EventFeed {
        match &self.store {
            Kind::Sqlite(store) => {
                let log = SqliteEvents::new(Arc::clone(store.core()));
                EventFeed::new(Arc::new(log), store.core().commits())
            }
            Kind::Postgres(store) => {
                let postgres = |target: &&DatabaseTarget| match target {
                    DatabaseTarget::Postgres(options) => Some(options.as_ref().clone()),
                    DatabaseTarget::Sqlite(_) => None,
                };
                let routes = routes.iter().filter_map(postgres).collect();
                let log = PostgresEvents::new(Arc::clone(store.core()), routes);
                EventFeed::new(Arc::new(log), store.core().commits())
            }
        }
    }

    /// How many tasks the commits of this process added.
    #[must_use]
    pub fn committed_counts(&self) -> Arc<CommittedCounts> {
        let commits = match &self.store {
            Kind::Sqlite(store) => store.core().commits(),
            Kind::Postgres(store) => store.core().commits(),
        };
        Arc::clone(commits.counts())
    }

    /// How writes ended of late.
    #[must_use]
    pub fn write_history(&self) -> Arc<WriteHistory> {
        Arc::clone(self.availability.writes())
    }

    /// Records whether the database answered when it was last asked. While it does not, every operation fails
    /// at once instead of waiting for what is not going to come.
    pub fn record_probe(&self, answered: bool) {
        self.availability.record_probe(answered);
    }

    /// Has every connection that is open now replaced, before it is used again.
    pub(super) fn renew(&self) {
        self.availability.outdate(Instant::now());
    }

    /// Whether the connections must be closed before anything is served again.
    pub(super) fn has_lost_its_log(&self) -> bool {
        match &self.store {
            Kind::Sqlite(store) => store.core().backend.has_lost_its_log(),
            Kind::Postgres(store) => store.core().backend.has_lost_its_log(),
        }
    }

    /// Closes every connection, and opens none until what is returned is dropped; `None` where that takes too long.
    pub(super) async fn pause(&self) -> Option<Paused> {
        match &self.store {
            Kind::Sqlite(store) => store.core().pause().await,
            Kind::Postgres(store) => store.core().pause().await,
        }
    }

    /// How the connections are used just now.
    #[must_use]
    pub fn usage(&self) -> PoolUsage {
        let (open, idle, max) = match &self.store {
            Kind::Sqlite(store) => store.core().usage(),
            Kind::Postgres(store) => store.core().usage(),
        };
        PoolUsage { used: open.saturating_sub(idle), idle, max }
    }

    /// Waits for the statements under way, then closes every connection.
    pub async fn close(&self) {
        match &self.store {
            Kind::Sqlite(store) => store.core().close().await,
            Kind::Postgres(store) => store.core().close().await,
        }
    }
}

//! The closed choice of databases: with `migrate`, the only place that knows there are two.

use std::sync::Arc;
use std::time::Duration;

use super::events::EventFeed;
use super::failure::Failures;
use super::lease::Leases;
use super::observed::Observed;
use super::postgres::{PostgresEvents, PostgresStore};
use super::sqlite::SqliteStore;
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
    pools: Pools,
    failures: Arc<Failures>,
}

#[derive(Clone, Debug)]
enum Pools {
    Sqlite(Arc<SqliteStore>),
    Postgres(Arc<PostgresStore>),
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
        let failures = Arc::<Failures>::default();
        match target {
            DatabaseTarget::Sqlite(target) => {
                let store = SqliteStore::new(target, settings, Arc::clone(&failures));
                let store = Arc::new(store);
                let tasks = Arc::new(Observed::new(Arc::clone(&store), Arc::clone(&failures)));
                Self { tasks, pools: Pools::Sqlite(store), failures }
            }
            DatabaseTarget::Postgres(target) => {
                let store = PostgresStore::new(target, settings, Arc::clone(&failures));
                let store = Arc::new(store);
                let tasks = Arc::new(Observed::new(Arc::clone(&store), Arc::clone(&failures)));
                Self { tasks, pools: Pools::Postgres(store), failures }
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
        match &self.pools {
            Pools::Sqlite(store) => {
                EventFeed::new(Arc::<SqliteStore>::clone(store), store.commits())
            }
            Pools::Postgres(store) => {
                let postgres = |target: &&DatabaseTarget| match target {
                    DatabaseTarget::Postgres(options) => Some(options.as_ref().clone()),
                    DatabaseTarget::Sqlite(_) => None,
                };
                let routes = routes.iter().filter_map(postgres).collect();
                let log = PostgresEvents::new(Arc::clone(store), routes);
                EventFeed::new(Arc::new(log), store.commits())
            }
        }
    }

    /// How many tasks the commits of this process added.
    #[must_use]
    pub fn committed_counts(&self) -> Arc<CommittedCounts> {
        let commits = match &self.pools {
            Pools::Sqlite(store) => store.commits(),
            Pools::Postgres(store) => store.commits(),
        };
        Arc::clone(commits.counts())
    }

    /// How writes ended of late.
    #[must_use]
    pub fn write_history(&self) -> Arc<WriteHistory> {
        Arc::clone(self.failures.writes())
    }

    /// Says whether the database answered when it was last asked. While it does not, every operation fails
    /// at once instead of waiting for what is not going to come.
    pub fn answered(&self, answered: bool) {
        self.failures.answered(answered);
    }

    /// How the connections are used just now.
    #[must_use]
    pub fn usage(&self) -> PoolUsage {
        match &self.pools {
            Pools::Sqlite(store) => store.connections().into_iter().map(usage).fold(
                PoolUsage::default(),
                |sum, pool| PoolUsage {
                    used: sum.used + pool.used,
                    idle: sum.idle + pool.idle,
                    max: sum.max + pool.max,
                },
            ),
            Pools::Postgres(store) => usage(store.connections()),
        }
    }

    /// Waits for the statements under way, then closes every connection.
    pub async fn close(&self) {
        match &self.pools {
            Pools::Sqlite(store) => {
                // The readers first: the last connection to close empties the write-ahead log.
                let [writer, readers] = store.connections();
                readers.close().await;
                writer.close().await;
            }
            Pools::Postgres(store) => store.connections().close().await,
        }
    }
}

fn usage<DB: sqlx::Database>(connections: &Leases<DB>) -> PoolUsage {
    let pool = connections.pool();
    let idle = u32::try_from(pool.num_idle() + connections.kept()).unwrap_or(u32::MAX);
    PoolUsage {
        used: pool.size().saturating_sub(idle),
        idle,
        max: pool.options().get_max_connections(),
    }
}

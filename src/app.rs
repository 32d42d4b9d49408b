//! The running application: the one seam that `serve` and the tests share.
//!
//! The order is the promise: the operators' listener, then the schema, then the store, and only then the
//! public port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::TcpListener;
use tokio::task::JoinHandle;

use crate::config::{Config, DatabaseUrl, HostPolicy};
use crate::domain::{Clock, SystemClock};
use crate::http::limits::OPS_CONNECTIONS;
use crate::http::server::{self, Ended};
use crate::http::{AppState, Events, Layers, ops_router, public_router};
use crate::monitor::{Monitor, MonitorSettings};
use crate::program;
use crate::shutdown::Shutdown;
use crate::store::{Database, PoolSettings, Retention, RetentionLimits, keep_log_small};
use crate::telemetry::disk::Volumes;
use crate::telemetry::metrics::{Metrics, UPKEEP_INTERVAL};
use schemakeep::{self, Inspector, MigrateError, Progress};

/// Longest that the database may take to let its connections go.
const CLOSE_WITHIN: Duration = Duration::from_secs(5);

/// An application whose schema is right and whose port is bound.
#[derive(Debug)]
pub struct App {
    config: Config,
    shutdown: Shutdown,
    database: Database,
    monitor: Arc<Monitor>,
    metrics: Metrics,
    layers: Layers,
    clock: Arc<dyn Clock>,
    listener: TcpListener,
    operators: Option<Operators>,
}

/// The second listener: it is there before the schema is right, and until everything else has ended.
#[derive(Debug)]
struct Operators {
    stop: Shutdown,
    server: JoinHandle<Ended>,
}

/// Why an application did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The schema is not one to serve, or the database cannot be had.
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    /// The address cannot be listened on.
    #[error("cannot listen on {address} ({variable}): {source}")]
    Bind {
        /// What was asked for.
        address: String,
        /// Which setting says so.
        variable: &'static str,
        /// What the system said.
        source: std::io::Error,
    },
    /// A signal came before the application had started.
    #[error("stopped by a signal before the service had started")]
    Stopped,
}

impl StartError {
    /// The process's exit code.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Migrate(error) => error.exit_code(),
            Self::Bind { .. } => 2,
            Self::Stopped => 1,
        }
    }
}

impl App {
    /// Brings the schema up to date as the configuration says, then binds the port. Nothing is served yet.
    ///
    /// # Errors
    ///
    /// [`StartError`], whose exit code is the process's.
    pub async fn start(
        config: Config,
        hosts: HostPolicy,
        metrics: Metrics,
        shutdown: Shutdown,
    ) -> Result<Self, StartError> {
        let metrics = metrics.with_volumes(Volumes::from_config(&config));
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let migrations = program::migrations(config.migrate_database_url.dialect())?;
        let progress = Progress::default();
        let inspector = Inspector::new(config.database_url.clone(), migrations.clone());
        let inspector = inspector.of_instance();
        let settings = MonitorSettings {
            environment: config.environment.clone(),
            started: Instant::now(),
            target: migrations.migrations().last().map(|migration| migration.version),
        };
        let monitor =
            Arc::new(Monitor::new(settings, inspector, progress.clone(), shutdown.clone()));
        let layers = Layers {
            request_timeout: config.request_timeout,
            cors: config.cors_origins.clone(),
            hosts: Some(hosts),
            clock: Arc::clone(&clock),
        };
        let operators = match &config.ops_listen {
            None => None,
            Some(address) => {
                let listener = bind(address, "OPS_LISTEN").await?;
                let router = ops_router(Arc::clone(&monitor), metrics.clone(), &layers);
                Some(Operators::start(listener, router))
            }
        };

        let start = program::migrator_options(&config, shutdown.draining_token());
        let prepared = schemakeep::ensure_schema(&start, &migrations, clock.as_ref(), &progress);
        let schema = tokio::select! {
            prepared = prepared => prepared?,
            // Until then it stops by itself, in good order.
            () = shutdown.forced() => return Err(StartError::Stopped),
        };
        if shutdown.is_draining() {
            return Err(StartError::Stopped);
        }

        let pool = PoolSettings {
            max_connections: config.database_max_connections,
            request_timeout: config.request_timeout,
            sqlite_synchronous: config.sqlite_synchronous,
        };
        let database = Database::open(config.database_url.target(), &pool);
        let listener = bind(&config.listen_address(), "HOST, PORT").await?;
        monitor.serve(config.database_url.target(), database.clone(), schema).await;
        Ok(Self {
            config,
            shutdown,
            database,
            monitor,
            metrics,
            layers,
            clock,
            listener,
            operators,
        })
    }

    /// The public address, with the port that was chosen if the configured one is 0.
    ///
    /// # Errors
    ///
    /// What the system says when the socket is no longer there.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until the shutdown begins and requests in flight have ended, then closes the database.
    pub async fn serve(self) -> Ended {
        let ways = [&self.config.database_url, &self.config.migrate_database_url];
        let feed = self.database.events(&ways.map(DatabaseUrl::target));
        let (clients, per_address) =
            (self.config.events_clients, self.config.events_clients_per_address);
        let state = AppState {
            tasks: self.database.tasks(),
            events: Events::new(feed.clone(), clients, per_address, self.shutdown.clone()),
            clock: self.clock,
        };
        let public_metrics = self.operators.is_none().then(|| self.metrics.clone());
        let router = public_router(state, Arc::clone(&self.monitor), public_metrics, &self.layers);
        let watching = tokio::spawn({
            let (monitor, metrics) = (Arc::clone(&self.monitor), self.metrics.clone());
            let url = self.config.migrate_database_url.clone();
            let backups =
                schemakeep_backup::backup::watch(self.config.safety.backup_folder(&url), url);
            let target = self.config.database_url.target().clone();
            async move {
                let retention = Retention::new(&target, RetentionLimits::default());
                tokio::join!(
                    monitor.watch(),
                    backups,
                    feed.keep(),
                    retention.keep(),
                    keep_log_small(&target),
                    keep_up(&metrics)
                );
            }
        });
        let drain_within = self.config.shutdown_timeout;
        let connections = server::client_connections(clients, self.config.database_max_connections);
        let serving =
            server::serve(self.listener, router, &self.shutdown, drain_within, connections);
        let ended = serving.await;
        watching.abort();
        // A request that was cut off may hold its connection for as long as the database lets it.
        if ended == Ended::Drained {
            close(&self.database, &self.shutdown).await;
        }
        if let Some(operators) = self.operators {
            operators.end().await;
        }
        ended
    }
}

impl Operators {
    fn start(listener: TcpListener, router: axum::Router) -> Self {
        let stop = Shutdown::manual();
        let server = tokio::spawn({
            let stop = stop.clone();
            async move {
                let within = Duration::from_secs(1);
                server::serve(listener, router, &stop, within, OPS_CONNECTIONS).await
            }
        });
        Self { stop, server }
    }

    async fn end(self) {
        self.stop.trigger();
        // A server that panicked has nothing left to end.
        let _ = self.server.await;
    }
}

/// Closes the database, in good order if it answers.
async fn close(database: &Database, shutdown: &Shutdown) {
    let closed = tokio::select! {
        () = database.close() => true,
        () = shutdown.forced() => false,
        () = tokio::time::sleep(CLOSE_WITHIN) => false,
    };
    if !closed {
        tracing::warn!("connections to the database were dropped, not closed: it did not answer");
    }
}

async fn bind(address: &str, variable: &'static str) -> Result<TcpListener, StartError> {
    let bound = TcpListener::bind(address).await;
    bound.map_err(|source| StartError::Bind { address: address.to_owned(), variable, source })
}

async fn keep_up(metrics: &Metrics) {
    let mut ticks = tokio::time::interval(UPKEEP_INTERVAL);
    loop {
        ticks.tick().await;
        metrics.run_upkeep();
    }
}

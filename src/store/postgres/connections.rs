//! How the store comes to its server: directly, or through a pooler.
//!
//! A pooler such as PgBouncer may give each transaction another backend. A prepared statement is then not
//! where it was prepared, or, worse, another client's is there under the same name; and a setting of the session
//! stays behind for whoever comes next. So behind a pooler every operation is one transaction, which stays with
//! one backend, with unnamed statements and settings that end with it. A direct connection keeps its
//! prepared statements and needs no transaction for a single statement.

use std::ops::{Deref, DerefMut};
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, PgPool, Postgres, Transaction,
};
use tokio::sync::OnceCell;

use crate::program::instance_application_name;
use crate::store::failure::Failures;
use crate::store::lease::{Lease, Leases};
use crate::store::{PoolSettings, StoreError};

/// What stands between this program and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Direct,
    Pooled,
}

/// Connections to one database, opened when they are first needed.
#[derive(Debug)]
pub(super) struct Connections {
    leases: Leases<Postgres>,
    options: PgConnectOptions,
    route: OnceCell<Route>,
    settings: PoolSettings,
    failures: Arc<Failures>,
}

impl Connections {
    pub(super) fn new(
        target: &PgConnectOptions,
        settings: &PoolSettings,
        failures: Arc<Failures>,
    ) -> Self {
        // PgBouncer refuses the parameter.
        let options =
            target.clone().application_name(instance_application_name()).extra_float_digits(None);
        Self {
            leases: Leases::new(pool(options.clone(), settings, &failures)),
            options,
            route: OnceCell::new(),
            settings: *settings,
            failures,
        }
    }

    pub(super) fn leases(&self) -> &Leases<Postgres> {
        &self.leases
    }

    /// Lends a connection.
    pub(super) async fn take(&self) -> Result<Lease<'_, Postgres>, StoreError> {
        // Found out before the first connection is made, so that all are made for the route.
        self.route().await?;
        self.have(self.leases.take(|age| self.failures.none_within(age))).await
    }

    /// A single statement: its own transaction, where the route allows it.
    pub(super) async fn one<'a>(
        &self,
        lease: &'a mut Lease<'_, Postgres>,
    ) -> Result<Unit<'a>, StoreError> {
        match self.route().await? {
            Route::Direct => Ok(Unit::Plain(lease)),
            Route::Pooled => self.transaction(lease).await,
        }
    }

    /// A transaction, which is rolled back unless it is [finished](Unit::finish).
    pub(super) async fn transaction<'a>(
        &self,
        lease: &'a mut Lease<'_, Postgres>,
    ) -> Result<Unit<'a>, StoreError> {
        match self.route().await? {
            Route::Direct => self.have(lease.begin()).await.map(Unit::Direct),
            Route::Pooled => {
                let limits =
                    self.limits().map(|(name, limit)| format!("; SET LOCAL {name} = {limit}"));
                let begin = format!("BEGIN{}", limits.concat());
                let transaction = self.have(lease.begin_with(AssertSqlSafe(begin)));
                transaction.await.map(Unit::Pooled)
            }
        }
    }

    pub(super) fn explain(&self, error: sqlx::Error) -> StoreError {
        self.failures.explain(error, unavailable)
    }

    /// Waits for a connection, but not longer than the database is thought to be there.
    async fn have<T>(
        &self,
        connection: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        tokio::select! {
            connection = connection => connection.map_err(|error| self.explain(error)),
            error = self.failures.away() => Err(error),
        }
    }

    async fn route(&self) -> Result<Route, StoreError> {
        let found = self.route.get_or_try_init(|| self.have(self.find_route())).await?;
        Ok(*found)
    }

    /// Connections are made only after this, so that all are made for the route.
    async fn find_route(&self) -> Result<Route, sqlx::Error> {
        let within = self.settings.acquire_timeout();
        let found = tokio::time::timeout(within, find_route(&self.options)).await;
        let route = found.unwrap_or(Err(sqlx::Error::PoolTimedOut))?;
        match route {
            Route::Direct => {
                self.leases.pool().set_connect_options(self.options.clone().options(self.limits()));
            }
            Route::Pooled => {
                tracing::info!("DATABASE_URL leads to a pooler: a transaction for each operation");
            }
        }
        Ok(route)
    }

    /// Longest time for a statement.
    pub(super) fn statement_timeout(&self) -> Duration {
        self.settings.statement_timeout()
    }

    /// What the server is to hold us to, in milliseconds. A process that stands still or is cut off in the middle
    /// of a transaction keeps its locks no longer than a request may take.
    fn limits(&self) -> [(&'static str, u128); 2] {
        [
            ("statement_timeout", self.statement_timeout().as_millis()),
            (
                "idle_in_transaction_session_timeout",
                self.settings.request_timeout.as_millis().max(1),
            ),
        ]
    }
}

fn pool(options: PgConnectOptions, settings: &PoolSettings, failures: &Arc<Failures>) -> PgPool {
    let (before, after) = (Arc::clone(failures), Arc::clone(failures));
    PgPoolOptions::new()
        .max_connections(settings.max_connections)
        .acquire_timeout(settings.acquire_timeout())
        .idle_timeout(Duration::from_mins(10))
        .max_lifetime(Duration::from_mins(30))
        // A round trip for each request is too dear; see `Failures` for what stands in its place.
        .test_before_acquire(false)
        .before_acquire(move |_, meta| {
            let usable = before.none_within(meta.age);
            Box::pin(async move { Ok(usable) })
        })
        // Before one goes back it is asked whether it still answers, without a limit; a condemned one
        // might never, and would keep its place in the pool.
        .after_release(move |_, meta| {
            let usable = after.none_within(meta.age);
            Box::pin(async move { Ok(usable) })
        })
        .connect_lazy_with(options)
}

/// Sends a start-up option with a mark that only this connection can have, and looks whether it arrived. A
/// server takes it; a pooler refuses such options, or drops them, because its backends are started already.
/// Both its session and its transaction mode are seen so, at any load.
async fn find_route(options: &PgConnectOptions) -> Result<Route, sqlx::Error> {
    let mark = format!("{:032x}", rand::random::<u128>());
    let marked = options.clone().options([("taskmanager.mark", &mark)]);
    let mut connection = match marked.connect().await {
        Ok(connection) => connection,
        Err(sqlx::Error::Database(error)) if refuses_options(error.as_ref()) => {
            return Ok(Route::Pooled);
        }
        Err(error) => return Err(error),
    };
    let look = sqlx::raw_sql("SELECT coalesce(current_setting('taskmanager.mark', true), '')");
    let seen: String = sqlx::Row::try_get(&look.fetch_one(&mut connection).await?, 0)?;
    connection.close().await?;
    Ok(if seen == mark { Route::Direct } else { Route::Pooled })
}

/// Whether the server itself is at the other end, so that a connection stays one session.
pub(super) async fn leads_to_the_server(options: &PgConnectOptions) -> Result<bool, sqlx::Error> {
    Ok(find_route(options).await? == Route::Direct)
}

/// PgBouncer says that a start-up parameter breaks the protocol; others say that they do not support it.
fn refuses_options(error: &dyn sqlx::error::DatabaseError) -> bool {
    matches!(error.code().as_deref(), Some("08P01" | "0A000"))
}

/// What is committed together, on a connection that is lent out.
pub(super) enum Unit<'a> {
    /// One statement, which is its own transaction.
    Plain(&'a mut PgConnection),
    /// A transaction.
    Direct(Transaction<'a, Postgres>),
    /// A transaction on a backend that others use before and after it.
    Pooled(Transaction<'a, Postgres>),
}

impl Unit<'_> {
    /// Whether a prepared statement may be kept for the next time.
    pub(super) fn keeps_statements(&self) -> bool {
        !matches!(self, Self::Pooled(_))
    }

    /// Commits what was done.
    pub(super) async fn finish(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Plain(_) => Ok(()),
            Self::Direct(transaction) | Self::Pooled(transaction) => transaction.commit().await,
        }
    }
}

impl Deref for Unit<'_> {
    type Target = PgConnection;

    fn deref(&self) -> &PgConnection {
        match self {
            Self::Plain(connection) => connection,
            Self::Direct(transaction) | Self::Pooled(transaction) => transaction,
        }
    }
}

impl DerefMut for Unit<'_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        match self {
            Self::Plain(connection) => connection,
            Self::Direct(transaction) | Self::Pooled(transaction) => transaction,
        }
    }
}

/// The word for an SQLSTATE (PostgreSQL's manual, appendix A) that means "not now".
fn unavailable(error: &sqlx::Error) -> Option<&'static str> {
    let code = error.as_database_error()?.code()?;
    match (code.get(..2)?, code.as_ref()) {
        (_, "57014" | "25P03") => Some("timeout"),
        (_, "57P01" | "57P02" | "57P03" | "57P05") | ("08" | "28" | "3D", _) => Some("connection"),
        (_, "55P03") | ("40", _) => Some("busy"),
        (_, "25006") => Some("read_only"),
        (_, "53100") => Some("full"),
        ("53", _) => Some("resources"),
        ("58", _) => Some("io"),
        _ => None,
    }
}

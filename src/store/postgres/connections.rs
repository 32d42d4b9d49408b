//! How the store comes to its server: directly, or through a pooler.
//!
//! A pooler such as PgBouncer may give each transaction another backend. A prepared statement is then not
//! where it was prepared, or, worse, another client's is there under the same name; and a setting of the session
//! stays behind for anyone who comes next. So behind a pooler every operation is one transaction, which stays with
//! one backend, with unnamed statements and settings that end with it. A direct connection keeps its
//! prepared statements and needs no transaction for a single statement.

use schemakeep_db::Program;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection};
use tokio::sync::OnceCell;

use crate::store::PoolSettings;
use crate::store::error::{DENIED, READ_ONLY};

/// What stands between this program and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Route {
    Direct,
    Pooled,
}

/// Ways to one database, which are found out before the first connection is made.
#[derive(Debug)]
pub(super) struct Connector {
    options: PgConnectOptions,
    route: OnceCell<Route>,
    limits: [(&'static str, u128); 2],
}

impl Connector {
    pub(super) fn new(target: &PgConnectOptions, settings: &PoolSettings) -> Self {
        // PgBouncer refuses the parameter.
        let options = target
            .clone()
            .application_name(&Program::current().instance_application_name())
            .extra_float_digits(None);
        // What the server is to hold us to, in milliseconds. A process that stands still or is cut off in the middle
        // of a transaction keeps its locks no longer than a request may take.
        let limits = [
            ("statement_timeout", settings.statement_timeout().as_millis()),
            ("idle_in_transaction_session_timeout", settings.request_timeout.as_millis().max(1)),
        ];
        Self { options, route: OnceCell::new(), limits }
    }

    /// Opens a connection, and says which backend process serves it; behind a pooler that changes.
    pub(super) async fn connect(&self) -> Result<(PgConnection, Option<i32>), sqlx::Error> {
        let route = *self.route.get_or_try_init(|| self.find_route()).await?;
        if route == Route::Pooled {
            return Ok((self.options.connect().await?, None));
        }
        let mut connection = self.options.clone().options(self.limits).connect().await?;
        let process = sqlx::raw_sql("SELECT pg_backend_pid()").fetch_one(&mut connection).await?;
        let process: Option<i32> = sqlx::Row::try_get(&process, 0)?;
        Ok((connection, process))
    }

    /// Asks the server to cancel what one of its processes does for us.
    pub(super) async fn cancel(&self, process: i32) -> Result<(), sqlx::Error> {
        let mut connection = self.options.connect().await?;
        let cancel = sqlx::query("SELECT pg_cancel_backend($1)").bind(process).persistent(false);
        cancel.execute(&mut connection).await?;
        connection.close().await
    }

    /// Whether every statement must be in a transaction, since each transaction may meet another backend.
    pub(super) fn is_pooled(&self) -> bool {
        self.route.get() == Some(&Route::Pooled)
    }

    /// Begins a transaction, behind a pooler with the limits that a session could not keep.
    pub(super) async fn begin(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        if !self.is_pooled() {
            return sqlx::raw_sql("BEGIN").execute(connection).await.map(drop);
        }
        let limits = self.limits.map(|(name, limit)| format!("; SET LOCAL {name} = {limit}"));
        let begin = AssertSqlSafe(format!("BEGIN{}", limits.concat()));
        sqlx::raw_sql(begin).execute(connection).await.map(drop)
    }

    async fn find_route(&self) -> Result<Route, sqlx::Error> {
        let route = find_route(&self.options).await?;
        if route == Route::Pooled {
            tracing::info!("DATABASE_URL leads to a pooler: a transaction for each operation");
        }
        Ok(route)
    }
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

/// The word for an SQLSTATE (PostgreSQL's manual, appendix A) that means "not now".
pub(in crate::store) fn unavailable(error: &sqlx::Error) -> Option<&'static str> {
    let code = error.as_database_error()?.code()?;
    match (code.get(..2)?, code.as_ref()) {
        (_, "57014" | "25P03") => Some("timeout"),
        (_, "57P01" | "57P02" | "57P03" | "57P05") | ("08" | "28" | "3D", _) => Some("connection"),
        (_, "55P03") | ("40", _) => Some("busy"),
        (_, "42501") => Some(DENIED),
        (_, "25006") => Some(READ_ONLY),
        (_, "53100") => Some("full"),
        (_, "XX001" | "XX002") => Some("corrupt"),
        ("53", _) => Some("resources"),
        ("58", _) => Some("io"),
        _ => None,
    }
}

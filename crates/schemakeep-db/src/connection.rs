//! One dedicated connection, never from a pool, and text in and out of it.
//!
//! Statements go through PostgreSQL's simple protocol only: they leave no prepared statement behind, so
//! they work through a pooler too. Values come back as text; the query says how.

use std::path::Path;
use std::time::Duration;

use futures_util::TryStreamExt;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row, SqliteConnection};

use tokio_util::sync::CancellationToken;

use crate::url::{DatabaseTarget, DatabaseUrl, SqliteMode, SqliteTarget};
use crate::{Dialect, Program};

/// How long SQLite waits for a writer before it says that the file is busy.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// The same while migrating, where it is tried again: nothing interrupts this wait, and a stop must not take long.
const SHORT_BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// After how many instructions of its machine SQLite asks whether to go on.
const WATCH_EVERY: i32 = 10_000;

/// Has PostgreSQL 14 and newer notice within a second that this process has gone, also in the middle of a statement.
pub const WATCH_CLIENT: &str = "SELECT set_config(name, '1000', false) FROM pg_catalog.pg_settings \
     WHERE name = 'client_connection_check_interval'";

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To run migrations.
    Migrate,
    /// To look.
    Inspect,
    /// To look for an instance of the service.
    Serve,
}

impl Purpose {
    /// The name that the server shows for the connection.
    fn application_name(self) -> String {
        let program = Program::current();
        match self {
            Self::Migrate => program.migrator_application_name(),
            Self::Inspect => program.inspector_application_name(),
            Self::Serve => program.instance_application_name(),
        }
    }
}

#[derive(Debug)]
pub enum Session {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

impl Session {
    /// Opens a connection that only reads. `None`: an SQLite file that is not there yet, and may be created.
    pub async fn to_read(url: &DatabaseUrl, purpose: Purpose) -> Result<Option<Self>, sqlx::Error> {
        match url.target() {
            DatabaseTarget::Postgres(options) => Self::postgres(options, purpose).await.map(Some),
            DatabaseTarget::Sqlite(target) if may_be_created(target) => Ok(None),
            DatabaseTarget::Sqlite(target) => {
                // Not opened read-only: that could not recover the journal of a process that was killed.
                let options = sqlite(target).create_if_missing(false).pragma("query_only", "1");
                options.connect().await.map(|connection| Some(Self::Sqlite(connection)))
            }
        }
    }

    /// Opens a connection that may write, and creates an SQLite file where that is allowed.
    pub async fn to_write(url: &DatabaseUrl) -> Result<Self, sqlx::Error> {
        match url.target() {
            DatabaseTarget::Postgres(options) => Self::postgres(options, Purpose::Migrate).await,
            DatabaseTarget::Sqlite(target) => {
                let options = sqlite(target)
                    .create_if_missing(target.mode == SqliteMode::Create)
                    .journal_mode(SqliteJournalMode::Wal)
                    .synchronous(SqliteSynchronous::Full)
                    .foreign_keys(true);
                options.connect().await.map(Self::Sqlite)
            }
        }
    }

    async fn postgres(options: &PgConnectOptions, purpose: Purpose) -> Result<Self, sqlx::Error> {
        let options = options
            .clone()
            .application_name(&purpose.application_name())
            // PgBouncer refuses the parameter.
            .extra_float_digits(None);
        options.connect().await.map(Self::Postgres)
    }

    /// Has SQLite give up the running statement when a stop is asked for. PostgreSQL's is cancelled from
    /// another connection.
    pub async fn interrupt_on(&mut self, stop: CancellationToken) -> Result<(), sqlx::Error> {
        if let Self::Sqlite(connection) = self {
            let go_on = move || !stop.is_cancelled();
            connection.lock_handle().await?.set_progress_handler(WATCH_EVERY, go_on);
            let limit = SHORT_BUSY_TIMEOUT.as_millis();
            self.execute(format!("PRAGMA busy_timeout = {limit}")).await?;
        }
        Ok(())
    }

    /// Lets SQLite end every statement from now on.
    pub async fn interrupt_no_more(&mut self) -> Result<(), sqlx::Error> {
        if let Self::Sqlite(connection) = self {
            connection.lock_handle().await?.remove_progress_handler();
        }
        Ok(())
    }

    pub fn dialect(&self) -> Dialect {
        match self {
            Self::Postgres(_) => Dialect::Postgres,
            Self::Sqlite(_) => Dialect::Sqlite,
        }
    }

    /// Runs statements of ours that return nothing.
    pub async fn execute(&mut self, sql: impl Into<String>) -> Result<(), sqlx::Error> {
        self.run(&sql.into()).await.map_err(|(_, error)| error)
    }

    /// Runs a text of statements; a failure comes with the number of statements that went well before it.
    pub async fn run(&mut self, sql: &str) -> Result<(), (usize, sqlx::Error)> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        let mut done = 0;
        match self {
            Self::Postgres(connection) => {
                let mut results = sql.execute_many(connection);
                while results.try_next().await.map_err(|error| (done, error))?.is_some() {
                    done += 1;
                }
            }
            Self::Sqlite(connection) => {
                let mut results = sql.execute_many(connection);
                while results.try_next().await.map_err(|error| (done, error))?.is_some() {
                    done += 1;
                }
            }
        }
        Ok(())
    }

    /// Runs a query of ours whose columns are all of type text.
    pub async fn rows(
        &mut self,
        sql: impl Into<String>,
    ) -> Result<Vec<Vec<Option<String>>>, sqlx::Error> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql.into()));
        match self {
            Self::Postgres(connection) => {
                let rows = sql.fetch_all(connection).await?;
                rows.iter().map(|row| (0..row.len()).map(|i| row.try_get(i)).collect()).collect()
            }
            Self::Sqlite(connection) => {
                let rows = sql.fetch_all(connection).await?;
                rows.iter().map(|row| (0..row.len()).map(|i| row.try_get(i)).collect()).collect()
            }
        }
    }

    /// The first column of the first row.
    pub async fn value(&mut self, sql: impl Into<String>) -> Result<Option<String>, sqlx::Error> {
        Ok(self
            .rows(sql)
            .await?
            .into_iter()
            .next()
            .and_then(|row| row.into_iter().next().flatten()))
    }

    /// Closes the connection in good order; a failure to do so loses nothing.
    pub async fn close(self) {
        let closed = match self {
            Self::Postgres(connection) => connection.close().await,
            Self::Sqlite(connection) => connection.close().await,
        };
        if let Err(error) = closed {
            tracing::debug!(%error, "a connection did not close in good order");
        }
    }
}

fn sqlite(target: &SqliteTarget) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(&target.path)
        .read_only(target.mode == SqliteMode::ReadOnly)
        .busy_timeout(BUSY_TIMEOUT)
}

/// Whether the file is not there, and could be made: its folder is, and the URL allows it.
fn may_be_created(target: &SqliteTarget) -> bool {
    let folder = target.path.parent().filter(|folder| !folder.as_os_str().is_empty());
    target.mode == SqliteMode::Create
        && !target.path.exists()
        && folder.unwrap_or(Path::new(".")).is_dir()
}

/// Which file an SQLite URL leads to; the same path may lead to another one later.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FileIdentity(u64, u64);

impl FileIdentity {
    /// `None` for a server, for a file that is not there, and where files have no numbers.
    pub fn of(url: &DatabaseUrl) -> Option<Self> {
        let DatabaseTarget::Sqlite(file) = url.target() else {
            return None;
        };
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt as _;
            std::fs::metadata(&file.path).ok().map(|found| Self(found.dev(), found.ino()))
        }
        #[cfg(not(unix))]
        {
            std::fs::metadata(&file.path).ok().map(|_| Self(0, 0))
        }
    }
}

//! Proves that the database takes writes, on connections of its own: no request waits for a probe, and no probe for a
//! request.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::fs::{Access, access};
use schemakeep_db::Program;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row, SqliteConnection};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::write_history::WriteHistory;
use super::{file, postgres, sqlite};
use crate::config::{DatabaseTarget, SqliteMode, SqliteTarget};

/// Longest that a probe may take.
const PROBE_LIMIT: Duration = Duration::from_secs(2);
/// How long SQLite's probe waits for the write lock. Somebody who holds it longer is at work: no reason to be alarmed.
const PROBE_BUSY_TIMEOUT: Duration = Duration::from_millis(250);
/// After how long without a write one is made to see whether it works (SQLite only: a server tells by itself).
const IDLE_WRITE_INTERVAL: Duration = Duration::from_secs(10);
/// Text that a probe writes after a failure, in bytes: more than a request usually does, so that a disk that is all
/// but full is not taken for one with room.
const DOUBTFUL_WRITE_BYTES: usize = 32 * 1024;

/// What the role needs to make a change, without which a write fails.
const STATUS: &str = "SELECT pg_is_in_recovery() AS standby, \
     current_setting('transaction_read_only') = 'on' AS read_only, \
     (SELECT string_agg(DISTINCT name, ', ') FROM (VALUES \
       ('tasks', 'SELECT'), ('tasks', 'INSERT'), ('tasks', 'UPDATE'), ('tasks', 'DELETE'), \
       ('task_events', 'SELECT'), ('task_events', 'INSERT'), \
       ('idempotency_keys', 'SELECT'), ('idempotency_keys', 'INSERT'), ('idempotency_keys', 'UPDATE')\
     ) AS needed (name, privilege) WHERE NOT CASE privilege \
       WHEN 'DELETE' THEN has_table_privilege(to_regclass(name), privilege) \
       ELSE has_any_column_privilege(to_regclass(name), privilege) END) AS refused";

/// Whether the database takes writes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Writability {
    /// It does, as far as is known.
    Writable,
    /// It does not.
    Refused {
        /// For which reason.
        reason: WriteRefusal,
        /// One clause for a person, without anything that the database said.
        detail: String,
    },
}

/// Why a database takes no writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteRefusal {
    /// A standby, a read-only file or file system, or a role without the right.
    ReadOnly,
    /// No room.
    DiskFull,
    /// Damaged.
    Corrupt,
}

/// Looks whether one database takes writes.
#[derive(Debug)]
pub struct WriteProbe {
    place: Place,
    history: Arc<WriteHistory>,
    last: Mutex<Last>,
}

#[derive(Debug)]
enum Place {
    Sqlite(SqliteTarget),
    Postgres(Box<PgConnectOptions>, Mutex<Option<PgConnection>>),
}

#[derive(Debug)]
struct Last {
    /// When this probe last wrote.
    wrote: Option<Instant>,
    seen: Writability,
}

impl WriteProbe {
    /// Opens nothing yet. `history` is that of the store which is being probed.
    #[must_use]
    pub fn new(target: &DatabaseTarget, history: Arc<WriteHistory>) -> Self {
        let place = match target {
            DatabaseTarget::Sqlite(target) => Place::Sqlite(target.clone()),
            DatabaseTarget::Postgres(options) => {
                // PgBouncer refuses the parameter.
                let options = options.as_ref().clone().extra_float_digits(None);
                let options =
                    options.application_name(&Program::current().instance_application_name());
                Place::Postgres(Box::new(options), Mutex::default())
            }
        };
        let last = Mutex::new(Last { wrote: None, seen: Writability::Writable });
        Self { place, history, last }
    }

    /// Whether the database takes writes now. One that does not answer, or is busy, is left at what was last known
    /// of it: others say that it is away.
    pub async fn look(&self) -> Writability {
        let mut last = self.last.lock().await;
        let doubtful = self.history.doubt().is_some() || last.seen != Writability::Writable;
        let probing = timeout(PROBE_LIMIT, self.probe(doubtful, last.wrote)).await;
        match probing {
            Ok(Ok(wrote)) => {
                if wrote {
                    last.wrote = Some(Instant::now());
                    self.history.proven();
                }
                last.seen = Writability::Writable;
            }
            Ok(Err(Obstacle::Refused(reason, detail))) => {
                last.seen = Writability::Refused { reason, detail };
            }
            Ok(Err(Obstacle::Unknown(error))) => tracing::debug!(%error, "write probe failed"),
            Err(_) => tracing::debug!("write probe timed out"),
        }
        last.seen.clone()
    }

    /// Whether something was written, if nothing stands in the way.
    async fn probe(&self, doubtful: bool, last_write: Option<Instant>) -> Result<bool, Obstacle> {
        match &self.place {
            Place::Sqlite(target) => {
                check_files(target)?;
                let written = self.history.last_success().max(last_write);
                let idle = written.is_none_or(|at| at.elapsed() >= IDLE_WRITE_INTERVAL);
                if doubtful || idle {
                    write_to_file(target, doubtful).await?;
                }
                Ok(doubtful || idle)
            }
            Place::Postgres(options, connection) => {
                let mut kept = connection.lock().await;
                // Settings of the role or the database show in a new session only.
                let reusable = kept.take().filter(|_| !doubtful);
                let mut connection = match reusable {
                    Some(connection) => connection,
                    None => options.connect().await.map_err(Obstacle::of_server)?,
                };
                check_server(&mut connection).await?;
                if doubtful {
                    let write = sqlx::raw_sql(AssertSqlSafe(server_write()));
                    write.execute(&mut connection).await.map_err(Obstacle::of_server)?;
                }
                *kept = Some(connection);
                Ok(doubtful)
            }
        }
    }
}

/// What stands in the way of a write.
#[derive(Debug)]
enum Obstacle {
    Refused(WriteRefusal, String),
    /// Nothing that says whether writes are taken.
    Unknown(sqlx::Error),
}

impl Obstacle {
    fn read_only(detail: impl Into<String>) -> Self {
        Self::Refused(WriteRefusal::ReadOnly, detail.into())
    }

    fn of_server(error: sqlx::Error) -> Self {
        let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
        if code.as_deref() == Some("42501") {
            return Self::read_only("the role of DATABASE_URL may not write to the tables");
        }
        Self::of(postgres::unavailable(&error), error)
    }

    fn of_file(error: sqlx::Error) -> Self {
        Self::of(sqlite::unavailable(&error), error)
    }

    fn of(kind: Option<&'static str>, error: sqlx::Error) -> Self {
        match kind {
            Some("full") => {
                Self::Refused(WriteRefusal::DiskFull, "the disk of the database is full".into())
            }
            Some("read_only") => Self::read_only("the database is read-only"),
            Some("io") => Self::read_only("writes to the disk of the database fail"),
            Some("corrupt") => {
                Self::Refused(WriteRefusal::Corrupt, "the database is damaged".into())
            }
            _ => Self::Unknown(error),
        }
    }
}

async fn check_server(connection: &mut PgConnection) -> Result<(), Obstacle> {
    let status = sqlx::raw_sql(STATUS).fetch_one(connection).await;
    let status = status.map_err(Obstacle::of_server)?;
    let flag = |name: &str| status.try_get::<bool, _>(name).map_err(Obstacle::Unknown);
    if flag("standby")? {
        return Err(Obstacle::read_only("the database is a standby in recovery"));
    }
    if flag("read_only")? {
        return Err(Obstacle::read_only("transactions of the database are read-only by default"));
    }
    let refused: Option<String> = status.try_get("refused").map_err(Obstacle::Unknown)?;
    match refused {
        None => Ok(()),
        Some(tables) => {
            let detail = format!("the role of DATABASE_URL may not write to {tables}");
            Err(Obstacle::read_only(detail))
        }
    }
}

/// One transaction that leaves no row.
fn server_write() -> String {
    let key = probe_key();
    // MD5 in hexadecimal digits: 32 bytes that do not compress.
    let chunks = DOUBTFUL_WRITE_BYTES / 32;
    format!(
        "INSERT INTO idempotency_keys (key, fingerprint, claimed_at, body) \
         SELECT '{key}', decode(repeat('00', 32), 'hex'), now(), string_agg(md5(random()::text), '') \
         FROM generate_series(1, {chunks}); DELETE FROM idempotency_keys WHERE key = '{key}'"
    )
}

fn probe_key() -> String {
    format!("taskmanager write probe {:032x}", rand::random::<u128>())
}

/// Whether the file, its folder and its log can be written.
fn check_files(target: &SqliteTarget) -> Result<(), Obstacle> {
    if target.mode == SqliteMode::ReadOnly {
        return Err(Obstacle::read_only("DATABASE_URL opens the database read-only (mode=ro)"));
    }
    let folder = target.path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let with = |suffix: &str| {
        let mut path = target.path.clone().into_os_string();
        path.push(suffix);
        path
    };
    let unwritable = |path: &Path| {
        let refused = access(path, Access::WRITE_OK);
        matches!(refused, Err(rustix::io::Errno::ACCESS | rustix::io::Errno::ROFS))
    };
    if unwritable(&target.path) {
        return Err(Obstacle::read_only("the database file cannot be written"));
    }
    if unwritable(folder.unwrap_or(Path::new("."))) {
        return Err(Obstacle::read_only("the folder of the database cannot be written"));
    }
    if ["-wal", "-shm"].iter().any(|suffix| unwritable(Path::new(&with(suffix)))) {
        return Err(Obstacle::read_only("the log of the database cannot be written"));
    }
    Ok(())
}

/// One transaction that leaves no row. A connection for it alone: the file may be another one the next time.
async fn write_to_file(target: &SqliteTarget, doubtful: bool) -> Result<(), Obstacle> {
    // The file that is probed must be there: others say when it is not.
    if file::identity(&target.path).is_none() {
        let absent = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(Obstacle::Unknown(sqlx::Error::Io(absent)));
    }
    let options = SqliteConnectOptions::new()
        .filename(&target.path)
        .create_if_missing(false)
        .busy_timeout(PROBE_BUSY_TIMEOUT);
    let mut connection =
        SqliteConnection::connect_with(&options).await.map_err(Obstacle::of_file)?;
    let (key, bytes) = (probe_key(), if doubtful { DOUBTFUL_WRITE_BYTES / 2 } else { 0 });
    let write = format!(
        "BEGIN IMMEDIATE; INSERT INTO idempotency_keys (key, fingerprint, claimed_at, body) \
         VALUES ('{key}', zeroblob(32), 0, hex(randomblob({bytes}))); \
         DELETE FROM idempotency_keys WHERE key = '{key}'; COMMIT"
    );
    let written = sqlx::raw_sql(AssertSqlSafe(write)).execute(&mut connection).await;
    // Whatever happened, the file is closed, and what was not committed is taken back.
    let closed = connection.close().await;
    written.map_err(Obstacle::of_file)?;
    closed.map_err(Obstacle::of_file)
}

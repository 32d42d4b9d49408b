//! Proves that the database takes writes, on connections of its own: no request waits for a probe, and no probe for a
//! request.

mod file_writes;
mod server;

use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::error::{DENIED, READ_ONLY};
use super::write_history::WriteHistory;
use super::{Database, postgres, sqlite};
use crate::config::{DatabaseTarget, SqliteTarget};
use schemakeep_db::Program;

/// Longest that a probe may take.
const PROBE_LIMIT: Duration = Duration::from_secs(2);
/// After how long without a write one is made to see whether it works (SQLite only: a server tells by itself).
const IDLE_WRITE_INTERVAL: Duration = Duration::from_secs(10);

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
        /// Whether it can be read all the same.
        is_readable: bool,
    },
}

impl Writability {
    fn is_read_only(&self) -> bool {
        matches!(self, Self::Refused { reason: WriteRefusal::ReadOnly, .. })
    }
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
    database: Database,
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
    /// Opens nothing yet. `database` is the open store of the target.
    #[must_use]
    pub fn new(target: &DatabaseTarget, database: Database) -> Self {
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
        let history = database.write_history();
        Self { place, database, history, last }
    }

    /// Whether the database takes writes now. One that does not answer, or is busy, is left at what was last known
    /// of it: others say that it is away.
    pub async fn look(&self) -> Writability {
        let mut last = self.last.lock().await;
        let doubtful = self.history.doubt().is_some() || last.seen != Writability::Writable;
        let reopens = self.database.has_lost_its_log() || self.is_read_only(&last.seen);
        let probing = timeout(PROBE_LIMIT, self.probe(doubtful, reopens, last.wrote)).await;
        match probing {
            Ok(Ok(wrote)) => {
                if reopens {
                    // What the connections of the store began with may be what refused the writes.
                    self.database.renew();
                }
                if wrote {
                    last.wrote = Some(Instant::now());
                    self.history.proven();
                }
                last.seen = Writability::Writable;
            }
            Ok(Err(Obstacle::Refused { reason, detail, is_readable })) => {
                last.seen = Writability::Refused { reason, detail, is_readable };
            }
            Ok(Err(Obstacle::Unknown(error))) => tracing::debug!(%error, "write probe failed"),
            Err(_) => tracing::debug!("write probe timed out"),
        }
        last.seen.clone()
    }

    /// Whether writes were refused for want of the right, as far as is known.
    fn is_read_only(&self, seen: &Writability) -> bool {
        seen.is_read_only() || self.history.doubt() == Some(READ_ONLY)
    }

    /// Whether the next look saves what only the open connections have.
    #[must_use]
    pub fn has_lost_its_log(&self) -> bool {
        self.database.has_lost_its_log()
    }

    /// Whether the probe wants all connections closed, to see whether writes are taken again.
    pub async fn reopens(&self) -> bool {
        matches!(self.place, Place::Sqlite(_))
            && (self.database.has_lost_its_log() || self.is_read_only(&self.last.lock().await.seen))
    }

    /// Whether something was written, if nothing stands in the way.
    async fn probe(
        &self,
        doubtful: bool,
        reopens: bool,
        last_write: Option<Instant>,
    ) -> Result<bool, Obstacle> {
        match &self.place {
            Place::Sqlite(target) => {
                file_writes::check(target)?;
                let written = self.history.last_success().max(last_write);
                let idle = written.is_none_or(|at| at.elapsed() >= IDLE_WRITE_INTERVAL);
                // While one connection of the process has the log's index open for reading only, every other one gets it
                // so, also when it may be written again; and those that have a lost log keep the others from a new one.
                let _paused = if reopens { self.database.pause().await } else { None };
                if doubtful || idle {
                    file_writes::write(target, doubtful).await?;
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
                server::check(&mut connection).await?;
                if doubtful {
                    server::write(&mut connection).await?;
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
    Refused {
        reason: WriteRefusal,
        detail: String,
        is_readable: bool,
    },
    /// Nothing that says whether writes are taken.
    Unknown(sqlx::Error),
}

impl Obstacle {
    fn read_only(detail: impl Into<String>) -> Self {
        Self::Refused { reason: WriteRefusal::ReadOnly, detail: detail.into(), is_readable: true }
    }

    /// Neither writes nor reads.
    fn unreadable(detail: String) -> Self {
        Self::Refused { reason: WriteRefusal::ReadOnly, detail, is_readable: false }
    }

    fn of_server(error: sqlx::Error) -> Self {
        Self::of(postgres::unavailable(&error), error)
    }

    fn of_file(error: sqlx::Error) -> Self {
        Self::of(sqlite::unavailable(&error), error)
    }

    fn of(kind: Option<&'static str>, error: sqlx::Error) -> Self {
        let refused = |reason, detail: &str| Self::Refused {
            reason,
            detail: detail.to_owned(),
            is_readable: reason != WriteRefusal::Corrupt,
        };
        match kind {
            Some("full") => refused(WriteRefusal::DiskFull, "the disk of the database is full"),
            Some(DENIED) => Self::read_only("the role of DATABASE_URL may not write to the tables"),
            Some(READ_ONLY) => Self::read_only("the database is read-only"),
            Some("io") => Self::read_only("writes to the disk of the database fail"),
            Some("corrupt") => refused(WriteRefusal::Corrupt, "the database is damaged"),
            _ => Self::Unknown(error),
        }
    }
}

fn probe_key() -> String {
    format!("taskmanager write probe {:032x}", rand::random::<u128>())
}

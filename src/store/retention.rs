//! Rows that are kept for a while only: events and idempotency keys. They go by age, by the database's clock, and the
//! oldest first where there are too many of them.

use std::time::{Duration, Instant};

use metrics::{counter, gauge};
use schemakeep_db::Program;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, PgConnection, Row, SqliteConnection};
use tokio::time::{sleep, timeout};

use crate::config::{DatabaseTarget, SqliteMode};
use crate::telemetry::metrics::{
    TASKMANAGER_PRUNE_FAILURES_TOTAL, TASKMANAGER_PRUNED_ROWS_TOTAL, TASKMANAGER_RETAINED_BYTES,
    TASKMANAGER_RETAINED_ROWS,
};

/// How many rows are deleted in one statement.
const PRUNED_AT_ONCE_ROWS: i64 = 1_000;
/// Shortest time between two rounds.
const PRUNE_INTERVAL_MIN: Duration = Duration::from_mins(1);
/// Pause before the first round, not to stand in the way of a start.
const FIRST_PRUNE_DELAY: Duration = Duration::from_secs(10);
/// Between two rounds there is this many times what the last one took.
const PRUNE_COST_FACTOR: u32 = 50;
/// Longest that a round may take.
const PRUNE_LIMIT: Duration = Duration::from_mins(5);
/// How long SQLite's pruner waits for the write lock.
const PRUNE_BUSY_TIMEOUT: Duration = Duration::from_secs(5);

macro_rules! claim_key {
    ($values:expr, $expired:expr) => {
        concat!(
            "INSERT INTO idempotency_keys (key, fingerprint, claimed_at) ",
            $values,
            " ON CONFLICT (key) DO UPDATE SET fingerprint = excluded.fingerprint, \
             claimed_at = excluded.claimed_at, status = NULL, location = NULL, entity_tag = NULL, \
             body = NULL WHERE idempotency_keys.claimed_at <= ",
            $expired
        )
    };
}

macro_rules! find_key {
    ($expired:expr) => {
        concat!(
            "SELECT fingerprint, status, location, entity_tag, body \
             FROM idempotency_keys WHERE key = $1 AND claimed_at > ",
            $expired
        )
    };
}

/// What is said in PostgreSQL's words.
pub(super) mod postgres {
    macro_rules! expired {
        () => {
            "now() - interval '24 hours'"
        };
    }

    /// What is older than this is forgotten.
    pub(super) const EXPIRED: &str = expired!();
    /// Changes one row, or none when the key is in use or was claimed within 24 hours. `$1`: the key; `$2`: its
    /// fingerprint; `$3`: [`lock_number`](crate::store::idempotency::lock_number).
    pub(in crate::store) const CLAIM_KEY: &str =
        claim_key!("SELECT $1, $2, now() WHERE pg_try_advisory_xact_lock($3)", expired!());
    /// `$1`: a key that was claimed within 24 hours.
    pub(in crate::store) const FIND_KEY: &str = find_key!(expired!());
}

/// What is said in SQLite's words.
pub(super) mod sqlite {
    macro_rules! expired {
        () => {
            "CAST((unixepoch('subsec') - 86400) * 1000000 AS INTEGER)"
        };
    }

    /// What is older than this is forgotten.
    pub(super) const EXPIRED: &str = expired!();
    /// Changes one row, or none when the key was claimed within 24 hours. There is one writer at a time. `$1`: the key;
    /// `$2`: its fingerprint.
    pub(in crate::store) const CLAIM_KEY: &str =
        claim_key!("VALUES ($1, $2, CAST(unixepoch('subsec') * 1000000 AS INTEGER))", expired!());
    /// `$1`: a key that was claimed within 24 hours.
    pub(in crate::store) const FIND_KEY: &str = find_key!(expired!());
}

/// How much is kept, whatever its age.
#[derive(Clone, Copy, Debug)]
pub struct RetentionLimits {
    /// Most events.
    pub events_max_rows: i64,
    /// Most bytes of events, by the texts in them and a little for each.
    pub events_max_bytes: i64,
    /// Most bytes of idempotency keys, with the answers that are kept with them.
    pub keys_max_bytes: i64,
}

impl Default for RetentionLimits {
    fn default() -> Self {
        Self {
            events_max_rows: 100_000,
            events_max_bytes: 128 * 1024 * 1024,
            keys_max_bytes: 256 * 1024 * 1024,
        }
    }
}

/// How many rows a round has removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pruned {
    /// Events.
    pub events: u64,
    /// Idempotency keys.
    pub keys: u64,
}

/// Removes what is not to be kept, on a connection of its own.
#[derive(Debug)]
pub struct Retention {
    target: DatabaseTarget,
    limits: RetentionLimits,
}

/// A table with rows that go.
#[derive(Debug)]
struct Table {
    name: &'static str,
    key: &'static str,
    /// The oldest first.
    order: &'static str,
    /// About how many bytes a row takes, as an expression.
    bytes: &'static str,
    max_bytes: i64,
    /// Rows that are not kept, as a condition.
    expired: String,
    /// Rows that may go when there are too many bytes, as a condition.
    removable: &'static str,
}

impl Retention {
    /// Opens nothing yet.
    #[must_use]
    pub fn new(target: &DatabaseTarget, limits: RetentionLimits) -> Self {
        Self { target: target.clone(), limits }
    }

    /// Prunes again and again, until the future is dropped.
    pub async fn keep(&self) {
        if let DatabaseTarget::Sqlite(target) = &self.target
            && target.mode == SqliteMode::ReadOnly
        {
            return;
        }
        let mut wait = FIRST_PRUNE_DELAY;
        let mut works = true;
        loop {
            sleep(wait).await;
            let begun = Instant::now();
            let pruned = timeout(PRUNE_LIMIT, self.prune()).await;
            works = tell(&pruned.unwrap_or_else(|_| Err(timed_out())), works);
            wait = (begun.elapsed() * PRUNE_COST_FACTOR).max(PRUNE_INTERVAL_MIN);
        }
    }

    /// Removes rows that are too old or too many, and tells the metrics how many are left.
    ///
    /// # Errors
    ///
    /// What the driver says; some rows may be gone.
    pub async fn prune(&self) -> Result<Pruned, sqlx::Error> {
        let mut session = Session::open(&self.target).await?;
        let [events, keys] = self.tables();
        let pruned = Pruned {
            events: prune_table(&mut session, &events).await?,
            keys: prune_table(&mut session, &keys).await?,
        };
        session.close().await?;
        Ok(pruned)
    }

    fn tables(&self) -> [Table; 2] {
        let expired = match self.target {
            DatabaseTarget::Sqlite(_) => sqlite::EXPIRED,
            DatabaseTarget::Postgres(_) => postgres::EXPIRED,
        };
        let most = self.limits.events_max_rows;
        let events = Table {
            name: "task_events",
            key: "id",
            order: "id",
            bytes: "160 + octet_length(title) + coalesce(octet_length(description), 0) \
                    + coalesce(octet_length(assignee), 0)",
            max_bytes: self.limits.events_max_bytes,
            // The newest stays, for readers to hold on to.
            expired: format!(
                "id < (SELECT max(id) FROM task_events) \
                 AND (id <= (SELECT max(id) FROM task_events) - {most} OR at < {expired})"
            ),
            removable: "id < (SELECT max(id) FROM task_events)",
        };
        let keys = Table {
            name: "idempotency_keys",
            key: "key",
            order: "claimed_at",
            bytes: "160 + octet_length(key) + coalesce(octet_length(location), 0) \
                    + coalesce(octet_length(entity_tag), 0) + coalesce(octet_length(body), 0)",
            max_bytes: self.limits.keys_max_bytes,
            expired: format!("claimed_at <= {expired}"),
            removable: "claimed_at IS NOT NULL",
        };
        [events, keys]
    }
}

fn timed_out() -> sqlx::Error {
    let words = format!("not done after {PRUNE_LIMIT:?}");
    sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, words))
}

/// Says in the log and the metrics how a round ended; whether it went well. What lasts is said once.
fn tell(pruned: &Result<Pruned, sqlx::Error>, worked: bool) -> bool {
    match pruned {
        Ok(Pruned { events, keys }) => {
            if !worked {
                tracing::info!("pruning works again");
            }
            if events + keys > 0 {
                tracing::debug!(events, keys, "rows pruned");
            }
        }
        Err(error) => {
            counter!(TASKMANAGER_PRUNE_FAILURES_TOTAL).increment(1);
            if worked {
                tracing::warn!(%error, "pruning failed: rows that expired stay, and the tables grow");
            } else {
                tracing::debug!(%error, "pruning failed again");
            }
        }
    }
    pruned.is_ok()
}

async fn prune_table(session: &mut Session, table: &Table) -> Result<u64, sqlx::Error> {
    let mut expired = 0;
    loop {
        let gone = session.delete(table, &table.expired, PRUNED_AT_ONCE_ROWS).await?;
        expired += gone.rows;
        if gone.rows < PRUNED_AT_ONCE_ROWS {
            break;
        }
    }
    let mut left = session.measure(table).await?;
    let mut over = 0;
    while left.bytes > table.max_bytes {
        // As many as are too many, taken to be of the same size.
        let average = (left.bytes / left.rows.max(1)).max(1);
        let rows = ((left.bytes - table.max_bytes) / average + 1).clamp(1, PRUNED_AT_ONCE_ROWS);
        let gone = session.delete(table, table.removable, rows).await?;
        if gone.rows == 0 {
            break;
        }
        over += gone.rows;
        left = Size { rows: left.rows - gone.rows, bytes: left.bytes - gone.bytes };
    }
    if over > 0 {
        let (table, limit) = (table.name, table.max_bytes);
        tracing::warn!(table, rows = over, limit_bytes = limit, "oldest rows pruned over the cap");
    }
    table.publish(left, [("expired", expired), ("cap", over)]);
    Ok(u64::try_from(expired + over).unwrap_or_default())
}

impl Table {
    #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 bytes")]
    fn publish(&self, left: Size, gone: [(&'static str, i64); 2]) {
        gauge!(TASKMANAGER_RETAINED_ROWS, "table" => self.name).set(left.rows as f64);
        gauge!(TASKMANAGER_RETAINED_BYTES, "table" => self.name).set(left.bytes as f64);
        for (reason, rows) in gone {
            counter!(TASKMANAGER_PRUNED_ROWS_TOTAL, "table" => self.name, "reason" => reason)
                .increment(u64::try_from(rows).unwrap_or_default());
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Size {
    rows: i64,
    bytes: i64,
}

/// A connection for one round, by the simple protocol: that works through a pooler too.
#[derive(Debug)]
enum Session {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Session {
    async fn open(target: &DatabaseTarget) -> Result<Self, sqlx::Error> {
        match target {
            DatabaseTarget::Sqlite(target) => {
                let options = SqliteConnectOptions::new()
                    .filename(&target.path)
                    .create_if_missing(false)
                    .busy_timeout(PRUNE_BUSY_TIMEOUT);
                SqliteConnection::connect_with(&options).await.map(Self::Sqlite)
            }
            DatabaseTarget::Postgres(options) => {
                // PgBouncer refuses the parameter.
                let options = options.as_ref().clone().extra_float_digits(None);
                options
                    .application_name(&Program::current().instance_application_name())
                    .connect()
                    .await
                    .map(Self::Postgres)
            }
        }
    }

    async fn measure(&mut self, table: &Table) -> Result<Size, sqlx::Error> {
        let Table { name, bytes, .. } = table;
        let sql = format!("SELECT count(*), CAST(coalesce(sum({bytes}), 0) AS bigint) FROM {name}");
        let rows = self.rows(sql).await?;
        let (rows, bytes) = rows.first().copied().ok_or(sqlx::Error::RowNotFound)?;
        Ok(Size { rows, bytes })
    }

    /// Deletes, of the oldest rows, so many at most, those for which the condition holds.
    async fn delete(
        &mut self,
        table: &Table,
        condition: &str,
        rows: i64,
    ) -> Result<Size, sqlx::Error> {
        let Table { name, key, order, bytes, .. } = table;
        // Nobody waits for another replica that prunes, nor for a request that claims a key again.
        let locking = match self {
            Self::Sqlite(_) => "",
            Self::Postgres(_) => " FOR UPDATE SKIP LOCKED",
        };
        let sql = format!(
            "DELETE FROM {name} WHERE {key} IN (SELECT {key} FROM {name} ORDER BY {order} \
             LIMIT {rows}{locking}) AND {condition} \
             RETURNING CAST(1 AS bigint), CAST({bytes} AS bigint)"
        );
        let gone = self.rows(sql).await?;
        let add =
            |sum: Size, (rows, bytes)| Size { rows: sum.rows + rows, bytes: sum.bytes + bytes };
        Ok(gone.into_iter().fold(Size { rows: 0, bytes: 0 }, add))
    }

    /// Runs a statement of ours whose rows are two integers.
    async fn rows(&mut self, sql: String) -> Result<Vec<(i64, i64)>, sqlx::Error> {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Self::Sqlite(connection) => {
                let rows = sql.fetch_all(connection).await?;
                rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
            }
            Self::Postgres(connection) => {
                let rows = sql.fetch_all(connection).await?;
                rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
            }
        }
    }

    async fn close(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        }
    }
}

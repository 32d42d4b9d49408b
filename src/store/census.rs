//! Counts all tasks, for `/health` and the metrics: one replica for all, and never so often that it is felt.

use std::time::{Duration, Instant};

use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{ConnectOptions, PgConnection, Row};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::{CommittedCounts, Database, StoreError};
use crate::config::DatabaseTarget;
use crate::domain::{CensusLine, Priority, Status};

/// Shortest time between two counts.
const COUNT_INTERVAL_MIN: Duration = Duration::from_secs(2);
/// The same while a commit of this process fell into the moment of the count, so that it may be counted twice or not.
const COUNT_AGAIN_INTERVAL_MIN: Duration = Duration::from_millis(250);
/// Between two counts there is this many times what the last one took.
const COUNT_COST_FACTOR: u32 = 50;
/// How close to a commit of this process the moment of another's count may be.
const CLOCK_TOLERANCE: Duration = Duration::from_millis(50);
/// Longest time for the statement that counts.
const COUNT_LIMIT: Duration = Duration::from_mins(5);
/// Longest time for the statement that reads what was counted.
const READ_LIMIT: Duration = Duration::from_secs(5);

/// The last count of all replicas. The age is by the server's clock.
const READ: &str = "SELECT cost_us, lines, \
     CAST(extract(epoch FROM clock_timestamp() - counted_at) * 1000000 AS bigint) AS age_us \
     FROM task_census WHERE id = 1";
const BEGIN: &str = "BEGIN; SET LOCAL statement_timeout = '5min'";
/// One replica counts at a time; the number means nothing, and belongs to nobody else.
const LOCK: &str = "SELECT pg_try_advisory_xact_lock(7253104446114)";
/// Counts what is visible when the statement begins.
const COUNT: &str = "WITH counted AS (SELECT status, priority, count(*) AS tasks FROM tasks \
     GROUP BY status, priority) \
     INSERT INTO task_census (id, counted_at, cost_us, lines) \
     SELECT 1, statement_timestamp(), \
     CAST(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000000 AS bigint), \
     CAST(coalesce(json_agg(json_build_array(status, priority, tasks)), '[]') AS text) FROM counted \
     ON CONFLICT (id) DO UPDATE SET counted_at = excluded.counted_at, cost_us = excluded.cost_us, \
     lines = excluded.lines RETURNING cost_us, lines, cost_us AS age_us";

/// A count of all tasks at one moment.
#[derive(Clone, Debug)]
pub struct Census {
    /// How many there are of each status and priority that occurs.
    pub lines: Vec<CensusLine>,
    /// What the commits of this process came to at that moment, as [`CommittedCounts`](super::CommittedCounts) has it.
    pub net: i64,
    /// When another count may be taken.
    pub next: Instant,
}

impl Census {
    /// How many tasks there were.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.lines.iter().map(|line| line.tasks).sum()
    }
}

/// Counts the tasks of one database.
#[derive(Debug)]
pub struct TaskCounter {
    database: Database,
    /// The way to the row that replicas share, on a connection of its own.
    shared: Option<Shared>,
}

#[derive(Debug)]
struct Shared {
    options: PgConnectOptions,
    connection: Mutex<Option<PgConnection>>,
}

/// A count as it stands in the table.
#[derive(Debug)]
struct Stored {
    lines: Vec<CensusLine>,
    cost: Duration,
    at: Instant,
}

impl TaskCounter {
    /// Opens nothing yet.
    #[must_use]
    pub fn new(target: &DatabaseTarget, database: Database) -> Self {
        let shared = match target {
            DatabaseTarget::Sqlite(_) => None,
            DatabaseTarget::Postgres(options) => {
                // PgBouncer refuses the parameter.
                let options = options.as_ref().clone().extra_float_digits(None);
                let options = options.application_name("taskmanager-census");
                Some(Shared { options, connection: Mutex::default() })
            }
        };
        Self { database, shared }
    }

    /// The last count of any replica; a new one where that is due.
    ///
    /// # Errors
    ///
    /// [`StoreError`] when it cannot be read or taken.
    pub async fn count(&self) -> Result<Census, StoreError> {
        let counts = self.database.committed_counts();
        if let Some(shared) = &self.shared {
            match shared.count(&counts).await {
                Ok(census) => return Ok(census),
                // Without the table, or the right to it, each replica counts for itself.
                Err(error) => tracing::debug!(%error, "shared count failed"),
            }
        }
        let (begun, net) = (Instant::now(), counts.net());
        let lines = self.database.tasks().census().await?;
        let counted = Stored { lines, cost: begun.elapsed(), at: begun };
        let next = Instant::now() + counted.interval(&counts);
        Ok(Census { lines: counted.lines, net, next })
    }
}

impl Shared {
    async fn count(&self, counts: &CommittedCounts) -> Result<Census, sqlx::Error> {
        let mut place = self.connection.lock().await;
        // Out of its place, so that whatever goes wrong drops it.
        let mut connection = match place.take() {
            Some(connection) => connection,
            None => within(READ_LIMIT, self.options.connect()).await?,
        };
        let mut last = within(READ_LIMIT, read(&mut connection)).await?;
        if last.as_ref().is_none_or(|last| last.at.elapsed() >= last.interval(counts))
            && let Some(new) = within(COUNT_LIMIT, count(&mut connection)).await?
        {
            last = Some(new);
        }
        *place = Some(connection);
        drop(place);
        let last = last.ok_or(sqlx::Error::RowNotFound)?;
        // Others may count meanwhile: their row is looked at as often as the shortest interval.
        let wait = last.interval(counts).saturating_sub(last.at.elapsed());
        let wait = wait.clamp(COUNT_AGAIN_INTERVAL_MIN, COUNT_INTERVAL_MIN);
        let net = counts.net_at(last.at);
        Ok(Census { lines: last.lines, net, next: Instant::now() + wait })
    }
}

impl Stored {
    /// How long after this count another may be taken.
    fn interval(&self, counts: &CommittedCounts) -> Duration {
        let before = self.at.checked_sub(CLOCK_TOLERANCE).unwrap_or(self.at);
        let is_unclear = counts.changed_between(before, self.at + self.cost + CLOCK_TOLERANCE);
        let shortest = if is_unclear { COUNT_AGAIN_INTERVAL_MIN } else { COUNT_INTERVAL_MIN };
        (self.cost * COUNT_COST_FACTOR).max(shortest)
    }

    fn from_row(row: &PgRow) -> Result<Option<Self>, sqlx::Error> {
        let micros = |name: &str| row.try_get::<i64, _>(name).map(u64::try_from);
        let (cost, age) = (micros("cost_us")?, micros("age_us")?);
        let lines = row.try_get::<String, _>("lines")?;
        let lines: Vec<(String, String, i64)> =
            serde_json::from_str(&lines).map_err(|error| sqlx::Error::Decode(error.into()))?;
        let line = |(status, priority, tasks): (String, String, i64)| {
            let (status, priority) = (Status::parse(&status), Priority::parse(&priority));
            Some(CensusLine { status: status.ok()?, priority: priority.ok()?, tasks })
        };
        let lines: Option<Vec<_>> = lines.into_iter().map(line).collect();
        // A moment that is still to come is of another clock: the row is as good as none.
        let (Ok(cost), Ok(age), Some(lines)) = (cost, age, lines) else { return Ok(None) };
        let at = Instant::now().checked_sub(Duration::from_micros(age));
        Ok(at.map(|at| Self { lines, cost: Duration::from_micros(cost), at }))
    }
}

async fn read(connection: &mut PgConnection) -> Result<Option<Stored>, sqlx::Error> {
    let row = sqlx::raw_sql(READ).fetch_optional(connection).await?;
    row.as_ref().map_or(Ok(None), Stored::from_row)
}

/// `None` while another replica is at it.
async fn count(connection: &mut PgConnection) -> Result<Option<Stored>, sqlx::Error> {
    sqlx::raw_sql(BEGIN).execute(&mut *connection).await?;
    let alone = sqlx::raw_sql(LOCK).fetch_one(&mut *connection).await?;
    let counted = if alone.try_get(0)? {
        let row = sqlx::raw_sql(COUNT).fetch_one(&mut *connection).await?;
        Stored::from_row(&row)?
    } else {
        None
    };
    sqlx::raw_sql("COMMIT").execute(connection).await?;
    Ok(counted)
}

async fn within<T>(
    limit: Duration,
    step: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    timeout(limit, step).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

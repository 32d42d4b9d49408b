//! Counts all tasks, for `/health` and the metrics: one replica for all, and never so often that it is felt.

use std::time::{Duration, Instant};

use schemakeep_db::Program;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{ConnectOptions, PgConnection, Row};
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::{CommittedCounts, Database, StoreError};
use crate::config::DatabaseTarget;
use crate::domain::{Priority, Status, StatusCount};

/// Shortest time between two counts, and between two looks at what other replicas counted.
pub const COUNT_INTERVAL_MIN: Duration = Duration::from_secs(2);
/// The same while a commit of this process fell into the moment of the count, so that it may be counted twice or not.
const COUNT_AGAIN_INTERVAL_MIN: Duration = Duration::from_millis(250);
/// Between two counts there is this many times what the last one took.
const COUNT_COST_FACTOR: u32 = 50;
/// Longest time between a commit and its being known here, and longest error of the age of another's count.
pub const SETTLE_TIME: Duration = Duration::from_millis(50);
/// Longest time for the statement that counts.
const COUNT_LIMIT: Duration = Duration::from_mins(5);
/// Longest time for the statement that reads what was counted.
const READ_LIMIT: Duration = Duration::from_secs(5);

/// The last count of all replicas. The age is by the server's clock.
const READ: &str = "SELECT cost_us, lines, CAST(extract(epoch FROM counted_at) * 1000000 AS bigint) AS mark, \
     CAST(extract(epoch FROM clock_timestamp() - counted_at) * 1000000 AS bigint) AS age_us \
     FROM task_census WHERE id = 1";
/// Counts what is visible when the statement begins, unless another replica is at it or has just been. The number of the
/// lock means nothing, and belongs to nobody else. One message, so that no transaction is left open in between. It reads
/// before it writes, so against a restore, which lets readers go on and keeps writers out, it would hold the one lock and
/// wait for the other: it gives up before the server looks for deadlocks.
const COUNT: &str = "SET LOCAL lock_timeout = '250ms'; WITH alone AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(7253104446114) \
     AND NOT EXISTS (SELECT FROM task_census WHERE counted_at <= statement_timestamp() \
     AND counted_at > statement_timestamp() - interval '250 ms') AS is_alone), \
     counted AS (SELECT status, priority, count(*) AS tasks FROM tasks \
     WHERE (SELECT is_alone FROM alone) GROUP BY status, priority) \
     INSERT INTO task_census (id, counted_at, cost_us, lines) \
     SELECT 1, statement_timestamp(), \
     CAST(extract(epoch FROM clock_timestamp() - statement_timestamp()) * 1000000 AS bigint), \
     CAST(coalesce(json_agg(json_build_array(status, priority, tasks)), '[]') AS text) FROM counted \
     HAVING (SELECT is_alone FROM alone) \
     ON CONFLICT (id) DO UPDATE SET counted_at = excluded.counted_at, cost_us = excluded.cost_us, \
     lines = excluded.lines RETURNING cost_us, lines, \
     CAST(extract(epoch FROM counted_at) * 1000000 AS bigint) AS mark, cost_us AS age_us";

/// A count of all tasks at one moment.
#[derive(Clone, Debug)]
pub struct StatusCounts {
    /// How many there are of each status and priority that occurs.
    pub lines: Vec<StatusCount>,
    /// What the commits of this process came to at that moment, as [`CommittedCounts`] has it.
    pub net: i64,
    /// When the count began: it sees what was committed before.
    pub at: Instant,
    cost: Duration,
    /// Which of those that replicas share.
    mark: Option<i64>,
}

impl StatusCounts {
    /// How many tasks there were.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.lines.iter().map(|line| line.tasks).sum()
    }

    /// Whether no commit of this process fell into the moment of the count, which then may or may not be in it. To be
    /// asked [`SETTLE_TIME`] after the count, when it is known what was committed meanwhile.
    #[must_use]
    pub fn is_exact(&self, counts: &CommittedCounts) -> bool {
        let before = self.at.checked_sub(SETTLE_TIME).unwrap_or(self.at);
        !counts.changed_between(before, self.at + self.cost + SETTLE_TIME)
    }

    /// How long after this count another may be taken.
    #[must_use]
    pub fn interval(&self, counts: &CommittedCounts) -> Duration {
        let is_exact = self.is_exact(counts);
        let shortest = if is_exact { COUNT_INTERVAL_MIN } else { COUNT_AGAIN_INTERVAL_MIN };
        (self.cost * COUNT_COST_FACTOR).max(shortest)
    }

    /// Whether it is the very same count, read once more.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        self.mark.is_some() && self.mark == other.mark
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

impl TaskCounter {
    /// Opens nothing yet.
    #[must_use]
    pub fn new(target: &DatabaseTarget, database: Database) -> Self {
        let shared = match target {
            DatabaseTarget::Sqlite(_) => None,
            DatabaseTarget::Postgres(options) => {
                // PgBouncer refuses the parameter.
                let options = options.as_ref().clone().extra_float_digits(None);
                let options =
                    options.application_name(&Program::current().instance_application_name());
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
    pub async fn count(&self) -> Result<StatusCounts, StoreError> {
        let counts = self.database.committed_counts();
        if let Some(shared) = &self.shared {
            match shared.count(&counts).await {
                Ok(status_counts) => return Ok(status_counts),
                // Without the table, or the right to it, each replica counts for itself.
                Err(error) => tracing::debug!(%error, "shared count failed"),
            }
        }
        let (at, net) = (Instant::now(), counts.net());
        let lines = self.database.tasks().status_counts().await?;
        Ok(StatusCounts { lines, net, at, cost: at.elapsed(), mark: None })
    }
}

impl Shared {
    async fn count(&self, counts: &CommittedCounts) -> Result<StatusCounts, sqlx::Error> {
        let mut place = self.connection.lock().await;
        // Out of its place, so that whatever goes wrong drops it.
        let mut connection = match place.take() {
            Some(connection) => connection,
            None => within(READ_LIMIT, self.options.connect()).await?,
        };
        let mut last = within(READ_LIMIT, ask(&mut connection, READ, counts)).await?;
        if last.as_ref().is_none_or(|last| last.at.elapsed() >= last.interval(counts))
            && let Some(new) = within(COUNT_LIMIT, ask(&mut connection, COUNT, counts)).await?
        {
            last = Some(new);
        }
        *place = Some(connection);
        last.ok_or(sqlx::Error::RowNotFound)
    }
}

fn from_row(row: &PgRow, counts: &CommittedCounts) -> Result<Option<StatusCounts>, sqlx::Error> {
    let micros = |name: &str| row.try_get::<i64, _>(name).map(u64::try_from);
    let (cost, age) = (micros("cost_us")?, micros("age_us")?);
    let (lines, mark) = (row.try_get::<String, _>("lines")?, Some(row.try_get("mark")?));
    let lines: Vec<(String, String, i64)> =
        serde_json::from_str(&lines).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let line = |(status, priority, tasks): (String, String, i64)| {
        let (status, priority) = (Status::parse(&status), Priority::parse(&priority));
        Some(StatusCount { status: status.ok()?, priority: priority.ok()?, tasks })
    };
    let lines: Option<Vec<_>> = lines.into_iter().map(line).collect();
    // A moment that is still to come is of another clock: the row is as good as none.
    let (Ok(cost), Ok(age), Some(lines)) = (cost, age, lines) else { return Ok(None) };
    let Some(at) = Instant::now().checked_sub(Duration::from_micros(age)) else { return Ok(None) };
    let (net, cost) = (counts.net_at(at), Duration::from_micros(cost));
    Ok(Some(StatusCounts { lines, net, at, cost, mark }))
}

async fn ask(
    connection: &mut PgConnection,
    statement: &'static str,
    counts: &CommittedCounts,
) -> Result<Option<StatusCounts>, sqlx::Error> {
    let row = sqlx::raw_sql(statement).fetch_optional(connection).await?;
    row.map_or(Ok(None), |row| from_row(&row, counts))
}

async fn within<T>(
    limit: Duration,
    step: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    timeout(limit, step).await.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

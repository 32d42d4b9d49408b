//! Keeps SQLite's write-ahead log small.
//!
//! SQLite moves the log into the file when a commit finds it longer than a thousand pages, and begins it again when nobody
//! reads it any more; but a log that grew during a long read keeps its size, and while nobody writes, nobody looks.

use std::time::Duration;

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, Row, SqliteConnection};
use tokio::time::{MissedTickBehavior, interval};

use crate::config::{DatabaseTarget, SqliteMode, SqliteTarget};

/// `PRAGMA journal_size_limit`: to this size a commit cuts a log that it begins again.
pub(super) const JOURNAL_SIZE_LIMIT_BYTES: i64 = 64 * 1024 * 1024;
/// From this size on a log is cut to nothing once all of it is in the file.
const LOG_CUT_THRESHOLD_BYTES: u64 = 16 * 1024 * 1024;
/// From this size on, that of SQLite's own thousand pages, a log is moved into the file.
const LOG_MOVE_THRESHOLD_BYTES: u64 = 4 * 1024 * 1024;
/// How often the log is looked at.
const LOG_LOOK_INTERVAL: Duration = Duration::from_secs(5);
/// Longest that a cut waits for readers to go, and lets writers wait meanwhile.
const LOG_CUT_BUSY_TIMEOUT: Duration = Duration::from_millis(100);

/// Moves the log of an SQLite file into it, and cuts it, again and again until the future is dropped.
pub async fn keep_log_small(target: &DatabaseTarget) {
    let DatabaseTarget::Sqlite(target) = target else { return };
    if target.mode == SqliteMode::ReadOnly {
        return;
    }
    let mut ticks = interval(LOG_LOOK_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let before = log_bytes(target);
        if before < LOG_MOVE_THRESHOLD_BYTES {
            continue;
        }
        match checkpoint(target, before).await {
            Ok(()) if log_bytes(target) < before => {
                tracing::debug!(bytes = before, "write-ahead log cut");
            }
            Ok(()) => {}
            Err(error) => tracing::debug!(%error, "checkpoint failed"),
        }
    }
}

async fn checkpoint(target: &SqliteTarget, bytes: u64) -> Result<(), sqlx::Error> {
    let options = SqliteConnectOptions::new()
        .filename(&target.path)
        .create_if_missing(false)
        .busy_timeout(LOG_CUT_BUSY_TIMEOUT);
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let moved = sqlx::raw_sql("PRAGMA wal_checkpoint(PASSIVE)").fetch_one(&mut connection).await?;
    // Pages in the log, and how many of them are in the file (https://sqlite.org/pragma.html#pragma_wal_checkpoint).
    let (log, done): (i64, i64) = (moved.try_get(1)?, moved.try_get(2)?);
    if log == done && bytes >= LOG_CUT_THRESHOLD_BYTES {
        sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").execute(&mut connection).await?;
    }
    connection.close().await
}

/// Moves all of the log that this connection has into the file, and starts it over.
pub(super) async fn move_whole_log(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    let cut = sqlx::raw_sql("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(connection).await?;
    let busy: i64 = cut.try_get(0)?;
    if busy == 0 {
        Ok(())
    } else {
        Err(sqlx::Error::Protocol("somebody reads from the log".into()))
    }
}

fn log_bytes(target: &SqliteTarget) -> u64 {
    let mut log = target.path.clone().into_os_string();
    log.push("-wal");
    std::fs::metadata(log).map_or(0, |found| found.len())
}

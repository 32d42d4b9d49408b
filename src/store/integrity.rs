//! Looks through an SQLite file for damage.

use std::time::{Duration, Instant};

use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{Connection, SqliteConnection};

use super::sqlite::unavailable;
use crate::config::SqliteTarget;

/// After how many instructions of its machine SQLite asks whether the time is over.
const DEADLINE_CHECK_INSTRUCTIONS: i32 = 10_000;
/// `SQLITE_INTERRUPT`.
const INTERRUPTED: &str = "9";

/// What a look through the file came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Integrity {
    /// Every page is as it should be.
    Sound,
    /// Pages are damaged.
    Damaged,
    /// The time was over before the end; up to there nothing was found.
    Unfinished,
}

/// Runs `PRAGMA quick_check`, for as long as `limit` at most: it reads every page of the file, and holds up
/// checkpoints of the log meanwhile.
///
/// # Errors
///
/// What the driver says when the file cannot be opened or read for a reason that is no damage.
pub async fn quick_check(target: &SqliteTarget, limit: Duration) -> Result<Integrity, sqlx::Error> {
    match check(target, Instant::now() + limit).await {
        Ok(first) if first == "ok" => Ok(Integrity::Sound),
        Ok(first) => {
            tracing::error!(finding = first, "database is damaged");
            Ok(Integrity::Damaged)
        }
        Err(error) if unavailable(&error) == Some("corrupt") => {
            tracing::error!(%error, "database is damaged");
            Ok(Integrity::Damaged)
        }
        Err(sqlx::Error::Database(error)) if error.code().as_deref() == Some(INTERRUPTED) => {
            Ok(Integrity::Unfinished)
        }
        Err(error) => Err(error),
    }
}

async fn check(target: &SqliteTarget, deadline: Instant) -> Result<String, sqlx::Error> {
    // Not opened read-only: that could not recover the log of a process that was killed.
    let options = SqliteConnectOptions::new()
        .filename(&target.path)
        .create_if_missing(false)
        .pragma("query_only", "1");
    let mut connection = SqliteConnection::connect_with(&options).await?;
    let go_on = move || Instant::now() < deadline;
    connection.lock_handle().await?.set_progress_handler(DEADLINE_CHECK_INSTRUCTIONS, go_on);
    let finding = sqlx::query_scalar("PRAGMA quick_check(1)").fetch_one(&mut connection).await;
    let closed = connection.close().await;
    let finding = finding?;
    closed?;
    Ok(finding)
}

//! What an SQLite file and its folder let this program do.

use std::path::Path;
use std::time::Duration;

use rustix::fs::{Access, access};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, Connection, SqliteConnection};

use super::super::file_identity::identity;
use super::{Obstacle, probe_key};
use crate::config::{SqliteMode, SqliteTarget};

/// How long SQLite's probe waits for the write lock. Somebody who holds it longer is at work: no reason to be alarmed.
const PROBE_BUSY_TIMEOUT: Duration = Duration::from_millis(250);
/// Bytes that a probe writes into the log after a failure, so that a disk that is all but full is not taken for one with
/// room. Measured: a new task takes up to 68 KiB of log, a hundred in one request 1.5 MiB.
const DOUBTFUL_WRITE_BYTES: usize = 2 * 1024 * 1024;
/// Pages that the probe keeps in memory: what it writes beyond them goes to the log before the transaction ends.
const CACHED_PAGES: &str = "10";

/// Whether the file, its folder and its log can be written.
pub(super) fn check(target: &SqliteTarget) -> Result<(), Obstacle> {
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

/// Writes, and leaves no row. A connection for it alone: the file may be another one the next time.
pub(super) async fn write(target: &SqliteTarget, doubtful: bool) -> Result<(), Obstacle> {
    // The file that is probed must be there: others say when it is not.
    if identity(&target.path).is_none() {
        let absent = std::io::Error::from(std::io::ErrorKind::NotFound);
        return Err(Obstacle::Unknown(sqlx::Error::Io(absent)));
    }
    let options = SqliteConnectOptions::new()
        .filename(&target.path)
        .create_if_missing(false)
        .busy_timeout(PROBE_BUSY_TIMEOUT)
        .pragma("cache_size", CACHED_PAGES);
    let mut connection =
        SqliteConnection::connect_with(&options).await.map_err(Obstacle::of_file)?;
    let written = write_rows(&mut connection, doubtful).await;
    // Whatever happened, the file is closed, and what was not committed is taken back.
    let closed = connection.close().await;
    written.map_err(Obstacle::of_file)?;
    closed.map_err(Obstacle::of_file)
}

async fn write_rows(connection: &mut SqliteConnection, doubtful: bool) -> Result<(), sqlx::Error> {
    let key = probe_key();
    let insert = |bytes: usize| {
        format!(
            "BEGIN IMMEDIATE; INSERT INTO idempotency_keys (key, fingerprint, claimed_at, body) \
             VALUES ('{key}', zeroblob(32), 0, hex(zeroblob({bytes})))"
        )
    };
    if doubtful {
        // A row that is deleted before the commit is never written: it must be taken back instead.
        let room = insert(DOUBTFUL_WRITE_BYTES / 2) + "; ROLLBACK";
        sqlx::raw_sql(AssertSqlSafe(room)).execute(&mut *connection).await?;
    }
    let write = insert(0) + &format!("; DELETE FROM idempotency_keys WHERE key = '{key}'; COMMIT");
    sqlx::raw_sql(AssertSqlSafe(write)).execute(connection).await.map(drop)
}

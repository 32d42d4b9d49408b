//! One migrator at a time: the lock, and who holds it.
//!
//! Always polled, never waited for in the database: a blocking `pg_advisory_lock` holds a snapshot that
//! `CREATE INDEX CONCURRENTLY` in the holder waits for, and both hang.

mod postgres;
mod sqlite;

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::connection::Session;
use super::error::words;
use super::retry::{LOG_INTERVAL, jittered};
use crate::{DatabaseTarget, DatabaseUrl, DbError};

/// The longest pause between two tries.
const LOCK_POLL_INTERVAL: Duration = Duration::from_millis(400);

/// The lock, held. Given back by [`Lock::release`] or, at the latest, when its connection or file closes.
#[derive(Debug)]
pub enum Lock {
    Postgres(postgres::Held),
    Sqlite(sqlite::Held),
}

/// Outcome of one try.
enum Attempt<T> {
    Had(T),
    /// Somebody else has it: who, as far as that can be known.
    HeldBy(String),
}

impl Lock {
    /// Waits for the lock, and opens the connection that the migrations run on.
    pub async fn acquire(
        url: &DatabaseUrl,
        patience: Duration,
    ) -> Result<(Self, Session), DbError> {
        let opening = DbError::database("opening the migration connection");
        match url.target() {
            DatabaseTarget::Postgres(_) => {
                let mut session = Session::to_write(url).await.map_err(opening)?;
                postgres::refuse_pooler(url, &mut session).await?;
                let key = postgres::Key::of_database(&mut session).await?;
                let mut wait = Wait::of(patience);
                let held = loop {
                    let attempt = key.attempt(&mut session).await?;
                    if let Some(held) = wait.judge(attempt).await? {
                        break held;
                    }
                };
                Ok((Self::Postgres(held), session))
            }
            DatabaseTarget::Sqlite(file) => {
                let mut wait = Wait::of(patience);
                let held = loop {
                    if let Some(held) = wait.judge(sqlite::attempt(&file.path)?).await? {
                        break held;
                    }
                };
                // After the lock, because it turns the file to write-ahead logging.
                let session = Session::to_write(url).await;
                let session = session.map_err(|error| super::retry::unusable(url, &error))?;
                Ok((Self::Sqlite(held), session))
            }
        }
    }

    /// Makes sure that the lock is still held by this very connection. Asked inside each migration's
    /// transaction, because a transaction stays with one backend even through a pooler.
    pub async fn assert_held(&self, session: &mut Session) -> Result<(), DbError> {
        match self {
            Self::Postgres(held) => held.assert(session).await,
            // The file is locked for as long as it is open.
            Self::Sqlite(_) => Ok(()),
        }
    }

    /// The process of the server that runs the migrations, when there is one.
    pub fn backend(&self) -> Option<&str> {
        match self {
            Self::Postgres(held) => Some(held.backend()),
            Self::Sqlite(_) => None,
        }
    }

    /// Closes the connection and gives the lock back.
    pub async fn release(self, mut session: Session) {
        match self {
            Self::Postgres(held) => {
                held.release(&mut session).await;
                session.close().await;
            }
            Self::Sqlite(held) => {
                session.close().await;
                held.release();
            }
        }
    }
}

/// Refuses a connection through which no lock can be held.
pub async fn check_connection(url: &DatabaseUrl) -> Result<(), DbError> {
    let DatabaseTarget::Postgres(_) = url.target() else { return Ok(()) };
    let opening = DbError::database("opening a connection");
    let mut session = Session::to_write(url).await.map_err(opening)?;
    let checked = postgres::refuse_pooler(url, &mut session).await;
    session.close().await;
    checked
}

/// Who holds the lock now, found without taking it.
pub async fn holder(url: &DatabaseUrl) -> Result<Option<String>, DbError> {
    match url.target() {
        DatabaseTarget::Postgres(_) => {
            let opening = DbError::database("opening a connection");
            let mut session = Session::to_write(url).await.map_err(opening)?;
            let key = postgres::Key::of_database(&mut session).await?;
            let holder = key.holder(&mut session).await;
            session.close().await;
            holder
        }
        DatabaseTarget::Sqlite(file) => sqlite::holder(&file.path),
    }
}

/// The wait between the tries for a lock.
struct Wait {
    begun: Instant,
    end: Instant,
    logged: Option<Instant>,
}

impl Wait {
    fn of(patience: Duration) -> Self {
        let begun = Instant::now();
        Self { begun, end: begun + patience, logged: None }
    }

    /// What a try had; else pauses, or gives up when there is no patience left.
    async fn judge<T>(&mut self, attempt: Attempt<T>) -> Result<Option<T>, DbError> {
        let holder = match attempt {
            Attempt::Had(held) => return Ok(Some(held)),
            Attempt::HeldBy(holder) => holder,
        };
        let left = self.end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(DbError::LockUnavailable { waited: self.begun.elapsed(), holder });
        }
        if self.logged.is_none_or(|at| at.elapsed() >= LOG_INTERVAL) {
            self.logged = Some(Instant::now());
            tracing::info!(holder, "waiting for the migration lock, up to {} more", words(left));
        }
        sleep(jittered(LOCK_POLL_INTERVAL).min(left)).await;
        Ok(None)
    }
}

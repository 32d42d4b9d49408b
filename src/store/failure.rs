//! Tells an unavailable database from a refusing one, forgets connections that a restart broke, and refuses
//! at once while the database is known to be away.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::{StoreError, WriteHistory};

/// When a connection last broke, and whether the database answers at all.
///
/// A restarted server breaks every connection of a pool at once, but each is found out only when it is
/// used. So the first failure condemns all that are older than it: they are closed instead of handed
/// out, and one failed statement is the price of a restart, without a round trip before each query.
///
/// A server that stands still breaks nothing: every statement sent to it waits until the request is given up.
/// So whoever watches the database says when it does not answer, and until it answers again no
/// statement is sent.
#[derive(Debug, Default)]
pub(super) struct Failures {
    last: Mutex<Option<Instant>>,
    away: watch::Sender<bool>,
    writes: Arc<WriteHistory>,
}

impl Failures {
    /// Takes down whether the database answered just now. Connections from before a silence are not
    /// used again: what is at their other end may never answer.
    pub(super) fn answered(&self, answered: bool) {
        self.away.send_replace(!answered);
        if !answered {
            self.condemn();
        }
    }

    /// How writes ended of late.
    pub(super) fn writes(&self) -> &Arc<WriteHistory> {
        &self.writes
    }

    /// Fails while the database is known to be away.
    pub(super) fn admit(&self) -> Result<(), StoreError> {
        if *self.away.borrow() { Err(is_away()) } else { Ok(()) }
    }

    /// Waits until the database is known to be away.
    pub(super) async fn away(&self) -> StoreError {
        let known = self.away.subscribe().wait_for(|away| *away).await.is_ok();
        // The sender is this value's own: it cannot be gone.
        debug_assert!(known, "nobody watches the database");
        is_away()
    }

    /// Whether nothing broke since a connection of this age was opened.
    pub(super) fn none_within(&self, age: Duration) -> bool {
        self.last().is_none_or(|at| at.elapsed() > age)
    }

    /// Sorts an error of the driver; `unavailable` knows the database's own codes.
    pub(super) fn explain(
        &self,
        error: sqlx::Error,
        unavailable: impl FnOnce(&sqlx::Error) -> Option<&'static str>,
    ) -> StoreError {
        let kind = match &error {
            sqlx::Error::PoolTimedOut => Some("timeout"),
            sqlx::Error::PoolClosed => Some("shutdown"),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed => Some("connection"),
            sqlx::Error::Database(_) => unavailable(&error),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                return StoreError::Inconsistent(error.to_string());
            }
            _ => None,
        };
        if kind == Some("connection") {
            self.condemn();
        }
        match kind {
            Some(kind) => StoreError::Unavailable { kind, source: error },
            None => StoreError::Driver(error),
        }
    }

    /// Says that every connection that is open now is not to be used again.
    pub(super) fn condemn(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn last(&self) -> Option<Instant> {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_away() -> StoreError {
    let words = "it did not answer when it was last asked";
    let source = sqlx::Error::Io(io::Error::new(io::ErrorKind::NotConnected, words));
    StoreError::Unavailable { kind: "away", source }
}

/// Runs a read, and once more when the connection broke: a new connection may serve it. A write is never
/// tried again, because the first attempt may have been carried out.
pub(super) async fn retry_broken_read<T, F>(read: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    match read().await {
        Err(StoreError::Unavailable { kind: "connection", .. }) => read().await,
        result => result,
    }
}

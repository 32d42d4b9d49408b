//! Whether the database can be had: tells an unavailable database from a refusing one, remembers when a connection
//! broke, and refuses at once while the database is known to be down.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::watch;

use super::error::READ_ONLY;
use super::{StoreError, WriteHistory};

/// When a connection last broke, and whether the database answers at all.
///
/// A restarted server breaks every connection at once, but each is found out only when it is used. So after the
/// first one that breaks, every connection that is older is asked whether it answers before it is used again
/// ([`Availability::suspects`]): a restart costs one failed statement, and one broken connection costs the others
/// one round trip.
///
/// A session keeps what it began with: the server that it was led to, and whether that lets it write. So when one
/// is refused a write for that, all that are there are not used again ([`Availability::outdate`]); the same holds for
/// those that are there when writes are taken again.
///
/// A server that stands still breaks nothing: every statement sent to it waits until the request is given up. So
/// anyone who watches the database says when it does not answer ([`Availability::record_probe`]), and until it answers
/// again no statement is sent.
#[derive(Debug, Default)]
pub(super) struct Availability {
    last_break: Mutex<Option<Instant>>,
    /// Connections opened up to then are not used again.
    outdated: Mutex<Option<Instant>>,
    down: watch::Sender<bool>,
    writes: Arc<WriteHistory>,
}

impl Availability {
    /// Records whether the database answered just now.
    pub(super) fn record_probe(&self, answered: bool) {
        self.down.send_replace(!answered);
        if !answered {
            self.record_break();
        }
    }

    /// How writes ended of late.
    pub(super) fn writes(&self) -> &Arc<WriteHistory> {
        &self.writes
    }

    /// # Errors
    ///
    /// [`StoreError::Unavailable`] while the database is known to be down.
    pub(super) fn admit(&self) -> Result<(), StoreError> {
        if *self.down.borrow() { Err(down()) } else { Ok(()) }
    }

    /// Waits until the database is known to be down.
    pub(super) async fn until_down(&self) -> StoreError {
        let known = self.down.subscribe().wait_for(|down| *down).await.is_ok();
        // The sender is this value's own: it cannot be gone.
        debug_assert!(known, "nobody watches the database");
        down()
    }

    /// Whether something broke since this connection was opened or last proven.
    pub(super) fn suspects(&self, proven: Instant) -> bool {
        let last_break = *self.last_break.lock().unwrap_or_else(PoisonError::into_inner);
        last_break.is_some_and(|at| at >= proven)
    }

    /// Whether this connection may have begun with what no longer holds.
    pub(super) fn is_outdated(&self, opened: Instant) -> bool {
        let outdated = *self.outdated.lock().unwrap_or_else(PoisonError::into_inner);
        outdated.is_some_and(|at| opened <= at)
    }

    /// Has the connections that were opened up to then replaced, each before it is used again.
    pub(super) fn outdate(&self, opened: Instant) {
        let mut outdated = self.outdated.lock().unwrap_or_else(PoisonError::into_inner);
        *outdated = (*outdated).max(Some(opened));
    }

    /// Whether writes are refused, as far as is known: the last one was, and none was proven possible since.
    pub(super) fn refuses_writes(&self) -> bool {
        self.writes.doubt() == Some(READ_ONLY)
    }

    /// Records that a connection broke.
    pub(super) fn record_break(&self) {
        *self.last_break.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Sorts an error of the driver; `kind_of` knows the database's own codes.
    pub(super) fn map_error(
        &self,
        error: sqlx::Error,
        kind_of: impl FnOnce(&sqlx::Error) -> Option<&'static str>,
    ) -> StoreError {
        let kind = match &error {
            sqlx::Error::PoolTimedOut => Some("timeout"),
            sqlx::Error::PoolClosed => Some("shutdown"),
            sqlx::Error::Io(_)
            | sqlx::Error::Tls(_)
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed => Some("connection"),
            sqlx::Error::Database(_) => kind_of(&error),
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => {
                return StoreError::Inconsistent(error.to_string());
            }
            _ => None,
        };
        if kind == Some("connection") {
            self.record_break();
        }
        match kind {
            Some(kind) => StoreError::Unavailable { kind, source: error },
            None => StoreError::Driver(error),
        }
    }
}

fn down() -> StoreError {
    let words = "it did not answer when it was last asked";
    let source = sqlx::Error::Io(io::Error::new(io::ErrorKind::NotConnected, words));
    StoreError::Unavailable { kind: "away", source }
}

//! Tells an unavailable database from a refusing one, and forgets connections that a restart broke.

use std::time::{Duration, Instant};

use std::sync::Mutex;

use super::StoreError;

/// When a connection last broke.
///
/// A restarted server breaks every connection of a pool at once, but each is found out only when it is
/// used. So the first failure condemns all that are older than it: they are closed instead of handed
/// out, and one failed statement is the price of a restart, without a round trip before each query.
#[derive(Debug, Default)]
pub(super) struct Failures(Mutex<Option<Instant>>);

impl Failures {
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
            let mut last = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            *last = Some(Instant::now());
        }
        match kind {
            Some(kind) => StoreError::Unavailable { kind, source: error },
            None => StoreError::Driver(error),
        }
    }

    fn last(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
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

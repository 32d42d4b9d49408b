//! Stopping in the middle: within seconds, with nothing half done and the lock given back.

use std::pin::Pin;
use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::connection::{Purpose, Session};
use crate::{DatabaseUrl, DbError};

/// How long the running statement has to end. Then its connection is dropped, which ends it too.
const STATEMENT_END_TIMEOUT: Duration = Duration::from_secs(4);
/// How long until a cancellation is sent again: the first may come between two statements.
const CANCEL_INTERVAL: Duration = Duration::from_millis(500);

/// Does what may be given up at any moment, until a stop is asked for.
///
/// # Errors
///
/// [`DbError::Cancelled`] then, or the work's own.
pub async fn run_until_cancelled<T, E: From<DbError>>(
    stop: &CancellationToken,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::select! {
        biased;
        () = stop.cancelled() => Err(DbError::Cancelled.into()),
        outcome = work => outcome,
    }
}

/// Does what must come to an end of its own. When a stop is asked for, cancels the statement of that backend
/// until the work ends; `None` when it does not. SQLite's connection watches the stop by itself.
pub async fn or_cancelled<T>(
    stop: &CancellationToken,
    url: &DatabaseUrl,
    backend: Option<&str>,
    mut work: Pin<&mut impl Future<Output = T>>,
) -> Option<T> {
    tokio::select! {
        outcome = &mut work => return Some(outcome),
        () = stop.cancelled() => {}
    }
    tracing::info!("stopping: the running migration statement is cancelled");
    tokio::select! {
        outcome = work => Some(outcome),
        () = keep_cancelling(url, backend) => None,
        () = sleep(STATEMENT_END_TIMEOUT) => None,
    }
}

async fn keep_cancelling(url: &DatabaseUrl, backend: Option<&str>) {
    loop {
        if let Some(backend) = backend
            && let Err(error) = cancel(url, backend).await
        {
            tracing::debug!(%error, "the running statement was not cancelled");
        }
        sleep(CANCEL_INTERVAL).await;
    }
}

async fn cancel(url: &DatabaseUrl, backend: &str) -> Result<(), sqlx::Error> {
    if let Some(mut session) = Session::to_read(url, Purpose::Inspect).await? {
        session.execute(format!("SELECT pg_cancel_backend({backend})")).await?;
        session.close().await;
    }
    Ok(())
}

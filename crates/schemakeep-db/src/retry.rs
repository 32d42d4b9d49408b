//! Connect with retry and jittered backoff.

use std::pin::pin;
use std::time::Duration;

use rand::Rng as _;
use tokio::time::{Instant, sleep, timeout_at};

use crate::error::{cause, words};
use crate::{DatabaseTarget, DatabaseUrl, DbError, Dialect, SqliteTarget};

/// The longest that one try may take; a server that accepts and says nothing is not there.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);
/// The first pause between two tries; each further one is twice as long, up to [`PAUSE_MAX`].
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// What the last try has at least: one that is given no time says nothing of the database.
const LAST_ATTEMPT_TIME_MIN: Duration = Duration::from_millis(500);
/// How often a wait is logged.
pub const LOG_INTERVAL: Duration = Duration::from_secs(5);

/// A span between half and all of this one, so that many that wait for one thing do not come together.
pub fn jittered(span: Duration) -> Duration {
    span.mul_f64(rand::rng().random_range(0.5..=1.0))
}

/// Asks the database as soon as it answers, within `patience`; none means one try.
///
/// # Errors
///
/// [`DbError::Unreachable`] after that time, [`DbError::Unusable`] at once where retrying cannot help.
pub async fn until_answered<T, F: Future<Output = Result<T, sqlx::Error>>>(
    url: &DatabaseUrl,
    patience: Duration,
    mut ask: impl FnMut() -> F,
) -> Result<T, DbError> {
    let begun = Instant::now();
    let end = begun + patience;
    let mut pause = PAUSE_MIN;
    let mut logged = None::<Instant>;
    loop {
        let now = Instant::now();
        let limit = if patience.is_zero() {
            begun + ATTEMPT_TIMEOUT
        } else {
            end.min(now + ATTEMPT_TIMEOUT)
        };
        let limit = limit.max(now + LAST_ATTEMPT_TIME_MIN);
        let mut attempt = pin!(timeout_at(limit, ask()));
        let outcome = loop {
            tokio::select! {
                outcome = &mut attempt => break outcome,
                () = sleep(LOG_INTERVAL) => log(&mut logged, url, "no answer yet", end),
            }
        };
        let seen = match outcome {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) if is_final(url.dialect(), &error) => {
                return Err(unusable(url, &error));
            }
            Ok(Err(error)) => cause(&error),
            Err(_) => "no answer".to_owned(),
        };
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let (database, waited) = (url.to_string(), begun.elapsed());
            return Err(DbError::Unreachable { database, waited, cause: seen });
        }
        log(&mut logged, url, &seen, end);
        sleep(jittered(pause).min(left)).await;
        pause = (pause * 2).min(PAUSE_MAX);
    }
}

/// Says what is waited for, unless that was said a moment ago.
fn log(logged: &mut Option<Instant>, url: &DatabaseUrl, cause: &str, end: Instant) {
    if logged.is_none_or(|at| at.elapsed() >= LOG_INTERVAL) {
        *logged = Some(Instant::now());
        let left = words(end.saturating_duration_since(Instant::now()));
        tracing::warn!(database = %url, cause, "waiting for the database, up to {left} more");
    }
}

/// Whether retrying cannot fix it: wrong password, no such database, a certificate, a file that is none.
fn is_final(dialect: Dialect, error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(error) => {
            let code = error.code().unwrap_or_default();
            match dialect {
                // Starting or stopping, out of resources, a broken connection, a conflict.
                Dialect::Postgres => {
                    !["57P", "53", "08", "40"].iter().any(|class| code.starts_with(class))
                }
                // 5 and 6 are busy and locked.
                Dialect::Sqlite => {
                    !matches!(code.parse::<i64>().map(|code| code & 0xff), Ok(5 | 6))
                }
            }
        }
        sqlx::Error::Io(error) => {
            use std::io::ErrorKind;
            // The TLS library reports a certificate that it does not trust as invalid data.
            matches!(error.kind(), ErrorKind::InvalidData | ErrorKind::PermissionDenied)
        }
        sqlx::Error::Tls(_)
        | sqlx::Error::Configuration(_)
        | sqlx::Error::InvalidArgument(_)
        | sqlx::Error::Protocol(_) => true,
        _ => false,
    }
}

/// Says why a database cannot be used, for a file in more words than SQLite has.
pub fn unusable(url: &DatabaseUrl, error: &sqlx::Error) -> DbError {
    let said = cause(error);
    let cause = match url.target() {
        DatabaseTarget::Postgres(_) => said,
        DatabaseTarget::Sqlite(file) => explained(file, error).unwrap_or(said),
    };
    DbError::Unusable { database: url.to_string(), cause }
}

fn explained(file: &SqliteTarget, error: &sqlx::Error) -> Option<String> {
    let code = error.as_database_error()?.code()?.parse::<i64>().ok()?;
    let path = file.path.display();
    match code & 0xff {
        26 => Some(format!("{path} is not an SQLite database, or is encrypted")),
        8 => Some(format!(
            "{path} is read-only; give this user the right to write it and its folder"
        )),
        14 => Some(match file.path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            Some(folder) if !folder.is_dir() => {
                format!("its folder {} does not exist; create it", folder.display())
            }
            _ if file.path.is_dir() => format!("{path} is a folder"),
            _ if !file.path.exists() => {
                format!("{path} does not exist, and the folder or the URL forbids creating it")
            }
            _ => format!("{path} cannot be opened; give this user the right to read and write it"),
        }),
        _ => None,
    }
}

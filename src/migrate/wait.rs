//! Waiting: for a database that is still starting, and how long between two tries of anything.

use std::pin::pin;
use std::time::Duration;

use rand::Rng as _;
use tokio::time::{Instant, sleep, timeout_at};

use super::error::{cause, words};
use super::reading::Reading;
use super::session::{Purpose, Session};
use super::{Dialect, MigrateError, MigrationSet};
use crate::config::{DatabaseTarget, DatabaseUrl, SqliteTarget};

/// The longest that one try may take; a server that accepts and says nothing is not there.
const TRY: Duration = Duration::from_secs(10);
/// The first pause between two tries; each further one is twice as long, up to [`LONGEST`].
const SHORTEST: Duration = Duration::from_millis(100);
const LONGEST: Duration = Duration::from_secs(2);
/// What the last try has at least: one that is given no time says nothing of the database.
const LAST_TRY: Duration = Duration::from_millis(500);
/// How often a wait is logged.
pub(super) const LOG_EVERY: Duration = Duration::from_secs(5);

/// A span between half and all of this one, so that many that wait for one thing do not come together.
pub(super) fn jittered(span: Duration) -> Duration {
    span.mul_f64(rand::rng().random_range(0.5..=1.0))
}

/// Looks at the schema as soon as the database lets it, within `patience`; none means one try.
pub(super) async fn for_database(
    url: &DatabaseUrl,
    patience: Duration,
    set: &MigrationSet,
) -> Result<Reading, MigrateError> {
    let begun = Instant::now();
    let end = begun + patience;
    let mut pause = SHORTEST;
    let mut logged = None::<Instant>;
    loop {
        let now = Instant::now();
        let limit = if patience.is_zero() { begun + TRY } else { end.min(now + TRY) };
        let limit = limit.max(now + LAST_TRY);
        let mut attempt = pin!(timeout_at(limit, look(url, set)));
        let outcome = loop {
            tokio::select! {
                outcome = &mut attempt => break outcome,
                () = sleep(LOG_EVERY) => log(&mut logged, url, "no answer yet", end),
            }
        };
        let seen = match outcome {
            Ok(Ok(reading)) => return Ok(reading),
            Ok(Err(error)) if is_final(Dialect::of(url), &error) => {
                return Err(unusable(url, &error));
            }
            Ok(Err(error)) => cause(&error),
            Err(_) => "no answer".to_owned(),
        };
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            let (database, waited) = (url.to_string(), begun.elapsed());
            return Err(MigrateError::Unreachable { database, waited, cause: seen });
        }
        log(&mut logged, url, &seen, end);
        sleep(jittered(pause).min(left)).await;
        pause = (pause * 2).min(LONGEST);
    }
}

/// Says what is waited for, unless that was said a moment ago.
fn log(logged: &mut Option<Instant>, url: &DatabaseUrl, cause: &str, end: Instant) {
    if logged.is_none_or(|at| at.elapsed() >= LOG_EVERY) {
        *logged = Some(Instant::now());
        let left = words(end.saturating_duration_since(Instant::now()));
        tracing::warn!(database = %url, cause, "waiting for the database, up to {left} more");
    }
}

/// One look. SQLite opens anything, and only reading shows that a file is no database.
async fn look(url: &DatabaseUrl, set: &MigrationSet) -> Result<Reading, sqlx::Error> {
    let Some(mut session) = Session::to_read(url, Purpose::Migrate).await? else {
        return Ok(Reading::of_nothing(set));
    };
    let reading = Reading::take(&mut session, set).await?;
    session.close().await;
    Ok(reading)
}

/// Whether waiting cannot mend this: wrong password, no such database, a certificate, a file that is none.
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
pub(super) fn unusable(url: &DatabaseUrl, error: &sqlx::Error) -> MigrateError {
    let said = cause(error);
    let cause = match url.target() {
        DatabaseTarget::Postgres(_) => said,
        DatabaseTarget::Sqlite(file) => explained(file, error).unwrap_or(said),
    };
    MigrateError::Unusable { database: url.to_string(), cause }
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

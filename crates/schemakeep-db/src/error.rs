use std::time::Duration;

/// Why a database cannot be worked with.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// Another process held the migration lock for too long.
    #[error("could not acquire the migration lock within {}; held by {holder}. Wait for it, or end it and start again", words(*.waited))]
    LockUnavailable {
        waited: Duration,
        /// Process and program, as far as they can be known.
        holder: String,
    },
    /// The connection does not stay with one backend, so that no lock can be held through it.
    #[error(
        "the migration lock cannot be held: {cause}; set MIGRATE_DATABASE_URL to a direct connection to the server"
    )]
    Pooled { cause: String },
    /// The database did not answer.
    #[error("database {database} not reachable within {}: {cause}", words(*.waited))]
    Unreachable {
        /// The URL, without its password.
        database: String,
        waited: Duration,
        /// What was seen last.
        cause: String,
    },
    /// The database cannot be used, and waiting does not help.
    #[error("database {database} cannot be used: {cause}")]
    Unusable {
        /// The URL, without its password.
        database: String,
        /// What the driver said, or more where it says little.
        cause: String,
    },
    /// Cancelled before anything was begun.
    #[error("migrating was stopped by a signal; nothing was begun")]
    Cancelled,
    /// The database refused something else.
    #[error("{doing} failed: {cause}")]
    Database { doing: &'static str, cause: String },
}

impl DbError {
    /// Gives a driver's error its context.
    pub fn database(doing: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |error| Self::Database { doing, cause: cause(&error) }
    }
}

/// What a driver's error says: the server's own words and code, without the driver's wrapping, which
/// takes a line of the server's source for a line of the statement.
#[must_use]
pub fn cause(error: &sqlx::Error) -> String {
    match error {
        sqlx::Error::Database(error) => match error.code() {
            Some(code) => format!("{} ({code})", error.message()),
            None => error.message().to_owned(),
        },
        // rustls reads no older certificate, even where nothing of it is checked; its text names only its own error.
        sqlx::Error::Io(error) if error.to_string().contains("UnsupportedCertVersion") => {
            "the server's certificate is of X.509 version 1, and TLS needs version 3 here. Issue it again with an \
             extension (`openssl x509 -req … -extfile FILE`, where FILE holds `subjectAltName=DNS:name-of-the-server`); \
             until then only sslmode=disable connects, without TLS"
                .to_owned()
        }
        sqlx::Error::Io(error) => error.to_string(),
        other => other.to_string(),
    }
}

/// A time span for people, in whole seconds where it has some.
#[must_use]
pub fn words(span: Duration) -> String {
    if span.as_secs() == 0 {
        format!("{} ms", span.as_millis())
    } else {
        format!("{} s", span.as_secs())
    }
}

/// Where in the text that was sent PostgreSQL saw the error, in characters from 1.
pub fn position(error: &sqlx::Error) -> Option<usize> {
    use sqlx::postgres::{PgDatabaseError, PgErrorPosition};
    let error = error.as_database_error()?.try_downcast_ref::<PgDatabaseError>()?;
    match error.position()? {
        PgErrorPosition::Original(position) => Some(position),
        PgErrorPosition::Internal { .. } => None,
    }
}

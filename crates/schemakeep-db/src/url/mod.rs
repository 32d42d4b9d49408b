//! The address of a database, which cannot be printed with its password.

mod postgres;
mod redact;
mod sqlite;
#[cfg(test)]
mod tests;

use std::fmt;
use std::net::IpAddr;

use sqlx::postgres::{PgConnectOptions, PgSslMode};

pub use self::redact::redact;
pub use self::sqlite::{SqliteMode, SqliteTarget};
use crate::Dialect;

/// A database and how to reach it. Neither `Display` nor `Debug` shows a password.
#[derive(Clone)]
pub struct DatabaseUrl {
    target: DatabaseTarget,
    shown: String,
    ignored: Vec<String>,
}

/// What a [`DatabaseUrl`] leads to.
#[derive(Clone)]
pub enum DatabaseTarget {
    Sqlite(SqliteTarget),
    /// A server. These options hold the password, and their own `Debug` shows it.
    Postgres(Box<PgConnectOptions>),
}

/// Joins host and port into what can be bound or dialed, an IPv6 address in brackets.
#[must_use]
pub fn host_port(host: &str, port: u16) -> String {
    if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") }
}

impl DatabaseUrl {
    /// Reads `sqlite:…` and `postgres://…`, in their own and in those of `SQLAlchemy`.
    ///
    /// # Errors
    ///
    /// One clause that says what is allowed and, redacted, what came.
    pub fn parse(text: &str) -> Result<Self, String> {
        let refuse = |detail: &str, shown: String| Err(format!("{detail}, got {shown:?}"));
        let (scheme, rest) = text.split_once(':').unwrap_or_default();
        match scheme_dialect(scheme) {
            Some(Dialect::Sqlite) => match sqlite::parse(rest) {
                Ok(target) => {
                    let shown = target.to_string();
                    Ok(Self { target: DatabaseTarget::Sqlite(target), shown, ignored: Vec::new() })
                }
                Err(detail) => refuse(&detail, redact(text)),
            },
            Some(Dialect::Postgres) => {
                let Some(rest) = rest.strip_prefix("//") else {
                    return refuse("must have // after postgres:", redact(text));
                };
                match postgres::parse(rest) {
                    Ok(postgres::Parsed { options, shown, ignored }) => {
                        let target = DatabaseTarget::Postgres(Box::new(options));
                        Ok(Self { target, shown, ignored })
                    }
                    Err(postgres::Refusal { detail, shown }) => {
                        refuse(&detail, shown.unwrap_or_else(|| redact(text)))
                    }
                }
            }
            None if text.ends_with(":memory:") => {
                refuse("must be sqlite: and a file, not a database in memory", redact(text))
            }
            None => refuse(
                "must begin with sqlite: or postgres:// (or SQLAlchemy's spelling of one)",
                redact(text),
            ),
        }
    }

    #[must_use]
    pub fn target(&self) -> &DatabaseTarget {
        &self.target
    }

    /// Which SQL it speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        match self.target {
            DatabaseTarget::Sqlite(_) => Dialect::Sqlite,
            DatabaseTarget::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Names of query parameters that were left out because they mean nothing here.
    #[must_use]
    pub fn ignored_parameters(&self) -> &[String] {
        &self.ignored
    }

    /// Another database of the same server, reached in the same way; `None` for a file.
    #[must_use]
    pub fn sibling(&self, database: &str) -> Option<Self> {
        let DatabaseTarget::Postgres(options) = &self.target else { return None };
        let target = DatabaseTarget::Postgres(Box::new((**options).clone().database(database)));
        let shown = format!("database {database} beside that of {}", self.shown);
        Some(Self { target, shown, ignored: Vec::new() })
    }

    /// Whether it holds a password, or another part that is not shown.
    #[must_use]
    pub fn has_secret(&self) -> bool {
        self.shown.contains(redact::HIDDEN)
    }

    /// The `sslmode` with which a connection to a remote server may go without TLS. `None` where TLS is demanded,
    /// and for what stays on this machine: a file, a socket, a loopback address.
    #[must_use]
    pub fn unencrypted_mode(&self) -> Option<&'static str> {
        let DatabaseTarget::Postgres(options) = &self.target else { return None };
        let mode = match options.get_ssl_mode() {
            PgSslMode::Disable => "disable",
            PgSslMode::Allow => "allow",
            PgSslMode::Prefer => "prefer",
            PgSslMode::Require | PgSslMode::VerifyCa | PgSslMode::VerifyFull => return None,
        };
        let host = options.get_host();
        let is_local = options.get_socket().is_some()
            || host.starts_with('/')
            || host.eq_ignore_ascii_case("localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.to_canonical().is_loopback());
        (!is_local).then_some(mode)
    }

    /// Where it is, for a log line: the file's path, or `host:port/database`.
    #[must_use]
    pub fn describe_place(&self) -> String {
        match &self.target {
            DatabaseTarget::Sqlite(target) => target.path.display().to_string(),
            DatabaseTarget::Postgres(options) => {
                let socket = options.get_socket().map(|path| path.display().to_string());
                let host = socket.as_deref().unwrap_or(options.get_host());
                // A server takes the user's name where no database is named.
                let database = options.get_database().unwrap_or(options.get_username());
                format!("{}/{database}", host_port(host, options.get_port()))
            }
        }
    }
}

/// Shows the URL, its secrets replaced by `***`.
impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DatabaseUrl").field(&self.shown).finish()
    }
}

impl fmt::Debug for DatabaseTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(target) => f.debug_tuple("Sqlite").field(target).finish(),
            Self::Postgres(options) => f
                .debug_struct("Postgres")
                .field("host", &options.get_host())
                .field("port", &options.get_port())
                .field("database", &options.get_database())
                .finish_non_exhaustive(),
        }
    }
}

/// The dialect that a scheme names, without regard to case; `None` for any other.
fn scheme_dialect(scheme: &str) -> Option<Dialect> {
    match &*scheme.to_ascii_lowercase() {
        "sqlite" | "sqlite+aiosqlite" | "sqlite+pysqlite" => Some(Dialect::Sqlite),
        "postgres"
        | "postgresql"
        | "postgresql+asyncpg"
        | "postgresql+pg8000"
        | "postgresql+psycopg"
        | "postgresql+psycopg2" => Some(Dialect::Postgres),
        _ => None,
    }
}

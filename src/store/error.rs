//! What can go wrong with a store.

use std::time::Duration;

use crate::domain::OperationError;

/// The kind of [`StoreError::Unavailable`] of a database that takes no writes.
pub(super) const READ_ONLY: &str = "read_only";

/// The kind of [`StoreError::Unavailable`] of a role that may not do what was asked.
pub(super) const DENIED: &str = "denied";

/// Why a store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such task.
    #[error("no such task")]
    NotFound,
    /// The task is there, but not in the version that the caller requires.
    #[error("the task is not in the required version")]
    Conflict,
    /// Some of several operations cannot be carried out, so none was; lists them in their order.
    #[error("{} of the operations cannot be carried out", .0.len())]
    Refused(Vec<OperationError>),
    /// The key was used before, for another request.
    #[error("the key was used for another request")]
    KeyReused,
    /// A request with the same key has not ended yet.
    #[error("a request with the same key has not ended yet")]
    KeyInUse,
    /// The database cannot be had just now: down, restarting, full, locked, damaged or out of connections.
    /// Nothing was changed, or it is not known (the connection broke while a change was under way).
    #[error("database unavailable ({kind}): {source}")]
    Unavailable {
        /// A word for the metric: `timeout`, `connection`, `away`, `busy`, `full`, `read_only`, `shutdown`,
        /// `resources`, `io`, `corrupt`, `denied`.
        kind: &'static str,
        source: sqlx::Error,
    },
    /// A stored row breaks a rule of the domain.
    #[error("inconsistent row: {0}")]
    Inconsistent(String),
    /// The database refused for another reason: a bug of ours, or a schema that does not fit.
    #[error(transparent)]
    Driver(sqlx::Error),
}

impl StoreError {
    /// The same again, for another request that met the same failure.
    pub(super) fn repeat(&self) -> Self {
        let again = |source: &sqlx::Error| match source {
            sqlx::Error::PoolTimedOut => sqlx::Error::PoolTimedOut,
            sqlx::Error::PoolClosed => sqlx::Error::PoolClosed,
            source => sqlx::Error::Io(std::io::Error::other(source.to_string())),
        };
        match self {
            Self::NotFound => Self::NotFound,
            Self::Conflict => Self::Conflict,
            Self::Refused(refusals) => Self::Refused(refusals.clone()),
            Self::KeyReused => Self::KeyReused,
            Self::KeyInUse => Self::KeyInUse,
            Self::Unavailable { kind, source } => Self::Unavailable { kind, source: again(source) },
            Self::Inconsistent(words) => Self::Inconsistent(words.clone()),
            Self::Driver(source) => Self::Driver(again(source)),
        }
    }

    /// A word for the metric's `kind` label; `None` for an outcome that is no error of the database.
    #[must_use]
    pub fn kind(&self) -> Option<&'static str> {
        match self {
            Self::NotFound
            | Self::Conflict
            | Self::Refused(_)
            | Self::KeyReused
            | Self::KeyInUse => None,
            Self::Unavailable { kind, .. } => Some(kind),
            Self::Inconsistent(_) => Some("inconsistent"),
            Self::Driver(_) => Some("driver"),
        }
    }

    /// The database server is in recovery: a standby.
    pub(super) fn in_recovery() -> Self {
        let source = sqlx::Error::Protocol("the database server is in recovery".to_owned());
        Self::Unavailable { kind: READ_ONLY, source }
    }

    /// Whether the database can be had, but takes no writes.
    #[must_use]
    pub fn is_read_only(&self) -> bool {
        self.kind() == Some(READ_ONLY)
    }

    /// Whether the database answers, but this program's role may not do what was asked.
    #[must_use]
    pub fn is_denied(&self) -> bool {
        self.kind() == Some(DENIED)
    }

    /// How long a client should wait before it tries again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        matches!(self, Self::Unavailable { .. }).then_some(Duration::from_secs(1))
    }
}

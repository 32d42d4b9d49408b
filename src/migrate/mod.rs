//! The schema: what it is, what it should be, and the way from one to the other.
//!
//! A migration happens whole, once and safely, or leaves everything as it was. Files and record table are
//! those of sqlx, so its command line agrees with this program; the runner is our own. `serve` and the command
//! line go through the same [`Operation`]s. Knows nothing of HTTP or of tasks.

mod acts;
pub mod autogenerate;
pub mod backup;
pub mod catalog;
pub mod change;
mod create;
pub mod declared;
mod depth;
pub mod diff;
pub mod directives;
mod disk;
pub mod doctor;
pub mod drift;
pub mod embedded;
mod error;
mod failure;
mod file_users;
pub mod files;
pub mod foreign;
pub mod generate;
pub mod halfway;
pub mod history;
mod inspect;
pub mod instances;
mod journal;
mod leftovers;
pub mod lint;
mod lock;
pub mod loss;
mod metrics;
mod operation;
pub mod plan;
pub mod preflight;
mod progress;
mod reading;
pub mod record;
mod refusal;
pub mod rehearse;
pub mod restore;
mod run;
mod safety;
pub mod scan;
pub mod schema;
pub mod scratch;
mod script;
mod session;
pub mod split;
mod start;
pub mod state;
mod stop;
pub mod verify;
mod wait;

pub use create::{NewFile, NewMigration, create, lay_out, migration_name, remove, write};
pub use embedded::{Migration, MigrationSet};
pub use error::MigrateError;
pub use failure::{Blocked, StepFailed};
pub use inspect::{InspectError, Inspector};
pub use metrics::publish as publish_metrics;
pub use operation::{Done, Operation, Outcome};
pub use progress::{Phase, Progress, ProgressSnapshot};
pub use refusal::refusal;
pub use safety::{BackupPlace, Safety, Step, Verdict};
pub use start::{StartSettings, TABLE_LOCK_WAIT, prepare};
pub use state::{SchemaState, StateReport};

use crate::config::{DatabaseTarget, DatabaseUrl};

/// Which SQL a database speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// PostgreSQL 13 and later.
    Postgres,
    /// SQLite, as compiled into this program.
    Sqlite,
}

impl Dialect {
    /// What the database behind a URL speaks.
    #[must_use]
    pub fn of(url: &DatabaseUrl) -> Self {
        match url.target() {
            DatabaseTarget::Postgres(_) => Self::Postgres,
            DatabaseTarget::Sqlite(_) => Self::Sqlite,
        }
    }

    /// Its name for people.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Postgres => "PostgreSQL",
            Self::Sqlite => "SQLite",
        }
    }

    /// A text as a literal, whatever `standard_conforming_strings` says.
    fn quoted(self, text: &str) -> String {
        // Neither database takes a NUL in a text.
        let text = text.replace('\0', "").replace('\'', "''");
        if self == Self::Postgres && text.contains('\\') {
            format!("E'{}'", text.replace('\\', "\\\\"))
        } else {
            format!("'{text}'")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Dialect;

    #[test]
    fn quotes_literals() {
        assert_eq!(Dialect::Postgres.quoted("it's"), "'it''s'");
        assert_eq!(Dialect::Postgres.quoted("a\\'b"), "E'a\\\\''b'");
        assert_eq!(Dialect::Sqlite.quoted("a\\'b\0"), "'a\\''b'");
    }
}

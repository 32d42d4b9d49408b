//! Whether both databases reach the same logical schema, but for what is declared here, with its reason.

use std::collections::BTreeSet;

use crate::migrate::catalog::logical::differences;
use crate::migrate::catalog::structure::{Structure, structure};
use crate::migrate::scratch::Scratch;
use crate::migrate::session::{Purpose, Session};
use crate::migrate::{Dialect, MigrateError, MigrationSet};

/// A difference that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Excuse {
    /// Exactly as it is found.
    pub difference: &'static str,
    /// Why it is meant.
    pub why: &'static str,
}

const SEARCH: &str = "full text is searched by FTS5 in SQLite, kept in step by triggers, and by a trigram index in PostgreSQL";
const NUMBER: &str = "SQLite's tables are kept by a row number, and the search refers to it; in PostgreSQL nothing is unique without the id";

/// The differences between the migrations of this program for one database and for the other.
pub const SHIPPED: [Excuse; 9] = [
    Excuse { difference: "index tasks_number_idx on tasks: only in PostgreSQL", why: NUMBER },
    Excuse { difference: "index tasks_search_text_idx on tasks: only in PostgreSQL", why: SEARCH },
    Excuse { difference: "primary key of tasks (id): only in PostgreSQL", why: NUMBER },
    Excuse { difference: "primary key of tasks (number): only in SQLite", why: NUMBER },
    Excuse { difference: "table tasks_search: only in SQLite", why: SEARCH },
    Excuse { difference: "trigger tasks_search_delete on tasks: only in SQLite", why: SEARCH },
    Excuse { difference: "trigger tasks_search_insert on tasks: only in SQLite", why: SEARCH },
    Excuse { difference: "trigger tasks_search_update on tasks: only in SQLite", why: SEARCH },
    Excuse { difference: "unique key of tasks (id): only in SQLite", why: NUMBER },
];

/// What came out of comparing both.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agreement {
    /// Differences that nobody has declared, and declarations of what is no difference.
    pub differences: Vec<String>,
    /// Differences that are meant.
    pub excused: Vec<Excuse>,
}

/// Compares two scratch databases, each at the last version of its set. [`SHIPPED`] excuses only where both sets hold
/// all migrations of this program.
///
/// # Errors
///
/// [`MigrateError::Database`] when one cannot be read.
pub async fn agreement(
    postgres: (&Scratch, &MigrationSet),
    sqlite: (&Scratch, &MigrationSet),
) -> Result<Agreement, MigrateError> {
    let found = differences(&read(postgres.0).await?, &read(sqlite.0).await?);
    let shipped =
        holds_shipped(postgres.1, Dialect::Postgres)? && holds_shipped(sqlite.1, Dialect::Sqlite)?;
    Ok(sort(found, if shipped { &SHIPPED } else { &[] }))
}

fn sort(found: Vec<String>, excuses: &[Excuse]) -> Agreement {
    let there: BTreeSet<&str> = found.iter().map(String::as_str).collect();
    let (meant, unused): (Vec<Excuse>, Vec<Excuse>) =
        excuses.iter().partition(|excuse| there.contains(excuse.difference));
    let unused = unused.iter().map(|excuse| {
        format!("declared as a difference that is meant, and none: {}", excuse.difference)
    });
    let unused: Vec<_> = unused.collect();
    let is_meant = |line: &String| meant.iter().any(|excuse| excuse.difference == line);
    let differences = found.into_iter().filter(|line| !is_meant(line)).chain(unused).collect();
    Agreement { differences, excused: meant }
}

fn holds_shipped(set: &MigrationSet, dialect: Dialect) -> Result<bool, MigrateError> {
    let own = MigrationSet::embedded(dialect)?;
    let holds = |shipped: &crate::migrate::Migration| {
        set.get(shipped.version).is_some_and(|found| found.checksum == shipped.checksum)
    };
    Ok(own.migrations().iter().all(holds))
}

async fn read(scratch: &Scratch) -> Result<Structure, MigrateError> {
    let failed = || MigrateError::database("reading the scratch database");
    let opened = Session::to_read(scratch.url(), Purpose::Inspect).await.map_err(failed())?;
    let Some(mut session) = opened else { return Ok(Structure::new()) };
    let found = structure(&mut session).await;
    session.close().await;
    found.map_err(failed())
}

#[cfg(test)]
mod tests {
    use super::{Excuse, sort};

    #[test]
    fn excuses_what_is_declared_and_nothing_else() {
        let meant = Excuse { difference: "table a: only in SQLite", why: "because" };
        let unused = Excuse { difference: "table b: only in SQLite", why: "because" };
        let found = vec![meant.difference.to_owned(), "table c: only in SQLite".to_owned()];
        let sorted = sort(found, &[meant, unused]);
        assert_eq!(sorted.excused, [meant]);
        let expected = [
            "table c: only in SQLite",
            "declared as a difference that is meant, and none: table b: only in SQLite",
        ];
        assert_eq!(sorted.differences, expected);
    }
}

//! Whether both databases reach the same logical schema, but for what is declared here, with its reason.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::MigrateError;
use schemakeep_db::connection::{Purpose, Session};
use schemakeep_db::scratch::Scratch;
use schemakeep_schema::parity::differences;
use schemakeep_schema::structure::{Structure, structure};

/// A difference that is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Excuse {
    /// Exactly as it is found.
    pub difference: &'static str,
    pub why: &'static str,
}

/// What came out of comparing both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Agreement {
    /// Differences that nobody has declared, and declarations of what is no difference.
    pub differences: Vec<String>,
    /// Differences that are meant.
    pub excused: Vec<Excuse>,
}

/// Compares two scratch databases, each at the last version of its migrations.
pub async fn agreement(
    postgres: &Scratch,
    sqlite: &Scratch,
    meant: &[Excuse],
) -> Result<Agreement, MigrateError> {
    Ok(sort(differences(&read(postgres).await?, &read(sqlite).await?), meant))
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

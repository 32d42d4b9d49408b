//! What is drafted is proven before it is written: files that do not hold are found, each with its moment.

use rstest::rstest;
use schemakeep::autogenerate::Side;
use schemakeep::desired::DesiredSchema;
use schemakeep::{Dialect, MigrationSet};
use taskmanager::domain::SystemClock;
use tokio_util::sync::CancellationToken;

use crate::support::{TestDatabase, pairs};

const CREATE: (&str, &str) = ("CREATE TABLE books (id bigint);", "DROP TABLE books;");
const WANTED: &str = "CREATE TABLE books (id bigint, pages bigint, author text);";

/// A set of the table and what follows it, each up and down.
fn set(later: &[(&str, &str)]) -> MigrationSet {
    let files = std::iter::once(&CREATE).chain(later).enumerate();
    let files: Vec<_> = files
        .map(|(at, (up, down))| (format!("2030010100000{at}_do_something"), *up, *down))
        .collect();
    let files: Vec<_> = files.iter().map(|(stem, up, down)| (stem.as_str(), *up, *down)).collect();
    pairs(&files)
}

const PAGES: (&str, &str) = (
    "-- compat: additive\nALTER TABLE books ADD COLUMN pages bigint;",
    "ALTER TABLE books DROP COLUMN pages;",
);
const AUTHOR: (&str, &str) = (
    "-- compat: additive\nALTER TABLE books ADD COLUMN author text;",
    "ALTER TABLE books DROP COLUMN author;",
);

#[rstest]
#[case::all_is_well(&[PAGES, AUTHOR], &[])]
#[case::something_is_missing(&[PAGES], &["after the last one: column books.author: author text expected, nothing found"])]
#[case::something_is_left(
    &[(PAGES.0, "SELECT 1;"), AUTHOR],
    &["after 20300101000001_do_something.down.sql: column books.pages: nothing expected, pages "]
)]
#[case::too_much_goes(
    &[PAGES, (AUTHOR.0, "ALTER TABLE books DROP COLUMN author; ALTER TABLE books DROP COLUMN pages; ALTER TABLE books ADD COLUMN pages text;")],
    &["after 20300101000002_do_something.down.sql: column books.pages: pages bigint expected, pages text found"]
)]
#[case::irreversible(&[(PAGES.0, "SELECT 1;"), (AUTHOR.0, "-- irreversible: because\n")], &[])]
#[tokio::test]
async fn files_that_do_not_hold_are_found(
    #[values(Dialect::Sqlite, Dialect::Postgres)] dialect: Dialect,
    #[case] later: &[(&str, &str)],
    #[case] faults: &[&str],
) {
    let database = TestDatabase::new(dialect).await;
    let server = (dialect == Dialect::Postgres).then_some(&database.url);
    let declared = DesiredSchema { file: "schema.sql".into(), text: WANTED.into() };
    let stop = CancellationToken::new();
    let side = Side::bring_up(server, set(&[]), &declared, &SystemClock, stop.clone());
    let side = side.await.unwrap();
    assert_eq!(side.differences().len(), 2);
    let found = side.prove(&set(later), &SystemClock, stop).await.unwrap();
    assert_eq!(found.len(), faults.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(faults) {
        // SQLite's types are in capitals.
        let (found, expected) = (found.to_lowercase(), expected.to_lowercase());
        assert!(found.contains(&expected), "{found}");
    }
    side.remove().await.unwrap();
}

#[rstest]
#[tokio::test]
async fn a_file_that_fails_and_one_that_hurts_are_found(
    #[values(Dialect::Sqlite, Dialect::Postgres)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    let server = (dialect == Dialect::Postgres).then_some(&database.url);
    let declared = DesiredSchema { file: "schema.sql".into(), text: WANTED.into() };
    let stop = CancellationToken::new();
    let side = Side::bring_up(server, set(&[]), &declared, &SystemClock, stop.clone());
    let side = side.await.unwrap();
    let fails = set(&[PAGES, ("ALTER TABLE books ADD COLUMN pages text;", "SELECT 1;")]);
    let error = side.prove(&fails, &SystemClock, stop).await.unwrap_err().to_string();
    assert!(error.contains("20300101000002_do_something.up.sql"), "{error}");
    let hurts = set(&[PAGES, ("-- compat: additive\nDELETE FROM books;", "SELECT 1;")]);
    let rules: Vec<_> = side.findings(&hurts).iter().map(|found| found.rule).collect();
    assert_eq!(rules, ["every-row-changed"]);
    side.remove().await.unwrap();
}

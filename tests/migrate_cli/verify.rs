//! `verify`: the way back, proven on a scratch database.

use rstest::rstest;
use serde_json::Value;

use crate::fixture::{Files, document, integer, migrate, own};
use crate::support::Backend::{self, Postgres, Sqlite};
use crate::support::Database;

fn proofs(document: &Value) -> Vec<(&str, i64, usize)> {
    let proofs = document["proofs"].as_array().expect("a list").iter();
    proofs
        .map(|proof| {
            let differences = proof["differences"].as_array().expect("a list").len();
            let database = proof["database"].as_str().expect("a name");
            (database, proof["version"].as_i64().expect("a version"), differences)
        })
        .collect()
}

#[rstest]
#[tokio::test]
async fn the_shipped_ones_are_proven(#[values(Sqlite, Postgres)] on: Backend) {
    let database = Database::empty(on).await;
    let proven = document(&migrate(&database, &["verify", "--json"]).expect(0));
    let databases = if on == Postgres { vec!["sqlite", "postgres"] } else { vec!["sqlite"] };
    let expected: Vec<_> = databases
        .iter()
        .flat_map(|name| own(on).into_iter().map(move |(version, _)| (*name, version, 0)))
        .collect();
    assert_eq!(proofs(&proven), expected);
    if on == Postgres {
        let left = "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace";
        assert_eq!(integer(&database, left).await, 0, "not the database that was given");
    } else {
        assert!(database.folder().is_some_and(|folder| !folder.join("tasks.db").exists()));
    }
}

#[rstest]
#[case::left_over("CREATE TABLE a (id bigint); CREATE TABLE b (id bigint);", "DROP TABLE a;", 1)]
#[case::taken_away(
    "ALTER TABLE books ADD COLUMN pages bigint;",
    "ALTER TABLE books DROP COLUMN pages; ALTER TABLE books DROP COLUMN author;",
    1
)]
#[case::fails("CREATE TABLE a (id bigint);", "DROP TABLE other;", 1)]
#[case::irreversible("CREATE TABLE a (id bigint);", "-- irreversible: because\n", 0)]
#[tokio::test]
async fn a_way_back_that_is_none_is_found(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] up: &str,
    #[case] down: &str,
    #[case] code: i32,
) {
    let files = Files::library().with(
        "20300104000000_do_something",
        &format!("-- compat: additive\n{up}\n"),
        down,
    );
    let database = Database::empty(on).await;
    let said = files.migrate(&database, &["verify"]).expect(code);
    assert!((said.stdout + &said.stderr).contains("20300104000000"), "{down}");
    let json = document(&files.migrate(&database, &["verify", "--json"]).expect(code));
    if down.contains("other") {
        assert_eq!(json["error"]["exit_code"], 1, "{json}");
        return;
    }
    let (last, found) =
        (json["proofs"].as_array().expect("a list").last().expect("one"), proofs(&json));
    assert_eq!(
        found.last().is_some_and(|(_, _, differences)| *differences > 0),
        code == 1,
        "{json}"
    );
    assert_eq!(last["irreversible"], if code == 0 { "because".into() } else { Value::Null });
}

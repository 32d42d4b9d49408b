//! `down`, `redo` and `reset`: what they take back, what they say is lost, and what stops them.

use rstest::rstest;
use serde_json::json;

use crate::fixture::{
    AUTHORS, BOOKS, Files, TITLES, current, document, dump, execute, integer, migrate, recorded,
};
use testkit::Backend::{self, Postgres, Sqlite};

const ROWS: &str = "INSERT INTO books VALUES (1, 'a', 'Ana'), (2, 'b', NULL), (3, 'c', 'Cy')";

#[rstest]
#[case(&["down", "1"], 2)]
#[case(&["down", "3"], 0)]
#[case(&["down", "--to", "20300101000000"], 1)]
#[case(&["down", "--all"], 0)]
#[tokio::test]
async fn back_and_there_again(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] arguments: &[&str],
    #[case] left: usize,
) {
    let files = Files::library();
    let database = files.applied(on).await;
    let before = dump(&database).await;
    let said = files.migrate(&database, &[arguments, &["--yes", "--json"]].concat()).expect(0);
    assert!(said.stderr.contains("no data loss detected"), "{said:#?}");
    let reverted = document(&said)["reverted"].as_array().expect("a list").clone();
    let reverted: Vec<_> = reverted.iter().filter_map(|entry| entry["version"].as_i64()).collect();
    let newest_first = [TITLES, AUTHORS, BOOKS];
    assert_eq!(reverted, newest_first[..3 - left]);
    assert_eq!(recorded(&database).await.len(), left);
    assert_ne!(dump(&database).await, before);
    files.migrate(&database, &["status"]).expect(3);
    files.migrate(&database, &["up"]).expect(0);
    assert_eq!(dump(&database).await, before);
}

#[rstest]
#[tokio::test]
async fn the_shipped_migrations_go_back_and_there_again(#[values(Sqlite, Postgres)] on: Backend) {
    let database = current(on).await;
    let before = dump(&database).await;
    for count in 1..=4 {
        migrate(&database, &["down", &count.to_string(), "--yes"]).expect(0);
        migrate(&database, &["up"]).expect(0);
        assert_eq!(dump(&database).await, before);
    }
}

/// Nobody is there to ask: the loss is named with its figures, and nothing is changed.
#[rstest]
#[case(&["down", "1"], None)]
#[case(&["down", "2"], Some("column books.author: 2 rows"))]
#[case(&["down", "--to", "20300101000000"], Some("column books.author: 2 rows"))]
#[case(&["down", "--all"], Some("table books: 3 rows"))]
#[case(&["redo"], None)]
#[case(&["reset"], Some("table books: 3 rows"))]
#[tokio::test]
async fn without_a_yes_and_without_a_terminal_nothing_is_changed(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] arguments: &[&str],
    #[case] loss: Option<&str>,
) {
    let files = Files::library();
    let database = files.applied(on).await;
    execute(&database, ROWS).await;
    let before = (dump(&database).await, recorded(&database).await);
    let refused = files.migrate(&database, arguments).expect(2);
    assert_eq!(refused.stdout, "");
    assert!(refused.stderr.contains("--yes"), "{refused:#?}");
    assert!(refused.stderr.contains(loss.unwrap_or("no data loss detected")), "{refused:#?}");
    let document =
        document(&files.migrate(&database, &[arguments, &["--json"]].concat()).expect(2));
    assert_eq!(document["error"]["exit_code"], 2);
    assert_eq!((dump(&database).await, recorded(&database).await), before);
    assert_eq!(integer(&database, "SELECT count(*) FROM books").await, 3);
}

/// However a down file writes it.
#[rstest]
#[case("ALTER TABLE books DROP author;", &["column books.author: 2 rows"])]
#[case("ALTER TABLE Books DROP COLUMN \"author\";", &["column books.author: 2 rows"])]
#[case("DROP TABLE IF EXISTS \"books\";", &["table books: 3 rows"])]
#[case("-- DROP TABLE nothing;\nDELETE FROM books WHERE id > 1;", &["of table books, deleted by a statement, at most: 3 rows"])]
#[tokio::test]
async fn every_loss_is_named(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] down: &str,
    #[case] losses: &[&str],
) {
    let files = Files::library();
    let database = files.applied(on).await;
    execute(&database, ROWS).await;
    let files = files.with("20300104000000_drop_some", "-- compat: additive\nSELECT 1;\n", down);
    files.migrate(&database, &["up"]).expect(0);
    let refused = files.migrate(&database, &["down", "1"]).expect(2);
    for loss in losses {
        assert!(refused.stderr.contains(loss), "{loss}: {refused:#?}");
    }
}

/// PostgreSQL drops several tables with one statement, and empties them.
#[rstest]
#[case("DROP TABLE IF EXISTS shelves, books CASCADE;")]
#[case("TRUNCATE TABLE shelves, books;")]
#[tokio::test]
async fn every_table_of_one_statement_is_named(#[case] down: &str) {
    let files = Files::library();
    let database = files.applied(Postgres).await;
    execute(&database, ROWS).await;
    execute(&database, "CREATE TABLE shelves AS SELECT 1 AS id").await;
    let files = files.with("20300104000000_drop_some", "-- compat: additive\nSELECT 1;\n", down);
    files.migrate(&database, &["up"]).expect(0);
    let refused = files.migrate(&database, &["down", "1"]).expect(2);
    for loss in ["table shelves: 1 row", "table books: 3 rows"] {
        assert!(refused.stderr.contains(loss), "{loss}: {refused:#?}");
    }
}

#[rstest]
#[case(&["down", "2", "--yes"])]
#[case(&["down", "--all", "--yes"])]
#[case(&["reset", "--yes"])]
#[tokio::test]
async fn an_irreversible_one_stops_before_anything_is_changed(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] arguments: &[&str],
) {
    let why = "-- irreversible: the old letters are gone\n";
    let files = Files::library().with(
        "20300102120000_fold_titles",
        "-- compat: additive\nUPDATE books SET title = lower(title) WHERE id > 0;\n",
        why,
    );
    let database = files.applied(on).await;
    let before = (dump(&database).await, recorded(&database).await);
    // The one above it can be taken back.
    files.migrate(&database, &["redo", "--yes"]).expect(0);
    let refused = files.migrate(&database, arguments).expect(1);
    assert!(refused.stderr.contains("20300102120000"), "{refused:#?}");
    assert!(refused.stderr.contains("the old letters are gone"), "{refused:#?}");
    assert_eq!((dump(&database).await, recorded(&database).await), before);
}

#[rstest]
#[tokio::test]
async fn redo_and_reset_bring_back_what_was_there(#[values(Sqlite, Postgres)] on: Backend) {
    let files = Files::library();
    let database = files.applied(on).await;
    let before = dump(&database).await;
    execute(&database, ROWS).await;
    let redone = document(&files.migrate(&database, &["redo", "--yes", "--json"]).expect(0));
    assert_eq!(redone["applied"].as_array().map(Vec::len), Some(1), "{redone}");
    assert_eq!(redone["applied"][0]["version"], TITLES);
    assert_eq!(integer(&database, "SELECT count(*) FROM books").await, 3);
    // What was pending stays pending.
    files.migrate(&database, &["down", "1", "--yes"]).expect(0);
    let redone = document(&files.migrate(&database, &["redo", "--yes", "--json"]).expect(0));
    assert_eq!(
        (&redone["schema_state"], &redone["schema_version"]),
        (&json!("behind"), &json!(AUTHORS))
    );
    files.migrate(&database, &["up"]).expect(0);
    let reset = document(&files.migrate(&database, &["reset", "--yes", "--json"]).expect(0));
    assert_eq!(reset["applied"].as_array().map(Vec::len), Some(3), "{reset}");
    assert_eq!(integer(&database, "SELECT count(*) FROM books").await, 0);
    assert_eq!(dump(&database).await, before);
}

#[rstest]
#[tokio::test]
async fn the_tasks_that_would_go_are_counted(#[values(Sqlite, Postgres)] on: Backend) {
    let database = current(on).await;
    let (id, time) = match on {
        Sqlite => ("x'00000000000000000000000000000001'", "0"),
        Postgres => ("'00000000-0000-0000-0000-000000000001'", "now()"),
    };
    execute(
        &database,
        &format!(
            "INSERT INTO tasks (id, title, status, priority, created_at, updated_at, version, search_text) \
             VALUES ({id}, 't', 'todo', 'low', {time}, {time}, 1, 't')"
        ),
    )
    .await;
    let refused = migrate(&database, &["down", "--all"]).expect(2);
    assert!(refused.stderr.contains("table tasks: 1 row"), "{refused:#?}");
    assert_eq!(integer(&database, "SELECT count(*) FROM tasks").await, 1);
}

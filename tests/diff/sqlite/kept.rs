//! What a rebuild must not lose beside the rows: the counter, nulls that become a default, search, children.

use schemakeep::diff::draft;

use super::world::{World, declared};

/// Goes from one schema, with these rows, to another.
async fn migrated(from: &str, rows: &str, to: &str) -> World {
    let draft = draft(&declared(from).await, &declared(to).await, &[]).unwrap();
    let world = World::of(from).await;
    world.run(rows).await;
    world.take(&draft);
    assert_eq!(world.findings(), (vec![], vec![]));
    world.up().await.unwrap();
    world
}

#[tokio::test]
async fn no_number_that_was_given_away_comes_back() {
    let table =
        |ty: &str| format!("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a {ty});");
    let rows = "INSERT INTO t (a) VALUES (1), (2), (3); DELETE FROM t WHERE id > 1;";
    let world = migrated(&table("INTEGER"), rows, &table("REAL")).await;
    world.run("INSERT INTO t (a) VALUES (4)").await;
    assert_eq!(world.lines("SELECT CAST(id AS TEXT) FROM t").await, ["1", "4"]);
    world.down().await.unwrap();
    world.run("DELETE FROM t WHERE id > 1; INSERT INTO t (a) VALUES (5)").await;
    assert_eq!(world.lines("SELECT CAST(id AS TEXT) FROM t").await, ["1", "5"]);
}

#[tokio::test]
async fn an_empty_table_keeps_its_counter_too() {
    let table =
        |ty: &str| format!("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a {ty});");
    let rows = "INSERT INTO t (a) VALUES (1), (2); DELETE FROM t;";
    let world = migrated(&table("INTEGER"), rows, &table("REAL")).await;
    world.run("INSERT INTO t (a) VALUES (4)").await;
    assert_eq!(world.lines("SELECT CAST(id AS TEXT) FROM t").await, ["3"]);
}

#[tokio::test]
async fn nulls_become_the_default() {
    let from = "CREATE TABLE t (a INTEGER);";
    let to = "CREATE TABLE t (a INTEGER NOT NULL DEFAULT 7, b TEXT NOT NULL DEFAULT (lower('X')));";
    let world = migrated(from, "INSERT INTO t VALUES (1), (NULL);", to).await;
    assert_eq!(world.lines("SELECT a || b FROM t ORDER BY a").await, ["1x", "7x"]);
}

#[tokio::test]
async fn nulls_without_a_default_stop_it_and_nothing_is_changed() {
    let (from, to) = ("CREATE TABLE t (a INTEGER);", "CREATE TABLE t (a INTEGER NOT NULL);");
    let draft = draft(&declared(from).await, &declared(to).await, &[]).unwrap();
    let world = World::of(from).await;
    world.run("INSERT INTO t VALUES (1), (NULL);").await;
    world.take(&draft);
    let error = world.up().await.unwrap_err().to_string();
    assert!(error.contains("NOT NULL constraint failed"), "{error}");
    assert_eq!(world.schema().await, declared(from).await);
    assert_eq!(world.lines("SELECT quote(a) FROM t").await, ["1", "NULL"]);
}

#[tokio::test]
async fn not_one_column_stays_and_every_row_does() {
    let from = "CREATE TABLE t (a INTEGER);";
    let to = "CREATE TABLE t (b TEXT DEFAULT 'x') STRICT;";
    let world = migrated(from, "INSERT INTO t VALUES (1), (2);", to).await;
    assert_eq!(world.lines("SELECT b FROM t").await, ["x", "x"]);
}

#[tokio::test]
async fn children_and_search_stay_with_a_table_that_is_rebuilt() {
    let schema = |ty: &str| {
        format!(
            "CREATE TABLE p (id INTEGER PRIMARY KEY, word TEXT, n {ty});
             CREATE TABLE c (id INTEGER PRIMARY KEY, p_id INTEGER NOT NULL REFERENCES p (id) ON DELETE CASCADE);
             CREATE VIRTUAL TABLE s USING fts5 (word, content = 'p', content_rowid = 'id');
             CREATE TRIGGER s_insert AFTER INSERT ON p BEGIN
                 INSERT INTO s (rowid, word) VALUES (new.id, new.word);
             END;"
        )
    };
    let rows = "INSERT INTO p (word, n) VALUES ('one', 1), ('two', 2); INSERT INTO c (p_id) VALUES (1), (1), (2);";
    let world = migrated(&schema("INTEGER"), rows, &schema("TEXT")).await;
    world.run("INSERT INTO p (word, n) VALUES ('two more', 3)").await;
    let found = "SELECT CAST(rowid AS TEXT) FROM s WHERE s MATCH 'two' ORDER BY rowid";
    assert_eq!(world.lines(found).await, ["2", "3"]);
    assert_eq!(world.lines("SELECT CAST(p_id AS TEXT) FROM c").await, ["1", "1", "2"]);
    world.run("DELETE FROM p WHERE id = 1").await;
    assert_eq!(world.lines("SELECT CAST(p_id AS TEXT) FROM c").await, ["2"], "the key still holds");
    world.run("INSERT INTO s (s) VALUES ('rebuild')").await;
    world.down().await.unwrap();
    assert_eq!(world.lines("SELECT n || typeof(n) FROM p").await, ["2integer", "3integer"]);
}

//! SQLite: rebuilding a table that others reference, and what is refused instead of losing their rows.

use rstest::rstest;
use schemakeep::{Dialect, MigrateError, MigrationSet};

use crate::support::{TestDatabase, pairs, set};

const TABLES: (&str, &str) = (
    "20260101000000_create_tables",
    "CREATE TABLE parent (id INTEGER PRIMARY KEY, name TEXT);
     CREATE TABLE child (id INTEGER PRIMARY KEY,
         parent_id INTEGER NOT NULL REFERENCES parent (id) ON DELETE CASCADE);
     INSERT INTO parent VALUES (1, 'a'), (2, 'b');
     INSERT INTO child VALUES (1, 1), (2, 1), (3, 2);",
);
const BODY: &str = "CREATE TABLE parent_new (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
INSERT INTO parent_new SELECT id, name FROM parent;
DROP TABLE parent;
ALTER TABLE parent_new RENAME TO parent;";
const NAME: &str = "20260102000000_rebuild_parent";

async fn populated() -> TestDatabase {
    let database = TestDatabase::new(Dialect::Sqlite).await;
    database.up(&set(&[TABLES]), None).await.unwrap();
    database
}

fn then(sql: &str) -> MigrationSet {
    set(&[TABLES, (NAME, sql)])
}

async fn rows(database: &TestDatabase) -> (i64, i64) {
    let parents = database.count("SELECT count(*) FROM parent").await;
    (parents, database.count("SELECT count(*) FROM child").await)
}

#[tokio::test]
async fn not_one_row_is_lost() {
    let database = populated().await;
    database.up(&then(&format!("-- rebuild\n{BODY}")), None).await.unwrap();
    assert_eq!(rows(&database).await, (2, 3));
    let not_null = "SELECT count(*) FROM pragma_table_info('parent') WHERE \"notnull\" = 1";
    assert_eq!(database.count(not_null).await, 1);
    let kept = "SELECT count(*) FROM pragma_foreign_key_list('child') WHERE \"table\" = 'parent'";
    assert_eq!(database.count(kept).await, 1);
}

#[tokio::test]
async fn foreign_keys_are_on_again_for_the_next_file() {
    let database = populated().await;
    let next = ("20260103000000_delete_parent", "DELETE FROM parent WHERE id = 1;");
    let rebuild = format!("-- rebuild\n{BODY}");
    database.up(&set(&[TABLES, (NAME, rebuild.as_str()), next]), None).await.unwrap();
    assert_eq!(rows(&database).await, (1, 1));
}

#[rstest]
#[case::drop(BODY, 3)]
#[case::rename("ALTER TABLE \"Parent\" RENAME TO old;", 1)]
#[case::commented("SELECT 1;\nDROP /* it */ TABLE IF EXISTS main.parent;", 2)]
#[tokio::test]
async fn without_the_directive_it_is_refused(#[case] sql: &str, #[case] expected: usize) {
    let database = populated().await;
    let before = database.schema().await;
    let error = database.up(&then(sql), None).await.unwrap_err();
    let MigrateError::Referenced { line, table, by, .. } = &error else { panic!("{error}") };
    assert_eq!((*line, table.as_str(), by.as_str()), (expected, "parent", "child"));
    assert!(error.to_string().contains("-- rebuild"), "{error}");
    assert_eq!((rows(&database).await, database.schema().await), ((2, 3), before));
}

#[tokio::test]
async fn children_first_and_then_the_table_is_no_loss_by_surprise() {
    let database = populated().await;
    database.up(&then("DROP TABLE child; DROP TABLE parent;"), None).await.unwrap();
    assert_eq!(database.schema().await, "");
}

#[tokio::test]
async fn the_way_back_needs_its_own_directive() {
    let down = "DROP TABLE parent;";
    let database = populated().await;
    let error = database.down(&pairs(&[(TABLES.0, TABLES.1, down)]), None).await.unwrap_err();
    assert!(matches!(error, MigrateError::Referenced { .. }), "{error}");
    assert_eq!(rows(&database).await, (2, 3));
}

#[rstest]
#[case::rows("DELETE FROM child WHERE id = 3;", "table child had 3 rows and has 2")]
#[case::table("DROP TABLE child;", "table child is gone")]
#[case::orphans("UPDATE child SET parent_id = 9 WHERE id < 3;", "child: 2 without a row in parent")]
#[case::dangling(
    "ALTER TABLE child RENAME TO c; CREATE TABLE child (id INTEGER REFERENCES nobody); INSERT INTO child SELECT NULL FROM c;",
    "references nobody"
)]
#[case::statement("INSERT INTO nowhere VALUES (1);", "no such table")]
#[tokio::test]
async fn what_it_would_lose_is_rolled_back(#[case] sql: &str, #[case] words: &str) {
    let database = populated().await;
    let before = database.schema().await;
    let migrations = then(&format!("-- rebuild\n{BODY}\n{sql}\n"));
    let error = database.up(&migrations, None).await.unwrap_err();
    assert!(error.to_string().contains(words), "{error}");
    assert_eq!((rows(&database).await, database.schema().await), ((2, 3), before));
    assert_eq!(database.count("SELECT count(*) FROM _sqlx_migrations").await, 1);
}

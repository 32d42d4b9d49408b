//! A rehearsal on SQLite: on a copy of the real data, which stay as they were to the byte.

use std::path::Path;

use rstest::rstest;
use schemakeep::shadow::RehearsedRows;
use schemakeep::{Dialect, MigrateError};

use crate::rehearsal::{rehearse, settings};
use crate::support::{TestDatabase, set};

const BASE: (&str, &str) = (
    "20260101000000_create_base",
    "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER);\n\
     CREATE TABLE child (id INTEGER PRIMARY KEY, t INTEGER REFERENCES t ON DELETE CASCADE);\n",
);

/// A thousand rows and as many children.
async fn live() -> TestDatabase {
    let database = TestDatabase::new(Dialect::Sqlite).await;
    database.up(&set(&[BASE]), None).await.unwrap();
    let mut connected = database.connect().await;
    connected
        .run(
            "WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < 1000) \
             INSERT INTO t SELECT i, i FROM g; INSERT INTO child SELECT id, id FROM t; \
             PRAGMA wal_checkpoint(TRUNCATE)",
        )
        .await;
    connected.close().await;
    database
}

/// What is in the folder, but for the journals of connections that are still closing.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.retain(|name| !name.ends_with("-wal") && !name.ends_with("-shm"));
    names.sort();
    names
}

fn rows(table: &str, before: u64, after: u64) -> RehearsedRows {
    RehearsedRows { table: table.to_owned(), before: Some(before), after: Some(after) }
}

#[tokio::test]
async fn the_real_rows_are_changed_in_a_copy_and_the_file_stays_to_the_byte() {
    let database = live().await;
    let file = database.folder.path().join("test.db");
    let (bytes, there) = (std::fs::read(&file).unwrap(), names(database.folder.path()));
    let sets = set(&[
        BASE,
        ("20260102000000_thin_out", "DELETE FROM t WHERE n > 400;\n"),
        ("20260103000000_add_more", "CREATE TABLE more (id INTEGER);\nDROP TABLE child;\n"),
    ]);
    let rehearsal = rehearse(&settings(&database), &sets, 1).await.unwrap();
    assert_eq!((&rehearsal.failure, &rehearsal.not_rehearsed), (&None, &None));
    assert_eq!(rehearsal.place, "a copy of the data, beside it");
    let [first, second] = rehearsal.migrations.as_slice() else { panic!("{rehearsal:#?}") };
    assert!(first.real_rows && !first.took.is_zero() && !second.took.is_zero());
    assert_eq!(first.rows, [rows("child", 1000, 400), rows("t", 1000, 400)]);
    let gone = RehearsedRows { after: None, ..rows("child", 400, 0) };
    let new = RehearsedRows { before: None, ..rows("more", 0, 0) };
    assert_eq!(second.rows, [gone, new, rows("t", 400, 400)]);
    assert_eq!(second.statements.iter().map(|s| s.line).collect::<Vec<_>>(), [1, 2]);
    assert!(rehearsal.schema.iter().any(|line| line.starts_with("column more.id")));
    assert_eq!(std::fs::read(&file).unwrap(), bytes);
    assert_eq!(names(database.folder.path()), there);
}

/// A writer in the middle of a transaction is not waited for, and what is committed is in the copy.
#[tokio::test]
async fn the_copy_has_what_is_committed_while_a_writer_goes_on() {
    let database = live().await;
    let mut writer = database.connect().await;
    writer.run("INSERT INTO t VALUES (1001, 1)").await;
    writer.run("BEGIN IMMEDIATE; INSERT INTO t VALUES (1002, 1)").await;
    let sets = set(&[BASE, ("20260102000000_do_it", "UPDATE t SET n = 0;\n")]);
    let rehearsal = rehearse(&settings(&database), &sets, 1).await.unwrap();
    assert_eq!(rehearsal.migrations[0].rows[1], rows("t", 1001, 1001));
    writer.run("COMMIT").await;
    assert_eq!(database.count("SELECT count(*) FROM t WHERE n > 0").await, 1002);
}

#[rstest]
#[case("CREATE TABLE x (id INTEGER);\n\nINSERT INTO nowhere VALUES (1);\n", 3, "nowhere")]
#[case("ALTER TABLE t ADD COLUMN x INTEGER NOT NULL;\n", 1, "NOT NULL")]
#[case("CREATE UNIQUE INDEX x ON t (n % 2);\n", 1, "UNIQUE")]
#[case("-- rebuild\nDELETE FROM child;\n", 1, "child")]
#[case("DROP TABLE t;\n", 1, "referenced by a foreign key of child")]
#[case("-- no-transaction\nSELECT 1;\n", 1, "no-transaction")]
#[tokio::test]
async fn a_failure_is_a_finding(#[case] up: &str, #[case] line: usize, #[case] words: &str) {
    let database = live().await;
    let before = (database.schema().await, names(database.folder.path()));
    let sets = set(&[BASE, ("20260102000000_do_it", up)]);
    let rehearsal = rehearse(&settings(&database), &sets, 1).await.unwrap();
    let failure = rehearsal.failure.expect("a failure");
    assert_eq!((failure.line, failure.file.as_str()), (line, "20260102000000_do_it.up.sql"));
    assert!(failure.message.contains(words), "{failure:?}");
    assert!(rehearsal.schema.is_empty() && rehearsal.migrations.is_empty());
    assert_eq!((database.schema().await, names(database.folder.path())), before);
}

#[tokio::test]
async fn a_database_that_is_not_there_yet_is_rehearsed_empty_and_not_made() {
    let database = TestDatabase::new(Dialect::Sqlite).await;
    let rehearsal = rehearse(&settings(&database), &set(&[BASE]), 0).await.unwrap();
    assert_eq!(rehearsal.migrations[0].rows.len(), 2);
    assert_eq!(names(database.folder.path()), Vec::<String>::new());
}

#[tokio::test]
async fn a_stop_leaves_nothing() {
    let database = live().await;
    let (settings, there) = (settings(&database), names(database.folder.path()));
    settings.stop.cancel();
    let sets = set(&[BASE, ("20260102000000_do_it", "UPDATE t SET n = 0;\n")]);
    let ended = rehearse(&settings, &sets, 1).await;
    assert!(matches!(ended, Err(MigrateError::Stopped { .. })), "{ended:?}");
    assert_eq!(names(database.folder.path()), there);
}

/// What a killed run has left goes as soon as nobody has locked it; one without a lock file may just be being made.
#[tokio::test]
async fn leftovers_go_and_others_stay() {
    let database = live().await;
    let folder = |name: &str| database.folder.path().join(format!("taskmanager_scratch_{name}"));
    let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
    let mut locks = Vec::new();
    for name in ["old", "used", "young", "being_made", "never_made"] {
        std::fs::create_dir(folder(name)).unwrap();
        if name.ends_with("made") {
            if name == "never_made" {
                std::fs::File::open(folder(name)).unwrap().set_modified(old).unwrap();
            }
            continue;
        }
        let lock = std::fs::File::create(folder(name).join("in-use.lock")).unwrap();
        if name == "used" {
            lock.lock().unwrap();
        }
        if name == "used" {
            locks.push(lock);
        }
        if name != "young" {
            std::fs::File::open(folder(name)).unwrap().set_modified(old).unwrap();
        }
    }
    let sets = set(&[BASE, ("20260102000000_do_it", "UPDATE t SET n = 0;\n")]);
    rehearse(&settings(&database), &sets, 1).await.unwrap();
    let there = ["old", "used", "young", "being_made", "never_made"];
    assert_eq!(there.map(|name| folder(name).exists()), [false, true, false, true, false]);
}

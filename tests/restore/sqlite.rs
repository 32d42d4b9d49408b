//! What only a file can be: not there, left by a process that was killed, of other pages, on a full disk,
//! read-only, or no database at all.

use std::path::PathBuf;

use serde_json::json;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, Executor as _};

use crate::fixture::{Case, content, document, text};
use testkit::Backend::Sqlite;
use testkit::cli::run;
use testkit::{Api, Database, Server, Tmpfs};

fn file(case: &Case) -> PathBuf {
    case.database.folder().expect("a folder").join("tasks.db")
}

#[tokio::test]
async fn a_file_that_is_not_there() {
    let case = Case::with(Sqlite, 20).await;
    let (backup, before) = (case.backup(), case.content().await);
    for name in ["tasks.db", "tasks.db-wal", "tasks.db-shm"] {
        let _ = std::fs::remove_file(file(&case).with_file_name(name));
    }
    let restored = case.restore(&[text(&backup)]).expect(0);
    assert!(restored.stdout.contains("nothing was saved"), "{restored:#?}");
    assert_eq!(case.content().await, before);
}

/// What was acknowledged and is only in the journal of a killed process is saved.
#[tokio::test]
async fn a_file_whose_process_was_killed() {
    let case = Case::with(Sqlite, 20).await;
    let (backup, before) = (case.backup(), case.content().await);
    let mut server = Server::start(&[("DATABASE_URL", &case.database.url)]).await;
    Api::new(&server.url()).create(json!({"title": "in the journal"})).await;
    server.signal("KILL");
    server.exit().await;
    assert!(file(&case).with_file_name("tasks.db-wal").exists());

    let restored = case.restore(&[text(&backup), "--json"]).expect(0);
    assert_eq!(case.content().await, before);
    let saved = document(&restored)["saved"].as_str().expect("a save").to_owned();
    case.restore(&[&saved]).expect(0);
    assert_eq!(case.integer("SELECT count(*) FROM tasks").await, 21);
}

#[tokio::test]
async fn pages_of_another_size() {
    let case = Case::with(Sqlite, 200).await;
    let (backup, before) = (case.backup(), case.content().await);
    let other = Database::empty(Sqlite).await;
    let path = other.folder().expect("a folder").join("tasks.db");
    let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
    let mut made = options.connect().await.expect("a file");
    let sized = made.execute("PRAGMA page_size = 8192; CREATE TABLE x (a); DROP TABLE x").await;
    sized.expect("a file of such pages");
    made.close().await.expect("a clean goodbye");
    let variables = [("DATABASE_URL", &*other.url), ("BACKUP_DIR", case.backups())];
    run(&["migrate", "up"], &variables).expect(0);
    let mut side = other.connect().await;
    assert_eq!(side.integer("PRAGMA page_size").await, 8192);

    run(&["restore", text(&backup), "--yes"], &variables).expect(0);
    assert_eq!(content(&other).await, before);
    assert_eq!(side.integer("PRAGMA page_size").await, 8192);
    let is_wal = "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'";
    assert_eq!(side.integer(is_wal).await, 1);
}

#[tokio::test]
async fn a_full_disk() {
    let disk = Tmpfs::mount("2m").expect("this user may mount");
    let case = Case::with(Sqlite, 6_000).await;
    let backup = case.backup();
    let large = std::fs::metadata(&backup).expect("a backup").len();
    assert!(large > 1_200_000, "{large} bytes do not fill the disk");
    let url = format!("sqlite://{}", disk.path().join("tasks.db").display());
    let variables = [("DATABASE_URL", &*url), ("BACKUP_DIR", case.backups())];
    run(&["migrate", "up"], &variables).expect(0);
    let mut side = testkit::database::Side::sqlite(&url).await;
    side.execute("CREATE TABLE mark (a)").await;

    let refused = run(&["restore", text(&backup), "--yes"], &variables).expect(1);
    assert!(refused.stderr.contains("too little room"), "{refused:#?}");
    assert!(refused.stderr.contains("nothing was changed"), "{refused:#?}");
    let undone = run(&["restore", "--undo", "--yes"], &variables).expect(11);
    assert!(undone.stderr.contains("there is no restore to undo"), "no save stays: {undone:#?}");
    assert_eq!(side.integer("SELECT count(*) FROM mark").await, 0);
    let sound = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'";
    assert_eq!(side.integer(sound).await, 1);
    run(&["migrate", "status"], &variables).expect(0);
}

#[tokio::test]
async fn one_that_may_not_be_written() {
    let case = Case::with(Sqlite, 1).await;
    let backup = case.backup();
    let url = format!("{}?mode=ro", case.database.url);
    let variables = [("DATABASE_URL", &*url), ("BACKUP_DIR", case.backups())];
    let refused = run(&["restore", text(&backup), "--yes"], &variables).expect(12);
    assert!(refused.stderr.contains("mode=ro"), "{refused:#?}");
}

/// A damaged file cannot be saved; `--force` replaces what can be, and says what to do about what cannot.
#[tokio::test]
async fn a_damaged_file() {
    let case = Case::with(Sqlite, 400).await;
    let (backup, before) = (case.backup(), case.content().await);
    case.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
    let mut bytes = std::fs::read(file(&case)).expect("a file");
    let half = bytes.len() / 2;
    bytes[half..].fill(0xa5);
    std::fs::write(file(&case), &bytes).expect("a damaged file");
    let refused = case.restore(&[text(&backup)]).expect(11);
    assert!(refused.stderr.contains("--force"), "{refused:#?}");
    case.restore(&[text(&backup), "--force"]).expect(0);
    assert_eq!(case.content().await, before);

    for name in ["tasks.db-wal", "tasks.db-shm"] {
        let _ = std::fs::remove_file(file(&case).with_file_name(name));
    }
    std::fs::write(file(&case), "a letter, and no database, of some length".repeat(200))
        .expect("a file");
    let refused = case.restore(&[text(&backup), "--force"]);
    assert_ne!(refused.code, 0);
    assert!(refused.stderr.contains("move it"), "{refused:#?}");
    std::fs::remove_file(file(&case)).expect("a file");
    case.restore(&[text(&backup)]).expect(0);
    assert_eq!(case.content().await, before);
}

//! SQLite files that cannot be written, do not fit on the disk, go away, or are locked by others.

use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::load::{assert_no_errors, assert_no_panic};
use testkit::Backend::Sqlite;
use testkit::database::Side;
use testkit::{Answer, Api, App, Database, Server, Tmpfs, WITHIN, free_port, pace, until};

const SOUND: &str = "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'";

/// A task that takes a kilobyte and more of the file.
fn large() -> Value {
    json!({"title": "large", "description": "d".repeat(1000)})
}

async fn assert_refused(url: &str, words: &[&str]) {
    let begun = Instant::now();
    let mut server = Server::spawn(&[("DATABASE_URL", url)]);
    assert_eq!(server.exit().await, Some(12), "{}", server.output());
    for word in words {
        assert!(server.output().contains(word), "{word}: {}", server.output());
    }
    assert!(begun.elapsed() < Duration::from_secs(10), "at once: {:?}", begun.elapsed());
    assert_no_panic(&server);
}

#[rstest]
#[case("text.db", &["text.db", "not an SQLite database"])]
#[case("no/such/folder/x.db", &["no/such/folder", "does not exist"])]
#[case("folder", &["is a folder"])]
#[case("absent.db?mode=rw", &["absent.db", "does not exist"])]
#[case("empty.db?mode=ro", &["empty.db", "read-only"])]
#[tokio::test]
async fn refused(#[case] name: &str, #[case] words: &[&str]) {
    let folder = tempfile::tempdir().expect("a temp folder");
    let path = folder.path();
    std::fs::write(path.join("text.db"), "no database, only text; ".repeat(99)).expect("a file");
    std::fs::write(path.join("empty.db"), "").expect("a file");
    std::fs::create_dir(path.join("folder")).expect("a folder");
    assert_refused(&format!("sqlite:{}/{name}", path.display()), words).await;
}

/// Where even root may not write: a new file is refused, and so is one that is behind.
#[tokio::test]
async fn folder_that_may_not_be_written() {
    let Some(disk) = Tmpfs::mount("1m") else { return eprintln!("may not mount: not tested") };
    let url = format!("sqlite:{}/tasks.db", disk.path().display());
    disk.remount("ro");
    assert_refused(&url, &["tasks.db"]).await;
    disk.remount("rw");
    std::fs::write(disk.path().join("tasks.db"), "").expect("a file");
    disk.remount("ro");
    assert_refused(&url, &["tasks.db"]).await;
}

/// A schema that is right is served from a file that may only be read; a write is refused, and not as a bug.
#[tokio::test]
async fn file_that_may_only_be_read() {
    let database = Database::empty(Sqlite).await;
    let mut app = Server::start(&[("DATABASE_URL", &database.url)]).await;
    let _ = Api::new(&app.url()).create(json!({"title": "t"})).await;
    app.signal("TERM");
    assert_eq!(app.exit().await, Some(0), "{}", app.output());
    let server = Server::spawn(&[("DATABASE_URL", &format!("{}?mode=ro", database.url))]);
    let api = Api::new(&server.url());
    until("reads to be served", WITHIN, async || {
        let answer = api.call("GET", "/health/ready?for=reads").try_send().await.ok()?;
        (answer.status == 200).then_some(())
    })
    .await;
    let problem = api.get("/health/ready").await.problem(503, "not-ready").json();
    assert_eq!(problem["reason"], "read_only");
    assert_eq!(api.titles("/tasks").await, ["t"]);
    let _ = api.post("/tasks", &json!({"title": "u"})).await.problem(503, "unavailable");
    let _ = api.delete("/tasks/1").await.problem(503, "unavailable");
    assert_eq!(api.titles("/tasks").await, ["t"]);
}

#[tokio::test]
async fn full_disk() {
    let Some(disk) = Tmpfs::mount("1m") else { return eprintln!("may not mount: not tested") };
    let url = format!("sqlite:{}/tasks.db", disk.path().display());
    let mut server = Server::start(&[("DATABASE_URL", &url)]).await;
    let api = Api::new(&server.url());
    let mut stored = 0;
    let refusal: Answer = until("the disk to be full", WITHIN, async || {
        let answer = api.post("/tasks", &large()).await;
        stored += usize::from(answer.status == 201);
        (answer.status != 201).then_some(answer)
    })
    .await;
    let _ = refusal.problem(503, "unavailable");
    assert!(stored > 10, "{stored}");
    // Reads go on, and what was acknowledged is there; the refused ones are not.
    for _ in 0..3 {
        assert_eq!(api.titles("/tasks?limit=1000").await.len(), stored);
        let _ = api.post("/tasks", &large()).await.problem(503, "unavailable");
        let _ = api.patch("/tasks/1", &large()).await;
    }
    let _ = api.get("/health").await.expect(200);
    // While a request may not fit, the instance is not ready.
    let mut pace = pace(Duration::from_millis(300));
    for _ in 0..8 {
        let problem = api.get("/health/ready").await.problem(503, "not-ready").json();
        assert_eq!(problem["reason"], "disk_full");
        pace.tick().await;
    }
    let _ = api.get("/health/ready?for=reads").await.expect(200);
    // Space returns, and nobody has to write for that to be seen.
    disk.remount("size=8m");
    until("the room to be seen", WITHIN, async || {
        (api.get("/health/ready").await.status == 200).then_some(())
    })
    .await;
    until("writes to be taken again", Duration::from_secs(5), async || {
        (api.post("/tasks", &large()).await.status == 201).then_some(())
    })
    .await;
    assert_eq!(api.titles("/tasks?limit=1000").await.len(), stored + 1);
    assert_no_panic(&server);
    server.signal("TERM");
    assert_eq!(server.exit().await, Some(0), "{}", server.output());
    let mut side = Side::sqlite(&url).await;
    assert_eq!(side.integer(SOUND).await, 1);
    side.execute("INSERT INTO tasks_search(tasks_search, rank) VALUES('integrity-check', 1)").await;
}

/// The file goes away under the service: what would be written to it is lost with the process, so nothing is
/// taken any more until a file is there again.
#[tokio::test]
async fn file_that_goes_away() {
    let app = App::start(Sqlite).await;
    let _ = app.create(json!({"title": "kept"})).await;
    let folder = app.database.folder().expect("a folder").to_owned();
    let away = folder.join("away");
    std::fs::create_dir(&away).expect("a folder");
    let names = ["tasks.db", "tasks.db-wal", "tasks.db-shm"];
    for name in names {
        std::fs::rename(folder.join(name), away.join(name)).expect("a file");
    }
    let health = until("the loss to show", WITHIN, async || {
        let answer = app.get("/health").await;
        (answer.status == 503).then_some(answer)
    })
    .await;
    assert_eq!(health.json()["database"], "disconnected");
    let _ = app.get("/health/ready").await.problem(503, "not-ready");
    let _ = app.post("/tasks", &json!({"title": "lost"})).await.problem(503, "unavailable");
    assert!(!folder.join("tasks.db").exists(), "no new file is made in its place");
    for name in names {
        std::fs::rename(away.join(name), folder.join(name)).expect("a file");
    }
    until("the service to be back", WITHIN, async || {
        (app.get("/health/ready").await.status == 200).then_some(())
    })
    .await;
    let _ = app.create(json!({"title": "after"})).await;
    assert_eq!(app.titles("/tasks?sort=number").await, ["kept", "after"]);
}

/// Another file is put in the place of the first, as a restore by hand does: it is the one that is served.
#[tokio::test]
async fn file_that_is_replaced() {
    let other = App::start(Sqlite).await;
    let _ = other.create(json!({"title": "other"})).await;
    let mut side = other.database.connect().await;
    side.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
    let copy = other.database.folder().expect("a folder").join("tasks.db");

    let app = App::start(Sqlite).await;
    let _ = app.create(json!({"title": "first"})).await;
    let folder = app.database.folder().expect("a folder");
    for name in ["tasks.db", "tasks.db-wal", "tasks.db-shm"] {
        std::fs::remove_file(folder.join(name)).expect("a file");
    }
    std::fs::copy(&copy, folder.join("tasks.db")).expect("a copy");
    until("the other file to be served", Duration::from_secs(5), async || {
        let answer = app.get("/tasks").await;
        (answer.status == 200 && testkit::client::titles(&answer.json()) == ["other"]).then_some(())
    })
    .await;
    let _ = app.create(json!({"title": "new"})).await;
    let mut side = app.database.connect().await;
    assert_eq!(side.integer("SELECT count(*) FROM tasks").await, 2, "in the file that is there");
}

/// Another process holds the write lock: a write waits for it, and is refused in time with nothing written.
#[tokio::test]
async fn locked_by_another_process() {
    let app = App::with(Sqlite, &[("REQUEST_TIMEOUT", "3s")]).await;
    let _ = app.create(json!({"title": "first"})).await;
    let mut side = app.database.connect().await;
    side.lock_tasks().await;
    let begun = Instant::now();
    let mut calls = JoinSet::new();
    for _ in 0..4 {
        calls.spawn(app.call("POST", "/tasks").json(&json!({"title": "late"})).send());
    }
    while let Some(answer) = calls.join_next().await {
        let _ = answer.expect("no panic").problem(503, "unavailable");
    }
    let waited = begun.elapsed();
    assert!(waited >= Duration::from_secs(1) && waited < Duration::from_secs(3), "{waited:?}");
    assert_eq!(app.titles("/tasks").await, ["first"], "reads go on");

    // One that waits goes through as soon as the lock is free.
    let call = app.call("POST", "/tasks").json(&json!({"title": "second"}));
    let waiting = tokio::spawn(call.send());
    until("it to be under way", WITHIN, async || {
        let metrics = app.get("/metrics").await.text();
        metrics.contains("\nhttp_server_active_requests 2\n").then_some(())
    })
    .await;
    side.unlock().await;
    let _ = waiting.await.expect("no panic").expect(201);
    assert_eq!(app.titles("/tasks?sort=number").await, ["first", "second"]);
}

#[tokio::test]
async fn fifty_writers() {
    let app = App::start(Sqlite).await;
    let mut clients = JoinSet::new();
    for client in 0..50 {
        let call = |title: &str| app.call("POST", "/tasks").json(&json!({"title": title}));
        let calls: Vec<_> = (0..8).map(|turn| call(&format!("{client} {turn}"))).collect();
        clients.spawn(async move {
            for call in calls {
                let _ = call.send().await.expect(201);
            }
        });
    }
    while let Some(client) = clients.join_next().await {
        client.expect("a client that was always served");
    }
    assert_eq!(app.json("/tasks/count").await["total"], 400);
    assert_no_errors(&app.server);
    assert!(!app.server.output().contains("database is locked"));
}

/// Damage that no request meets is found by itself, and so is its repair.
#[tokio::test]
async fn damaged_page() {
    let database = Database::empty(Sqlite).await;
    let path = database.folder().expect("a folder").join("tasks.db");
    let mut app = Server::start(&[("DATABASE_URL", &database.url)]).await;
    let api = Api::new(&app.url());
    for _ in 0..120 {
        let _ = api.post("/tasks", &large()).await.expect(201);
    }
    let backups = path.with_file_name("backups").display().to_string();
    let variables = [("DATABASE_URL", &*database.url), ("BACKUP_DIR", &*backups)];
    let run = async |arguments: &[&str]| Server::spawn_with(arguments, &variables).exit().await;
    assert_eq!(run(&["backup", "create"]).await, Some(0));
    app.signal("TERM");
    assert_eq!(app.exit().await, Some(0), "{}", app.output());
    let mut side = database.connect().await;
    side.execute("PRAGMA wal_checkpoint(TRUNCATE)").await;
    let sound = std::fs::read(&path).expect("the file");
    // The last page of the tasks: none that a start reads.
    let page = "SELECT max(pageno) FROM dbstat WHERE name = 'tasks' AND pagetype = 'leaf'";
    let has_dbstat = "SELECT count(*) FROM pragma_module_list WHERE name = 'dbstat'";
    let page = if side.integer(has_dbstat).await == 1 {
        usize::try_from(side.integer(page).await).expect("a page")
    } else {
        sound.len() / 4096 * 3 / 4
    };
    side.close().await;
    let mut damaged = sound.clone();
    damaged[(page - 1) * 4096..page * 4096].fill(0x5a);
    std::fs::write(&path, &damaged).expect("a damaged file");

    let server = Server::spawn(&[("DATABASE_URL", &database.url)]);
    let api = Api::new(&server.url());
    let problem = until("the damage to be found", WITHIN, async || {
        let answer = api.call("GET", "/health/ready").try_send().await.ok()?;
        let problem = (answer.status == 503).then(|| answer.json())?;
        (problem["reason"] == "corrupt").then_some(problem)
    })
    .await;
    assert_eq!(problem["detail"], "the database is damaged");
    let _ = api.get("/health/ready?for=reads").await.expect(503);
    assert!(server.output().contains("database is damaged"), "{}", server.output());
    let _ = api.get("/health/live").await.expect(200);
    assert_no_panic(&server);

    // As docs/OPERATIONS.md says: what is damaged cannot be saved first.
    drop(server);
    assert_eq!(run(&["restore", "1", "--yes"]).await, Some(11));
    assert_eq!(run(&["restore", "1", "--yes", "--force"]).await, Some(0));
    let server = Server::start(&variables).await;
    assert_eq!(Api::new(&server.url()).titles("/tasks?limit=1000").await.len(), 120);
}

/// A reader that never ends keeps the log from being begun again; once it is gone the log gets small, though nobody writes.
#[tokio::test]
async fn log_after_a_long_reader() {
    const MEGABYTES: u64 = 40;
    let app = App::start(Sqlite).await;
    let log = app.database.folder().expect("a folder").join("tasks.db-wal");
    let bytes = || std::fs::metadata(&log).map_or(0, |found| found.len());
    let mut reader = app.database.connect().await;
    reader.execute("BEGIN").await;
    assert_eq!(reader.integer("SELECT count(*) FROM idempotency_keys").await, 0);
    let mut writer = app.database.connect().await;
    for n in 0..MEGABYTES {
        let insert = format!(
            "INSERT INTO idempotency_keys (key, fingerprint, claimed_at, status, body) \
             VALUES ('{n}', zeroblob(32), CAST(unixepoch('subsec') * 1000000 AS INTEGER), 201, \
             hex(zeroblob(524288)))"
        );
        writer.execute(&insert).await;
    }
    assert!(bytes() > MEGABYTES << 20, "{} bytes", bytes());
    reader.execute("COMMIT").await;
    until("the log to be cut", WITHIN, async || (bytes() < 1 << 20).then_some(())).await;
    assert_eq!(writer.integer("SELECT count(*) FROM idempotency_keys").await, 40);
    let _ = app.create(json!({"title": "t"})).await;
}

/// Whatever the parent's umask says, nobody else may read the database, its log, its lock or its backups.
#[tokio::test]
async fn files_are_private() {
    let database = Database::empty(Sqlite).await;
    let folder = database.folder().expect("a folder");
    let port = free_port();
    let run = |arguments: &str| {
        let mut command = std::process::Command::new("sh");
        let script = format!("umask 000; exec \"$0\" {arguments}");
        command.args(["-c", &script, env!("CARGO_BIN_EXE_taskmanager")]);
        command.env("DATABASE_URL", &database.url).env("PORT", port.to_string());
        command.current_dir(folder);
        command.stderr(std::process::Stdio::null()).spawn().expect("a child")
    };
    let mut server = run("serve");
    let api = Api::new(&format!("http://127.0.0.1:{port}"));
    until("the server to be ready", WITHIN, async || {
        let answer = api.call("GET", "/health/ready").try_send().await.ok()?;
        (answer.status == 200).then_some(())
    })
    .await;
    assert!(run("backup create").wait().expect("a child").success());
    let mut names = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in std::fs::read_dir(next).expect("a folder") {
            let entry = entry.expect("an entry");
            let found = entry.metadata().expect("an entry");
            let mode = found.permissions().mode() & 0o777;
            let wanted = if found.is_dir() { 0o700 } else { 0o600 };
            assert_eq!(mode, wanted, "{:o} of {}", mode, entry.path().display());
            names.push(entry.file_name().to_string_lossy().into_owned());
            if found.is_dir() {
                folders.push(entry.path());
            }
        }
    }
    server.kill().and_then(|()| server.wait()).expect("its end");
    for name in ["tasks.db", "tasks.db-wal", "tasks.db-shm", "backups"] {
        assert!(names.iter().any(|found| found == name), "{name} of {names:?}");
    }
    assert!(names.len() >= 6, "a backup and its manifest: {names:?}");
}

//! Told to stop: while starting, under load, with a request that does not end, and twice.

use std::fs::File;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::json;
use tokio::task::{JoinHandle, JoinSet};

use crate::load::assert_no_panic;
use crate::wire::{Wire, create};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::database::Side;
use testkit::{Answer, App, Database, Server, WITHIN, free_port, until};

/// Longest from a signal to the end of a process that has nothing to finish.
const SOON: Duration = Duration::from_secs(5);

async fn assert_ends_soon(server: &mut Server) {
    let code = until("the process to end", SOON, async || server.ended()).await;
    assert!(code > 0, "exit code {code}: {}", server.output());
    assert_no_panic(server);
}

async fn until_said(server: &Server, words: &str) {
    until(words, WITHIN, async || server.output().contains(words).then_some(())).await;
}

#[tokio::test]
async fn while_it_waits_for_the_database() {
    for silent in [false, true] {
        let port = free_port();
        let _listener = silent.then(|| std::net::TcpListener::bind(("127.0.0.1", port)));
        let url = format!("postgres://u:geheim@127.0.0.1:{port}/db");
        let mut server = Server::spawn(&[("DATABASE_URL", &url), ("DATABASE_WAIT", "600s")]);
        // A silent server is not complained of before a try has failed, so only a signal that is heard shows.
        until("the signals to be listened for", WITHIN, async || listens(&server).then_some(()))
            .await;
        server.signal("TERM");
        assert_ends_soon(&mut server).await;
    }
}

/// Whether the process has a handler for SIGTERM (15), as `/proc` tells.
fn listens(server: &Server) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid()));
    let status = status.unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    let caught = caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    caught.is_some_and(|mask| mask & (1 << 14) != 0)
}

/// The lock of migrations, held by the test.
enum Held {
    File { _file: File },
    Session(Side),
}

async fn hold_migration_lock(database: &Database) -> Held {
    if let Some(folder) = database.folder() {
        let file = File::create(folder.join("tasks.db.migrate.lock")).expect("a file");
        file.lock().expect("the lock");
        return Held::File { _file: file };
    }
    let name = database.url.rsplit('/').next().expect("a name");
    let key = 0x3d32_ad9e * i64::from(crc32fast::hash(name.as_bytes()));
    let mut side = database.connect().await;
    side.execute(&format!("SELECT pg_advisory_lock({key})")).await;
    Held::Session(side)
}

#[rstest]
#[tokio::test]
async fn while_it_waits_for_the_migration_lock(#[values(Sqlite, Postgres)] on: Backend) {
    let database = Database::empty(on).await;
    let held = hold_migration_lock(&database).await;
    let mut server = Server::spawn(&[("DATABASE_URL", &database.url)]);
    until_said(&server, "waiting for the migration lock").await;
    server.signal("TERM");
    assert_ends_soon(&mut server).await;
    match held {
        Held::File { .. } => {
            let file = database.folder().expect("a folder").join("tasks.db");
            assert!(!file.exists(), "nothing was made");
        }
        Held::Session(mut side) => {
            let sessions = "SELECT count(*) FROM pg_stat_activity WHERE pid <> pg_backend_pid() \
                            AND datname = current_database()";
            until("its sessions to end", SOON, async || {
                (side.integer(sessions).await == 0).then_some(())
            })
            .await;
            let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
            assert_eq!(side.integer(tables).await, 0);
        }
    }
}

/// What a client was told until the service was gone.
#[derive(Debug, Default)]
struct Told {
    answered: usize,
    /// Connections that were lost before their first answer.
    lost_new: usize,
    /// Connections that were lost later.
    lost_kept: usize,
}

async fn ask(port: u16, headers: &str) -> Told {
    let (mut told, mut open) = (Told::default(), None::<Wire>);
    loop {
        let kept = open.is_some();
        let mut wire = match open.take() {
            Some(wire) => wire,
            None => match Wire::connect(port).await {
                Ok(wire) => wire,
                Err(error) => {
                    let gone = [ErrorKind::ConnectionRefused, ErrorKind::ConnectionReset];
                    assert!(gone.contains(&error.kind()), "{error}");
                    return told;
                }
            },
        };
        let sent = wire.send(create("under load", headers)).await;
        let reply = if sent.is_ok() { wire.reply().await.ok() } else { None };
        match reply {
            Some(reply) => {
                assert_eq!(reply.status, 201, "{reply:?}");
                told.answered += 1;
                open = (!reply.last).then_some(wire);
            }
            None if kept => told.lost_kept += 1,
            None => told.lost_new += 1,
        }
    }
}

/// Nobody who got a connection is left without an answer, on connections that are kept and on new ones.
#[rstest]
#[tokio::test]
async fn under_load(#[values(Sqlite, Postgres)] on: Backend) {
    for _ in 0..5 {
        let mut app = App::start(on).await;
        let mut clients = JoinSet::new();
        for _ in 0..8 {
            clients.spawn(ask(app.server.port, ""));
            clients.spawn(ask(app.server.port, "connection: close\r\n"));
        }
        let mut side = app.database.connect().await;
        until("tasks to be stored", WITHIN, async || {
            (side.integer("SELECT count(*) FROM tasks").await > 50).then_some(())
        })
        .await;
        app.server.signal("TERM");
        let (mut answered, mut lost) = (0, 0);
        while let Some(client) = clients.join_next().await {
            let told = client.expect("no panic");
            assert_eq!(told.lost_kept, 0, "{told:?}");
            answered += told.answered;
            lost += told.lost_new;
        }
        // The system makes connections by itself, and resets one that it makes between the last accept and
        // the end of the listener: no program can see that one.
        assert!(lost <= 1, "{lost} new connections were lost");
        assert_eq!(app.server.exit().await, Some(0), "{}", app.server.output());
        let rows = side.integer("SELECT count(*) FROM tasks").await;
        assert_eq!(usize::try_from(rows), Ok(answered), "as many as were acknowledged");
    }
}

/// A request that the database holds up; returns when it has arrived there.
async fn hold_up(app: &App) -> (Side, JoinHandle<Result<Answer, reqwest::Error>>) {
    let mut side = app.database.connect().await;
    side.lock_tasks().await;
    let call = app.call("POST", "/tasks").json(&json!({"title": "held up"}));
    let request = tokio::spawn(call.try_send());
    until("the request to be under way", WITHIN, async || {
        let metrics = app.get("/metrics").await.text();
        // Itself, and the one that is held up.
        metrics.contains("\nhttp_server_active_requests 2\n").then_some(())
    })
    .await;
    (side, request)
}

#[rstest]
#[tokio::test]
async fn with_a_request_that_does_not_end(#[values(Sqlite, Postgres)] on: Backend) {
    let variables = [("SHUTDOWN_TIMEOUT", "2s"), ("REQUEST_TIMEOUT", "120s")];
    let mut app = App::with(on, &variables).await;
    let (mut side, request) = hold_up(&app).await;
    let begun = Instant::now();
    app.server.signal("TERM");
    let code = until("the process to end", SOON, async || app.server.ended()).await;
    assert_eq!(code, 1, "{}", app.server.output());
    assert!(begun.elapsed() >= Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(app.server.output().contains("SHUTDOWN_TIMEOUT"), "{}", app.server.output());
    assert_no_panic(&app.server);
    assert!(request.await.expect("no panic").is_err(), "it was cut off");
    side.unlock().await;
}

#[rstest]
#[tokio::test]
async fn told_twice(#[values(Sqlite, Postgres)] on: Backend) {
    let variables = [("SHUTDOWN_TIMEOUT", "120s"), ("REQUEST_TIMEOUT", "120s")];
    let mut app = App::with(on, &variables).await;
    let (mut side, _request) = hold_up(&app).await;
    app.server.signal("TERM");
    until_said(&app.server, "shutting down").await;
    app.server.signal("INT");
    let begun = Instant::now();
    assert_ends_soon(&mut app.server).await;
    assert!(begun.elapsed() < Duration::from_secs(1), "{:?}", begun.elapsed());
    side.unlock().await;
}

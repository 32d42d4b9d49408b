//! Many clients, and those that do not take what they are sent.

use std::time::Duration;

use rstest::rstest;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::task::JoinSet;

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{App, Follower, WITHIN, until};

async fn metric(app: &App, name: &str) -> i64 {
    let metrics = app.get("/metrics").await.expect(200).text();
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    #[expect(clippy::cast_possible_truncation, reason = "a count")]
    let count = line.and_then(|text| text.parse::<f64>().ok()).expect("the metric") as i64;
    count
}

async fn until_clients(app: &App, expected: i64) {
    until("clients to be counted", WITHIN, async || {
        (metric(app, "taskmanager_event_clients").await == expected).then_some(())
    })
    .await;
}

#[rstest]
#[tokio::test]
async fn no_more_than_may(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::with(on, &[("EVENTS_CLIENTS", "2")]).await;
    let first = Follower::now(app.base()).await;
    let _second = Follower::now(app.base()).await;
    let _ = app.get("/tasks/events").await.problem(503, "unavailable");
    until_clients(&app, 2).await;
    drop(first);
    until_clients(&app, 1).await;
    let _third = Follower::now(app.base()).await;
    let app = App::with(on, &[("EVENTS_CLIENTS", "0")]).await;
    let _ = app.get("/tasks/events").await.problem(503, "unavailable");
}

/// A thousand are told the same, and the service answers meanwhile.
#[rstest]
#[tokio::test]
async fn a_thousand(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let before = resident(&app);
    let mut followers = Vec::new();
    for _ in 0..1_000 {
        followers.push(Follower::now(app.base()).await);
    }
    assert_eq!(metric(&app, "taskmanager_event_clients").await, 1_000);
    let mut reading = JoinSet::new();
    for mut follower in followers {
        reading.spawn(async move {
            for turn in 0..20 {
                assert_eq!(follower.task().await.title(), format!("turn {turn}"));
            }
            follower
        });
    }
    for turn in 0..20 {
        let _ = app.create(json!({"title": format!("turn {turn}")})).await;
    }
    let followers = reading.join_all().await;
    let more = resident(&app) - before;
    assert!(more < 100 * 1024, "{more} KiB more for a thousand clients");
    assert_eq!(metric(&app, "taskmanager_event_clients_dropped_total").await, 0);
    drop(followers);
    until_clients(&app, 0).await;
}

/// Resident memory, in KiB.
fn resident(app: &App) -> i64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", app.server.pid()));
    let status = status.expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("its memory");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

/// A client with little room for what it does not read.
async fn never_reads(app: &App) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    let address = format!("127.0.0.1:{}", app.server.port).parse().expect("an address");
    let mut stream = socket.connect(address).await.expect("a connection");
    let request = b"GET /tasks/events HTTP/1.1\r\nhost: localhost\r\n\r\n";
    stream.write_all(request).await.expect("the request goes out");
    stream
}

#[rstest]
#[tokio::test]
async fn who_takes_nothing_is_hung_up_on(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "t"})).await;
    let mut quick = Follower::now(app.base()).await;
    let mut slow = Vec::new();
    for _ in 0..20 {
        slow.push(never_reads(&app).await);
    }
    until_clients(&app, 21).await;
    let before = resident(&app);
    // Large ones, many of them; the system takes some megabytes for each connection before the service notices.
    let description = "é".repeat(1_000);
    let mut side = app.database.connect().await;
    let mut told = 0;
    for _ in 0..40 {
        side.execute(&format!(
            "INSERT INTO task_events (kind, task_id, number, title, description, status, priority, created_at, updated_at, version) \
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 100) \
             SELECT 'updated', id, number, title, '{description}', status, priority, created_at, updated_at, n FROM tasks, n"
        ))
        .await;
        for _ in 0..100 {
            let _ = quick.task().await;
            told += 1;
        }
    }
    until_clients(&app, 1).await;
    assert_eq!(metric(&app, "taskmanager_event_clients_dropped_total").await, 20);
    assert_eq!(metric(&app, "taskmanager_events_total").await, told);
    let more = resident(&app) - before;
    assert!(more < 40 * 1024, "{more} KiB more");
    // The connection has ended, in the middle of whatever was on its way.
    for stream in &mut slow {
        let mut rest = Vec::new();
        let _ = tokio::time::timeout(WITHIN, stream.read_to_end(&mut rest)).await.expect("an end");
    }
    let _ = app.create(json!({"title": "then"})).await;
    assert_eq!(quick.task().await.title(), "then");
    assert_eq!(quick.within(Duration::from_millis(100)).await, None);
}

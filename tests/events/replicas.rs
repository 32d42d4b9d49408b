//! Several processes on one database.

use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::json;

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::server::field;
use testkit::{Api, App, Database, Follower, PgBouncer, Server, WITHIN, until};

/// The middle of how long it takes from the request to the event.
async fn latency(writer: &Api, follower: &mut Follower) -> Duration {
    let mut times = Vec::new();
    for turn in 0..15 {
        let begun = Instant::now();
        let task = writer.create(json!({"title": format!("turn {turn}")})).await;
        assert_eq!(follower.task().await.data, task);
        times.push(begun.elapsed());
    }
    times.sort();
    times[times.len() / 2]
}

#[rstest]
#[tokio::test]
async fn each_tells_what_the_other_did(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let (second, other) = app.replica(&[]).await;
    let own_limit = Duration::from_millis(300);
    let other_limit = Duration::from_millis(500);
    for (writer, reader, limit) in [
        (&*app, app.base(), own_limit),
        (&other, app.base(), other_limit),
        (&*app, &second.url(), other_limit),
    ] {
        let mut follower = Follower::now(reader).await;
        let took = latency(writer, &mut follower).await;
        assert!(took < limit, "{took:?} from {} to {reader}", writer.base());
    }
    // Both tell the same, under the same numbers.
    let mut both = [Follower::now(app.base()).await, Follower::now(&second.url()).await];
    for turn in 0..10 {
        let api = if turn % 2 == 0 { &*app } else { &other };
        let _ = api.create(json!({"title": format!("both {turn}")})).await;
    }
    for _ in 0..10 {
        let [first, second] = &mut both;
        assert_eq!(first.task().await, second.task().await);
    }
}

/// Rows of a process that told nobody of them, because it died before.
#[rstest]
#[tokio::test]
async fn what_nobody_announced_is_found(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "t"})).await;
    let mut follower = Follower::now(app.base()).await;
    let mut side = app.database.connect().await;
    side.execute(
        "INSERT INTO task_events (kind, task_id, number, title, status, priority, created_at, updated_at, version) \
         SELECT 'updated', id, number, 'silent', status, priority, created_at, updated_at, 2 FROM tasks",
    )
    .await;
    let told = follower.task().await;
    assert_eq!((&*told.event, told.title()), ("task.updated", "silent"));
}

/// One connection that listens, while anybody follows.
#[tokio::test]
async fn one_connection_listens() {
    let app = App::start(Postgres).await;
    let mut side = app.database.connect().await;
    let listening = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                     AND application_name LIKE 'taskmanager/%' AND query LIKE 'LISTEN%'";
    assert_eq!(side.integer(listening).await, 0, "nobody follows");
    let followers = [Follower::now(app.base()).await, Follower::now(app.base()).await];
    until("the connection", WITHIN, async || (side.integer(listening).await == 1).then_some(()))
        .await;
    // Something was announced, and reaches a listener that is no part of the service.
    drop(followers);
    until("its end", WITHIN, async || (side.integer(listening).await == 0).then_some(())).await;
}

/// Behind a pooler that gives each transaction another backend nobody can listen: by the direct route where there is
/// one, else by looking again and again, and the log says so.
#[rstest]
#[tokio::test]
async fn behind_a_pooler(#[values(true, false)] direct: bool) {
    let database = Database::migrated(Postgres).await;
    let lines = ["default_pool_size = 5", "max_client_conn = 100"];
    let pooler = PgBouncer::start("transaction", &database.url, &lines).await;
    let url = pooler.before(&database.url);
    let migrate = if direct { &*database.url } else { &*url };
    let variables =
        [("DATABASE_URL", &*url), ("MIGRATE_DATABASE_URL", migrate), ("MIGRATE", "check")];
    let servers = [Server::start(&variables).await, Server::start(&variables).await];
    let mut follower = Follower::now(&servers[0].url()).await;
    for server in servers.iter().rev() {
        let took = latency(&Api::new(&server.url()), &mut follower).await;
        assert!(took < Duration::from_millis(500), "{took:?}");
    }
    let said = |server: &Server| {
        let lines = server.log();
        lines.iter().filter_map(|line| field(line, "message")).any(|message| {
            message.as_str().is_some_and(|text| text.contains("MIGRATE_DATABASE_URL may"))
        })
    };
    if direct {
        assert!(!said(&servers[0]), "{}", servers[0].output());
        let listening = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                         AND application_name LIKE 'taskmanager/%' AND query LIKE 'LISTEN%'";
        let mut side = database.connect().await;
        until("one to listen", WITHIN, async || (side.integer(listening).await == 1).then_some(()))
            .await;
    } else {
        until("it to be said", WITHIN, async || said(&servers[0]).then_some(())).await;
    }
}

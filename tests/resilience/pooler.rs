//! PgBouncer between the service and PostgreSQL.

use std::time::Duration;

use rstest::rstest;
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection, PgConnection, Row};

use crate::load::{Load, assert_no_errors};
use testkit::{Api, Backend, Database, PgBouncer, Server, WITHIN, until};

/// Few backends for many clients: each transaction is given another one.
const FEW: [&str; 2] = ["default_pool_size = 3", "max_client_conn = 100"];

async fn advisory_locks(database: &Database) -> i64 {
    let locks = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = \
                 (SELECT oid FROM pg_database WHERE datname = current_database())";
    database.connect().await.integer(locks).await
}

/// Two replicas share the pooler's few backends, so that each meets what the other left there.
#[rstest]
#[tokio::test]
async fn serves(
    #[values("transaction", "session")] mode: &str,
    #[values("", "ignore_startup_parameters = extra_float_digits, options")] ignored: &str,
) {
    let database = Database::empty(Backend::Postgres).await;
    let size = if mode == "session" { "default_pool_size = 40" } else { FEW[0] };
    let pooler = PgBouncer::start(mode, &database.url, &[size, FEW[1], ignored]).await;
    let url = pooler.before(&database.url);
    let variables = [("DATABASE_URL", &*url), ("MIGRATE_DATABASE_URL", &*database.url)];
    let servers = [Server::start(&variables).await, Server::start(&variables).await];
    let mut told = Vec::new();
    let loads = servers.each_ref().map(|server| Load::start(&Api::new(&server.url()), 4));
    for load in &loads {
        load.acknowledged(100).await;
    }
    for server in &servers {
        let api = Api::new(&server.url());
        let task = api.create(json!({"title": "one of its own"})).await;
        let path = format!("/tasks/{}", task["id"].as_str().expect("an id"));
        let changed = api.patch(&path, &json!({"priority": "high"})).await.expect(200).json();
        assert_eq!(changed["version"], 2);
        for path in ["/tasks/count", "/tasks/stats", "/tasks/search?q=own&count=true"] {
            let _ = api.get(path).await.expect(200);
        }
        let stale = api.call("DELETE", &path).header("if-match", "\"x\"").send().await;
        let _ = stale.problem(412, "precondition-failed");
        let _ = api.delete(&path).await.expect(204);
        assert_eq!(api.json("/health").await["status"], "healthy");
    }
    for load in loads {
        told.push(load.end().await);
    }
    let api = Api::new(&servers[0].url());
    let mut side = database.connect().await;
    for told in &told {
        assert_eq!((told.refusals.len(), told.unanswered), (0, 0));
        told.assert_kept(&api, &mut side).await;
    }
    servers.iter().for_each(assert_no_errors);
}

/// A write that is given up is stopped by the database, behind a pooler too; and the limit stays with the
/// transaction, where another client of the same backend does not meet it.
#[rstest]
#[tokio::test]
async fn statements_have_their_limit(#[values("transaction", "session")] mode: &str) {
    let database = Database::migrated(Backend::Postgres).await;
    let pooler = PgBouncer::start(mode, &database.url, &["default_pool_size = 5"]).await;
    let url = pooler.before(&database.url);
    let variables = [
        ("DATABASE_URL", &*url),
        ("MIGRATE_DATABASE_URL", &*database.url),
        ("REQUEST_TIMEOUT", "2s"),
    ];
    let server = Server::start(&variables).await;
    let api = Api::new(&server.url());
    let _ = api.create(json!({"title": "first"})).await;
    let mut side = database.connect().await;
    side.lock_tasks().await;
    let begun = std::time::Instant::now();
    let _ = api.post("/tasks", &json!({"title": "late"})).await.problem(503, "unavailable");
    assert!(begun.elapsed() < Duration::from_secs(2), "stopped by the database");
    side.unlock().await;
    assert_eq!(api.titles("/tasks").await, ["first"]);
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                   AND wait_event_type = 'Lock'";
    until("nobody to wait", WITHIN, async || (side.integer(waiting).await == 0).then_some(()))
        .await;
    if mode == "transaction" {
        let limit = "SELECT setting::bigint FROM pg_settings WHERE name = 'statement_timeout'";
        for _ in 0..5 {
            let through = PgConnection::connect_with(&without_parameters(&url)).await;
            let look =
                sqlx::raw_sql(limit).fetch_one(&mut through.expect("the pooler answers")).await;
            let left: i64 = look.expect("a row").get(0);
            assert_eq!(left, 0, "left on a backend");
        }
    }
}

/// PgBouncer refuses a start-up parameter that the driver sends of itself.
fn without_parameters(url: &str) -> PgConnectOptions {
    url.parse::<PgConnectOptions>().expect("a URL").extra_float_digits(None)
}

/// No lock can be held through a pooler that changes backends: the start is refused in words.
#[tokio::test]
async fn no_migration_through_a_pooler() {
    let database = Database::empty(Backend::Postgres).await;
    for size in ["default_pool_size = 1", "default_pool_size = 20"] {
        let pooler = PgBouncer::start("transaction", &database.url, &[size]).await;
        let mut server = Server::spawn(&[("DATABASE_URL", &pooler.before(&database.url))]);
        assert_eq!(server.exit().await, Some(9), "{}", server.output());
        assert!(server.output().contains("MIGRATE_DATABASE_URL"), "{}", server.output());
        assert_eq!(advisory_locks(&database).await, 0);
        let tables = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'";
        assert_eq!(database.connect().await.integer(tables).await, 0);
    }
}

/// Through one that gives a client its backend for as long as it stays, everything works.
#[tokio::test]
async fn migrates_through_sessions() {
    let database = Database::empty(Backend::Postgres).await;
    let pooler = PgBouncer::start("session", &database.url, &[]).await;
    let server = Server::start(&[("DATABASE_URL", &pooler.before(&database.url))]).await;
    let _ = Api::new(&server.url()).create(json!({"title": "t"})).await;
    assert_no_errors(&server);
    until("the migration lock to be given back", WITHIN, async || {
        (advisory_locks(&database).await == 0).then_some(())
    })
    .await;
}

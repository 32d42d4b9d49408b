//! Several processes started at once on one empty database: all serve, and each migration happens once.

use rstest::rstest;
use serde_json::json;

use crate::load::assert_no_errors;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Api, Database, Server};

/// How many migrations this source tree has.
fn migrations() -> i64 {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
    let names = std::fs::read_dir(folder).expect("the migrations");
    let names = names.map(|entry| entry.expect("an entry").file_name());
    let up = names.filter(|name| name.to_string_lossy().ends_with(".up.sql")).count();
    i64::try_from(up).expect("a few")
}

async fn start_together(on: Backend, processes: usize) {
    let database = Database::empty(on).await;
    let variables = [("DATABASE_URL", &*database.url)];
    let mut servers: Vec<_> = (0..processes).map(|_| Server::spawn(&variables)).collect();
    for server in &mut servers {
        server.ready().await;
    }
    for server in &servers {
        let api = Api::new(&server.url());
        let _ = api.create(json!({"title": "t"})).await;
        assert_eq!(api.json("/health").await["schema_state"], "current");
    }
    let mut side = database.connect().await;
    for (query, expected) in [
        ("SELECT count(*) FROM _sqlx_migrations", migrations()),
        ("SELECT count(DISTINCT version) FROM _sqlx_migrations WHERE success", migrations()),
        ("SELECT count(*) FROM tasks", i64::try_from(processes).expect("a few")),
    ] {
        assert_eq!(side.integer(query).await, expected, "{query}");
    }
    servers.iter().for_each(assert_no_errors);
}

#[rstest]
#[tokio::test]
async fn two(#[values(Sqlite, Postgres)] on: Backend) {
    for _ in 0..20 {
        start_together(on, 2).await;
    }
}

#[rstest]
#[tokio::test]
async fn eight(#[values(Sqlite, Postgres)] on: Backend) {
    for _ in 0..3 {
        start_together(on, 8).await;
    }
}

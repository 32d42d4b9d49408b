//! `/health`, `/health/live`, `/health/ready`: the truth about the instance, its database and its schema.

use std::time::Duration;

use rstest::rstest;
use serde_json::{Value, json};

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::text;
use testkit::postgres::Stop;
use testkit::{Answer, Api, App, Database, PostgresServer, Server, WITHIN, until};

/// The newest migration of this source tree, found by its file's name.
fn newest_migration() -> i64 {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/migrations/sqlite");
    let names = std::fs::read_dir(folder).expect("the migrations");
    let version = |name: &str| name.split('_').next().and_then(|digits| digits.parse().ok());
    names
        .filter_map(|entry| version(&entry.expect("an entry").file_name().to_string_lossy()))
        .max()
        .expect("a migration")
}

async fn health_until(api: &Api, what: &str, good: impl Fn(&Answer) -> bool) -> Answer {
    until(what, WITHIN, async || {
        let answer = api.call("GET", "/health").try_send().await.ok()?;
        good(&answer).then_some(answer)
    })
    .await
}

#[rstest]
#[tokio::test]
async fn healthy(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::with(on, &[("ENVIRONMENT", "production")]).await;
    let body = app.json("/health").await;
    let newest = newest_migration();
    let expected = json!({
        "status": "healthy", "database": "connected", "tasks_count": 0, "environment": "production",
        "version": env!("CARGO_PKG_VERSION"), "uptime_seconds": body["uptime_seconds"],
        "schema_state": "current", "schema_version": newest, "target_version": newest,
        "pending_migrations": [], "last_migration_at": body["last_migration_at"]
    });
    assert_eq!(body, expected);
    assert!(body["uptime_seconds"].as_u64().is_some_and(|uptime| uptime < 600), "{body}");
    let at = text(&body, "last_migration_at");
    assert!(at.starts_with("20") && at.ends_with('Z'), "{at}");
    for path in ["/health/live", "/health/ready"] {
        let answer = app.get(path).await.expect(200);
        assert_eq!(answer.header("cache-control").as_deref(), Some("no-store"), "{path}");
    }
}

#[rstest]
#[tokio::test]
async fn the_environment_by_default(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    assert_eq!(app.json("/health").await["environment"], "development");
}

/// The figure is cached, at most 10 s old where others write, and never older than the instance's own writes.
#[rstest]
#[tokio::test]
async fn the_count_has_own_writes_at_once(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let count = async || app.json("/health").await["tasks_count"].as_i64().expect("a figure");
    for n in 1..=40 {
        let _ = app.create(json!({"title": "t"})).await;
        assert_eq!(count().await, n);
    }
    let operations = json!({"operations": [
        {"op": "create", "task": {"title": "a"}}, {"op": "create", "task": {"title": "b"}},
        {"op": "delete", "id": "1"}
    ]});
    let _ = app.post("/tasks/bulk", &operations).await.expect(200);
    assert_eq!(count().await, 41);
    for n in (31..=40).rev() {
        let _ = app.delete(&format!("/tasks/{}", 42 - n)).await.expect(204);
        assert_eq!(count().await, n);
    }
    let _ = app.patch("/tasks/30", &json!({"title": "u"})).await.expect(200);
    assert_eq!(count().await, 31);
    // What others do is seen later, and what was known stays right.
    app.database.connect().await.execute("DELETE FROM tasks WHERE number > 30").await;
    let left = app.json("/tasks/count").await["total"].as_i64().expect("a total");
    until("the figure to be renewed", Duration::from_secs(12), async || {
        (count().await == left).then_some(())
    })
    .await;
    let _ = app.create(json!({"title": "t"})).await;
    assert_eq!(count().await, left + 1);
}

#[rstest]
#[tokio::test]
async fn behind(#[values(Sqlite, Postgres)] on: Backend) {
    let database = Database::empty(on).await;
    if let Some(folder) = database.folder() {
        std::fs::write(folder.join("tasks.db"), "").expect("an empty file");
    }
    let server = Server::spawn(&[("DATABASE_URL", &database.url), ("MIGRATE", "off")]);
    let api = Api::new(&server.url());
    let answer = health_until(&api, "the answer", |answer| answer.status == 503).await;
    let body = answer.json();
    assert_eq!(body["status"], "unhealthy");
    assert_eq!(body["database"], "connected");
    assert_eq!(body["schema_state"], "behind");
    assert!(body["schema_version"].is_null() && body["last_migration_at"].is_null(), "{body}");
    assert_eq!(body["target_version"], newest_migration());
    let pending = body["pending_migrations"].as_array().expect("a list");
    assert!(pending.len() >= 4, "{body}");
    assert_eq!(
        pending[0],
        json!({"version": 20_261_121_090_000_i64, "description": "create tasks"})
    );
    assert_eq!(pending.last().expect("one")["version"], newest_migration());
    let _ = api.get("/health/ready").await.problem(503, "not-ready");
    let _ = api.get("/health/live").await.expect(200);
}

/// A schema that changes under a running instance shows within 10 s, and so does its fixing.
#[rstest]
#[tokio::test]
async fn drifted(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let mut side = app.database.connect().await;
    side.execute("ALTER TABLE tasks RENAME COLUMN priority TO elsewhere").await;
    let answer = health_until(&app, "the drift to show", |answer| answer.status == 503).await;
    let body = answer.json();
    assert_eq!((&body["status"], &body["schema_state"]), (&json!("unhealthy"), &json!("drifted")));
    let _ = app.get("/health/ready").await.problem(503, "not-ready");
    side.execute("ALTER TABLE tasks RENAME COLUMN elsewhere TO priority").await;
    let _ = health_until(&app, "the fixing to show", |answer| answer.status == 200).await;
    let _ = app.get("/health/ready").await.expect(200);
}

/// The database goes and comes back; the instance stays, says so, and needs no restart.
#[tokio::test]
async fn database_down() {
    let mut postgres = PostgresServer::start(&[]).await;
    let url = postgres.url("postgres");
    let server = Server::start(&[("DATABASE_URL", &url), ("REQUEST_TIMEOUT", "3s")]).await;
    let api = Api::new(&server.url());
    let _ = api.create(json!({"title": "t"})).await;
    for how in [Stop::Immediate, Stop::Fast] {
        postgres.stop(how).await;
        let answer = health_until(&api, "the loss to show", |answer| answer.status == 503).await;
        let body = answer.json();
        assert_eq!(body["status"], "unhealthy");
        assert_eq!(body["database"], "disconnected");
        for null in ["schema_state", "schema_version", "pending_migrations"] {
            assert!(body[null].is_null(), "{null}: {body}");
        }
        assert_eq!(body["target_version"], newest_migration(), "known without the database");
        for secret in ["refused", "postgres", "127.0.0.1"] {
            assert!(!answer.text().contains(secret), "no error text: {body}");
        }
        let _ = api.get("/health/live").await.expect(200);
        let _ = api.get("/health/ready").await.problem(503, "not-ready");
        let calls: [(&str, &str, Option<Value>); 4] = [
            ("GET", "/tasks", None),
            ("GET", "/tasks/1", None),
            ("POST", "/tasks", Some(json!({"title": "lost"}))),
            ("DELETE", "/tasks/1", None),
        ];
        for (method, path, body) in calls {
            let call = api.call(method, path);
            let call = if let Some(body) = body { call.json(&body) } else { call };
            let answer = call.send().await.expect(503);
            let kind = text(&answer.json(), "type").to_owned();
            assert!(kind == "/problems/unavailable" || kind == "/problems/timeout", "{kind}");
        }
        // What is wrong with the request itself is said all the same.
        let _ = api.get("/tasks/nonsense").await.problem(404, "not-found");
        let _ = api.get("/tasks?limit=0").await.problem(422, "validation");
        let metrics = api.get("/metrics").await.expect(200).text();
        assert!(metrics.lines().any(|line| line == "taskmanager_database_up 0"), "{metrics}");

        postgres.resume().await;
        let _ = health_until(&api, "the recovery", |answer| answer.status == 200).await;
        let _ = api.get("/health/ready").await.expect(200);
        assert_eq!(api.titles("/tasks").await, ["t"], "nothing of the failed requests");
    }
}

/// What the README shows is what the service answers: the same members in the same order, and the newest version.
#[rstest]
#[tokio::test]
async fn the_readme_shows_this_answer(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(readme).expect("the README");
    let (_, shown) = readme.split_once("```json\n").expect("an answer in JSON");
    let (shown, _) = shown.split_once("```").expect("its end");
    let members = |text: &str| -> Vec<String> {
        let known: serde_json::Map<String, Value> = serde_json::from_str(text).expect("an object");
        let words = text.split('"').skip(1).step_by(2);
        words.filter(|word| known.contains_key(*word)).map(str::to_owned).collect()
    };
    let answer = app.get("/health").await.expect(200).text();
    assert_eq!(members(shown), members(&answer));
    let shown: Value = serde_json::from_str(shown).expect("JSON");
    assert_eq!(shown["target_version"], newest_migration());
    assert_eq!(shown["schema_version"], newest_migration());
}

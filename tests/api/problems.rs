//! Errors: one form (checked for every answer in `testkit::rules`), its types, and their pages.

use rstest::rstest;
use serde_json::json;

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Api, App, Database, Server, WITHIN, until};

#[rstest]
#[tokio::test]
async fn malformed_bodies(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "t"})).await;
    let deep = "[".repeat(20_000);
    let bodies: [&[u8]; 19] = [
        b"",
        b" ",
        b"{",
        b"{\"title\":\"x\"",
        b"{\"title\":\"x\"}}",
        b"{\"title\":\"x\"} {}",
        b"{'title':'x'}",
        b"{\"title\":\"x\",}",
        b"{title:\"x\"}",
        b"{\"title\":\"a\nb\"}",
        b"{\"title\":NaN}",
        b"{\"title\":\"\\x\"}",
        b"{\"title\":\"\xff\"}",
        b"\xef\xbb\xbf{\"title\":\"x\"}",
        b"{\"title\":\"\\ud800\"}",
        b"{\"title\":\"\\udc00\\ud800\"}",
        b"{\"title\":\"a\",\"title\":\"b\"}",
        b"{\"title\":\"a\",\"id\":{\"x\":1,\"x\":2}}",
        deep.as_bytes(),
    ];
    for body in bodies {
        for (method, path) in [("POST", "/tasks"), ("PUT", "/tasks/1"), ("PATCH", "/tasks/1")] {
            let answer = app.call(method, path).text(body).send().await;
            assert_eq!(
                answer.status,
                400,
                "{:?}: {}",
                &body[..body.len().min(60)],
                answer.describe()
            );
            let _ = answer.problem(400, "malformed-json");
        }
    }
    // A key escaped another way is the same key.
    let escaped = app.call("POST", "/tasks").text("{\"title\":\"a\",\"\\u0074itle\":\"b\"}");
    let _ = escaped.send().await.problem(400, "malformed-json");
    assert_eq!(app.titles("/tasks").await, ["t"], "nothing was stored");
    // A pair of surrogates is a character.
    let paired = app.call("POST", "/tasks").text("{\"title\":\"\\ud83e\\udd80\"}").send().await;
    assert_eq!(paired.expect(201).json()["title"], "🦀");
}

#[rstest]
#[tokio::test]
async fn unknown_paths(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    for path in [
        "/nope",
        "/task",
        "/TASKS",
        "/tasks/count/",
        "/tasks//1",
        "/tasks/1/2",
        "/health/",
        "/health/nope",
        "/metrics/",
        "/problems",
        "/%ff",
        "/nope?%zz",
    ] {
        for method in ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"] {
            let answer = app.call(method, path).send().await;
            assert_eq!(answer.status, 404, "{}", answer.describe());
        }
        let _ = app.get(path).await.problem(404, "not-found");
    }
}

#[rstest]
#[tokio::test]
async fn methods(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "t"})).await;
    for (path, allowed) in [
        ("/tasks", &["GET", "HEAD", "POST"][..]),
        ("/tasks/1", &["GET", "HEAD", "PUT", "PATCH", "DELETE"]),
        ("/tasks/count", &["GET", "HEAD"]),
        ("/tasks/stats", &["GET", "HEAD"]),
        ("/tasks/search", &["GET", "HEAD"]),
        ("/tasks/filter/todo", &["GET", "HEAD"]),
        ("/health", &["GET", "HEAD"]),
        ("/health/live", &["GET", "HEAD"]),
        ("/health/ready", &["GET", "HEAD"]),
        ("/metrics", &["GET", "HEAD"]),
        ("/openapi.json", &["GET", "HEAD"]),
        ("/problems/validation", &["GET", "HEAD"]),
    ] {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PURGE", "TRACE"] {
            if allowed.contains(&method) {
                continue;
            }
            let answer = app.call(method, path).send().await.problem(405, "method-not-allowed");
            let allow = answer.header("allow").unwrap_or_default();
            let mut listed: Vec<_> = allow.split(',').map(str::trim).collect();
            listed.retain(|name| *name != "OPTIONS");
            listed.sort_unstable();
            let mut expected = allowed.to_vec();
            expected.sort_unstable();
            assert_eq!(listed, expected, "{method} {path}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn every_type_has_a_page(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    for slug in [
        "malformed-json",
        "malformed-query",
        "not-found",
        "method-not-allowed",
        "precondition-failed",
        "payload-too-large",
        "unsupported-media-type",
        "validation",
        "internal",
        "unavailable",
        "timeout",
    ] {
        let page = app.get(&format!("/problems/{slug}")).await.expect(200);
        let kind = page.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("text/"), "for a person to read: {kind}");
        assert!(page.body.len() > 80, "{}", page.describe());
    }
}

#[rstest]
#[tokio::test]
async fn nothing_is_too_odd_to_accept(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    for accept in ["text/csv", "application/xml;q=0.1", "nonsense", "*/*;q=0"] {
        let _ = app.call("GET", "/tasks").header("accept", accept).send().await.expect(200);
        let missing = app.call("GET", "/tasks/9").header("accept", accept).send().await;
        let _ = missing.problem(404, "not-found");
    }
    let picky = app.call("GET", "/tasks").header("accept-encoding", "identity;q=0, *;q=0");
    let _ = picky.send().await.expect(200);
}

/// The incident: the code is there, the schema is not. The answer is 500 and tells a stranger nothing.
#[rstest]
#[tokio::test]
async fn an_internal_error_keeps_its_cause_to_itself(#[values(Sqlite, Postgres)] on: Backend) {
    let database = Database::empty(on).await;
    // The file itself is there: what is missing is the table.
    if let Some(folder) = database.folder() {
        std::fs::write(folder.join("tasks.db"), "").expect("an empty file");
    }
    let server = Server::spawn(&[("DATABASE_URL", &database.url), ("MIGRATE", "off")]);
    let api = Api::new(&server.url());
    until("the server to live", WITHIN, async || {
        api.call("GET", "/health/live").try_send().await.ok().filter(|answer| answer.status == 200)
    })
    .await;
    let answer = api.post("/tasks", &json!({"title": "t"})).await.problem(500, "internal");
    assert!(answer.json().get("errors").is_none(), "{}", answer.describe());
    assert!(!answer.text().contains("tasks.db"), "{}", answer.describe());
    let id = answer.header("x-request-id").unwrap_or_default();
    until("the cause in the log", WITHIN, async || {
        let log = server.output();
        let cause = log.lines().find(|line| {
            line.contains(&id)
                && (line.contains("no such table") || line.contains("does not exist"))
        });
        cause.map(|_| ())
    })
    .await;
    let _ = api.get("/tasks").await.problem(500, "internal");
    let _ = api.get("/health/ready").await.problem(503, "not-ready");
}

//! `If-Match` and `If-None-Match` on writes, and what is said when several faults come together.

use rstest::rstest;
use serde_json::json;

use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::text;

#[rstest]
#[tokio::test]
async fn if_match(
    #[values(Sqlite, Postgres)] on: Backend,
    #[values("PUT", "PATCH", "DELETE")] method: &str,
) {
    let app = App::start(on).await;
    let first = app.create(json!({"title": "t"})).await;
    let stale = format!("\"{}.1\"", text(&first, "id"));
    let task = app.patch("/tasks/1", &json!({"title": "u"})).await.expect(200);
    let tag = task.etag();
    let refused = [
        stale.clone(),
        format!("W/{tag}"),
        tag.trim_matches('"').to_owned(),
        format!("{tag} {tag}"),
        format!("*, {tag}"),
        "\"\"".to_owned(),
        String::new(),
        "nonsense".to_owned(),
    ];
    for field in refused {
        let call =
            app.call(method, "/tasks/1").header("if-match", &field).json(&json!({"title": "v"}));
        let answer = call.send().await;
        assert_eq!(answer.status, 412, "{field}: {}", answer.describe());
        let _ = answer.problem(412, "precondition-failed");
        assert_eq!(app.json("/tasks/1").await, task.json(), "{field}: nothing changed");
    }
    let if_none_match = app.call(method, "/tasks/1").header("if-none-match", "*");
    let answer = if_none_match.json(&json!({"title": "v"})).send().await;
    let _ = answer.problem(412, "precondition-failed");
    let weak = app.call(method, "/tasks/1").header("if-none-match", format!("W/{tag}"));
    let answer = weak.json(&json!({"title": "v"})).send().await;
    let _ = answer.problem(412, "precondition-failed");

    let success = if method == "DELETE" { 204 } else { 200 };
    for shape in ["TAG", "\"x\" , TAG,", "*"] {
        let created = app.post("/tasks", &json!({"title": "t"})).await.expect(201);
        let path = format!("/tasks/{}", text(&created.json(), "id"));
        let field = shape.replace("TAG", &created.etag());
        let call = app.call(method, &path).header("if-match", &field).json(&json!({"title": "w"}));
        let answer = call.send().await;
        assert_eq!(answer.status, success, "{field}: {}", answer.describe());
    }
    let missing = app.call(method, "/tasks/999").header("if-match", "*").json(&json!({}));
    let _ = missing.send().await.problem(404, "not-found");
}

#[rstest]
#[tokio::test]
async fn a_precondition_holds_for_a_change_that_changes_nothing(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "t"})).await;
    let stale = app.call("PATCH", "/tasks/1").header("if-match", "\"x\"").json(&json!({}));
    let _ = stale.send().await.problem(412, "precondition-failed");
    let none_match =
        app.call("PATCH", "/tasks/1").header("if-none-match", "\"x\"").json(&json!({}));
    let _ = none_match.send().await.expect(200);
}

/// Of two writers who name the same version exactly one wins.
#[rstest]
#[tokio::test]
async fn one_of_two_writers_wins(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let (_server, replica) = app.replica(&[]).await;
    for round in 1..=15 {
        let task = app.create(json!({"title": "t"})).await;
        let path = format!("/tasks/{}", text(&task, "id"));
        let tag = app.get(&path).await.etag();
        let write = |api: testkit::Api, title: &'static str| {
            let (path, tag) = (path.clone(), tag.clone());
            tokio::spawn(async move {
                let call = api.call("PATCH", &path).header("if-match", tag);
                (title, call.json(&json!({"title": title})).send().await.status)
            })
        };
        let writers =
            [write((*app).clone(), "a"), write(replica.clone(), "b"), write((*app).clone(), "c")];
        let mut winners = Vec::new();
        for writer in writers {
            match writer.await.expect("an answer") {
                (title, 200) => winners.push(title),
                (_, status) => assert_eq!(status, 412),
            }
        }
        assert_eq!(winners.len(), 1, "round {round}: {winners:?}");
        let task = app.json(&path).await;
        assert_eq!((&task["title"], &task["version"]), (&json!(winners[0]), &json!(2)));
    }
}

#[rstest]
#[tokio::test]
async fn the_order_of_faults(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "t"})).await;
    let huge = " ".repeat(70_000);
    let valid = json!({"title": "x"}).to_string();
    let invalid = json!({"title": ""}).to_string();
    // 405, 404, 415, 413, 400, 422, 412: each row drops the gravest fault of the one before.
    let rows: [(&str, &str, &str, &str, u16); 9] = [
        ("POST", "/tasks/x", "text/plain", &huge, 405),
        ("PATCH", "/tasks/x", "text/plain", &huge, 404),
        ("PATCH", "/tasks/99", "text/plain", &huge, 404),
        ("PATCH", "/tasks/1", "text/plain", &huge, 415),
        ("PATCH", "/tasks/1", "application/json", &huge, 413),
        ("PATCH", "/tasks/1", "application/json", "{", 400),
        ("PATCH", "/tasks/1", "application/json", &invalid, 422),
        ("PATCH", "/tasks/1", "application/json", &valid, 412),
        ("PATCH", "/tasks/99", "application/json", &valid, 404),
    ];
    for (method, path, kind, body, status) in rows {
        let call = app.call(method, path).header("if-match", "\"stale\"");
        let answer = call.header("content-type", kind).raw(body).send().await;
        assert_eq!(answer.status, status, "{method} {path} {kind}: {}", answer.describe());
    }
    assert_eq!(app.json("/tasks/1").await["title"], "t");
}

//! `POST /tasks/bulk`: all or nothing, and what is said when it is nothing.

use rstest::rstest;
use serde_json::{Value, json};

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::text;
use testkit::{Answer, App};

async fn bulk(app: &App, operations: Value) -> Answer {
    app.post("/tasks/bulk", &json!({"operations": operations})).await
}

#[rstest]
#[tokio::test]
async fn each_outcome_in_its_place(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let first = app.create(json!({"title": "first", "assignee": "Ana"})).await;
    let second = app.create(json!({"title": "second"})).await;
    let tag = |version: u32| format!("\"{}.{version}\"", text(&first, "id"));
    let answer = bulk(
        &app,
        json!([
            {"op": "create", "task": {"title": " made ", "completed": true, "version": 9}},
            {"op": "update", "id": first["id"], "if_match": tag(1), "task": {"status": "in_progress"}},
            {"op": "update", "id": 1, "if_match": format!("\"x\", {}", tag(2)), "task": {"assignee": null}},
            {"op": "delete", "id": "2", "if_match": "*"},
            {"op": "update", "id": "1", "task": {}},
        ]),
    )
    .await
    .expect(200);
    assert_eq!(answer.header("etag"), None);
    assert_eq!(answer.header("idempotency-replayed"), None);
    let results = &answer.json()["results"];
    let words = |at: usize| (results[at]["op"].clone(), results[at]["status"].clone());
    assert_eq!(words(0), (json!("create"), json!(201)));
    assert_eq!(words(1), (json!("update"), json!(200)));
    assert_eq!(words(3), (json!("delete"), json!(204)));
    assert_eq!(results.as_array().map(Vec::len), Some(5));
    let made = &results[0]["task"];
    assert_eq!((&made["title"], &made["completed"]), (&json!("made"), &json!(true)));
    assert_eq!(&app.json(&format!("/tasks/{}", text(made, "id"))).await, made);
    let (before, after) = (&results[1]["task"], &results[2]["task"]);
    assert_eq!((&before["assignee"], &before["version"]), (&json!("Ana"), &json!(2)));
    assert_eq!((&after["assignee"], &after["version"]), (&json!(null), &json!(3)));
    assert_eq!(&results[4]["task"], after, "nothing to change");
    assert_eq!(&app.json("/tasks/1").await, after);
    assert_eq!(results[3], json!({"op": "delete", "status": 204, "id": second["id"]}));
    let _ = app.get("/tasks/2").await.problem(404, "not-found");
}

#[rstest]
#[tokio::test]
async fn every_fault_of_every_operation(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "t"})).await;
    let operations = json!([
        {"op": "create", "task": {"status": "x", "due_date": "y", "other": 1}},
        {"op": "update", "id": "01", "task": {"completed": true, "status": "todo"}, "if_match": 3},
        {"op": "delete", "id": {}, "task": {}},
        {"op": "create", "task": {"title": "fine"}},
        {"op": "create", "id": 1, "if_match": "*", "task": []},
        {"op": "update"},
        {"op": "delete", "id": 0, "if_match": null},
        {"op": "Update", "id": 1},
        {"op": 1},
        {},
        [],
        {"op": "update", "id": 1.5, "task": {"title": null}},
        {"op": "delete", "id": "x", "a/b": 1},
    ]);
    let body = json!({"operations": operations, "atomic": false});
    let answer = app.call("POST", "/tasks/bulk").header("idempotency-key", "a b").json(&body);
    answer.send().await.violates(&[
        "Idempotency-Key invalid_key",
        "/atomic unknown_field",
        "/operations/0/task/title required",
        "/operations/0/task/status not_allowed",
        "/operations/0/task/due_date invalid_date",
        "/operations/0/task/other unknown_field",
        "/operations/1/id invalid_id",
        "/operations/1/task/completed contradiction",
        "/operations/1/if_match invalid_type",
        "/operations/2/id invalid_type",
        "/operations/2/task unknown_field",
        "/operations/4/id unknown_field",
        "/operations/4/if_match unknown_field",
        "/operations/4/task invalid_type",
        "/operations/5/id required",
        "/operations/5/task required",
        "/operations/6/id invalid_id",
        "/operations/6/if_match not_null",
        "/operations/7/op not_allowed",
        "/operations/8/op invalid_type",
        "/operations/9/op required",
        "/operations/10 invalid_type",
        "/operations/11/id invalid_type",
        "/operations/11/task/title not_null",
        "/operations/12/id invalid_id",
        "/operations/12/a~1b unknown_field",
    ]);
    for (body, expected) in [
        (json!({}), "/operations required"),
        (json!({"operations": null}), "/operations invalid_type"),
        (json!({"operations": {}}), "/operations invalid_type"),
        (json!({"operations": []}), "/operations too_short"),
        (json!({"operations": vec![json!({}); 101]}), "/operations too_long"),
        (json!([]), " invalid_type"),
    ] {
        app.post("/tasks/bulk", &body).await.violates(&[expected]);
    }
    let all = app.json("/tasks").await;
    assert_eq!(all.as_array().map(Vec::len), Some(1), "nothing was changed: {all}");
}

#[rstest]
#[tokio::test]
async fn if_one_fails_none_happens_and_all_that_fail_are_named(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let app = App::start(on).await;
    app.create_all(["a", "b"].map(|title| json!({"title": title}))).await;
    let before = app.json("/tasks").await;
    let unknown = "01993c1e-6f1a-7c3e-9a51-0f6e6a4b2d11";
    let operations = json!([
        {"op": "create", "task": {"title": "c"}},
        {"op": "update", "id": 1, "if_match": "nonsense", "task": {"title": "x"}},
        {"op": "delete", "id": 2},
        {"op": "update", "id": 2, "if_match": "*", "task": {"title": "x"}},
        {"op": "delete", "id": unknown},
        {"op": "update", "id": 1, "task": {"title": "fine"}},
    ]);
    let answer = bulk(&app, operations).await.problem(422, "operations-refused");
    let problem = answer.json();
    let failed: Vec<_> = problem["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .map(|error| (text(error, "pointer"), text(error, "code"), error["status"].clone()))
        .collect();
    let expected = [
        ("/operations/1/if_match", "precondition_failed", json!(412)),
        ("/operations/3/id", "not_found", json!(404)),
        ("/operations/4/id", "not_found", json!(404)),
    ];
    assert_eq!(failed, expected);
    assert!(text(&problem, "detail").contains("nothing was changed"), "{problem}");
    assert_eq!(app.json("/tasks").await, before);
    // All of one kind is no other status.
    let one = bulk(&app, json!([{"op": "delete", "id": 99}])).await;
    let _ = one.problem(422, "operations-refused");
}

#[rstest]
#[tokio::test]
async fn a_hundred_operations_within_the_limits_of_a_body(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let create = |length: usize| json!({"op": "create", "task": {"title": "t".repeat(length)}});
    let answer = bulk(&app, json!(vec![create(9); 100])).await.expect(200);
    assert_eq!(answer.json()["results"].as_array().map(Vec::len), Some(100));
    assert_eq!(app.json("/tasks/count").await["total"], 100);
    let long = json!({"op": "create", "task": {"title": "t", "description": "d".repeat(1000)}});
    let _ = bulk(&app, json!(vec![long; 90])).await.problem(413, "payload-too-large");
    let plain = app.call("POST", "/tasks/bulk").header("content-type", "text/plain").raw("{}");
    let _ = plain.send().await.problem(415, "unsupported-media-type");
    let _ = app.call("POST", "/tasks/bulk").text("{").send().await.problem(400, "malformed-json");
    let _ = app.get("/tasks/bulk").await.problem(405, "method-not-allowed");
}

/// Each client names the same tasks, half of them from the last to the first.
#[rstest]
#[tokio::test]
async fn opposite_orders_turn_nobody_away(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    app.create_all((0..10).map(|n| json!({"title": n.to_string()}))).await;
    let clients: Vec<_> = (0..8)
        .map(|client| {
            let api = (*app).clone();
            tokio::spawn(async move {
                for round in 0..5 {
                    let mut operations: Vec<_> = (1..=10)
                        .map(|number| {
                            let task = json!({"title": format!("{round} by {client}")});
                            json!({"op": "update", "id": number, "task": task})
                        })
                        .collect();
                    if client % 2 == 1 {
                        operations.reverse();
                    }
                    let body = json!({"operations": operations});
                    let _ = api.post("/tasks/bulk", &body).await.expect(200);
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("no client is turned away");
    }
    for task in app.json("/tasks").await.as_array().expect("a list") {
        assert_eq!(task["version"], 41, "{task}");
    }
}

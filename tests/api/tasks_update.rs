//! `PUT` and `PATCH /tasks/{ref}`: only the fields sent change, and no update is lost.

use rstest::rstest;
use serde_json::{Value, json};

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::text;
use testkit::{App, WITHIN, until};

#[rstest]
#[tokio::test]
async fn only_the_fields_sent_change(
    #[values(Sqlite, Postgres)] on: Backend,
    #[values("PUT", "PATCH")] method: &str,
) {
    let app = App::start(on).await;
    let full = json!({"title": "t", "description": "d", "priority": "low", "assignee": "a",
        "due_date": "2026-12-24"});
    let mut expected = app.create(full).await;
    let changes = [
        json!({"title": " u "}),
        json!({"description": "e"}),
        json!({"description": ""}),
        json!({"status": "in_progress"}),
        json!({"priority": "high"}),
        json!({"assignee": "b", "due_date": "2027-01-01T00:00:00+01:00"}),
        json!({"description": null}),
        json!({"assignee": null, "due_date": null}),
    ];
    for (turn, change) in changes.into_iter().enumerate() {
        let answer = app.call(method, "/tasks/1").json(&change).send().await.expect(200);
        let task = answer.json();
        for (field, value) in change.as_object().expect("an object") {
            expected[field] = value.clone();
        }
        expected["title"] = json!(text(&expected, "title").trim());
        if expected["due_date"] == "2027-01-01T00:00:00+01:00" {
            expected["due_date"] = json!("2026-12-31T23:00:00.000000Z");
        }
        expected["version"] = json!(turn + 2);
        assert!(text(&task, "updated_at") >= text(&expected, "updated_at"), "{change}");
        expected["updated_at"] = task["updated_at"].clone();
        assert_eq!(task, expected, "{change}");
        assert_eq!(answer.etag(), format!("\"{}.{}\"", text(&task, "id"), turn + 2));
        assert_eq!(app.json("/tasks/1").await, expected);
    }
}

#[rstest]
#[tokio::test]
async fn a_change_that_changes_nothing(
    #[values(Sqlite, Postgres)] on: Backend,
    #[values("PUT", "PATCH")] method: &str,
) {
    let app = App::start(on).await;
    let task = app.create(json!({"title": "t", "assignee": "a", "due_date": "2026-12-24"})).await;
    let same = [
        json!({}),
        json!({"title": "t"}),
        json!({"title": "  t  ", "assignee": "a "}),
        json!({"due_date": "2026-12-24T01:00:00+01:00"}),
        json!({"description": null}),
        json!({"completed": false}),
        json!({"completed": false, "status": "todo"}),
        json!({"id": "x", "number": null, "version": 9, "created_at": 1, "updated_at": [],
            "completed_at": "x"}),
        task.clone(),
    ];
    for body in same {
        let answer = app.call(method, "/tasks/1").json(&body).send().await.expect(200);
        assert_eq!(answer.json(), task, "{body}");
        assert_eq!(answer.etag(), format!("\"{}.1\"", text(&task, "id")));
    }
    // Only a real change moves updated_at.
    until("updated_at to move", WITHIN, async || {
        let title = json!({"title": format!("{}!", text(&app.json("/tasks/1").await, "title"))});
        let changed = app.call(method, "/tasks/1").json(&title).send().await.expect(200).json();
        (text(&changed, "updated_at") > text(&task, "updated_at")).then_some(())
    })
    .await;
    assert_eq!(app.json("/tasks/1").await["created_at"], task["created_at"]);
}

#[rstest]
#[tokio::test]
async fn completed_reads_and_writes_the_status(
    #[values(Sqlite, Postgres)] on: Backend,
    #[values("PUT", "PATCH")] method: &str,
) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "t"})).await;
    let mut completed_at = Value::Null;
    for (body, status) in [
        (json!({"completed": true}), "done"),
        (json!({"completed": true}), "done"),
        (json!({"title": "u"}), "done"),
        (json!({"completed": false}), "todo"),
        (json!({"status": "in_progress"}), "in_progress"),
        (json!({"completed": false}), "in_progress"),
        (json!({"completed": true, "status": "done"}), "done"),
        (json!({"completed": false, "status": "in_progress"}), "in_progress"),
        (json!({"status": "done"}), "done"),
        (json!({"status": "todo"}), "todo"),
    ] {
        let before = app.json("/tasks/1").await["status"].clone();
        let task = app.call(method, "/tasks/1").json(&body).send().await.expect(200).json();
        let done = status == "done";
        assert_eq!((&task["status"], &task["completed"]), (&json!(status), &json!(done)), "{body}");
        match (before == "done", done) {
            (true, true) => assert_eq!(task["completed_at"], completed_at, "{body}"),
            (false, true) => assert_eq!(task["completed_at"], task["updated_at"], "{body}"),
            _ => assert!(task["completed_at"].is_null(), "{body}"),
        }
        completed_at = task["completed_at"].clone();
    }
    for body in [
        json!({"completed": true, "status": "todo"}),
        json!({"completed": false, "status": "done"}),
    ] {
        let answer = app.call(method, "/tasks/1").json(&body).send().await;
        assert!(answer.violations()[0].ends_with(" contradiction"), "{}", answer.describe());
        let _ = answer.problem(422, "validation");
    }
}

#[rstest]
#[tokio::test]
async fn bodies_that_break_a_rule(
    #[values(Sqlite, Postgres)] on: Backend,
    #[values("PUT", "PATCH")] method: &str,
) {
    let app = App::start(on).await;
    let task = app.create(json!({"title": "t"})).await;
    let cases: [(Value, &[&str]); 10] = [
        (json!({"title": null}), &["/title not_null"]),
        (json!({"status": null}), &["/status not_null"]),
        (json!({"priority": null}), &["/priority not_null"]),
        (json!({"completed": null}), &["/completed not_null"]),
        (json!({"title": ""}), &["/title too_short"]),
        (json!({"titel": "x"}), &["/titel unknown_field"]),
        (json!({"assignee": "\u{200b}"}), &["/assignee invisible"]),
        (
            json!({"due_date": "soon", "title": 1}),
            &["/due_date invalid_date", "/title invalid_type"],
        ),
        (json!({"description": "d".repeat(1001)}), &["/description too_long"]),
        (json!([]), &[" invalid_type"]),
    ];
    for (body, expected) in cases {
        app.call(method, "/tasks/1").json(&body).send().await.violates(expected);
    }
    assert_eq!(app.json("/tasks/1").await, task, "nothing was changed");
}

#[rstest]
#[tokio::test]
async fn content_types(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "t"})).await;
    for (method, path, kind, status) in [
        ("PATCH", "/tasks/1", "application/merge-patch+json", 200),
        ("PATCH", "/tasks/1", "application/json", 200),
        ("PATCH", "/tasks/1", "application/json; charset=utf-8", 200),
        ("PATCH", "/tasks/1", "Application/JSON", 200),
        ("PATCH", "/tasks/1", "text/plain", 415),
        ("PATCH", "/tasks/1", "application/json-patch+json", 415),
        ("PUT", "/tasks/1", "application/json", 200),
        ("PUT", "/tasks/1", "application/merge-patch+json", 415),
        ("PUT", "/tasks/1", "application/x-www-form-urlencoded", 415),
        ("POST", "/tasks", "application/json", 201),
        ("POST", "/tasks", "application/merge-patch+json", 415),
        ("POST", "/tasks", "application/jsonx", 415),
        ("POST", "/tasks", "nonsense", 415),
    ] {
        let call = app.call(method, path).header("content-type", kind).raw("{\"title\":\"u\"}");
        let answer = call.send().await;
        assert_eq!(answer.status, status, "{kind}: {}", answer.describe());
        if status == 415 {
            let _ = answer.problem(415, "unsupported-media-type");
        }
    }
    for (method, path) in [("PATCH", "/tasks/1"), ("PUT", "/tasks/1"), ("POST", "/tasks")] {
        let untyped = app.call(method, path).raw("{\"title\":\"u\"}").send().await;
        let _ = untyped.problem(415, "unsupported-media-type");
        let packed = app.call(method, path).header("content-encoding", "gzip").text("{}");
        let _ = packed.send().await.problem(415, "unsupported-media-type");
    }
}

/// Without `If-Match` the last one wins, but field by field.
#[rstest]
#[tokio::test]
async fn changes_to_different_fields_all_stay(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let changes = [
        json!({"title": "new"}),
        json!({"description": "new"}),
        json!({"status": "in_progress"}),
        json!({"priority": "high"}),
        json!({"assignee": "new"}),
        json!({"due_date": "2027-01-01T00:00:00.000000Z"}),
    ];
    for round in 1..=10 {
        let _ = app.create(json!({"title": "old"})).await;
        let writers: Vec<_> = changes
            .iter()
            .map(|change| {
                let (api, change) = ((*app).clone(), change.clone());
                tokio::spawn(async move {
                    api.patch(&format!("/tasks/{round}"), &change).await.expect(200)
                })
            })
            .collect();
        for writer in writers {
            let _ = writer.await.expect("no writer fails");
        }
        let task = app.json(&format!("/tasks/{round}")).await;
        for (field, value) in changes.iter().flat_map(|change| change.as_object().expect("object"))
        {
            assert_eq!(&task[field], value, "round {round}: {task}");
        }
        assert_eq!(task["version"], 1 + changes.len(), "{task}");
    }
}

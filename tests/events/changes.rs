//! What is told of a change, and that nothing is told of what is none.

use rstest::rstest;
use serde_json::json;

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::text;
use testkit::{App, Follower};

#[rstest]
#[tokio::test]
async fn carry_the_whole_task(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "before"})).await;
    let mut follower = Follower::now(app.base()).await;
    let body = json!({
        "title": "Ma tâche", "description": "two\nlines", "priority": "high", "assignee": "Ana",
        "due_date": "2026-12-24T18:00:00Z"
    });
    let created = app.create(body).await;
    let path = format!("/tasks/{}", text(&created, "id"));
    let updated = app.patch(&path, &json!({"status": "done"})).await.expect(200).json();
    let cleared = app.put("/tasks/2", &json!({"assignee": null})).await.expect(200).json();
    let _ = app.delete(&path).await.expect(204);

    let mut last = follower.last;
    for (event, task) in [
        ("task.created", &created),
        ("task.updated", &updated),
        ("task.updated", &cleared),
        ("task.deleted", &cleared),
    ] {
        let told = follower.task().await;
        assert_eq!((&*told.event, &told.data), (event, task));
        assert!(told.id > last, "{} after {last}", told.id);
        last = told.id;
    }
}

#[rstest]
#[tokio::test]
async fn are_told_only_where_something_changed(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "t", "priority": "low"})).await;
    let mut follower = Follower::now(app.base()).await;
    let same = json!({"title": " t ", "priority": "low", "completed": false});
    let _ = app.patch("/tasks/1", &same).await.expect(200);
    let _ = app.patch("/tasks/1", &json!({})).await.expect(200);
    let _ = app.patch("/tasks/1", &json!({"title": ""})).await.expect(422);
    let _ = app.post("/tasks", &json!({"title": "", "x": 1})).await.expect(422);
    for method in ["PATCH", "DELETE"] {
        let call = app.call(method, "/tasks/1").header("if-match", "\"x\"");
        let _ = call.json(&json!({"title": "other"})).send().await.expect(412);
    }
    let _ = app.delete("/tasks/2").await.expect(404);
    // A write that fails in the database leaves nothing behind.
    let mut side = app.database.connect().await;
    side.execute("BEGIN").await;
    side.execute(
        "INSERT INTO task_events (kind, task_id, number, title, status, priority, created_at, updated_at, version) \
         SELECT 'updated', id, number, 'rolled back', status, priority, created_at, updated_at, version FROM tasks",
    )
    .await;
    side.execute("ROLLBACK").await;
    let _ = app.patch("/tasks/1", &json!({"title": "u"})).await.expect(200);
    let told = follower.task().await;
    assert_eq!((&*told.event, told.title()), ("task.updated", "u"));
    let rows = side.integer("SELECT count(*) FROM task_events").await;
    assert_eq!(rows, 2, "one for the task, one for its change");
}

/// A database that refuses the event refuses the change.
#[rstest]
#[tokio::test]
async fn no_change_without_its_event(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "t"})).await;
    let mut side = app.database.connect().await;
    match on {
        Sqlite => {
            side.execute(
                "CREATE TRIGGER refuse BEFORE INSERT ON task_events BEGIN SELECT RAISE(ABORT, 'no'); END",
            )
            .await;
        }
        Postgres => {
            side.execute("ALTER TABLE task_events ADD CONSTRAINT refuse CHECK (false) NOT VALID")
                .await;
        }
    }
    let _ = app.post("/tasks", &json!({"title": "u"})).await.problem(500, "internal");
    let _ = app.patch("/tasks/1", &json!({"title": "u"})).await.problem(500, "internal");
    let _ = app.delete("/tasks/1").await.problem(500, "internal");
    assert_eq!(app.titles("/tasks").await, ["t"]);
}

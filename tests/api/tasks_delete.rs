//! `DELETE /tasks/{ref}`.

use rstest::rstest;
use serde_json::json;

use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::text;

#[rstest]
#[tokio::test]
async fn a_deleted_task_is_gone(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let tasks = app.create_all(["a", "b", "c"].map(|title| json!({"title": title}))).await;
    let by_id = format!("/tasks/{}", text(&tasks[0], "id"));
    for path in [by_id.as_str(), "/tasks/2"] {
        let answer = app.delete(path).await.expect(204);
        assert!(answer.header("content-type").is_none(), "{}", answer.describe());
        let _ = app.get(path).await.problem(404, "not-found");
        let _ = app.delete(path).await.problem(404, "not-found");
        let _ = app.patch(path, &json!({"title": "x"})).await.problem(404, "not-found");
    }
    assert_eq!(app.titles("/tasks").await, ["c"]);
    assert!(app.titles("/tasks/search?q=a").await.is_empty(), "not to be found either");
}

/// Of many who delete the same task, one did it.
#[rstest]
#[tokio::test]
async fn only_one_deletes(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "x"})).await;
    let calls: Vec<_> = (0..8)
        .map(|_| {
            let api = (*app).clone();
            tokio::spawn(async move { api.delete("/tasks/1").await.status })
        })
        .collect();
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(call.await.expect("an answer"));
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 404, 404, 404, 404, 404, 404, 404]);
}

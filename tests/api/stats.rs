//! `GET /tasks/stats`.

use rstest::rstest;
use serde_json::json;

use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

#[rstest]
#[tokio::test]
async fn figures(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let empty = json!({
        "total": 0, "by_status": {"todo": 0, "in_progress": 0, "done": 0},
        "by_priority": {"low": 0, "medium": 0, "high": 0}, "overdue": 0, "completed_last_7_days": 0
    });
    assert_eq!(app.json("/tasks/stats").await, empty);
    let _ = app
        .create_all([
            json!({"title": "a", "due_date": "2000-01-01"}),
            json!({"title": "b", "status": "done", "due_date": "2000-01-01", "priority": "high"}),
            json!({"title": "c", "status": "done"}),
            json!({"title": "d", "status": "in_progress", "due_date": "9000-01-01"}),
        ])
        .await;
    let all = json!({
        "total": 4, "by_status": {"todo": 1, "in_progress": 1, "done": 2},
        "by_priority": {"low": 0, "medium": 3, "high": 1}, "overdue": 1, "completed_last_7_days": 2
    });
    assert_eq!(app.json("/tasks/stats").await, all);
    let high = json!({
        "total": 1, "by_status": {"todo": 0, "in_progress": 0, "done": 1},
        "by_priority": {"low": 0, "medium": 0, "high": 1}, "overdue": 0, "completed_last_7_days": 1
    });
    assert_eq!(app.json("/tasks/stats?priority=high").await, high);
    assert_eq!(app.json("/tasks/stats?q=nothing").await, empty);

    // Reopened, it was not completed; completed eight days ago, it was not lately.
    let _ = app.patch("/tasks/2", &json!({"completed": false})).await.expect(200);
    let mut side = app.database.connect().await;
    side.execute(match on {
        Sqlite => "UPDATE tasks SET completed_at = completed_at - 691200000000 WHERE number = 3",
        Postgres => {
            "UPDATE tasks SET completed_at = completed_at - interval '8 days' WHERE number = 3"
        }
    })
    .await;
    let stats = app.json("/tasks/stats").await;
    assert_eq!((&stats["completed_last_7_days"], &stats["overdue"]), (&json!(0), &json!(2)));
}

//! `GET /tasks/stats/daily`.

use rstest::rstest;
use serde_json::{Value, json};

use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

/// The members of the last days, without the dates.
fn last(days: &Value, count: usize) -> Vec<Value> {
    let days = days.as_array().expect("a list");
    let figures = |day: &Value| json!([day["created"], day["completed"], day["open"]]);
    days[days.len() - count..].iter().map(figures).collect()
}

#[rstest]
#[tokio::test]
async fn every_day_is_there_and_today_is_last(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let empty = app.json("/tasks/stats/daily").await;
    let dates: Vec<_> =
        empty.as_array().expect("a list").iter().map(|day| day["date"].clone()).collect();
    assert_eq!(dates.len(), 30);
    assert!(dates.is_sorted_by(|a, b| a.as_str() < b.as_str()), "{dates:?}");
    assert_eq!(last(&empty, 2), [json!([0, 0, 0]), json!([0, 0, 0])]);

    let made =
        app.create_all([json!({"title": "a"}), json!({"title": "b"}), json!({"title": "c"})]).await;
    let _ = app.patch("/tasks/1", &json!({"completed": true})).await.expect(200);
    let today = app.json("/tasks/stats/daily?days=1").await;
    let date = made[0]["created_at"].as_str().expect("a time")[..10].to_owned();
    // At midnight the day may have changed in between.
    if today[0]["date"] == date {
        assert_eq!(today, json!([{"date": date, "created": 3, "completed": 1, "open": 2}]));
    }

    // Made two days earlier, and completed the day before; what is reopened was not completed.
    let mut side = app.database.connect().await;
    let day = match on {
        Sqlite => ["86400000000", "172800000000"],
        Postgres => ["interval '1 day'", "interval '2 days'"],
    };
    side.execute(&format!(
        "UPDATE tasks SET created_at = created_at - {}, completed_at = completed_at - {}",
        day[1], day[0]
    ))
    .await;
    let days = app.json("/tasks/stats/daily?days=4").await;
    if days[3]["date"] == date {
        let expected = [json!([0, 0, 0]), json!([3, 0, 3]), json!([0, 1, 2]), json!([0, 0, 2])];
        assert_eq!(last(&days, 4), expected);
        let _ = app.patch("/tasks/1", &json!({"completed": false})).await.expect(200);
        let _ = app.delete("/tasks/2").await.expect(204);
        let days = app.json("/tasks/stats/daily?days=4").await;
        assert_eq!(last(&days, 3), [json!([2, 0, 2]), json!([0, 0, 2]), json!([0, 0, 2])]);
    }
    let year = app.json("/tasks/stats/daily?days=366").await;
    assert_eq!(year.as_array().map(Vec::len), Some(366));
}

#[rstest]
#[case("days=0", "days out_of_range")]
#[case("days=367", "days out_of_range")]
#[case("days=", "days empty")]
#[case("days=x", "days invalid_number")]
#[case("days=1&days=2", "days repeated")]
#[case("status=done", "status unknown_parameter")]
#[tokio::test]
async fn a_bad_question(#[case] query: &str, #[case] expected: &str) {
    let app = App::start(Sqlite).await;
    app.get(&format!("/tasks/stats/daily?{query}")).await.violates(&[expected]);
}

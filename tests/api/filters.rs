//! The filters, each alone and together: AND between them, OR within one.

use rstest::rstest;
use serde_json::json;

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{App, Database};

#[rstest]
#[tokio::test]
async fn filters(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app
        .create_all([
            json!({"title": "a", "status": "todo", "priority": "low", "assignee": "Ann",
                "due_date": "2000-01-01"}),
            json!({"title": "b", "status": "in_progress", "priority": "high", "assignee": "ann",
                "due_date": "2000-01-02T12:00:00Z"}),
            json!({"title": "c", "status": "done", "priority": "high", "assignee": "Smith, J",
                "due_date": "2000-01-01"}),
            json!({"title": "d", "status": "todo", "due_date": "9000-01-01"}),
            json!({"title": "e", "status": "done", "assignee": "Zoë %_\\"}),
        ])
        .await;
    for (query, expected) in [
        ("", "abcde"),
        ("status=todo", "ad"),
        ("status=todo,done", "acde"),
        ("status=todo&status=in_progress", "abd"),
        ("status=todo,todo", "ad"),
        ("status=todo,in_progress,done", "abcde"),
        ("priority=high", "bc"),
        ("priority=low,high", "abc"),
        ("priority=low&priority=medium", "ade"),
        ("assignee=Ann", "a"),
        ("assignee=ANN", ""),
        ("assignee=Ann,ann", "ab"),
        ("assignee=Ann&assignee=ann", "ab"),
        ("assignee=", "d"),
        ("assignee=&assignee=Ann", "ad"),
        // Repeated, it is taken literally: so one with a comma can be asked for.
        ("assignee=Smith,%20J&assignee=ann", "bc"),
        ("assignee=Smith,%20J&assignee=Smith,%20J", "c"),
        ("assignee=Zo%C3%AB%20%25_%5C", "e"),
        ("assignee=Zo%C3%AB+%25_%5C", "e"),
        ("assignee=%25", ""),
        ("due_after=2000-01-01", "abcd"),
        ("due_after=2000-01-01T00:00:00.000001Z", "bd"),
        ("due_before=2000-01-01", ""),
        ("due_before=2000-01-01T00:00:00.000001Z", "ac"),
        ("due_after=2000-01-02T13:00:00%2B01:00&due_before=9000-01-01", "b"),
        ("due_after=2000-01-02&due_before=2000-01-01", ""),
        ("due_before=9999-12-31", "abcd"),
        ("overdue=true", "ab"),
        ("overdue=false", "cde"),
        ("overdue=true&priority=high", "b"),
        ("overdue=true&status=done", ""),
        ("status=todo&assignee=", "d"),
        ("status=todo,done&priority=low,high&assignee=Ann,nobody", "a"),
        ("q=&status=todo", "ad"),
        ("q=%20%20", "abcde"),
    ] {
        let titles = app.titles(&format!("/tasks?sort=number&{query}")).await.concat();
        assert_eq!(titles, expected, "{query}");
        let total = app.json(&format!("/tasks/count?{query}")).await["total"].clone();
        assert_eq!(total, expected.len(), "count: {query}");
        let stats = app.json(&format!("/tasks/stats?{query}")).await["total"].clone();
        assert_eq!(stats, expected.len(), "stats: {query}");
    }
}

#[rstest]
#[tokio::test]
async fn a_filter_that_is_one_of_several_is_checked_too(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    for (query, expected) in [
        ("status=todo,open", &["status not_allowed"][..]),
        ("status=todo,", &["status not_allowed"]),
        ("priority=low&priority=x", &["priority not_allowed"]),
        (
            "status=x&priority=y&due_after=z&overdue=w",
            &[
                "status not_allowed",
                "priority not_allowed",
                "due_after invalid_date",
                "overdue invalid_boolean",
            ],
        ),
    ] {
        for path in ["/tasks", "/tasks/count", "/tasks/stats"] {
            let answer = app.get(&format!("{path}?{query}")).await.problem(422, "validation");
            let mut found = answer.violations();
            found.dedup();
            let mut expected: Vec<_> = expected.iter().map(ToString::to_string).collect();
            expected.sort();
            // An empty alternative may also be said to be empty.
            let found: Vec<_> = found
                .into_iter()
                .map(|one| one.replace("status empty", "status not_allowed"))
                .collect();
            assert_eq!(found, expected, "{}", answer.describe());
        }
    }
}

/// Neither the server's time zone nor the database's moves a date.
#[rstest]
#[tokio::test]
async fn no_time_zone_matters(#[values(Sqlite, Postgres)] on: Backend) {
    let database = Database::migrated(on).await;
    if on == Postgres {
        let name = database.url.rsplit('/').next().expect("a name");
        let sql = format!("ALTER DATABASE \"{name}\" SET timezone = 'Pacific/Kiritimati'");
        database.connect().await.execute(&sql).await;
    }
    let app = App::on(database, &[("TZ", "Pacific/Kiritimati")]).await;
    let task = app.create(json!({"title": "t", "due_date": "2026-12-24"})).await;
    assert_eq!(task["due_date"], "2026-12-24T00:00:00.000000Z");
    assert_eq!(app.json("/tasks/1").await, task);
    for (query, found) in [
        ("due_after=2026-12-24", 1),
        ("due_before=2026-12-24", 0),
        ("due_before=2026-12-24T00:00:00.000001", 1),
        ("due_after=2026-12-24T00:00:00.000001", 0),
    ] {
        assert_eq!(app.titles(&format!("/tasks?{query}")).await.len(), found, "{query}");
    }
}

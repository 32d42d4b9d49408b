//! `GET /tasks` and its two sisters: paging by `skip`, order, totals, and what a list refuses.

use rstest::rstest;
use serde_json::{Value, json};

use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

const LISTS: [&str; 3] = ["/tasks?", "/tasks/search?q=t&", "/tasks/filter/todo?"];

async fn with_tasks(on: Backend, count: usize) -> App {
    let app = App::start(on).await;
    for number in 1..=count {
        let _ = app.create(json!({"title": format!("t{number}")})).await;
    }
    app
}

#[rstest]
#[tokio::test]
async fn pages(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    assert_eq!(app.json("/tasks").await, json!([]));
    assert!(app.get("/tasks").await.next().is_none());
    let _ = app.create_all((1..=5).map(|n| json!({"title": format!("t{n}")}))).await;
    for list in LISTS {
        for (query, expected, more) in [
            ("sort=number", &["t1", "t2", "t3", "t4", "t5"][..], false),
            ("sort=number&limit=5", &["t1", "t2", "t3", "t4", "t5"], false),
            ("sort=number&limit=2", &["t1", "t2"], true),
            ("sort=number&limit=2&skip=1", &["t2", "t3"], true),
            ("sort=number&limit=2&skip=3", &["t4", "t5"], false),
            ("sort=number&limit=1&skip=4", &["t5"], false),
            ("sort=number&skip=5", &[], false),
            ("sort=number&skip=9223372036854775807", &[], false),
            ("limit=2", &["t5", "t4"], true),
            ("limit=1000&skip=0", &["t5", "t4", "t3", "t2", "t1"], false),
        ] {
            let answer = app.get(&format!("{list}{query}")).await.expect(200);
            assert_eq!(testkit::client::titles(&answer.json()), expected, "{list}{query}");
            assert_eq!(answer.next().is_some(), more, "{}", answer.describe());
            assert!(answer.header("x-total-count").is_none(), "never counted unasked");
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_hundred_rows_unless_asked(#[values(Sqlite, Postgres)] on: Backend) {
    let app = with_tasks(on, 101).await;
    let answer = app.get("/tasks").await.expect(200);
    assert_eq!(answer.json().as_array().map(Vec::len), Some(100));
    assert!(answer.next().is_some());
    assert_eq!(app.json("/tasks?limit=1000").await.as_array().map(Vec::len), Some(101));
}

#[rstest]
#[tokio::test]
async fn total_counts_all_pages(#[values(Sqlite, Postgres)] on: Backend) {
    let app = with_tasks(on, 3).await;
    let _ = app.patch("/tasks/1", &json!({"status": "done"})).await.expect(200);
    for (path, total) in [
        ("/tasks?count=true&limit=1", Some("3")),
        ("/tasks?count=true&limit=1&skip=2", Some("3")),
        ("/tasks?count=true&status=done", Some("1")),
        ("/tasks/filter/todo?count=true", Some("2")),
        ("/tasks/search?q=t1&count=true", Some("1")),
        ("/tasks?count=false", None),
        ("/tasks", None),
    ] {
        let answer = app.get(path).await.expect(200);
        assert_eq!(answer.header("x-total-count").as_deref(), total, "{path}");
        if let Some(next) = answer.next() {
            assert_eq!(app.get(&next).await.expect(200).header("x-total-count").as_deref(), total);
        }
    }
}

#[rstest]
#[tokio::test]
async fn orders(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app
        .create_all([
            json!({"title": "b", "priority": "low", "due_date": "2026-01-02", "status": "done"}),
            json!({"title": "Á", "priority": "high"}),
            json!({"title": "a b", "priority": "medium", "due_date": "2026-01-01", "status": "in_progress"}),
            json!({"title": "Z", "priority": "high", "due_date": "2026-01-03T00:00:00.000001Z"}),
            json!({"title": "ß", "priority": "medium", "due_date": "2026-01-03", "status": "done"}),
            json!({"title": "_", "priority": "low"}),
        ])
        .await;
    let _ = app.patch("/tasks/2", &json!({"description": "touched"})).await.expect(200);
    // Folded titles by code point: "_" (U+005F) "a" "a b" "b" "ss" "z". Nulls last either way, and
    // ties by id, which is the order of creation.
    for (sort, numbers) in [
        ("number", [1, 2, 3, 4, 5, 6]),
        ("-number", [6, 5, 4, 3, 2, 1]),
        ("created_at", [1, 2, 3, 4, 5, 6]),
        ("-created_at", [6, 5, 4, 3, 2, 1]),
        ("updated_at", [1, 3, 4, 5, 6, 2]),
        ("-updated_at", [2, 6, 5, 4, 3, 1]),
        ("due_date", [3, 1, 5, 4, 2, 6]),
        ("-due_date", [4, 5, 1, 3, 2, 6]),
        ("completed_at", [1, 5, 2, 3, 4, 6]),
        ("-completed_at", [5, 1, 2, 3, 4, 6]),
        ("priority", [1, 6, 3, 5, 2, 4]),
        ("-priority", [2, 4, 3, 5, 1, 6]),
        ("status", [2, 4, 6, 3, 1, 5]),
        ("-status", [1, 5, 3, 2, 4, 6]),
        ("title", [6, 2, 3, 1, 5, 4]),
        ("-title", [4, 5, 1, 3, 2, 6]),
        ("priority,-due_date", [1, 6, 5, 3, 4, 2]),
        ("-status,priority,title", [1, 5, 3, 6, 2, 4]),
        ("status,-number", [6, 4, 2, 3, 5, 1]),
    ] {
        let list = app.json(&format!("/tasks?sort={sort}")).await;
        let found: Vec<_> = list
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|task| task["number"].as_i64())
            .collect();
        assert_eq!(found, numbers, "{sort}");
    }
}

#[rstest]
#[tokio::test]
async fn what_a_list_refuses(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    for list in LISTS {
        for (query, expected) in [
            ("limit=0", &["limit out_of_range"][..]),
            ("limit=1001", &["limit out_of_range"]),
            ("limit=-1", &["limit out_of_range"]),
            ("limit=x", &["limit invalid_number"]),
            ("limit=1.5", &["limit invalid_number"]),
            ("limit=", &["limit empty"]),
            ("limit=1&limit=1", &["limit repeated"]),
            ("skip=-1", &["skip out_of_range"]),
            ("skip=x", &["skip invalid_number"]),
            ("skip=", &["skip empty"]),
            ("skip=0&skip=0", &["skip repeated"]),
            ("skip=9223372036854775808", &["skip out_of_range"]),
            ("sort=", &["sort empty"]),
            ("sort=id", &["sort not_allowed"]),
            ("sort=Title", &["sort not_allowed"]),
            ("sort=title,", &["sort not_allowed"]),
            ("sort=title,-title", &["sort duplicate"]),
            ("sort=title&sort=number", &["sort repeated"]),
            ("count=yes", &["count invalid_boolean"]),
            ("count=1", &["count invalid_boolean"]),
            ("count=", &["count empty"]),
            ("count=true&count=true", &["count repeated"]),
            ("overdue=maybe", &["overdue invalid_boolean"]),
            ("overdue=", &["overdue empty"]),
            ("due_after=soon", &["due_after invalid_date"]),
            ("due_before=2026-13-01", &["due_before invalid_date"]),
            ("due_after=2026-01-01&due_after=2026-01-01", &["due_after repeated"]),
            ("due_before=", &["due_before empty"]),
            ("priority=urgent", &["priority not_allowed"]),
            ("priority=", &["priority empty"]),
            ("cursor=", &["cursor empty"]),
            ("cursor=AAAA", &["cursor invalid_cursor"]),
            ("cursor=%21", &["cursor invalid_cursor"]),
            ("stauts=done", &["stauts unknown_parameter"]),
            ("Limit=1", &["Limit unknown_parameter"]),
            ("a%20b=1", &["a b unknown_parameter"]),
            (
                "limit=0&skip=-1&sort=x&count=2&foo=1",
                &[
                    "limit out_of_range",
                    "skip out_of_range",
                    "sort not_allowed",
                    "count invalid_boolean",
                    "foo unknown_parameter",
                ],
            ),
        ] {
            app.get(&format!("{list}{query}")).await.violates(expected);
        }
    }
    app.get("/tasks?status=").await.violates(&["status empty"]);
    app.get("/tasks?status=Done").await.violates(&["status not_allowed"]);
}

#[rstest]
#[tokio::test]
async fn limits_that_no_integer_holds(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    for query in ["limit=99999999999999999999", "skip=99999999999999999999999"] {
        let answer = app.get(&format!("/tasks?{query}")).await.problem(422, "validation");
        assert_eq!(answer.violations().len(), 1, "{}", answer.describe());
    }
}

#[rstest]
#[tokio::test]
async fn malformed_queries(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    for list in ["/tasks", "/tasks/count", "/tasks/stats", "/tasks/search", "/tasks/filter/todo"] {
        for query in
            ["q=%", "q=%zz", "q=%f", "q=%ff", "q=%c3%28", "%e9=1", "limit=1&assignee=%ed%a0%80"]
        {
            let answer = app.get(&format!("{list}?{query}")).await.problem(400, "malformed-query");
            let detail = answer.json()["detail"].as_str().map(str::len);
            assert!(detail > Some(10), "says what and where: {}", answer.describe());
        }
    }
}

#[rstest]
#[tokio::test]
async fn by_status_in_the_path(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app
        .create_all(["todo", "in_progress", "done"].map(|s| json!({"title": s, "status": s})))
        .await;
    for status in ["todo", "in_progress", "done"] {
        assert_eq!(app.titles(&format!("/tasks/filter/{status}")).await, [status]);
    }
    for unknown in ["open", "Done", "todo,done", "todo%20", "%00"] {
        let answer = app.get(&format!("/tasks/filter/{unknown}")).await;
        answer.violates(&["status not_allowed"]);
        let said = answer.json()["errors"][0]["detail"].as_str().unwrap_or_default().to_owned();
        for word in ["todo", "in_progress", "done"] {
            assert!(said.contains(word), "names the three: {said}");
        }
    }
    app.get("/tasks/filter/todo?status=todo").await.violates(&["status conflict"]);
    for path in ["/tasks/filter", "/tasks/filter/", "/tasks/filter/todo/"] {
        let _ = app.get(path).await.problem(404, "not-found");
    }
}

#[rstest]
#[tokio::test]
async fn the_count(#[values(Sqlite, Postgres)] on: Backend) {
    let app = with_tasks(on, 3).await;
    let _ = app.patch("/tasks/2", &json!({"status": "done", "assignee": "a"})).await.expect(200);
    for (query, total) in [
        ("", 3),
        ("?status=done", 1),
        ("?status=done&assignee=", 0),
        ("?assignee=", 2),
        ("?q=T", 3),
        ("?q=t1", 1),
        ("?overdue=false", 3),
        ("?priority=medium,high", 3),
        ("?due_after=2026-01-01", 0),
    ] {
        let body: Value = app.json(&format!("/tasks/count{query}")).await;
        assert_eq!(body, json!({"total": total}), "{query}");
    }
    for parameter in ["limit=1", "skip=0", "sort=title", "count=true", "cursor=x", "x=1"] {
        let name = parameter.split('=').next().expect("a name");
        for path in ["/tasks/count", "/tasks/stats"] {
            let expected = format!("{name} unknown_parameter");
            app.get(&format!("{path}?{parameter}")).await.violates(&[&expected]);
        }
    }
}

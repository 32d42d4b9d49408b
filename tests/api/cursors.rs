//! `Link: rel="next"` and `cursor`: a walk over all pages, while the list changes, and across replicas.

use std::collections::BTreeSet;

use rstest::rstest;
use serde_json::{Value, json};

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::{text, titles};
use testkit::{Api, App};

/// Follows `next` links from `path` to the end and returns the rows of all pages.
async fn walk(api: &Api, path: &str) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut next = Some(path.to_owned());
    while let Some(path) = next {
        let answer = api.get(&path).await.expect(200);
        let page = answer.json().as_array().expect("a list").clone();
        next = answer.next();
        assert!(next.is_none() || !page.is_empty(), "{}", answer.describe());
        rows.extend(page);
        assert!(rows.len() <= 1000, "the walk does not end");
    }
    rows
}

fn cursor_of(link: &str) -> String {
    let (_, rest) = link.split_once("cursor=").expect("a cursor");
    rest.split('&').next().unwrap_or_default().to_owned()
}

async fn varied(on: Backend) -> App {
    let app = App::start(on).await;
    for number in 0..24 {
        let title = ["same", "Ähnlich", "ahnlich", "z"][number % 4];
        let priority = ["low", "medium", "high"][number % 3];
        let status = ["todo", "done", "in_progress", "todo", "todo"][number % 5];
        let mut task = json!({"title": title, "priority": priority, "status": status});
        if number % 3 != 0 {
            task["due_date"] = json!(format!("2026-01-{:02}", number % 4 + 1));
        }
        let _ = app.create(task).await;
    }
    app
}

#[rstest]
#[tokio::test]
async fn pages_join_to_the_whole_list(#[values(Sqlite, Postgres)] on: Backend) {
    let app = varied(on).await;
    let fields = [
        "created_at",
        "updated_at",
        "due_date",
        "completed_at",
        "priority",
        "status",
        "title",
        "number",
    ];
    let mut sorts: Vec<String> =
        fields.iter().flat_map(|f| [(*f).to_owned(), format!("-{f}")]).collect();
    sorts.extend(
        [
            "priority,-due_date",
            "-due_date,title",
            "-status,completed_at,-title",
            "title,-due_date,priority",
        ]
        .map(ToOwned::to_owned),
    );
    for sort in sorts {
        let whole = app.json(&format!("/tasks?sort={sort}")).await;
        for limit in [1, 5, 7, 24] {
            let walked = walk(&app, &format!("/tasks?sort={sort}&limit={limit}")).await;
            assert_eq!(json!(walked), whole, "sort={sort}&limit={limit}");
        }
        // The walk may begin with skip.
        let skipped = walk(&app, &format!("/tasks?sort={sort}&limit=5&skip=3")).await;
        assert_eq!(skipped[..], whole.as_array().expect("a list")[3..], "sort={sort}&skip=3");
    }
}

#[rstest]
#[tokio::test]
async fn rows_that_come_and_go_neither_repeat_nor_hide(#[values(Sqlite, Postgres)] on: Backend) {
    let app = varied(on).await;
    let before: BTreeSet<String> = walk(&app, "/tasks?limit=100")
        .await
        .iter()
        .map(|task| text(task, "id").to_owned())
        .collect();
    let mut seen = Vec::new();
    let mut next = Some("/tasks?limit=4".to_owned());
    while let Some(path) = next {
        let answer = app.get(&path).await.expect(200);
        let page = answer.json().as_array().expect("a list").clone();
        seen.extend(page.iter().map(|task| text(task, "id").to_owned()));
        next = answer.next();
        // New rows stand before the place; the row the cursor was made from goes.
        let _ = app.create(json!({"title": "new"})).await;
        if let Some(last) = page.last().filter(|_| next.is_some()) {
            let _ = app.delete(&format!("/tasks/{}", text(last, "id"))).await.expect(204);
        }
    }
    let unique: BTreeSet<_> = seen.iter().cloned().collect();
    assert_eq!(unique.len(), seen.len(), "none twice");
    assert_eq!(unique, before, "none left out, none of the new");
}

#[rstest]
#[tokio::test]
async fn a_link_carries_the_list(#[values(Sqlite, Postgres)] on: Backend) {
    let app = varied(on).await;
    for path in [
        "/tasks?limit=2&status=todo,done&priority=low&priority=high&sort=-priority,title&count=true",
        "/tasks/search?q=%C3%84HN%20&limit=2",
        "/tasks/filter/todo?limit=2&due_after=2026-01-01T00:00:00%2B01:00&overdue=false",
        "/tasks?limit=2&assignee=",
        "/tasks?limit=2&assignee=&assignee=a%2Cb",
    ] {
        let all = path.replace("limit=2", "limit=1000");
        let walked = walk(&app, path).await;
        assert_eq!(json!(walked), app.json(&all).await, "{path}");
        let answer = app.get(path).await;
        if let Some(next) = answer.next() {
            assert_eq!(next.split('?').next(), path.split('?').next(), "the same path");
            assert!(!next.contains("skip="), "{next}");
            let followed = app.get(&next).await.expect(200);
            assert_eq!(followed.header("x-total-count"), answer.header("x-total-count"), "{next}");
        }
    }
}

#[rstest]
#[tokio::test]
async fn a_cursor_belongs_to_its_list(#[values(Sqlite, Postgres)] on: Backend) {
    let app = varied(on).await;
    let first = app.get("/tasks?sort=title&status=todo&limit=2").await.expect(200);
    let cursor = cursor_of(&first.next().expect("more rows"));
    // Another limit, or the same filters in other words, is the same list.
    for query in [
        "sort=title&status=todo&limit=5",
        "sort=title&status=todo",
        "status=todo,todo&sort=title&limit=1",
        "sort=title&status=todo&count=true",
    ] {
        let page = app.get(&format!("/tasks?{query}&cursor={cursor}")).await.expect(200);
        let whole = app.titles("/tasks?sort=title&status=todo").await;
        assert_eq!(titles(&page.json())[0], whole[2], "{query}");
    }
    for other in [
        "/tasks?status=todo&sort=-title&",
        "/tasks?status=todo&",
        "/tasks?sort=title&",
        "/tasks?sort=title&status=done&",
        "/tasks?sort=title&status=todo&priority=low&",
        "/tasks?sort=title&status=todo&q=x&",
        "/tasks/filter/todo?sort=title&",
        "/tasks/search?q=a&sort=title&status=todo&",
    ] {
        app.get(&format!("{other}cursor={cursor}")).await.violates(&["cursor invalid_cursor"]);
    }
    let list = "/tasks?sort=title&status=todo";
    for at in 0..cursor.len() {
        let mut damaged = cursor.clone().into_bytes();
        damaged[at] = if damaged[at] == b'A' { b'B' } else { b'A' };
        let damaged = String::from_utf8(damaged).expect("ASCII");
        app.get(&format!("{list}&cursor={damaged}")).await.violates(&["cursor invalid_cursor"]);
    }
    for damaged in
        [&cursor[1..], &cursor[..cursor.len() - 1], &format!("{cursor}A"), "x", "%F0%9F%A6%80"]
    {
        app.get(&format!("{list}&cursor={damaged}")).await.violates(&["cursor invalid_cursor"]);
    }
    for skip in [0, 1] {
        let answer = app.get(&format!("{list}&cursor={cursor}&skip={skip}")).await;
        let found = answer.violations();
        assert!(
            !found.is_empty() && found.iter().all(|one| one.ends_with(" conflict")),
            "{found:?}"
        );
        let _ = answer.problem(422, "validation");
    }
    let twice = app.get(&format!("{list}&cursor={cursor}&cursor={cursor}")).await;
    twice.violates(&["cursor repeated"]);
}

#[rstest]
#[tokio::test]
async fn a_cursor_works_on_another_replica(#[values(Sqlite, Postgres)] on: Backend) {
    let app = varied(on).await;
    let whole = app.json("/tasks?sort=-priority,title").await;
    let answer = app.get("/tasks?sort=-priority,title&limit=10").await.expect(200);
    let next = answer.next().expect("more rows");
    let (_server, replica) = app.replica(&[]).await;
    assert_eq!(walk(&replica, &next).await[..], whole.as_array().expect("a list")[10..]);
    // A restart is a new process, as the replica is.
    assert_eq!(walk(&app, &next).await[..], whole.as_array().expect("a list")[10..]);
}

/// Whatever else is wrong; of another list it can be only where it is known which list is meant.
#[rstest]
#[tokio::test]
async fn a_wrong_cursor_is_listed_beside_what_else_is_wrong(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let app = varied(on).await;
    let first = app.get("/tasks?sort=title&status=todo&limit=2").await.expect(200);
    let cursor = cursor_of(&first.next().expect("more rows"));
    let damaged = &cursor[1..];
    for (query, expected) in [
        (format!("limit=0&cursor={damaged}"), &["cursor invalid_cursor", "limit out_of_range"][..]),
        (format!("limit=0&cursor={cursor}"), &["cursor invalid_cursor", "limit out_of_range"]),
        (format!("count=x&cursor={cursor}"), &["count invalid_boolean", "cursor invalid_cursor"]),
        (format!("foo=1&cursor={cursor}"), &["cursor invalid_cursor", "foo unknown_parameter"]),
        (format!("sort=x&cursor={damaged}"), &["cursor invalid_cursor", "sort not_allowed"]),
        (format!("sort=x&cursor={cursor}"), &["sort not_allowed"]),
        (format!("status=x&cursor={damaged}"), &["cursor invalid_cursor", "status not_allowed"]),
        (format!("status=x&cursor={cursor}"), &["status not_allowed"]),
        (format!("skip=1&cursor={damaged}"), &["cursor conflict", "cursor invalid_cursor"]),
        ("limit=x&cursor=".to_owned(), &["cursor empty", "limit invalid_number"]),
        (format!("sort=title&status=todo&limit=0&cursor={cursor}"), &["limit out_of_range"]),
    ] {
        app.get(&format!("/tasks?{query}")).await.violates(expected);
    }
}

//! Parameters that break a rule: all of them are listed, and each entry names the parameter and what is allowed.

use rstest::rstest;
use serde_json::{Value, json};

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Answer, App};

const DATE: &str = "an RFC 3339 date or timestamp such as 2026-12-24";
const SORT: &str = "a comma list of created_at, updated_at, due_date, completed_at, priority, status, title, number";
const ID: &str = "a whole number from 0 to 9007199254740991";
const SKIP: &str = "a whole number from 0 to 9223372036854775807";

/// A path, a parameter that may be given once, values that it must not have, and what the answer says of it.
const SINGLE: [(&str, &str, &[&str], &str); 14] = [
    ("/tasks", "limit", &["", "0", "1001", "-1", "x", "1.5"], "a whole number from 1 to 1000"),
    ("/tasks", "skip", &["", "-1", "x", "9223372036854775808"], SKIP),
    ("/tasks", "sort", &["", "x", "-", "title,", "title,-title"], SORT),
    ("/tasks", "count", &["", "1", "TRUE"], "true or false"),
    ("/tasks", "cursor", &["", "x"], "taken unchanged from a Link header of the same list"),
    ("/tasks", "due_after", &["", "tomorrow"], DATE),
    ("/tasks", "due_before", &["", "tomorrow"], DATE),
    ("/tasks", "overdue", &["", "yes"], "true or false"),
    ("/tasks/search", "q", &["", "%20"], "1 to 200 characters with at least one word"),
    ("/tasks/stats/daily", "days", &["", "0", "367", "x"], "a whole number from 1 to 366"),
    ("/tasks/export", "format", &["", "xml"], "one of json, csv, ics"),
    ("/tasks/export", "sort", &["", "x"], SORT),
    ("/tasks/events", "after", &["", "-1", "x"], ID),
    ("/tasks/events", "last_event_id", &["", "-1", "x"], ID),
];

/// The entries of an answer that are about a parameter.
fn about(answer: &Answer, name: &str) -> Vec<Value> {
    assert_eq!(answer.status, 422, "{}", answer.describe());
    let errors = answer.json()["errors"].as_array().expect("errors").clone();
    errors.into_iter().filter(|error| error["parameter"] == name).collect()
}

fn says(answer: &Answer, name: &str, code: Option<&str>, allowed: &str) {
    let errors = about(answer, name);
    assert!(!errors.is_empty(), "{name}: {}", answer.describe());
    for error in errors {
        let detail = error["detail"].as_str().expect("a detail");
        assert!(detail.starts_with(name) && detail.contains(allowed), "{allowed}: {detail}");
        assert!(code.is_none_or(|code| error["code"] == code), "{error}");
    }
}

#[rstest]
#[tokio::test]
async fn each_says_what_is_allowed(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    for (path, name, values, allowed) in SINGLE {
        for value in values {
            let code = value.is_empty().then_some("empty");
            let answer = app.get(&format!("{path}?{name}={value}")).await;
            says(&answer, name, code, allowed);
        }
        let twice = app.get(&format!("{path}?{name}=1&{name}=1")).await;
        says(&twice, name, Some("repeated"), allowed);
    }
    for path in ["/tasks", "/tasks/count", "/tasks/stats", "/tasks/export"] {
        for value in ["", "x", "todo,x"] {
            let answer = app.get(&format!("{path}?status={value}")).await;
            says(&answer, "status", None, "one of todo, in_progress, done");
            let answer = app.get(&format!("{path}?priority={value}")).await;
            says(&answer, "priority", None, "one of low, medium, high");
        }
    }
    let long = "a".repeat(201);
    says(
        &app.get(&format!("/tasks?q={long}")).await,
        "q",
        Some("too_long"),
        "at most 200 characters",
    );
    let answer = app.get(&format!("/tasks?assignee={long}")).await;
    says(&answer, "assignee", Some("too_long"), "at most 100 characters");
    let answer = app.get("/tasks/search").await;
    says(&answer, "q", Some("required"), "1 to 200 characters with at least one word");
    let answer = app.get("/tasks/stats/daily?day=1").await;
    assert!(about(&answer, "day")[0]["detail"].as_str().expect("a detail").contains("days"));
    let import = app.call("POST", "/tasks/import?dry_run=").json(&json!([])).send().await;
    says(&import, "dry_run", Some("empty"), "true or false");
    for key in ["", "a b"] {
        let call = app.call("POST", "/tasks").header("idempotency-key", key);
        let answer = call.json(&json!({"title": "t"})).send().await;
        says(&answer, "Idempotency-Key", Some("invalid_key"), "1 to 255 visible ASCII characters");
    }
}

#[rstest]
#[tokio::test]
async fn all_are_listed(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    app.get("/tasks?limit=&skip=x&sort=x&count=1&status=x&priority=&due_after=x&due_before=&overdue=x&foo=1&cursor=x")
        .await
        .violates(&[
            "count invalid_boolean",
            "cursor conflict",
            "cursor invalid_cursor",
            "due_after invalid_date",
            "due_before empty",
            "foo unknown_parameter",
            "limit empty",
            "overdue invalid_boolean",
            "priority empty",
            "skip invalid_number",
            "sort not_allowed",
            "status not_allowed",
        ]);
    app.get("/tasks/filter/x?status=todo&limit=0&cursor=x&q=%01").await.violates(&[
        "cursor invalid_cursor",
        "limit out_of_range",
        "q control_character",
        "status conflict",
        "status not_allowed",
    ]);
    let call = app.call("POST", "/tasks").header("idempotency-key", "a b");
    let answer = call.json(&json!({"status": null, "assignee": 1, "x": 1})).send().await;
    answer.violates(&[
        "/assignee invalid_type",
        "/status not_null",
        "/title required",
        "/x unknown_field",
        "Idempotency-Key invalid_key",
    ]);
}

/// Also where a value is of another type, or null.
#[rstest]
#[tokio::test]
async fn each_member_says_what_is_allowed(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    for (name, allowed) in [
        ("title", "a string of 1 to 200 characters"),
        ("description", "null or a string of at most 1000 characters"),
        ("status", "one of todo, in_progress, done"),
        ("priority", "one of low, medium, high"),
        ("completed", "true or false"),
        ("assignee", "null or a string of at most 100 characters"),
        ("due_date", DATE),
        (
            "other",
            "allowed fields: title, description, status, priority, completed, assignee, due_date",
        ),
    ] {
        for value in [json!(7), json!(null), json!([])] {
            let mut body = json!({"title": "t"});
            body[name] = value.clone();
            let answer = app.post("/tasks", &body).await;
            if value.is_null() && ["description", "assignee", "due_date"].contains(&name) {
                let _ = answer.expect(201);
                continue;
            }
            let error = answer.json()["errors"][0].clone();
            let detail = error["detail"].as_str().expect("a detail");
            assert!(detail.contains(name) && detail.contains(allowed), "{allowed}: {detail}");
        }
    }
}

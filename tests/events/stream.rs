//! The stream itself: its head, its parameters, its pulse and its end.

use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::json;

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{App, Follower};

#[rstest]
#[tokio::test]
async fn head(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let request = reqwest::Client::new().get(format!("{}/tasks/events", app.base()));
    let request = request.header("accept-encoding", "gzip, br, zstd");
    let response = request.header("x-request-id", "follow-me").send().await.expect("an answer");
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store"),
        ("x-accel-buffering", "no"),
        ("x-content-type-options", "nosniff"),
        ("x-request-id", "follow-me"),
    ] {
        let found = response.headers().get(name).and_then(|value| value.to_str().ok());
        assert_eq!(found, Some(value), "{name}");
    }
    assert!(response.headers().get("content-encoding").is_none(), "not held back to compress");
    let line = app.server.request_line("follow-me").await;
    assert_eq!(line["route"], "/tasks/events", "{line}");
    drop(response);

    let head = app.call("HEAD", "/tasks/events").send().await.expect(200);
    assert_eq!(head.header("content-type"), Some("text/event-stream".to_owned()));
    for method in ["POST", "PUT", "PATCH", "DELETE"] {
        let answer = app.call(method, "/tasks/events").json(&json!({"title": "t"})).send().await;
        let answer = answer.problem(405, "method-not-allowed");
        assert_eq!(answer.header("allow"), Some("GET,HEAD".to_owned()));
    }
}

#[rstest]
#[tokio::test]
async fn parameters(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let get = async |query: &str, header: Option<&str>| {
        let call = app.call("GET", &format!("/tasks/events{query}"));
        match header {
            Some(value) => call.header("last-event-id", value),
            None => call,
        }
        .send()
        .await
    };
    for bad in ["x", "-1", "1.5", "9223372036854775808", "0x1"] {
        let code = if bad.len() > 10 || bad == "-1" { "out_of_range" } else { "invalid_number" };
        get("", Some(bad)).await.violates(&[&format!("Last-Event-ID {code}")]);
        let parameter = get(&format!("?last_event_id={bad}"), None).await;
        parameter.violates(&[&format!("last_event_id {code}")]);
    }
    get("?last_event_id=", None).await.violates(&["last_event_id empty"]);
    get("?last_event_id=1&last_event_id=2", None).await.violates(&["last_event_id repeated"]);
    get("?last_event_id=x&limit=1", Some("y")).await.violates(&[
        "last_event_id invalid_number",
        "limit unknown_parameter",
        "Last-Event-ID invalid_number",
    ]);
    let _ = get("?last_event_id=%", None).await.problem(400, "malformed-query");
}

/// Neither the limit of a request nor silence ends a stream; a comment shows that it lives.
#[tokio::test]
async fn lasts() {
    let app = App::with(Sqlite, &[("REQUEST_TIMEOUT", "1s")]).await;
    let mut follower = Follower::now(app.base()).await;
    assert_eq!(follower.comments, 1, "at once");
    let begun = Instant::now();
    assert_eq!(follower.within(Duration::from_secs(22)).await, None, "nothing happens");
    assert!(follower.comments == 2, "{} comments", follower.comments);
    let _ = app.create(json!({"title": "t"})).await;
    assert_eq!(follower.task().await.title(), "t");
    assert!(begun.elapsed() > Duration::from_secs(20));
}

#[rstest]
#[tokio::test]
async fn ends_with_the_process(#[values(Sqlite, Postgres)] on: Backend) {
    let mut app = App::with(on, &[("SHUTDOWN_TIMEOUT", "60s")]).await;
    let mut followers = Vec::new();
    for _ in 0..5 {
        followers.push(Follower::now(app.base()).await);
    }
    let begun = Instant::now();
    app.server.signal("TERM");
    for follower in &mut followers {
        assert_eq!(follower.next().await, None, "the stream ends, cleanly");
    }
    assert_eq!(app.server.exit().await, Some(0), "{}", app.server.output());
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
    let said = app.server.output();
    assert!(said.contains("every request in flight was answered"), "{said}");
}

//! `Idempotency-Key`: a request that is sent again has its effect once.

use rstest::rstest;
use serde_json::{Value, json};

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::text;
use testkit::{Answer, Api, App, WITHIN, until};

async fn post(api: &Api, path: &str, key: &str, body: &Value) -> Answer {
    api.call("POST", path).header("idempotency-key", key).json(body).send().await
}

fn replayed(answer: &Answer) -> bool {
    let header = answer.header("idempotency-replayed");
    assert!(header.is_none() || header.as_deref() == Some("true"), "{}", answer.describe());
    header.is_some()
}

#[track_caller]
fn assert_same(again: &Answer, first: &Answer) {
    assert!(replayed(again) && !replayed(first), "{}", again.describe());
    assert_eq!((again.status, &again.body), (first.status, &first.body));
    for name in ["location", "etag", "content-type"] {
        assert_eq!(again.header(name), first.header(name), "{name}");
    }
}

#[rstest]
#[tokio::test]
async fn the_first_answer_again(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let body = json!({"title": "Ma tâche 🦀", "description": "\"\\\n"});
    let first = post(&app, "/tasks", "key-1", &body).await.expect(201);
    let task = first.json();
    assert_eq!(first.header("location"), Some(format!("/tasks/{}", text(&task, "id"))));
    assert_eq!(first.etag(), format!("\"{}.1\"", text(&task, "id")));
    assert_same(&post(&app, "/tasks", "key-1", &body).await, &first);
    // The same key, as the draft spells it; and on another replica.
    assert_same(&post(&app, "/tasks", "\"key-1\"", &body).await, &first);
    let (_server, api) = app.replica(&[]).await;
    assert_same(&post(&api, "/tasks", "key-1", &body).await, &first);
    // What has become of the task meanwhile does not matter.
    let _ = app.delete("/tasks/1").await.expect(204);
    assert_same(&post(&app, "/tasks", "key-1", &body).await, &first);
    assert_eq!(app.json("/tasks/count").await["total"], 0);
    // Without a key, and with another one, it is another request.
    let _ = app.post("/tasks", &body).await.expect(201);
    assert!(!replayed(&post(&app, "/tasks", "key-2", &body).await.expect(201)));
    assert_eq!(app.json("/tasks/count").await["total"], 2);
}

#[rstest]
#[tokio::test]
async fn bulk_has_keys_too(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let body = json!({"operations": [
        {"op": "create", "task": {"title": "a"}},
        {"op": "update", "id": 1, "task": {"priority": "high"}},
        {"op": "delete", "id": 2}
    ]});
    app.create_all(["t", "u"].map(|title| json!({"title": title}))).await;
    let first = post(&app, "/tasks/bulk", "k", &body).await.expect(200);
    assert_same(&post(&app, "/tasks/bulk", "k", &body).await, &first);
    assert_eq!(app.json("/tasks/count").await["total"], 2);
    assert_eq!(app.json("/tasks/1").await["version"], 2);
}

#[rstest]
#[tokio::test]
async fn a_file_is_imported_once(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let import = async |query: &str, key: &str| {
        let call = app.call("POST", &format!("/tasks/import{query}"));
        let call = call.header("content-type", "text/csv").header("idempotency-key", key);
        call.raw("title\r\na\r\nb\r\n").send().await
    };
    let _ = import("?dry_run=true", "k").await.expect(200);
    let first = import("", "k").await.expect(200);
    assert_eq!(first.json()["created"], 2);
    assert_same(&import("", "k").await, &first);
    let reused = import("?dry_run=false", "k").await;
    let _ = reused.problem(422, "idempotency-key-reused");
    import("?x=1", "a b").await.violates(&["Idempotency-Key invalid_key", "x unknown_parameter"]);
    assert_eq!(app.titles("/tasks?sort=number").await, ["a", "b"]);
}

#[rstest]
#[tokio::test]
async fn a_key_stands_for_one_request(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let body = json!({"title": "a"});
    let first = post(&app, "/tasks", "k", &body).await.expect(201);
    let call = |path: &str, text: &str| {
        app.call("POST", path).header("idempotency-key", "k").text(text.to_owned())
    };
    let bulk = r#"{"operations":[{"op":"create","task":{"title":"a"}}]}"#;
    for (path, text) in [
        ("/tasks", r#"{"title":"b"}"#),
        ("/tasks", r#"{"title": "a"}"#),
        ("/tasks?x=1", r#"{"title":"a"}"#),
        ("/tasks/bulk", bulk),
    ] {
        let answer = call(path, text).send().await.problem(422, "idempotency-key-reused");
        assert_eq!(answer.violations(), ["Idempotency-Key key_reused"], "{path} {text}");
    }
    assert_same(&post(&app, "/tasks", "k", &body).await, &first);
    assert_eq!(app.json("/tasks/count").await["total"], 1);
}

#[rstest]
#[tokio::test]
async fn what_failed_may_be_sent_again_corrected(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    post(&app, "/tasks", "k", &json!({"title": ""})).await.violates(&["/title too_short"]);
    let refused = json!({"operations": [
        {"op": "create", "task": {"title": "a"}}, {"op": "delete", "id": 99}
    ]});
    for _ in 0..2 {
        let answer = post(&app, "/tasks/bulk", "k", &refused).await;
        assert!(!replayed(&answer.problem(422, "operations-refused")));
    }
    let first = post(&app, "/tasks", "k", &json!({"title": "a"})).await.expect(201);
    assert!(!replayed(&first));
    // A bad body is looked at before the key.
    let answer = post(&app, "/tasks", "k", &json!({"title": 1, "x": 1})).await;
    answer.violates(&["/title invalid_type", "/x unknown_field"]);
    assert_eq!(app.json("/tasks/count").await["total"], 1);
}

#[rstest]
#[tokio::test]
async fn keys_that_are_none(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    for key in ["", "\"\"", "a b", "clé", "\"a", &"k".repeat(256)] {
        let answer = post(&app, "/tasks", key, &json!({})).await;
        answer.violates(&["/title required", "Idempotency-Key invalid_key"]);
    }
    let twice = app.call("POST", "/tasks").header("idempotency-key", "a");
    let twice = twice.header("idempotency-key", "a").json(&json!({"title": "t"}));
    twice.send().await.violates(&["Idempotency-Key repeated"]);
    assert_eq!(app.json("/tasks/count").await["total"], 0);
    let _ = post(&app, "/tasks", &"k".repeat(255), &json!({"title": "t"})).await.expect(201);
    // Other methods are what they are without a key.
    let call = app.call("PATCH", "/tasks/1").header("idempotency-key", "a b");
    let _ = call.json(&json!({"title": "u"})).send().await.expect(200);
}

#[rstest]
#[tokio::test]
async fn fifty_at_once_on_two_replicas_make_one_task(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let (_server, other) = app.replica(&[]).await;
    let body = json!({"title": "once"});
    let calls: Vec<_> = (0..50)
        .map(|caller| {
            let (api, body) = (if caller % 2 == 0 { &*app } else { &other }.clone(), body.clone());
            tokio::spawn(async move { post(&api, "/tasks", "k", &body).await })
        })
        .collect();
    let mut answers = Vec::new();
    for call in calls {
        let answer = call.await.expect("an answer");
        if answer.status == 409 {
            let _ = answer.problem(409, "idempotency-key-in-use");
        } else {
            answers.push(answer.expect(201));
        }
    }
    let first: Vec<_> = answers.iter().filter(|answer| !replayed(answer)).collect();
    assert_eq!(first.len(), 1);
    assert!(answers.iter().all(|answer| answer.body == first[0].body));
    assert_eq!(app.json("/tasks/count").await["total"], 1);
}

#[rstest]
#[tokio::test]
async fn while_the_first_is_at_work_the_second_is_told_to_wait(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let app = App::start(on).await;
    let mut side = app.database.connect().await;
    side.lock_tasks().await;
    let body = json!({"title": "slow"});
    let first = tokio::spawn({
        let (api, body) = ((*app).clone(), body.clone());
        async move { post(&api, "/tasks", "k", &body).await }
    });
    until("the first to be at work", WITHIN, async || {
        let metrics = app.get("/metrics").await.text();
        let value = |name: &str| {
            let value = metrics.lines().find_map(|line| line.strip_prefix(name))?;
            value.trim().parse::<f64>().ok()
        };
        // The scrape itself is a request too.
        let begun = value("http_server_active_requests ")? >= 2.0;
        let connected = value("db_client_connection_count{state=\"used\"} ")? >= 1.0;
        (begun && connected).then_some(())
    })
    .await;
    let second = post(&app, "/tasks", "k", &body).await;
    let second = second.problem(409, "idempotency-key-in-use");
    assert_eq!(second.header("retry-after"), Some("1".into()));
    side.unlock().await;
    let first = first.await.expect("an answer").expect(201);
    assert_same(&post(&app, "/tasks", "k", &body).await, &first);
}

#[rstest]
#[tokio::test]
async fn a_day_later_the_key_is_new_and_the_old_answer_gone(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let app = App::start(on).await;
    let first = post(&app, "/tasks", "k", &json!({"title": "a"})).await.expect(201);
    let mut side = app.database.connect().await;
    side.execute(match on {
        Sqlite => "UPDATE idempotency_keys SET claimed_at = claimed_at - 86400000000",
        Postgres => "UPDATE idempotency_keys SET claimed_at = claimed_at - interval '24 hours'",
    })
    .await;
    let second = post(&app, "/tasks", "k", &json!({"title": "b"})).await.expect(201);
    assert!(!replayed(&second) && second.body != first.body);
    assert_same(&post(&app, "/tasks", "k", &json!({"title": "b"})).await, &second);
    assert_eq!(side.integer("SELECT count(*) FROM idempotency_keys").await, 1);
}

#[rstest]
#[tokio::test]
async fn browsers_of_other_origins_may_use_keys(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::with(on, &[("CORS_ORIGINS", "https://a.example")]).await;
    let preflight = app.call("OPTIONS", "/tasks").header("origin", "https://a.example");
    let preflight = preflight.header("access-control-request-method", "POST");
    let answer = preflight.send().await.expect(200);
    let allowed = answer.header("access-control-allow-headers").unwrap_or_default();
    assert!(allowed.split(',').any(|name| name == "idempotency-key"), "{allowed}");
    let call = app.call("POST", "/tasks").header("origin", "https://a.example");
    let answer = call.json(&json!({"title": "t"})).send().await.expect(201);
    let exposed = answer.header("access-control-expose-headers").unwrap_or_default();
    assert!(exposed.split(',').any(|name| name == "idempotency-replayed"), "{exposed}");
}

//! The same events for clients without a stream, which ask from time to time.

use rstest::rstest;
use serde_json::{Value, json};

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Answer, Api, App, Follower, WITHIN, number_of, until};

/// Most events in one answer.
const MOST: usize = 500;

async fn ask(api: &Api, query: &str) -> Answer {
    api.call("GET", &format!("/tasks/events{query}"))
        .header("accept", "application/json")
        .send()
        .await
}

async fn poll(api: &Api, query: &str) -> Vec<Value> {
    let answer = ask(api, query).await.expect(200);
    assert_eq!(answer.header("content-type").as_deref(), Some("application/json"));
    assert!(answer.header("vary").is_some_and(|vary| vary.contains("accept")));
    answer.json().as_array().expect("a list").clone()
}

/// The id of the last event now.
async fn now(api: &Api) -> i64 {
    let [hello] = &poll(api, "").await[..] else { panic!("one event") };
    assert_eq!((&hello["event"], &hello["data"]["id"]), (&json!("hello"), &hello["id"]));
    hello["id"].as_i64().expect("a number")
}

/// So many events after one, as soon as they are there.
async fn since(api: &Api, id: i64, count: usize) -> Vec<Value> {
    until(&format!("{count} events"), WITHIN, async || {
        let events = poll(api, &format!("?after={id}")).await;
        assert!(events.len() <= count, "{events:?}");
        (events.len() == count).then_some(events)
    })
    .await
}

#[rstest]
#[tokio::test]
async fn are_answered_with_what_came_since(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let begin = now(&app).await;
    assert_eq!(poll(&app, &format!("?after={begin}")).await, [] as [Value; 0]);
    let made = app.create(json!({"title": "a"})).await;
    let changed = app.patch("/tasks/1", &json!({"status": "done"})).await.expect(200).json();
    let _ = app.delete("/tasks/1").await.expect(204);
    let events = since(&app, begin, 3).await;
    let named = |event: &Value| {
        (event["event"].as_str().expect("a name").to_owned(), event["data"].clone())
    };
    assert_eq!(
        events.iter().map(named).collect::<Vec<_>>(),
        [
            ("task.created".to_owned(), made),
            ("task.updated".to_owned(), changed.clone()),
            ("task.deleted".to_owned(), changed)
        ]
    );
    // As a stream tells them, from memory and from the database, here and by another process.
    let (replica, other) = app.replica(&[]).await;
    for (base, api) in [(app.base(), &*app), (&replica.url(), &other)] {
        let mut follower = Follower::after(base, begin).await;
        let told = since(api, begin, 3).await;
        for event in &told {
            let next = follower.task().await;
            assert_eq!((&event["event"], &event["data"]), (&json!(next.event), &next.data));
            assert_eq!(event["id"], next.id);
        }
        assert_eq!(told, events);
        let last = events[2]["id"].as_i64().expect("a number");
        assert_eq!(poll(api, &format!("?after={last}")).await, [] as [Value; 0]);
        // The other spellings of the same question.
        assert_eq!(poll(api, &format!("?last_event_id={begin}")).await, events);
        let header = api.call("GET", "/tasks/events").header("accept", "application/json");
        let answer = header.header("last-event-id", begin.to_string()).send().await.expect(200);
        assert_eq!(answer.json(), json!(events));
    }
    let both = ask(&app, "?after=1&last_event_id=1").await;
    both.violates(&["after conflict"]);
}

/// What a browser asks for a stream with, and what a library asks for anything with.
#[tokio::test]
async fn accept_decides() {
    let app = App::start(Sqlite).await;
    for (accept, kind) in [
        ("text/event-stream", "text/event-stream"),
        ("*/*", "text/event-stream"),
        ("application/json, text/event-stream;q=0.5", "application/json"),
        ("application/json, text/plain, */*", "application/json"),
    ] {
        let call = app.call("HEAD", "/tasks/events").header("accept", accept);
        let answer = call.send().await.expect(200);
        assert_eq!(answer.header("content-type").as_deref(), Some(kind), "{accept}");
    }
}

#[rstest]
#[tokio::test]
async fn are_told_to_look_again(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let begin = now(&app).await;
    for title in ["a", "b", "c", "d"] {
        let _ = app.create(json!({"title": title})).await;
    }
    let events = since(&app, begin, 4).await;
    let ids: Vec<i64> = events.iter().map(|event| event["id"].as_i64().expect("an id")).collect();
    let newest = ids[3];
    let mut side = app.database.connect().await;
    side.execute("DELETE FROM task_events WHERE id < 3").await;
    // Another process: this one still has them in memory.
    let (_replica, other) = app.replica(&[]).await;
    for id in [0, 1, ids[0], newest - 1, newest + 1, i64::MAX] {
        let resync = json!([{"id": newest, "event": "resync", "data": {}}]);
        assert_eq!(json!(poll(&other, &format!("?after={id}")).await), resync, "{id}");
    }
    assert_eq!(poll(&other, &format!("?after={}", ids[2])).await, events[3..]);
}

#[rstest]
#[tokio::test]
async fn an_answer_is_bounded(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "a"})).await;
    let begin = since(&app, 0, 1).await[0]["id"].as_i64().expect("an id");
    let mut side = app.database.connect().await;
    let mut many = async |count: i64| {
        let insert = format!(
            "INSERT INTO task_events (kind, task_id, number, title, status, priority, created_at, updated_at, version) \
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count}) \
             SELECT 'updated', id, number, 'many', status, priority, created_at, updated_at, n FROM tasks, n"
        );
        side.execute(&insert).await;
    };
    many(1_200).await;
    let (mut last, mut seen) = (begin, 0);
    while seen < 1_200 {
        let events = until("events", WITHIN, async || {
            let events = poll(&app, &format!("?after={last}")).await;
            (!events.is_empty()).then_some(events)
        })
        .await;
        assert!(events.len() <= MOST, "{}", events.len());
        for event in &events {
            seen += 1;
            last = event["id"].as_i64().expect("an id");
            assert_eq!(number_of(last), number_of(begin) + seen, "none is left out");
        }
    }
    many(5_500).await;
    until("too much to tell", WITHIN, async || {
        let events = poll(&app, &format!("?after={begin}")).await;
        let resync = events.len() == 1 && events[0]["event"] == "resync";
        (resync && number_of(events[0]["id"].as_i64()?) == number_of(begin) + 6_700).then_some(())
    })
    .await;
}

/// Clients for whom there is no stream left are those who ask.
#[rstest]
#[tokio::test]
async fn need_no_stream(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::with(on, &[("EVENTS_CLIENTS", "0")]).await;
    let _ = app.get("/tasks/events").await.problem(503, "unavailable");
    let begin = now(&app).await;
    let _ = app.create(json!({"title": "a"})).await;
    assert_eq!(since(&app, begin, 1).await[0]["data"]["title"], "a");
}

/// A transaction that stays open holds up what comes after it: those who ask hear of that, too.
#[tokio::test]
async fn hear_that_changes_are_held_up() {
    let app = App::start(Postgres).await;
    let begin = now(&app).await;
    let mut held = app.database.connect().await;
    held.execute("BEGIN").await;
    held.execute(
        "INSERT INTO task_events (kind, task_id, number, title, status, priority, created_at, updated_at, version) \
         VALUES ('updated', gen_random_uuid(), 1, 'held', 'todo', 'low', now(), now(), 2)",
    )
    .await;
    let _ = app.create(json!({"title": "after"})).await;
    let told = since(&app, begin, 1).await;
    assert_eq!(told, [json!({"id": begin, "event": "resync", "data": {}})]);
    held.execute("COMMIT").await;
    let events = since(&app, begin, 2).await;
    let titles: Vec<_> = events.iter().map(|event| event["data"]["title"].clone()).collect();
    assert_eq!(titles, ["held", "after"]);
}

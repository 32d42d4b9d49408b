//! Clients that come back.

use rstest::rstest;
use serde_json::json;

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{App, Follower, number_of};

/// The ids of the first events that are there, as a client is told them.
async fn ids(app: &App, count: usize) -> Vec<i64> {
    let mut follower = Follower::after(app.base(), 0).await;
    let mut ids = Vec::new();
    for _ in 0..count {
        ids.push(follower.task().await.id);
    }
    ids
}

async fn titles(follower: &mut Follower, count: usize) -> Vec<String> {
    let mut titles = Vec::new();
    for _ in 0..count {
        titles.push(follower.task().await.title().to_owned());
    }
    titles
}

#[rstest]
#[tokio::test]
async fn are_told_what_they_missed(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let (replica, _) = app.replica(&[]).await;
    let mut follower = Follower::now(app.base()).await;
    let _ = app.create(json!({"title": "a"})).await;
    assert_eq!(titles(&mut follower, 1).await, ["a"]);
    let last = follower.last;
    drop(follower);
    for title in ["b", "c"] {
        let _ = app.create(json!({"title": title})).await;
    }
    // From memory, from the database, by another process; by the parameter too.
    for base in [app.base(), &replica.url()] {
        let mut follower = Follower::after(base, last).await;
        assert_eq!(titles(&mut follower, 2).await, ["b", "c"], "{base}");
        let mut follower = Follower::after(base, 0).await;
        assert_eq!(titles(&mut follower, 3).await, ["a", "b", "c"], "{base}");
    }
    let _ = app.create(json!({"title": "d"})).await;
    let mut follower = Follower::after(app.base(), last).await;
    assert_eq!(titles(&mut follower, 3).await, ["b", "c", "d"], "then what follows");
    let _ = app.create(json!({"title": "e"})).await;
    assert_eq!(titles(&mut follower, 1).await, ["e"]);
}

/// A browser that comes back asks for the address that it was given first, and says in the header what it had.
#[rstest]
#[tokio::test]
async fn the_header_counts_before_the_parameter(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    for title in ["a", "b", "c"] {
        let _ = app.create(json!({"title": title})).await;
    }
    let [first, second, _] = ids(&app, 3).await[..] else { panic!("three events") };
    for (header, expected) in [(None, "b"), (Some(second), "c")] {
        let url = format!("{}/tasks/events?last_event_id={first}", app.base());
        let mut request = reqwest::Client::new().get(url);
        if let Some(id) = header {
            request = request.header("last-event-id", id);
        }
        let mut response = request.send().await.expect("an answer");
        let mut said = String::new();
        while !said.contains("task.created") {
            let chunk = response.chunk().await.expect("a chunk").expect("not the end");
            said.push_str(&String::from_utf8_lossy(&chunk));
        }
        let (_, first) = said.split_once("event: task.created\n").expect("an event");
        let title = format!("\"title\":\"{expected}\"");
        assert!(first.lines().next().is_some_and(|line| line.contains(&title)), "{said}");
    }
}

/// What cannot be told is said, and the stream goes on from now.
#[rstest]
#[tokio::test]
async fn are_told_to_look_again(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    for title in ["a", "b", "c", "d"] {
        let _ = app.create(json!({"title": title})).await;
    }
    let ids = ids(&app, 4).await;
    let newest = ids[3];
    let mut side = app.database.connect().await;
    side.execute("DELETE FROM task_events WHERE id < 3").await;
    // Pruned, and never told.
    for id in [0, 1, ids[0], newest - 1, newest + 1, newest + (1 << 20), i64::MAX] {
        let mut follower = Follower::after(app.base(), id).await;
        let told = follower.next().await.expect("an event");
        assert_eq!((&*told.event, told.id, told.data), ("resync", newest, json!({})), "{id}");
    }
    // Pruned up to and with the one before the next: whether that was all is not known.
    let mut follower = Follower::after(app.base(), ids[1]).await;
    assert_eq!(follower.next().await.expect("an event").event, "resync");
    let _ = app.create(json!({"title": "e"})).await;
    assert_eq!(titles(&mut follower, 1).await, ["e"]);
    let mut follower = Follower::after(app.base(), ids[2]).await;
    assert_eq!(titles(&mut follower, 2).await, ["d", "e"]);
}

#[rstest]
#[tokio::test]
async fn too_much_is_not_told(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "a"})).await;
    let mut side = app.database.connect().await;
    let mut live = Follower::now(app.base()).await;
    let (first, begun) = (live.last, live.number());
    let mut many = async |count: i64| {
        let insert = format!(
            "INSERT INTO task_events (kind, task_id, number, title, status, priority, created_at, updated_at, version) \
             WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < {count}) \
             SELECT 'updated', id, number, 'many', status, priority, created_at, updated_at, n FROM tasks, n"
        );
        side.execute(&insert).await;
    };
    many(4_900).await;
    let mut back = Follower::after(app.base(), first).await;
    for follower in [&mut live, &mut back] {
        for at in 1..=4_900 {
            let told = follower.task().await;
            assert_eq!((told.number(), told.title()), (begun + at, "many"));
        }
    }
    many(5_500).await;
    let told = live.next().await.expect("an event");
    assert_eq!((&*told.event, told.number()), ("resync", begun + 10_400), "in one step");
    let mut follower = Follower::after(app.base(), first).await;
    assert_eq!(follower.next().await.expect("an event").event, "resync");
}

/// A database that was replaced by an older one tells its numbers a second time.
#[rstest]
#[tokio::test]
async fn of_a_database_that_was_replaced(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let mut follower = Follower::now(app.base()).await;
    for title in ["a", "b", "c"] {
        let _ = app.create(json!({"title": title})).await;
    }
    let _ = titles(&mut follower, 3).await;
    let last = follower.last;
    let kept = ids(&app, 3).await[0];
    go_back(&app, 1).await;
    let told = follower.next().await.expect("an event");
    assert_eq!((&*told.event, told.number()), ("resync", 1));
    for title in ["x", "y"] {
        let _ = app.create(json!({"title": title})).await;
    }
    assert_eq!(titles(&mut follower, 2).await, ["x", "y"]);
    assert_eq!(follower.number(), number_of(last), "the same numbers again");
    // Also by a process that began only after that, and so cannot remember what was told before.
    let (replica, _) = app.replica(&[]).await;
    for base in [app.base(), &replica.url()] {
        let mut absent = Follower::after(base, last).await;
        assert_eq!(absent.next().await.expect("an event").event, "resync", "{base}");
        // What is in both was told right, and goes on.
        let mut absent = Follower::after(base, kept).await;
        assert_eq!(titles(&mut absent, 2).await, ["x", "y"], "{base}");
    }
}

/// All of them, and the numbers from the first on, as `migrate reset` and `migrate up` leave it.
#[rstest]
#[tokio::test]
async fn of_a_database_that_was_emptied(#[values(Sqlite, Postgres)] on: Backend) {
    let mut app = App::start(on).await;
    for title in ["a", "b"] {
        let _ = app.create(json!({"title": title})).await;
    }
    let known = ids(&app, 2).await;
    app.server.signal("KILL");
    let _ = app.server.exit().await;
    go_back(&app, 0).await;
    let (replica, api) = app.replica(&[]).await;
    let url = replica.url();
    for id in &known {
        let mut absent = Follower::after(&url, *id).await;
        assert_eq!(absent.next().await.expect("an event").event, "resync");
    }
    for title in ["x", "y", "z"] {
        let _ = api.create(json!({"title": title})).await;
    }
    for id in &known {
        let mut absent = Follower::after(&url, *id).await;
        assert_eq!(absent.next().await.expect("an event").event, "resync");
    }
}

/// Leaves the outbox as it was after the event of this number.
async fn go_back(app: &App, number: i64) {
    let mut side = app.database.connect().await;
    side.execute("BEGIN").await;
    side.execute(&format!("DELETE FROM task_events WHERE id > {number}")).await;
    let next = match app.database.backend() {
        Sqlite => {
            format!("UPDATE sqlite_sequence SET seq = {number} WHERE name = 'task_events'")
        }
        Postgres => {
            format!("ALTER TABLE task_events ALTER COLUMN id RESTART WITH {}", number + 1)
        }
    };
    side.execute(&next).await;
    side.execute("COMMIT").await;
}

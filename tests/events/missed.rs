//! Clients that come back.

use rstest::rstest;
use serde_json::json;

use crate::support::Backend::{self, Postgres, Sqlite};
use crate::support::{App, Follower};

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
    let first = app.database.connect().await.integer("SELECT min(id) FROM task_events").await;
    for (header, expected) in [(None, "b"), (Some(first + 1), "c")] {
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
    let mut side = app.database.connect().await;
    let newest = side.integer("SELECT max(id) FROM task_events").await;
    side.execute("DELETE FROM task_events WHERE id < 3").await;
    // Pruned, and never told.
    for id in [0, 1, newest + 1, i64::MAX] {
        let mut follower = Follower::after(app.base(), id).await;
        let told = follower.next().await.expect("an event");
        assert_eq!((&*told.event, told.id, told.data), ("resync", newest, json!({})), "{id}");
    }
    // Pruned up to and with the one before the next: whether that was all is not known.
    let mut follower = Follower::after(app.base(), 2).await;
    assert_eq!(follower.next().await.expect("an event").event, "resync");
    let _ = app.create(json!({"title": "e"})).await;
    assert_eq!(titles(&mut follower, 1).await, ["e"]);
    let mut follower = Follower::after(app.base(), 3).await;
    assert_eq!(titles(&mut follower, 2).await, ["d", "e"]);
}

#[rstest]
#[tokio::test]
async fn too_much_is_not_told(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "a"})).await;
    let mut side = app.database.connect().await;
    let first = side.integer("SELECT min(id) FROM task_events").await;
    let mut live = Follower::now(app.base()).await;
    side.execute(
        "INSERT INTO task_events (kind, task_id, number, title, status, priority, created_at, updated_at, version) \
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 5500) \
         SELECT 'updated', id, number, 'many', status, priority, created_at, updated_at, n FROM tasks, n",
    )
    .await;
    let told = live.next().await.expect("an event");
    assert_eq!((&*told.event, told.id), ("resync", first + 5_500), "in one step");
    let mut follower = Follower::after(app.base(), first + 600).await;
    for at in 1..=4_900 {
        let told = follower.task().await;
        assert_eq!((told.id, told.title()), (first + 600 + at, "many"));
    }
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
    let mut side = app.database.connect().await;
    side.execute("BEGIN").await;
    side.execute("DELETE FROM task_events WHERE id > 1").await;
    match on {
        Sqlite => {
            side.execute("UPDATE sqlite_sequence SET seq = 1 WHERE name = 'task_events'").await;
        }
        Postgres => side.execute("ALTER TABLE task_events ALTER COLUMN id RESTART WITH 2").await,
    }
    side.execute("COMMIT").await;
    let told = follower.next().await.expect("an event");
    assert_eq!((&*told.event, told.id), ("resync", 1));
    for title in ["x", "y"] {
        let _ = app.create(json!({"title": title})).await;
    }
    assert_eq!(titles(&mut follower, 2).await, ["x", "y"]);
    assert_eq!(follower.last, last, "the same numbers again");
    let mut absent = Follower::after(app.base(), last).await;
    assert_eq!(absent.next().await.expect("an event").event, "resync", "whose is not known");
}

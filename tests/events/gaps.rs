//! PostgreSQL gives out numbers before the commit: one that comes late, and one that never comes.

use std::time::Duration;

use serde_json::json;

use testkit::Backend::Postgres;
use testkit::database::Side;
use testkit::{App, Follower};

/// Writes an event in a transaction that stays open: it has its number, and nobody sees it.
async fn hold_up(app: &App, title: &str) -> Side {
    let mut side = app.database.connect().await;
    side.execute("BEGIN").await;
    side.execute(&format!(
        "INSERT INTO task_events (kind, task_id, number, title, status, priority, created_at, updated_at, version) \
         VALUES ('updated', gen_random_uuid(), 1, '{title}', 'todo', 'low', now(), now(), 2)"
    ))
    .await;
    side
}

async fn silent(follower: &mut Follower, time: Duration) {
    let told = follower.within(time).await;
    assert_eq!(told, None, "told before its turn");
}

#[tokio::test]
async fn what_comes_late_is_told_in_its_turn() {
    let app = App::start(Postgres).await;
    let mut follower = Follower::now(app.base()).await;
    let _ = app.create(json!({"title": "before"})).await;
    assert_eq!(follower.task().await.title(), "before");
    let mut held = hold_up(&app, "held").await;
    let _ = app.create(json!({"title": "after"})).await;
    silent(&mut follower, Duration::from_millis(700)).await;
    // Nobody else is told of a number beyond it either.
    let mut second = Follower::now(app.base()).await;
    held.execute("COMMIT").await;
    for follower in [&mut follower, &mut second] {
        assert_eq!(follower.task().await.title(), "held");
        assert_eq!(follower.task().await.title(), "after");
    }
}

#[tokio::test]
async fn what_never_comes_holds_up_nothing() {
    let app = App::start(Postgres).await;
    let mut follower = Follower::now(app.base()).await;
    let mut held = hold_up(&app, "held").await;
    let mut also = hold_up(&app, "also held").await;
    let _ = app.create(json!({"title": "after"})).await;
    held.execute("ROLLBACK").await;
    silent(&mut follower, Duration::from_millis(500)).await;
    also.execute("ROLLBACK").await;
    assert_eq!(follower.task().await.title(), "after");
    // Two gaps at once, the second of which ends first.
    let mut held = hold_up(&app, "first").await;
    let _ = app.create(json!({"title": "b"})).await;
    let mut also = hold_up(&app, "second").await;
    let _ = app.create(json!({"title": "c"})).await;
    also.execute("ROLLBACK").await;
    silent(&mut follower, Duration::from_millis(300)).await;
    held.execute("COMMIT").await;
    for title in ["first", "b", "c"] {
        assert_eq!(follower.task().await.title(), title);
    }
}

/// Who waits for long is told to look at the tasks, and gets what was held up when it comes; nothing is lost to one
/// that comes back with a number from before.
#[tokio::test]
async fn what_is_held_up_for_long_is_said() {
    let app = App::start(Postgres).await;
    let (replica, _) = app.replica(&[]).await;
    let _ = app.create(json!({"title": "before"})).await;
    let mut follower = Follower::now(app.base()).await;
    let mut held = hold_up(&app, "held").await;
    let _ = app.create(json!({"title": "after"})).await;
    let told = follower.next().await.expect("an event");
    assert_eq!((&*told.event, told.data), ("resync", json!({})));
    // One that begins to follow only now, by another process, holds on to the last that is certain.
    let mut late = Follower::now(&replica.url()).await;
    assert_eq!(late.last, told.id);
    held.execute("COMMIT").await;
    let mut back = Follower::after(&replica.url(), told.id).await;
    for follower in [&mut follower, &mut late, &mut back] {
        let mut next = follower.next().await.expect("an event");
        while next.event == "resync" {
            assert_eq!(next.id, told.id, "nothing is passed over");
            next = follower.next().await.expect("an event");
        }
        assert_eq!(next.title(), "held");
        assert_eq!(follower.task().await.title(), "after");
    }
}

/// Numbers that a crash of the server skips are waited for no longer than it takes to ask.
#[tokio::test]
async fn numbers_that_were_skipped_are_passed_over() {
    let app = App::start(Postgres).await;
    let mut follower = Follower::now(app.base()).await;
    let mut side = app.database.connect().await;
    for step in [2, 33, 100_000] {
        let title = format!("step {step}");
        let restart = format!(
            "SELECT setval(pg_get_serial_sequence('task_events', 'id'), coalesce(max(id), 0) + {step}) FROM task_events"
        );
        side.integer(&restart).await;
        let _ = app.create(json!({"title": title})).await;
        assert_eq!(follower.task().await.title(), title);
    }
}

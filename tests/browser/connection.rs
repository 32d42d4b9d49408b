//! The lost connection: it is to be seen, and what is done meanwhile is kept and sent once.

use rstest::rstest;
use serde_json::json;

use crate::page::open;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{App, Server, WITHIN, until};

#[rstest]
#[tokio::test]
async fn without_a_network_edits_wait_and_are_sent_once(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "Known"})).await;
    let mut window = open(&app, "/").await;
    window.expect_fault("ERR_INTERNET_DISCONNECTED");
    window.until_column("todo", &["Known"]).await;
    window.set_offline(true).await;
    window.part("offline").await;

    window.press(&['n']).await;
    window.write("quick-title", "New\n").await;
    window.press(&[crate::keys::ESCAPE]).await;
    window.press_on_card("Known", "finish").await;
    window.until_column("done", &["Known"]).await;
    window.press_on_card("New", "finish").await;
    window.until_column("done", &["New", "Known"]).await;
    assert!(window.text_of("waiting").await.starts_with("3 changes"), "how many wait is said");
    assert_eq!(app.titles("/tasks").await, ["Known"]);

    window.set_offline(false).await;
    window.until_no_part("offline").await;
    until("the edits", WITHIN, async || {
        (app.json("/tasks/count?status=done").await["total"] == 2).then_some(())
    })
    .await;
    let mut tasks = app.json("/tasks?sort=number").await;
    let versions: Vec<_> =
        tasks.as_array_mut().expect("tasks").iter().map(|task| task["version"].clone()).collect();
    assert_eq!(versions, [2, 2], "each edit was sent once");
    window.until_column("done", &["New", "Known"]).await;
    window.close().await;
}

#[rstest]
#[tokio::test]
async fn a_service_that_goes_away_finds_the_edits_when_it_is_back(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let mut app = App::start(on).await;
    let _ = app.create(json!({"title": "Known"})).await;
    let mut window = open(&app, "/").await;
    window.expect_lost_service();
    window.until_column("todo", &["Known"]).await;
    app.server.signal("KILL");
    let _ = app.server.exit().await;
    window.press_on_card("Known", "finish").await;
    window.part("offline").await;
    window.until_column("done", &["Known"]).await;

    // Also what was kept when the window is loaded again.
    let port = app.server.port.to_string();
    app.server = Server::start(&[("DATABASE_URL", &app.database.url), ("PORT", &port)]).await;
    window.reload().await;
    window.until_connected().await;
    until("the edit", WITHIN, async || {
        (app.json("/tasks/1").await["status"] == "done").then_some(())
    })
    .await;
    assert_eq!(app.json("/tasks/1").await["version"], 2);
    window.until_column("done", &["Known"]).await;
    window.until_no_part("offline").await;
    window.close().await;
}

/// The database is replaced by an older one while nobody serves it: what the page shows is older, too, then.
#[rstest]
#[tokio::test]
async fn a_restored_database_is_shown_as_it_is(#[values(Sqlite, Postgres)] on: Backend) {
    let mut app = App::start(on).await;
    let _ = app.create(json!({"title": "Kept"})).await;
    let mut side = app.database.connect().await;
    let mut window = open(&app, "/").await;
    window.expect_lost_service();
    let _ = app.patch("/tasks/1", &json!({"title": "Kept, and changed"})).await.expect(200);
    let _ = app.create(json!({"title": "Lost"})).await;
    window.until_column("todo", &["Lost", "Kept, and changed"]).await;
    app.server.signal("KILL");
    let _ = app.server.exit().await;
    window.part("offline").await;
    let number = match on {
        Sqlite => "UPDATE sqlite_sequence SET seq = 1",
        Postgres => "ALTER TABLE task_events ALTER COLUMN id RESTART WITH 2",
    };
    side.execute("BEGIN").await;
    side.execute("UPDATE tasks SET title = 'Kept', version = 1 WHERE number = 1").await;
    for sql in [
        "DELETE FROM tasks WHERE number > 1",
        "DELETE FROM task_events WHERE id > 1",
        number,
        "COMMIT",
    ] {
        side.execute(sql).await;
    }
    side.close().await;
    let port = app.server.port.to_string();
    app.server = Server::start(&[("DATABASE_URL", &app.database.url), ("PORT", &port)]).await;
    // As many events as there were, so that their numbers are the same again.
    for title in ["New", "Newer"] {
        let _ = app.create(json!({"title": title})).await;
    }
    window.until_column("todo", &["Newer", "New", "Kept"]).await;
    window.close().await;
}

/// There is no stream left: the events are asked for, and not the tasks.
#[rstest]
#[tokio::test]
async fn without_a_stream_events_are_asked_for(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::with(on, &[("EVENTS_CLIENTS", "0")]).await;
    let _ = app.create_all([json!({"title": "Known"}), json!({"title": "Gone"})]).await;
    let mut window = open(&app, "/").await;
    window.expect_fault("the server responded with a status of 503");
    let state = "document.querySelector('[data-test=connection]').dataset.state";
    window.until_script("to ask", &format!("{state} === 'polling'")).await;
    window.until_column("todo", &["Gone", "Known"]).await;
    let _ = app.create(json!({"title": "New"})).await;
    let _ = app.patch("/tasks/1", &json!({"title": "Known, changed"})).await.expect(200);
    let _ = app.delete("/tasks/2").await.expect(204);
    window.until_column("todo", &["New", "Known, changed"]).await;
    let asked = window.requests().await;
    let of = |part: &str| asked.iter().filter(|url| url.contains(part)).count();
    assert!(of("/tasks/events?after=") >= 1, "{asked:?}");
    assert_eq!(of("sort="), 0, "{asked:?}");
    window.close().await;
}

/// A service that is slow is asked less often: the pause is twenty times as long as the answer took.
#[tokio::test]
async fn a_slow_service_is_asked_less_often() {
    let app = App::with(Sqlite, &[("EVENTS_CLIENTS", "0")]).await;
    let mut window = open(&app, "/").await;
    window.expect_fault("the server responded with a status of 503");
    window.set_latency(300).await;
    window
        .script(
            "performance.setResourceTimingBufferSize(1000);
             performance.clearResourceTimings();
             globalThis.polls = () => performance.getEntriesByType('resource')
                 .filter(({name, duration}) => name.includes('/tasks/events?after=') && duration >= 300);",
        )
        .await;
    window.until_script("two slow answers", "polls().length >= 2").await;
    let pauses = "const [first, second] = polls(); return [first.duration, second.startTime - first.startTime - first.duration]";
    let measured = window.script(pauses).await;
    let (took, pause) =
        (measured[0].as_f64().expect("a time"), measured[1].as_f64().expect("a time"));
    assert!(pause >= took * 19.0, "{pause} ms after an answer of {took} ms");
    window.close().await;
}

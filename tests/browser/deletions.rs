//! Deletions that meet something: a page that goes, a network that is away, a change that someone made meanwhile.

use rstest::rstest;
use serde_json::json;

use crate::axe;
use crate::page::open;
use crate::window::Window;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{App, Server, WITHIN, until};

/// How many deletions the service was asked for.
async fn asked(app: &App) -> u64 {
    let metrics = app.get("/metrics").await.expect(200).text();
    let counts = metrics.lines().filter(|line| {
        line.starts_with("http_server_request_duration_seconds_count{")
            && line.contains("http_request_method=\"DELETE\"")
    });
    counts
        .map(|line| line.rsplit(' ').next().expect("a value").parse::<u64>().expect("a count"))
        .sum()
}

/// Deletes the task of this title by its sheet; it can be taken back for a while.
async fn delete(window: &Window, title: &str) {
    window.press_on_card(title, "open").await;
    window.press_part("delete").await;
    window.until_column("todo", &[]).await;
}

/// What is sent as the page goes is not sent again by the next one.
#[rstest]
#[tokio::test]
async fn a_reload_sends_it_once(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "Report"})).await;
    let window = open(&app, "/").await;
    delete(&window, "Report").await;
    window.reload().await;
    until("the deletion", WITHIN, async || (app.get("/tasks/1").await.status == 404).then_some(()))
        .await;
    // Again, while the first page's is remembered.
    window.reload().await;
    window.until_connected().await;
    window.until_column("todo", &[]).await;
    window.until_nothing_is_kept().await;
    assert_eq!(asked(&app).await, 1);
    assert_eq!(
        window.script("return document.querySelectorAll('[data-test=toast]').length").await,
        0
    );
    window.close().await;
}

/// What could not be sent as the page went is sent by the next one.
#[rstest]
#[tokio::test]
async fn without_a_service_the_next_page_sends_it(#[values(Sqlite, Postgres)] on: Backend) {
    let mut app = App::start(on).await;
    let _ = app.create(json!({"title": "Report"})).await;
    let mut window = open(&app, "/").await;
    window.expect_lost_service();
    window.until_column("todo", &["Report"]).await;
    delete(&window, "Report").await;
    app.server.signal("KILL");
    let _ = app.server.exit().await;
    window.script("location.href = 'about:blank'").await;
    window.until_script("the page to go", "location.href === 'about:blank'").await;
    let port = app.server.port.to_string();
    app.server = Server::start(&[("DATABASE_URL", &app.database.url), ("PORT", &port)]).await;
    assert_eq!(app.json("/tasks/1").await["version"], 1, "it was not sent");
    window.goto("/").await;
    until("the deletion", WITHIN, async || (app.get("/tasks/1").await.status == 404).then_some(()))
        .await;
    window.until_nothing_is_kept().await;
    assert_eq!(asked(&app).await, 1);
    window.close().await;
}

/// A window that asks whether a task is to be deleted although someone has changed it since.
async fn in_conflict(app: &App) -> Window {
    let task = app.create(json!({"title": "Report", "assignee": "Zoé", "priority": "high"})).await;
    let mut window = open(app, "/").await;
    window.expect_answer(412, &format!("/tasks/{}", task["id"].as_str().expect("an id")));
    delete(&window, "Report").await;
    let change = json!({"title": "Report, theirs", "description": "Needed after all"});
    let _ = app.patch("/tasks/1", &change).await.expect(200);
    // When it can no longer be taken back it is sent.
    let shown = window.text_of("conflict").await;
    for text in ["When you deleted it", "Now", "Report, theirs", "Needed after all", "Zoé"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    let rows = "return [...document.querySelectorAll('.versions .differs')].map((row) => [...row.cells].map((cell) => cell.innerText))";
    assert_eq!(
        window.script(rows).await,
        json!([["Title", "Report", "Report, theirs"], ["Description", "none", "Needed after all"]])
    );
    axe::check(&window, "a deletion of what someone changed").await;
    assert_eq!(app.json("/tasks/1").await["version"], 2, "nothing is deleted unasked");
    window
}

#[rstest]
#[tokio::test]
async fn what_someone_changed_meanwhile_can_stay(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let window = in_conflict(&app).await;
    window.press_part("keep-theirs").await;
    window.until_no_part("conflict").await;
    window.until_column("todo", &["Report, theirs"]).await;
    window.until_nothing_is_kept().await;
    assert_eq!((&app.json("/tasks/1").await["version"], asked(&app).await), (&json!(2), 1));
    window.close().await;
}

#[rstest]
#[tokio::test]
async fn what_someone_changed_meanwhile_can_go(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let window = in_conflict(&app).await;
    window.press_part("delete-anyway").await;
    window.until_no_part("conflict").await;
    until("the deletion", WITHIN, async || (app.get("/tasks/1").await.status == 404).then_some(()))
        .await;
    window.until_nothing_is_kept().await;
    window.until_column("todo", &[]).await;
    assert_eq!(asked(&app).await, 2);
    window.close().await;
}

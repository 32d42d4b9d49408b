//! The list: its order, and thousands of rows of which only those in sight are drawn.

use rstest::rstest;
use serde_json::json;

use crate::page::{open, seed};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{App, WITHIN, until};

#[rstest]
#[tokio::test]
async fn a_heading_sorts_and_the_address_says_so(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app
        .create_all([
            json!({"title": "Écrire", "priority": "low"}),
            json!({"title": "abc", "priority": "high", "due_date": "2030-01-01"}),
            json!({"title": "Task 10", "due_date": "2029-01-01"}),
            json!({"title": "Task 9", "status": "done"}),
        ])
        .await;
    let window = open(&app, "/?view=list").await;
    window.until_rows(&["Task 9", "Task 10", "abc", "Écrire"]).await;
    window.press_part("sort-title").await;
    window.until_rows(&["abc", "Écrire", "Task 9", "Task 10"]).await;
    assert_eq!(window.address().await, "/?view=list&sort=title");
    assert_eq!(
        window.script("return document.querySelector('[aria-sort]').textContent").await,
        "Title"
    );
    window.press_part("sort-title").await;
    window.until_rows(&["Task 10", "Task 9", "Écrire", "abc"]).await;
    window.press_part("sort-due_date").await;
    window.until_script("the due dates to be sorted", "location.search.includes('due_date')").await;
    let rows = window.rows().await;
    assert_eq!(
        rows[..2],
        ["Task 10", "abc"],
        "what is due first stands first, what is not due last"
    );
    window.press_part("sort-priority").await;
    until("the priorities", WITHIN, async || (window.rows().await.first()? == "abc").then_some(()))
        .await;
    window.back().await;
    window.back().await;
    window.until_rows(&["Task 10", "Task 9", "Écrire", "abc"]).await;
    window.reload().await;
    window.until_rows(&["Task 10", "Task 9", "Écrire", "abc"]).await;

    window.part_of_card("abc", "move").await.select_by_value("done").await.expect("a choice");
    until("the move", WITHIN, async || {
        (app.json("/tasks/2").await["status"] == "done").then_some(())
    })
    .await;
    window.close().await;
}

#[rstest]
#[tokio::test]
async fn five_thousand_rows_are_drawn_where_they_are_seen(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    seed(&app.database, 5000).await;
    let window = open(&app, "/?view=list&sort=number").await;
    until("all rows", WITHIN, async || {
        let rows =
            window.script("return document.querySelector('[data-test=list]')?.ariaRowCount").await;
        (rows == "5001").then_some(())
    })
    .await;
    let rows = window.rows().await;
    assert_eq!(rows[0], "Task 00001");
    assert!(rows.len() < 100, "{} rows are drawn", rows.len());
    window.script("document.querySelector('.list').scrollTop = 1e9").await;
    window.card("Task 05000").await;
    let rows = window.rows().await;
    assert!(rows.len() < 100, "{} rows are drawn", rows.len());
    let row = window.card("Task 05000").await;
    assert_eq!(row.attr("aria-rowindex").await.expect("a row").as_deref(), Some("5001"));
    // Partway, too, and from there by keyboard.
    window.script("document.querySelector('.list').scrollTop /= 2").await;
    window.card("Task 02500").await;
    window.focus_card("Task 02500").await;
    window.press(&[crate::keys::END]).await;
    window.until_focus_on("Task 05000").await;
    window.close().await;
}

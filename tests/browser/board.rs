//! The board and the task's sheet: create, change, move, finish and delete, by mouse and by keyboard.

use rstest::rstest;
use serde_json::json;

use crate::keys::{ALT, DELETE, DOWN, ENTER, ESCAPE, LEFT, RIGHT, SHIFT, TAB, UP};
use crate::page::open;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{App, WITHIN, until};

#[rstest]
#[tokio::test]
async fn a_task_is_written_down_changed_and_deleted(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let window = open(&app, "/").await;
    assert!(window.text_of("empty").await.contains("press n"), "what to do first is said");

    window.press_part("new-task").await;
    window.write("field-title", "Water the plants").await;
    window.write("field-assignee", "Zoé").await;
    window.write("field-description", "All of them,\nthe cactus too").await;
    window.press_part("save").await;
    window.until_column("todo", &["Water the plants"]).await;
    window.until_no_part("sheet").await;
    until("the task", WITHIN, async || (app.titles("/tasks").await.len() == 1).then_some(())).await;
    let task = app.json("/tasks/1").await;
    assert_eq!(task["title"], "Water the plants");
    assert_eq!(task["assignee"], "Zoé");
    assert_eq!(task["description"], "All of them,\nthe cactus too");

    window.press_on_card("Water the plants", "open").await;
    window.until_address("the sheet to be in the address", |at| at == "/?task=1").await;
    window.write("field-title", "Water all plants").await;
    window.select("field-priority", "high").await;
    window.press_part("save").await;
    window.until_no_part("sheet").await;
    window.until_column("todo", &["Water all plants"]).await;
    assert!(window.card("Water all plants").await.text().await.expect("a card").contains("High"));
    until("the change", WITHIN, async || {
        (app.json("/tasks/1").await["version"] == 2).then_some(())
    })
    .await;
    assert_eq!(app.json("/tasks/1").await["assignee"], "Zoé", "a field that was not touched stays");

    // Taken back in time, a deletion has never been; else it is one, also when the window goes.
    window.press_on_card("Water all plants", "open").await;
    window.press_part("delete").await;
    window.until_column("todo", &[]).await;
    window.press_part("toast-action").await;
    window.until_column("todo", &["Water all plants"]).await;
    assert_eq!(app.json("/tasks/1").await["version"], 2);
    window.press_on_card("Water all plants", "open").await;
    window.press_part("delete").await;
    window.until_column("todo", &[]).await;
    window.reload().await;
    until("the deletion", WITHIN, async || (app.get("/tasks/1").await.status == 404).then_some(()))
        .await;
    window.close().await;
}

#[rstest]
#[tokio::test]
async fn what_the_service_refuses_is_shown_at_its_field(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let mut window = open(&app, "/").await;
    window.expect_answer(422, "/tasks");
    window.press_part("new-task").await;
    window.write("field-title", &"long ".repeat(41)).await;
    window.press_part("save").await;
    assert!(window.text_of("fault-title").await.contains("200"), "what is allowed is said");
    assert_eq!(
        window.part("field-title").await.attr("aria-invalid").await.expect("a field").as_deref(),
        Some("true")
    );
    // Nothing is left of it on the board, and nothing is lost in the sheet.
    window.until_column("todo", &[]).await;
    window.write("field-title", "Short").await;
    window.press_part("save").await;
    window.until_column("todo", &["Short"]).await;
    window.close().await;
}

#[rstest]
#[tokio::test]
async fn cards_are_dragged_and_finished(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create_all(["One", "Two"].map(|title| json!({"title": title}))).await;
    let window = open(&app, "/").await;
    window.until_column("todo", &["Two", "One"]).await;

    let (card, column) = (window.card("One").await, window.part("column-in_progress").await);
    window.drag(&card, &column).await;
    window.until_column("in_progress", &["One"]).await;
    until("the move", WITHIN, async || {
        (app.json("/tasks/1").await["status"] == "in_progress").then_some(())
    })
    .await;
    window.until_no_part("sheet").await;

    window.press_on_card("Two", "finish").await;
    window.until_column("done", &["Two"]).await;
    until("the end", WITHIN, async || {
        (app.json("/tasks/2").await["completed"] == true).then_some(())
    })
    .await;
    window.press_on_card("Two", "finish").await;
    window.until_column("todo", &["Two"]).await;

    // For who cannot drag: a choice on each card.
    window.part_of_card("Two", "move").await.select_by_value("done").await.expect("a choice");
    window.until_column("done", &["Two"]).await;
    until("the move", WITHIN, async || (app.json("/tasks/2").await["version"] == 4).then_some(()))
        .await;

    // A drop beside the columns, or Escape on the way, changes nothing.
    let (card, bar) = (window.card("One").await, window.part("nav-board").await);
    window.drag(&card, &bar).await;
    window.until_column("in_progress", &["One"]).await;
    assert_eq!(app.json("/tasks/1").await["version"], 2);
    window.close().await;
}

#[rstest]
#[tokio::test]
async fn the_board_goes_by_keyboard(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create_all(["One", "Two", "Three"].map(|title| json!({"title": title}))).await;
    let window = open(&app, "/").await;
    window.until_column("todo", &["Three", "Two", "One"]).await;

    // The whole board is one stop of the Tab key for each column.
    window.focus_card("Three").await;
    window.until_focus_on("Three").await;
    window.press(&[DOWN]).await;
    window.until_focus_on("Two").await;
    window.press(&[ALT, RIGHT]).await;
    window.until_column("in_progress", &["Two"]).await;
    window.until_focus_on("Two").await;
    window.press(&[LEFT]).await;
    window.until_focus_on("Three").await;
    window.press(&[DOWN]).await;
    window.until_focus_on("One").await;
    window.press(&[UP]).await;
    window.until_focus_on("Three").await;
    until("the move", WITHIN, async || {
        (app.json("/tasks/2").await["status"] == "in_progress").then_some(())
    })
    .await;

    window.press(&[ENTER]).await;
    window.part("sheet").await;
    window.press(&[ESCAPE]).await;
    window.until_no_part("sheet").await;
    window.until_focus_on("Three").await;
    window.press(&[SHIFT, TAB]).await;
    assert_eq!(
        window.focused().await.attr("data-test").await.expect("a button").as_deref(),
        Some("finish")
    );
    window.press(&[ENTER]).await;
    window.until_column("done", &["Three"]).await;

    window.focus_card("One").await;
    window.press(&[DELETE]).await;
    window.until_column("todo", &[]).await;
    window.part("toast-action").await;
    window.close().await;
}

#[rstest]
#[tokio::test]
async fn n_adds_one_task_after_the_other(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let window = open(&app, "/").await;
    window.press(&['n']).await;
    window.write("quick-title", "Buy stamps !high @Zoé").await;
    window.press(&[ENTER]).await;
    window.until_column("todo", &["Buy stamps"]).await;
    window.write("quick-title", "nothing else").await;
    window.press(&[ENTER]).await;
    window.until_column("todo", &["Buy stamps", "nothing else"]).await;
    window.press(&[ESCAPE]).await;
    window.until_no_part("quick-add").await;
    until("the tasks", WITHIN, async || (app.titles("/tasks").await.len() == 2).then_some(()))
        .await;
    let task = app.json("/tasks/1").await;
    assert_eq!((&task["priority"], &task["assignee"]), (&json!("high"), &json!("Zoé")));

    // Below a column's own button it begins there.
    window.press_part("add-in_progress").await;
    window.write("quick-title", "Write").await;
    window.press(&[ENTER]).await;
    window.until_column("in_progress", &["Write"]).await;
    window.press(&[ESCAPE]).await;
    window.until_no_part("quick-add").await;

    // Single keys can be turned off, as speech input wants it.
    window.press(&['?']).await;
    window.press_label_of("single-keys").await;
    window.press(&[ESCAPE]).await;
    window.until_no_part("keys").await;
    window.press(&['n']).await;
    window.press(&['/']).await;
    assert!(window.script("return !document.querySelector('dialog')").await == true);
    window.close().await;
}

//! Several people: windows that see each other's changes, and two changes of the same task.

use rstest::rstest;
use serde_json::json;

use crate::page::open;
use crate::support::Backend::{self, Postgres, Sqlite};
use crate::support::{App, WITHIN, until};
use crate::window::Window;

#[rstest]
#[tokio::test]
async fn a_window_sees_what_another_one_does(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let (here, there) = tokio::join!(open(&app, "/"), open(&app, "/?view=list"));
    here.press_part("add-todo").await;
    here.write("quick-title", "Hello\n").await;
    there.until_rows(&["Hello"]).await;
    there.press_on_card("Hello", "finish").await;
    here.until_column("done", &["Hello"]).await;
    // Another client is one of them.
    let _ = app.patch("/tasks/1", &json!({"title": "Goodbye"})).await.expect(200);
    here.until_column("done", &["Goodbye"]).await;
    there.until_rows(&["Goodbye"]).await;
    let _ = app.delete("/tasks/1").await.expect(204);
    here.until_column("done", &[]).await;
    there.until_rows(&[]).await;
    tokio::join!(here.close(), there.close());
}

/// A window with the sheet of a task open and changed, which someone else has changed since.
async fn in_conflict(app: &App) -> Window {
    let _ = app.create(json!({"title": "Report", "assignee": "Zoé"})).await;
    let mut window = open(app, "/?task=1").await;
    window.expect_fault("412");
    window.write("field-title", "Report, mine").await;
    window.write("field-description", "My words").await;
    let _ = app
        .patch("/tasks/1", &json!({"title": "Report, theirs", "assignee": "Max"}))
        .await
        .expect(200);
    // Who writes is told, and is not disturbed.
    window.part("changed-meanwhile").await;
    window.press_part("save").await;
    window.part("conflict").await;
    let task = app.json("/tasks/1").await;
    assert_eq!(
        (&task["title"], &task["version"]),
        (&json!("Report, theirs"), &json!(2)),
        "nothing is overwritten"
    );
    let shown = window.text_of("conflict").await;
    for text in ["Report, mine", "Report, theirs", "My words", "Max"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    window
}

#[rstest]
#[tokio::test]
async fn in_a_conflict_the_person_chooses_field_by_field(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let window = in_conflict(&app).await;
    window.press_part("choose-title-theirs").await;
    window.press_part("choose-description-mine").await;
    window.press_part("save-choice").await;
    window.until_no_part("conflict").await;
    until("the choice", WITHIN, async || {
        (app.json("/tasks/1").await["version"] == 3).then_some(())
    })
    .await;
    let task = app.json("/tasks/1").await;
    assert_eq!(task["title"], "Report, theirs");
    assert_eq!(task["description"], "My words");
    assert_eq!(task["assignee"], "Max");
    window.close().await;
}

#[rstest]
#[tokio::test]
async fn in_a_conflict_the_others_version_can_stay(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let window = in_conflict(&app).await;
    window.press_part("keep-theirs").await;
    window.until_no_part("conflict").await;
    window.card("Report, theirs").await;
    assert_eq!(app.json("/tasks/1").await["version"], 2);
    window.close().await;
}

#[rstest]
#[tokio::test]
async fn a_task_that_someone_deleted_is_not_made_again(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create(json!({"title": "Report"})).await;
    let mut window = open(&app, "/?task=1").await;
    window.expect_fault("404");
    window.write("field-title", "Report, mine").await;
    let _ = app.delete("/tasks/1").await.expect(204);
    // The sheet says so, and what was written stays in it.
    window.part("gone").await;
    window.press_part("save").await;
    assert!(window.text_of("toasts").await.contains("deleted by someone else"));
    window.until_column("todo", &[]).await;
    assert_eq!(app.json("/tasks/count").await["total"], 0);
    window.close().await;
}

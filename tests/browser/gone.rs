//! A task that someone else deletes while this person changes it: nothing of what they wrote is lost.

use rstest::rstest;
use serde_json::json;

use crate::axe;
use crate::keys::{ENTER, ESCAPE, TAB};
use crate::page::{open, open_for};
use crate::window::{Person, Window};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{App, WITHIN, until};

/// A window in which a changed task was saved that someone had deleted: it asks what is to become of it.
async fn saved_too_late(app: &App, person: Person, title: &str) -> Window {
    let task = app
        .create(json!({"title": "Report", "assignee": "Zoé", "priority": "high", "due_date": "2026-12-24"}))
        .await;
    let mut window = open_for(person, app, "/").await;
    window.expect_answer(404, &format!("/tasks/{}", task["id"].as_str().expect("an id")));
    window.press_on_card("Report", "open").await;
    window.write("field-title", title).await;
    window.write("field-description", "My words").await;
    let _ = app.delete("/tasks/1").await.expect(204);
    // The sheet says so, and what was written stays in it.
    window.part("gone").await;
    window.press_part("save").await;
    window.part("gone-again").await;
    window
}

async fn total(app: &App) -> u64 {
    app.json("/tasks/count").await["total"].as_u64().expect("a count")
}

#[rstest]
#[tokio::test]
async fn it_can_be_made_again_by_keyboard(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let window = saved_too_late(&app, Person::default(), "Report, mine").await;
    let shown = window.text_of("conflict").await;
    for text in
        ["Deleted by someone else", "Report, mine", "(your change)", "My words", "Zoé", "High"]
    {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    axe::check(&window, "a task that is gone").await;
    assert_eq!(total(&app).await, 0, "nothing is made unasked");

    // Escape answers nothing, once or twice, and a reload asks again.
    for _ in 0..2 {
        window.press(&[ESCAPE]).await;
        assert!(window.text_of("gone-choose").await.contains("Nothing is discarded"));
    }
    axe::check(&window, "a task that is gone, after Escape").await;
    window.reload().await;
    assert!(window.text_of("conflict").await.contains("My words"));

    window
        .until_script("the dialog to have the focus", "document.activeElement.id === 'gone-title'")
        .await;
    window.press(&[TAB]).await;
    window.press(&[TAB]).await;
    let focused = window.focused().await.attr("data-test").await.expect("a button");
    assert_eq!(focused.as_deref(), Some("gone-again"));
    window.press(&[ENTER]).await;
    window.until_column("todo", &["Report, mine"]).await;
    window.until_no_part("conflict").await;
    window.until_nothing_is_kept().await;
    assert_eq!(total(&app).await, 1);
    let task = app.json("/tasks/2").await;
    let expected = json!({"title": "Report, mine", "description": "My words", "assignee": "Zoé",
        "priority": "high", "status": "todo", "due_date": "2026-12-24T00:00:00.000000Z"});
    for (field, value) in expected.as_object().expect("fields") {
        assert_eq!(&task[field], value, "{field}");
    }
    assert_eq!(
        window.script("return document.activeElement === document.body").await,
        false,
        "the focus is somewhere"
    );
    window.close().await;
}

#[rstest]
#[tokio::test]
async fn it_can_be_discarded_in_french(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let person = Person { languages: "fr-FR,fr", dark: true, width: 360 };
    let window = saved_too_late(&app, person, "Rapport").await;
    let shown = window.text_of("conflict").await;
    for text in ["Supprimée par quelqu’un d’autre", "« Report »", "Rapport", "(modifié par vous)"]
    {
        assert!(shown.contains(text), "{text}: {shown}");
    }
    axe::check(&window, "a task that is gone, in French").await;
    window.press_part("gone-discard").await;
    window.until_no_part("conflict").await;
    window.until_nothing_is_kept().await;
    window.until_script(
        "what was done to be said",
        "document.querySelector('[data-test=announcer]').textContent === 'Abandonnée : Rapport'",
    )
    .await;
    window.until_column("todo", &[]).await;
    assert_eq!(total(&app).await, 0);
    window.close().await;
}

/// Several changes made without a network are one task again.
#[rstest]
#[tokio::test]
async fn all_that_was_changed_is_in_it(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let task = app.create(json!({"title": "Report", "assignee": "Zoé"})).await;
    let mut window = open(&app, "/").await;
    window.expect_fault("ERR_INTERNET_DISCONNECTED");
    window.expect_answer(404, &format!("/tasks/{}", task["id"].as_str().expect("an id")));
    window.until_column("todo", &["Report"]).await;
    window.set_offline(true).await;
    window.part("offline").await;
    window.press_on_card("Report", "open").await;
    window.write("field-title", "Report, mine").await;
    window.press_part("save").await;
    window.until_no_part("sheet").await;
    window.press_on_card("Report, mine", "finish").await;
    window.until_column("done", &["Report, mine"]).await;
    let _ = app.delete("/tasks/1").await.expect(204);
    window.set_offline(false).await;
    window.press_part("gone-again").await;
    window.until_column("done", &["Report, mine"]).await;
    window.until_nothing_is_kept().await;
    let task = app.json("/tasks/2").await;
    assert_eq!((&task["title"], &task["assignee"]), (&json!("Report, mine"), &json!("Zoé")));
    assert_eq!((&task["status"], total(&app).await), (&json!("done"), 1));
    window.close().await;
}

/// What the service would have refused of the task is refused of the new one: then it can be fixed.
#[rstest]
#[tokio::test]
async fn what_is_refused_can_be_mended(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let mut window = saved_too_late(&app, Person::default(), &"long ".repeat(41)).await;
    window.expect_answer(422, "/tasks");
    window.press_part("gone-again").await;
    window.part("sheet").await;
    let written = window.part("field-description").await.prop("value").await.expect("a field");
    assert_eq!(written.as_deref(), Some("My words"));
    window.write("field-title", "Short").await;
    window.press_part("save").await;
    window.until_column("todo", &["Short"]).await;
    until("the task", WITHIN, async || (total(&app).await == 1).then_some(())).await;
    let task = app.json("/tasks?q=short").await[0].clone();
    assert_eq!((&task["description"], &task["assignee"]), (&json!("My words"), &json!("Zoé")));
    window.close().await;
}

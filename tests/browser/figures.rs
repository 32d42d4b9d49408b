//! The figures: that they are right, follow what happens, and can be read without being seen.

use rstest::rstest;
use serde_json::json;

use crate::page::open;
use crate::window::{Person, Window};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{App, WITHIN, until};

/// The rows of a table by its accessible name, each with its cells.
async fn table(window: &Window, name: &str) -> Vec<String> {
    let script = "const heading = [...document.querySelectorAll('h2')].find((known) => known.textContent === arguments[0]);
        const table = heading && document.querySelector(`table[aria-labelledby='${heading.id}']`);
        return [...(table?.tBodies[0].rows ?? [])].map((row) => [...row.cells].map((cell) => cell.textContent.trim()).join(' | '))";
    let rows = window.script_with(script, vec![json!(name)]).await;
    serde_json::from_value(rows).expect("rows")
}

async fn until_table(window: &Window, name: &str, rows: &[&str]) {
    let what = format!("{name} to show {rows:?}");
    until(&what, WITHIN, async || (table(window, name).await == rows).then_some(())).await;
}

/// What the cards on top say: name and figure.
async fn until_card(window: &Window, name: &str, figure: &str) {
    let expression = format!(
        "[...document.querySelectorAll('.figures-card')].some((card) => card.querySelector('dt').textContent === '{name}' \
         && card.querySelector('dd').textContent === '{figure}')"
    );
    window.until_script(&format!("{name} to be {figure}"), &expression).await;
}

#[rstest]
#[tokio::test]
async fn figures_begin_empty_and_follow_every_change(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let window = Window::blank(Person::default(), app.base()).await;
    // Only what happens is to move the figures, and not the clock by which tasks become overdue.
    let stopped = "const every = setInterval;
        globalThis.setInterval = (call, time) => time === 30_000 ? 0 : every(call, time);";
    window.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": stopped})).await;
    window.goto("/?view=figures").await;
    window.until_connected().await;
    window.find(".figures-empty").await;
    let _ = app
        .create_all([
            json!({"title": "a", "priority": "high", "due_date": "2001-02-03"}),
            json!({"title": "b", "status": "in_progress"}),
            json!({"title": "c", "status": "done"}),
            json!({"title": "d"}),
        ])
        .await;
    until_card(&window, "Open", "3").await;
    until_card(&window, "Overdue", "1").await;
    until_card(&window, "Completed in 7 days", "1").await;
    until_table(
        &window,
        "By status",
        &["To do | 2 | 50%", "In progress | 1 | 25%", "Done | 1 | 25%"],
    )
    .await;
    until_table(
        &window,
        "Open, by priority",
        &["High | 1 | 33%", "Medium | 2 | 67%", "Low | 0 | 0%"],
    )
    .await;
    until_table(
        &window,
        "Overdue, by priority",
        &["High | 1 | 33%", "Medium | 0 | 0%", "Low | 0 | 0%"],
    )
    .await;

    let _ = app.patch("/tasks/1", &json!({"status": "done"})).await.expect(200);
    until_card(&window, "Overdue", "0").await;
    until_table(
        &window,
        "By status",
        &["To do | 1 | 25%", "In progress | 1 | 25%", "Done | 2 | 50%"],
    )
    .await;
    window.close().await;
}

#[rstest]
#[tokio::test]
async fn each_picture_has_its_table(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app.create_all([json!({"title": "a"}), json!({"title": "b", "status": "done"})]).await;
    let window = open(&app, "/?view=figures").await;
    until_card(&window, "Open", "1").await;
    // To a screen reader a picture is its summary; the figures are in a table that a key opens.
    let pictures = window.names("image").await;
    let sums = ["2 created and 1 completed in 30 days", "From 0 open tasks to 1 in 30 days"];
    assert_eq!(pictures, sums);
    for (title, today) in [("Created against completed", "2 | 1"), ("Open over time", "1")] {
        let summary = window.find_by_text("summary", &format!("{title}: as a table")).await;
        summary.send_keys("\u{E007}").await.expect("Enter opens it");
        let rows = until("the table", WITHIN, async || {
            Some(table(&window, title).await).filter(|r| !r.is_empty())
        })
        .await;
        assert_eq!(rows.len(), 30);
        assert!(rows[0].ends_with(&format!(" | {today}")), "today stands first: {}", rows[0]);
        assert!(rows[29].ends_with(" | 0"), "{}", rows[29]);
    }
    // Something is drawn.
    let painted = "[...document.querySelectorAll('.plot canvas')].map((canvas) => {
        const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
        return data.some((value, index) => index % 4 === 3 && value > 200); })";
    assert_eq!(window.script(&format!("return {painted}")).await, json!([true, true]));

    window.find("#figures-range").await.select_by_value("7").await.expect("a choice");
    until("seven days", WITHIN, async || {
        (table(&window, "Open over time").await.len() == 7).then_some(())
    })
    .await;
    assert_eq!(window.address().await, "/?view=figures&days=7");
    window.close().await;
}

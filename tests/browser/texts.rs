//! Texts that hide or turn what stands beside them.

use serde_json::json;

use crate::page::open;
use testkit::Backend::Sqlite;
use testkit::{App, WITHIN, until};

/// A direction override stays within the text that has it.
#[tokio::test]
async fn a_text_keeps_its_direction_to_itself() {
    let app = App::start(Sqlite).await;
    let _ = app.create(json!({"title": "\u{202e}turned", "assignee": "\u{202e}Ann"})).await;
    for path in ["/", "/?view=list"] {
        let window = open(&app, path).await;
        window.part("open").await;
        let isolated = "[...document.querySelectorAll('[data-test=open], .assignee')]
            .every((text) => getComputedStyle(text).unicodeBidi === 'isolate')";
        assert_eq!(window.script(&format!("return {isolated}")).await, true, "{path}");
        let label =
            "return document.querySelector('[data-test=finish]').getAttribute('aria-label')";
        let label = window.script(label).await;
        let label = label.as_str().expect("a label");
        assert!(
            label.contains("\u{2068}turned\u{2069}") && !label.contains('\u{202e}'),
            "{label:?}"
        );
        window.close().await;
    }
}

#[tokio::test]
async fn a_title_that_shows_nothing_is_not_added() {
    let app = App::start(Sqlite).await;
    let mut window = open(&app, "/").await;
    window.press_part("add-todo").await;
    window.write("quick-title", "\u{200b}\u{3164}\n").await;
    let kept = "document.querySelector('[data-test=quick-title]').value";
    assert_eq!(window.script(&format!("return {kept}")).await, "\u{200b}\u{3164}");
    window.write("quick-title", "\u{200b}Seen\n").await;
    window.until_column("todo", &["\u{200b}Seen"]).await;
    // The page shows it before the service has it.
    until("the task to be stored", WITHIN, async || {
        let count = app.json("/tasks/count").await;
        (count != json!({"total": 0})).then(|| assert_eq!(count, json!({"total": 1})))
    })
    .await;
    assert!(window.faults().await.is_empty());
    window.close().await;
}

//! Search and filters: what they find, and that the address holds them.

use rstest::rstest;
use serde_json::json;

use crate::keys::ESCAPE;
use crate::page::open;
use testkit::App;
use testkit::Backend::{self, Postgres, Sqlite};

async fn start(on: Backend) -> App {
    let app = App::start(on).await;
    let _ = app
        .create_all([
            json!({"title": "Ma tâche", "assignee": "Zoé", "due_date": "2001-02-03"}),
            json!({"title": "Straße fegen", "priority": "high", "assignee": "Max"}),
            json!({"title": "Write a report", "description": "about the tâche", "status": "in_progress"}),
            json!({"title": "50 % off", "status": "done", "due_date": "2001-02-03"}),
        ])
        .await;
    app
}

#[rstest]
#[tokio::test]
async fn a_slash_searches_without_case_or_accents(#[values(Sqlite, Postgres)] on: Backend) {
    let app = start(on).await;
    let window = open(&app, "/?view=list").await;
    window.press(&['/']).await;
    window.press(&['t', 'a', 'c', 'h', 'e']).await;
    window.until_rows(&["Write a report", "Ma tâche"]).await;
    assert_eq!(window.address().await, "/?view=list&q=tache");
    window.write("search", "STRASSE").await;
    window.until_rows(&["Straße fegen"]).await;
    window.write("search", "%").await;
    window.until_rows(&["50 % off"]).await;
    window.write("search", "nowhere").await;
    window.until_rows(&[]).await;
    assert!(window.text_of("empty").await.contains("No task"), "that nothing was found is said");
    window.press(&[ESCAPE]).await;
    window.until_rows(&["50 % off", "Write a report", "Straße fegen", "Ma tâche"]).await;
    assert_eq!(window.address().await, "/?view=list");
    // A link shows what its maker saw.
    window.goto("/?q=fegen").await;
    window.until_column("todo", &["Straße fegen"]).await;
    assert_eq!(
        window.part("search").await.prop("value").await.expect("a field").as_deref(),
        Some("fegen")
    );
    window.close().await;
}

#[rstest]
#[tokio::test]
async fn filters_are_in_the_address_and_a_step_back_undoes_them(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let app = start(on).await;
    let window = open(&app, "/?view=list").await;
    window.press_part("filters-toggle").await;
    window.press_label_of("filter-status-todo").await;
    window.until_rows(&["Straße fegen", "Ma tâche"]).await;
    window.press_label_of("filter-priority-high").await;
    window.until_rows(&["Straße fegen"]).await;
    assert_eq!(window.address().await, "/?view=list&status=todo&priority=high");
    assert!(window.text_of("shown").await.contains("1 of 4"));
    window.back().await;
    window.until_rows(&["Straße fegen", "Ma tâche"]).await;
    window.forward().await;
    window.until_rows(&["Straße fegen"]).await;
    window.reload().await;
    window.until_rows(&["Straße fegen"]).await;
    window.press_part("filters-clear").await;
    window.until_rows(&["50 % off", "Write a report", "Straße fegen", "Ma tâche"]).await;
    assert_eq!(window.address().await, "/?view=list");

    // Filters that are set are shown; once none is, they may close.
    window.goto("/?view=list&overdue=true").await;
    window.until_rows(&["Ma tâche"]).await;
    window.goto("/?view=list").await;
    window.press_part("filters-toggle").await;
    window.press_label_of("filter-overdue").await;
    window.until_rows(&["Ma tâche"]).await;
    window.press_label_of("filter-overdue").await;
    window.select("filter-assignee", "Max").await;
    window.until_rows(&["Straße fegen"]).await;
    window.select("filter-assignee", "-").await;
    window.until_rows(&["50 % off", "Write a report"]).await;
    window.select("filter-assignee", "").await;
    for (field, shown) in
        [("due_from", ["50 % off", "Ma tâche"].as_slice()), ("due_to", &["50 % off", "Ma tâche"])]
    {
        window.goto(&format!("/?view=list&{field}=2001-02-03")).await;
        window.until_rows(shown).await;
    }
    window.goto("/?view=list&due_from=2001-02-04").await;
    window.until_rows(&[]).await;
    window.close().await;
}

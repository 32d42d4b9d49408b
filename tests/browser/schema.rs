//! The schema page: each state in words, with what mends it, as the schema changes under the running service.

use rstest::rstest;

use crate::page::open;
use crate::support::Backend::{self, Postgres, Sqlite};
use crate::support::{App, Database};
use crate::window::Window;

async fn until_shown(window: &Window, text: &str) {
    let expression = format!(
        "document.querySelector('main').innerText.includes({})",
        serde_json::Value::from(text)
    );
    window.until_script(&format!("{text:?} to be shown"), &expression).await;
}

async fn run(database: &Database, sql: &str) {
    let mut side = database.connect().await;
    side.execute(sql).await;
    side.close().await;
}

#[rstest]
#[tokio::test]
async fn the_schema_is_shown_with_its_history(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let migrations = app.json("/migrations").await;
    let window = open(&app, "/").await;
    window.press_part("nav-schema").await;
    for text in [
        "Up to date",
        "exactly the migrations of this program",
        "everything that this program needs is applied",
    ] {
        until_shown(&window, text).await;
    }
    until_shown(&window, &migrations["head"].to_string()).await;
    let rows = "return [...document.querySelectorAll('table tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText))";
    let rows: Vec<[String; 4]> = serde_json::from_value(window.script(rows).await).expect("rows");
    let history = migrations["history"].as_array().expect("a history");
    assert_eq!(rows.len(), history.len());
    for ([name, state, applied, took], line) in rows.iter().zip(history.iter().rev()) {
        let (version, description) =
            (line["version"].to_string(), line["description"].as_str().expect("a text"));
        assert!(name.contains(&version) && name.contains(description), "{name}");
        assert_eq!(state, "applied");
        assert!(applied.contains("20"), "when: {applied}");
        assert!(took.ends_with("ms") || took.ends_with("sec"), "how long: {took}");
    }
    assert_eq!(window.address().await, "/?view=schema");
    window.close().await;
}

#[rstest]
#[tokio::test]
async fn what_is_wrong_is_named_with_what_mends_it(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let mut window = open(&app, "/?view=schema").await;
    // What does not fit is answered with 503, and the tasks are not there.
    window.expect_fault("50");
    until_shown(&window, "Up to date").await;
    run(&app.database, "ALTER TABLE tasks RENAME COLUMN assignee TO owner").await;
    for text in ["Drifted", "assignee", "taskmanager migrate status", "taskmanager restore"] {
        until_shown(&window, text).await;
    }
    run(&app.database, "ALTER TABLE tasks RENAME COLUMN owner TO assignee").await;
    until_shown(&window, "Up to date").await;

    run(
        &app.database,
        "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)",
    )
    .await;
    for text in ["Behind", "taskmanager migrate up", "not the same version", "pending"] {
        until_shown(&window, text).await;
    }
    window.close().await;
}

//! The viewer of the OpenAPI document in a real browser: it shows every operation, and breaks no rule of the policy.

use crate::window::{Person, Window};
use testkit::App;
use testkit::Backend::Sqlite;

#[tokio::test]
async fn shows_every_operation() {
    let app = App::start(Sqlite).await;
    let document = app.json("/openapi.json").await;
    let paths = document["paths"].as_object().expect("paths").values();
    let operations: usize = paths.map(|item| item.as_object().expect("a path").len()).sum();
    let mut window = Window::of(Person::default(), app.base(), "/docs").await;
    let shown = format!("document.querySelectorAll('.opblock').length === {operations}");
    window.until_script("every operation to be shown", &shown).await;
    // Opened, and sent to the service.
    window.script("document.querySelector('#operations-tasks-countTasks .opblock-summary-control').click()").await;
    let execute = "document.querySelector('#operations-tasks-countTasks .execute')";
    window.until_script("the form", &format!("{execute} !== null")).await;
    window.script(&format!("{execute}.click()")).await;
    let answer = "document.querySelector('#operations-tasks-countTasks .live-responses-table')?.textContent.includes('\"total\": 0')";
    window.until_script("the answer", answer).await;
    let asked = window.requests().await;
    assert!(
        asked.iter().all(|url| url.starts_with(app.base()) || url.starts_with("data:")),
        "{asked:?}"
    );
    window.close().await;
}

//! Figures of speed and weight. The limits are for a busy machine and a debug build; what was measured is printed.

use std::path::Path;

use rstest::rstest;
use serde_json::{Value, json};

use crate::page::{open, seed};
use crate::window::{Person, Window};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{App, WITHIN, until};

/// What the page may weigh as a debug build compresses it, in bytes: all views and both languages. A release
/// compresses better.
const WEIGHT_MAX: u64 = 120_000;

#[tokio::test]
async fn the_first_render_comes_soon_and_the_page_is_light() {
    let app = App::start(Sqlite).await;
    let _ = app.create(json!({"title": "Hello"})).await;
    let window = Window::blank(Person::default(), app.base()).await;
    let watch = "const look = () => document.querySelector('[data-test=card]')
            ? globalThis.firstCard = performance.now() : requestAnimationFrame(look);
        requestAnimationFrame(look)";
    window.devtools("Page.addScriptToEvaluateOnNewDocument", json!({"source": watch})).await;
    window.goto("/").await;
    window.until_script("the first card", "globalThis.firstCard").await;
    // It is told a little after the frame that it is about.
    let paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime";
    window.until_script("the first paint", paint).await;
    let paint = window.script(&format!("return {paint}")).await;
    let card = window.script("return globalThis.firstCard").await;
    let (paint, card) = (paint.as_f64().expect("a time"), card.as_f64().expect("a time"));

    for view in ["figures", "schema"] {
        window.press_part(&format!("nav-{view}")).await;
        window.find(".page h1").await;
    }
    let sizes = "return performance.getEntriesByType('resource').concat(performance.getEntriesByType('navigation'))
        .filter(({ name }) => name.includes('/assets/') || name.endsWith('/'))
        .map(({ name, encodedBodySize }) => [name, encodedBodySize])";
    let sizes: Vec<(String, u64)> =
        serde_json::from_value(window.script(sizes).await).expect("sizes");
    let weight: u64 = sizes.iter().map(|(_, size)| size).sum();
    let files = sizes.len();
    eprintln!(
        "first paint after {paint:.0} ms, first card after {card:.0} ms, {weight} bytes in {files} files"
    );
    assert!(paint < 3000.0 && card < 5000.0, "{paint} ms, {card} ms");
    assert!(files > 5 && weight < WEIGHT_MAX, "{weight} bytes in {files} files: {sizes:?}");
    window.close().await;
}

#[rstest]
#[tokio::test]
async fn a_drag_among_five_thousand_tasks_answers_at_once(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    seed(&app.database, 5000).await;
    let window = open(&app, "/").await;
    until("all tasks", WITHIN, async || {
        (counts(&window).await == [3000, 1000, 1000]).then_some(())
    })
    .await;
    let drawn = window.script("return document.querySelectorAll('[data-test=card]').length").await;
    assert!(drawn.as_u64().expect("a count") < 150, "{drawn} cards are drawn");
    let mut times = Vec::new();
    for moved in 1..=5_u64 {
        // From the release of the button to the end of the frame that shows the other column.
        window
            .script(
                "const count = document.querySelector('[data-test=column-in_progress] [data-test=count]');
                 const before = count.textContent;
                 globalThis.answered = new Promise((resolve) => addEventListener('pointerup', ({ timeStamp }) => {
                     const look = () => count.textContent === before ? requestAnimationFrame(look)
                         : setTimeout(() => resolve(performance.now() - timeStamp));
                     requestAnimationFrame(look);
                 }, { capture: true, once: true }));",
            )
            .await;
        let card = window.find("[data-test=column-todo] [data-test=card]").await;
        let column = window.part("column-in_progress").await;
        window.drag(&card, &column).await;
        times.push(window.script("return globalThis.answered").await.as_f64().expect("a time"));
        assert_eq!(counts(&window).await, [3000 - moved, 1000 + moved, 1000]);
    }
    eprintln!("a drag among 5,000 tasks was answered after {times:.0?} ms ({on:?})");
    let quickest = times.iter().copied().fold(f64::INFINITY, f64::min);
    assert!(quickest < 250.0, "{times:?}");
    until("the moves", WITHIN, async || {
        (app.json("/tasks/count?status=in_progress").await["total"] == 1005).then_some(())
    })
    .await;
    window.close().await;
}

async fn counts(window: &Window) -> Vec<u64> {
    let script = "return [...document.querySelectorAll('[data-test=count]')].map(({ textContent }) => Number(textContent.replace(/\\D/g, '')))";
    let counts: Value = window.script(script).await;
    serde_json::from_value(counts).expect("counts")
}

/// What is vendored for these tests is what its list says.
#[test]
fn the_vendored_checker_is_the_registrys() {
    use sha2::{Digest, Sha256};
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/vendor");
    let list = std::fs::read(folder.join("VENDOR.json")).expect("a list");
    let list: Value = serde_json::from_slice(&list).expect("JSON");
    for file in list[0]["files"].as_array().expect("files") {
        let path = folder.join(file["path"].as_str().expect("a path"));
        let digest = Sha256::digest(std::fs::read(&path).expect("a file"));
        assert_eq!(file["sha256"], format!("{digest:x}"), "{}", path.display());
    }
}

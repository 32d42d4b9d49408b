//! axe-core, the checker of accessibility, run in a window.

use serde_json::{Value, json};

use crate::window::Window;

/// axe-core 4.14.1, as the npm registry has it; see `vendor/VENDOR.json`.
const AXE: &str = include_str!("vendor/axe.min.js");

/// The criteria of WCAG 2.2, levels A and AA, in axe-core's words.
const TAGS: [&str; 5] = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

/// Demands that nothing of what is shown now breaks a rule.
///
/// # Panics
///
/// When something does; names the rule, what it is about, and the elements.
pub(crate) async fn check(window: &Window, what: &str) {
    if window.script("return typeof axe").await == "undefined" {
        window.script(AXE).await;
    }
    let run = "return axe.run(document, {runOnly: arguments[0], resultTypes: ['violations']})";
    let found = window.script_with(run, vec![json!(TAGS)]).await;
    let violations: Vec<_> =
        found["violations"].as_array().expect("results of axe").iter().map(describe).collect();
    assert!(violations.is_empty(), "{what}:\n{}", violations.join("\n"));
}

fn describe(violation: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut lines = vec![format!("{}: {}", text(&violation["id"]), text(&violation["help"]))];
    for node in violation["nodes"].as_array().into_iter().flatten() {
        lines.push(format!("    {}", text(&node["html"])));
        lines.push(format!("      {}", text(&node["failureSummary"]).replace('\n', "\n      ")));
    }
    lines.join("\n")
}

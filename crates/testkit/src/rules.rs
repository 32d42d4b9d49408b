//! What holds for every answer of the service, whatever was asked.

use serde_json::Value;

use crate::client::Answer;

/// Words that an error's body never holds: they would be the database's or the program's own.
const INTERNALS: [&str; 9] = [
    "sqlx",
    "sqlstate",
    "panicked",
    "rusqlite",
    "src/",
    "postgres",
    "no such table",
    "relation \"",
    "stack backtrace",
];

/// Holds an answer against the rules.
///
/// # Panics
///
/// When it breaks one; shows the whole answer.
pub fn check(answer: &Answer) {
    let all = answer.describe();
    let header = |name: &str| answer.header(name).unwrap_or_default();

    let id = header("x-request-id");
    let visible = id.bytes().all(|byte| byte.is_ascii_graphic());
    assert!((1..=128).contains(&id.len()) && visible, "X-Request-Id: {all}");
    assert_eq!(header("x-content-type-options"), "nosniff", "{all}");
    assert_eq!(header("x-frame-options"), "DENY", "{all}");
    assert!(!header("referrer-policy").is_empty(), "Referrer-Policy: {all}");
    for name in ["cross-origin-resource-policy", "cross-origin-opener-policy", "permissions-policy"]
    {
        assert!(!header(name).is_empty(), "{name}: {all}");
    }
    let policy = header("content-security-policy");
    assert!(!policy.is_empty() && !policy.contains("unsafe-inline"), "policy: {all}");

    let kind = header("content-type");
    let is_json =
        kind.starts_with("application/json") || kind.starts_with("application/problem+json");
    if is_json {
        assert_eq!(header("cache-control"), "no-store", "{all}");
    }
    if matches!(answer.status, 204 | 304) || answer.method == "HEAD" {
        assert!(answer.body.is_empty(), "a body where none may be: {all}");
    }
    if answer.status >= 400 && !(answer.path == "/health" && answer.status == 503) {
        assert!(kind.starts_with("application/problem+json"), "not a problem: {all}");
        check_error_headers(answer, &all);
        if answer.method != "HEAD" && answer.header("content-encoding").is_none() {
            check_problem(answer, &all);
        }
    }
}

fn check_error_headers(answer: &Answer, all: &str) {
    match answer.status {
        405 => assert!(answer.header("allow").is_some(), "405 without Allow: {all}"),
        409 | 429 | 503 => {
            let seconds = answer.header("retry-after").and_then(|text| text.parse::<u32>().ok());
            assert!(seconds.is_some_and(|seconds| seconds >= 1), "no Retry-After: {all}");
        }
        406 => panic!("406 is never answered: {all}"),
        _ => {}
    }
}

fn check_problem(answer: &Answer, all: &str) {
    let body = answer.json();
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    let slug = text("type").strip_prefix("/problems/").map(ToOwned::to_owned);
    assert!(slug.is_some_and(|slug| !slug.is_empty()), "type: {all}");
    assert!(!text("title").is_empty() && !text("detail").is_empty(), "title, detail: {all}");
    assert_eq!(body["status"], answer.status, "{all}");
    assert_eq!(text("instance"), answer.path, "{all}");
    assert_eq!(Some(text("request_id")), answer.header("x-request-id"), "{all}");
    let errors = body.get("errors").and_then(Value::as_array);
    if answer.status == 422 {
        assert!(errors.is_some_and(|errors| !errors.is_empty()), "422 without errors: {all}");
    }
    for error in errors.into_iter().flatten() {
        let one_place = error["pointer"].is_string() != error["parameter"].is_string();
        assert!(one_place, "pointer or parameter: {all}");
        let named = error["parameter"].as_str() != Some("");
        assert!(named, "a parameter without a name: {all}");
        for member in ["code", "detail"] {
            assert!(error[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {all}");
        }
    }
    if answer.status >= 500 {
        let body = answer.text().to_lowercase();
        for word in INTERNALS {
            assert!(!body.contains(word), "internals ({word}): {all}");
        }
    }
}

//! Findings as SARIF 2.1.0 (OASIS), which code hosts show beside the lines.

use std::path::{Component, Path};

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use super::report::Located;
use schemakeep::lint::{RULES, Rule, Severity};

/// What stays as it is in a segment of a path (RFC 3986, unreserved).
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

pub(super) fn document(found: &[Located]) -> Value {
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "taskmanager",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": RULES.iter().map(|rule| described(rule)).collect::<Vec<_>>(),
            } },
            "columnKind": "unicodeCodePoints",
            "results": found.iter().map(result).collect::<Vec<_>>(),
        }],
    })
}

fn described(rule: &Rule) -> Value {
    json!({
        "id": rule.name,
        "shortDescription": { "text": rule.about },
        "help": { "text": format!("Instead: {}.", rule.suggestion) },
        "defaultConfiguration": { "level": level(rule.severity) },
    })
}

fn result(located: &Located) -> Value {
    let finding = &located.finding;
    let lock = finding.lock.map(|lock| format!(" (lock: {lock})")).unwrap_or_default();
    json!({
        "ruleId": finding.rule,
        "ruleIndex": RULES.iter().position(|rule| rule.name == finding.rule),
        "level": level(finding.severity),
        "message": { "text": format!("{}{lock}. Instead: {}.", finding.why, finding.suggestion) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri(&located.path), "uriBaseId": "%SRCROOT%" },
            "region": { "startLine": finding.line },
        } }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// The path from the working directory, as a relative reference; code hosts know no other.
fn uri(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    let path = path.strip_prefix(&here).unwrap_or(path);
    let segments = path.components().filter_map(|component| match component {
        Component::Normal(name) => {
            Some(utf8_percent_encode(&name.to_string_lossy(), SEGMENT).to_string())
        }
        Component::ParentDir => Some("..".to_owned()),
        _ => None,
    });
    segments.collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_relative_references() {
        assert_eq!(uri(Path::new("./a b/ü.up.sql")), "a%20b/%C3%BC.up.sql");
        let here = std::env::current_dir().expect("a working directory");
        assert_eq!(uri(&here.join("migrations/x.up.sql")), "migrations/x.up.sql");
    }
}

//! Findings for people and in JSON.

use std::path::PathBuf;

use serde::Serialize;

use schemakeep::lint::{Finding, Severity};

/// A finding, and where its file is.
#[derive(Debug, Serialize)]
pub(super) struct Located {
    /// The path as people are shown it.
    #[serde(rename = "file")]
    pub(super) shown: String,
    /// The path from the working directory.
    #[serde(skip)]
    pub(super) path: PathBuf,
    #[serde(flatten)]
    pub(super) finding: Finding,
}

#[derive(Serialize)]
pub(super) struct Report<'a> {
    pub(super) findings: &'a [Located],
}

pub(super) fn text(found: &[Located], colour: bool) -> String {
    if found.is_empty() {
        return "no findings\n".to_owned();
    }
    let painted = |code: &str, text: &str| {
        if colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    };
    let of = |located: &Located| {
        let finding = &located.finding;
        let place = painted("1", &format!("{}:{}", located.shown, finding.line));
        let severity = match finding.severity {
            Severity::Error => painted("1;31", "error"),
            Severity::Warning => painted("33", "warning"),
        };
        let cost = cost(finding).map(|cost| format!("\n  lock: {cost}")).unwrap_or_default();
        let (rule, why, suggestion) = (finding.rule, &finding.why, finding.suggestion);
        format!("{place}: {severity} [{rule}]{cost}\n  why: {why}\n  suggestion: {suggestion}\n")
    };
    found.iter().map(of).collect()
}

/// The lock, and what happens while it is held.
fn cost(finding: &Finding) -> Option<String> {
    let while_held = match (finding.rewrites, finding.scans) {
        (true, _) => ", while the table is rewritten",
        (_, true) => ", while the table is read",
        _ => "",
    };
    Some(format!("{}{while_held}", finding.lock?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn located() -> Located {
        let finding = Finding {
            version: 1,
            file: "1_a.up.sql".into(),
            line: 3,
            rule: "some-rule",
            severity: Severity::Error,
            lock: Some("SHARE"),
            rewrites: false,
            scans: true,
            why: "it hurts".into(),
            suggestion: "do not",
        };
        Located { shown: "postgres/1_a.up.sql".into(), path: "a".into(), finding }
    }

    #[test]
    fn colour_only_where_it_is_asked_for() {
        let plain = "postgres/1_a.up.sql:3: error [some-rule]\n  lock: SHARE, while the table is read\n  why: it hurts\n  suggestion: do not\n";
        assert_eq!(text(&[located()], false), plain);
        let coloured = text(&[located()], true);
        assert!(coloured.contains("\x1b[1;31merror\x1b[0m"), "{coloured:?}");
        assert_eq!(text(&[], true), "no findings\n");
    }
}

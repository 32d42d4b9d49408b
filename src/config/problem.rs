//! What is wrong with a configuration: every problem at once, one line each, no secret in any.

use std::fmt;

use schemakeep_db::url::redact;

/// One value that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The variable's name in the environment.
    pub variable: &'static str,
    /// Where the value came from, in words.
    pub origin: String,
    /// What it was and what is allowed, in one clause; secrets are redacted.
    pub detail: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.variable, self.origin, self.detail)
    }
}

/// Every problem of a configuration, in the order of the variables; one line each when displayed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ConfigErrors(pub Vec<Problem>);

/// A given text for an error: quoted, control characters escaped, cut when long, and redacted when
/// it looks like a URL, since one lands in the wrong variable easily.
pub(super) fn quoted(text: &str) -> String {
    const SHOWN: usize = 120;
    let text = if text.contains("://") { redact(text) } else { text.to_owned() };
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
    format!("{shown:?}{more}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quoted_text_is_one_line_short_and_without_password() {
        assert_eq!(quoted("a\nb"), r#""a\nb""#);
        assert_eq!(quoted(&"x".repeat(200)), format!("\"{}\"…", "x".repeat(120)));
        assert_eq!(quoted("postgres://u:hunter2@h/d"), r#""postgres://u:***@h/d""#);
    }
}

//! Values with a short list or a plain range of what is allowed.

use std::fmt::{self, Display};
use std::ops::RangeInclusive;
use std::str::FromStr;

use tracing_subscriber::EnvFilter;

use schemakeep::MigrateMode;

use super::problem::quoted;

/// What a commit to an SQLite file waits for: `PRAGMA synchronous`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SqliteSynchronous {
    /// Until the write-ahead log is on the disk: a commit survives a power failure.
    #[default]
    Full,
    /// Until the operating system has it: a power failure may take the last commits, never the file's integrity.
    Normal,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For a person.
    Text,
    /// One flat JSON object a line, for a machine.
    Json,
}

pub(super) fn migrate_mode(text: &str) -> Result<MigrateMode, String> {
    one_of(MigrateMode::ALL, text)
}

impl SqliteSynchronous {
    const ALL: [Self; 2] = [Self::Full, Self::Normal];

    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Normal => "normal",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        one_of(Self::ALL, text)
    }
}

impl LogFormat {
    const ALL: [Self; 2] = [Self::Text, Self::Json];

    /// The word in the configuration.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Json => "json",
        }
    }

    pub(super) fn parse(text: &str) -> Result<Self, String> {
        one_of(Self::ALL, text)
    }
}

impl Display for SqliteSynchronous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Display for LogFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// Reads one word of a list.
pub(super) fn one_of<T: Copy + Display, const N: usize>(
    all: [T; N],
    text: &str,
) -> Result<T, String> {
    all.into_iter().find(|value| value.to_string() == text).ok_or_else(|| {
        let words = all.map(|value| value.to_string()).join(", ");
        format!("must be one of {words}, got {}", quoted(text))
    })
}

/// Reads a whole number in digits only.
pub(super) fn number<N>(text: &str, allowed: RangeInclusive<N>) -> Result<N, String>
where
    N: Copy + Display + FromStr + PartialOrd,
{
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|number| digits && allowed.contains(number)).ok_or_else(|| {
        let (min, max) = (allowed.start(), allowed.end());
        format!("must be a whole number from {min} to {max}, got {}", quoted(text))
    })
}

/// Reads the name of the environment.
pub(super) fn environment(text: &str) -> Result<String, String> {
    let visible = !text.chars().any(|c| c.is_control() || c.is_whitespace());
    // A URL is here by mistake, and the name is shown to everybody.
    if visible && !text.contains("://") && (1..=64).contains(&text.chars().count()) {
        Ok(text.to_owned())
    } else {
        Err(format!("must be 1 to 64 visible characters and no URL, got {}", quoted(text)))
    }
}

/// Reads a log filter.
pub(super) fn log_filter(text: &str) -> Result<String, String> {
    // A URL would pass for the name of a target, and is here by mistake.
    if !text.contains("://") && EnvFilter::builder().parse(text).is_ok() {
        return Ok(text.to_owned());
    }
    Err(format!(
        "must be a level (off, error, warn, info, debug, trace) or a comma list of target=level, \
         got {}",
        quoted(text)
    ))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("auto", Some(MigrateMode::Auto))]
    #[case("check", Some(MigrateMode::Check))]
    #[case("off", Some(MigrateMode::Off))]
    #[case("AUTO", None)]
    #[case("\"auto\"", None)]
    #[case("true", None)]
    #[case(" auto", None)]
    #[case("", None)]
    fn reads_migrate_modes(#[case] text: &str, #[case] expected: Option<MigrateMode>) {
        assert_eq!(migrate_mode(text).ok(), expected);
    }

    #[test]
    fn a_wrong_word_is_answered_with_the_right_ones() {
        assert_eq!(
            migrate_mode("on"),
            Err("must be one of auto, check, off, got \"on\"".to_owned())
        );
        assert_eq!(
            LogFormat::parse("JSON"),
            Err("must be one of text, json, got \"JSON\"".to_owned())
        );
    }

    #[rstest]
    #[case("1", Some(1))]
    #[case("1000", Some(1000))]
    #[case("0", None)]
    #[case("1001", None)]
    #[case("1.5", None)]
    #[case("+5", None)]
    #[case("4294967296", None)]
    fn reads_numbers(#[case] text: &str, #[case] expected: Option<u32>) {
        assert_eq!(number(text, 1..=1000).ok(), expected);
    }

    #[rstest]
    #[case("production", true)]
    #[case("größe", true)]
    #[case("", false)]
    #[case("two words", false)]
    #[case("a\u{7}", false)]
    #[case("postgres://u:p@h/d", false)]
    fn reads_environments(#[case] text: &str, #[case] valid: bool) {
        assert_eq!(environment(text).is_ok(), valid);
    }

    #[test]
    fn an_environment_has_at_most_64_characters() {
        assert!(environment(&"ß".repeat(64)).is_ok());
        assert!(environment(&"ß".repeat(65)).is_err());
    }

    #[rstest]
    #[case("info", true)]
    #[case("warn,taskmanager=debug,sqlx::query=trace", true)]
    #[case("taskmanager=loud", false)]
    #[case("info,=", false)]
    #[case("https://a.example", false)]
    fn reads_log_filters(#[case] text: &str, #[case] valid: bool) {
        assert_eq!(log_filter(text).is_ok(), valid);
    }
}

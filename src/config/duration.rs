//! Durations as a person writes them: `10s`, `500ms`, `1m30s`; always with a unit.

use std::time::Duration;

use super::problem::quoted;

/// Returns a parser of durations from `min` to `max`, both included.
pub(super) fn between(
    min: Duration,
    max: Duration,
) -> impl Fn(&str) -> Result<Duration, String> + Copy {
    move |text| {
        let allowed = format!("must be a duration from {} to {}", shown(min), shown(max));
        let plain = text.trim();
        if plain != "0" && !plain.is_empty() && plain.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!(
                "{allowed} with a unit, such as {plain}s or {plain}ms, got {}",
                quoted(text)
            ));
        }
        match humantime::parse_duration(text) {
            Ok(duration) if (min..=max).contains(&duration) => Ok(duration),
            Ok(_) => Err(format!("{allowed}, got {}", quoted(text))),
            Err(_) => Err(format!("{allowed}, such as 10s, 500ms or 1m30s, got {}", quoted(text))),
        }
    }
}

/// A duration in the spelling that is read back: `1m30s`, `0s`.
pub(super) fn shown(duration: Duration) -> String {
    humantime::format_duration(duration).to_string().replace(' ', "")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    #[rstest]
    #[case("0", 0)]
    #[case("0s", 0)]
    #[case("10s", 10_000)]
    #[case("500ms", 500)]
    #[case("5m", 300_000)]
    #[case("1h", 3_600_000)]
    #[case("1m30s", 90_000)]
    #[case("1m 30s", 90_000)]
    fn reads(#[case] text: &str, #[case] milliseconds: u64) {
        let parse = between(Duration::ZERO, HOUR);
        assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)));
    }

    #[rstest]
    #[case("10", "with a unit, such as 10s or 10ms, got \"10\"")]
    #[case(" 5 ", "with a unit, such as 5s or 5ms")]
    #[case("", "such as 10s, 500ms or 1m30s, got \"\"")]
    #[case("-1s", "such as 10s")]
    #[case("ten", "such as 10s")]
    #[case("10x", "such as 10s")]
    #[case("61m", "must be a duration from 100ms to 1h, got \"61m\"")]
    #[case("99ms", "must be a duration from 100ms to 1h, got \"99ms\"")]
    #[case("0", "must be a duration from 100ms to 1h, got \"0\"")]
    #[case("99999999999999999999s", "such as 10s")]
    fn refuses(#[case] text: &str, #[case] words: &str) {
        let detail = between(Duration::from_millis(100), HOUR)(text).expect_err(text);
        assert!(detail.contains(words), "{detail}");
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(milliseconds in 0_u64..=3_600_000) {
            let duration = Duration::from_millis(milliseconds);
            prop_assert_eq!(between(Duration::ZERO, HOUR)(&shown(duration)), Ok(duration));
        }
    }
}

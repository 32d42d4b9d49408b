//! Which of two media types a client would rather have (RFC 9110 section 12.5.1).

use axum::http::HeaderValue;

/// Whether `Accept` weighs the first type higher than the second, or, where both weigh the same, names it more exactly.
pub(super) fn prefers<'a>(
    accept: impl IntoIterator<Item = &'a HeaderValue>,
    first: &str,
    second: &str,
) -> bool {
    let lines: Vec<&str> = accept.into_iter().filter_map(|line| line.to_str().ok()).collect();
    let ranges: Vec<(&str, f32)> =
        lines.iter().flat_map(|line| line.split(',')).map(weigh).collect();
    let (first, second) = (rank(&ranges, first), rank(&ranges, second));
    first > second
}

/// A type's weight, and how exactly it was named: the most exact range counts.
fn rank(ranges: &[(&str, f32)], of: &str) -> (f32, u8) {
    let group = of.split('/').next().unwrap_or_default();
    let exactness = |range: &str| {
        if range.eq_ignore_ascii_case(of) {
            Some(3)
        } else if range.strip_suffix("/*").is_some_and(|name| name.eq_ignore_ascii_case(group)) {
            Some(2)
        } else {
            (range == "*/*").then_some(1)
        }
    };
    let matching = ranges.iter().filter_map(|(range, weight)| Some((exactness(range)?, *weight)));
    matching.max_by_key(|(exact, _)| *exact).map_or((0.0, 0), |(exact, weight)| (weight, exact))
}

/// A range and its weight; one that cannot be read counts as 1, as no weight does.
fn weigh(range: &str) -> (&str, f32) {
    let mut parts = range.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default();
    let weight =
        parts.find_map(|part| part.strip_prefix(['q', 'Q'])?.trim_start().strip_prefix('='));
    (name, weight.and_then(|weight| weight.trim().parse().ok()).unwrap_or(1.0))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::none(&[], false)]
    #[case::anything(&["*/*"], false)]
    #[case::stream(&["text/event-stream"], false)]
    #[case::json(&["application/json"], true)]
    #[case::json_in_capitals(&["Application/JSON; charset=utf-8"], true)]
    #[case::json_first_of_anything(&["application/json, text/plain, */*"], true)]
    #[case::group(&["application/*, */*"], true)]
    #[case::both(&["application/json, text/event-stream"], false)]
    #[case::weighed(&["text/event-stream;q=0.5, application/json;q=0.8"], true)]
    #[case::weighed_less(&["application/json;q=0.5, */*"], false)]
    #[case::refused(&["application/json;q=0, text/event-stream;q=0.1"], false)]
    #[case::lines(&["text/event-stream;q=0.1", "application/json"], true)]
    fn json_before_a_stream(#[case] accept: &[&'static str], #[case] expected: bool) {
        let lines: Vec<_> = accept.iter().map(|line| HeaderValue::from_static(line)).collect();
        assert_eq!(prefers(&lines, "application/json", "text/event-stream"), expected);
    }
}

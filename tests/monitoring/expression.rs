//! As much of `PromQL` as the linter's rules need: selectors, and what stands around them. Whether an expression is
//! right, Prometheus says.

/// A selector of an expression.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Selector<'a> {
    /// The metric's name.
    pub(crate) metric: &'a str,
    /// What stands between the braces; empty without.
    pub(crate) matchers: &'a str,
    /// What stands between the brackets behind it, if it is a range.
    pub(crate) range: Option<&'a str>,
    /// The function of which it is the argument; empty without.
    pub(crate) function: &'a str,
}

/// Words that are followed by labels, not by an argument.
const LABELLED: [&str; 7] =
    ["by", "without", "on", "ignoring", "group_left", "group_right", "count_values"];
/// Words between operands.
const OPERATORS: [&str; 5] = ["and", "or", "unless", "bool", "offset"];

/// Every selector, in order.
pub(crate) fn selectors(expression: &str) -> Vec<Selector<'_>> {
    let mut found = Vec::new();
    let mut functions: Vec<&str> = Vec::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let word = &rest[..rest.find(|c: char| !is_part(c)).unwrap_or(rest.len())];
        if word.is_empty() || first.is_ascii_digit() {
            match first {
                '(' => functions.push(""),
                ')' => drop(functions.pop()),
                _ => {}
            }
            rest = &rest[word.len().max(first.len_utf8())..];
            continue;
        }
        let after = &rest[word.len()..];
        if LABELLED.contains(&word) {
            rest = skip_group(after);
        } else if OPERATORS.contains(&word) || is_aggregation_with_labels(after) {
            rest = after;
        } else if let Some(inside) = after.strip_prefix('(') {
            functions.push(word);
            rest = inside;
        } else {
            let (matchers, after) = enclosed(after, '{', '}').unwrap_or(("", after));
            let range = enclosed(after, '[', ']');
            let function = functions.last().copied().unwrap_or_default();
            found.push(Selector { metric: word, matchers, range: range.map(|r| r.0), function });
            rest = range.map_or(after, |r| r.1);
        }
    }
    found
}

fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '_' | ':')
}

/// `sum by (…) (…)`: the labels stand between the word and its argument.
fn is_aggregation_with_labels(after: &str) -> bool {
    let next = after.trim_start();
    after.starts_with(' ') && (next.starts_with("by ") || next.starts_with("without "))
}

/// Steps over ` (…)`, where that is what comes next.
fn skip_group(after: &str) -> &str {
    enclosed(after.trim_start(), '(', ')').map_or(after, |(_, rest)| rest)
}

/// What stands between two signs, if the first comes next, and what comes after.
fn enclosed(text: &str, open: char, close: char) -> Option<(&str, &str)> {
    let inside = text.strip_prefix(open)?;
    // A brace may stand in a quoted value, as in "/tasks/{ref}".
    let mut quoted = false;
    let end = inside.find(|c| {
        quoted ^= c == '"';
        c == close && !quoted
    })?;
    Some((&inside[..end], &inside[end + 1..]))
}

#[test]
fn selectors_are_found_with_what_stands_around_them() {
    let text = r#"1 - sum by (job) (rate(a_total{x="{1}"}[5m])) / on (job) group_left () max(b:c{}) >= 0.5 or vector(0) and d"#;
    let found = selectors(text);
    let plain: Vec<_> = found.iter().map(|s| (s.metric, s.matchers, s.range, s.function)).collect();
    let expected = [
        ("a_total", r#"x="{1}""#, Some("5m"), "rate"),
        ("b:c", "", None, "max"),
        ("d", "", None, ""),
    ];
    assert_eq!(plain, expected);
}

//! Reads the parameters of a query string one by one, and collects all faults.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::domain::text::quoted;
use crate::domain::{Place, ValidationErrors, ValueError};
use crate::http::query_string::QueryString;

/// The pairs of a query string, taken out name by name.
pub(in crate::http) struct Reader<'a> {
    query: &'a QueryString,
    pub(super) violations: ValidationErrors,
}

impl<'a> Reader<'a> {
    pub(in crate::http) fn new(query: &'a QueryString) -> Self {
        Self { query, violations: ValidationErrors::new() }
    }

    /// A fault for each name that is not among those that the path takes.
    pub(in crate::http) fn refuse_unknown(&mut self, allowed: &[&str]) {
        let mut seen: Vec<&str> = Vec::new();
        for (name, _) in &self.query.0 {
            if allowed.contains(&name.as_str()) || seen.contains(&name.as_str()) {
                continue;
            }
            seen.push(name);
            let allowed = allowed.join(", ");
            let detail = format!(
                "{} is not a parameter of this path; allowed parameters: {allowed}",
                quoted(name)
            );
            self.fault(name, ValueError::new("unknown_parameter", detail));
        }
    }

    /// The value, if every rule was kept.
    pub(in crate::http) fn finish<T>(self, value: T) -> Result<T, ValidationErrors> {
        if self.violations.is_empty() { Ok(value) } else { Err(self.violations) }
    }

    pub(super) fn all(&self, name: &str) -> Vec<&'a str> {
        self.query.0.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect()
    }

    pub(super) fn fault(&mut self, name: &str, fault: ValueError) {
        self.violations.push(Place::parameter(name), fault);
    }

    /// The only value, which may be empty; a second one is a fault. `allowed` completes "it must be …".
    pub(super) fn one(&mut self, name: &str, allowed: impl Display) -> Option<&'a str> {
        match self.all(name).as_slice() {
            [] => None,
            [value] => Some(value),
            values => {
                let times = values.len();
                let detail =
                    format!("{name} must be {allowed}, and given once; it was given {times} times");
                self.fault(name, ValueError::new("repeated", detail));
                None
            }
        }
    }

    /// The only value, read by `parse`; an empty one is a fault.
    pub(in crate::http) fn read<T>(
        &mut self,
        name: &str,
        allowed: impl Display,
        parse: impl FnOnce(&str) -> Result<T, ValueError>,
    ) -> Option<T> {
        let value = match self.one(name, &allowed)? {
            "" => Err(empty(name, &allowed)),
            value => parse(value),
        };
        self.violations.keep(|| Place::parameter(name), value)
    }

    /// A whole number between two bounds, both allowed.
    pub(super) fn integer(&mut self, name: &str, range: RangeInclusive<i64>) -> Option<i64> {
        self.read(name, whole_number(&range), |text| integer(name, text, &range))
    }

    /// `true` or `false`.
    pub(super) fn boolean(&mut self, name: &str) -> Option<bool> {
        self.read(name, "true or false", |text| match text {
            "true" => Ok(true),
            "false" => Ok(false),
            other => {
                let detail = format!("{name} must be true or false; got {}", quoted(other));
                Err(ValueError::new("invalid_boolean", detail))
            }
        })
    }

    /// Every value of every comma list.
    pub(super) fn words<T: PartialEq>(
        &mut self,
        name: &str,
        allowed: impl Display,
        parse: impl Fn(&str) -> Result<T, ValueError>,
    ) -> Vec<T> {
        let mut found = Vec::new();
        for value in self.all(name) {
            if value.is_empty() {
                self.fault(name, empty(name, &allowed));
                continue;
            }
            for word in value.split(',') {
                match self.violations.keep(|| Place::parameter(name), parse(word)) {
                    Some(word) if !found.contains(&word) => found.push(word),
                    _ => {}
                }
            }
        }
        found
    }
}

fn empty(name: &str, allowed: impl Display) -> ValueError {
    ValueError::new("empty", format!("{name} must be {allowed}; got an empty value"))
}

/// What [`integer`] takes, in words.
pub(super) fn whole_number(range: &RangeInclusive<i64>) -> String {
    format!("a whole number from {} to {}", range.start(), range.end())
}

/// A whole number between two bounds, both allowed.
pub(super) fn integer(
    name: &str,
    text: &str,
    range: &RangeInclusive<i64>,
) -> Result<i64, ValueError> {
    let detail = || format!("{name} must be {}; got {}", whole_number(range), quoted(text));
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(ValueError::new("invalid_number", detail()));
    }
    let number = text.parse().ok().filter(|number| range.contains(number));
    number.ok_or_else(|| ValueError::new("out_of_range", detail()))
}

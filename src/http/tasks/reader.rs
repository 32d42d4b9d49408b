//! Reads the parameters of a query string one by one, and collects all faults.

use crate::domain::text::quoted;
use crate::domain::{Fault, Place, Violations};
use crate::http::query_string::QueryString;

/// The pairs of a query string, taken out name by name.
pub(in crate::http) struct Reader<'a> {
    query: &'a QueryString,
    pub(super) violations: Violations,
}

impl<'a> Reader<'a> {
    pub(in crate::http) fn new(query: &'a QueryString) -> Self {
        Self { query, violations: Violations::new() }
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
            let detail =
                format!("{} is no parameter of this path; allowed are {allowed}", quoted(name));
            self.violations.push(Place::parameter(name), Fault::new("unknown_parameter", detail));
        }
    }

    /// The value, if every rule was kept.
    pub(in crate::http) fn finish<T>(self, value: T) -> Result<T, Violations> {
        if self.violations.is_empty() { Ok(value) } else { Err(self.violations) }
    }

    pub(super) fn all(&self, name: &str) -> Vec<&'a str> {
        self.query.0.iter().filter(|(n, _)| n == name).map(|(_, value)| value.as_str()).collect()
    }

    /// The only value; a second one, or an empty one where `empty` does not allow it, is a fault.
    pub(super) fn one(&mut self, name: &str, empty: bool) -> Option<&'a str> {
        let values = self.all(name);
        let fault = match values.as_slice() {
            [] => return None,
            [""] if !empty => Fault::new("empty", format!("{name} must not be empty")),
            [value] => return Some(value),
            _ => Fault::new(
                "repeated",
                format!("{name} may be given once, came {} times", values.len()),
            ),
        };
        self.violations.push(Place::parameter(name), fault);
        None
    }

    pub(in crate::http) fn read<T>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, Fault>,
    ) -> Option<T> {
        let value = self.one(name, false)?;
        self.violations.keep(|| Place::parameter(name), parse(value))
    }

    /// Every value of every comma list.
    pub(super) fn words<T: PartialEq>(
        &mut self,
        name: &str,
        parse: impl Fn(&str) -> Result<T, Fault>,
    ) -> Vec<T> {
        let mut found = Vec::new();
        for value in self.all(name) {
            if value.is_empty() {
                let fault = Fault::new("empty", format!("{name} must not be empty"));
                self.violations.push(Place::parameter(name), fault);
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

/// A whole number between two bounds, both allowed.
pub(super) fn integer(name: &str, text: &str, min: i64, max: i64) -> Result<i64, Fault> {
    let range =
        || format!("{name} must be a whole number from {min} to {max}; got {}", quoted(text));
    let digits = text.strip_prefix('-').unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Fault::new("invalid_number", range()));
    }
    let number = text.parse().ok().filter(|number| (min..=max).contains(number));
    number.ok_or_else(|| Fault::new("out_of_range", range()))
}

/// `true` or `false`.
pub(super) fn boolean(name: &str, text: &str) -> Result<bool, Fault> {
    match text {
        "true" => Ok(true),
        "false" => Ok(false),
        other => {
            let detail = format!("{name} must be true or false; got {}", quoted(other));
            Err(Fault::new("invalid_boolean", detail))
        }
    }
}

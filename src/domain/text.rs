//! The texts of a task: trimmed, measured in Unicode scalar values, free of control characters.

use super::violation::Fault;

/// Longest title, in Unicode scalar values.
pub const TITLE_MAX: usize = 200;
/// Longest description, in Unicode scalar values.
pub const DESCRIPTION_MAX: usize = 1000;
/// Longest assignee, in Unicode scalar values.
pub const ASSIGNEE_MAX: usize = 100;

/// A title: one line, 1 to [`TITLE_MAX`] after trimming.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title(String);

/// A description: any lines, at most [`DESCRIPTION_MAX`], kept as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description(String);

/// A person or team: one line, 1 to [`ASSIGNEE_MAX`] after trimming.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assignee(String);

impl Title {
    /// Trims and checks.
    ///
    /// # Errors
    ///
    /// `too_short`, `too_long` or `control_character`.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        one_line("title", text, TITLE_MAX).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Assignee {
    /// Trims and checks.
    ///
    /// # Errors
    ///
    /// `too_short`, `too_long` or `control_character`.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        one_line("assignee", text, ASSIGNEE_MAX).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Description {
    /// Checks; the empty text is a text.
    ///
    /// # Errors
    ///
    /// `too_long` or `control_character`.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        no_control("description", text, &['\t', '\n', '\r'])?;
        at_most("description", text, 0, DESCRIPTION_MAX)?;
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn one_line(field: &str, text: &str, max: usize) -> Result<String, Fault> {
    let text = text.trim();
    no_control(field, text, &[])?;
    at_most(field, text, 1, max)?;
    Ok(text.to_owned())
}

fn at_most(field: &str, text: &str, min: usize, max: usize) -> Result<(), Fault> {
    let length = text.chars().count();
    let allowed = if min == 0 { format!("at most {max}") } else { format!("{min} to {max}") };
    if length < min {
        Err(Fault::new("too_short", format!("{field} must be {allowed} characters, got {length}")))
    } else if length > max {
        Err(Fault::new("too_long", format!("{field} must be {allowed} characters, got {length}")))
    } else {
        Ok(())
    }
}

/// Refuses control characters (Unicode category Cc) other than those in `allowed`.
///
/// # Errors
///
/// `control_character`, naming the code point and its position, counted from 1.
pub fn no_control(field: &str, text: &str, allowed: &[char]) -> Result<(), Fault> {
    match text.chars().enumerate().find(|(_, c)| c.is_control() && !allowed.contains(c)) {
        None => Ok(()),
        Some((at, c)) => {
            let allowed = if allowed.is_empty() {
                "no control character"
            } else {
                "no control character but tab, newline and carriage return"
            };
            let (code, position) = (u32::from(c), at + 1);
            Err(Fault::new(
                "control_character",
                format!("{field} may hold {allowed}; got U+{code:04X} at character {position}"),
            ))
        }
    }
}

/// A client's own text for an error message: quoted, control characters escaped, cut when long.
#[must_use]
pub fn quoted(text: &str) -> String {
    const SHOWN: usize = 60;
    let shown: String = text.chars().take(SHOWN).collect();
    let more = if text.chars().nth(SHOWN).is_some() { "…" } else { "" };
    format!("{shown:?}{more}")
}

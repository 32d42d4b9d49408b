//! The texts of a task: trimmed, measured in Unicode scalar values, free of control characters.

use icu_properties::props::{
    DefaultIgnorableCodePoint, GeneralCategory, PrependedConcatenationMark,
};
use icu_properties::{CodePointMapData, CodePointSetData};

use super::violation::ValueError;

/// Longest title, in Unicode scalar values.
pub const TITLE_MAX: usize = 200;
/// Longest description, in Unicode scalar values.
pub const DESCRIPTION_MAX: usize = 1000;
/// Longest assignee, in Unicode scalar values.
pub const ASSIGNEE_MAX: usize = 100;

/// Assigned characters that no property calls invisible, and that have a blank glyph: a Braille pattern without dots, the
/// null notehead, two Egyptian blanks.
const BLANK: [char; 4] = ['\u{2800}', '\u{1d159}', '\u{13441}', '\u{13442}'];
/// Code points that an error message names.
const CODE_POINTS_SHOWN: usize = 3;

/// A title: one line, 1 to [`TITLE_MAX`] after trimming, with a visible character.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Title(String);

/// A description: any lines, at most [`DESCRIPTION_MAX`], kept as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Description(String);

/// A person or team: one line, 1 to [`ASSIGNEE_MAX`] after trimming, with a visible character.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Assignee(String);

impl Title {
    /// Trims and checks.
    ///
    /// # Errors
    ///
    /// `too_short`, `too_long`, `control_character` or `invisible`.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        one_line("title", text, TITLE_MAX).map(Self)
    }

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
    /// `too_short`, `too_long`, `control_character` or `invisible`.
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        one_line("assignee", text, ASSIGNEE_MAX).map(Self)
    }

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
    pub fn parse(text: &str) -> Result<Self, ValueError> {
        no_control("description", text, &['\t', '\n', '\r'])?;
        at_most("description", text, 0, DESCRIPTION_MAX)?;
        Ok(Self(text.to_owned()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn one_line(field: &str, text: &str, max: usize) -> Result<String, ValueError> {
    let text = text.trim();
    no_control(field, text, &[])?;
    at_most(field, text, 1, max)?;
    visible(field, text)?;
    Ok(text.to_owned())
}

/// Refuses a text of invisible characters alone. Invisible ones beside visible ones stay: scripts and emoji need joiners
/// and direction marks.
fn visible(field: &str, text: &str) -> Result<(), ValueError> {
    if text.chars().any(|c| !is_invisible(c)) {
        return Ok(());
    }
    let mut shown: Vec<_> =
        text.chars().take(CODE_POINTS_SHOWN).map(|c| format!("U+{:04X}", u32::from(c))).collect();
    if text.chars().nth(CODE_POINTS_SHOWN).is_some() {
        shown.push("…".to_owned());
    }
    let detail = format!(
        "{field} must have at least one visible character; got only invisible ones: {}",
        shown.join(", ")
    );
    Err(ValueError::new("invisible", detail))
}

/// Whether a character alone shows nothing: white space, a default ignorable code point (Unicode 5.21), a format
/// character other than the Arabic signs that enclose digits, or one of [`BLANK`].
fn is_invisible(c: char) -> bool {
    c.is_whitespace()
        || BLANK.contains(&c)
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
        || (CodePointMapData::<GeneralCategory>::new().get(c) == GeneralCategory::Format
            && !CodePointSetData::new::<PrependedConcatenationMark>().contains(c))
}

fn at_most(field: &str, text: &str, min: usize, max: usize) -> Result<(), ValueError> {
    let length = text.chars().count();
    let allowed = if min == 0 { format!("at most {max}") } else { format!("{min} to {max}") };
    if length < min {
        Err(ValueError::new(
            "too_short",
            format!("{field} must be {allowed} characters, got {length}"),
        ))
    } else if length > max {
        Err(ValueError::new(
            "too_long",
            format!("{field} must be {allowed} characters, got {length}"),
        ))
    } else {
        Ok(())
    }
}

/// Refuses control characters (Unicode category Cc) other than those in `allowed`.
///
/// # Errors
///
/// `control_character`, naming the code point and its position, counted from 1.
pub fn no_control(field: &str, text: &str, allowed: &[char]) -> Result<(), ValueError> {
    match text.chars().enumerate().find(|(_, c)| c.is_control() && !allowed.contains(c)) {
        None => Ok(()),
        Some((at, c)) => {
            let except = if allowed.is_empty() {
                ""
            } else {
                " other than tab, newline and carriage return"
            };
            let (code, position) = (u32::from(c), at + 1);
            let detail = format!(
                "{field} must not contain control characters{except}; got U+{code:04X} at character {position}"
            );
            Err(ValueError::new("control_character", detail))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    /// Zero-width characters, direction controls and fillers, as the documentation names them.
    const INVISIBLE: [char; 32] = [
        '\u{ad}',
        '\u{34f}',
        '\u{61c}',
        '\u{115f}',
        '\u{1160}',
        '\u{17b4}',
        '\u{180e}',
        '\u{200b}',
        '\u{200c}',
        '\u{200d}',
        '\u{200e}',
        '\u{200f}',
        '\u{202a}',
        '\u{202b}',
        '\u{202c}',
        '\u{202d}',
        '\u{202e}',
        '\u{2060}',
        '\u{2061}',
        '\u{2064}',
        '\u{2066}',
        '\u{2067}',
        '\u{2068}',
        '\u{2069}',
        '\u{2800}',
        '\u{3164}',
        '\u{fe0f}',
        '\u{feff}',
        '\u{ffa0}',
        '\u{fffa}',
        '\u{e0020}',
        ' ',
    ];

    proptest! {
        #[test]
        fn a_text_needs_one_visible_character(
            hidden in prop::collection::vec(prop::sample::select(INVISIBLE.to_vec()), 1..20),
            visible in r"[\p{L}\p{N}\p{P}\p{Sm}\p{Sc}]",
            at in any::<prop::sample::Index>(),
        ) {
            let hidden: String = hidden.into_iter().collect();
            let code = if hidden.trim().is_empty() { "too_short" } else { "invisible" };
            prop_assert_eq!(Title::parse(&hidden).expect_err("nothing to see").code, code);
            prop_assert_eq!(Assignee::parse(&hidden).expect_err("nothing to see").code, code);
            // The regular expression knows letters and marks that show nothing either.
            prop_assume!(!visible.chars().all(is_invisible));
            let places: Vec<usize> = hidden.char_indices().map(|(at, _)| at).collect();
            let mut text = hidden.clone();
            text.insert_str(places[at.index(places.len())], &visible);
            let title = Title::parse(&text).expect("a title");
            prop_assert_eq!(title.as_str(), text.trim());
        }
    }

    #[rstest]
    #[case::emoji_of_several("👩\u{200d}🚀")]
    #[case::persian("می\u{200c}خواهم")]
    #[case::direction_override("\u{202e}abc\u{202c}")]
    #[case::arabic_sign("\u{600}")]
    #[case::accent_alone("\u{301}")]
    #[case::private_use("\u{e000}")]
    #[case::letters_of_hangul("\u{1100}\u{1161}")]
    fn is_kept_as_it_is(#[case] text: &str) {
        assert_eq!(Title::parse(text).expect("a title").as_str(), text);
    }
}

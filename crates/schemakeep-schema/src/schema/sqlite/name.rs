//! Names as SQLite compares them, and what is kept beside a value without being part of it.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use sqlite3_parser::dialect::keyword_token;

/// A name: letters of ASCII are the same whether large or small, and quotes do not belong to it.
#[derive(Clone, Debug)]
pub struct Name(String);

impl Name {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// Takes the quotes off, whichever of SQLite's four they are.
    pub fn unquoted(token: &str) -> Self {
        let mut chars = token.chars();
        let inner = match (chars.next(), chars.next_back()) {
            (Some('"'), Some('"')) => chars.as_str().replace("\"\"", "\""),
            (Some('`'), Some('`')) => chars.as_str().replace("``", "`"),
            (Some('\''), Some('\'')) => chars.as_str().replace("''", "'"),
            (Some('['), Some(']')) => chars.as_str().to_owned(),
            _ => token.to_owned(),
        };
        Self(inner)
    }

    /// As it was written first.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// In small letters.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    fn bytes(&self) -> impl Iterator<Item = u8> {
        self.0.bytes().map(|byte| byte.to_ascii_lowercase())
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Name {}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes().cmp(other.bytes())
    }
}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.bytes().for_each(|byte| state.write_u8(byte));
    }
}

/// As it stands in SQL: quoted where it has to be.
impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&in_sql(&self.0))
    }
}

/// A name in SQL, quoted where it has to be.
pub(super) fn in_sql(name: &str) -> String {
    let starts = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    // Longer and shorter ones the crate must not be asked about.
    let is_keyword = (2..=17).contains(&name.len()) && keyword_token(name.as_bytes()).is_some();
    if starts && name.chars().all(is_word) && !is_keyword {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

/// Names as a list in SQL.
pub fn listed<'a>(names: impl IntoIterator<Item = &'a Name>) -> String {
    names.into_iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Something that is kept beside a value and is no part of it: any two are equal.
#[derive(Clone, Debug, Default)]
pub struct Aside<T>(pub T);

impl<T> PartialEq for Aside<T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Aside<T> {}

impl<T> PartialOrd for Aside<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Aside<T> {
    fn cmp(&self, _: &Self) -> Ordering {
        Ordering::Equal
    }
}

#[cfg(test)]
mod tests {
    use super::{Name, in_sql};

    #[test]
    fn quotes_and_letter_case_are_no_part_of_a_name() {
        for token in ["\"Due Date\"", "`due date`", "[DUE DATE]", "'due date'"] {
            assert_eq!(Name::unquoted(token), Name::new("due date"), "{token}");
        }
        assert_ne!(Name::new("Ä"), Name::new("ä"), "only ASCII is folded");
        assert_eq!(Name::unquoted("\"a\"\"b\"").as_str(), "a\"b");
    }

    #[test]
    fn only_what_must_be_is_quoted() {
        for (name, sql) in [
            ("title", "title"),
            ("due date", "\"due date\""),
            ("order", "\"order\""),
            ("1st", "\"1st\""),
            ("a\"b", "\"a\"\"b\""),
        ] {
            assert_eq!(in_sql(name), sql);
        }
    }
}

//! How a path names one task.

use uuid::Uuid;

/// A task's id or number, as it stands in `/tasks/{ref}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskRef {
    /// The UUID.
    Id(Uuid),
    /// The number, 1 or more.
    Number(i64),
}

impl TaskRef {
    /// Reads the one spelling of an id (hyphenated, lower case) or of a number (digits, no leading
    /// zero); any other text names no task.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.bytes().all(|b| b.is_ascii_digit()) {
            let number = text.parse().ok().filter(|_| !text.starts_with('0'))?;
            return Some(Self::Number(number));
        }
        let id = Uuid::try_parse(text).ok()?;
        let mut buffer = Uuid::encode_buffer();
        (*id.hyphenated().encode_lower(&mut buffer) == *text).then_some(Self::Id(id))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_the_canonical_spellings_name_a_task() {
        let id = "01993c1e-6f1a-7c3e-9a51-0f6e6a4b2d11";
        assert_eq!(TaskRef::parse(id), Some(TaskRef::Id(id.parse().expect("a UUID"))));
        assert_eq!(TaskRef::parse("1"), Some(TaskRef::Number(1)));
        assert_eq!(TaskRef::parse("9223372036854775807"), Some(TaskRef::Number(i64::MAX)));
        let no_ref = [
            "",
            "0",
            "01",
            "-1",
            "+1",
            "1.0",
            "٣",
            "9223372036854775808",
            "x",
            &id.to_uppercase(),
            &id.replace('-', ""),
            &format!("{{{id}}}"),
            &format!("urn:uuid:{id}"),
        ];
        for text in no_ref {
            assert_eq!(TaskRef::parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_parsed_prints_as_it_came(text in "[0-9]{1,20}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|.{0,40}") {
            match TaskRef::parse(&text) {
                Some(TaskRef::Number(number)) => prop_assert_eq!(number.to_string(), text),
                Some(TaskRef::Id(id)) => prop_assert_eq!(id.to_string(), text),
                None => {}
            }
        }
    }
}

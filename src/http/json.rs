//! Reads a JSON text strictly: a member named twice is an error, as RFC 8259 section 4 lets us decide.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// A JSON value whose objects keep their order and have no duplicate names.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Json {
    /// `null`
    Null,
    /// `true`, `false`
    Bool(bool),
    /// A number; its value is kept where it is whole, and not negative.
    Number(Option<u64>),
    /// A string.
    String(String),
    /// An array.
    Array(Vec<Json>),
    /// An object.
    Object(Vec<(String, Json)>),
}

impl Json {
    /// The name of the type, with its article, for an error message.
    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a boolean",
            Self::Number(_) => "a number",
            Self::String(_) => "a string",
            Self::Array(_) => "an array",
            Self::Object(_) => "an object",
        }
    }

    /// Reads the whole of `bytes`.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        if bytes.starts_with(b"\xef\xbb\xbf") {
            return Err("the body begins with a byte order mark; JSON has none".into());
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return Err("the body is empty; a JSON object is expected".into());
        }
        let parsed = serde_json::from_slice(bytes).or_else(|error| {
            // Any number is valid JSON, and a field that takes none, or is not read, is judged by others.
            without_huge_numbers(bytes).map_or(Err(error), |bytes| serde_json::from_slice(&bytes))
        });
        parsed.map_err(|error| format!("the body is not valid JSON: {error}"))
    }
}

/// The same text with a fraction in place of each number that is too large for a float, whatever else may be wrong with
/// it; `None` where there is none. Lines and columns stay.
fn without_huge_numbers(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut text = bytes.to_vec();
    let (mut at, mut found) = (0, false);
    while let Some(&byte) = text.get(at) {
        let rest = &text[at..];
        let length = match byte {
            b'"' => 1 + string_length(&rest[1..]),
            b'-' | b'0'..=b'9' => {
                let is_part =
                    |byte: &u8| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E');
                rest.iter().position(|byte| !is_part(byte)).unwrap_or(rest.len())
            }
            _ => 1,
        };
        let token = &mut text[at..at + length];
        if byte != b'"' && is_huge(token) {
            found = true;
            token.fill(b' ');
            token[..3].copy_from_slice(b"0.5");
        }
        at += length;
    }
    found.then_some(text)
}

/// Up to and with the closing quote.
fn string_length(text: &[u8]) -> usize {
    let mut escaped = false;
    let end = text.iter().position(|byte| {
        let ends = *byte == b'"' && !escaped;
        escaped = *byte == b'\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 1)
}

/// Whether it is a number by its form, and too large by its value: 1e999 is the shortest.
fn is_huge(token: &[u8]) -> bool {
    token.len() > 3
        && serde_json::from_slice::<IgnoredAny>(token).is_ok()
        && serde_json::from_slice::<f64>(token).is_err()
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor)
    }
}

struct JsonVisitor;

impl<'de> Visitor<'de> for JsonVisitor {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Number(u64::try_from(value).ok()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Number(Some(value)))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::Number(None))
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::String(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::String(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Json::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Json, A::Error> {
        let mut object: Vec<(String, Json)> = Vec::new();
        let mut names = std::collections::HashSet::new();
        while let Some(name) = members.next_key::<String>()? {
            if !names.insert(name.clone()) {
                let name = crate::domain::text::quoted(&name);
                return Err(A::Error::custom(format_args!("member {name} occurs twice")));
            }
            object.push((name, members.next_value()?));
        }
        Ok(Json::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    fn refuses(
        #[values(
            "",
            "  ",
            "{",
            "{}x",
            "{\"a\":1,\"a\":2}",
            "{\"a\":{\"b\":1,\"b\":1}}",
            "[{\"a\":1,\"a\":1}]",
            "\u{feff}{}",
            "{\"a\":\"\\ud800\"}",
            "{'a':1}",
            "{\"a\":1,}",
            "nul",
            "{\"a\\u0062\":1,\"ab\":2}"
        )]
        text: &str,
    ) {
        assert!(Json::parse(text.as_bytes()).is_err());
    }

    #[test]
    fn refuses_what_is_not_utf8_or_too_deep() {
        assert!(Json::parse(b"{\"a\":\"\xff\"}").is_err());
        assert!(Json::parse("[".repeat(60_000).as_bytes()).is_err());
    }

    #[test]
    fn takes_any_number() {
        let digits = "9".repeat(5_000);
        for number in [&*digits, "1e999999", "-1E+400", "-1.5e999"] {
            let text = format!(r#"{{"a\"1e999":"1e999999\\","v":{number} ,"w":[{number}]}}"#);
            let Ok(Json::Object(members)) = Json::parse(text.as_bytes()) else { panic!("{text}") };
            assert_eq!(members[0], ("a\"1e999".into(), Json::String("1e999999\\".into())));
            assert_eq!(members[1].1, Json::Number(None));
            assert_eq!(members[2].1, Json::Array(vec![Json::Number(None)]));
        }
        for wrong in ["1e9999e1", "1e999999.5", "01e9999", "[1e99999", "{\"a\":1e99999,\"a\":1}"] {
            assert!(Json::parse(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn keeps_what_fields_take() {
        let parsed = Json::parse(br#"{"b":"x","a":[1,2.5,-3,[]],"c":{"d":null},"e":true}"#);
        let expected = Json::Object(vec![
            ("b".into(), Json::String("x".into())),
            (
                "a".into(),
                Json::Array(vec![
                    Json::Number(Some(1)),
                    Json::Number(None),
                    Json::Number(None),
                    Json::Array(vec![]),
                ]),
            ),
            ("c".into(), Json::Object(vec![("d".into(), Json::Null)])),
            ("e".into(), Json::Bool(true)),
        ]);
        assert_eq!(parsed, Ok(expected));
    }
}

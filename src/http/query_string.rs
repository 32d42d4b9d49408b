//! Reads and writes query strings (`application/x-www-form-urlencoded`), strictly: what does not decode
//! is an error, and nothing is replaced in silence.

use percent_encoding::percent_decode_str;
use url::form_urlencoded;

use super::error::ApiError;

/// Name and value pairs, in the order in which they came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct QueryString(pub(super) Vec<(String, String)>);

impl QueryString {
    /// Decodes a raw query; an absent one has no pairs.
    pub(super) fn parse(raw: Option<&str>) -> Result<Self, ApiError> {
        let pairs = raw.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let decoded = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        });
        decoded.collect::<Result<_, _>>().map(Self)
    }

    /// Encodes the pairs again.
    pub(super) fn encode(&self) -> String {
        form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.0).finish()
    }
}

fn decode(text: &str) -> Result<String, ApiError> {
    let malformed = |why: &str| {
        let text = crate::domain::text::quoted(text);
        ApiError::MalformedQuery(format!("the query string has {why} in {text}"))
    };
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|byte| *byte == b'%') {
        rest = &rest[at + 1..];
        if !matches!(rest, [a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()) {
            return Err(malformed("a % that two hexadecimal digits do not follow"));
        }
    }
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8();
    decoded.map(Into::into).map_err(|_| malformed("bytes that are not UTF-8"))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decodes() {
        let query = QueryString::parse(Some("a=1&b=%C3%A9+x&&c&d==%26")).expect("a query");
        let pairs: Vec<_> = query.0.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
        assert_eq!(pairs, [("a", "1"), ("b", "é x"), ("c", ""), ("d", "=&")]);
        assert_eq!(QueryString::parse(None).expect("none"), QueryString::default());
    }

    #[test]
    fn refuses_what_does_not_decode() {
        for raw in ["a=%", "a=%1", "a=%zz", "%f=1", "a=%ff", "a=%C3", "%"] {
            assert!(QueryString::parse(Some(raw)).is_err(), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_again(pairs in prop::collection::vec((".{1,8}", ".{0,8}"), 0..5)) {
            let query = QueryString(pairs);
            prop_assert_eq!(QueryString::parse(Some(&query.encode())).expect("our own"), query);
        }
    }
}

//! `Idempotency-Key`: a request that is sent again, because its answer was lost, has its effect once
//! (draft-ietf-httpapi-idempotency-key-header). What is kept of a request, and how, is the store's matter.

use std::sync::Arc;

use axum::body::Bytes;
use axum::http::header::{CONTENT_TYPE, ETAG, LOCATION};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::error::ApiError;
use super::state::AppState;
use crate::domain::{Operation, Outcome, Place, ValidationErrors, ValueError};
use crate::store::{IdempotencyKey, MakeResponse, StoredResponse, Work, WriteOutcome};

/// Names a request.
pub(super) const KEY: HeaderName = HeaderName::from_static("idempotency-key");
/// Says that an answer is that of an earlier request.
pub(super) const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// Longest key, in characters.
const LENGTH_MAX: usize = 255;
/// What a key may be: completes "it must be …".
const ALLOWED: &str =
    "1 to 255 visible ASCII characters, with double quotes around them or without";

/// A request that has a key.
#[derive(Clone, Debug)]
pub(super) struct KeyedRequest {
    key: String,
    fingerprint: [u8; 32],
}

impl KeyedRequest {
    /// Reads the key of a request, if it has one. What makes a request the same is its method, its path with the
    /// query, and its body, byte by byte.
    pub(super) fn read(
        method: &Method,
        uri: &Uri,
        headers: &HeaderMap,
        body: &Bytes,
        violations: &mut ValidationErrors,
    ) -> Option<Self> {
        let key =
            violations.keep(|| Place::parameter("Idempotency-Key"), key(headers)).flatten()?;
        let target = uri.path_and_query().map_or(uri.path(), |target| target.as_str());
        // Neither a method nor a target holds a line break.
        let digest = Sha256::new_with_prefix(format!("{method} {target}\n")).chain_update(body);
        Some(Self { key, fingerprint: digest.finalize().into() })
    }
}

fn key(headers: &HeaderMap) -> Result<Option<String>, ValueError> {
    let mut lines = headers.get_all(KEY).iter();
    let Some(line) = lines.next() else { return Ok(None) };
    if lines.next().is_some() {
        let detail = format!("Idempotency-Key must be {ALLOWED}, and sent once; it was sent again");
        return Err(ValueError::new("repeated", detail));
    }
    let fault = || ValueError::new("invalid_key", format!("Idempotency-Key must be {ALLOWED}"));
    let text = std::str::from_utf8(line.as_bytes()).map_err(|_| fault())?.trim_matches([' ', '\t']);
    let key = if text.starts_with('"') { unquoted(text) } else { Some(text.to_owned()) };
    let valid = |key: &String| {
        (1..=LENGTH_MAX).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    };
    key.filter(valid).map(Some).ok_or_else(fault)
}

/// The content of a string as RFC 8941 section 3.3.3 writes it, in which a backslash may stand before a quote or a
/// backslash only.
fn unquoted(text: &str) -> Option<String> {
    let mut inner = text.strip_prefix('"')?.strip_suffix('"')?.chars();
    let mut content = String::new();
    while let Some(next) = inner.next() {
        match next {
            '"' => return None,
            '\\' => content.push(inner.next().filter(|c| matches!(c, '"' | '\\'))?),
            other => content.push(other),
        }
    }
    Some(content)
}

/// Carries the operations out, once if the request has a key, and answers with what `answer` makes of the
/// outcomes, now or then.
pub(super) async fn carry_out(
    state: &AppState,
    keyed: Option<&KeyedRequest>,
    operations: Vec<Operation>,
    answer: impl Fn(&[Outcome]) -> StoredResponse + Send + Sync + 'static,
) -> Result<Response, ApiError> {
    let answer: MakeResponse = Arc::new(answer);
    let once = keyed.map(|KeyedRequest { key, fingerprint }| IdempotencyKey {
        key: key.clone(),
        fingerprint: *fingerprint,
        answer: Arc::clone(&answer),
    });
    let work = Work { operations, now: state.clock.now(), once };
    Ok(match state.tasks.carry_out(work).await? {
        WriteOutcome::Applied(outcomes) => respond(answer(&outcomes)),
        WriteOutcome::Replayed(answer) => {
            let mut response = respond(answer);
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
            response
        }
    })
}

/// An answer that can be kept.
pub(super) fn answer(status: StatusCode, body: &impl Serialize) -> StoredResponse {
    // The bodies are structs of strings, numbers and lists, which always serialise.
    let body = serde_json::to_string(body).unwrap_or_default();
    StoredResponse { status: status.as_u16(), location: None, entity_tag: None, body }
}

/// Sends an answer.
pub(super) fn respond(answer: StoredResponse) -> Response {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = (status, [(CONTENT_TYPE, "application/json")], answer.body).into_response();
    for (name, text) in [(LOCATION, answer.location), (ETAG, answer.entity_tag)] {
        if let Some(value) = text.and_then(|text| HeaderValue::try_from(text).ok()) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn parse(lines: &[&[u8]]) -> Result<Option<String>, ValueError> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(KEY, HeaderValue::from_bytes(line).expect("a header value"));
        }
        key(&headers)
    }

    #[rstest]
    #[case("8e03978e-40d5-43dd-bc93-6894a57f9324", "8e03978e-40d5-43dd-bc93-6894a57f9324")]
    #[case("\"8e03978e\"", "8e03978e")]
    #[case(" \tk\t ", "k")]
    #[case(r#""a\"b\\c""#, r#"a"b\c"#)]
    #[case(r#"a"b\c"#, r#"a"b\c"#)]
    #[case(&"k".repeat(255), &"k".repeat(255))]
    fn reads(#[case] line: &str, #[case] expected: &str) {
        assert_eq!(parse(&[line.as_bytes()]), Ok(Some(expected.to_owned())));
    }

    #[rstest]
    #[case(b"")]
    #[case(b"\"\"")]
    #[case(b"\"")]
    #[case(b"a b")]
    #[case(b"\"a b\"")]
    #[case(b"\"a\"b\"")]
    #[case(b"\"a\\b\"")]
    #[case(b"\"a\\\"")]
    #[case(b"\"a\";p=1")]
    #[case("clé".as_bytes())]
    #[case(b"\xff")]
    #[case(&[b'k'; 256])]
    fn refuses(#[case] line: &[u8]) {
        assert_eq!(parse(&[line]).expect_err("a fault").code, "invalid_key");
    }

    #[test]
    fn is_sent_once_or_not_at_all() {
        assert_eq!(parse(&[]), Ok(None));
        assert_eq!(parse(&[b"a", b"a"]).expect_err("a fault").code, "repeated");
    }

    #[test]
    fn a_request_is_known_by_method_target_and_body() {
        let print = |method: Method, target: &'static str, body: &'static str| {
            let headers = HeaderMap::from_iter([(KEY, HeaderValue::from_static("k"))]);
            let (uri, body) = (Uri::from_static(target), Bytes::from_static(body.as_bytes()));
            let mut violations = ValidationErrors::new();
            let read = KeyedRequest::read(&method, &uri, &headers, &body, &mut violations);
            read.expect("a key").fingerprint
        };
        let first = print(Method::POST, "/tasks", "{}");
        assert_eq!(first, print(Method::POST, "/tasks", "{}"));
        for other in [
            print(Method::PUT, "/tasks", "{}"),
            print(Method::POST, "/tasks/bulk", "{}"),
            print(Method::POST, "/tasks?dry_run=true", "{}"),
            print(Method::POST, "/tasks", "{ }"),
        ] {
            assert_ne!(first, other);
        }
    }
}

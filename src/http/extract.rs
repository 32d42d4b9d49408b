//! Takes a request apart in the order in which its faults are answered: 404, 415, 413, 400.

use axum::body::{Body, Bytes};
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, HeaderName};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;

use super::body_buffer::BodyBuffer;
use super::error::ApiError;
use super::json::Json;
use super::limits::BODY_BYTES;
use crate::domain::{Precondition, TagList, TaskRef};

/// Media types that an endpoint takes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accepts(&'static [&'static str]);

/// POST and PUT.
pub(super) const PLAIN_JSON: Accepts = Accepts(&["application/json"]);
/// PATCH (RFC 7396 section 4).
pub(super) const JSON_OR_MERGE_PATCH: Accepts =
    Accepts(&["application/json", "application/merge-patch+json"]);

/// A table (RFC 4180 section 3).
pub(super) const TEXT_CSV: &str = "text/csv";
/// Files with tasks.
pub(super) const CSV_OR_JSON: Accepts = Accepts(&[TEXT_CSV, "application/json"]);

/// The task that the path names; a path that names none is 404, decodable or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct PathRef(pub(super) TaskRef);

impl<S: Send + Sync> FromRequestParts<S> for PathRef {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let params = RawPathParams::from_request_parts(parts, state).await;
        let params = params.map_err(|_| ApiError::NotFound)?;
        let reference = params.iter().next().and_then(|(_, value)| TaskRef::parse(value));
        reference.map(Self).ok_or(ApiError::NotFound)
    }
}

/// The conditions of `If-Match` and `If-None-Match`.
pub(super) fn precondition(headers: &HeaderMap) -> Precondition {
    use axum::http::header::{IF_MATCH, IF_NONE_MATCH};
    Precondition {
        if_match: tag_list(headers, &IF_MATCH),
        if_none_match: tag_list(headers, &IF_NONE_MATCH),
    }
}

/// The tags of one header, its lines joined (RFC 9110 section 5.3).
pub(super) fn tag_list(headers: &HeaderMap, name: &HeaderName) -> Option<TagList> {
    let mut lines = headers.get_all(name).iter().peekable();
    lines.peek()?;
    let joined = lines
        .map(|line| String::from_utf8_lossy(line.as_bytes()).into_owned())
        .collect::<Vec<_>>()
        .join(",");
    Some(TagList::parse(&joined))
}

/// Reads the body as JSON.
///
/// # Errors
///
/// 415, 413 or 400, in this order.
pub(super) async fn json_body(
    accepts: Accepts,
    headers: &HeaderMap,
    body: Body,
) -> Result<Json, ApiError> {
    json_and_bytes(accepts, headers, body).await.map(|(json, _)| json)
}

/// As [`json_body`], and how the body was spelt.
pub(super) async fn json_and_bytes(
    accepts: Accepts,
    headers: &HeaderMap,
    body: Body,
) -> Result<(Json, Bytes), ApiError> {
    let (_, bytes) = whole_body(accepts, BODY_BYTES, headers, body).await?;
    let json = Json::parse(&bytes).map_err(ApiError::MalformedJson)?;
    Ok((json, bytes))
}

/// Reads a body of at most so many bytes; returns also which of the media types it has.
///
/// # Errors
///
/// 415 or 413, in this order.
pub(super) async fn whole_body(
    accepts: Accepts,
    bytes_max: usize,
    headers: &HeaderMap,
    body: Body,
) -> Result<(&'static str, Bytes), ApiError> {
    let kind = media_type(accepts, headers)?;
    Ok((kind, read_body(headers, body, bytes_max).await?))
}

fn media_type(accepts: Accepts, headers: &HeaderMap) -> Result<&'static str, ApiError> {
    let allowed = accepts.0.join(" or ");
    let refuse = |what: String| {
        Err(ApiError::UnsupportedMediaType(format!("the body must be {allowed}; {what}")))
    };
    let mut types = headers.get_all(CONTENT_TYPE).iter();
    let Some(given) = types.next() else { return refuse("there is no Content-Type".into()) };
    let given = String::from_utf8_lossy(given.as_bytes());
    let mut parts = given.split(';').map(str::trim);
    let essence = parts.next().unwrap_or_default();
    let known = accepts.0.iter().find(|known| essence.eq_ignore_ascii_case(known));
    let Some(known) = known.filter(|_| types.next().is_none()) else {
        return refuse(format!("got {}", crate::domain::text::quoted(&given)));
    };
    for parameter in parts {
        let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
        let value = value.trim().trim_matches('"');
        if name.trim().eq_ignore_ascii_case("charset") && !value.eq_ignore_ascii_case("utf-8") {
            return refuse(format!("in UTF-8, got {}", crate::domain::text::quoted(&given)));
        }
    }
    match headers.get(CONTENT_ENCODING).map(HeaderValue::as_bytes) {
        None | Some(b"identity") => Ok(known),
        Some(_) => refuse("without a Content-Encoding".into()),
    }
}

async fn read_body(headers: &HeaderMap, body: Body, bytes_max: usize) -> Result<Bytes, ApiError> {
    let declared =
        headers.get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: u64| length > bytes_max as u64) {
        return Err(ApiError::PayloadTooLarge(bytes_max));
    }
    let mut body = body;
    let mut buffer = BodyBuffer::new(bytes_max);
    while let Some(frame) = body.frame().await {
        let broke_off = |error| ApiError::MalformedJson(format!("the body broke off: {error}"));
        if let Ok(data) = frame.map_err(broke_off)?.into_data() {
            buffer.push(&data)?;
        }
    }
    Ok(buffer.into_bytes())
}

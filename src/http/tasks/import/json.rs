//! Reads an array of tasks, each with the line on which it begins.
//!
//! Only one task at a time is made into values: a whole file of small values would take many times its own size.

use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::lines::Lines;
use super::report::At;
use super::{File, TASKS_MAX};
use crate::domain::ValueError;
use crate::http::error::ApiError;
use crate::http::json::Json;
use crate::http::limits::BODY_BYTES;
use crate::http::tasks::model;

/// Reads a whole file.
///
/// # Errors
///
/// [`ApiError::MalformedJson`].
pub(super) fn read(bytes: &[u8]) -> Result<File, ApiError> {
    let mut file = File::default();
    if bytes.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'[') {
        let detail = format!("the body must be a JSON array of tasks, got {}", kind(bytes)?);
        let at = At { line: 1, row: None, field: None };
        file.faults.push(at, ValueError::new("invalid_type", detail));
        return Ok(file);
    }
    let malformed = |error| ApiError::MalformedJson(format!("the body is not valid JSON: {error}"));
    let Items(items) = serde_json::from_slice(bytes).map_err(malformed)?;
    let mut lines = Lines::new(bytes);
    for (row, item) in items.into_iter().enumerate() {
        let mut line = || lines.of(item.get().as_ptr().addr() - bytes.as_ptr().addr());
        if file.is_full() {
            let at = At { line: line(), row: Some(row), field: None };
            file.faults.push(at, super::too_many());
            file.take(None);
            break;
        }
        if item.get().len() > BODY_BYTES {
            let at = At { line: line(), row: Some(row), field: None };
            let detail = format!("a task may have {BODY_BYTES} bytes at most");
            file.faults.push(at, ValueError::new("too_long", detail));
            file.take(None);
            continue;
        }
        let parsed = Json::parse(item.get().as_bytes());
        let item = parsed.map_err(|error| {
            ApiError::MalformedJson(format!(
                "task {}, which begins on line {}: {error}",
                row + 1,
                line()
            ))
        })?;
        match model::draft(item) {
            Ok(draft) => file.take(Some(draft)),
            Err(violations) => {
                let at = At { line: line(), row: Some(row), field: None };
                file.faults.extend(at, &violations, "");
                file.take(None);
            }
        }
    }
    Ok(file)
}

/// What else the file is, if it is JSON at all.
fn kind(bytes: &[u8]) -> Result<&'static str, ApiError> {
    if bytes.len() <= BODY_BYTES {
        return Json::parse(bytes).map(|whole| whole.kind()).map_err(ApiError::MalformedJson);
    }
    let whole: Result<&RawValue, _> = serde_json::from_slice(bytes);
    let whole = whole
        .map_err(|error| ApiError::MalformedJson(format!("the body is not valid JSON: {error}")))?;
    // Nothing else than these is so long.
    Ok(if whole.get().starts_with('{') { "an object" } else { "a string" })
}

/// The texts of the items, one more than there may be.
struct Items<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(ItemsVisitor)
    }
}

struct ItemsVisitor;

impl<'de> Visitor<'de> for ItemsVisitor {
    type Value = Items<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Items<'de>, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element::<&RawValue>()? {
            if items.len() <= TASKS_MAX {
                items.push(item);
            }
        }
        Ok(Items(items))
    }
}

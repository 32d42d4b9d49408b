//! Reads an array of tasks, each with the line on which it begins.

use std::fmt;

use serde::de::{Deserialize, Deserializer, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::lines::Lines;
use super::report::At;
use super::{File, TASKS_MAX};
use crate::domain::Fault;
use crate::http::error::ApiError;
use crate::http::json::Json;
use crate::http::tasks::model;

/// Reads a whole file.
///
/// # Errors
///
/// [`ApiError::MalformedJson`].
pub(super) fn read(bytes: &[u8]) -> Result<File, ApiError> {
    let mut file = File::default();
    // Finds what is malformed anywhere.
    let whole = Json::parse(bytes).map_err(ApiError::MalformedJson)?;
    if !matches!(whole, Json::Array(_)) {
        let detail = format!("the body must be a JSON array of tasks, got {}", whole.kind());
        let at = At { line: 1, row: None, field: None };
        file.faults.push(at, Fault::new("invalid_type", detail));
        return Ok(file);
    }
    drop(whole);
    let malformed = |error: serde_json::Error| ApiError::MalformedJson(error.to_string());
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
        let item = Json::parse(item.get().as_bytes()).map_err(ApiError::MalformedJson)?;
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

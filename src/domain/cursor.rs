//! The place after which the next page of a list begins: an opaque, self-checking text.
//!
//! Holds no secret and needs none: it outlives a restart and works on every replica.

use std::ops::RangeInclusive;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use super::filter::TaskFilter;
use super::fold::fold;
use super::sort::{Sort, SortField};
use super::task::Task;
use super::violation::ValueError;

const CHECK_BYTES: usize = 6;

/// The value that a sort key has in the last row of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CursorValue {
    /// A rank, a number, or microseconds since 1970-01-01 UTC.
    Integer(i64),
    Text(String),
    /// No value: sorts last.
    None,
}

/// A place in one sorted and filtered list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cursor {
    /// One value for each key of the sort.
    pub values: Vec<CursorValue>,
    /// The id of the last row.
    pub id: Uuid,
}

#[derive(Debug, Serialize, Deserialize)]
struct Wire {
    l: String,
    v: Vec<CursorValue>,
    i: Uuid,
}

impl Cursor {
    /// What a client may send: completes "it must be …".
    pub const ALLOWED: &str = "taken unchanged from a Link header of the same list";

    /// The place just after `task`.
    #[must_use]
    pub fn after(task: &Task, sort: &Sort) -> Self {
        let moment = |at: Option<OffsetDateTime>| {
            at.map_or(CursorValue::None, |at| CursorValue::Integer(unix_micros(at)))
        };
        let value = |field| match field {
            SortField::CreatedAt => moment(Some(task.created_at)),
            SortField::UpdatedAt => moment(Some(task.updated_at)),
            SortField::DueDate => moment(task.due_date),
            SortField::CompletedAt => moment(task.completed_at),
            SortField::Priority => CursorValue::Integer(task.priority.rank()),
            SortField::Status => CursorValue::Integer(task.status.rank()),
            SortField::Title => CursorValue::Text(fold(&task.title)),
            SortField::Number => CursorValue::Integer(task.number),
        };
        Self { values: sort.keys().iter().map(|key| value(key.field)).collect(), id: task.id }
    }

    /// The text for a client, bound to the list's path, sort and filters.
    #[must_use]
    pub fn encode(&self, path: &str, sort: &Sort, filter: &TaskFilter) -> String {
        let wire = Wire { l: list_digest(path, sort, filter), v: self.values.clone(), i: self.id };
        // Strings, integers and a UUID always serialise.
        let mut bytes = serde_json::to_vec(&wire).unwrap_or_default();
        let check = Sha256::digest(&bytes);
        bytes.extend_from_slice(&check[..CHECK_BYTES]);
        URL_SAFE_NO_PAD.encode(bytes)
    }
}

/// A cursor as it came from a client: whole, but maybe of another list.
#[derive(Debug)]
pub struct SealedCursor(Wire);

impl SealedCursor {
    /// Reads a text that [`Cursor::encode`] made.
    ///
    /// # Errors
    ///
    /// `invalid_cursor` when it is damaged.
    pub fn decode(text: &str) -> Result<Self, ValueError> {
        let read = || {
            let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
            let (json, check) = bytes.split_last_chunk::<CHECK_BYTES>()?;
            (Sha256::digest(json)[..CHECK_BYTES] == *check).then_some(())?;
            serde_json::from_slice(json).ok().map(Self)
        };
        read().ok_or_else(damaged)
    }

    /// The place, in the list of this path, sort and filter.
    ///
    /// # Errors
    ///
    /// `invalid_cursor` when it is of another list.
    pub fn open(self, path: &str, sort: &Sort, filter: &TaskFilter) -> Result<Cursor, ValueError> {
        let Wire { l, v: values, i: id } = self.0;
        if l != list_digest(path, sort, filter) {
            let detail = format!(
                "cursor must be {}; this one belongs to a list with another path, sort or filter",
                Cursor::ALLOWED
            );
            return Err(ValueError::new("invalid_cursor", detail));
        }
        let fits = values.len() == sort.keys().len()
            && sort.keys().iter().zip(&values).all(|(key, value)| value.fits(key.field));
        fits.then_some(Cursor { values, id }).ok_or_else(damaged)
    }
}

fn damaged() -> ValueError {
    let detail = format!("cursor must be {}; this one is damaged", Cursor::ALLOWED);
    ValueError::new("invalid_cursor", detail)
}

impl CursorValue {
    /// Whether a row can have this value: the check of a cursor's text keeps damage out, not invention.
    fn fits(&self, field: SortField) -> bool {
        const MOMENTS: RangeInclusive<i64> = -62_135_596_800_000_000..=253_402_300_799_999_999;
        match (field, self) {
            (SortField::Title, Self::Text(text)) => !text.contains('\0'),
            (SortField::Priority | SortField::Status | SortField::Number, Self::Integer(_))
            | (SortField::DueDate | SortField::CompletedAt, Self::None) => true,
            (SortField::Title, Self::Integer(_)) | (_, Self::Text(_) | Self::None) => false,
            (_, Self::Integer(micros)) => MOMENTS.contains(micros),
        }
    }
}

/// Microseconds since 1970-01-01 UTC; exact for the years 0001 to 9999.
#[must_use]
pub fn unix_micros(at: OffsetDateTime) -> i64 {
    // Years up to 9999 are below 2.6e17 microseconds, far inside an i64.
    i64::try_from(at.unix_timestamp_nanos().div_euclid(1_000)).unwrap_or(i64::MAX)
}

fn list_digest(path: &str, sort: &Sort, filter: &TaskFilter) -> String {
    let hash = Sha256::new()
        .chain_update(path)
        .chain_update([0])
        .chain_update(sort.to_text())
        .chain_update([0])
        .chain_update(filter.digest())
        .finalize();
    URL_SAFE_NO_PAD.encode(&hash[..8])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::task::Status;
    use super::*;

    fn reopen(
        text: &str,
        path: &str,
        sort: &Sort,
        filter: &TaskFilter,
    ) -> Result<Cursor, ValueError> {
        SealedCursor::decode(text)?.open(path, sort, filter)
    }

    fn moment() -> impl Strategy<Value = CursorValue> {
        prop_oneof![
            (-62_135_596_800_000_000_i64..253_402_300_799_999_999).prop_map(CursorValue::Integer),
            Just(CursorValue::None)
        ]
    }

    proptest! {
        #[test]
        fn comes_back_whole_and_only_to_its_own_list(title in "[^\0]{0,200}", second in moment(), id in any::<u128>()) {
            let sort = Sort::parse("title,-due_date").expect("a sort");
            let cursor = Cursor { values: vec![CursorValue::Text(title), second], id: Uuid::from_u128(id) };
            let filter = TaskFilter { status: vec![Status::Done, Status::Todo], ..TaskFilter::default() };
            let text = cursor.encode("/tasks", &sort, &filter);

            let reordered = TaskFilter { status: vec![Status::Todo, Status::Done], ..TaskFilter::default() };
            prop_assert_eq!(reopen(&text, "/tasks", &sort, &reordered).expect("the same list"), cursor);
            prop_assert!(reopen(&text, "/tasks/search", &sort, &filter).is_err());
            prop_assert!(reopen(&text, "/tasks", &Sort::default(), &filter).is_err());
            prop_assert!(reopen(&text, "/tasks", &sort, &TaskFilter::default()).is_err());
        }

        #[test]
        fn an_invented_value_that_no_row_can_have_is_refused(micros in prop_oneof![i64::MIN..-62_135_596_800_000_000, 253_402_300_800_000_000..i64::MAX]) {
            for value in [CursorValue::Integer(micros), CursorValue::None, CursorValue::Text("x".into())] {
                let cursor = Cursor { values: vec![value], id: Uuid::nil() };
                let text = cursor.encode("/tasks", &Sort::default(), &TaskFilter::default());
                prop_assert!(reopen(&text, "/tasks", &Sort::default(), &TaskFilter::default()).is_err());
            }
        }

        #[test]
        fn any_damage_is_seen(at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_-]") {
            let cursor = Cursor { values: vec![CursorValue::Integer(7)], id: Uuid::nil() };
            let text = cursor.encode("/tasks", &Sort::default(), &TaskFilter::default());
            let mut damaged = text.clone();
            let at = at.index(text.len());
            damaged.replace_range(at..=at, &letter);
            let decoded = reopen(&damaged, "/tasks", &Sort::default(), &TaskFilter::default());
            prop_assert_eq!(decoded.is_ok(), damaged == text);
        }

        #[test]
        fn never_panics(text in ".{0,80}") {
            let _ = reopen(&text, "/tasks", &Sort::default(), &TaskFilter::default());
        }
    }
}

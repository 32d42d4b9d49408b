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
use super::violation::Fault;

const CHECK_BYTES: usize = 6;

/// The value that a sort key has in the last row of a page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum CursorValue {
    /// A rank, a number, or microseconds since 1970-01-01 UTC.
    Integer(i64),
    /// A folded title.
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

#[derive(Serialize, Deserialize)]
struct Wire {
    l: String,
    v: Vec<CursorValue>,
    i: Uuid,
}

impl Cursor {
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

    /// Reads a text that [`Cursor::encode`] made for the same list.
    ///
    /// # Errors
    ///
    /// `invalid_cursor` when it is damaged or of another list.
    pub fn decode(text: &str, path: &str, sort: &Sort, filter: &TaskFilter) -> Result<Self, Fault> {
        let damaged = || {
            Fault::new(
                "invalid_cursor",
                "cursor must be taken unchanged from a Link header of this list; this one is damaged",
            )
        };
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| damaged())?;
        let (json, check) = bytes.split_last_chunk::<CHECK_BYTES>().ok_or_else(damaged)?;
        if Sha256::digest(json)[..CHECK_BYTES] != *check {
            return Err(damaged());
        }
        let wire: Wire = serde_json::from_slice(json).map_err(|_| damaged())?;
        if wire.l != list_digest(path, sort, filter) {
            return Err(Fault::new(
                "invalid_cursor",
                "cursor belongs to another list: send it with the path, sort and filters that it came with",
            ));
        }
        let fits = wire.v.len() == sort.keys().len()
            && sort.keys().iter().zip(&wire.v).all(|(key, value)| value.fits(key.field));
        fits.then_some(Self { values: wire.v, id: wire.i }).ok_or_else(damaged)
    }
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
            prop_assert_eq!(Cursor::decode(&text, "/tasks", &sort, &reordered).expect("the same list"), cursor);
            prop_assert!(Cursor::decode(&text, "/tasks/search", &sort, &filter).is_err());
            prop_assert!(Cursor::decode(&text, "/tasks", &Sort::default(), &filter).is_err());
            prop_assert!(Cursor::decode(&text, "/tasks", &sort, &TaskFilter::default()).is_err());
        }

        #[test]
        fn an_invented_value_that_no_row_can_have_is_refused(micros in prop_oneof![i64::MIN..-62_135_596_800_000_000, 253_402_300_800_000_000..i64::MAX]) {
            for value in [CursorValue::Integer(micros), CursorValue::None, CursorValue::Text("x".into())] {
                let cursor = Cursor { values: vec![value], id: Uuid::nil() };
                let text = cursor.encode("/tasks", &Sort::default(), &TaskFilter::default());
                prop_assert!(Cursor::decode(&text, "/tasks", &Sort::default(), &TaskFilter::default()).is_err());
            }
        }

        #[test]
        fn any_damage_is_seen(at in any::<prop::sample::Index>(), letter in "[A-Za-z0-9_-]") {
            let cursor = Cursor { values: vec![CursorValue::Integer(7)], id: Uuid::nil() };
            let text = cursor.encode("/tasks", &Sort::default(), &TaskFilter::default());
            let mut damaged = text.clone();
            let at = at.index(text.len());
            damaged.replace_range(at..=at, &letter);
            let decoded = Cursor::decode(&damaged, "/tasks", &Sort::default(), &TaskFilter::default());
            prop_assert_eq!(decoded.is_ok(), damaged == text);
        }

        #[test]
        fn never_panics(text in ".{0,80}") {
            let _ = Cursor::decode(&text, "/tasks", &Sort::default(), &TaskFilter::default());
        }
    }
}

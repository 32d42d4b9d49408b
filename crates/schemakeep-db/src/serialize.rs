//! How values stand in JSON reports: for `#[serde(serialize_with = "…")]`.

use std::fmt::Display;
use std::path::Path;
use std::time::Duration;

use serde::{Serialize, Serializer};
use time::OffsetDateTime;

use crate::clock::format_seconds;

/// Serializes types as the word of their `as_str`.
#[macro_export]
macro_rules! serialize_as_str {
    ($($type:ty),+) => {$(
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                to.serialize_str(self.as_str())
            }
        }
    )+};
}

/// As its `Display`.
pub fn display<S: Serializer>(value: &impl Display, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(value)
}

/// A path, also one that is not UTF-8.
pub fn path<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.collect_str(&path.display())
}

/// Null when empty.
pub fn non_empty<S: Serializer>(text: &str, to: S) -> Result<S::Ok, S::Error> {
    (!text.is_empty()).then_some(text).serialize(to)
}

/// A duration, or none, in seconds with a fraction.
pub fn seconds<S: Serializer>(
    took: &(impl Into<Option<Duration>> + Copy),
    to: S,
) -> Result<S::Ok, S::Error> {
    (*took).into().map(|took: Duration| took.as_secs_f64()).serialize(to)
}

pub fn milliseconds<S: Serializer>(took: &Duration, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u64(u64::try_from(took.as_millis()).unwrap_or(u64::MAX))
}

/// A time, or none, as [`format_seconds`] writes it.
pub fn time<S: Serializer>(
    at: &(impl Into<Option<OffsetDateTime>> + Copy),
    to: S,
) -> Result<S::Ok, S::Error> {
    (*at).into().map(format_seconds).serialize(to)
}

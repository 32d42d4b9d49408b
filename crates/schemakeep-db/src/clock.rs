//! Time and identifiers as something given: code that needs them takes a [`Clock`].

use std::fmt::Debug;

use time::{OffsetDateTime, UtcOffset};
use uuid::Uuid;

/// Source of the present time and of new identifiers.
pub trait Clock: Debug + Send + Sync {
    /// The present time in UTC, cut to microseconds: the finest that both databases keep.
    fn now(&self) -> OffsetDateTime;

    /// A new `UUIDv7` (RFC 9562 section 5.7), later ones sorting after earlier ones.
    fn new_id(&self) -> Uuid;
}

#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
    fn now(&self) -> OffsetDateTime {
        cut_to_microseconds(OffsetDateTime::now_utc())
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that makes identifiers")]
    fn new_id(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// Drops what is finer than a microsecond.
#[must_use]
pub fn cut_to_microseconds(at: OffsetDateTime) -> OffsetDateTime {
    // A microsecond count below 1,000,000 times 1,000 is always a valid nanosecond.
    at.replace_nanosecond(at.microsecond() * 1_000).unwrap_or(at)
}

/// UTC with `Z`, to the second (RFC 3339).
pub fn format_seconds(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

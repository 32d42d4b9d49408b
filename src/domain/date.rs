//! Dates as clients write them (RFC 3339) and as the service answers them.

use time::{Date, Month, OffsetDateTime, Time, UtcOffset};

use super::text::quoted;
use super::violation::ValueError;
use schemakeep_db::clock::cut_to_microseconds;

/// What [`parse`] takes: completes "it must be …".
pub const ALLOWED: &str = "an RFC 3339 date or timestamp such as 2026-12-24 or 2026-12-24T18:00:00Z, with a UTC year from 0001 to 9999";

/// Reads an RFC 3339 timestamp, a timestamp without offset (taken as UTC) or a date (its first
/// moment in UTC). What is finer than a microsecond is cut.
///
/// # Errors
///
/// `invalid_date`, naming the field, what came and what is allowed.
pub fn parse(field: &str, text: &str) -> Result<OffsetDateTime, ValueError> {
    read(text).ok_or_else(|| {
        ValueError::new("invalid_date", format!("{field} must be {ALLOWED}; got {}", quoted(text)))
    })
}

/// Writes UTC with `Z`, and a fraction of six digits, so that equal lengths sort as text.
#[must_use]
pub fn format(at: OffsetDateTime) -> String {
    let at = at.to_offset(UtcOffset::UTC);
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z",
        at.year(),
        u8::from(at.month()),
        at.day(),
        at.hour(),
        at.minute(),
        at.second(),
        at.microsecond()
    )
}

fn read(text: &str) -> Option<OffsetDateTime> {
    let mut rest = Scanner(text.as_bytes());
    let year = rest.digits(4)?;
    let month = rest.literal(b"-")?.digits(2)?;
    let day = rest.literal(b"-")?.digits(2)?;
    let month = Month::try_from(u8::try_from(month).ok()?).ok()?;
    let date =
        Date::from_calendar_date(i32::try_from(year).ok()?, month, u8::try_from(day).ok()?).ok()?;
    let at =
        if rest.0.is_empty() { date.midnight().assume_utc() } else { read_time(&mut rest, date)? };
    (1..=9999).contains(&at.year()).then(|| cut_to_microseconds(at))
}

fn read_time(rest: &mut Scanner<'_>, date: Date) -> Option<OffsetDateTime> {
    let hour = rest.literal(b"Tt")?.small(2)?;
    let minute = rest.literal(b":")?.small(2)?;
    let second = rest.literal(b":")?.small(2)?;
    let microsecond = if rest.literal(b".").is_some() { rest.fraction()? } else { 0 };
    let local = date.with_time(Time::from_hms_micro(hour, minute, second, microsecond).ok()?);
    let offset = match rest.0 {
        [] | [b'Z' | b'z'] => UtcOffset::UTC,
        _ => rest.offset()?,
    };
    local.assume_offset(offset).checked_to_offset(UtcOffset::UTC)
}

/// What is left to read.
struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    fn literal(&mut self, any_of: &[u8]) -> Option<&mut Self> {
        let (first, rest) = self.0.split_first()?;
        any_of.contains(first).then(|| self.0 = rest)?;
        Some(self)
    }

    fn digits(&mut self, count: usize) -> Option<u32> {
        let (digits, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        digits.iter().try_fold(0, |sum, digit| {
            digit.is_ascii_digit().then(|| sum * 10 + u32::from(digit - b'0'))
        })
    }

    fn small(&mut self, count: usize) -> Option<u8> {
        self.digits(count)?.try_into().ok()
    }

    fn fraction(&mut self) -> Option<u32> {
        let length = self.0.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.0.split_at(length);
        self.0 = rest;
        let micros = (0..6).fold(0, |sum, at| {
            sum * 10 + digits.get(at).map_or(0, |digit| u32::from(digit - b'0'))
        });
        (length > 0).then_some(micros)
    }

    fn offset(&mut self) -> Option<UtcOffset> {
        let sign = if self.0.first() == Some(&b'-') { -1 } else { 1 };
        let hours = self.literal(b"+-")?.small(2).filter(|hours| *hours <= 23)?;
        let minutes = self.literal(b":")?.small(2).filter(|minutes| *minutes <= 59)?;
        let seconds = sign * (i32::from(hours) * 3_600 + i32::from(minutes) * 60);
        self.0.is_empty().then(|| UtcOffset::from_whole_seconds(seconds).ok())?
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("2026-12-24", "2026-12-24T00:00:00.000000Z")]
    #[case("2026-12-24T18:00:00", "2026-12-24T18:00:00.000000Z")]
    #[case("2026-12-24t18:00:00z", "2026-12-24T18:00:00.000000Z")]
    #[case("2026-12-24T18:00:00.1Z", "2026-12-24T18:00:00.100000Z")]
    #[case("2026-12-24T18:00:00.123456999Z", "2026-12-24T18:00:00.123456Z")]
    #[case("2026-12-24T18:00:00+01:00", "2026-12-24T17:00:00.000000Z")]
    #[case("2026-12-24T18:00:00-23:59", "2026-12-25T17:59:00.000000Z")]
    #[case("2028-02-29", "2028-02-29T00:00:00.000000Z")]
    #[case("0001-01-01", "0001-01-01T00:00:00.000000Z")]
    #[case("0000-12-31T23:30:00-01:00", "0001-01-01T00:30:00.000000Z")]
    #[case("9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59.999999Z")]
    fn reads(#[case] text: &str, #[case] expected: &str) {
        assert_eq!(format(parse("due_date", text).expect("a date")), expected);
    }

    #[rstest]
    fn refuses(
        #[values(
            "",
            " 2026-12-24",
            "2026-12-24 ",
            "2026-12-24T18:00Z",
            "2026-12-24 18:00:00Z",
            "2026-12-24T18:00:00+0100",
            "20261224",
            "20261224T180000Z",
            "2026-W52-4",
            "2026-12-24T18:00:60Z",
            "2026-12-24T24:00:00Z",
            "2026-02-29",
            "2026-13-01",
            "2026-12-24T18:00:00.Z",
            "2026-12-24T18:00:00,5Z",
            "2026-12-24T18:00:00+24:00",
            "2026-12-24T18:00:00+01:60",
            "2026-12-24T18:00:00ZZ",
            "2026-12-24Z",
            "0000-12-31",
            "10000-01-01",
            "9999-12-31T23:59:59-01:00",
            "0001-01-01T00:00:00+01:00",
            "+2026-12-24",
            "1766599200",
            "\u{ff12}026-12-24"
        )]
        text: &str,
    ) {
        let fault = parse("due_date", text).expect_err(text);
        assert_eq!(fault.code, "invalid_date");
        assert!(
            fault.detail.contains("due_date") && fault.detail.contains("RFC 3339"),
            "{}",
            fault.detail
        );
    }

    proptest! {
        #[test]
        fn never_panics(text in ".{0,40}") {
            let _ = parse("due_date", &text);
        }

        #[test]
        fn what_is_written_is_read_back(micros in -62_135_596_800_000_000_i64..253_402_300_799_999_999) {
            let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000).expect("in range");
            prop_assert_eq!(parse("due_date", &format(at)).expect("our own format"), at);
        }
    }
}

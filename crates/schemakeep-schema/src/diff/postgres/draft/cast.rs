//! How a value of one type becomes one of another, and whether each does.

use crate::diff::postgres::sql::quoted;
use crate::schema::postgres::Schema;

/// What may go wrong with a value that gets another type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// It may not fit.
    Range,
    /// It depends on the session's time zone.
    Zone,
}

impl Doubt {
    /// For the author.
    pub(super) fn why(self) -> &'static str {
        match self {
            Self::Range => {
                "a value that does not fit stops the filling, and what is too fine for the new type is rounded"
            }
            Self::Zone => {
                "times are converted in the time zone of the session that fills it; put `SET timezone` before it where that is another"
            }
        }
    }
}

/// A value of one type as one of another, to be assigned; through text where PostgreSQL may know no shorter way.
///
/// A length is left to the assignment: it refuses what is too long, where a cast would cut it off in silence.
pub(super) fn cast(column: &str, from: &str, to: &str) -> String {
    let column = quoted(column);
    let kind = |ty: &str| match name(ty) {
        "smallint" | "integer" | "bigint" | "numeric" | "real" | "double precision" => 1,
        "date" | "timestamp without time zone" | "timestamp with time zone" | "timestamp" => 2,
        "text" | "character varying" | "character" | "name" => 3,
        "json" | "jsonb" => 4,
        _ => 0,
    };
    let is_list = |ty: &str| ty.ends_with("[]");
    if to.contains('(')
        && ["character varying", "character", "bit", "bit varying"].contains(&name(to))
    {
        let is_text = kind(from) == 3 && is_list(from) == is_list(to);
        return match (is_text, is_list(to)) {
            (true, _) => column,
            (false, true) => format!("{column}::text[]"),
            (false, false) => format!("{column}::text"),
        };
    }
    let straight = kind(from) == 3 || kind(to) == 3 || (kind(from) == kind(to) && kind(to) > 0);
    if straight {
        format!("{column}::{to}")
    } else if is_list(to) {
        format!("{column}::text[]::{to}")
    } else {
        format!("{column}::text::{to}")
    }
}

/// What may go wrong on the way from one type to the other.
pub(super) fn doubt(from: &str, to: &str, schema: &Schema) -> Option<Doubt> {
    if let (Some(from), Some(to)) = (from.strip_suffix("[]"), to.strip_suffix("[]")) {
        return doubt(from, to, schema);
    }
    let labels = |ty: &str| {
        schema.enums.iter().find(|(name, _)| quoted(name) == ty).map(|(_, it)| &it.labels)
    };
    if let (Some(from), Some(to)) = (labels(from), labels(to)) {
        return (!from.iter().all(|label| to.contains(label))).then_some(Doubt::Range);
    }
    let zoned = |ty: &str| name(ty) == "timestamp with time zone" || ty.ends_with("with time zone");
    let moment = |ty: &str| ty == "date" || ty.starts_with("timestamp");
    if moment(from) && moment(to) && zoned(from) != zoned(to) {
        return Some(Doubt::Zone);
    }
    (from != to && !fits(from, to)).then_some(Doubt::Range)
}

/// Whether every value of a type is one of another.
fn fits(from: &str, to: &str) -> bool {
    if matches!(to, "text" | "character varying") || (from, to) == ("json", "jsonb") {
        return true;
    }
    // Digits before and after the point: those that a value may have, and those that are always held.
    let digits = |ty: &str, whole: [i32; 3]| match (name(ty), arguments(ty).as_slice()) {
        ("smallint", _) => Some((whole[0], 0)),
        ("integer", _) => Some((whole[1], 0)),
        ("bigint", _) => Some((whole[2], 0)),
        ("numeric", [all, after]) => Some((all - after, *after)),
        ("numeric", []) => Some((i32::MAX, i32::MAX)),
        _ => None,
    };
    let needed = digits(from, [5, 10, 19]);
    if let (Some((whole, after)), Some((most, finest))) = (needed, digits(to, [4, 9, 18])) {
        return whole <= most && after <= finest;
    }
    if let (Some((whole, 0)), "double precision") = (needed, to) {
        return whole <= 15;
    }
    match (name(from), name(to)) {
        ("real", "double precision") => true,
        ("date", to) => to.starts_with("timestamp"),
        ("character varying", "character varying") => arguments(from) <= arguments(to),
        _ => false,
    }
}

/// A type's name without its length.
fn name(ty: &str) -> &str {
    ty.split(['(', '[']).next().unwrap_or_default().trim()
}

fn arguments(ty: &str) -> Vec<i32> {
    let inside = ty.split_once('(').and_then(|(_, rest)| rest.split_once(')'));
    let numbers = inside.into_iter().flat_map(|(numbers, _)| numbers.split(','));
    numbers.filter_map(|number| number.trim().parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("integer", "bigint", "c::bigint")]
    #[case("text", "integer", "c::integer")]
    #[case("uuid", "bytea", "c::text::bytea")]
    #[case("integer[]", "bigint[]", "c::bigint[]")]
    #[case("uuid[]", "bytea[]", "c::text[]::bytea[]")]
    // A cast would cut off what is too long.
    #[case("character varying(20)", "character varying(10)", "c")]
    #[case("integer", "character varying(10)", "c::text")]
    #[case("text[]", "character varying(10)[]", "c")]
    #[case("text", "character(3)", "c")]
    fn values_are_cast(#[case] from: &str, #[case] to: &str, #[case] expected: &str) {
        assert_eq!(cast("c", from, to), expected);
    }

    #[rstest]
    #[case("integer", "bigint", None)]
    #[case("bigint", "integer", Some(Doubt::Range))]
    #[case("integer", "numeric(12,2)", None)]
    #[case("integer", "numeric(10,2)", Some(Doubt::Range))]
    #[case("numeric(8,2)", "numeric(10,4)", None)]
    #[case("numeric(8,2)", "numeric(8,4)", Some(Doubt::Range))]
    #[case("numeric", "numeric(8,4)", Some(Doubt::Range))]
    #[case("numeric(9,0)", "integer", None)]
    #[case("numeric(10,0)", "integer", Some(Doubt::Range))]
    #[case("integer", "double precision", None)]
    #[case("bigint", "double precision", Some(Doubt::Range))]
    #[case("double precision", "numeric", Some(Doubt::Range))]
    #[case("character varying(20)", "character varying(10)", Some(Doubt::Range))]
    #[case("uuid", "text", None)]
    #[case("text", "uuid", Some(Doubt::Range))]
    #[case("date", "timestamp without time zone", None)]
    #[case("timestamp without time zone", "timestamp with time zone", Some(Doubt::Zone))]
    #[case("integer[]", "smallint[]", Some(Doubt::Range))]
    #[case("text", "text", None)]
    fn what_may_not_fit_is_known(
        #[case] from: &str,
        #[case] to: &str,
        #[case] expected: Option<Doubt>,
    ) {
        assert_eq!(doubt(from, to, &Schema::default()), expected);
    }
}

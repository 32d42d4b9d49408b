//! Which values a narrower type does not take.

use super::simulated_table::Column;
use schemakeep_sql::change::quoted;

/// What is asked before a column gets another type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Narrowing {
    /// Every value fits.
    Free,
    /// Values for which this holds do not; what they are, and why that is not certain.
    Unfit {
        condition: String,
        /// `values longer than 5 characters`.
        what: String,
        /// Why a value for which it holds may fit all the same.
        doubt: Option<&'static str>,
    },
    /// Only the change itself shows it.
    Unknown(String),
}

/// A type of PostgreSQL as it is compared here.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Type {
    /// Up to so many characters.
    Text(Option<u32>),
    /// Whole numbers of so many bytes.
    Whole(u32),
    Float,
    /// Digits in all, and behind the point.
    Numeric(Option<(u32, u32)>),
    Other(String),
}

impl Type {
    fn parse(text: &str) -> Self {
        let text = text.trim().to_lowercase().replace("pg_catalog.", "");
        let (name, arguments) = match text.split_once('(') {
            Some((name, rest)) => (name.trim(), rest.split(')').next().unwrap_or_default()),
            None => (text.as_str(), ""),
        };
        let numbers: Vec<u32> =
            arguments.split(',').filter_map(|n| n.trim().parse().ok()).collect();
        let first = numbers.first().copied();
        match name {
            "text" => Self::Text(None),
            "varchar" | "character varying" => Self::Text(first),
            "char" | "character" | "bpchar" => Self::Text(Some(first.unwrap_or(1))),
            "smallint" | "int2" => Self::Whole(2),
            "integer" | "int" | "int4" => Self::Whole(4),
            "bigint" | "int8" => Self::Whole(8),
            "real" | "float4" | "double precision" | "float8" | "float" => Self::Float,
            "numeric" | "decimal" => {
                Self::Numeric(first.map(|all| (all, numbers.get(1).copied().unwrap_or(0))))
            }
            _ => Self::Other(text),
        }
    }
}

/// What is asked before `ALTER COLUMN … TYPE`.
pub(super) fn postgres(column: &Column, to: &str, using: Option<&str>) -> Narrowing {
    let cast = using.is_none_or(|using| is_cast_of(using, &column.name));
    if !cast {
        let using = using.unwrap_or_default();
        return Narrowing::Unknown(format!("only running it shows what `USING {using}` makes"));
    }
    let name = quoted(&column.name);
    let unfit = |condition: String, what: String| Narrowing::Unfit { condition, what, doubt: None };
    match (Type::parse(&column.ty), Type::parse(to)) {
        (from, to) if from == to => Narrowing::Free,
        (_, Type::Text(None))
        | (Type::Whole(_) | Type::Float | Type::Numeric(_), Type::Numeric(None)) => Narrowing::Free,
        (Type::Text(Some(from)), Type::Text(Some(to))) if from <= to => Narrowing::Free,
        (Type::Text(_), Type::Text(Some(to))) => unfit(
            // Spaces at the end are cut without a word.
            format!("char_length(rtrim(CAST({name} AS text), ' ')) > {to}"),
            format!("values longer than {to} characters"),
        ),
        (_, Type::Text(Some(to))) => unfit(
            format!("char_length(CAST({name} AS text)) > {to}"),
            format!("values longer than {to} characters"),
        ),
        (Type::Whole(from), Type::Whole(to)) if from <= to => Narrowing::Free,
        (Type::Whole(_) | Type::Numeric(_) | Type::Float, Type::Float) => {
            match Type::parse(&column.ty) {
                Type::Whole(_) | Type::Float => Narrowing::Free,
                _ => Narrowing::Unknown(
                    "only running it shows whether every value is in range".to_owned(),
                ),
            }
        }
        (Type::Whole(_) | Type::Numeric(_) | Type::Float, Type::Whole(to)) => {
            unfit(out_of_range(&format!("CAST({name} AS numeric)"), to), range_words(to))
        }
        (Type::Text(_), Type::Whole(to)) => unfit(
            // The number is made only of what is one.
            format!(
                "CASE WHEN CAST({name} AS text) ~ '^\\s*[-+]?[0-9]+\\s*$' THEN {} ELSE true END",
                out_of_range(&format!("CAST({name} AS numeric)"), to)
            ),
            format!("values that are no {}", whole_name(to)),
        ),
        (Type::Whole(_) | Type::Float | Type::Numeric(_), Type::Numeric(Some((all, behind)))) => {
            let whole = all.saturating_sub(behind);
            unfit(
                format!(
                    "CAST({name} AS numeric) <> 'NaN' AND abs(round(CAST({name} AS numeric), {behind})) >= 1e{whole}::numeric"
                ),
                format!("values with more than {whole} digits before the point"),
            )
        }
        (Type::Text(_), Type::Other(to)) => of_text(&name, &to),
        (from, to) => Narrowing::Unknown(format!(
            "only running it shows whether every value of type {} fits {}",
            words(&from, &column.ty),
            words(&to, "the new one"),
        )),
    }
}

fn words(ty: &Type, written: &str) -> String {
    if let Type::Other(name) = ty { name.clone() } else { written.to_owned() }
}

/// From text to what is no number.
fn of_text(name: &str, to: &str) -> Narrowing {
    let value = format!("btrim(CAST({name} AS text), E' \\t\\n\\r\\f\\x0b')");
    match to {
        "uuid" => Narrowing::Unfit {
            condition: format!(
                "CAST({name} AS text) !~* '^\\{{?([0-9a-f]{{4}}-?){{7}}[0-9a-f]{{4}}\\}}?$'"
            ),
            what: "values that are no uuid".to_owned(),
            doubt: None,
        },
        "boolean" | "bool" => Narrowing::Unfit {
            condition: format!(
                "{value} !~* '^(t(r(ue?)?)?|y(es?)?|on|1|f(a(l(se?)?)?)?|no?|off?|0)$'"
            ),
            what: "values that are no boolean".to_owned(),
            doubt: None,
        },
        "date" => Narrowing::Unfit {
            condition: format!("{value} !~ '^[0-9]{{4}}-(0[1-9]|1[0-2])-(0[1-9]|1[0-9]|2[0-8])$'"),
            what: "values not written as YYYY-MM-DD".to_owned(),
            doubt: Some(
                "PostgreSQL reads other ways of writing a date too, and only running it shows which",
            ),
        },
        to => Narrowing::Unknown(format!("only running it shows which texts are a {to}")),
    }
}

/// Whether `USING` only says the cast that is made anyway.
fn is_cast_of(using: &str, column: &str) -> bool {
    let using = using.to_lowercase().replace(['(', ')', '"'], " ");
    let using = using.trim();
    let value = match using.split_once("::").or_else(|| using.split_once(" as ")) {
        None => using,
        Some((_, ty)) if ty.contains("::") || ty.contains(" as ") => return false,
        Some((value, _)) => value.strip_prefix("cast ").unwrap_or(value),
    };
    value.trim() == column.to_lowercase()
}

fn out_of_range(value: &str, bytes: u32) -> String {
    let (least, most) = match bytes {
        2 => (i64::from(i16::MIN), i64::from(i16::MAX)),
        4 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        _ => (i64::MIN, i64::MAX),
    };
    format!("round({value}) NOT BETWEEN {least} AND {most}")
}

fn whole_name(bytes: u32) -> &'static str {
    match bytes {
        2 => "smallint",
        4 => "integer",
        _ => "bigint",
    }
}

fn range_words(bytes: u32) -> String {
    format!("values out of the range of {}", whole_name(bytes))
}

/// Values that a column of a `STRICT` table does not take; none for a type that takes all.
pub(super) fn strict(column: &str, ty: &str) -> Option<String> {
    let name = quoted(column);
    // As the column's affinity would: https://sqlite.org/stricttables.html
    let number = format!("CAST({name} AS NUMERIC) = {name}");
    match ty.to_ascii_lowercase().as_str() {
        "int" | "integer" => Some(format!(
            "CASE typeof({name}) WHEN 'null' THEN 0 WHEN 'integer' THEN 0 WHEN 'blob' THEN 1 \
             WHEN 'real' THEN {name} <> CAST({name} AS INTEGER) \
             ELSE NOT ({number} AND typeof(CAST({name} AS NUMERIC)) = 'integer') END"
        )),
        "real" => Some(format!(
            "CASE typeof({name}) WHEN 'blob' THEN 1 WHEN 'text' THEN NOT ({number}) ELSE 0 END"
        )),
        "text" => Some(format!("typeof({name}) = 'blob'")),
        "blob" => Some(format!("typeof({name}) NOT IN ('blob', 'null')")),
        _ => None,
    }
}

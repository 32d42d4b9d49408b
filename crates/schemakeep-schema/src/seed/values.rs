//! Values for a column, as literals: what its type, its length and its checks suggest, and edges of both.

use std::fmt::Write as _;

use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use crate::structure::{Column, Table, Word, words};
use schemakeep_db::Dialect;

/// Texts that programs stumble over.
const EDGES: [&str; 8] = [
    " ",
    "O'Brien said \"no\"",
    "two\nlines",
    "naïve Ünïcödé",
    "日本語のテキスト",
    "🦀 crab",
    "100% _under\\score",
    "NULL",
];
/// 2000-01-01 to 2033-05-18, in seconds since 1970: every date and time is in it.
const TIMES: std::ops::Range<i64> = 946_684_800..2_000_000_000;
/// The longest text that a bound asks for, in characters.
const TEXT_CHARACTERS_MAX: usize = 2_000;

/// What kind of value a type takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    Integer {
        max: i64,
    },
    Number,
    Boolean,
    Uuid,
    Bytes,
    Date,
    Time,
    Moment,
    Json,
    Label,
    /// Takes this one text, and no other that is known here.
    Only(&'static str),
}

/// How the values of a column are made.
#[derive(Clone, Debug)]
pub(super) struct Recipe {
    kind: Kind,
    /// Values that its checks mention, or that its enumerated type has.
    texts: Vec<String>,
    /// Numbers that its checks mention: values, or lengths.
    numbers: Vec<i64>,
    bound: Option<usize>,
    /// Two rows should not have the same one.
    pub(super) distinct: bool,
}

impl Recipe {
    pub(super) fn new(dialect: Dialect, table: &Table, column: &Column) -> Self {
        let mut texts = column.labels.clone();
        let mut numbers = Vec::new();
        let mut kind = if column.labels.is_empty() { kind(dialect, column) } else { Kind::Label };
        for check in table.checks.iter().filter(|check| check.columns.contains(&column.name)) {
            for word in words(&check.condition) {
                match word {
                    Word::Text(text) => texts.push(text),
                    Word::Number(number) => numbers.extend(number.parse::<f64>().ok().map(whole)),
                    Word::Name(name) if name.starts_with("json") && kind == Kind::Text => {
                        kind = Kind::Json;
                    }
                    Word::Name(_) => {}
                }
            }
        }
        let distinct = table.indexes.iter().any(|index| index.unique && index.has(&column.name));
        Self { kind, texts, numbers, bound: column.bound(), distinct }
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "a number of a check that large is no candidate"
)]
fn whole(number: f64) -> i64 {
    number as i64
}

fn kind(dialect: Dialect, column: &Column) -> Kind {
    let base = column.base_type();
    let bits = |bits: u32| Kind::Integer { max: (1_i64 << (bits - 1)) - 1 };
    let known = match base.as_str() {
        "boolean" | "bool" => Kind::Boolean,
        "smallint" => bits(16),
        "integer" | "int" => bits(32),
        "bigint" => bits(62),
        "uuid" => Kind::Uuid,
        "bytea" | "blob" => Kind::Bytes,
        "date" => Kind::Date,
        "json" | "jsonb" => Kind::Json,
        "time without time zone" | "time" | "time with time zone" => Kind::Time,
        "interval" => Kind::Only("1 day"),
        "inet" | "cidr" => Kind::Only("10.0.0.1"),
        "macaddr" => Kind::Only("08:00:2b:01:02:03"),
        "point" => Kind::Only("(1,2)"),
        "bit" => Kind::Only("1"),
        _ if base.ends_with("[]") => Kind::Only("{}"),
        _ if base.ends_with("range") => Kind::Only("empty"),
        _ if base.starts_with("timestamp") || base == "datetime" => Kind::Moment,
        _ if base.contains("int") => bits(62),
        _ if ["numeric", "decimal", "real", "double", "float", "money"]
            .iter()
            .any(|word| base.starts_with(word)) =>
        {
            Kind::Number
        }
        _ => Kind::Text,
    };
    // SQLite counts moments in an integer, whose name alone says so.
    let is_moment = column.name.ends_with("_at") || column.name.ends_with("_date");
    match known {
        Kind::Integer { .. } if dialect == Dialect::Sqlite && is_moment => {
            Kind::Integer { max: TIMES.end * 1_000_000 }
        }
        known => known,
    }
}

/// A value, as a literal.
pub(super) fn literal(dialect: Dialect, recipe: &Recipe, random: &mut StdRng) -> String {
    let often = if matches!(recipe.kind, Kind::Text | Kind::Label) { 0.85 } else { 0.1 };
    let mentioned = recipe.texts.choose(random).filter(|_| random.random_bool(often));
    if let Some(text) = mentioned.filter(|_| recipe.kind != Kind::Bytes) {
        return dialect.quoted(&like(text, random));
    }
    match recipe.kind {
        Kind::Text => dialect.quoted(&text(recipe, random)),
        Kind::Integer { max } => integer(recipe, max, random).to_string(),
        Kind::Number => {
            let whole = integer(recipe, 100, random);
            if recipe.numbers.is_empty() && random.random_bool(0.5) {
                format!("{whole}.{}", random.random_range(0..10))
            } else {
                whole.to_string()
            }
        }
        Kind::Boolean if dialect == Dialect::Sqlite => random.random_range(0..=1).to_string(),
        Kind::Boolean => random.random_bool(0.5).to_string(),
        Kind::Uuid => {
            let (a, b): (u64, u64) = (random.random(), random.random());
            let digits = format!("{a:016x}{b:016x}");
            let parts =
                [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
            format!("'{}'", parts.join("-"))
        }
        Kind::Bytes => bytes(dialect, recipe, random),
        Kind::Date => format!("'{:.10}'", moment(random)),
        Kind::Time => format!("'{}'", &moment(random)[11..]),
        Kind::Moment => format!("'{}'", moment(random)),
        Kind::Json => {
            let number: u32 = random.random();
            format!("'{{\"n\": {number}, \"text\": \"é\"}}'")
        }
        Kind::Label => recipe.texts.first().map_or("NULL".into(), |text| dialect.quoted(text)),
        Kind::Only(text) => dialect.quoted(text),
    }
}

/// A text that a pattern of LIKE matches; any other text as it is.
fn like(text: &str, random: &mut StdRng) -> String {
    let mut matching = String::new();
    for c in text.chars() {
        if c == '%' {
            let _ = write!(matching, "{:x}", random.random::<u32>());
        } else {
            matching.push(c);
        }
    }
    matching
}

fn integer(recipe: &Recipe, max: i64, random: &mut StdRng) -> i64 {
    if let Some(number) = recipe.numbers.choose(random).filter(|_| random.random_bool(0.6)) {
        return number.saturating_add(random.random_range(-1..=1));
    }
    match (recipe.numbers.iter().min(), recipe.numbers.iter().max()) {
        (Some(least), Some(most)) if least < most && random.random_bool(0.5) => {
            random.random_range(*least..=*most)
        }
        _ if !recipe.distinct && random.random_bool(0.1) => 0,
        _ if random.random_bool(0.1) => -random.random_range(1..=max),
        _ => random.random_range(1..=max),
    }
}

/// Half of all texts have edges in them, and few are the same twice.
fn text(recipe: &Recipe, random: &mut StdRng) -> String {
    if !recipe.distinct && random.random_bool(0.1) {
        return String::new();
    }
    let mut text = match EDGES.choose(random) {
        Some(edge) if random.random_bool(0.5) => (*edge).to_owned(),
        _ => "word".to_owned(),
    };
    let _ = write!(text, " {:x}", random.random::<u32>());
    let exact = recipe.numbers.choose(random).filter(|_| random.random_bool(0.7));
    let wanted = exact.map(|n| n.saturating_add(random.random_range(-1..=1)).max(0));
    let wanted = wanted.and_then(|n| usize::try_from(n).ok()).filter(|n| *n <= TEXT_CHARACTERS_MAX);
    let most = recipe.bound.unwrap_or(TEXT_CHARACTERS_MAX);
    match wanted {
        // The end is what differs, so the beginning is cut, and filled with what takes more than a byte.
        Some(length) => last(&format!("{}{text}", "é".repeat(length)), length.min(most)),
        None => last(&text, most),
    }
}

fn last(text: &str, characters: usize) -> String {
    let skipped = text.chars().count().saturating_sub(characters);
    text.chars().skip(skipped).collect()
}

fn bytes(dialect: Dialect, recipe: &Recipe, random: &mut StdRng) -> String {
    let lengths = recipe.numbers.iter().filter_map(|n| usize::try_from(*n).ok());
    let lengths: Vec<usize> = lengths.filter(|n| *n <= TEXT_CHARACTERS_MAX).collect();
    let length = lengths.choose(random).copied().unwrap_or(16);
    let mut digits = String::new();
    for _ in 0..length {
        let _ = write!(digits, "{:02x}", random.random::<u8>());
    }
    match dialect {
        Dialect::Postgres => format!("decode('{digits}', 'hex')"),
        Dialect::Sqlite => format!("X'{digits}'"),
    }
}

/// `2026-11-21 09:00:00.123456`
fn moment(random: &mut StdRng) -> String {
    let at = time::OffsetDateTime::from_unix_timestamp(random.random_range(TIMES));
    let at = at.unwrap_or(time::OffsetDateTime::UNIX_EPOCH);
    let micros: u32 = random.random_range(0..1_000_000);
    let (date, (hour, minute, second)) = (at.date(), at.to_hms());
    format!("{date} {hour:02}:{minute:02}:{second:02}.{micros:06}")
}

//! Which type of SQLite stands for which of PostgreSQL: this program's convention, and the only one.
//!
//! | PostgreSQL | SQLite |
//! |---|---|
//! | `text`, `varchar`, `char`, enumerated types, `json`, `date`, `time`, arrays, all others | `TEXT` |
//! | `smallint`, `integer`, `bigint` | `INTEGER` |
//! | `boolean` | `INTEGER`, 0 or 1 |
//! | `timestamp`, `timestamptz` | `INTEGER`, microseconds since 1970-01-01 UTC |
//! | `uuid` (16 bytes), `bytea` | `BLOB` |
//! | `real`, `double precision` | `REAL` |
//! | `numeric` | `TEXT`, or an affinity of `NUMERIC` |
//!
//! A column that is declared with PostgreSQL's own word in a table that is not STRICT agrees, too.

use crate::structure::{Check, Column, Table, Word, words};

/// The affinity that should be there, when it is not.
pub(super) fn disagreement(postgres: &Column, sqlite: &Column) -> Option<&'static str> {
    let own = postgres.base_type();
    let declared = sqlite.base_type();
    let expected = expected(&own);
    let found = affinity(&declared);
    let agrees = expected == found || own == "numeric" && found == "NUMERIC";
    let same_word = !declared.is_empty() && full_name(&declared) == own;
    (!agrees && !same_word).then_some(expected)
}

fn expected(postgres: &str) -> &'static str {
    match postgres {
        "smallint" | "integer" | "bigint" | "oid" | "boolean" => "INTEGER",
        "uuid" | "bytea" => "BLOB",
        "real" | "double precision" => "REAL",
        moment if moment.starts_with("timestamp") && !moment.ends_with("[]") => "INTEGER",
        _ => "TEXT",
    }
}

/// As SQLite determines it (<https://sqlite.org/datatype3.html#determination_of_column_affinity>).
fn affinity(declared: &str) -> &'static str {
    let has = |words: &[&str]| words.iter().any(|word| declared.contains(word));
    if has(&["int"]) {
        "INTEGER"
    } else if has(&["char", "clob", "text"]) {
        "TEXT"
    } else if declared.is_empty() || has(&["blob"]) {
        "BLOB"
    } else if has(&["real", "floa", "doub"]) {
        "REAL"
    } else {
        "NUMERIC"
    }
}

/// PostgreSQL's name for a short one.
fn full_name(word: &str) -> &str {
    match word {
        "bool" => "boolean",
        "decimal" => "numeric",
        "timestamptz" => "timestamp with time zone",
        "timestamp" | "datetime" => "timestamp without time zone",
        "time" => "time without time zone",
        word => word,
    }
}

/// Whether a check of SQLite only says what PostgreSQL's type says: 16 bytes, 0 or 1, a longest length, or the
/// values of an enumerated type.
pub(super) fn stands_for(postgres: &Table, check: &Check) -> bool {
    let mut columns = check.columns.iter();
    let (Some(name), None) = (columns.next(), columns.next()) else { return false };
    let same = |column: &&Column| column.name.eq_ignore_ascii_case(name);
    let Some(column) = postgres.columns.iter().find(same) else { return false };
    let (mut texts, mut numbers) = (Vec::new(), Vec::new());
    for word in words(&check.condition) {
        match word {
            Word::Text(text) => texts.push(text),
            Word::Number(number) => numbers.push(number),
            Word::Name(_) => {}
        }
    }
    let numbers: Vec<_> = numbers.iter().map(String::as_str).collect();
    match column.base_type().as_str() {
        _ if !column.labels.is_empty() => {
            let mut labels = column.labels.clone();
            labels.sort();
            texts.sort();
            texts == labels && numbers.is_empty()
        }
        "uuid" => texts.is_empty() && numbers == ["16"],
        "boolean" => texts.is_empty() && numbers == ["0", "1"],
        "character varying" | "character" => {
            let bound = column.bound().map(|bound| bound.to_string());
            texts.is_empty() && numbers == [bound.unwrap_or_default()]
        }
        _ => false,
    }
}

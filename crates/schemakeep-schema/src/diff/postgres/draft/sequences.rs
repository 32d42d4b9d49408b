//! Numbers that a column draws from a sequence: they go on where they were.

use super::names::passing;
use crate::diff::postgres::sql::{self, alter_column, literal, quoted};
use crate::schema::postgres::{Counting, Value};

/// Has a sequence go on after the values that are there.
pub(super) fn set_counter(table: &str, column: &str, it: &Counting) -> String {
    let sequence = sequence_of(table, column);
    let (column, start) = (quoted(column), it.start);
    let next = if it.increment > 0 {
        format!("greatest(max({column}) + 1, {start})")
    } else {
        format!("least(min({column}) - 1, {start})")
    };
    format!("SELECT setval({sequence}, {next}, false) FROM {}", quoted(table))
}

fn sequence_of(table: &str, column: &str) -> String {
    format!("pg_get_serial_sequence({}, {})", literal(&quoted(table)), literal(column))
}

/// A value that is drawn from the sequence that is there.
pub(super) fn going_on(old: &Value, new: &Value) -> Value {
    let mut new = new.clone();
    match (old, &mut new) {
        (Value::Serial { sequence, .. }, Value::Serial { sequence: new, .. })
        | (Value::Identity { sequence, .. }, Value::Identity { sequence: new, .. }) => {
            new.clone_from(sequence);
        }
        _ => {}
    }
    new
}

/// The statements that make a serial of an identity, or the other way round; none for other values. The number that
/// comes next is taken over, so that one that was given once is not given again, and no row is read.
pub(super) fn hand_over(
    table: &str,
    column: &str,
    old: &Value,
    new: &Value,
) -> Option<Vec<String>> {
    let own = sequence_of(table, column);
    let next = |of: &str, it: &Counting| {
        let Counting { increment, start, min, max, .. } = it;
        format!(
            "greatest(least(coalesce(pg_sequence_last_value({of}) + {increment}, {start}), {max}), {min})"
        )
    };
    match (old, new) {
        (Value::Serial { sequence, .. }, Value::Identity { always, counting, .. }) => {
            let aside = passing(&sequence.0, "swap");
            let of = format!("{}::regclass", literal(&quoted(&aside)));
            Some(vec![
                alter_column(table, column, "DROP DEFAULT"),
                sql::own_sequence(&sequence.0, None),
                rename(&sequence.0, &aside),
                alter_column(table, column, &format!("ADD {}", sql::identity(*always, counting))),
                format!("SELECT setval({own}, {}, false)", next(&of, counting)),
                format!("DROP SEQUENCE {}", quoted(&aside)),
            ])
        }
        (Value::Identity { .. }, Value::Serial { sequence, counting }) => {
            let aside = passing(&sequence.0, "swap");
            let (of, to) = (format!("{own}::regclass"), literal(&quoted(&aside)));
            Some(vec![
                sql::create_sequence(&aside, counting),
                format!("SELECT setval({to}, {}, false)", next(&of, counting)),
                alter_column(table, column, "DROP IDENTITY"),
                rename(&aside, &sequence.0),
                sql::own_sequence(&sequence.0, Some((table, column))),
                alter_column(table, column, &format!("SET DEFAULT {}", sql::next_of(&sequence.0))),
            ])
        }
        _ => None,
    }
}

fn rename(from: &str, to: &str) -> String {
    format!("ALTER SEQUENCE {} RENAME TO {}", quoted(from), quoted(to))
}

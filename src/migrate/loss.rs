//! What going back would lose: the rows and values in the tables and columns that the down files drop.
//!
//! Reads only, and sees what the files say in plain statements; what a function drops it cannot see.

use super::inspect::InspectError;
use super::scan::{Statement, statements};
use super::session::{Purpose, Session};
use super::{Dialect, Migration};
use crate::config::DatabaseUrl;

/// Something that holds data and would be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// `table tasks` or `column tasks.priority`.
    pub what: String,
    /// How many rows, or values that are not null.
    pub rows: i64,
}

/// What reverting these migrations would lose; what is empty is no loss.
///
/// # Errors
///
/// [`InspectError::Database`] when the database cannot be read.
pub async fn losses(
    url: &DatabaseUrl,
    migrations: &[&Migration],
) -> Result<Vec<Loss>, InspectError> {
    let opened = Session::to_read(url, Purpose::Inspect).await.map_err(InspectError::Database)?;
    let Some(mut session) = opened else { return Ok(Vec::new()) };
    let counted = count(&mut session, migrations).await;
    session.close().await;
    counted.map_err(InspectError::Database)
}

async fn count(session: &mut Session, migrations: &[&Migration]) -> Result<Vec<Loss>, sqlx::Error> {
    let dialect = session.dialect();
    let mut losses: Vec<Loss> = Vec::new();
    for migration in migrations {
        for statement in statements(&migration.down_sql, dialect) {
            let Some((table, column)) = dropped(&statement) else { continue };
            let Some(table) = real_name(session, table).await? else { continue };
            let counting = match column {
                None => format!("SELECT CAST(count(*) AS text) FROM {}", identifier(&table)),
                Some(column) => {
                    let Some(column) = real_column(session, &table, column).await? else {
                        continue;
                    };
                    let (table, column) = (identifier(&table), identifier(&column));
                    format!("SELECT CAST(count({column}) AS text) FROM {table}")
                }
            };
            let rows = session.value(counting).await?.and_then(|n| n.parse().ok()).unwrap_or(0);
            let what = match column {
                None => format!("table {table}"),
                Some(column) => format!("column {table}.{}", column.to_lowercase()),
            };
            if rows > 0 && !losses.iter().any(|loss| loss.what == what) {
                losses.push(Loss { what, rows });
            }
        }
    }
    Ok(losses)
}

/// The table, and the column if only that, which a statement drops.
fn dropped(statement: &Statement) -> Option<(&str, Option<&str>)> {
    let words: Vec<&str> = statement.tokens.iter().map(String::as_str).collect();
    let name = |from: usize| {
        let skipped = ["IF", "EXISTS", "ONLY"];
        words.get(from..)?.iter().find(|word| !skipped.contains(word)).copied()
    };
    match words.as_slice() {
        ["DROP", "TABLE", ..] => Some((name(2)?, None)),
        ["ALTER", "TABLE", ..] => {
            let drop = words.windows(2).position(|pair| pair == ["DROP", "COLUMN"])?;
            Some((name(2)?, Some(name(drop + 2)?)))
        }
        _ => None,
    }
}

/// The name as the database has it, whatever its case; `None` when there is no such table.
async fn real_name(session: &mut Session, table: &str) -> Result<Option<String>, sqlx::Error> {
    let dialect = session.dialect();
    let quoted = dialect.quoted(table);
    session
        .value(match dialect {
            Dialect::Postgres => format!(
                "SELECT CAST(relname AS text) FROM pg_catalog.pg_class WHERE lower(relname) = lower({quoted}) \
                 AND relkind IN ('r', 'p') AND pg_catalog.pg_table_is_visible(oid)"
            ),
            Dialect::Sqlite => format!(
                "SELECT name FROM main.sqlite_schema WHERE type = 'table' \
                 AND sql NOT LIKE 'CREATE VIRTUAL%' AND lower(name) = lower({quoted})"
            ),
        })
        .await
}

async fn real_column(
    session: &mut Session,
    table: &str,
    column: &str,
) -> Result<Option<String>, sqlx::Error> {
    let dialect = session.dialect();
    let (table, column) = (dialect.quoted(table), dialect.quoted(column));
    session
        .value(match dialect {
            Dialect::Postgres => format!(
                "SELECT CAST(a.attname AS text) FROM pg_catalog.pg_attribute a \
                 JOIN pg_catalog.pg_class c ON c.oid = a.attrelid WHERE c.relname = {table} \
                 AND lower(a.attname) = lower({column}) AND a.attnum > 0 AND NOT a.attisdropped \
                 AND pg_catalog.pg_table_is_visible(c.oid)"
            ),
            Dialect::Sqlite => format!(
                "SELECT name FROM pragma_table_xinfo({table}, 'main') WHERE lower(name) = lower({column})"
            ),
        })
        .await
}

fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

//! What going back would lose: the rows and values in the tables and columns that the down files drop.
//!
//! Reads only, and sees what the files say in plain statements; what a function drops it cannot see.

use super::connection::{Purpose, Session};
use super::error::InspectError;
use super::lexer::{Statement, statements};
use super::{Dialect, Migration};
use schemakeep_db::DatabaseUrl;

/// Something that holds data and would be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DataLoss {
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
pub async fn data_losses(
    url: &DatabaseUrl,
    migrations: &[&Migration],
) -> Result<Vec<DataLoss>, InspectError> {
    let opened = Session::to_read(url, Purpose::Inspect).await.map_err(InspectError::Database)?;
    let Some(mut session) = opened else { return Ok(Vec::new()) };
    let counted = count(&mut session, migrations).await;
    session.close().await;
    counted.map_err(InspectError::Database)
}

async fn count(
    session: &mut Session,
    migrations: &[&Migration],
) -> Result<Vec<DataLoss>, sqlx::Error> {
    let dialect = session.dialect();
    let mut data_losses: Vec<DataLoss> = Vec::new();
    for migration in migrations {
        for statement in statements(&migration.down_sql, dialect) {
            for target in dropped(&statement) {
                let Some(loss) = lost(session, &target).await? else { continue };
                if !data_losses.iter().any(|had| had.what == loss.what) {
                    data_losses.push(loss);
                }
            }
        }
    }
    Ok(data_losses)
}

/// What a statement takes away, in its own spelling.
#[derive(Debug, PartialEq, Eq)]
enum Target<'a> {
    /// A table, or all of its rows.
    Table(&'a str),
    /// Rows of a table.
    Rows(&'a str),
    /// A column of the first of these words that is a table: before it may stand a schema's name.
    Column(&'a [String], &'a str),
}

/// What is there of a target; none when it is not there, or empty.
async fn lost(session: &mut Session, target: &Target<'_>) -> Result<Option<DataLoss>, sqlx::Error> {
    let (what, counting) = match target {
        Target::Table(name) | Target::Rows(name) => {
            let Some(table) = real_name(session, name).await? else { return Ok(None) };
            let counting = format!("SELECT CAST(count(*) AS text) FROM {}", identifier(&table));
            match target {
                Target::Rows(_) => {
                    (format!("of table {table}, deleted by a statement, at most"), counting)
                }
                _ => (format!("table {table}"), counting),
            }
        }
        Target::Column(names, column) => {
            let mut found = None;
            for name in *names {
                if found.is_none() {
                    found = real_name(session, name).await?;
                }
            }
            let Some(table) = found else { return Ok(None) };
            let Some(column) = real_column(session, &table, column).await? else { return Ok(None) };
            let what = format!("column {table}.{column}");
            let (table, column) = (identifier(&table), identifier(&column));
            (what, format!("SELECT CAST(count({column}) AS text) FROM {table}"))
        }
    };
    let rows = session.value(counting).await?.and_then(|n| n.parse().ok()).unwrap_or(0);
    Ok((rows > 0).then_some(DataLoss { what, rows }))
}

/// What a statement takes away. A word that is no table's name is found out later, so more may be named.
fn dropped(statement: &Statement) -> Vec<Target<'_>> {
    let tokens = statement.tokens.as_slice();
    let words: Vec<&str> = tokens.iter().map(String::as_str).collect();
    let tables = |from: usize| {
        let end = ["CASCADE", "RESTRICT", "RESTART", "CONTINUE"];
        let names = words[from..].iter().take_while(|word| !end.contains(word));
        names.map(|name| Target::Table(name)).collect()
    };
    match words.as_slice() {
        ["DROP", "TABLE", ..] => tables(2),
        ["TRUNCATE", ..] => tables(1),
        ["DELETE", "FROM", rest @ ..] => {
            let names = rest.iter().take_while(|word| !["WHERE", "USING"].contains(word));
            names.map(|name| Target::Rows(name)).collect()
        }
        ["ALTER", "TABLE", ..] => {
            let first = words.iter().position(|word| *word == "DROP").unwrap_or(words.len());
            let drops = (first..words.len()).filter(|at| words[*at] == "DROP");
            drops
                .filter_map(|at| Some(Target::Column(&tokens[2..first], column(&words[at + 1..])?)))
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The column after `DROP`, if it is a column that is dropped; the word COLUMN may be left out.
fn column<'a>(words: &[&'a str]) -> Option<&'a str> {
    let others = ["CONSTRAINT", "DEFAULT", "NOT", "IDENTITY", "EXPRESSION"];
    if others.contains(words.first()?) {
        return None;
    }
    words.iter().find(|word| !["COLUMN", "IF", "EXISTS"].contains(word)).copied()
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

//! Values compared with the checks of one column, by the database, before rows are made of them.
//!
//! With half a dozen checks in a table, a row of values that are right each by chance would hardly ever be.

use super::rows::identifier;
use crate::structure::{Check, Column, Table};
use schemakeep_db::Dialect;
use schemakeep_db::connection::Session;

/// Those of the values that meet every check on this column alone; none when there is no such check, or when the
/// database cannot say, in the transaction that is open.
pub(super) async fn that_pass(
    session: &mut Session,
    table: &Table,
    column: &Column,
    values: Vec<String>,
) -> Result<Vec<String>, sqlx::Error> {
    let alone = |check: &&Check| check.columns.len() == 1 && check.columns.contains(&column.name);
    let checks: Vec<_> = table.checks.iter().filter(alone).collect();
    if checks.is_empty() {
        return Ok(Vec::new());
    }
    let query = query(session.dialect(), column, &checks, &values);
    session.execute("SAVEPOINT pool").await?;
    let passed = match session.rows(query).await {
        Ok(rows) => rows,
        Err(sqlx::Error::Database(error)) => {
            tracing::debug!(column = column.name, %error, "checks could not be tried alone");
            session.execute("ROLLBACK TO SAVEPOINT pool").await?;
            Vec::new()
        }
        Err(error) => return Err(error),
    };
    session.execute("RELEASE SAVEPOINT pool").await?;
    let passed = passed.into_iter().flatten().flatten().filter_map(|at| at.parse::<usize>().ok());
    Ok(passed.filter_map(|at| values.get(at).cloned()).collect())
}

fn query(dialect: Dialect, column: &Column, checks: &[&Check], values: &[String]) -> String {
    let typed = |value: &String| match dialect {
        Dialect::Postgres => format!("CAST({value} AS {})", column.declared),
        Dialect::Sqlite => value.clone(),
    };
    let rows = values.iter().enumerate().map(|(at, value)| format!("({at}, {})", typed(value)));
    let rows: Vec<_> = rows.collect();
    let conditions = checks.iter().map(|check| {
        let condition = check.condition.trim();
        let condition = condition.strip_prefix("CHECK ").unwrap_or(condition);
        let condition = condition.strip_suffix(" NOT VALID").unwrap_or(condition);
        format!("({}) IS NOT FALSE", condition.strip_suffix(" NO INHERIT").unwrap_or(condition))
    });
    let conditions: Vec<_> = conditions.collect();
    let name = identifier(&column.name);
    // A domain calls its value VALUE.
    let value = if column.name == "value" { "" } else { ", \"value\"" };
    let again = if value.is_empty() { String::new() } else { format!(", {name}") };
    format!(
        "WITH given (_at, {name}) AS (VALUES {}), known (_at, {name}{value}) AS (SELECT _at, {name}{again} FROM given) \
         SELECT CAST(_at AS text) FROM known WHERE {} ORDER BY _at",
        rows.join(", "),
        conditions.join(" AND ")
    )
}

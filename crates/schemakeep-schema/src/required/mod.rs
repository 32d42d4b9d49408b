//! Which tables and columns a database has, against those that this program uses.
//!
//! The record says what was run; only the catalogue says what is there.

mod postgres;
mod sqlite;

use std::collections::{BTreeMap, BTreeSet};

use schemakeep_db::Dialect;
use schemakeep_db::connection::Session;

/// A table that a program uses, with the columns that it names.
#[derive(Clone, Copy, Debug)]
pub struct RequiredTable {
    /// Its name, without a schema.
    pub name: &'static str,
    pub columns: &'static [&'static str],
}

/// Columns by table.
pub type Tables = BTreeMap<String, BTreeSet<String>>;

/// What of the required is not there, as `table` or `table.column`.
#[must_use]
pub fn missing(required: &[RequiredTable], present: &Tables) -> Vec<String> {
    let lacking = |table: &RequiredTable| match present.get(table.name) {
        None => vec![table.name.to_owned()],
        Some(columns) => {
            let lacks = |column: &&&str| !columns.contains(**column);
            table.columns.iter().filter(lacks).map(|c| format!("{}.{c}", table.name)).collect()
        }
    };
    required.iter().flat_map(lacking).collect()
}

/// Reads which of the required tables are there, with all their columns.
pub async fn present(
    session: &mut Session,
    required: &[RequiredTable],
) -> Result<Tables, sqlx::Error> {
    if required.is_empty() {
        return Ok(Tables::new());
    }
    let dialect = session.dialect();
    let names: Vec<_> = required.iter().map(|table| dialect.quoted(table.name)).collect();
    let query = match dialect {
        Dialect::Postgres => postgres::columns_of(&names),
        Dialect::Sqlite => sqlite::columns_of(&names),
    };
    let mut tables = Tables::new();
    for row in session.rows(query).await? {
        if let [Some(table), Some(column)] = row.as_slice() {
            tables.entry(table.clone()).or_default().insert(column.clone());
        }
    }
    Ok(tables)
}

#[cfg(test)]
mod tests {
    use super::{RequiredTable, Tables, missing};

    #[test]
    fn names_tables_and_columns_that_are_not_there() {
        let required = [
            RequiredTable { name: "a", columns: &["x", "y"] },
            RequiredTable { name: "b", columns: &["z"] },
        ];
        let mut present = Tables::new();
        present.insert("a".into(), ["x".into(), "more".into()].into());
        assert_eq!(missing(&required, &present), ["a.y", "b"]);
    }
}

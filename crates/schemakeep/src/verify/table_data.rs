//! What is in the tables: every value as text.

use std::collections::BTreeMap;

use schemakeep_db::Dialect;
use schemakeep_db::connection::Session;
use schemakeep_schema::seed::identifier;
use schemakeep_schema::structure::{Structure, Table, structure};

/// The rows of all tables.
#[derive(Clone, Debug, Default)]
pub(super) struct Content(pub(super) BTreeMap<String, Rows>);

/// The rows of a table.
#[derive(Clone, Debug, Default)]
pub(super) struct Rows {
    pub(super) columns: Vec<String>,
    /// The columns of its primary key.
    pub(super) key: Vec<String>,
    /// Values as literals, in the order of the columns.
    pub(super) values: Vec<Vec<Option<String>>>,
}

impl Content {
    /// Names of the tables.
    pub(super) fn tables(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The tables with the number of their rows.
    pub(super) fn rows(&self) -> impl Iterator<Item = (&str, usize)> {
        self.0.iter().map(|(table, rows)| (table.as_str(), rows.values.len()))
    }
}

/// Reads all tables but virtual ones, whose rows are those of other tables or of their module.
pub(super) async fn content(session: &mut Session) -> Result<Content, sqlx::Error> {
    let mut found = Content::default();
    for (name, table) in own(structure(session).await?) {
        let shown = table.columns.iter().map(|column| {
            let column = identifier(&column.name);
            match session.dialect() {
                Dialect::Postgres => format!("quote_literal(CAST({column} AS text))"),
                Dialect::Sqlite => {
                    format!("CASE WHEN {column} IS NOT NULL THEN quote({column}) END")
                }
            }
        });
        let shown: Vec<_> = shown.collect();
        // A table without columns has rows, too.
        let shown = if shown.is_empty() { "NULL".to_owned() } else { shown.join(", ") };
        let rows = session.rows(format!("SELECT {shown} FROM {}", identifier(&name))).await?;
        let key = table.primary_key().map(|key| &key.columns[..]).unwrap_or_default();
        let key = key.iter().map(|column| column.text.clone()).collect();
        let columns = table.columns.iter().map(|column| column.name.clone()).collect();
        found.0.insert(name, Rows { columns, key, values: rows });
    }
    Ok(found)
}

/// Takes all rows away.
pub(super) async fn empty(session: &mut Session) -> Result<(), sqlx::Error> {
    let tables: Vec<_> =
        own(structure(session).await?).map(|(name, _)| identifier(&name)).collect();
    match session.dialect() {
        Dialect::Postgres if tables.is_empty() => Ok(()),
        Dialect::Postgres => session.execute(format!("TRUNCATE {}", tables.join(", "))).await,
        Dialect::Sqlite => {
            session.execute("PRAGMA foreign_keys = off").await?;
            for table in tables {
                session.execute(format!("DELETE FROM {table}")).await?;
            }
            session.execute("PRAGMA foreign_keys = on").await
        }
    }
}

fn own(tables: Structure) -> impl Iterator<Item = (String, Table)> {
    tables.into_iter().filter(|(_, table)| !table.is_virtual)
}

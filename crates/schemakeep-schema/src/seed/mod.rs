//! Rows for a scratch database, made from what the catalogue says of its tables.
//!
//! Values are tried, not proven: a row goes in when the database takes it, so a check that no candidate meets
//! leaves its table with fewer rows, and [`FilledTable::why`] says so. The same schema, number of rows and seed give the
//! same rows, but for what the database itself makes. Never for a database that anybody uses.

mod candidates;
mod rows;
mod values;

pub use rows::identifier;

use rand::SeedableRng;
use rand::rngs::StdRng;

use schemakeep_db::connection::Session;
use schemakeep_db::{DatabaseUrl, Dialect, cause};

use crate::SchemaError;
use crate::structure::{Structure, Table, structure};

/// How many rows went into each table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filled {
    /// The tables, parents before children.
    pub tables: Vec<FilledTable>,
}

/// How many rows went into a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilledTable {
    pub table: String,
    /// The rows that went in.
    pub rows: usize,
    /// Why not as many as were wanted, in the database's words; none when all went in.
    pub why: Option<String>,
}

/// Adds `rows` rows to every table of the database, as far as its constraints let them in.
///
/// Tables of the record, virtual tables and views get none.
///
/// # Errors
///
/// [`SchemaError::Database`] when it cannot be opened, read or written at all.
pub async fn fill(url: &DatabaseUrl, rows: usize, seed: u64) -> Result<Filled, SchemaError> {
    let failed = SchemaError::database("filling the scratch database");
    let mut session = Session::to_write(url).await.map_err(failed)?;
    let filled = fill_tables(&mut session, rows, seed, |_| true).await;
    session.close().await;
    filled.map_err(SchemaError::database("filling the scratch database"))
}

/// As [`fill`], for the tables wanted, through a connection that is open and in no transaction.
pub async fn fill_tables(
    session: &mut Session,
    rows: usize,
    seed: u64,
    wanted: impl Fn(&str) -> bool,
) -> Result<Filled, sqlx::Error> {
    let tables = structure(session).await?;
    let mut random = StdRng::seed_from_u64(seed);
    let mut filled = Filled::default();
    for name in in_order(&tables).into_iter().filter(|name| wanted(name)) {
        session.execute("BEGIN").await?;
        if session.dialect() == Dialect::Postgres {
            session.execute("SET CONSTRAINTS ALL IMMEDIATE").await?;
        }
        let mut filled_table = rows::fill(session, name, &tables, rows, &mut random).await?;
        if let Err(error) = session.execute("COMMIT").await {
            if session.dialect() == Dialect::Sqlite {
                session.execute("ROLLBACK").await?;
            }
            filled_table.rows = 0;
            filled_table.why = Some(cause(&error));
        }
        filled.tables.push(filled_table);
    }
    Ok(filled)
}

/// The tables that can be filled, those that others reference first; those in a circle come as they are named.
fn in_order(tables: &Structure) -> Vec<&str> {
    let mut left: Vec<_> = tables.iter().filter(|(_, table)| !table.is_virtual).collect();
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let names: Vec<&str> = left.iter().map(|(name, _)| name.as_str()).collect();
        let waits = |(name, table): &(&String, &Table)| {
            let mut parents = table.foreign_keys.iter().map(|key| key.table.as_str());
            parents.any(|parent| parent != name.as_str() && names.contains(&parent))
        };
        let next = left.iter().position(|entry| !waits(entry)).unwrap_or(0);
        ordered.push(left.remove(next).0.as_str());
    }
    ordered
}

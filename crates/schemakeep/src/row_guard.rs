//! The row guard: inside the transaction of a migration, before its commit, no protected table may be gone or
//! have lost rows to it.
//!
//! It counts, so it sees what no reading of the file shows: a drop in a `DO` block, `TRUNCATE … CASCADE`, the
//! cascade from a parent. Rows that other sessions delete meanwhile are not the migration's doing: on
//! PostgreSQL the server says how many rows the transaction itself has deleted; on SQLite it alone may write.

use schemakeep_db::Dialect;
use schemakeep_db::connection::Session;
use schemakeep_db::plural;

/// Protected tables as they were before a migration.
#[derive(Debug)]
pub(crate) struct Guard(Vec<Seen>);

/// One table at one moment.
#[derive(Debug)]
struct Seen {
    table: String,
    /// What tells whether it is still the same table with the same storage; none where nothing does.
    identity: Option<String>,
    rows: i64,
    /// Rows deleted less rows inserted by this transaction so far; none where nothing counts them.
    net_deleted: Option<i64>,
}

/// What a migration would do to a protected table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Harm {
    /// It would be gone.
    Gone { table: String, rows: i64 },
    /// It would have fewer rows.
    Fewer { table: String, before: i64, after: i64 },
}

impl std::fmt::Display for Harm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Gone { table, rows } => {
                write!(f, "protected table {table} with {} would be gone", plural(*rows, "row"))
            }
            Self::Fewer { table, before, after } => {
                let before = plural(*before, "row");
                write!(f, "protected table {table} had {before} and would have {after}")
            }
        }
    }
}

impl Guard {
    /// Looks at the protected tables that are there, inside the transaction that is to be guarded.
    pub(crate) async fn take(
        session: &mut Session,
        protected: &[String],
    ) -> Result<Self, sqlx::Error> {
        let mut tables = Vec::new();
        for table in protected {
            tables.extend(look(session, table).await?);
        }
        Ok(Self(tables))
    }

    /// Looks again, before the commit; the first table that has come to harm.
    pub(crate) async fn harm(self, session: &mut Session) -> Result<Option<Harm>, sqlx::Error> {
        for before in self.0 {
            let Some(storage) = storage(session, &before.table).await? else {
                return Ok(Some(Harm::Gone { table: before.table, rows: before.rows }));
            };
            let own = match (&before.identity, before.net_deleted, storage.net_deleted) {
                (Some(identity), Some(was), Some(now))
                    if Some(identity) == storage.identity.as_ref() =>
                {
                    Some(now - was)
                }
                _ => None,
            };
            // What a savepoint has taken back is counted as deleted too, so the rows have the last word.
            if own.is_some_and(|deleted| deleted <= 0) {
                continue;
            }
            let after = count(session, &before.table).await?;
            if after < before.rows {
                let (table, before) = (before.table, before.rows);
                return Ok(Some(Harm::Fewer { table, before, after }));
            }
        }
        Ok(None)
    }

    /// Looks again after a statement that has committed by itself: only a table that is gone or empty is
    /// certain to be its doing.
    pub(crate) async fn harm_done(
        self,
        session: &mut Session,
    ) -> Result<Option<Harm>, sqlx::Error> {
        for before in self.0 {
            let table = before.table;
            if storage(session, &table).await?.is_none() {
                return Ok(Some(Harm::Gone { table, rows: before.rows }));
            }
            if before.rows > 0 && count(session, &table).await? == 0 {
                return Ok(Some(Harm::Fewer { table, before: before.rows, after: 0 }));
            }
        }
        Ok(None)
    }
}

/// What holds a table's rows now.
struct Storage {
    identity: Option<String>,
    net_deleted: Option<i64>,
}

async fn look(session: &mut Session, table: &str) -> Result<Option<Seen>, sqlx::Error> {
    let Some(Storage { identity, net_deleted }) = storage(session, table).await? else {
        return Ok(None);
    };
    let rows = count(session, table).await?;
    Ok(Some(Seen { table: table.to_owned(), identity, rows, net_deleted }))
}

/// `None` when there is no such table.
async fn storage(session: &mut Session, table: &str) -> Result<Option<Storage>, sqlx::Error> {
    let name = session.dialect().quoted(table);
    match session.dialect() {
        Dialect::Sqlite => {
            let there = format!(
                "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND lower(name) = lower({name})"
            );
            let there = session.value(there).await?;
            Ok(there.map(|_| Storage { identity: None, net_deleted: None }))
        }
        Dialect::Postgres => {
            // A rewritten or truncated table has another file; a partitioned one has none, and no figures.
            let query = format!(
                "SELECT CAST(c.oid AS text) || ' ' || coalesce(CAST(pg_relation_filenode(c.oid) AS text), ''), \
                 CASE WHEN c.relkind = 'r' AND current_setting('track_counts') = 'on' THEN \
                 CAST(pg_stat_get_xact_tuples_deleted(c.oid) - pg_stat_get_xact_tuples_inserted(c.oid) AS text) END \
                 FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p') AND c.relname = {name} \
                 AND c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema())"
            );
            let row = session.rows(query).await?.into_iter().next();
            Ok(row.map(|row| {
                let mut columns = row.into_iter();
                let identity = columns.next().flatten();
                let net_deleted = columns.next().flatten().and_then(|n| n.parse().ok());
                Storage { identity, net_deleted }
            }))
        }
    }
}

async fn count(session: &mut Session, table: &str) -> Result<i64, sqlx::Error> {
    let table = table.replace('"', "\"\"");
    let query = format!("SELECT CAST(count(*) AS text) FROM \"{table}\"");
    let rows = session.value(query).await?.and_then(|rows| rows.parse().ok());
    rows.ok_or(sqlx::Error::RowNotFound)
}

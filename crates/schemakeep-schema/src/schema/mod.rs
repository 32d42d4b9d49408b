//! A schema whole, as a value: everything in it that a migration can make, read from a database into a form in
//! which two schemas are equal exactly when they mean the same.
//!
//! Left out are the record's own tables, what belongs to extensions, and other schemas than the one that an
//! unqualified name reaches first. The order of columns is not part of it: a column that is added comes last.

pub mod postgres;
pub mod sqlite;

use schemakeep_db::connection::{Purpose, Session};
use schemakeep_db::{DatabaseUrl, Dialect};

use crate::SchemaError;

/// A schema of either dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Of PostgreSQL.
    Postgres(postgres::Schema),
    /// Of SQLite.
    Sqlite(sqlite::Schema),
}

/// Reads the schema of a database, in a transaction of its own.
pub async fn read(session: &mut Session) -> Result<Schema, sqlx::Error> {
    match session.dialect() {
        Dialect::Postgres => postgres::read(session).await.map(Schema::Postgres),
        Dialect::Sqlite => sqlite::read(session).await.map(Schema::Sqlite),
    }
}

/// Reads the schema of a database in the transaction that is open on the connection.
pub async fn read_in_transaction(session: &mut Session) -> Result<Schema, sqlx::Error> {
    match session.dialect() {
        Dialect::Postgres => postgres::read_in_transaction(session).await.map(Schema::Postgres),
        Dialect::Sqlite => sqlite::read(session).await.map(Schema::Sqlite),
    }
}

/// Reads the schema of the database at a URL, without writing to it. `None`: an SQLite file that is not there.
///
/// # Errors
///
/// [`SchemaError`] when it cannot be reached or read.
pub async fn read_from(url: &DatabaseUrl) -> Result<Option<Schema>, SchemaError> {
    let opening = SchemaError::database("opening the database to read its schema");
    let Some(mut session) = Session::to_read(url, Purpose::Inspect).await.map_err(opening)? else {
        return Ok(None);
    };
    let schema = read(&mut session).await;
    session.close().await;
    schema.map(Some).map_err(SchemaError::database("reading the schema"))
}

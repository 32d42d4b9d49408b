//! A schema whole, as a value: everything in it that a migration can make, read from a database into a form in
//! which two schemas are equal exactly when they mean the same.
//!
//! Left out are the record's own tables, what belongs to extensions, and other schemas than the one that an
//! unqualified name reaches first. The order of columns is not part of it: a column that is added comes last.

pub mod postgres;
pub mod sqlite;

use super::declared::Declared;
use super::scratch::Scratch;
use super::session::{Purpose, Session};
use super::{Dialect, MigrateError};
use crate::config::DatabaseUrl;

/// A schema of either dialect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Of PostgreSQL.
    Postgres(postgres::Schema),
    /// Of SQLite.
    Sqlite(sqlite::Schema),
}

/// Reads the schema of a database.
pub(in crate::migrate) async fn read(session: &mut Session) -> Result<Schema, sqlx::Error> {
    match session.dialect() {
        Dialect::Postgres => postgres::read(session).await.map(Schema::Postgres),
        Dialect::Sqlite => sqlite::read(session).await.map(Schema::Sqlite),
    }
}

/// Reads the schema of the database at a URL, without writing to it. `None`: an SQLite file that is not there.
///
/// # Errors
///
/// [`MigrateError`] when it cannot be reached or read.
pub async fn read_from(url: &DatabaseUrl) -> Result<Option<Schema>, MigrateError> {
    let opening = MigrateError::database("opening the database to read its schema");
    let Some(mut session) = Session::to_read(url, Purpose::Inspect).await.map_err(opening)? else {
        return Ok(None);
    };
    let schema = read(&mut session).await;
    session.close().await;
    schema.map(Some).map_err(MigrateError::database("reading the schema"))
}

/// Brings up a declared schema, plain `CREATE` statements, on an empty scratch database and reads it.
///
/// # Errors
///
/// [`MigrateError`] with what the database says of a statement that it refuses.
pub async fn declare(scratch: &Scratch, statements: &str) -> Result<Schema, MigrateError> {
    let (file, text) = ("of the declared schema".to_owned(), statements.to_owned().into());
    Declared { file, text }.bring_up(scratch).await
}

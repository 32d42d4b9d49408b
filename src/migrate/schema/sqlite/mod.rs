//! The schema of a database of SQLite.

use crate::migrate::session::Session;

/// A schema.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {}

pub(in crate::migrate) async fn read(_session: &mut Session) -> Result<Schema, sqlx::Error> {
    Ok(Schema {})
}

//! A schema that something else has made: tables of this program, and no record of how they came.

use super::Dialect;
use super::connection::Session;
use super::required::{RequiredTable, Tables};

/// Who made it, as far as the database says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Alembic, whose own record names its revision; `None` when that is empty.
    Alembic(Option<String>),
    /// Nobody who left a record: by hand, or from a dump without it.
    Unknown,
}

/// Tables of this program in a database without a record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnmanagedSchema {
    pub maker: Origin,
    pub tables: Vec<String>,
}

/// Looks for such tables. Ask only when the record is empty.
pub(super) async fn read(
    session: &mut Session,
    required: &[RequiredTable],
    present: &Tables,
) -> Result<Option<UnmanagedSchema>, sqlx::Error> {
    let ours = required.iter().filter(|table| present.contains_key(table.name));
    let tables: Vec<_> = ours.map(|table| table.name.to_owned()).collect();
    if tables.is_empty() {
        return Ok(None);
    }
    let alembic = match session.dialect() {
        Dialect::Postgres => {
            "SELECT 'here' FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a \
             ON a.attrelid = c.oid AND a.attname = 'version_num' \
             WHERE c.relname = 'alembic_version' AND c.relkind = 'r' \
             AND pg_catalog.pg_table_is_visible(c.oid) \
             AND pg_catalog.has_table_privilege(c.oid, 'SELECT')"
        }
        Dialect::Sqlite => {
            "SELECT 'here' FROM main.sqlite_schema m JOIN pragma_table_info(m.name, 'main') p \
             WHERE m.type = 'table' AND m.name = 'alembic_version' AND p.name = 'version_num'"
        }
    };
    let maker = if session.value(alembic).await?.is_some() {
        let revision = "SELECT CAST(version_num AS text) FROM alembic_version ORDER BY 1";
        let revisions: Vec<_> =
            session.rows(revision).await?.into_iter().flatten().flatten().collect();
        Origin::Alembic(Some(revisions.join(", ")).filter(|revisions| !revisions.is_empty()))
    } else {
        Origin::Unknown
    };
    Ok(Some(UnmanagedSchema { maker, tables }))
}

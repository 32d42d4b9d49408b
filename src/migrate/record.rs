//! The record of what was run: `_sqlx_migrations`, which is sqlx's own, and `_migrate_log` for what sqlx has
//! no column for.
//!
//! Reading never creates either; writing happens only under the lock.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::Dialect;
use super::directives::Compat;
use super::embedded::Migration;
use super::session::Session;

/// The table that sqlx keeps.
const RECORD: &str = "_sqlx_migrations";
/// The table that this program keeps beside it.
const LOG: &str = "_migrate_log";

/// A row of the record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The migration's version.
    pub version: i64,
    /// Its description.
    pub description: String,
    /// Whether it was run to its end.
    pub success: bool,
    /// SHA-384 of the file that was run.
    pub checksum: Vec<u8>,
    /// When it was run, by the database's clock.
    pub installed_on: Option<OffsetDateTime>,
    /// What the log says about older programs; `None` when it says nothing.
    pub compat: Option<Compat>,
}

/// What was found in a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// The rows of `_sqlx_migrations`, lowest version first.
    pub rows: Vec<Recorded>,
    /// Whether `_sqlx_migrations` is there.
    pub has_table: bool,
    /// Whether `_migrate_log` is there.
    pub has_log: bool,
}

/// Who runs a migration: what the log keeps about it.
#[derive(Clone, Debug)]
pub(super) struct Author {
    /// Version of this program.
    pub(super) program: &'static str,
    /// The machine's name.
    pub(super) host: Option<String>,
}

impl Author {
    pub(super) fn this_program() -> Self {
        let host = std::fs::read_to_string("/etc/hostname").ok();
        let host = host.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
        Self { program: env!("CARGO_PKG_VERSION"), host }
    }
}

/// Reads both tables, as far as they are there.
pub(super) async fn read(session: &mut Session) -> Result<Record, sqlx::Error> {
    let dialect = session.dialect();
    let tables = match dialect {
        Dialect::Postgres => {
            "SELECT CAST(relname AS text) FROM pg_catalog.pg_class WHERE relkind IN ('r', 'p') \
             AND relname IN ('_sqlx_migrations', '_migrate_log') AND pg_catalog.pg_table_is_visible(oid)"
        }
        Dialect::Sqlite => {
            "SELECT name FROM main.sqlite_schema WHERE type = 'table' \
             AND name IN ('_sqlx_migrations', '_migrate_log')"
        }
    };
    let tables: Vec<_> = session.rows(tables).await?.into_iter().flatten().flatten().collect();
    let has = |name: &str| tables.iter().any(|table| table == name);
    let mut record = Record { rows: Vec::new(), has_table: has(RECORD), has_log: has(LOG) };
    if record.has_table {
        let rows = session.rows(select_record(dialect)).await?;
        record.rows = rows.iter().map(|row| recorded(row)).collect::<Result<_, _>>()?;
    }
    if record.has_log {
        // The last word on a version holds: it may have been undone and run again from another file.
        let log = format!(
            "SELECT CAST(version AS text), compat FROM {LOG} WHERE compat IS NOT NULL ORDER BY id"
        );
        for entry in session.rows(log).await? {
            if let [Some(version), Some(compat)] = entry.as_slice() {
                let row = record.rows.iter_mut().find(|row| row.version.to_string() == *version);
                if let Some(row) = row {
                    row.compat = Compat::parse(compat);
                }
            }
        }
    }
    Ok(record)
}

fn select_record(dialect: Dialect) -> String {
    let (checksum, installed_on) = match dialect {
        Dialect::Postgres => (
            "encode(checksum, 'hex')",
            "CAST(CAST(floor(extract(epoch FROM installed_on)) AS bigint) AS text)",
        ),
        Dialect::Sqlite => ("hex(checksum)", "CAST(unixepoch(installed_on) AS text)"),
    };
    format!(
        "SELECT CAST(version AS text), description, \
         CASE WHEN success THEN 'yes' ELSE 'no' END, {checksum}, {installed_on} \
         FROM {RECORD} ORDER BY version"
    )
}

fn recorded(row: &[Option<String>]) -> Result<Recorded, sqlx::Error> {
    let unreadable = || sqlx::Error::Decode(format!("a row of {RECORD} cannot be read").into());
    let [Some(version), Some(description), Some(success), Some(checksum), installed_on] = row
    else {
        return Err(unreadable());
    };
    let seconds = installed_on.as_deref().and_then(|text| text.parse().ok());
    Ok(Recorded {
        version: version.parse().map_err(|_| unreadable())?,
        description: description.clone(),
        success: success == "yes",
        checksum: bytes(checksum).ok_or_else(unreadable)?,
        installed_on: seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()),
        compat: None,
    })
}

/// Reads hexadecimal digits.
fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    hex.as_bytes().chunks(2).map(pair).collect()
}

/// Writes bytes as hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Creates what is not there of the two tables. Only under the lock.
///
/// Only what is not there: a role without the right to create may not even say `IF NOT EXISTS`.
pub(super) async fn create(session: &mut Session, record: &Record) -> Result<(), sqlx::Error> {
    let dialect = session.dialect();
    if !record.has_table {
        session.execute(record_ddl(dialect)).await?;
    }
    if !record.has_log {
        session.execute(log_ddl(dialect)).await?;
    }
    Ok(())
}

/// The table as sqlx 0.9 creates it, column for column.
fn record_ddl(dialect: Dialect) -> String {
    let (moment, bytes) = match dialect {
        Dialect::Postgres => ("TIMESTAMPTZ NOT NULL DEFAULT now()", "BYTEA"),
        Dialect::Sqlite => ("TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP", "BLOB"),
    };
    format!(
        "CREATE TABLE IF NOT EXISTS {RECORD} (\
         version BIGINT PRIMARY KEY, description TEXT NOT NULL, installed_on {moment}, \
         success BOOLEAN NOT NULL, checksum {bytes} NOT NULL, execution_time BIGINT NOT NULL)"
    )
}

fn log_ddl(dialect: Dialect) -> String {
    let (id, moment) = match dialect {
        Dialect::Postgres => ("bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY", "timestamptz"),
        Dialect::Sqlite => ("INTEGER PRIMARY KEY AUTOINCREMENT", "text"),
    };
    format!(
        "CREATE TABLE IF NOT EXISTS {LOG} (\
         id {id}, at {moment} NOT NULL, version bigint NOT NULL, \
         kind text NOT NULL CHECK (kind IN ('applied', 'stamped', 'repaired', 'reverted')), \
         compat text CHECK (compat IN ('additive', 'breaking')), \
         program text NOT NULL, host text, who text, reason text, backup text, \
         step integer, statement_sha256 text, outcome text NOT NULL)"
    )
}

/// Whether the record has this version. Asked again inside the migration's own transaction.
pub(super) async fn has(session: &mut Session, version: i64) -> Result<bool, sqlx::Error> {
    let query = format!("SELECT CAST(version AS text) FROM {RECORD} WHERE version = {version}");
    session.value(query).await.map(|found| found.is_some())
}

/// Writes that a migration was applied, inside its own transaction: sqlx's row as sqlx writes it, and ours.
pub(super) async fn applied(
    session: &mut Session,
    migration: &Migration,
    took: std::time::Duration,
    at: OffsetDateTime,
    author: &Author,
) -> Result<(), sqlx::Error> {
    let dialect = session.dialect();
    let (version, checksum) = (migration.version, hex(&migration.checksum));
    let (checksum, who) = match dialect {
        Dialect::Postgres => (format!("decode('{checksum}', 'hex')"), "CAST(current_user AS text)"),
        Dialect::Sqlite => (format!("x'{checksum}'"), "NULL"),
    };
    let nanoseconds = i64::try_from(took.as_nanos()).unwrap_or(i64::MAX);
    let description = dialect.quoted(&migration.description);
    let compat = migration.compat().map_or("NULL".to_owned(), |c| dialect.quoted(c.as_str()));
    let host = author.host.as_ref().map_or("NULL".to_owned(), |host| dialect.quoted(host));
    let program = dialect.quoted(author.program);
    let at = at.format(&Rfc3339).map_err(|error| sqlx::Error::Encode(error.into()))?;
    let at = dialect.quoted(&at);
    session
        .execute(format!(
            "INSERT INTO {RECORD} (version, description, success, checksum, execution_time) \
             VALUES ({version}, {description}, TRUE, {checksum}, {nanoseconds}); \
             INSERT INTO {LOG} (at, version, kind, compat, program, host, who, outcome) \
             VALUES ({at}, {version}, 'applied', {compat}, {program}, {host}, {who}, 'done')"
        ))
        .await
}

#[cfg(test)]
mod tests {
    use super::{bytes, hex};

    #[test]
    fn hexadecimal_there_and_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(bytes(&hex(&all)), Some(all));
        assert_eq!(bytes("0"), None);
        assert_eq!(bytes("zz"), None);
    }
}

//! What is written beside each backup: what it is of, what it holds, and how to know that it is whole.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

/// Version of the manifest's form; a program refuses one that is higher.
pub const FORMAT: u32 = 1;

/// The manifest of one backup: `<backup>.json` beside the file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// Name of the backup's file, without a folder.
    pub file: String,
    /// `postgres` or `sqlite`.
    pub database: String,
    /// Where the database was, without secrets: a path, or `host:port/database`.
    pub place: String,
    /// When the copy was begun; it shows the database as at one moment after.
    #[serde(with = "time::serde::rfc3339")]
    pub created_at: OffsetDateTime,
    /// The schema's version; none before the first migration.
    pub schema_version: Option<i64>,
    /// Every version in the record, lowest first.
    pub versions: Vec<i64>,
    /// Rows of each table in the copy, the record's included.
    pub rows: BTreeMap<String, u64>,
    /// Size of the file in bytes.
    pub size: u64,
    /// SHA-256 of the file, in hexadecimal digits.
    pub sha256: String,
    /// Version of this program.
    pub program: String,
    /// Versions of the tools by name: `server`, and `pg_dump` or `sqlite`.
    pub tools: BTreeMap<String, String>,
    /// Why it was made: `asked`, `before_migration`, `before_restore` or `every`.
    pub reason: String,
    /// Whether the copy was restored into a scratch database and its rows counted (PostgreSQL), or checked
    /// page by page (SQLite).
    pub proven: bool,
}

//! Joins the history tables and the embedded files: when each version was applied, by whom, from which file.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::read::{AppliedMigration, SchemaHistory};
use crate::connection::Session;
use crate::{Dialect, Migration, MigrationSet};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It was run to its end.
    Applied,
    /// It was begun and did not finish.
    Unfinished,
    /// This program has it, and the database has not.
    Pending,
    /// The database has it, and this program has not.
    Unknown,
}

schemakeep_db::serialize_as_str!(Standing);

impl Standing {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Applied => "applied",
            Self::Unfinished => "unfinished",
            Self::Pending => "pending",
            Self::Unknown => "unknown",
        }
    }
}

/// One version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    pub version: i64,
    pub description: String,
    #[serde(rename = "state")]
    pub standing: Standing,
    /// When it was recorded, to the second.
    #[serde(rename = "applied_at", serialize_with = "schemakeep_db::serialize::time")]
    pub at: Option<OffsetDateTime>,
    #[serde(rename = "seconds", serialize_with = "schemakeep_db::serialize::seconds")]
    pub took: Option<Duration>,
    /// SHA-384 of the file that was run, or would be, in hexadecimal digits.
    pub checksum: String,
    /// Whether the file that was run is the one that this program has; `None` where only one is known.
    pub same_file: Option<bool>,
    /// The last word of the log on it.
    #[serde(flatten)]
    pub last: Entry,
}

/// An entry of the log; empty where there is none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// `applied`, `stamped`, `repaired` or `reverted`.
    #[serde(rename = "kind")]
    pub event: Option<String>,
    /// When, by the clock of the program that wrote it.
    #[serde(skip)]
    pub at: Option<OffsetDateTime>,
    /// Version of that program.
    pub program: Option<String>,
    /// The machine, where it is known.
    pub host: Option<String>,
    /// The user, where it is known.
    pub applied_by: Option<String>,
    /// Why, where a person gave a reason.
    pub reason: Option<String>,
}

/// The history that goes with a record.
pub(crate) async fn of_schema_history(
    session: &mut Session,
    set: &MigrationSet,
    record: &SchemaHistory,
) -> Result<Vec<Line>, sqlx::Error> {
    let (took, log) = read(session, record).await?;
    Ok(merge(set, &record.rows, &took, log))
}

/// The history of an SQLite file that is not there yet.
pub(crate) fn of_nothing(set: &MigrationSet) -> Vec<Line> {
    merge(set, &[], &BTreeMap::new(), BTreeMap::new())
}

type Read = (BTreeMap<i64, Duration>, BTreeMap<i64, Entry>);

async fn read(session: &mut Session, record: &SchemaHistory) -> Result<Read, sqlx::Error> {
    let mut took = BTreeMap::new();
    if record.has_table {
        let query =
            "SELECT CAST(version AS text), CAST(execution_time AS text) FROM _sqlx_migrations";
        for row in session.rows(query).await? {
            if let [Some(version), Some(nanoseconds)] = row.as_slice()
                && let (Ok(version), Ok(nanoseconds)) =
                    (version.parse(), nanoseconds.parse::<u64>())
            {
                took.insert(version, Duration::from_nanos(nanoseconds));
            }
        }
    }
    let mut log = BTreeMap::new();
    if record.has_log {
        let at = match session.dialect() {
            Dialect::Postgres => {
                "to_char(recorded_at AT TIME ZONE 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
            }
            Dialect::Sqlite => "recorded_at",
        };
        let query = format!(
            "SELECT CAST(version AS text), event, {at}, program, host, applied_by, reason FROM {} AS log \
             WHERE event IN ('applied', 'stamped', 'repaired', 'reverted') ORDER BY id",
            record.log_source()
        );
        for row in session.rows(query).await? {
            if let [Some(version), event @ Some(_), at, program @ Some(_), host, applied_by, reason] =
                row.as_slice()
                && let Ok(version) = version.parse()
            {
                let at = at.as_deref().and_then(|at| OffsetDateTime::parse(at, &Rfc3339).ok());
                let (host, applied_by) = (host.clone(), applied_by.clone());
                let (event, program, reason) = (event.clone(), program.clone(), reason.clone());
                log.insert(version, Entry { event, at, program, host, applied_by, reason });
            }
        }
    }
    Ok((took, log))
}

fn merge(
    set: &MigrationSet,
    rows: &[AppliedMigration],
    took: &BTreeMap<i64, Duration>,
    mut log: BTreeMap<i64, Entry>,
) -> Vec<Line> {
    let embedded = set.migrations().iter().map(|migration| migration.version);
    let versions: BTreeSet<i64> = embedded.chain(rows.iter().map(|row| row.version)).collect();
    let line = |version: i64| {
        let migration = set.get(version);
        let row = rows.iter().find(|row| row.version == version);
        Line {
            version,
            description: description(migration, row),
            standing: match (migration, row) {
                (_, Some(row)) if !row.success => Standing::Unfinished,
                (None, _) => Standing::Unknown,
                (Some(_), None) => Standing::Pending,
                (Some(_), Some(_)) => Standing::Applied,
            },
            at: row.and_then(|row| row.installed_on),
            took: took.get(&version).copied(),
            checksum: row
                .map(|row| hex::encode(&row.checksum))
                .or_else(|| migration.map(|migration| hex::encode(&migration.checksum)))
                .unwrap_or_default(),
            same_file: migration.zip(row).map(|(ours, theirs)| ours.checksum == theirs.checksum),
            last: log.remove(&version).unwrap_or_default(),
        }
    };
    versions.into_iter().map(line).collect()
}

fn description(migration: Option<&Migration>, row: Option<&AppliedMigration>) -> String {
    let ours = migration.map(|migration| migration.description.clone());
    ours.or_else(|| row.map(|row| row.description.clone())).unwrap_or_default()
}

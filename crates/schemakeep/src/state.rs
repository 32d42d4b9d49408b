//! Which state a schema is in: a pure function of what is embedded, recorded and missing.

use serde::Serialize;
use time::OffsetDateTime;

use super::directives::Compat;
use super::embedded::Migration;
use super::history::read::{AppliedMigration, SchemaHistory};
use super::interrupted::{self, Interrupted};
use super::unmanaged::UnmanagedSchema;

/// How a database's schema stands to this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SchemaState {
    /// Everything embedded is applied, and nothing else.
    Current,
    /// Embedded versions are not applied, all of them above the head.
    Behind,
    /// A newer program has migrated, and says that this one can go on.
    AheadCompatible,
    /// A newer program has migrated, and this one may fail.
    AheadIncompatible,
    /// History and program contradict each other.
    Diverged,
    /// The record is right, but something that this program uses is not there.
    Drifted,
    Failed,
}

schemakeep_db::serialize_as_str!(SchemaState);

impl SchemaState {
    /// Every state, for a metric with one series for each.
    pub const ALL: [Self; 7] = [
        Self::Current,
        Self::Behind,
        Self::AheadCompatible,
        Self::AheadIncompatible,
        Self::Diverged,
        Self::Drifted,
        Self::Failed,
    ];

    /// The word for it in answers, metrics and messages.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Behind => "behind",
            Self::AheadCompatible => "ahead_compatible",
            Self::AheadIncompatible => "ahead_incompatible",
            Self::Diverged => "diverged",
            Self::Drifted => "drifted",
            Self::Failed => "failed",
        }
    }

    /// The exit code of a refusal, and of `migrate status`.
    #[must_use]
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Current => 0,
            Self::Behind => 3,
            Self::AheadCompatible => 4,
            Self::AheadIncompatible => 5,
            Self::Diverged => 6,
            Self::Drifted => 7,
            Self::Failed => 8,
        }
    }

    /// Whether this program may serve such a schema.
    #[must_use]
    pub fn can_serve(self) -> bool {
        matches!(self, Self::Current | Self::AheadCompatible)
    }
}

/// A migration that is embedded and not applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pending {
    pub version: i64,
    pub description: String,
}

/// What is wrong with a version; shows itself as a clause that follows the version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    /// It stopped partway.
    #[error("was begun and did not finish")]
    Unfinished,
    /// The file that was run is not the file that is embedded.
    #[error("was applied from a file with another checksum")]
    Checksum,
    /// It stands among the embedded ones, and is none of them.
    #[error("is recorded, and this program does not have it")]
    Unknown,
    /// It is a gap below the head, or came out of order.
    #[error("is not applied, although the later {head} is")]
    Skipped {
        /// The head of the record.
        head: i64,
    },
    /// A newer program brought it.
    #[error("is newer than this program and {}", compat_clause(*.0))]
    Newer(Option<Compat>),
}

fn compat_clause(compat: Option<Compat>) -> &'static str {
    match compat {
        Some(Compat::Additive) => "declared additive",
        Some(Compat::Breaking) => "declared breaking",
        None => "not declared compatible",
    }
}

/// A version that makes the state what it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Issue {
    pub version: i64,
    /// What is wrong with it.
    #[serde(serialize_with = "schemakeep_db::serialize::display")]
    pub reason: Reason,
}

/// The state, and everything that a person needs to understand it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StateReport {
    #[serde(rename = "schema_state")]
    pub state: SchemaState,
    /// The highest version in the record.
    #[serde(rename = "schema_version")]
    pub head: Option<i64>,
    /// The highest version in this program.
    #[serde(rename = "target_version")]
    pub target: Option<i64>,
    /// What is embedded and not applied, lowest version first.
    #[serde(rename = "pending_migrations")]
    pub pending: Vec<Pending>,
    /// The versions that are wrong, lowest version first; none when current or behind.
    pub concerns: Vec<Issue>,
    /// Tables and columns that this program uses and the database lacks.
    pub missing: Vec<String>,
    /// When a migration was last recorded.
    #[serde(serialize_with = "schemakeep_db::serialize::time")]
    pub last_migration_at: Option<OffsetDateTime>,
    /// The versions whose recorded file had other line ends and is otherwise the same: nothing is
    /// wrong with them, and the next run under the lock fixes their checksums.
    #[serde(skip)]
    pub line_endings: Vec<i64>,
    /// Tables of this program that something else has made: there is no record.
    #[serde(skip)]
    pub foreign: Option<UnmanagedSchema>,
    /// How far the migration came that stopped partway.
    #[serde(skip)]
    pub interrupted: Option<Interrupted>,
}

/// Judges a record against the embedded migrations, both lowest version first.
///
/// Of several states the first of this order holds: failed, diverged, ahead incompatible, behind,
/// drifted, ahead compatible, current. What is missing counts only when nothing is pending:
/// before, it is no surprise.
#[must_use]
pub fn state(embedded: &[Migration], found: &SchemaHistory, missing: &[String]) -> StateReport {
    let record = found.rows.as_slice();
    let head = record.iter().map(|row| row.version).max();
    let target = embedded.iter().map(|migration| migration.version).max();
    let applied = |version| record.iter().any(|row| row.version == version);
    let pending: Vec<_> = embedded.iter().filter(|migration| !applied(migration.version)).collect();

    let failed = unfinished(record);
    let diverged = contradictions(embedded, record, &pending, head, target);
    let interrupted = interrupted::find(embedded, found, !diverged.is_empty());
    let foreign = found.foreign.clone().filter(|_| record.is_empty() && !embedded.is_empty());
    let (ahead, breaking) = unknown_above(embedded, record, target);
    let (state, concerns) = if !failed.is_empty() {
        (SchemaState::Failed, failed)
    } else if !diverged.is_empty() || foreign.is_some() {
        (SchemaState::Diverged, diverged)
    } else if breaking {
        (SchemaState::AheadIncompatible, ahead)
    } else if !pending.is_empty() {
        (SchemaState::Behind, Vec::new())
    } else if !missing.is_empty() {
        (SchemaState::Drifted, Vec::new())
    } else if !ahead.is_empty() {
        (SchemaState::AheadCompatible, ahead)
    } else {
        (SchemaState::Current, Vec::new())
    };
    let pending = pending.into_iter().map(|migration| Pending {
        version: migration.version,
        description: migration.description.clone(),
    });
    StateReport {
        state,
        head,
        target,
        pending: pending.collect(),
        concerns,
        missing: missing.to_vec(),
        last_migration_at: record.iter().filter_map(|row| row.installed_on).max(),
        line_endings: line_endings(embedded, record),
        foreign,
        interrupted,
    }
}

fn line_endings(embedded: &[Migration], record: &[AppliedMigration]) -> Vec<i64> {
    let same = |row: &&AppliedMigration| {
        let known = embedded.iter().find(|migration| migration.version == row.version);
        known.is_some_and(|known| row.success && known.differs_in_line_ends_only(&row.checksum))
    };
    record.iter().filter(same).map(|row| row.version).collect()
}

fn concern(version: i64, reason: Reason) -> Issue {
    Issue { version, reason }
}

fn unfinished(record: &[AppliedMigration]) -> Vec<Issue> {
    let rows = record.iter().filter(|row| !row.success);
    rows.map(|row| concern(row.version, Reason::Unfinished)).collect()
}

fn contradictions(
    embedded: &[Migration],
    record: &[AppliedMigration],
    pending: &[&Migration],
    head: Option<i64>,
    target: Option<i64>,
) -> Vec<Issue> {
    let mut concerns = Vec::new();
    for row in record {
        match embedded.iter().find(|migration| migration.version == row.version) {
            // A version that did not finish is judged by itself.
            Some(known)
                if row.success
                    && known.checksum != row.checksum
                    && !known.differs_in_line_ends_only(&row.checksum) =>
            {
                concerns.push(concern(row.version, Reason::Checksum));
            }
            None if target.is_some_and(|target| row.version <= target) => {
                concerns.push(concern(row.version, Reason::Unknown));
            }
            _ => {}
        }
    }
    for migration in pending {
        if let Some(head) = head.filter(|head| *head > migration.version) {
            concerns.push(concern(migration.version, Reason::Skipped { head }));
        }
    }
    concerns.sort_by_key(|concern| concern.version);
    concerns
}

/// The recorded versions above everything embedded, and whether one of them may break this program.
fn unknown_above(
    embedded: &[Migration],
    record: &[AppliedMigration],
    target: Option<i64>,
) -> (Vec<Issue>, bool) {
    let unknown = |row: &&AppliedMigration| {
        target.is_none_or(|target| row.version > target)
            && !embedded.iter().any(|migration| migration.version == row.version)
    };
    let rows: Vec<_> = record.iter().filter(unknown).collect();
    let judged = |row: &&AppliedMigration| concern(row.version, Reason::Newer(row.compat));
    let breaking = rows.iter().any(|row| row.compat != Some(Compat::Additive));
    (rows.iter().map(judged).collect(), breaking)
}

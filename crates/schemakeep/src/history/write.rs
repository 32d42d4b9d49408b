//! Writes the two history tables: only under the migration lock, and in the transaction of the change that is recorded.

use std::time::Duration;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::read::{HISTORY_TABLE, LOG_TABLE, SchemaHistory, StepOutcome};
use crate::Dialect;
use crate::connection::Session;
use crate::embedded::Migration;
use crate::files::Direction;
use crate::migration_file::MigrationFile;
use crate::statements::Step;

/// Creates what is not there of the two tables. Only under the lock.
///
/// Only what is not there: a role without the right to create may not even say `IF NOT EXISTS`.
pub(crate) async fn create(
    session: &mut Session,
    record: &SchemaHistory,
) -> Result<(), sqlx::Error> {
    let dialect = session.dialect();
    if !record.has_table {
        session.execute(record_ddl(dialect)).await?;
    }
    if !record.has_log {
        session.execute(log_ddl(dialect)).await?;
    } else if record.has_former_columns {
        session.execute(RENAME_COLUMNS).await?;
    }
    Ok(())
}

/// For a log that an early build made: in one transaction, so that no reader finds half of it.
const RENAME_COLUMNS: &str = "BEGIN; \
     ALTER TABLE _migrate_log RENAME COLUMN at TO recorded_at; \
     ALTER TABLE _migrate_log RENAME COLUMN kind TO event; \
     ALTER TABLE _migrate_log RENAME COLUMN who TO applied_by; \
     ALTER TABLE _migrate_log RENAME COLUMN way TO direction; \
     COMMIT";

/// The table as sqlx 0.9 creates it, column for column.
fn record_ddl(dialect: Dialect) -> String {
    let (moment, bytes) = match dialect {
        Dialect::Postgres => ("TIMESTAMPTZ NOT NULL DEFAULT now()", "BYTEA"),
        Dialect::Sqlite => ("TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP", "BLOB"),
    };
    format!(
        "CREATE TABLE IF NOT EXISTS {HISTORY_TABLE} (\
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
        "CREATE TABLE IF NOT EXISTS {LOG_TABLE} (\
         id {id}, recorded_at {moment} NOT NULL, version bigint NOT NULL, \
         event text NOT NULL CHECK (event IN ('applied', 'stamped', 'repaired', 'reverted', 'step')), \
         compat text CHECK (compat IN ('additive', 'breaking')), \
         program text NOT NULL, host text, applied_by text, reason text, backup text, \
         step integer, direction text CHECK (direction IN ('up', 'down')), statement_sha256 text, \
         outcome text NOT NULL CHECK (outcome IN ('running', 'done', 'failed')))"
    )
}

/// What the log keeps of the safeguards around a run.
#[derive(Clone, Debug, Default)]
pub struct Notes {
    /// The backup that was made before it.
    pub backup: Option<String>,
    /// What was passed by force.
    pub forced: Option<String>,
}

/// Who changes a schema, and when: what the log keeps about it.
#[derive(Clone, Debug)]
pub(crate) struct Author {
    notes: Notes,
    program: String,
    host: String,
    applied_by: String,
    recorded_at: String,
}

impl Author {
    /// This program on this machine, as literals of the dialect.
    pub(crate) fn of_now(
        dialect: Dialect,
        at: OffsetDateTime,
        notes: Notes,
    ) -> Result<Self, sqlx::Error> {
        let host = std::fs::read_to_string("/etc/hostname").ok();
        let user = ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok());
        let text = |text: Option<String>| {
            let text = text.map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
            text.map_or("NULL".to_owned(), |text| dialect.quoted(&text))
        };
        let user = text(user);
        let applied_by = match dialect {
            Dialect::Postgres => {
                format!(
                    "CAST(current_user AS text) || coalesce(' (system user ' || {user} || ')', '')"
                )
            }
            Dialect::Sqlite => user,
        };
        let at = at.format(&Rfc3339).map_err(|error| sqlx::Error::Encode(error.into()))?;
        let recorded_at = dialect.quoted(&at);
        let program = dialect.quoted(env!("CARGO_PKG_VERSION"));
        Ok(Self { notes, program, host: text(host), applied_by, recorded_at })
    }
}

/// A row of the log; unset is NULL.
#[derive(Default)]
struct Entry<'a> {
    event: &'static str,
    version: i64,
    compat: Option<&'a str>,
    reason: Option<&'a str>,
    step: Option<(&'a Step, Direction)>,
    running: bool,
}

impl Entry<'_> {
    fn insert(&self, dialect: Dialect, author: &Author) -> String {
        let text = |text: Option<&str>| {
            text.map_or_else(|| "NULL".to_owned(), |text| dialect.quoted(text))
        };
        let (step, sha256, direction) = match self.step {
            None => ("NULL".to_owned(), "NULL".to_owned(), "NULL".to_owned()),
            Some((step, direction)) => (
                step.index.to_string(),
                dialect.quoted(&step.sha256),
                dialect.quoted(direction.as_str()),
            ),
        };
        let Author { notes, program, host, applied_by, recorded_at } = author;
        let Self { event, version, .. } = self;
        let ran = matches!(*event, "applied" | "reverted");
        let backup = notes.backup.as_deref().filter(|_| ran);
        let reason = self.reason.or(notes.forced.as_deref().filter(|_| ran));
        let outcome = if self.running { StepOutcome::Running } else { StepOutcome::Done };
        format!(
            "INSERT INTO {LOG_TABLE} (recorded_at, version, event, compat, program, host, applied_by, reason, backup, \
             step, direction, statement_sha256, outcome) VALUES ({recorded_at}, {version}, '{event}', {}, {program}, \
             {host}, {applied_by}, {}, {}, {step}, {direction}, {sha256}, '{}')",
            text(self.compat),
            text(reason),
            text(backup),
            outcome.as_str()
        )
    }
}

fn checksum_of(migration: &Migration, dialect: Dialect) -> String {
    let checksum = hex::encode(&migration.checksum);
    match dialect {
        Dialect::Postgres => format!("decode('{checksum}', 'hex')"),
        Dialect::Sqlite => format!("x'{checksum}'"),
    }
}

fn nanoseconds(took: Duration) -> i64 {
    i64::try_from(took.as_nanos()).unwrap_or(i64::MAX)
}

/// sqlx's row, as sqlx writes it.
fn insert_record(migration: &Migration, dialect: Dialect, success: bool, took: i64) -> String {
    let (version, checksum) = (migration.version, checksum_of(migration, dialect));
    let description = dialect.quoted(&migration.description);
    let success = if success { "TRUE" } else { "FALSE" };
    format!(
        "INSERT INTO {HISTORY_TABLE} (version, description, success, checksum, execution_time) \
         VALUES ({version}, {description}, {success}, {checksum}, {took})"
    )
}

/// Writes that a whole file was run, inside its own transaction.
pub(crate) async fn ran(
    session: &mut Session,
    script: MigrationFile<'_>,
    took: Duration,
    author: &Author,
) -> Result<(), sqlx::Error> {
    session.execute(ran_text(script, session.dialect(), took, author)).await
}

/// The statements of [`ran`].
pub(crate) fn ran_text(
    script: MigrationFile<'_>,
    dialect: Dialect,
    took: Duration,
    author: &Author,
) -> String {
    let record = match script.direction {
        Direction::Up => insert_record(script.migration, dialect, true, nanoseconds(took)),
        Direction::Down => {
            format!("DELETE FROM {HISTORY_TABLE} WHERE version = {}", script.version())
        }
    };
    format!("{record}; {}", ended(script).insert(dialect, author))
}

/// The statements that make both tables, where they are not there.
pub(crate) fn tables_text(dialect: Dialect) -> String {
    format!("{};\n{};", record_ddl(dialect), log_ddl(dialect))
}

/// The log's word that a file was run to its end.
fn ended(script: MigrationFile<'_>) -> Entry<'_> {
    match script.direction {
        Direction::Up => {
            let compat = script.migration.compat().map(crate::directives::Compat::as_str);
            Entry { event: "applied", version: script.version(), compat, ..Entry::default() }
        }
        Direction::Down => {
            Entry { event: "reverted", version: script.version(), ..Entry::default() }
        }
    }
}

/// Writes that a version is recorded without having been run.
pub(crate) async fn stamped(
    session: &mut Session,
    migration: &Migration,
    author: &Author,
) -> Result<(), sqlx::Error> {
    let dialect = session.dialect();
    let record = insert_record(migration, dialect, true, 0);
    let version = migration.version;
    let compat = migration.compat().map(crate::directives::Compat::as_str);
    let entry = Entry { event: "stamped", version, compat, ..Entry::default() };
    session.execute(format!("{record}; {}", entry.insert(dialect, author))).await
}

/// Writes that the file of a version is the right one although it is not the recorded one.
pub(crate) async fn checksum_accepted(
    session: &mut Session,
    migration: &Migration,
    reason: &str,
    author: &Author,
) -> Result<(), sqlx::Error> {
    let (dialect, version) = (session.dialect(), migration.version);
    let checksum = checksum_of(migration, dialect);
    let reason = Some(reason);
    let log = Entry { event: "repaired", version, reason, ..Entry::default() };
    let log = log.insert(dialect, author);
    session
        .execute(format!(
            "UPDATE {HISTORY_TABLE} SET checksum = {checksum} WHERE version = {version}; {log}"
        ))
        .await
}

/// Forgets a version that did not finish.
pub(crate) async fn cleared(
    session: &mut Session,
    version: i64,
    reason: &str,
    author: &Author,
) -> Result<(), sqlx::Error> {
    let reason = Some(reason);
    let log = Entry { event: "repaired", version, reason, ..Entry::default() };
    let log = log.insert(session.dialect(), author);
    session.execute(format!("DELETE FROM {HISTORY_TABLE} WHERE version = {version}; {log}")).await
}

/// Writes that a file is begun of which each statement stays by itself: not successful until it ends,
/// so that sqlx too calls it dirty.
pub(crate) async fn begun(
    session: &mut Session,
    script: MigrationFile<'_>,
) -> Result<(), sqlx::Error> {
    let dialect = session.dialect();
    session
        .execute(match script.direction {
            Direction::Up => insert_record(script.migration, dialect, false, -1),
            Direction::Down => {
                format!(
                    "UPDATE {HISTORY_TABLE} SET success = FALSE WHERE version = {}",
                    script.version()
                )
            }
        })
        .await
}

/// Writes that such a file has come to its end.
pub(crate) async fn finished(
    session: &mut Session,
    script: MigrationFile<'_>,
    took: Duration,
    author: &Author,
) -> Result<(), sqlx::Error> {
    let version = script.version();
    let record = match script.direction {
        Direction::Up => format!(
            "UPDATE {HISTORY_TABLE} SET success = TRUE, installed_on = CURRENT_TIMESTAMP, \
             execution_time = {} WHERE version = {version}",
            nanoseconds(took)
        ),
        Direction::Down => format!("DELETE FROM {HISTORY_TABLE} WHERE version = {version}"),
    };
    let log = ended(script).insert(session.dialect(), author);
    session.execute(format!("{record}; {log}")).await
}

/// Writes that a step is about to run, and returns the number of its row.
pub(crate) async fn step_begun(
    session: &mut Session,
    script: MigrationFile<'_>,
    step: &Step,
    author: &Author,
) -> Result<String, sqlx::Error> {
    let entry = Entry {
        event: "step",
        version: script.version(),
        step: Some((step, script.direction)),
        running: true,
        ..Entry::default()
    };
    let insert = entry.insert(session.dialect(), author);
    let id = session.value(format!("{insert} RETURNING CAST(id AS text)")).await?;
    id.ok_or(sqlx::Error::RowNotFound)
}

/// Writes how a step has ended.
pub(crate) async fn step_ended(
    session: &mut Session,
    id: &str,
    outcome: StepOutcome,
    reason: Option<&str>,
) -> Result<(), sqlx::Error> {
    let reason = reason.map_or("NULL".to_owned(), |reason| session.dialect().quoted(reason));
    let outcome = outcome.as_str();
    session
        .execute(format!(
            "UPDATE {LOG_TABLE} SET outcome = '{outcome}', reason = {reason} WHERE id = {id}"
        ))
        .await
}

//! The record of what was run: `_sqlx_migrations`, which is sqlx's own, and `_migrate_log` for what sqlx has
//! no column for.
//!
//! Reads only, and never creates either; writing is the business of `journal`.

use time::OffsetDateTime;

use super::Dialect;
use super::connection::Session;
use super::directives::Compat;
use super::files::Direction;
use super::unmanaged::UnmanagedSchema;

/// The table that sqlx keeps.
pub const RECORD: &str = "_sqlx_migrations";
/// The table that this program keeps beside it.
pub const LOG: &str = "_migrate_log";

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

/// How the last try of a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepOutcome {
    /// It did not end: the process went away.
    Running,
    /// Well.
    Done,
    /// With an error.
    Failed,
}

impl StepOutcome {
    /// The word in the log table.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [Self::Running, Self::Done, Self::Failed].into_iter().find(|known| known.as_str() == word)
    }
}

/// What the log says about one statement of a migration that did not finish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedStep {
    /// The migration.
    pub version: i64,
    /// The statement's place in the file, from 0.
    pub step: usize,
    /// Forward or back.
    pub way: Direction,
    /// SHA-256 of the statement, in hexadecimal digits.
    pub sha256: String,
    /// How its last try ended.
    pub outcome: StepOutcome,
    /// The error, when it failed.
    pub reason: Option<String>,
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
    /// The steps of migrations that did not finish, each with its last try.
    pub steps: Vec<RecordedStep>,
    /// Tables of this program that nothing recorded has made.
    pub foreign: Option<UnmanagedSchema>,
}

impl Record {
    /// The row of a version.
    #[must_use]
    pub fn row(&self, version: i64) -> Option<&Recorded> {
        self.rows.iter().find(|row| row.version == version)
    }

    /// The steps of a version that did not finish.
    pub fn steps_of(&self, version: i64) -> impl Iterator<Item = &RecordedStep> {
        self.steps.iter().filter(move |step| step.version == version)
    }
}

/// Reads both tables, as far as they are there.
pub async fn read(session: &mut Session) -> Result<Record, sqlx::Error> {
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
    let mut record = Record { has_table: has(RECORD), has_log: has(LOG), ..Record::default() };
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
        if record.rows.iter().any(|row| !row.success) {
            record.steps = read_steps(session).await?;
        }
    }
    Ok(record)
}

/// The last try of each step since the last time that its version was finished, undone or repaired.
async fn read_steps(session: &mut Session) -> Result<Vec<RecordedStep>, sqlx::Error> {
    let query = format!(
        "SELECT CAST(version AS text), CAST(step AS text), way, statement_sha256, outcome, reason \
         FROM {LOG} l WHERE kind = 'step' AND id > coalesce(\
         (SELECT max(id) FROM {LOG} d WHERE d.version = l.version AND d.kind <> 'step'), 0) \
         ORDER BY id"
    );
    let mut steps: Vec<RecordedStep> = Vec::new();
    for row in session.rows(query).await? {
        let step = recorded_step(&row).ok_or_else(|| unreadable(LOG))?;
        match steps.iter_mut().find(|had| (had.version, had.step) == (step.version, step.step)) {
            Some(had) => *had = step,
            None => steps.push(step),
        }
    }
    Ok(steps)
}

fn recorded_step(row: &[Option<String>]) -> Option<RecordedStep> {
    let [Some(version), Some(step), Some(way), Some(sha256), Some(outcome), reason] = row else {
        return None;
    };
    Some(RecordedStep {
        version: version.parse().ok()?,
        step: step.parse().ok()?,
        way: [Direction::Up, Direction::Down].into_iter().find(|known| known.as_str() == way)?,
        sha256: sha256.clone(),
        outcome: StepOutcome::parse(outcome)?,
        reason: reason.clone(),
    })
}

fn unreadable(table: &str) -> sqlx::Error {
    sqlx::Error::Decode(format!("a row of {table} cannot be read").into())
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
    let unreadable = || unreadable(RECORD);
    let [Some(version), Some(description), Some(success), Some(checksum), installed_on] = row
    else {
        return Err(unreadable());
    };
    let seconds = installed_on.as_deref().and_then(|text| text.parse().ok());
    Ok(Recorded {
        version: version.parse().map_err(|_| unreadable())?,
        description: description.clone(),
        success: success == "yes",
        checksum: hex::decode(checksum).map_err(|_| unreadable())?,
        installed_on: seconds.and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok()),
        compat: None,
    })
}

/// Whether the record has this version. Asked again inside the migration's own transaction.
pub async fn has(session: &mut Session, version: i64) -> Result<bool, sqlx::Error> {
    let query = format!("SELECT CAST(version AS text) FROM {RECORD} WHERE version = {version}");
    session.value(query).await.map(|found| found.is_some())
}

//! Reads the two history tables; creates and changes neither.

use time::OffsetDateTime;

use crate::Dialect;
use crate::connection::Session;
use crate::directives::Compat;
use crate::files::Direction;
use crate::unmanaged::UnmanagedSchema;

/// The table that sqlx keeps.
pub const HISTORY_TABLE: &str = "_sqlx_migrations";
/// The table that this program keeps beside it.
pub const LOG_TABLE: &str = "_migrate_log";

/// A row of `_sqlx_migrations`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedMigration {
    pub version: i64,
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
    pub version: i64,
    /// The statement's place in the file, from 0.
    pub step: usize,
    /// Forward or back.
    pub direction: Direction,
    /// SHA-256 of the statement, in hexadecimal digits.
    pub sha256: String,
    /// How its last try ended.
    pub outcome: StepOutcome,
    /// The error, when it failed.
    pub reason: Option<String>,
}

/// What was found in a database.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaHistory {
    /// The rows of `_sqlx_migrations`, lowest version first.
    pub rows: Vec<AppliedMigration>,
    /// Whether `_sqlx_migrations` is there.
    pub has_table: bool,
    /// Whether `_migrate_log` is there.
    pub has_log: bool,
    /// Whether its columns still have the names that early builds gave them.
    pub has_former_columns: bool,
    /// The steps of migrations that did not finish, each with its last try.
    pub steps: Vec<RecordedStep>,
    /// Tables of this program that nothing recorded has made.
    pub foreign: Option<UnmanagedSchema>,
}

impl SchemaHistory {
    /// The row of a version.
    #[must_use]
    pub fn row(&self, version: i64) -> Option<&AppliedMigration> {
        self.rows.iter().find(|row| row.version == version)
    }

    /// `_migrate_log` under the present names of its columns, for a FROM clause that gives it an alias.
    pub(crate) fn log_source(&self) -> &'static str {
        if self.has_former_columns {
            "(SELECT id, at AS recorded_at, version, kind AS event, compat, program, host, who AS applied_by, reason, \
             backup, step, way AS direction, statement_sha256, outcome FROM _migrate_log)"
        } else {
            LOG_TABLE
        }
    }

    /// The steps of a version that did not finish.
    pub fn steps_of(&self, version: i64) -> impl Iterator<Item = &RecordedStep> {
        self.steps.iter().filter(move |step| step.version == version)
    }
}

/// Reads both tables, as far as they are there.
pub async fn read(session: &mut Session) -> Result<SchemaHistory, sqlx::Error> {
    let dialect = session.dialect();
    let tables = match dialect {
        Dialect::Postgres => {
            "SELECT CAST(relname AS text), CAST(attname AS text) FROM pg_catalog.pg_class \
             LEFT JOIN pg_catalog.pg_attribute ON attrelid = pg_class.oid AND attname = 'way' AND NOT attisdropped \
             WHERE relkind IN ('r', 'p') AND relname IN ('_sqlx_migrations', '_migrate_log') \
             AND pg_catalog.pg_table_is_visible(pg_class.oid)"
        }
        Dialect::Sqlite => {
            "SELECT t.name, c.name FROM main.sqlite_schema t \
             LEFT JOIN pragma_table_info(t.name) c ON c.name = 'way' \
             WHERE t.type = 'table' AND t.name IN ('_sqlx_migrations', '_migrate_log')"
        }
    };
    let mut record = SchemaHistory::default();
    for table in session.rows(tables).await? {
        if let [Some(name), former] = table.as_slice() {
            record.has_table |= name == HISTORY_TABLE;
            record.has_log |= name == LOG_TABLE;
            record.has_former_columns |= former.is_some();
        }
    }
    if record.has_table {
        let rows = session.rows(select_record(dialect)).await?;
        record.rows = rows.iter().map(|row| recorded(row)).collect::<Result<_, _>>()?;
    }
    if record.has_log {
        // The last word on a version holds: it may have been undone and run again from another file.
        let log = format!(
            "SELECT CAST(version AS text), compat FROM {LOG_TABLE} WHERE compat IS NOT NULL ORDER BY id"
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
            record.steps = read_steps(session, record.log_source()).await?;
        }
    }
    Ok(record)
}

/// The last try of each step since the last time that its version was finished, undone or repaired.
async fn read_steps(session: &mut Session, log: &str) -> Result<Vec<RecordedStep>, sqlx::Error> {
    let query = format!(
        "SELECT CAST(version AS text), CAST(step AS text), direction, statement_sha256, outcome, reason \
         FROM {log} AS l WHERE event = 'step' AND id > coalesce(\
         (SELECT max(id) FROM {log} AS d WHERE d.version = l.version AND d.event <> 'step'), 0) \
         ORDER BY id"
    );
    let mut steps: Vec<RecordedStep> = Vec::new();
    for row in session.rows(query).await? {
        let step = recorded_step(&row).ok_or_else(|| unreadable(LOG_TABLE))?;
        match steps.iter_mut().find(|had| (had.version, had.step) == (step.version, step.step)) {
            Some(had) => *had = step,
            None => steps.push(step),
        }
    }
    Ok(steps)
}

fn recorded_step(row: &[Option<String>]) -> Option<RecordedStep> {
    let [Some(version), Some(step), Some(direction), Some(sha256), Some(outcome), reason] = row
    else {
        return None;
    };
    Some(RecordedStep {
        version: version.parse().ok()?,
        step: step.parse().ok()?,
        direction: [Direction::Up, Direction::Down]
            .into_iter()
            .find(|known| known.as_str() == direction)?,
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
         FROM {HISTORY_TABLE} ORDER BY version"
    )
}

fn recorded(row: &[Option<String>]) -> Result<AppliedMigration, sqlx::Error> {
    let unreadable = || unreadable(HISTORY_TABLE);
    let [Some(version), Some(description), Some(success), Some(checksum), installed_on] = row
    else {
        return Err(unreadable());
    };
    let seconds = installed_on.as_deref().and_then(|text| text.parse().ok());
    Ok(AppliedMigration {
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
    let query =
        format!("SELECT CAST(version AS text) FROM {HISTORY_TABLE} WHERE version = {version}");
    session.value(query).await.map(|found| found.is_some())
}

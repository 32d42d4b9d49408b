//! What the data says to pending migrations before they run: rows that would make a statement fail, and values
//! that would be lost.
//!
//! Generated from the SQL, and read-only: it counts, and shows the keys of a few rows and no other value. What an
//! earlier pending statement changes cannot be judged from the rows that are there, and is then said to be not
//! checked; so is what takes too long. What a function or a `DO` block does is not seen.

mod check;
mod execute;
mod narrowing;
mod report;
mod simulate;
mod simulated_table;
mod tables;

use schemakeep_db::DbError;
use std::time::{Duration, Instant};

use serde::Serialize;

use super::connection::{Purpose, Session};
use super::{Dialect, MigrateError, Migration};
use check::{Ask, Question};
use execute::Asker;
use schemakeep_db::DatabaseUrl;
use tables::Tables;

/// How much may be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// For all of it.
    pub total: Duration,
    /// For one query.
    pub statement: Duration,
    /// Rows above which a table is sampled.
    pub sample_above: u64,
    /// About how many rows a sample has.
    pub sample_rows: u64,
    /// How many keys are shown.
    pub examples: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            total: Duration::from_mins(1),
            statement: Duration::from_secs(15),
            sample_above: 5_000_000,
            sample_rows: 500_000,
            examples: 5,
        }
    }
}

/// What was asked, in the order of the files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preflight {
    pub checks: Vec<Check>,
}

/// One thing that was asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Check {
    pub version: i64,
    pub file: String,
    /// The line of the statement, from 1.
    pub line: usize,
    pub table: String,
    /// What must not be there, such as `rows with NULL in tasks.assignee`.
    pub what: String,
    /// How many there are; of a sample, in the sample.
    pub count: u64,
    /// The columns by which the examples are named.
    pub key: Vec<String>,
    /// Up to [`Limits::examples`] values of the key.
    pub examples: Vec<String>,
    /// The table was too large to be read whole.
    #[serde(rename = "sample")]
    pub sampled: Option<Sample>,
    #[serde(flatten, serialize_with = "report::outcome")]
    pub outcome: Outcome,
    /// A statement or words that fix it; empty where nothing general can be said.
    pub fix: String,
}

/// What was read of a large table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sample {
    /// Rows looked at.
    pub rows: u64,
    /// How many the table has: about, or at least.
    #[serde(rename = "of_at_least")]
    pub at_least: u64,
}

/// What came out of a check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// There is none.
    Clean,
    /// There is; the migration would fail, or lose them.
    Violated,
    /// It is not known, and why.
    NotChecked(String),
}

impl Question {
    /// The check before anything was asked.
    fn unanswered(&self, dialect: Dialect) -> Check {
        let (key, outcome) = match &self.ask {
            Ask::Not(why) => (Vec::new(), Outcome::NotChecked(why.clone())),
            Ask::Rows { of, .. } | Ask::Shared { of, .. } => (of.keys(dialect).0, Outcome::Clean),
        };
        Check {
            version: self.place.version,
            file: self.place.file.clone(),
            line: self.place.line,
            table: self.table.clone(),
            what: self.what.clone(),
            count: 0,
            key,
            examples: Vec::new(),
            sampled: None,
            outcome,
            fix: self.fix.clone(),
        }
    }
}

/// Asks the data about pending migrations, in the order in which they would be applied.
///
/// # Errors
///
/// [`MigrateError::Database`] when the database cannot be reached or its tables cannot be read. A check that
/// cannot be answered is no error: its outcome says so.
pub async fn preflight(
    url: &DatabaseUrl,
    migrations: &[&Migration],
    limits: &Limits,
) -> Result<Preflight, MigrateError> {
    let doing = "the preflight of pending migrations";
    let started = Instant::now();
    let dialect = url.dialect();
    let opened = tokio::time::timeout(limits.total, Session::to_read(url, Purpose::Inspect));
    let opened = opened.await.map_err(|_| {
        MigrateError::Db(DbError::Database {
            doing,
            cause: format!("no connection within {}", super::error::words(limits.total)),
        })
    })?;
    let Some(session) = opened.map_err(MigrateError::database(doing))? else {
        // An SQLite file that is not there yet has no rows.
        let questions = simulate::questions(&Tables::default(), migrations, dialect);
        let checks = questions.iter().map(|question| question.unanswered(dialect)).collect();
        return Ok(Preflight { checks });
    };
    let mut asker = Asker::new(session, limits, started);
    let tables = asker.tables().await.map_err(MigrateError::database(doing));
    let mut checks = Vec::new();
    if let Ok(tables) = &tables {
        for question in simulate::questions(tables, migrations, dialect) {
            checks.push(asker.check(question).await);
        }
    }
    asker.close().await;
    tables.map(|_| Preflight { checks })
}

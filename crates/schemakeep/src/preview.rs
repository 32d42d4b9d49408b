//! What a run would do, in order, before it does it: pure, from the state and the files.

use schemakeep_db::plural;
use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;

use super::history::write::{Author, Notes, ran_text, tables_text};
use super::lexer::statements;
use super::migration_file::MigrationFile;
use super::run::attempt::begin;
use super::{Dialect, MigrateError, Migration, MigrationSet, SchemaState, StateReport};

/// How far a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// To the newest, or back to nothing.
    All,
    /// To this version; going back, this one stays.
    Version(i64),
    /// So many migrations.
    Count(usize),
}

/// A statement of a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Planned {
    /// Its line in the file, from 1.
    pub line: usize,
    pub sql: String,
}

/// A migration of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    pub version: i64,
    pub description: String,
    /// The file that is run.
    pub file: String,
    /// Whether all of it happens in one transaction.
    pub transactional: bool,
    pub statements: Vec<Planned>,
}

/// The migrations that going forward to the target applies, in their order.
///
/// # Errors
///
/// Says which version is not known or not pending, or that the state allows no way forward.
pub fn forward<'a>(
    set: &'a MigrationSet,
    report: &StateReport,
    target: Target,
) -> Result<Vec<&'a Migration>, String> {
    if !matches!(report.state, SchemaState::Current | SchemaState::Behind | SchemaState::Failed) {
        return Err(format!("the schema is {}: nothing can be applied", report.state.as_str()));
    }
    let pending: Vec<&Migration> =
        report.pending.iter().filter_map(|pending| set.get(pending.version)).collect();
    match target {
        Target::All => Ok(pending),
        Target::Count(count) if count <= pending.len() => Ok(pending[..count].to_vec()),
        Target::Count(count) => {
            Err(format!("+{count} is too many: {} pending", plural(pending.len(), "migration")))
        }
        Target::Version(version) => {
            if set.get(version).is_none() {
                return Err(unknown(set, version));
            }
            if report.head.is_some_and(|head| head > version) {
                let head = report.head.unwrap_or_default();
                return Err(format!(
                    "version {version} is below the head, {head}: to go back there, `taskmanager migrate down --to {version}`"
                ));
            }
            Ok(pending.into_iter().filter(|migration| migration.version <= version).collect())
        }
    }
}

/// The migrations that going back to the target reverts, newest first.
///
/// # Errors
///
/// Says which version is not known or not applied, or that there are not so many.
pub fn back<'a>(
    set: &'a MigrationSet,
    applied: &[i64],
    target: Target,
) -> Result<Vec<&'a Migration>, String> {
    let mut newest_first: Vec<i64> = applied.to_vec();
    newest_first.sort_unstable_by(|a, b| b.cmp(a));
    let chosen = match target {
        Target::All => newest_first,
        Target::Count(count) if count <= newest_first.len() => newest_first[..count].to_vec(),
        Target::Count(count) => {
            return Err(format!(
                "{count} is too many: {} applied",
                plural(newest_first.len(), "migration")
            ));
        }
        Target::Version(version) => {
            if set.get(version).is_none() {
                return Err(unknown(set, version));
            }
            if !applied.contains(&version) {
                return Err(format!(
                    "version {version} is not applied: there is no way back to it"
                ));
            }
            newest_first.into_iter().filter(|applied| *applied > version).collect()
        }
    };
    let found = |version: &i64| {
        set.get(*version).ok_or_else(|| {
            format!("version {version} is applied, and this program does not have it: revert it with the program that does")
        })
    };
    chosen.iter().map(found).collect()
}

fn unknown(set: &MigrationSet, version: i64) -> String {
    let known = set.migrations();
    match (known.first(), known.last()) {
        (Some(first), Some(last)) => format!(
            "version {version} is not known: this program has {}, {} to {}",
            plural(known.len(), "migration"),
            first.version,
            last.version
        ),
        _ => format!("version {version} is not known: there are no migrations"),
    }
}

/// The step that applies a migration.
#[must_use]
pub fn up_step(migration: &Migration, dialect: Dialect) -> Step {
    Step {
        version: migration.version,
        description: migration.description.clone(),
        file: migration.up_file(),
        transactional: !migration.directives.no_transaction,
        statements: planned(&migration.up_sql, dialect),
    }
}

/// The script that does what applying these migrations does, record and log included, for anyone who must run
/// it by hand. What a run adds, a script cannot have: the lock, the second look, and trying again.
///
/// # Errors
///
/// [`MigrateError::Database`] when the moment cannot be written as a date.
pub fn script(
    migrations: &[&Migration],
    dialect: Dialect,
    at: OffsetDateTime,
) -> Result<String, MigrateError> {
    let author = Author::of_now(dialect, at, Notes::default());
    let author = author.map_err(MigrateError::database("writing the script's date"))?;
    let mut text = format!("-- the record of migrations\n{}\n", tables_text(dialect));
    for migration in migrations {
        let recorded = ran_text(MigrationFile::up(migration), dialect, Duration::ZERO, &author);
        let (sql, begin) = (terminated(&migration.up_sql, dialect), begin(dialect));
        let file = migration.up_file();
        let body = if migration.directives.no_transaction {
            format!("{sql}\n{recorded};\n")
        } else if migration.directives.rebuild {
            format!(
                "PRAGMA foreign_keys = OFF;\n{begin};\n{sql}\nPRAGMA foreign_key_check;\n{recorded};\nCOMMIT;\n\
                 PRAGMA foreign_keys = ON;\n"
            )
        } else {
            format!("{begin};\n{sql}\n{recorded};\nCOMMIT;\n")
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "\n-- {file}\n{body}");
    }
    Ok(text)
}

/// The text with a semicolon after its last statement, so that another one can follow.
fn terminated(sql: &str, dialect: Dialect) -> String {
    let sql = sql.trim_end();
    let end = statements(sql, dialect).last().map(|last| last.end);
    if end.is_none_or(|end| sql[end..].trim_start().starts_with(';')) {
        return sql.to_owned();
    }
    // On a line of its own: a comment may end the file.
    format!("{sql}\n;")
}

fn planned(sql: &str, dialect: Dialect) -> Vec<Planned> {
    let statement =
        |s: super::lexer::Statement| Planned { line: s.line, sql: sql[s.start..s.end].to_owned() };
    statements(sql, dialect).into_iter().map(statement).collect()
}

//! Lint: what can be known of a migration from its files alone, before any database sees it.
//!
//! Deterministic, and without a database beside it. Each dialect's files are read by a real parser (`postgres`,
//! `sqlite`), which says what they make and take away and finds what will hurt; `own` holds the rules that are the
//! same for both. What stands inside a function or a `DO` block is not seen.

mod effects;
mod files;
mod own;
mod postgres;
mod registry;
mod sqlite;

use std::collections::BTreeSet;

use serde::Serialize;

pub use files::lint_files;
pub use registry::{RULES, Rule};

use self::effects::Effects;
use super::directives::{Compat, Waiver};
use super::files::Direction;
use super::lexer::{Statement, statements};
use super::{Dialect, Migration, MigrationSet};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look.
    Warning,
    /// Stops the migration.
    Error,
}

schemakeep_db::serialize_as_str!(Severity);

impl Severity {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something in a migration's files that will hurt, or may.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    #[serde(skip)]
    pub version: i64,
    #[serde(skip)]
    pub file: String,
    /// The line, from 1: of the action where a statement has several, else of the statement.
    pub line: usize,
    /// The rule, as a waiver names it.
    pub rule: &'static str,
    pub severity: Severity,
    /// The lock that the statement takes on the table, as PostgreSQL's manual names it, where that is the trouble.
    pub lock: Option<&'static str>,
    /// Whether the whole table is rewritten.
    pub rewrites: bool,
    /// Whether the whole table is read.
    pub scans: bool,
    pub why: String,
    /// The form that does not.
    pub suggestion: &'static str,
}

/// What a statement costs, as measured on PostgreSQL 15.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    lock: Option<&'static str>,
    rewrites: bool,
    scans: bool,
}

impl Cost {
    const fn lock(lock: &'static str) -> Self {
        Self { lock: Some(lock), rewrites: false, scans: false }
    }

    const fn scan(lock: &'static str) -> Self {
        Self { lock: Some(lock), rewrites: false, scans: true }
    }

    const fn rewrite(lock: &'static str) -> Self {
        Self { lock: Some(lock), rewrites: true, scans: true }
    }
}

/// One migration, taken apart.
struct Subject<'a> {
    dialect: Dialect,
    migration: &'a Migration,
    /// Those before it.
    earlier: &'a [Migration],
    up: Vec<Statement>,
    down: Vec<Statement>,
}

impl Subject<'_> {
    fn finding(&self, rule: &'static Rule, line: usize, why: impl Into<String>) -> Finding {
        self.costly(rule, line, Cost::default(), why)
    }

    fn costly(
        &self,
        rule: &'static Rule,
        line: usize,
        cost: Cost,
        why: impl Into<String>,
    ) -> Finding {
        Finding {
            version: self.migration.version,
            file: self.migration.up_file(),
            line,
            rule: rule.name,
            severity: rule.severity,
            lock: cost.lock,
            rewrites: cost.rewrites,
            scans: cost.scans,
            why: why.into(),
            suggestion: rule.suggestion,
        }
    }

    /// The same finding, in the file of that way.
    fn in_file(&self, direction: Direction, finding: Finding) -> Finding {
        match direction {
            Direction::Up => finding,
            Direction::Down => Finding { file: self.migration.down_file(), ..finding },
        }
    }

    /// A finding where the file calls additive what takes something away.
    fn breaking(&self, line: usize) -> Option<Finding> {
        let why = "declared additive, but the release that runs now may use what this takes away or renames";
        let additive = self.migration.compat() == Some(Compat::Additive);
        additive.then(|| self.finding(&registry::WRONG_COMPAT, line, why))
    }

    fn in_transaction(&self) -> bool {
        !self.migration.directives.no_transaction
    }
}

/// What a dialect's parser found in a migration.
#[derive(Debug, Default)]
struct Reading {
    findings: Vec<Finding>,
    up: Effects,
    /// `None` where either file is not understood, so that nothing is claimed of the way back.
    down: Option<Effects>,
    /// Lines of the statements that lock or read a table that was there before.
    risky: BTreeSet<usize>,
}

/// Every finding in the migrations whose version `concerned` lets through; a waived one is left out, and a
/// waiver without a finding is a finding. Up files are judged whole; down files for syntax, transaction control
/// and whether they undo.
#[must_use]
pub fn lint(set: &MigrationSet, dialect: Dialect, concerned: impl Fn(i64) -> bool) -> Vec<Finding> {
    let migrations = set.migrations();
    let mut findings = Vec::new();
    for (at, migration) in migrations.iter().enumerate().filter(|(_, m)| concerned(m.version)) {
        let subject = Subject {
            dialect,
            migration,
            earlier: &migrations[..at],
            up: statements(&migration.up_sql, dialect),
            down: statements(&migration.down_sql, dialect),
        };
        findings.extend(judge(&subject));
    }
    findings
}

fn judge(subject: &Subject<'_>) -> Vec<Finding> {
    let reading = match subject.dialect {
        Dialect::Postgres => postgres::read(subject),
        Dialect::Sqlite => sqlite::read(subject),
    };
    let mut found: Vec<Finding> =
        own::ALL.iter().flat_map(|rule| rule(subject, &reading)).collect();
    found.extend(reading.findings);
    let migration = subject.migration;
    let mut kept = Vec::new();
    for (direction, file, text, waivers) in [
        (Direction::Up, migration.up_file(), &migration.up_sql, &migration.directives.waivers),
        (
            Direction::Down,
            migration.down_file(),
            &migration.down_sql,
            &migration.down_directives.waivers,
        ),
    ] {
        let here: Vec<&Finding> = found.iter().filter(|finding| finding.file == file).collect();
        let waived = |finding: &Finding| waivers.iter().any(|waiver| waiver.rule == finding.rule);
        let used = |waiver: &&Waiver| here.iter().any(|finding| finding.rule == waiver.rule);
        let unused = waivers.iter().filter(|waiver| !used(waiver)).map(|waiver| {
            let why = format!("nothing here breaks the rule {:?} that is waived", waiver.rule);
            let line = line_of(text, waiver);
            subject.in_file(direction, subject.finding(&registry::UNUSED_WAIVER, line, why))
        });
        let mut kept_here: Vec<Finding> = unused.collect();
        kept_here.extend(here.iter().filter(|finding| !waived(finding)).map(|f| (*f).clone()));
        kept_here.sort_by(|a, b| (a.line, a.rule).cmp(&(b.line, b.rule)));
        kept.extend(kept_here);
    }
    kept
}

fn line_of(text: &str, waiver: &Waiver) -> usize {
    let is_it = |line: &str| line.contains("allow:") && line.contains(&waiver.rule);
    text.lines().position(is_it).map_or(1, |index| index + 1)
}

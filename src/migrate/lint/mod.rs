//! Lint: what can be known of a migration from its files alone, before any database sees it.
//!
//! Pure. A rule is a function from one migration, and those before it, to findings.

mod rules;

use super::directives::{Compat, Waiver};
use super::scan::{Statement, statements};
use super::{Dialect, Migration, MigrationSet};

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look.
    Warning,
    /// Stops the migration.
    Error,
}

impl Severity {
    /// The word for it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// Something in a migration's files that will hurt, or may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The migration's version.
    pub version: i64,
    /// The file's name.
    pub file: String,
    /// The line, from 1.
    pub line: usize,
    /// The rule, as a waiver names it.
    pub rule: &'static str,
    /// How grave it is.
    pub severity: Severity,
    /// The lock that the statement takes, where that is the trouble.
    pub lock: Option<&'static str>,
    /// Why it hurts.
    pub why: String,
    /// The form that does not.
    pub safe: &'static str,
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
    fn finding(
        &self,
        line: usize,
        rule: &'static str,
        why: impl Into<String>,
        safe: &'static str,
    ) -> Finding {
        Finding {
            version: self.migration.version,
            file: self.migration.up_file(),
            line,
            rule,
            severity: Severity::Error,
            lock: None,
            why: why.into(),
            safe,
        }
    }

    fn is_additive(&self) -> bool {
        self.migration.compat() == Some(Compat::Additive)
    }
}

/// Every finding in the migrations whose version `concerned` lets through; a waived one is left out, and a
/// waiver without a finding is a finding.
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
    let found: Vec<Finding> = rules::ALL.iter().flat_map(|rule| rule(subject)).collect();
    let waivers = &subject.migration.directives.waivers;
    let waived = |finding: &Finding| waivers.iter().any(|waiver| waiver.rule == finding.rule);
    let used = |waiver: &&Waiver| found.iter().any(|finding| finding.rule == waiver.rule);
    let unused = waivers.iter().filter(|waiver| !used(waiver)).map(|waiver| Finding {
        severity: Severity::Warning,
        ..subject.finding(
            line_of(&subject.migration.up_sql, waiver),
            "unused-waiver",
            format!("nothing here breaks the rule {:?} that is waived", waiver.rule),
            "remove the line, or correct the rule's name",
        )
    });
    let unused: Vec<Finding> = unused.collect();
    let mut kept: Vec<Finding> = found.into_iter().filter(|finding| !waived(finding)).collect();
    kept.extend(unused);
    kept.sort_by_key(|finding| finding.line);
    kept
}

fn line_of(text: &str, waiver: &Waiver) -> usize {
    let is_it = |line: &str| line.contains("allow:") && line.contains(&waiver.rule);
    text.lines().position(is_it).map_or(1, |index| index + 1)
}

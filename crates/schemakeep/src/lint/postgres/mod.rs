//! What PostgreSQL's files do, read with squawk's parser: the costs of each statement on a table that was there
//! before, and what squawk's own rules find.
//!
//! The costs are those measured on PostgreSQL 15; `tests/lint_table` measures them again. A table from an earlier
//! file counts as full: files cannot know whether it is.

mod alter;
mod names;
mod schema;
mod squawk;
mod statement;
mod unnamed;

use std::collections::BTreeSet;

use squawk_syntax::SourceFile;
use squawk_syntax::ast::{self, AstNode};

use self::schema::Schema;
use super::effects::Effects;
use super::registry::{Rule, SYNTAX_ERROR};
use super::{Cost, Finding, Reading, Subject};
use schemakeep_files::files::Direction;
use schemakeep_sql::nesting::{MAX_NESTING, nesting_exceeded_at};

/// Reads both files of a migration.
pub(super) fn read(subject: &Subject<'_>) -> Reading {
    if let Some(finding) = too_deep(subject) {
        return Reading { findings: vec![finding], ..Reading::default() };
    }
    let mut schema = Schema::default();
    for migration in subject.earlier.iter().filter(|it| deep_line(&it.up_sql).is_none()) {
        for stmt in SourceFile::parse(&migration.up_sql).tree().stmts() {
            schema.apply(&stmt);
        }
    }
    let up = SourceFile::parse(&subject.migration.up_sql);
    let mut walk = Walk {
        subject,
        schema,
        up: Effects::default(),
        findings: Vec::new(),
        risky: BTreeSet::new(),
    };
    let violations = squawk::violations(subject, &up);
    for stmt in up.tree().stmts() {
        walk.statement(&stmt);
        squawk::hear(&mut walk, &stmt, &violations);
        walk.schema.apply(&stmt);
        names::effects(&stmt, &subject.migration.up_sql, &mut walk.up);
    }
    let mut findings = std::mem::take(&mut walk.findings);
    let mut broken = syntax(subject, Direction::Up, &subject.migration.up_sql);
    broken.extend(syntax(subject, Direction::Down, &subject.migration.down_sql));
    let down = broken.is_empty().then(|| {
        let mut effects = Effects::default();
        for stmt in SourceFile::parse(&subject.migration.down_sql).tree().stmts() {
            names::effects(&stmt, &subject.migration.down_sql, &mut effects);
        }
        effects
    });
    findings.extend(broken);
    Reading { findings, up: walk.up, down, risky: walk.risky }
}

fn too_deep(subject: &Subject<'_>) -> Option<Finding> {
    let migration = subject.migration;
    let files = [(Direction::Up, &migration.up_sql), (Direction::Down, &migration.down_sql)];
    files.into_iter().find_map(|(direction, text)| {
        let why = format!("parentheses nested more than {MAX_NESTING} deep cannot be read");
        Some(subject.in_file(direction, subject.finding(&SYNTAX_ERROR, deep_line(text)?, why)))
    })
}

/// The line where parentheses are nested too deeply.
fn deep_line(text: &str) -> Option<usize> {
    nesting_exceeded_at(text).map(|at| line_at(text, at))
}

fn syntax(subject: &Subject<'_>, direction: Direction, text: &str) -> Vec<Finding> {
    let errors = SourceFile::parse(text).errors();
    // What follows the first is mostly its echo.
    let first = errors.first().map(|error| {
        let line = line_at(text, usize::from(error.range().start()));
        let why = format!("PostgreSQL's grammar does not have it: {}", error.message());
        subject.in_file(direction, subject.finding(&SYNTAX_ERROR, line, why))
    });
    first.into_iter().collect()
}

/// Goes through a file's statements, and knows what those before them have made.
struct Walk<'a> {
    subject: &'a Subject<'a>,
    schema: Schema,
    /// What the statements before have made and taken away.
    up: Effects,
    findings: Vec<Finding>,
    risky: BTreeSet<usize>,
}

impl Walk<'_> {
    /// Whether this file has made the table, so that it is empty and nobody uses it.
    fn is_new(&self, table: &str) -> bool {
        self.up.makes_table(table)
    }

    fn report(&mut self, rule: &'static Rule, line: usize, cost: Cost, why: impl Into<String>) {
        if cost.lock.is_some() {
            self.risky.insert(line);
        }
        self.findings.push(self.subject.costly(rule, line, cost, why));
    }

    fn line_of(&self, node: &impl AstNode) -> usize {
        line_of(&self.subject.migration.up_sql, node)
    }

    fn statement(&mut self, stmt: &ast::Stmt) {
        if let ast::Stmt::AlterTable(alter) = stmt {
            alter::alter_table(self, alter);
        } else {
            statement::statement(self, stmt);
        }
        statement::rows(self, stmt);
    }
}

/// The line, from 1, where a node's first word is.
fn line_of(text: &str, node: &impl AstNode) -> usize {
    let first = node
        .syntax()
        .descendants_with_tokens()
        .find(|element| element.as_token().is_some_and(|token| !token.kind().is_trivia()));
    let start = first.map_or(node.syntax().text_range().start(), |it| it.text_range().start());
    line_at(text, usize::from(start))
}

fn line_at(text: &str, position: usize) -> usize {
    1 + text.bytes().take(position).filter(|byte| *byte == b'\n').count()
}

//! Splits a file that runs outside a transaction into its statements, and says how each may be run.
//!
//! PostgreSQL only. Such a file is sent statement by statement, so a wrong split would run something else
//! than was written: a parser finds the statements, the scanner finds them again, and a file about which
//! they disagree is refused.

use sha2::{Digest, Sha256};
use squawk_syntax::ast::{AstNode, CreateIndex, DropIndex};
use squawk_syntax::{Parse, SourceFile};

use crate::lexer::{self, Statement};
use crate::nesting::{MAX_NESTING, nesting_exceeded_at};
use schemakeep_db::Dialect;

/// One statement of such a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its place in the file, from 0.
    pub index: usize,
    /// The line of its first word, from 1.
    pub line: usize,
    /// Its text, without the semicolon.
    pub text: String,
    /// SHA-256 of the text, in hexadecimal digits.
    pub sha256: String,
    /// How it may be run.
    pub how: ExecutionMode,
}

/// How a statement may be run, and so how a resume finds out whether it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExecutionMode {
    /// In a transaction with the journal's mark: it happens exactly once.
    Together,
    /// The same, and it holds for the session only: a resume says it again.
    Setting,
    /// Outside a transaction; the catalogue says whether the index is there and valid.
    CreateIndex {
        /// The index's name, as written.
        index: String,
        /// The table's name, as written.
        table: String,
        /// Whether it says `IF NOT EXISTS`.
        if_not_exists: bool,
    },
    /// Outside a transaction; done when the index is gone.
    DropIndex {
        /// The index's name, as written.
        index: String,
    },
    /// Outside a transaction, and nothing says whether it was run to its end: a resume runs it again.
    Alone,
}

impl ExecutionMode {
    /// Whether it may run inside a transaction.
    #[must_use]
    pub fn in_transaction(&self) -> bool {
        matches!(self, Self::Together | Self::Setting)
    }
}

/// Where a file cannot be split, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SplitError {
    /// The line, from 1.
    pub line: usize,
    pub cause: String,
}

/// Splits a file.
///
/// # Errors
///
/// The parser does not understand it, the scanner sees other statements, or an index that is created
/// concurrently has no name by which it could be found again.
pub fn steps(sql: &str) -> Result<Vec<Step>, SplitError> {
    if let Some(at) = nesting_exceeded_at(sql) {
        let cause = format!("parentheses nested more than {MAX_NESTING} deep cannot be read");
        return Err(SplitError { line: line_at(sql, at), cause });
    }
    let parse = SourceFile::parse(sql);
    if let Some(error) = parse.errors().first() {
        let line = line_at(sql, usize::from(error.range().start()));
        let cause = format!("the statement is not understood: {}", error.message());
        return Err(SplitError { line, cause });
    }
    let scanned = lexer::statements(sql, Dialect::Postgres);
    agree(sql, &parse, &scanned)?;
    let steps = scanned.iter().enumerate().map(|(index, statement)| {
        let text = &sql[statement.start..statement.end];
        let step = Step {
            index,
            line: statement.line,
            text: text.to_owned(),
            sha256: hex::encode(Sha256::digest(text)),
            how: how(text, statement)?,
        };
        Ok(step)
    });
    steps.collect()
}

/// Holds what the scanner found against the parser's tree.
fn agree(sql: &str, parse: &Parse<SourceFile>, scanned: &[Statement]) -> Result<(), SplitError> {
    let parsed: Vec<_> = parse.tree().stmts().map(|stmt| stmt.syntax().text_range()).collect();
    for index in 0..parsed.len().max(scanned.len()) {
        let one = parsed.get(index).map(|range| {
            let (start, end) = (usize::from(range.start()), usize::from(range.end()));
            let text = sql[start..end].trim_end_matches(|c: char| c == ';' || c.is_whitespace());
            (start, start + text.len())
        });
        let other = scanned.get(index).map(|statement| (statement.start, statement.end));
        if one != other {
            let at = one.into_iter().chain(other).map(|(start, _)| start).min();
            return Err(SplitError {
                line: line_at(sql, at.unwrap_or_default()),
                cause: "it is not certain where the statement ends; write it more plainly"
                    .to_owned(),
            });
        }
    }
    Ok(())
}

fn how(text: &str, statement: &Statement) -> Result<ExecutionMode, SplitError> {
    let words: Vec<_> = statement.words.iter().map(String::as_str).collect();
    let concurrently = words.contains(&"CONCURRENTLY");
    Ok(match words.as_slice() {
        ["SET", "LOCAL", ..] => ExecutionMode::Together,
        ["SET" | "RESET", ..] => ExecutionMode::Setting,
        ["CREATE", "INDEX", ..] | ["CREATE", "UNIQUE", "INDEX", ..] if concurrently => {
            create_index(text).ok_or_else(|| SplitError {
                line: statement.line,
                cause: "an index that is created concurrently needs a name, so that what a crash leaves can be found; name it"
                    .to_owned(),
            })?
        }
        ["DROP", "INDEX", "CONCURRENTLY", ..] => drop_index(text).unwrap_or(ExecutionMode::Alone),
        words if alone(words) => ExecutionMode::Alone,
        _ => ExecutionMode::Together,
    })
}

/// Whether PostgreSQL refuses a statement in a transaction, or it may commit by itself.
fn alone(words: &[&str]) -> bool {
    // `CONCURRENTLY` may stand in parentheses; what is about a whole database never runs in a transaction.
    matches!(
        words,
        ["REINDEX" | "VACUUM" | "CLUSTER" | "DISCARD" | "DO" | "CALL", ..]
            | [
                "CREATE" | "DROP" | "ALTER",
                "DATABASE" | "TABLESPACE" | "SUBSCRIPTION" | "SYSTEM",
                ..
            ]
            | ["ALTER", "TABLE", .., "CONCURRENTLY"]
    )
}

fn create_index(text: &str) -> Option<ExecutionMode> {
    let parse = SourceFile::parse(text);
    let create = parse.syntax_node().descendants().find_map(CreateIndex::cast)?;
    Some(ExecutionMode::CreateIndex {
        index: create.index()?.syntax().text().to_string().trim().to_owned(),
        table: create
            .table_relation_name()?
            .table_name_ref()?
            .syntax()
            .text()
            .to_string()
            .trim()
            .to_owned(),
        if_not_exists: create.if_not_exists().is_some(),
    })
}

fn drop_index(text: &str) -> Option<ExecutionMode> {
    let parse = SourceFile::parse(text);
    let drop = parse.syntax_node().descendants().find_map(DropIndex::cast)?;
    let index = drop.index_refs().next()?.syntax().text().to_string().trim().to_owned();
    Some(ExecutionMode::DropIndex { index })
}

/// The line, from 1, of a position in bytes.
fn line_at(sql: &str, position: usize) -> usize {
    1 + sql.bytes().take(position).filter(|byte| *byte == b'\n').count()
}

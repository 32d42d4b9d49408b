//! What SQLite's files do, read with a parser of its grammar, and tried by SQLite itself.
//!
//! The parser is a crate and may lag behind: what is an error is SQLite's to say (`scratch`), and a statement that
//! only the crate does not know is passed over.

mod add_column;
mod scratch;

use sqlite3_parser::ast::{AlterTableBody, Cmd, Expr, Literal, Name, Stmt};
use sqlite3_parser::lexer::sql::Parser;
use sqlite3_parser::{Bump, FallibleIterator};

use self::scratch::{Refusal, Scratch};
use super::effects::{Effects, Kind};
use super::registry::{
    EVERY_ROW_CHANGED, PRAGMA_FOREIGN_KEYS, REFERENCED_TABLE_DROPPED, STATEMENT_REFUSED,
    SYNTAX_ERROR, UNSUPPORTED_ADD_COLUMN, UNSUPPORTED_ALTER_TABLE, UNSUPPORTED_DROP_COLUMN,
};
use super::{Cost, Finding, Reading, Subject};
use schemakeep_db::Dialect;
use schemakeep_files::files::Direction;
use schemakeep_sql::lexer::{Statement, statements};

/// Reads both files of a migration.
pub(super) fn read(subject: &Subject<'_>) -> Reading {
    let mut scratch = Scratch::open();
    for migration in subject.earlier {
        for statement in statements(&migration.up_sql, Dialect::Sqlite) {
            scratch.replay(text_of(&migration.up_sql, &statement), &statement);
        }
    }
    let mut reading = Reading::default();
    let up_sql = &subject.migration.up_sql;
    let mut broken = false;
    for statement in &subject.up {
        let text = text_of(up_sql, statement);
        let bump = Bump::new();
        let stmt = parse(&bump, text);
        if let Some(stmt) = &stmt {
            let found = judge(subject, &reading.up, &scratch, statement.line, stmt);
            reading.findings.extend(found);
        }
        if let Some(refusal) = scratch.run(text, statement) {
            broken = true;
            reading.findings.push(refused(
                subject,
                Direction::Up,
                statement,
                stmt.as_ref(),
                &refusal,
            ));
        }
        effects(up_sql, statement, &mut reading.up);
    }
    let down = down(subject, &mut scratch, &mut reading.findings);
    reading.down = down.filter(|_| !broken);
    reading
}

fn down(
    subject: &Subject<'_>,
    scratch: &mut Scratch,
    findings: &mut Vec<Finding>,
) -> Option<Effects> {
    let (mut gone, mut understood) = (Effects::default(), true);
    let text = &subject.migration.down_sql;
    for statement in &subject.down {
        effects(text, statement, &mut gone);
        let refusal = scratch.run(text_of(text, statement), statement);
        if let Some(refusal) = refusal.filter(|refusal| refusal.is_syntax) {
            understood = false;
            findings.push(refused(subject, Direction::Down, statement, None, &refusal));
        }
    }
    understood.then_some(gone)
}

fn text_of<'a>(sql: &'a str, statement: &Statement) -> &'a str {
    &sql[statement.start..statement.end]
}

/// `None` where the crate does not know it.
fn parse<'a>(bump: &'a Bump, text: &'a str) -> Option<Stmt<'a>> {
    match Parser::new(bump, text.as_bytes()).next() {
        Ok(Some(Cmd::Stmt(stmt))) => Some(stmt),
        _ => None,
    }
}

/// The finding for what SQLite says, under the rule that knows the way out.
fn refused(
    subject: &Subject<'_>,
    direction: Direction,
    statement: &Statement,
    stmt: Option<&Stmt<'_>>,
    refusal: &Refusal,
) -> Finding {
    let alters = matches!(statement.words.as_slice(), [first, second, ..] if first == "ALTER" && second == "TABLE");
    let said = &refusal.message;
    let (rule, why) = match stmt {
        Some(Stmt::AlterTable(_, AlterTableBody::AddColumn(_))) if !refusal.is_syntax => {
            (&UNSUPPORTED_ADD_COLUMN, format!("SQLite refuses it: {said}"))
        }
        Some(Stmt::AlterTable(_, AlterTableBody::DropColumn(_))) if !refusal.is_syntax => {
            (&UNSUPPORTED_DROP_COLUMN, format!("SQLite refuses it: {said}"))
        }
        _ if refusal.is_syntax && alters && direction == Direction::Up => {
            (&UNSUPPORTED_ALTER_TABLE, format!("SQLite has no such ALTER TABLE: {said}"))
        }
        _ if refusal.is_syntax => {
            (&SYNTAX_ERROR, format!("SQLite's grammar does not have it: {said}"))
        }
        _ => (&STATEMENT_REFUSED, format!("SQLite refuses it: {said}")),
    };
    subject.in_file(direction, subject.finding(rule, statement.line, why))
}

fn judge(
    subject: &Subject<'_>,
    up: &Effects,
    scratch: &Scratch,
    line: usize,
    stmt: &Stmt<'_>,
) -> Vec<Finding> {
    let rebuild = subject.migration.directives.rebuild;
    let is_new = |table: &Name<'_>| up.makes_table(&plain(table));
    let mut findings = Vec::new();
    match stmt {
        Stmt::AlterTable(table, body) if !is_new(&table.name) => {
            let breaks = matches!(
                body,
                AlterTableBody::RenameTo(_)
                    | AlterTableBody::RenameColumn { .. }
                    | AlterTableBody::DropColumn(_)
                    | AlterTableBody::SetColumnNotNull(..)
            );
            if breaks && !rebuild {
                findings.extend(subject.breaking(line));
            }
            match body {
                AlterTableBody::RenameTo(_) if !rebuild => {
                    findings.extend(referenced(subject, scratch, line, &plain(&table.name)));
                }
                AlterTableBody::AddColumn(column) => {
                    findings.extend(add_column::judge(subject, line, column));
                }
                _ => {}
            }
        }
        Stmt::DropTable { tbl_name, .. } if !is_new(&tbl_name.name) && !rebuild => {
            findings.extend(subject.breaking(line));
            findings.extend(referenced(subject, scratch, line, &plain(&tbl_name.name)));
        }
        Stmt::DropView { view_name, .. } if !rebuild => {
            let name = plain(&view_name.name);
            let new = up.made.iter().any(|thing| thing.kind == Kind::View && thing.name == name);
            findings.extend(subject.breaking(line).filter(|_| !new));
        }
        Stmt::Update { tbl_name, where_clause, limit: None, .. }
        | Stmt::Delete { tbl_name, where_clause, limit: None, .. }
            if !is_new(&tbl_name.name) && where_clause.as_ref().is_none_or(always) =>
        {
            let why = "changes every row in one transaction: nobody else can write until it ends, and the log grows by as much";
            let cost = Cost { lock: None, rewrites: false, scans: true };
            findings.push(subject.costly(&EVERY_ROW_CHANGED, line, cost, why));
        }
        Stmt::Pragma(name, Some(_)) if plain(&name.name).eq_ignore_ascii_case("foreign_keys") => {
            let why = "inside a transaction it does nothing, and says nothing";
            findings.push(subject.finding(&PRAGMA_FOREIGN_KEYS, line, why));
        }
        _ => {}
    }
    findings
}

fn referenced(
    subject: &Subject<'_>,
    scratch: &Scratch,
    line: usize,
    table: &str,
) -> Option<Finding> {
    let referring = scratch.referring(table).join(", ");
    let why = format!(
        "a foreign key of {referring} refers to {table}: dropping it empties that table where the key says ON DELETE CASCADE, and a new name is not what the key means"
    );
    let finding = subject.finding(&REFERENCED_TABLE_DROPPED, line, why);
    (!referring.is_empty()).then_some(finding)
}

/// A condition that is true of every row.
fn always(condition: &Expr<'_>) -> bool {
    match condition {
        Expr::Literal(Literal::Numeric(number)) => *number == "1",
        Expr::Id(word) => word.0.eq_ignore_ascii_case("true"),
        Expr::Name(word) => word.0.eq_ignore_ascii_case("true"),
        _ => false,
    }
}

/// A name without its quotes.
fn plain(name: &Name<'_>) -> String {
    name.0.trim_matches(['"', '`', '[', ']', '\'']).to_owned()
}

/// Adds what a statement makes and takes away.
fn effects(sql: &str, statement: &Statement, effects: &mut Effects) {
    let bump = Bump::new();
    let (line, stmt) = (statement.line, parse(&bump, text_of(sql, statement)));
    let Some(stmt) = stmt else { return };
    match &stmt {
        Stmt::CreateTable { tbl_name, temporary: false, .. }
        | Stmt::CreateVirtualTable { tbl_name, .. } => {
            effects.makes(Kind::Table, plain(&tbl_name.name), None, line);
        }
        Stmt::CreateIndex { idx_name, tbl_name, .. } => {
            effects.makes(Kind::Index, plain(&idx_name.name), Some(plain(tbl_name)), line);
        }
        Stmt::CreateTrigger { trigger_name, tbl_name, temporary: false, .. } => {
            let table = Some(plain(&tbl_name.name));
            effects.makes(Kind::Trigger, plain(&trigger_name.name), table, line);
        }
        Stmt::CreateView { view_name, temporary: false, .. } => {
            effects.makes(Kind::View, plain(&view_name.name), None, line);
        }
        Stmt::AlterTable(table, AlterTableBody::AddColumn(column)) => {
            let table = Some(plain(&table.name));
            effects.makes(Kind::Column, plain(&column.col_name), table, line);
        }
        Stmt::AlterTable(table, AlterTableBody::DropColumn(column)) => {
            effects.drops(Kind::Column, plain(column), Some(plain(&table.name)), line);
        }
        Stmt::DropTable { tbl_name, .. } => {
            effects.drops(Kind::Table, plain(&tbl_name.name), None, line);
        }
        Stmt::DropIndex { idx_name, .. } => {
            effects.drops(Kind::Index, plain(&idx_name.name), None, line);
        }
        Stmt::DropTrigger { trigger_name, .. } => {
            effects.drops(Kind::Trigger, plain(&trigger_name.name), None, line);
        }
        Stmt::DropView { view_name, .. } => {
            effects.drops(Kind::View, plain(&view_name.name), None, line);
        }
        _ => {}
    }
}

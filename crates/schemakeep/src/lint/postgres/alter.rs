//! The costs of `ALTER TABLE`, action by action.

use squawk_syntax::ast::{self, NameLike};

use super::schema::text_of;
use super::{Walk, names};
use crate::lint::Cost;
use crate::lint::registry::{
    ADDING_FIELD_WITH_DEFAULT, ADDING_FOREIGN_KEY_CONSTRAINT, ADDING_NOT_NULLABLE_FIELD,
    ADDING_REQUIRED_FIELD, ADDING_UNIQUE_CONSTRAINT, CHANGING_COLUMN_TYPE,
    CONSTRAINT_MISSING_NOT_VALID, REWRITING_TABLE, VALIDATE_IN_SAME_TRANSACTION,
};
use schemakeep_sql::postgres::types::{is_free, is_serial};
use schemakeep_sql::postgres::volatility::is_volatile_default;

const EXCLUSIVE: &str = "ACCESS EXCLUSIVE";
const SHARE_ROW: &str = "SHARE ROW EXCLUSIVE";

/// Judges every action on a table that was there before.
pub(super) fn alter_table(walk: &mut Walk<'_>, alter: &ast::AlterTable) {
    let Some(table) = names::relation(alter.table_relation_name()) else { return };
    if walk.is_new(&table) {
        return;
    }
    for action in alter.actions() {
        let line = walk.line_of(&action);
        match &action {
            ast::AlterTableAction::AddColumn(it) => add_column(walk, line, it),
            ast::AlterTableAction::AlterColumn(it) => alter_column(walk, &table, line, it),
            ast::AlterTableAction::AddConstraint(it) => {
                if let Some(constraint) = it.constraint() {
                    add_constraint(walk, &table, line, &constraint);
                }
            }
            ast::AlterTableAction::ValidateConstraint(it) => {
                let same = alter.actions().filter_map(|action| match action {
                    ast::AlterTableAction::AddConstraint(it) => it.constraint()?.constraint_name(),
                    _ => None,
                });
                let same: Vec<String> = same.map(|name| name.text()).collect();
                if let Some(constraint) = names::constraint(it.constraint_name_ref()) {
                    validate(walk, &table, line, &constraint, same.contains(&constraint));
                }
            }
            ast::AlterTableAction::SetTablespace(_)
            | ast::AlterTableAction::SetLogged(_)
            | ast::AlterTableAction::SetUnlogged(_)
            | ast::AlterTableAction::SetAccessMethod(_) => {
                let why = "rewrites the whole table while nobody can read it";
                // Copied page by page or row by row: either way, all of it.
                let scans = !matches!(action, ast::AlterTableAction::SetTablespace(_));
                let cost = Cost { scans, ..Cost::rewrite(EXCLUSIVE) };
                walk.report(&REWRITING_TABLE, line, cost, why);
            }
            _ => {}
        }
    }
}

fn add_column(walk: &mut Walk<'_>, line: usize, column: &ast::AddColumn) {
    let constraints: Vec<ast::Constraint> = column.constraints().collect();
    let default = constraints.iter().find_map(|constraint| match constraint {
        ast::Constraint::DefaultConstraint(it) => it.expr(),
        _ => None,
    });
    let default = default.filter(|expr| text_of(expr) != "null");
    let serial = column.ty().is_some_and(|ty| is_serial(&text_of(&ty)));
    let generated =
        constraints.iter().any(|it| matches!(it, ast::Constraint::GeneratedConstraint(_)));
    let volatile = default.as_ref().is_some_and(is_volatile_default);
    if serial || generated || volatile {
        let why = "each row gets a value of its own, so the table and its indexes are rewritten while nobody can read it";
        walk.report(&ADDING_FIELD_WITH_DEFAULT, line, Cost::rewrite(EXCLUSIVE), why);
    }
    let required = constraints.iter().any(|it| {
        matches!(
            it,
            ast::Constraint::NotNullConstraint(_) | ast::Constraint::PrimaryKeyConstraint(_)
        )
    });
    if required && default.is_none() && !serial && !generated {
        let why = "fails on a table that has rows: they would hold a null";
        walk.report(&ADDING_REQUIRED_FIELD, line, Cost::lock(EXCLUSIVE), why);
        return;
    }
    for constraint in &constraints {
        match constraint {
            ast::Constraint::UniqueConstraint(_) | ast::Constraint::PrimaryKeyConstraint(_) => {
                let why = "builds the index while nobody can read the table";
                walk.report(&ADDING_UNIQUE_CONSTRAINT, line, Cost::scan(EXCLUSIVE), why);
            }
            ast::Constraint::CheckConstraint(_) => {
                let why = "reads the whole table while nobody else can, to check even the rows that have no value yet";
                walk.report(&CONSTRAINT_MISSING_NOT_VALID, line, Cost::scan(EXCLUSIVE), why);
            }
            // Without a default there is nothing to look up, and PostgreSQL does not.
            ast::Constraint::ReferencesConstraint(_) if default.is_some() => {
                let why = "looks up every row's default in the other table while nobody can read this one";
                walk.report(&ADDING_FOREIGN_KEY_CONSTRAINT, line, Cost::scan(EXCLUSIVE), why);
            }
            _ => {}
        }
    }
}

fn alter_column(walk: &mut Walk<'_>, table: &str, line: usize, alter: &ast::AlterColumn) {
    let Some(column) = names::column(alter.column_name_ref()) else { return };
    match alter.option() {
        Some(ast::AlterColumnOption::SetNotNull(_)) if !walk.schema.never_null(table, &column) => {
            let why =
                format!("reads the whole table for a null in {column} while nobody can use it");
            walk.report(&ADDING_NOT_NULLABLE_FIELD, line, Cost::scan(EXCLUSIVE), why);
            walk.findings.extend(walk.subject.breaking(line));
        }
        Some(ast::AlterColumnOption::SetNotNull(_)) => {
            let known = walk.schema.column(table, &column).is_some_and(|known| known.not_null);
            walk.findings.extend(walk.subject.breaking(line).filter(|_| !known));
        }
        Some(ast::AlterColumnOption::SetType(set)) => {
            let to = set.ty().map(|ty| text_of(&ty)).unwrap_or_default();
            let plain = set.collate().is_none() && set.using_expr().is_none();
            let from = walk.schema.column(table, &column).map(|known| known.ty.as_str());
            let free = plain && from.is_some_and(|from| is_free(from, &to));
            if free && walk.schema.has_check_on(table, &column) {
                let why = format!(
                    "writes nothing, but the check on {column} is checked against every row again while nobody can read the table"
                );
                walk.report(&CHANGING_COLUMN_TYPE, line, Cost::scan(EXCLUSIVE), why);
            } else if !free {
                let why = "rewrites the table and its indexes while nobody can read it";
                walk.report(&CHANGING_COLUMN_TYPE, line, Cost::rewrite(EXCLUSIVE), why);
                walk.findings.extend(walk.subject.breaking(line));
            }
        }
        _ => {}
    }
}

fn add_constraint(walk: &mut Walk<'_>, table: &str, line: usize, constraint: &ast::Constraint) {
    match constraint {
        ast::Constraint::CheckConstraint(_) if !constraint.is_not_valid() => {
            let why = "reads the whole table while nobody else can";
            walk.report(&CONSTRAINT_MISSING_NOT_VALID, line, Cost::scan(EXCLUSIVE), why);
        }
        ast::Constraint::ForeignKeyConstraint(it) if !constraint.is_not_valid() => {
            let target = names::table(it.table_name_ref()).unwrap_or_default();
            let why = format!(
                "looks up every row of {table} in {target} while nobody can write to either"
            );
            walk.report(&ADDING_FOREIGN_KEY_CONSTRAINT, line, Cost::scan(SHARE_ROW), why);
        }
        ast::Constraint::UniqueConstraint(it) if it.using_index().is_none() => unique(walk, line),
        ast::Constraint::PrimaryKeyConstraint(it) => {
            match names::index(it.using_index().and_then(|using| using.index_ref())) {
                None => unique(walk, line),
                Some(index) if !walk.schema.index_never_null(&index) => {
                    let why = format!(
                        "a primary key holds no null: the whole table is read for one in the columns of {index}"
                    );
                    walk.report(&ADDING_NOT_NULLABLE_FIELD, line, Cost::scan(EXCLUSIVE), why);
                }
                Some(_) => {}
            }
        }
        ast::Constraint::ExcludeConstraint(_) => unique(walk, line),
        _ => {}
    }
}

fn unique(walk: &mut Walk<'_>, line: usize) {
    let why = "builds the index while nobody can read the table";
    walk.report(&ADDING_UNIQUE_CONSTRAINT, line, Cost::scan(EXCLUSIVE), why);
}

fn validate(walk: &mut Walk<'_>, table: &str, line: usize, constraint: &str, in_statement: bool) {
    walk.risky.insert(line);
    let added_here = walk.up.made.iter().any(|thing| {
        let same_table = thing.table.as_deref() == Some(table);
        same_table && thing.name == constraint
    });
    if (added_here || in_statement) && walk.subject.in_transaction() {
        let why = "the lock of ADD CONSTRAINT … NOT VALID is kept while VALIDATE scans the table, so nothing was won";
        walk.report(&VALIDATE_IN_SAME_TRANSACTION, line, Cost::scan(EXCLUSIVE), why);
    }
}

//! Changes in a statement of SQLite, from the tree of `sqlite3-parser`.
//!
//! Names are put in small letters, because SQLite takes large and small ones for the same.

mod rows;
mod table;

use sqlite3_parser::ast::{AlterTableBody, Cmd, Expr, Name, QualifiedName, SortedColumn, Stmt};
use sqlite3_parser::lexer::sql::Parser;
use sqlite3_parser::{Bump, FallibleIterator as _};

use super::{Change, TableName, quoted};

/// The changes that one statement makes; none where it is not understood.
pub(super) fn changes(statement: &str) -> Option<Vec<Change>> {
    let bump = Bump::new();
    let mut parser = Parser::new(&bump, statement.as_bytes());
    match parser.next() {
        Ok(Some(Cmd::Stmt(stmt))) => Some(of(&stmt)),
        Ok(_) => Some(Vec::new()),
        Err(_) => None,
    }
}

fn of(stmt: &Stmt<'_>) -> Vec<Change> {
    match stmt {
        Stmt::AlterTable(table, body) => altered(&table_name(table), body),
        Stmt::CreateTable { temporary, if_not_exists, tbl_name, body } => {
            let table = table_name(tbl_name);
            // Of a temporary table only that rows are copied.
            let created = (!temporary).then(|| Change::CreateTable {
                table: table.clone(),
                if_not_exists: *if_not_exists,
                definition: table::definition(body).map(Box::new),
            });
            let copied = rows::copied(&table, body);
            created.into_iter().chain(copied).collect()
        }
        Stmt::CreateIndex { unique: true, idx_name, tbl_name, columns, where_clause, .. } => {
            vec![Change::AddUnique {
                table: TableName {
                    schema: idx_name.db_name.as_ref().map(name).filter(|it| it != "main"),
                    name: name(tbl_name),
                },
                columns: columns.iter().map(key_column).collect(),
                predicate: where_clause.as_ref().map(text),
                nulls_not_distinct: false,
                primary: false,
                using_index: false,
            }]
        }
        Stmt::DropTable { tbl_name, .. } => vec![Change::DropTable {
            table: table_name(tbl_name),
            rows_only: false,
            cascade: false,
        }],
        other => rows::changes(other),
    }
}

fn altered(table: &TableName, body: &AlterTableBody<'_>) -> Vec<Change> {
    let table = table.clone();
    match body {
        AlterTableBody::RenameTo(to) => vec![Change::RenameTable { table, to: name(to) }],
        AlterTableBody::AddColumn(column) => table::added(&table, column),
        AlterTableBody::RenameColumn { old, new } => {
            vec![Change::RenameColumn { table, column: name(old), to: name(new) }]
        }
        AlterTableBody::DropColumn(column) => {
            vec![Change::DropColumn { table, column: name(column) }]
        }
        AlterTableBody::SetColumnNotNull(column, _) => {
            vec![Change::SetNotNull { table, column: name(column) }]
        }
        AlterTableBody::AddConstraint(constraint) => {
            table::added_constraint(&table, constraint).into_iter().collect()
        }
        AlterTableBody::DropColumnNotNull(_) | AlterTableBody::DropConstraint(_) => Vec::new(),
    }
}

/// A name without its quotes, as SQLite compares it.
fn name(name: &Name<'_>) -> String {
    plain(name.0)
}

fn plain(text: &str) -> String {
    let mut chars = text.chars();
    let inner = match (chars.next(), chars.next_back()) {
        (Some('"'), Some('"')) => chars.as_str().replace("\"\"", "\""),
        (Some('`'), Some('`')) => chars.as_str().replace("``", "`"),
        (Some('\''), Some('\'')) => chars.as_str().replace("''", "'"),
        (Some('['), Some(']')) => chars.as_str().to_owned(),
        _ => text.to_owned(),
    };
    inner.to_ascii_lowercase()
}

fn table_name(qualified: &QualifiedName<'_>) -> TableName {
    let schema = qualified.db_name.as_ref().map(name).filter(|schema| schema != "main");
    TableName { schema, name: name(&qualified.name) }
}

fn text(expr: &Expr<'_>) -> String {
    expr.to_string()
}

/// The column that an expression is, if it is nothing else.
fn column(expr: &Expr<'_>) -> Option<String> {
    match expr {
        Expr::Id(id) => Some(plain(id.0)),
        Expr::Name(it) => Some(name(it)),
        _ => None,
    }
}

/// A column or expression of an index, as SQL text.
fn key_column(sorted: &SortedColumn<'_>) -> String {
    match &sorted.expr {
        Expr::Collate(inner, collation) => match column(inner) {
            Some(column) => format!("{} COLLATE {collation}", quoted(&column)),
            None => text(&sorted.expr),
        },
        expr => column(expr).map_or_else(|| text(expr), |column| quoted(&column)),
    }
}

//! Changes in a statement of PostgreSQL, from the tree of `squawk-syntax`.

mod rows;
mod table;

use squawk_syntax::ast::{self, AstNode, Stmt, normalize_name_node};
use squawk_syntax::{SourceFile, SyntaxNode};

use super::{Change, TableName, quoted};
use crate::nesting::nesting_exceeded_at;

/// The changes that one statement makes; none where it is not understood.
pub(super) fn changes(statement: &str) -> Option<Vec<Change>> {
    if nesting_exceeded_at(statement).is_some() {
        return None;
    }
    let parse = SourceFile::parse(statement);
    if !parse.errors().is_empty() {
        return None;
    }
    let mut found = Vec::new();
    for stmt in parse.tree().stmts() {
        found.extend(of(&stmt)?);
    }
    Some(found)
}

fn of(stmt: &Stmt) -> Option<Vec<Change>> {
    Some(match stmt {
        Stmt::CreateTable(it) => table::create(it).into_iter().collect(),
        Stmt::CreateTableAs(it) => table::create_as(it),
        Stmt::AlterTable(it) => table::alter(it),
        Stmt::CreateIndex(it) => table::unique_index(it).into_iter().collect(),
        Stmt::DropTable(it) => {
            let cascade = matches!(it.drop_behavior(), Some(ast::DropBehavior::Cascade(_)));
            let tables = it.table_name_refs().filter_map(|name| table_in(name.syntax()));
            tables.map(|table| Change::DropTable { table, rows_only: false, cascade }).collect()
        }
        Stmt::Truncate(it) => {
            let cascade = matches!(it.drop_behavior(), Some(ast::DropBehavior::Cascade(_)));
            let list = it.table_list()?;
            let tables = list.table_relation_names().filter_map(|name| table_in(name.syntax()));
            tables.map(|table| Change::DropTable { table, rows_only: true, cascade }).collect()
        }
        Stmt::Do(_) | Stmt::Call(_) | Stmt::Execute(_) | Stmt::Merge(_) => return None,
        Stmt::Set(it) if text(it.syntax()).to_lowercase().contains("search_path") => return None,
        Stmt::AlterSchema(_) | Stmt::DropSchema(_) | Stmt::DropOwned(_) => {
            vec![Change::Opaque { what: first_word(stmt.syntax()) }]
        }
        // What stands in a routine is not run here.
        Stmt::CreateFunction(_)
        | Stmt::CreateProcedure(_)
        | Stmt::CreateRule(_)
        | Stmt::Explain(_)
        | Stmt::Prepare(_) => Vec::new(),
        other => rows::changes(other.syntax()),
    })
}

/// The first table's name in a node.
fn table_in(node: &SyntaxNode) -> Option<TableName> {
    let path = node.descendants().find_map(ast::PathRef::cast).map(|path| {
        let schema = path.qualifier().and_then(|path| path.segment()).map(|it| it.text());
        Some(TableName { schema, name: path.segment()?.text() })
    });
    // A new table is written as another kind of node.
    path.or_else(|| {
        node.descendants().find_map(ast::Path::cast).map(|path| {
            let schema = path.qualifier().and_then(|path| path.segment()).map(|it| it.text());
            Some(TableName { schema, name: path.segment()?.text() })
        })
    })?
}

/// The name that a node is.
fn name(node: &SyntaxNode) -> String {
    normalize_name_node(node)
}

/// The last part of a name that may have a schema before it.
fn last_name(node: &SyntaxNode) -> Option<String> {
    table_in(node).map(|table| table.name)
}

fn columns_in(node: &SyntaxNode) -> Vec<String> {
    node.descendants().filter_map(ast::ColumnNameRef::cast).map(|it| name(it.syntax())).collect()
}

fn text(node: &SyntaxNode) -> String {
    node.text().to_string().trim().to_owned()
}

fn first_word(node: &SyntaxNode) -> String {
    text(node).split_whitespace().next().unwrap_or_default().to_uppercase()
}

/// An expression as text; a lone name is quoted, so that it stays one wherever it is put.
fn expression(expr: &ast::Expr) -> String {
    match expr {
        ast::Expr::NameRef(it) => quoted(&it.text()),
        other => text(other.syntax()),
    }
}

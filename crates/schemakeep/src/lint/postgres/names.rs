//! Names in squawk's tree, folded as PostgreSQL folds them and without their schema, and what a statement makes and
//! takes away.

use squawk_syntax::ast::{self, AstNode, NameLike};

use super::line_of;
use crate::lint::effects::{Effects, Kind};

fn last(path: Option<ast::Path>) -> Option<String> {
    Some(path?.segment()?.text())
}

pub(super) fn last_ref(path: Option<ast::PathRef>) -> Option<String> {
    Some(path?.segment()?.text())
}

pub(super) fn table(name: Option<ast::TableNameRef>) -> Option<String> {
    last_ref(name?.path_ref())
}

pub(super) fn relation(name: Option<ast::TableRelationName>) -> Option<String> {
    table(name?.table_name_ref())
}

pub(super) fn new_table(name: Option<ast::TableName>) -> Option<String> {
    last(name?.path())
}

pub(super) fn index(name: Option<ast::IndexRef>) -> Option<String> {
    last_ref(name?.path_ref())
}

pub(super) fn new_index(name: Option<ast::Index>) -> Option<String> {
    last(name?.path())
}

pub(super) fn column(name: Option<ast::ColumnNameRef>) -> Option<String> {
    Some(name?.text())
}

pub(super) fn constraint(name: Option<ast::ConstraintNameRef>) -> Option<String> {
    last_ref(name?.path_ref())
}

/// The last name below a node that holds one: `DROP VIEW a.b` and its like.
fn below(node: &impl AstNode) -> Vec<String> {
    let paths = node.syntax().children().filter_map(|child| {
        child.children().find_map(ast::PathRef::cast).or_else(|| ast::PathRef::cast(child))
    });
    paths.filter_map(|path| last_ref(Some(path))).collect()
}

/// The name that a `CREATE` gives.
fn made(node: &impl AstNode) -> Option<String> {
    let mut paths = node.syntax().children().filter_map(|child| {
        child.children().find_map(ast::Path::cast).or_else(|| ast::Path::cast(child))
    });
    paths.find_map(|path| last(Some(path)))
}

/// Adds what a statement makes and takes away.
pub(super) fn effects(stmt: &ast::Stmt, text: &str, effects: &mut Effects) {
    let line = line_of(text, stmt);
    let mut makes = |kind, name: Option<String>, table: Option<String>| {
        if let Some(name) = name {
            effects.makes(kind, name, table, line);
        }
    };
    match stmt {
        ast::Stmt::CreateTable(it) => {
            let name = new_table(it.table_name());
            makes(Kind::Table, name.clone(), None);
            // Goes by itself, so nobody has to take it away.
            if let (Some(ast::Persistence::Temp(_)), Some(name)) = (it.persistence(), name) {
                effects.drops(Kind::Table, name, None, line);
            }
        }
        ast::Stmt::CreateTableAs(it) => makes(Kind::Table, new_table(it.table_name()), None),
        ast::Stmt::SelectInto(it) => {
            let name = it.into_clause().and_then(|into| new_table(into.table_name()));
            makes(Kind::Table, name, None);
        }
        ast::Stmt::CreateIndex(it) => {
            makes(Kind::Index, new_index(it.index()), relation(it.table_relation_name()));
        }
        ast::Stmt::CreateSequence(it) => makes(Kind::Sequence, made(it), None),
        ast::Stmt::CreateType(it) => makes(Kind::Type, made(it), None),
        ast::Stmt::CreateView(it) => makes(Kind::View, made(it), None),
        ast::Stmt::CreateMaterializedView(it) => makes(Kind::View, made(it), None),
        ast::Stmt::CreateTrigger(it) => {
            let on = it.on_relation();
            let on = on.and_then(|on| on.syntax().descendants().find_map(ast::PathRef::cast));
            makes(Kind::Trigger, it.trigger().map(|name| name.text()), last_ref(on));
        }
        ast::Stmt::AlterTable(it) => alter(it, text, effects),
        ast::Stmt::DropTable(it) => {
            for name in it.table_name_refs().filter_map(|name| table(Some(name))) {
                effects.drops(Kind::Table, name, None, line);
            }
        }
        ast::Stmt::DropIndex(it) => {
            for name in it.index_refs().filter_map(|name| index(Some(name))) {
                effects.drops(Kind::Index, name, None, line);
            }
        }
        ast::Stmt::DropSequence(it) => drops(Kind::Sequence, below(it), line, effects),
        ast::Stmt::DropType(it) => drops(Kind::Type, below(it), line, effects),
        ast::Stmt::DropView(it) => drops(Kind::View, below(it), line, effects),
        ast::Stmt::DropMaterializedView(it) => drops(Kind::View, below(it), line, effects),
        ast::Stmt::DropTrigger(it) => {
            let name = it.trigger_ref().map(|name| name.text());
            drops(Kind::Trigger, name.into_iter().collect(), line, effects);
        }
        _ => {}
    }
}

fn drops(kind: Kind, names: Vec<String>, line: usize, effects: &mut Effects) {
    for name in names {
        effects.drops(kind, name, None, line);
    }
}

fn alter(it: &ast::AlterTable, text: &str, effects: &mut Effects) {
    let Some(table) = relation(it.table_relation_name()) else { return };
    for action in it.actions() {
        let (line, of) = (line_of(text, &action), Some(table.clone()));
        match &action {
            ast::AlterTableAction::AddColumn(it) => {
                if let Some(name) = it.column_name() {
                    effects.makes(Kind::Column, name.text(), of, line);
                }
            }
            ast::AlterTableAction::AddConstraint(it) => {
                let name = it.constraint().and_then(|it| it.constraint_name());
                if let Some(name) = name {
                    effects.makes(Kind::Constraint, name.text(), of, line);
                }
            }
            ast::AlterTableAction::DropColumn(it) => {
                if let Some(name) = column(it.column_name_ref()) {
                    effects.drops(Kind::Column, name, of, line);
                }
            }
            ast::AlterTableAction::DropConstraint(it) => {
                if let Some(name) = constraint(it.constraint_name_ref()) {
                    effects.drops(Kind::Constraint, name, of, line);
                }
            }
            _ => {}
        }
    }
}

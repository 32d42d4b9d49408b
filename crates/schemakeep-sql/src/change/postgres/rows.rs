//! Rows that a statement of PostgreSQL adds, changes or deletes, in its `WITH` part too.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AstNode};

use super::{columns_in, name, table_in, text};
use crate::change::{Change, RowSource, TableName};

/// Functions that change no rows and may stand in a query of a migration.
const PURE: [&str; 26] = [
    "abs",
    "array_agg",
    "avg",
    "coalesce",
    "concat",
    "count",
    "format",
    "gen_random_uuid",
    "generate_series",
    "greatest",
    "least",
    "left",
    "length",
    "lower",
    "max",
    "min",
    "now",
    "nullif",
    "pg_advisory_xact_lock",
    "replace",
    "row_number",
    "set_config",
    "setval",
    "string_agg",
    "sum",
    "upper",
];

pub(super) fn changes(statement: &SyntaxNode) -> Vec<Change> {
    let mut found = Vec::new();
    for node in statement.descendants() {
        if let Some(update) = ast::Update::cast(node.clone()) {
            found.extend(updated(&update));
        } else if let Some(delete) = ast::Delete::cast(node.clone()) {
            let table = delete.relation_name().and_then(|it| table_in(it.syntax()));
            let bounded = delete.where_clause_or_current_of().is_some();
            found.extend(table.map(|table| Change::ChangeRows {
                table,
                deletes: true,
                bounded,
                sets: Vec::new(),
            }));
        } else if let Some(insert) = ast::Insert::cast(node.clone()) {
            found.extend(inserted(&insert));
        } else if let Some(copy) = ast::Copy::cast(node.clone()) {
            found.extend(copied(&copy));
        } else if let Some(into) = ast::IntoClause::cast(node.clone()) {
            found.extend(table_in(into.syntax()).map(|table| Change::CreateTable {
                table,
                if_not_exists: false,
                definition: None,
            }));
        } else if let Some(call) = ast::CallExpr::cast(node) {
            found.extend(called(&call));
        }
    }
    found
}

fn updated(update: &ast::Update) -> Option<Change> {
    let sets = update.set_clause().map(|clause| sets(clause.syntax())).unwrap_or_default();
    Some(Change::ChangeRows {
        table: table_in(update.relation_name()?.syntax())?,
        deletes: false,
        bounded: update.where_clause_or_current_of().is_some(),
        sets,
    })
}

fn sets(clause: &SyntaxNode) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for node in clause.descendants() {
        if let Some(single) = ast::SetSingleColumn::cast(node.clone()) {
            let column = single.column_target().and_then(|it| it.name());
            let value = single.set_expr().map(|it| text(it.syntax())).unwrap_or_default();
            found.extend(column.map(|it| (name(it.syntax()), value)));
        } else if let Some(several) = ast::SetMultipleColumns::cast(node) {
            let value = text(several.syntax());
            let columns = several.column_target_list().map(|it| columns_in(it.syntax()));
            found.extend(columns.into_iter().flatten().map(|column| (column, value.clone())));
        }
    }
    found
}

/// An insert, and before it the update that a conflict leads to.
fn inserted(insert: &ast::Insert) -> Vec<Change> {
    let Some(table) = insert.relation_name_ref().and_then(|it| table_in(it.syntax())) else {
        return Vec::new();
    };
    let conflict = insert.on_conflict_clause();
    let mut found = Vec::new();
    if let Some(clause) = &conflict {
        let sets = sets(clause.syntax());
        if !sets.is_empty() {
            let table = table.clone();
            found.push(Change::ChangeRows { table, deletes: false, bounded: true, sets });
        }
    }
    let columns = insert.column_target_list().map(|it| columns_in(it.syntax()));
    let source = match insert.insert_source() {
        Some(ast::InsertSource::SelectVariant(ast::SelectVariant::Values(_))) | None => None,
        // A name of the `WITH` part means nothing outside of the statement.
        Some(_) if insert.with_clause().is_some() => None,
        Some(ast::InsertSource::SelectVariant(query)) => Some(source(query.syntax())),
        Some(ast::InsertSource::DefaultValues(_)) => None,
    };
    found.push(Change::InsertRows {
        table,
        columns: columns.unwrap_or_default(),
        source,
        tolerant: conflict.is_some(),
    });
    found
}

/// A query as the source of rows.
pub(super) fn source(query: &SyntaxNode) -> RowSource {
    RowSource { query: text(query), tables: read(query) }
}

/// The tables that a query reads.
fn read(query: &SyntaxNode) -> Vec<TableName> {
    let mut tables: Vec<TableName> = Vec::new();
    for item in query.descendants().filter_map(ast::RelationFromItem::cast) {
        let table = item.relation_name_ref().and_then(|it| table_in(it.syntax()));
        if let Some(table) = table.filter(|table| !tables.contains(table)) {
            tables.push(table);
        }
    }
    tables
}

fn copied(copy: &ast::Copy) -> Option<Change> {
    if !matches!(copy.copy_direction(), Some(ast::CopyDirection::CopyFrom(_))) {
        return None;
    }
    Some(Change::InsertRows {
        table: table_in(copy.copy_table()?.syntax())?,
        columns: Vec::new(),
        source: None,
        tolerant: false,
    })
}

/// A function that is not known to leave rows alone.
fn called(call: &ast::CallExpr) -> Option<Change> {
    let function = text(call.expr()?.syntax()).to_lowercase();
    let function = function.strip_prefix("pg_catalog.").unwrap_or(&function);
    (!PURE.contains(&function)).then(|| Change::Opaque { what: function.to_owned() })
}

//! What `CREATE TABLE` and `ALTER TABLE … ADD` of SQLite make.

use sqlite3_parser::ast::{
    ColumnConstraint, ColumnDefinition, CreateTableBody, ForeignKeyClause, NamedTableConstraint,
    ResolveType, TabFlags, TableConstraint, Type,
};

use super::{column, name, text};
use crate::change::{Change, Column, Definition, ForeignKey, Key, TableName, quoted};

/// None for a table whose columns come from a query.
pub(super) fn definition(body: &CreateTableBody<'_>) -> Option<Definition> {
    let CreateTableBody::ColumnsAndConstraints { columns, constraints, flags } = body else {
        return None;
    };
    let mut definition =
        Definition { strict: flags.contains(TabFlags::Strict), ..Definition::default() };
    for column in columns {
        take_column(&mut definition, column);
    }
    for constraint in constraints.iter().flat_map(|all| all.iter()) {
        take_constraint(&mut definition, &constraint.constraint);
    }
    let primary = definition.primary_key().to_vec();
    let with_rowid = !flags.contains(TabFlags::WithoutRowid);
    let strict = definition.strict;
    for column in definition.columns.iter_mut().filter(|it| primary.contains(&it.name)) {
        if with_rowid && primary.len() == 1 && column.ty.eq_ignore_ascii_case("integer") {
            column.filled = true;
        } else {
            // Other tables take null in a primary key: https://sqlite.org/quirks.html
            column.not_null |= strict || !with_rowid;
        }
    }
    Some(definition)
}

/// Whether a row that breaks the constraint ends the statement.
fn fails(conflict: Option<ResolveType>) -> bool {
    !matches!(conflict, Some(ResolveType::Ignore | ResolveType::Replace))
}

fn take_column(definition: &mut Definition, column: &ColumnDefinition<'_>) {
    let ty = column.col_type.as_ref().map(type_text).unwrap_or_default();
    let mut new = Column { name: name(&column.col_name), ty, ..Column::default() };
    for constraint in column.constraints {
        match &constraint.constraint {
            ColumnConstraint::NotNull { nullable: false, conflict_clause } => {
                new.not_null = fails(*conflict_clause);
            }
            ColumnConstraint::Default(expr) => new.default = Some(text(expr)),
            ColumnConstraint::Generated { .. } => new.filled = true,
            ColumnConstraint::Collate { collation_name } => {
                new.collation = Some(name(collation_name));
            }
            ColumnConstraint::PrimaryKey { conflict_clause, .. } if fails(*conflict_clause) => {
                definition.keys.push(key(vec![new.name.clone()], true));
            }
            ColumnConstraint::Unique(conflict) if fails(*conflict) => {
                definition.keys.push(key(vec![new.name.clone()], false));
            }
            ColumnConstraint::Check(expr) => definition.checks.push(text(expr)),
            ColumnConstraint::ForeignKey { clause, .. } => {
                definition.foreign_keys.push(foreign_key(vec![new.name.clone()], clause));
            }
            _ => {}
        }
    }
    definition.columns.push(new);
}

fn type_text(ty: &Type<'_>) -> String {
    match &ty.size {
        None => ty.name.to_owned(),
        Some(sqlite3_parser::ast::TypeSize::MaxSize(size)) => format!("{}({size})", ty.name),
        Some(sqlite3_parser::ast::TypeSize::TypeSize(one, two)) => {
            format!("{}({one}, {two})", ty.name)
        }
    }
}

fn take_constraint(definition: &mut Definition, constraint: &TableConstraint<'_>) {
    match constraint {
        TableConstraint::PrimaryKey { columns, conflict_clause, .. } if fails(*conflict_clause) => {
            let columns = columns.iter().filter_map(|it| column(&it.expr)).collect();
            definition.keys.push(key(columns, true));
        }
        TableConstraint::Unique { columns, conflict_clause } if fails(*conflict_clause) => {
            let columns = columns.iter().filter_map(|it| column(&it.expr)).collect();
            definition.keys.push(key(columns, false));
        }
        TableConstraint::Check(expr, conflict) if fails(*conflict) => {
            definition.checks.push(text(expr));
        }
        TableConstraint::ForeignKey { columns, clause, .. } => {
            let columns = columns.iter().map(|it| name(&it.col_name)).collect();
            definition.foreign_keys.push(foreign_key(columns, clause));
        }
        _ => {}
    }
}

fn key(columns: Vec<String>, primary: bool) -> Key {
    Key { columns, primary, nulls_not_distinct: false }
}

fn foreign_key(columns: Vec<String>, clause: &ForeignKeyClause<'_>) -> ForeignKey {
    let target_columns = clause.columns.into_iter().flat_map(|all| all.iter());
    ForeignKey {
        columns,
        target: TableName { schema: None, name: name(&clause.tbl_name) },
        target_columns: target_columns.map(|it| name(&it.col_name)).collect(),
    }
}

/// A column that is added, and what is added with it.
pub(super) fn added(table: &TableName, column: &ColumnDefinition<'_>) -> Vec<Change> {
    let mut definition = Definition::default();
    take_column(&mut definition, column);
    let Some(new) = definition.columns.pop() else { return Vec::new() };
    let mut found = vec![Change::AddColumn {
        table: table.clone(),
        column: new.name,
        ty: new.ty,
        if_not_exists: false,
        not_null: new.not_null,
        default: new.default,
        filled: new.filled,
    }];
    for key in &definition.keys {
        found.push(Change::AddUnique {
            table: table.clone(),
            columns: key.columns.iter().map(|column| quoted(column)).collect(),
            predicate: None,
            nulls_not_distinct: false,
            primary: key.primary,
            using_index: false,
        });
    }
    for key in definition.foreign_keys {
        let table = table.clone();
        found.push(Change::AddForeignKey { table, key, name: None, not_valid: false });
    }
    for expression in definition.checks {
        let table = table.clone();
        found.push(Change::AddCheck { table, name: None, expression, not_valid: false });
    }
    found
}

/// A check that is added to a table.
pub(super) fn added_constraint(
    table: &TableName,
    constraint: &NamedTableConstraint<'_>,
) -> Option<Change> {
    let TableConstraint::Check(expr, _) = &constraint.constraint else { return None };
    Some(Change::AddCheck {
        table: table.clone(),
        name: constraint.name.as_ref().map(name),
        expression: text(expr),
        not_valid: false,
    })
}

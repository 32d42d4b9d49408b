//! What `CREATE TABLE`, `ALTER TABLE` and `CREATE UNIQUE INDEX` of PostgreSQL do.

use squawk_syntax::SyntaxNode;
use squawk_syntax::ast::{self, AlterTableAction, AstNode, Constraint};

use super::{columns_in, expression, last_name, name, rows, table_in, text};
use crate::change::{Change, Column, Definition, ForeignKey, Key, TableName, quoted};

pub(super) fn create(create: &ast::CreateTable) -> Option<Change> {
    if matches!(create.persistence(), Some(ast::Persistence::Temp(_))) {
        return None;
    }
    let alone = create.inherits().is_none()
        && create.of_type().is_none()
        && create.partition_of().is_none();
    let arguments = create.table_arg_list().filter(|_| alone);
    Some(Change::CreateTable {
        table: table_in(create.table_name()?.syntax())?,
        if_not_exists: create.if_not_exists().is_some(),
        definition: arguments.and_then(|list| definition(&list)).map(Box::new),
    })
}

/// A table that is created from a query; of a temporary one, that rows are copied.
pub(super) fn create_as(create: &ast::CreateTableAs) -> Vec<Change> {
    let Some(table) = create.table_name().and_then(|it| table_in(it.syntax())) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    if !matches!(create.persistence(), Some(ast::Persistence::Temp(_))) {
        found.push(Change::CreateTable {
            table: table.clone(),
            if_not_exists: create.if_not_exists().is_some(),
            definition: None,
        });
    }
    if let Some(query) = create.query() {
        found.push(Change::InsertRows {
            table,
            columns: Vec::new(),
            source: Some(rows::source(query.syntax())),
            tolerant: false,
        });
    }
    found
}

/// None where a part of it comes from another table.
fn definition(list: &ast::TableArgList) -> Option<Definition> {
    let mut definition = Definition::default();
    for argument in list.args() {
        match argument {
            ast::TableArg::LikeClause(_) => return None,
            ast::TableArg::Column(column) => {
                let new = column.name().map(|it| name(it.syntax()))?;
                let ty = column.ty().map(|it| text(it.syntax())).unwrap_or_default();
                let constraints: Vec<_> =
                    column.syntax().descendants().filter_map(Constraint::cast).collect();
                take_column(&mut definition, new, ty, &constraints);
            }
            ast::TableArg::TableConstraint(constraint) => {
                let constraint = Constraint::cast(constraint.syntax().clone())?;
                take_constraint(&mut definition, &constraint);
            }
        }
    }
    let keys = definition.primary_key().to_vec();
    for column in definition.columns.iter_mut().filter(|column| keys.contains(&column.name)) {
        column.not_null = true;
    }
    Some(definition)
}

fn take_column(definition: &mut Definition, name: String, ty: String, constraints: &[Constraint]) {
    let mut column = Column { filled: is_serial(&ty), name, ty, ..Column::default() };
    for constraint in constraints {
        match constraint {
            Constraint::NotNullConstraint(_) => column.not_null = true,
            Constraint::DefaultConstraint(it) => {
                column.default = it.expr().map(|it| text(it.syntax()));
            }
            Constraint::GeneratedConstraint(_) => column.filled = true,
            Constraint::PrimaryKeyConstraint(_) | Constraint::UniqueConstraint(_) => {
                definition.keys.push(Key {
                    columns: vec![column.name.clone()],
                    primary: matches!(constraint, Constraint::PrimaryKeyConstraint(_)),
                    nulls_not_distinct: nulls_not_distinct(constraint.syntax()),
                });
            }
            other => take_constraint_of(definition, other, &column.name),
        }
    }
    definition.columns.push(column);
}

fn take_constraint(definition: &mut Definition, constraint: &Constraint) {
    match constraint {
        Constraint::PrimaryKeyConstraint(_) | Constraint::UniqueConstraint(_) => {
            definition.keys.push(Key {
                columns: key_columns(constraint.syntax()),
                primary: matches!(constraint, Constraint::PrimaryKeyConstraint(_)),
                nulls_not_distinct: nulls_not_distinct(constraint.syntax()),
            });
        }
        other => take_constraint_of(definition, other, ""),
    }
}

/// Checks and foreign keys, which a column or a table may have.
fn take_constraint_of(definition: &mut Definition, constraint: &Constraint, column: &str) {
    match constraint {
        Constraint::CheckConstraint(it) => {
            definition.checks.extend(it.expr().map(|it| text(it.syntax())));
        }
        Constraint::ReferencesConstraint(_) | Constraint::ForeignKeyConstraint(_) => {
            definition.foreign_keys.extend(foreign_key(constraint, column));
        }
        _ => {}
    }
}

pub(super) fn alter(alter: &ast::AlterTable) -> Vec<Change> {
    let Some(table) = alter.table_relation_name().and_then(|it| table_in(it.syntax())) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for action in alter.actions() {
        found.extend(acted(&table, &action));
    }
    found
}

fn acted(table: &TableName, action: &AlterTableAction) -> Vec<Change> {
    let table = table.clone();
    match action {
        AlterTableAction::AddColumn(it) => added(&table, it),
        AlterTableAction::AddConstraint(it) => {
            it.constraint().map(|it| constraint(&table, "", &it)).unwrap_or_default()
        }
        AlterTableAction::AlterColumn(it) => altered(table, it).into_iter().collect(),
        AlterTableAction::DropColumn(it) => {
            let column = it.column_name_ref().map(|it| name(it.syntax()));
            column.map(|column| Change::DropColumn { table, column }).into_iter().collect()
        }
        AlterTableAction::RenameColumn(it) => {
            let (from, to) = (it.column_name_ref(), it.column_name());
            let both = from.zip(to).map(|(from, to)| (name(from.syntax()), name(to.syntax())));
            both.map(|(column, to)| Change::RenameColumn { table, column, to })
                .into_iter()
                .collect()
        }
        AlterTableAction::TableRenameTo(it) => {
            let to = it.table_name().and_then(|it| last_name(it.syntax()));
            to.map(|to| Change::RenameTable { table, to }).into_iter().collect()
        }
        AlterTableAction::ValidateConstraint(it) => {
            let constraint = it.constraint_name_ref().and_then(|it| last_name(it.syntax()));
            constraint
                .map(|constraint| Change::Validate { table, constraint })
                .into_iter()
                .collect()
        }
        // The table is found by another name afterwards, or has other rows.
        AlterTableAction::SetSchema(_)
        | AlterTableAction::AttachPartition(_)
        | AlterTableAction::DetachPartition(_)
        | AlterTableAction::InheritTable(_)
        | AlterTableAction::NoInheritTable(_) => {
            vec![Change::Opaque { what: super::first_word(action.syntax()) }]
        }
        _ => Vec::new(),
    }
}

fn added(table: &TableName, add: &ast::AddColumn) -> Vec<Change> {
    let Some(column) = add.column_name().map(|it| name(it.syntax())) else { return Vec::new() };
    let ty = add.ty().map(|it| text(it.syntax())).unwrap_or_default();
    let mut definition = Definition::default();
    let constraints: Vec<_> = add.constraints().collect();
    take_column(&mut definition, column.clone(), ty, &constraints);
    let Some(new) = definition.columns.pop() else { return Vec::new() };
    let primary = !definition.primary_key().is_empty();
    let mut found = vec![Change::AddColumn {
        table: table.clone(),
        column: column.clone(),
        ty: new.ty,
        if_not_exists: add.if_not_exists().is_some(),
        not_null: new.not_null || primary,
        default: new.default,
        filled: new.filled,
    }];
    for it in &constraints {
        if !matches!(it, Constraint::NotNullConstraint(_)) {
            found.extend(constraint(table, &column, it));
        }
    }
    found
}

fn altered(table: TableName, alter: &ast::AlterColumn) -> Option<Change> {
    let column = name(alter.column_name_ref()?.syntax());
    match alter.option()? {
        ast::AlterColumnOption::SetNotNull(_) => Some(Change::SetNotNull { table, column }),
        ast::AlterColumnOption::SetType(it) => Some(Change::AlterType {
            table,
            column,
            to: text(it.ty()?.syntax()),
            using: it.using_expr().and_then(|it| it.expr()).map(|it| text(it.syntax())),
        }),
        _ => None,
    }
}

/// A constraint that is added; `column` is the column that it stands at, if it does.
fn constraint(table: &TableName, column: &str, constraint: &Constraint) -> Vec<Change> {
    let table = table.clone();
    let name_given = constraint.constraint_name().map(|it| name(it.syntax()));
    let not_valid = constraint.is_not_valid();
    let change = match constraint {
        Constraint::CheckConstraint(it) => it.expr().map(|expr| Change::AddCheck {
            table,
            name: name_given,
            expression: text(expr.syntax()),
            not_valid,
        }),
        Constraint::ForeignKeyConstraint(_) | Constraint::ReferencesConstraint(_) => {
            foreign_key(constraint, column).map(|key| Change::AddForeignKey {
                table,
                key,
                name: name_given,
                not_valid,
            })
        }
        Constraint::UniqueConstraint(_) | Constraint::PrimaryKeyConstraint(_) => {
            let columns = match column {
                "" => key_columns(constraint.syntax()),
                column => vec![column.to_owned()],
            };
            let using =
                constraint.syntax().descendants().any(|it| ast::UsingIndexName::cast(it).is_some());
            Some(Change::AddUnique {
                table,
                columns: columns.iter().map(|column| quoted(column)).collect(),
                predicate: None,
                nulls_not_distinct: nulls_not_distinct(constraint.syntax()),
                primary: matches!(constraint, Constraint::PrimaryKeyConstraint(_)),
                using_index: using,
            })
        }
        Constraint::NotNullConstraint(it) => it
            .column_name_ref()
            .filter(|_| !not_valid)
            .map(|it| Change::SetNotNull { table, column: name(it.syntax()) }),
        _ => None,
    };
    change.into_iter().collect()
}

fn foreign_key(constraint: &Constraint, column: &str) -> Option<ForeignKey> {
    match constraint {
        Constraint::ForeignKeyConstraint(it) => Some(ForeignKey {
            columns: columns_in(it.from_columns()?.syntax()),
            target: table_in(it.table_name_ref()?.syntax())?,
            target_columns: it.to_columns().map(|it| columns_in(it.syntax())).unwrap_or_default(),
        }),
        Constraint::ReferencesConstraint(it) => Some(ForeignKey {
            columns: vec![column.to_owned()],
            target: table_in(it.table()?.syntax())?,
            target_columns: it.column().map(|it| name(it.syntax())).into_iter().collect(),
        }),
        _ => None,
    }
}

pub(super) fn unique_index(index: &ast::CreateIndex) -> Option<Change> {
    index.unique_token()?;
    let items = index.partition_item_list()?;
    let columns = items.partition_items().filter_map(|item| {
        let expr = expression(&item.expr()?);
        Some(match item.collate() {
            Some(collate) => format!("{expr} {}", text(collate.syntax())),
            None => expr,
        })
    });
    Some(Change::AddUnique {
        table: table_in(index.table_relation_name()?.syntax())?,
        columns: columns.collect(),
        predicate: index.where_clause().and_then(|it| it.expr()).map(|it| text(it.syntax())),
        nulls_not_distinct: index
            .nulls_distinct_option()
            .is_some_and(|it| matches!(it, ast::NullsDistinctOption::NullsNotDistinct(_))),
        primary: false,
        using_index: false,
    })
}

/// The columns of a key, without those that it only includes.
fn key_columns(node: &SyntaxNode) -> Vec<String> {
    let list = node.descendants().find_map(ast::ConstraintColumnRefList::cast);
    list.map(|list| list.column_name_refs().map(|it| name(it.syntax())).collect())
        .unwrap_or_default()
}

fn nulls_not_distinct(node: &SyntaxNode) -> bool {
    node.descendants().any(|it| ast::NullsNotDistinct::cast(it).is_some())
}

/// Types that bring a sequence, whose next number is the default.
fn is_serial(ty: &str) -> bool {
    let ty = ty.to_lowercase();
    ["serial", "bigserial", "smallserial", "serial2", "serial4", "serial8"].contains(&ty.as_str())
}

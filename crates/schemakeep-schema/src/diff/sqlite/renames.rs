//! Renames: those that were asked for, and those that two schemas suggest.

use super::super::{Object, ObjectKind, Rename, Unwritable};
use super::table::without;
use crate::schema::sqlite::{Name, Schema, Table};

/// Statements that rename, and their way back.
#[derive(Clone, Debug, Default)]
pub(super) struct Renaming {
    pub(super) up: Vec<String>,
    pub(super) down: Vec<String>,
    /// Tables that get another name, by the old one.
    pub(super) tables: Vec<Name>,
}

/// Says how to rename, columns before their tables.
pub(super) fn renaming(
    from: &Schema,
    to: &Schema,
    renames: &[Rename],
) -> Result<Renaming, Unwritable> {
    let mut found = Renaming::default();
    let new_name = |table: &Name| {
        let is_it = |it: &&Rename| it.column.is_none() && Name::new(it.table.as_str()) == *table;
        renames.iter().find(is_it).map_or_else(|| table.clone(), |it| Name::new(it.to.as_str()))
    };
    for rename in renames {
        let (table, new) = (Name::new(rename.table.as_str()), Name::new(rename.to.as_str()));
        let Some(before) = from.tables.get(&table) else {
            return Err(wrong(rename, &format!("there is no table {}", table.as_str())));
        };
        let Some(column) = rename.column.as_deref().map(Name::new) else {
            continue;
        };
        let target = new_name(&table);
        let after = to.tables.get(&target);
        if !before.columns.contains_key(&column) {
            return Err(wrong(rename, &format!("{} has no such column", table.as_str())));
        }
        if before.columns.contains_key(&new) {
            return Err(wrong(rename, &format!("there is a column {} already", new.as_str())));
        }
        if !after
            .is_some_and(|it| it.columns.contains_key(&new) && !it.columns.contains_key(&column))
        {
            let why = format!(
                "the schema to be reached has no {}.{} in its place",
                target.as_str(),
                new.as_str()
            );
            return Err(wrong(rename, &why));
        }
        found.up.push(format!("ALTER TABLE {table} RENAME COLUMN {column} TO {new}"));
        found.down.push(format!("ALTER TABLE {table} RENAME COLUMN {new} TO {column}"));
    }
    for rename in in_order(from, to, renames)? {
        let (table, new) = (Name::new(rename.table.as_str()), Name::new(rename.to.as_str()));
        found.up.push(format!("ALTER TABLE {table} RENAME TO {new}"));
        found.down.push(format!("ALTER TABLE {new} RENAME TO {table}"));
        found.tables.push(table);
    }
    found.down.reverse();
    Ok(found)
}

/// The renames of tables, each when its new name is free.
fn in_order<'a>(
    from: &Schema,
    to: &Schema,
    renames: &'a [Rename],
) -> Result<Vec<&'a Rename>, Unwritable> {
    let mut names: Vec<Name> = from
        .tables
        .keys()
        .chain(from.virtual_tables.keys())
        .chain(from.views.keys())
        .cloned()
        .collect();
    let mut open: Vec<_> = renames.iter().filter(|it| it.column.is_none()).collect();
    let mut order = Vec::new();
    for rename in &open {
        if !to.tables.contains_key(&Name::new(rename.to.as_str())) {
            let why = format!("the schema to be reached has no table {}", rename.to);
            return Err(wrong(rename, &why));
        }
    }
    while let Some(first) = open.first().copied() {
        let free = open.iter().position(|it| !names.contains(&Name::new(it.to.as_str())));
        let Some(at) = free else {
            return Err(wrong(first, &format!("there is a {} already", first.to)));
        };
        let rename = open.remove(at);
        names.retain(|name| *name != Name::new(rename.table.as_str()));
        names.push(Name::new(rename.to.as_str()));
        order.push(rename);
    }
    Ok(order)
}

fn wrong(rename: &Rename, why: &str) -> Unwritable {
    let (kind, name) = match &rename.column {
        Some(column) => (ObjectKind::Column, format!("{}.{column}", rename.table)),
        None => (ObjectKind::Table, rename.table.clone()),
    };
    Unwritable {
        object: Object { kind, name },
        why: format!("it cannot be renamed to {}: {why}", rename.to),
    }
}

/// A schema in which no other table refers to one that gets another name.
pub(super) fn released(from: &Schema, tables: &[Name]) -> Schema {
    let mut schema = from.clone();
    for (name, table) in &mut schema.tables {
        super::plan::strip(table, |parent| parent != name && tables.contains(parent));
    }
    schema
}

/// See [`super::possible_renames`].
pub(super) fn possible(from: &Schema, to: &Schema) -> Vec<Rename> {
    let mut found = Vec::new();
    let mut new: Vec<_> =
        to.tables.iter().filter(|(name, _)| !from.tables.contains_key(*name)).collect();
    for (name, table) in from.tables.iter().filter(|(name, _)| !to.tables.contains_key(*name)) {
        let alike = |(_, other): &(&Name, &Table)| other.columns == table.columns;
        if let Some(at) = new.iter().position(alike) {
            let (to, _) = new.remove(at);
            found.push(rename(name, None, to));
        }
    }
    for (name, before) in &from.tables {
        let Some(after) = to.tables.get(name) else { continue };
        let mut new = without(after, before);
        for (column, definition) in without(before, after) {
            if let Some(at) = new.iter().position(|(_, other)| *other == definition) {
                let (to, _) = new.remove(at);
                found.push(rename(name, Some(column), to));
            }
        }
    }
    found
}

fn rename(table: &Name, column: Option<&Name>, to: &Name) -> Rename {
    Rename {
        table: table.as_str().to_owned(),
        column: column.map(|it| it.as_str().to_owned()),
        to: to.as_str().to_owned(),
    }
}

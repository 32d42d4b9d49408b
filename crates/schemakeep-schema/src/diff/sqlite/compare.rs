//! A schema as the list of what it consists of, and two such lists compared.

use std::collections::BTreeMap;

use super::super::{Difference, Object, ObjectKind};
use crate::schema::sqlite::{
    Column, Constraint, Index, Name, Rule, Schema, Sql, Table, Trigger, VirtualTable,
};

/// What identifies a part: its kind, its table where it has one, and its name there.
pub(super) type Key = (ObjectKind, Option<Name>, Name);

#[derive(Clone, Copy, Debug)]
pub(super) enum Part<'a> {
    Table(&'a Name, &'a Table),
    Virtual(&'a VirtualTable),
    Column(&'a Name, &'a Column),
    Constraint(&'a Constraint),
    Index(&'a Index),
    View(&'a Sql),
    Trigger(&'a Trigger),
}

impl Part<'_> {
    fn same(&self, other: &Part<'_>) -> bool {
        match (self, other) {
            // The rest of it is parts of its own.
            (Part::Table(_, one), Part::Table(_, two)) => {
                (one.strict, one.without_rowid, &one.opaque)
                    == (two.strict, two.without_rowid, &two.opaque)
            }
            (Part::Virtual(one), Part::Virtual(two)) => one == two,
            (Part::Column(_, one), Part::Column(_, two)) => one == two,
            (Part::Constraint(one), Part::Constraint(two)) => one == two,
            (Part::Index(one), Part::Index(two)) => one == two,
            (Part::View(one), Part::View(two)) => one == two,
            (Part::Trigger(one), Part::Trigger(two)) => one == two,
            _ => false,
        }
    }

    /// Its definition in SQL.
    fn text(&self) -> String {
        match self {
            Part::Table(name, table) => table.create(name),
            Part::Virtual(table) => table.statement.0.clone(),
            Part::Column(name, column) => column.declare(name, None),
            Part::Constraint(constraint) => constraint.to_string(),
            Part::Index(index) => index.statement.0.clone(),
            Part::View(view) => view.text().to_owned(),
            Part::Trigger(trigger) => trigger.definition.text().to_owned(),
        }
    }
}

/// Everything in a schema.
pub(super) fn parts(schema: &Schema) -> BTreeMap<Key, Part<'_>> {
    let mut found = BTreeMap::new();
    for (name, table) in &schema.tables {
        found.insert((ObjectKind::Table, None, name.clone()), Part::Table(name, table));
        let own = Some(name.clone());
        for (column_name, column) in &table.columns {
            let key = (ObjectKind::Column, own.clone(), column_name.clone());
            found.insert(key, Part::Column(column_name, column));
        }
        for constraint in &table.constraints {
            let mut key = constraint_key(name, constraint);
            if found.contains_key(&key) {
                // SQLite lets two have one name.
                key.2 = Name::new(constraint.to_string());
            }
            found.insert(key, Part::Constraint(constraint));
        }
        for (index_name, index) in &table.indexes {
            let key = (ObjectKind::Index, own.clone(), index_name.clone());
            found.insert(key, Part::Index(index));
        }
    }
    for (name, table) in &schema.virtual_tables {
        found.insert((ObjectKind::Table, None, name.clone()), Part::Virtual(table));
    }
    for (name, view) in &schema.views {
        found.insert((ObjectKind::View, None, name.clone()), Part::View(view));
    }
    for (name, trigger) in &schema.triggers {
        let key = (ObjectKind::Trigger, Some(trigger.table.clone()), name.clone());
        found.insert(key, Part::Trigger(trigger));
    }
    found
}

pub(super) fn constraint_key(table: &Name, constraint: &Constraint) -> Key {
    let kind = match constraint.rule {
        Rule::PrimaryKey { .. } => ObjectKind::PrimaryKey,
        Rule::Unique(_) => ObjectKind::Unique,
        Rule::Check(_) => ObjectKind::Check,
        Rule::ForeignKey(_) => ObjectKind::ForeignKey,
    };
    let label = match (&constraint.name, kind) {
        // There is only one.
        (_, ObjectKind::PrimaryKey) => Name::new(""),
        (Some(name), _) => name.clone(),
        (None, _) => Name::new(constraint.rule.to_string()),
    };
    (kind, Some(table.clone()), label)
}

/// What a key and its part are called.
fn object(key: &Key, part: &Part<'_>) -> Object {
    let (kind, table, name) = key;
    let own = match part {
        Part::Constraint(constraint) => match &constraint.name {
            Some(name) => name.as_str().to_owned(),
            None => constraint.rule.to_string(),
        },
        _ => name.as_str().to_owned(),
    };
    let name = table.as_ref().map_or_else(|| own.clone(), |it| format!("{}.{own}", it.as_str()));
    Object { kind: *kind, name }
}

/// What differs, with the key of each.
pub(super) fn differing(expected: &Schema, found: &Schema) -> Vec<(Key, Difference)> {
    let (expected, found) = (parts(expected), parts(found));
    let mut differences = Vec::new();
    let keys = expected.keys().chain(found.keys().filter(|key| !expected.contains_key(*key)));
    for key in keys {
        let (wanted, there) = (expected.get(key), found.get(key));
        let is_same = matches!((wanted, there), (Some(one), Some(two)) if one.same(two));
        let Some(named) = wanted.or(there).filter(|_| !is_same) else { continue };
        let owner = key.1.as_ref().map(|table| (ObjectKind::Table, None, table.clone()));
        let alone =
            owner.is_none_or(|owner| expected.contains_key(&owner) == found.contains_key(&owner));
        if alone {
            let difference = Difference {
                object: object(key, named),
                expected: wanted.map(Part::text),
                found: there.map(Part::text),
            };
            differences.push((key.clone(), difference));
        }
    }
    differences.sort_by(|(_, one), (_, two)| one.object.cmp(&two.object));
    differences
}

pub(super) fn compare(expected: &Schema, found: &Schema) -> Vec<Difference> {
    differing(expected, found).into_iter().map(|(_, difference)| difference).collect()
}

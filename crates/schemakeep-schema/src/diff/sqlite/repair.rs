//! One difference ended, and nothing else changed.

use super::super::{Difference, Fix, ObjectKind, Running};
use super::compare::{Key, constraint_key, differing};
use super::plan::write;
use crate::schema::sqlite::{Aside, Name, Schema, Table};
use schemakeep_files::files::Direction;

/// See [`super::fix`].
pub(super) fn fix(expected: &Schema, found: &Schema, difference: &Difference) -> Fix {
    let all = differing(expected, found);
    let Some((key, _)) = all.iter().find(|(_, other)| other.object == difference.object) else {
        return Fix::default();
    };
    Fix {
        database: statements(found, &like(found, expected, key)),
        migration: statements(expected, &like(expected, found, key)),
    }
}

fn statements(from: &Schema, to: &Schema) -> Vec<String> {
    match write(from, to, Direction::Up) {
        Ok(script) => {
            let mut statements = script.statements;
            if script.running == Running::Rebuild
                && let Some(first) = statements.first_mut()
            {
                first.insert_str(
                    0,
                    "-- With foreign keys off, and PRAGMA foreign_key_check before the commit.\n",
                );
            }
            statements
        }
        Err(error) => vec![format!("-- Not to be fixed by statements: {error}")],
    }
}

/// A schema in which one part is as in another.
fn like(schema: &Schema, model: &Schema, key: &Key) -> Schema {
    let mut schema = schema.clone();
    let (kind, table, name) = key;
    match (kind, table) {
        (ObjectKind::Table, _) => table_like(&mut schema, model, name),
        (ObjectKind::View, _) => put(&mut schema.views, &model.views, name),
        (ObjectKind::Trigger, _) => put(&mut schema.triggers, &model.triggers, name),
        (_, Some(table)) => {
            if let Some(own) = schema.tables.get_mut(table)
                && let Some(model) = model.tables.get(table)
            {
                part_like(own, model, table, key);
            }
        }
        _ => {}
    }
    schema
}

fn put<T: Clone>(
    own: &mut std::collections::BTreeMap<Name, T>,
    model: &std::collections::BTreeMap<Name, T>,
    name: &Name,
) {
    match model.get(name) {
        Some(wanted) => drop(own.insert(name.clone(), wanted.clone())),
        None => drop(own.remove(name)),
    }
}

fn table_like(schema: &mut Schema, model: &Schema, name: &Name) {
    let is_own = schema.tables.contains_key(name) || schema.virtual_tables.contains_key(name);
    match (schema.tables.get_mut(name), model.tables.get(name)) {
        (Some(own), Some(wanted)) => {
            if own.opaque.is_some() || wanted.opaque.is_some() {
                *own = wanted.clone();
            } else {
                (own.strict, own.without_rowid) = (wanted.strict, wanted.without_rowid);
                own.statement = Aside(None);
            }
        }
        _ => put(&mut schema.tables, &model.tables, name),
    }
    put(&mut schema.virtual_tables, &model.virtual_tables, name);
    let is_wanted = model.tables.contains_key(name) || model.virtual_tables.contains_key(name);
    if is_own != is_wanted {
        // What belongs to a table comes and goes with it.
        schema.triggers.retain(|_, trigger| trigger.table != *name);
        let its = model.triggers.iter().filter(|(_, trigger)| trigger.table == *name);
        schema.triggers.extend(its.map(|(name, trigger)| (name.clone(), trigger.clone())));
    }
}

fn part_like(own: &mut Table, model: &Table, table: &Name, key: &Key) {
    let (kind, _, name) = key;
    match kind {
        ObjectKind::Index => put(&mut own.indexes, &model.indexes, name),
        ObjectKind::Column => {
            own.statement = Aside(None);
            let is_new = !own.columns.contains_key(name);
            put(&mut own.columns, &model.columns, name);
            if !model.columns.contains_key(name) {
                own.order.0.retain(|other| other != name);
                // What stands on it cannot stay.
                own.constraints.retain(|constraint| !constraint.mentions(name));
                own.indexes.retain(|_, index| !index.mentions(name));
            } else if is_new {
                own.order.0.push(name.clone());
            }
        }
        _ => {
            own.statement = Aside(None);
            own.constraints.retain(|constraint| constraint_key(table, constraint) != *key);
            let wanted = model.constraints.iter();
            let wanted = wanted.filter(|constraint| constraint_key(table, constraint) == *key);
            own.constraints.extend(wanted.cloned());
        }
    }
}

//! What would end one difference: the draft from a schema to the same one with that one thing from the other.

use std::collections::BTreeMap;

use super::draft::draft;
use super::prune::prune;
use crate::diff::{Difference, Fix, Object, ObjectKind};
use crate::schema::postgres::Schema;

/// See [`crate::diff::fix`].
pub(in crate::diff) fn fix(expected: &Schema, found: &Schema, difference: &Difference) -> Fix {
    Fix {
        database: statements(found, expected, &difference.object),
        migration: statements(expected, found, &difference.object),
    }
}

/// What makes one thing in a schema like that of another one. Where nothing can be written, the reason.
fn statements(from: &Schema, to: &Schema, object: &Object) -> Vec<String> {
    let mut wanted = from.clone();
    graft(&mut wanted, to, object);
    match draft(from, &wanted, &[]) {
        Ok(draft) => draft.steps.into_iter().flat_map(|step| step.up.statements).collect(),
        Err(unwritable) => vec![format!("-- {unwritable}")],
    }
}

fn graft(onto: &mut Schema, of: &Schema, object: &Object) {
    let name = object.name.as_str();
    match object.kind {
        ObjectKind::Enum => take(&mut onto.enums, &of.enums, name),
        ObjectKind::Domain => take(&mut onto.domains, &of.domains, name),
        ObjectKind::Sequence => take(&mut onto.sequences, &of.sequences, name),
        ObjectKind::Function => take(&mut onto.functions, &of.functions, name),
        ObjectKind::Table => take(&mut onto.tables, &of.tables, name),
        ObjectKind::View => take(&mut onto.views, &of.views, name),
        kind => within(onto, of, kind, name),
    }
    prune(onto);
}

fn take<T: Clone>(onto: &mut BTreeMap<String, T>, of: &BTreeMap<String, T>, name: &str) {
    match of.get(name) {
        Some(thing) => onto.insert(name.to_owned(), thing.clone()),
        None => onto.remove(name),
    };
}

/// The same for what belongs to a table or a view.
fn within(onto: &mut Schema, of: &Schema, kind: ObjectKind, name: &str) {
    for (table, known) in &of.tables {
        let Some(part) = part(table, name) else { continue };
        let Some(table) = onto.tables.get_mut(table) else { continue };
        match kind {
            ObjectKind::Column => take(&mut table.columns, &known.columns, part),
            ObjectKind::Index => take(&mut table.indexes, &known.indexes, part),
            ObjectKind::Trigger => take(&mut table.triggers, &known.triggers, part),
            _ => take(&mut table.constraints, &known.constraints, part),
        }
    }
    for (view, known) in &of.views {
        let Some(part) = part(view, name) else { continue };
        let Some(view) = onto.views.get_mut(view) else { continue };
        if kind == ObjectKind::Index {
            take(&mut view.indexes, &known.indexes, part);
        } else {
            take(&mut view.triggers, &known.triggers, part);
        }
    }
}

/// What follows the name of the table.
fn part<'a>(table: &str, name: &'a str) -> Option<&'a str> {
    name.strip_prefix(table)?.strip_prefix('.')
}

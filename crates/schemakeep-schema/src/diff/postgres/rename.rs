//! Renames: those that two schemas suggest.

use std::collections::BTreeMap;

use super::compare::both;
use crate::diff::Rename;
use crate::schema::postgres::{Column, Schema, Table};

/// See [`crate::diff::possible_renames`].
pub(in crate::diff) fn possible_renames(from: &Schema, to: &Schema) -> Vec<Rename> {
    let mut found = Vec::new();
    for (name, new) in pairs(&from.tables, &to.tables, alike) {
        found.push(Rename { table: name.clone(), column: None, to: new.clone() });
    }
    for (table, one, other) in both(&from.tables, &to.tables) {
        let Some((one, other)) = one.zip(other) else { continue };
        let same = |one: &Column, other: &Column| {
            (&one.ty, &one.collation, one.not_null) == (&other.ty, &other.collation, other.not_null)
        };
        for (name, new) in pairs(&one.columns, &other.columns, same) {
            let column = Some(name.clone());
            found.push(Rename { table: table.clone(), column, to: new.clone() });
        }
    }
    found
}

/// Whether two tables have the same columns.
fn alike(one: &Table, other: &Table) -> bool {
    let shape = |table: &Table| -> Vec<(String, String, bool)> {
        let columns = table.columns.iter();
        columns.map(|(name, it)| (name.clone(), it.ty.clone(), it.not_null)).collect()
    };
    shape(one) == shape(other)
}

/// What goes with what comes, each once.
fn pairs<'a, T>(
    from: &'a BTreeMap<String, T>,
    to: &'a BTreeMap<String, T>,
    alike: impl Fn(&T, &T) -> bool,
) -> Vec<(&'a String, &'a String)> {
    let mut new: Vec<_> = to.iter().filter(|(name, _)| !from.contains_key(*name)).collect();
    let mut found = Vec::new();
    for (name, it) in from.iter().filter(|(name, _)| !to.contains_key(*name)) {
        if let Some(at) = new.iter().position(|(_, other)| alike(it, other)) {
            found.push((name, new.remove(at).0));
        }
    }
    found
}

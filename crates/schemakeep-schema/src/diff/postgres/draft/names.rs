//! Names: those that are given, and those that stand in the way.

use std::collections::BTreeMap;

use super::Drafting;
use crate::diff::Unwritable;
use crate::diff::postgres::prune::prune;
use crate::schema::postgres::{ConstraintKind, Schema, Value};

/// The longest that PostgreSQL takes, in bytes.
const NAME_BYTES_MAX: usize = 63;

/// A name of its own for something that does not stay, out of other names.
pub(super) fn passing(base: &str, suffix: &str) -> String {
    let room = NAME_BYTES_MAX - suffix.len() - 1;
    let mut end = base.len().min(room);
    while !base.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{suffix}", &base[..end])
}

/// What every name of a relation or type stands for. A key and an index of one table may take each other's place.
fn meanings(schema: &Schema) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut put = |name: &String, what: &str, of: &str| {
        found.insert(name.clone(), format!("{what} {of}"));
    };
    for (table, it) in &schema.tables {
        put(table, "table", "");
        it.indexes.keys().for_each(|name| put(name, "index", table));
        let keys = it.constraints.iter().filter(|(_, it)| {
            !matches!(it.kind, ConstraintKind::Check | ConstraintKind::ForeignKey)
        });
        keys.for_each(|(name, _)| put(name, "index", table));
    }
    for (view, it) in &schema.views {
        put(view, "view", if it.materialised { "materialised" } else { "" });
        it.indexes.keys().for_each(|name| put(name, "index", view));
    }
    schema.sequences.keys().for_each(|name| put(name, "sequence", ""));
    schema.enums.keys().for_each(|name| put(name, "enum", ""));
    schema.domains.keys().for_each(|name| put(name, "domain", ""));
    found
}

impl Drafting {
    /// Drops first what has a name that something else is to have.
    pub(super) fn clear_names(&mut self, to: &Schema) -> Result<(), Unwritable> {
        let wanted = meanings(to);
        let is_other = |(name, what): &(&String, &String)| {
            wanted.get(*name).is_some_and(|wanted| wanted != *what)
        };
        let now = meanings(&self.now);
        let others: Vec<&String> = now.iter().filter(is_other).map(|(name, _)| name).collect();
        if others.is_empty() {
            return Ok(());
        }
        let mut without = self.now.clone();
        for name in others {
            without.tables.remove(name);
            without.views.remove(name);
            without.sequences.remove(name);
            without.enums.remove(name);
            without.domains.remove(name);
            for table in without.tables.values_mut() {
                table.indexes.remove(name);
                table.constraints.remove(name);
            }
            for view in without.views.values_mut() {
                view.indexes.remove(name);
            }
        }
        prune(&mut without);
        self.advance(&without)
    }

    /// Whether a table, view, index or sequence has this name.
    pub(super) fn is_taken(&self, name: &str) -> bool {
        let now = &self.now;
        let of_table = now
            .tables
            .values()
            .any(|table| table.indexes.contains_key(name) || table.constraints.contains_key(name));
        let inside = now.tables.values().flat_map(|table| table.columns.values()).any(|column| {
            matches!(&column.value, Value::Serial { sequence, .. } | Value::Identity { sequence, .. } if sequence.0 == name)
        });
        let of_view = now.views.values().any(|view| view.indexes.contains_key(name));
        of_table
            || inside
            || of_view
            || now.tables.contains_key(name)
            || now.views.contains_key(name)
            || now.sequences.contains_key(name)
    }

    /// A name that is free, this one if it is.
    pub(super) fn free_or(&self, name: &str) -> String {
        if self.is_taken(name) { self.free(name, "new") } else { name.to_owned() }
    }

    /// A name of its own that is free.
    pub(super) fn free(&self, base: &str, suffix: &str) -> String {
        let first = passing(base, suffix);
        if !self.is_taken(&first) {
            return first;
        }
        let numbered = (2..).map(|number| passing(base, &format!("{suffix}{number}")));
        let mut free = numbered.filter(|name| !self.is_taken(name));
        // The range has no end, and only so many names are taken.
        free.next().unwrap_or(first)
    }
}

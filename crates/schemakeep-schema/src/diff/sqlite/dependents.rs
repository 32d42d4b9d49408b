//! What hangs on what: foreign keys between tables, views and triggers on tables and on each other.

use std::collections::BTreeSet;

use crate::schema::sqlite::{Name, Schema, Sql};

/// Tables that go, if only for a moment, and columns that go.
#[derive(Clone, Debug, Default)]
pub(super) struct Touched {
    pub(super) tables: BTreeSet<Name>,
    /// Each with its table.
    pub(super) columns: BTreeSet<(Name, Name)>,
}

impl Touched {
    fn concerns(&self, definition: &Sql) -> bool {
        self.tables.iter().any(|table| definition.mentions(table))
            || self
                .columns
                .iter()
                .any(|(table, column)| definition.mentions(table) && definition.mentions(column))
    }

    /// Whether a table other than this one goes that the definition mentions.
    pub(super) fn mentions_another(&self, definition: &Sql, own: &Name) -> bool {
        self.tables.iter().any(|table| table != own && definition.mentions(table))
    }
}

/// Views that go, change, or look at what goes; each before those it looks at.
pub(super) fn views_to_drop<'a>(from: &'a Schema, to: &Schema, touched: &Touched) -> Vec<&'a Name> {
    let mut found: BTreeSet<&Name> = BTreeSet::new();
    loop {
        let more: Vec<_> = from
            .views
            .iter()
            .filter(|(name, _)| !found.contains(*name))
            .filter(|(name, view)| {
                to.views.get(*name) != Some(*view)
                    || touched.concerns(view)
                    || found.iter().any(|other| view.mentions(other))
            })
            .map(|(name, _)| name)
            .collect();
        if more.is_empty() {
            break;
        }
        found.extend(more);
    }
    let mut order = views_in_order(from);
    order.retain(|name| found.contains(name));
    order.reverse();
    order
}

/// Triggers that go, change, or use what goes.
pub(super) fn triggers_to_drop<'a>(
    from: &'a Schema,
    to: &Schema,
    touched: &Touched,
) -> Vec<&'a Name> {
    let views = views_to_drop(from, to, touched);
    let goes = |(name, trigger): &(&Name, &crate::schema::sqlite::Trigger)| {
        to.triggers.get(*name) != Some(*trigger)
            || touched.tables.contains(&trigger.table)
            || touched.concerns(&trigger.definition)
            || views.iter().any(|view| trigger.definition.mentions(view))
    };
    from.triggers.iter().filter(goes).map(|(name, _)| name).collect()
}

/// All views, each after those it looks at.
pub(super) fn views_in_order(schema: &Schema) -> Vec<&Name> {
    let mut order: Vec<&Name> = Vec::new();
    while order.len() < schema.views.len() {
        let open: Vec<_> = schema.views.iter().filter(|(name, _)| !order.contains(name)).collect();
        let is_ready = |(name, view): &&(&Name, &Sql)| {
            !open.iter().any(|(other, _)| other != name && view.mentions(other))
        };
        let ready: Vec<_> = open.iter().filter(is_ready).map(|(name, _)| *name).collect();
        // A ring of views cannot be read anyway.
        order.extend(if ready.is_empty() {
            open.iter().map(|(name, _)| *name).collect()
        } else {
            ready
        });
    }
    order
}

/// The tables of these that a table refers to, itself left out.
fn parents<'a>(schema: &'a Schema, table: &Name, among: &'a [&'a Name]) -> Vec<&'a Name> {
    let Some(definition) = schema.tables.get(table) else { return Vec::new() };
    let referred: BTreeSet<_> = definition.foreign_keys().map(|key| &key.table).collect();
    among.iter().copied().filter(|it| *it != table && referred.contains(it)).collect()
}

/// These tables, each after those it refers to as far as there is no ring.
pub(super) fn parents_first<'a>(schema: &Schema, names: &[&'a Name]) -> Vec<&'a Name> {
    let mut order: Vec<&Name> = Vec::new();
    let mut open: Vec<&Name> = names.to_vec();
    while !open.is_empty() {
        let (ready, rest): (Vec<_>, Vec<_>) =
            open.iter().partition(|name| parents(schema, name, &open).is_empty());
        if ready.is_empty() {
            order.extend(rest);
            break;
        }
        order.extend(ready);
        open = rest;
    }
    order
}

/// Those of these tables that refer to each other in a ring, or to such a ring.
pub(super) fn ringed(schema: &Schema, names: &BTreeSet<Name>) -> BTreeSet<Name> {
    let mut open: Vec<&Name> = names.iter().collect();
    loop {
        let rest: Vec<_> =
            open.iter().copied().filter(|name| !parents(schema, name, &open).is_empty()).collect();
        if rest.len() == open.len() {
            return rest.into_iter().cloned().collect();
        }
        open = rest;
    }
}

/// The tables that other tables refer to, and who does.
pub(super) fn references(schema: &Schema) -> BTreeSet<(Name, Name)> {
    let all = schema.tables.iter().flat_map(|(child, table)| {
        table.foreign_keys().map(|key| (key.table.clone(), child.clone()))
    });
    all.filter(|(parent, child)| parent != child).collect()
}

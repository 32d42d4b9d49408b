//! A schema out of which something was taken, made whole: what hung on it goes too.

use crate::schema::postgres::Schema;

/// Takes away what speaks of tables and columns that are not there.
pub(super) fn prune(schema: &mut Schema) {
    loop {
        let before = schema.clone();
        once(schema);
        if *schema == before {
            return;
        }
    }
}

fn once(schema: &mut Schema) {
    let known = schema.clone();
    let has = |table: &str, column: &str| {
        known.tables.get(table).is_some_and(|table| table.columns.contains_key(column))
    };
    for (name, table) in &mut schema.tables {
        table.constraints.retain(|_, it| {
            let target = it.target.as_ref();
            let target = target.is_none_or(|it| it.columns.iter().all(|of| has(&it.table, of)));
            target && it.columns.iter().all(|column| has(name, column))
        });
        table.indexes.retain(|_, it| it.columns.iter().all(|column| has(name, column)));
    }
    schema.views.retain(|_, view| {
        view.uses.0.iter().all(|(name, column)| match column {
            Some(column) if known.tables.contains_key(name) => has(name, column),
            _ => known.tables.contains_key(name) || known.views.contains_key(name),
        })
    });
    for sequence in schema.sequences.values_mut() {
        sequence.owner.take_if(|(table, column)| !has(table, column));
    }
}

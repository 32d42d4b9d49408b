//! The migrations from one schema to another, in their safe forms.

mod cast;
mod change;
mod columns;
mod constraints;
mod cutover;
mod drop;
mod functions;
mod indexes;
mod names;
mod renames;
mod sequences;
mod shadow_column;
mod tables;
mod types;
mod views;
mod widen;

use self::change::Change;
use self::functions::Round;
use super::compare::compare;
use super::rename;
use crate::diff::{Draft, Object, ObjectKind, Rename, Unwritable};
use crate::schema::postgres::Schema;

/// See [`crate::diff::draft`].
pub(in crate::diff) fn draft(
    from: &Schema,
    to: &Schema,
    renames: &[Rename],
) -> Result<Draft, Unwritable> {
    refuse_special(from, to)?;
    let mut drafting = Drafting { now: from.clone(), changes: Vec::new(), warnings: Vec::new() };
    drafting.rename_given(to, renames)?;
    drafting.warn_of_renames(to);
    drafting.rename_parts(to);
    drafting.clear_names(to)?;
    drafting.clear_types(to)?;
    drafting.advance(to)?;
    if let Some(left) = compare(to, &drafting.now).into_iter().next() {
        return Err(unwritable(
            left.object.kind,
            &left.object.name,
            "no way to it is known; write this migration by hand",
        ));
    }
    Ok(Draft { steps: change::steps(drafting.changes), warnings: drafting.warnings })
}

fn unwritable(kind: ObjectKind, name: &str, why: impl Into<String>) -> Unwritable {
    Unwritable { object: Object { kind, name: name.to_owned() }, why: why.into() }
}

fn refuse_special(from: &Schema, to: &Schema) -> Result<(), Unwritable> {
    let names = from.tables.keys().chain(to.tables.keys());
    for name in names {
        let (one, other) = (from.tables.get(name), to.tables.get(name));
        let special = [one, other].into_iter().flatten().find_map(|it| it.special.as_ref());
        if let Some(special) = special.filter(|_| one != other) {
            let why = format!("{special}, which no migration is written for; write it by hand");
            return Err(unwritable(ObjectKind::Table, name, why));
        }
    }
    Ok(())
}

/// A draft on its way: the schema after what is written so far.
struct Drafting {
    now: Schema,
    changes: Vec<Change>,
    warnings: Vec<String>,
}

impl Drafting {
    fn push(&mut self, change: Change) {
        self.changes.push(change);
    }

    fn warn(&mut self, warning: impl Into<String>) {
        self.warnings.push(warning.into());
    }

    fn warn_of_renames(&mut self, to: &Schema) {
        for rename in rename::possible_renames(&self.now, to) {
            let Rename { table, column, to } = rename;
            let (what, old) = match &column {
                Some(column) => ("column", format!("{table}.{column}")),
                None => ("table", table),
            };
            self.warn(format!(
                "{what} {old} is dropped with what is in it and {to} recreated; if that is a rename, give --rename {old}={to}"
            ));
        }
    }

    /// Everything but renames.
    fn advance(&mut self, to: &Schema) -> Result<(), Unwritable> {
        self.make_types(to)?;
        self.make_sequences(to);
        self.make_functions(to, Round::Early);
        self.make_tables(to);
        self.change_columns(to)?;
        self.make_functions(to, Round::Late);
        self.swap_columns(to)?;
        self.make_not_null(to);
        self.rename_parts(to);
        self.make_indexes(to)?;
        self.make_constraints(to)?;
        self.own_sequences(to);
        self.drop_functions(to, false);
        self.replace_views(to)?;
        self.make_functions(to, Round::Last);
        self.replace_triggers(to);
        self.drop_functions(to, false);
        self.drop_constraints(to);
        self.drop_indexes(to);
        self.drop_columns(to);
        self.drop_tables(to);
        self.drop_rest(to);
        Ok(())
    }
}

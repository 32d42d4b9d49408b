//! One file that leads from one schema to another, whatever they are: what hangs on a table goes before it changes,
//! and is made again after.

use std::collections::{BTreeMap, BTreeSet};

use super::super::{Running, Script, Unwritable};
use super::dependents::{self, Touched};
use super::table::{Form, form, rebuild, without};
use super::virtual_table;
use crate::schema::sqlite::{Index, Name, Schema, Table};
use schemakeep_files::files::Direction;

/// Writes it. `rebuilding`: no table is changed in place.
pub(super) fn script(
    from: &Schema,
    to: &Schema,
    way: Direction,
    rebuilding: bool,
) -> Result<Script, Unwritable> {
    let mut writing = Writing::new(from, to, way, rebuilding);
    writing.take_off();
    writing.make_tables();
    writing.alter();
    writing.rebuild()?;
    writing.drop_tables();
    writing.put_on()?;
    let running = if writing.rebuilds() { Running::Rebuild } else { Running::Transaction };
    Ok(Script { running, statements: writing.statements })
}

struct Writing<'a> {
    from: &'a Schema,
    to: &'a Schema,
    way: Direction,
    statements: Vec<String>,
    /// Tables of both.
    kept: Vec<(&'a Name, &'a Table, &'a Table)>,
    /// What is done in place to which.
    altered: BTreeMap<&'a Name, Vec<String>>,
    rebuilt: BTreeSet<&'a Name>,
    /// What hangs on a table that goes for a moment.
    touched: Touched,
}

impl<'a> Writing<'a> {
    fn new(from: &'a Schema, to: &'a Schema, way: Direction, rebuilding: bool) -> Self {
        let kept: Vec<_> = from
            .tables
            .iter()
            .filter_map(|(name, before)| Some((name, before, to.tables.get(name)?)))
            .collect();
        let (mut altered, mut rebuilt) = (BTreeMap::new(), BTreeSet::new());
        let mut touched = Touched::default();
        for (name, before, after) in &kept {
            let form = form(name, before, after, way);
            match form {
                Form::InPlace(statements) if statements.is_empty() || !rebuilding => {
                    let gone = without(before, after).into_iter().map(|(column, _)| column.clone());
                    touched.columns.extend(gone.map(|column| ((*name).clone(), column)));
                    altered.insert(*name, statements);
                }
                _ => {
                    touched.tables.insert((*name).clone());
                    rebuilt.insert(*name);
                }
            }
        }
        let gone = from.tables.keys().filter(|name| !to.tables.contains_key(*name));
        touched.tables.extend(gone.cloned());
        let copied = virtual_table::copied(from, to);
        if !rebuilt.is_empty() || !copied.is_empty() {
            touched.tables.extend(virtual_table::changed(from, to));
        }
        Self { from, to, way, statements: Vec::new(), kept, altered, rebuilt, touched }
    }

    fn rebuilds(&self) -> bool {
        !self.rebuilt.is_empty() || !virtual_table::copied(self.from, self.to).is_empty()
    }

    fn say(&mut self, statement: impl Into<String>) {
        self.statements.push(statement.into());
    }

    /// Drops what hangs on tables and goes, or is in the way.
    fn take_off(&mut self) {
        let (from, to) = (self.from, self.to);
        for name in dependents::triggers_to_drop(from, to, &self.touched) {
            // It goes with its table, unless another one goes first.
            let trigger = &from.triggers[name];
            let alone = self.touched.tables.contains(&trigger.table)
                && !self.touched.mentions_another(&trigger.definition, &trigger.table);
            if !alone {
                self.say(format!("DROP TRIGGER {name}"));
            }
        }
        for name in dependents::views_to_drop(from, to, &self.touched) {
            self.say(format!("DROP VIEW {name}"));
        }
        for (table, before, after) in self.kept.clone() {
            if !self.rebuilt.contains(table) {
                for (name, _) in indexes_without(before, after) {
                    self.say(format!("DROP INDEX {name}"));
                }
            }
        }
        let drops = virtual_table::drops(from, to);
        self.statements.extend(drops);
    }

    fn make_tables(&mut self) {
        let new: Vec<_> =
            self.to.tables.keys().filter(|it| !self.from.tables.contains_key(*it)).collect();
        let lost = if self.way == Direction::Down {
            "-- Made empty: its rows went with it.\n"
        } else {
            ""
        };
        for name in dependents::parents_first(self.to, &new) {
            let table = &self.to.tables[name];
            self.say(format!("{lost}{}", table.create(name)));
        }
    }

    fn alter(&mut self) {
        for statements in std::mem::take(&mut self.altered).into_values() {
            self.statements.extend(statements);
        }
    }

    fn rebuild(&mut self) -> Result<(), Unwritable> {
        for (name, before, after) in self.kept.clone() {
            if self.rebuilt.contains(name) {
                let beside = beside(name, self.from, self.to);
                self.statements.extend(rebuild(name, &beside, before, after, self.way)?);
            }
        }
        Ok(())
    }

    fn drop_tables(&mut self) {
        let gone: Vec<_> =
            self.from.tables.keys().filter(|it| !self.to.tables.contains_key(*it)).collect();
        let lost = if self.way == Direction::Up { "-- Its rows are lost.\n" } else { "" };
        let mut order = dependents::parents_first(self.from, &gone);
        order.reverse();
        for name in order {
            self.say(format!("{lost}DROP TABLE {name}"));
        }
    }

    /// Makes what hangs on tables, or again.
    fn put_on(&mut self) -> Result<(), Unwritable> {
        let (from, to) = (self.from, self.to);
        let none = Table::default();
        for (name, after) in &to.tables {
            let before = from.tables.get(name).filter(|_| !self.rebuilt.contains(name));
            for (_, index) in indexes_without(after, before.unwrap_or(&none)) {
                self.say(index.statement.0.clone());
            }
        }
        let rebuilt: Vec<&Name> = self.rebuilt.iter().copied().collect();
        let made = virtual_table::makes(from, to, &rebuilt)?;
        self.statements.extend(made);
        let dropped = dependents::views_to_drop(from, to, &self.touched);
        for name in dependents::views_in_order(to) {
            if !from.views.contains_key(name) || dropped.contains(&name) {
                self.say(to.views[name].text());
            }
        }
        let dropped = dependents::triggers_to_drop(from, to, &self.touched);
        for (name, trigger) in &to.triggers {
            if !from.triggers.contains_key(name) || dropped.contains(&name) {
                self.say(trigger.definition.text());
            }
        }
        Ok(())
    }
}

/// The indexes of `one` that `other` has not, or has otherwise.
fn indexes_without<'a>(
    one: &'a Table,
    other: &'a Table,
) -> impl Iterator<Item = (&'a Name, &'a Index)> {
    one.indexes.iter().filter(|(name, index)| other.indexes.get(*name) != Some(*index))
}

/// A name for the new table, which nothing has.
pub(super) fn beside(name: &Name, from: &Schema, to: &Schema) -> Name {
    let is_taken = |name: &Name| {
        [from, to].into_iter().any(|schema| {
            schema.tables.contains_key(name)
                || schema.virtual_tables.contains_key(name)
                || schema.views.contains_key(name)
                || schema.tables.values().any(|table| table.indexes.contains_key(name))
        })
    };
    let mut new = Name::new(format!("{}_new", name.as_str()));
    while is_taken(&new) {
        new = Name::new(format!("{}_new", new.as_str()));
    }
    new
}

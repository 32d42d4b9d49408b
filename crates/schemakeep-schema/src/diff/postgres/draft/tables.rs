//! Tables that come and go.

use std::collections::BTreeMap;

use super::Drafting;
use super::change::Change;
use crate::diff::postgres::sql::{self, quoted};
use crate::schema::postgres::{Constraint, ConstraintKind, Schema, Table, mentions};

impl Drafting {
    /// Makes every new table in one file, with what it can have from the beginning; the others find it old.
    pub(super) fn make_tables(&mut self, to: &Schema) {
        let new: Vec<&String> =
            to.tables.keys().filter(|name| !self.now.tables.contains_key(*name)).collect();
        let (mut up, mut down, mut late) = (Vec::new(), Vec::new(), Vec::new());
        for name in in_order(&to.tables, &new) {
            let wanted = &to.tables[name];
            let mut made = Table { triggers: BTreeMap::new(), ..wanted.clone() };
            made.constraints.retain(|_, it| self.can_refer(name, it, wanted));
            up.extend(sql::create_table(name, wanted, |it| {
                made.constraints.values().any(|kept| kept == it)
            }));
            let left = wanted.constraints.iter();
            let left = left.filter(|(constraint, _)| !made.constraints.contains_key(*constraint));
            late.extend(left.map(|(constraint, it)| (name, constraint, it)));
            for (trigger, it) in &wanted.triggers {
                let known = !to.functions.contains_key(&it.function.0)
                    || self.now.functions.contains_key(&it.function.0);
                if known {
                    up.extend(sql::create_trigger(name, trigger, it));
                    made.triggers.insert(trigger.clone(), it.clone());
                }
            }
            down.insert(0, format!("DROP TABLE {}", quoted(name)));
            self.now.tables.insert(name.clone(), made);
        }
        // Those that refer to one another.
        for (table, name, it) in late {
            if self.is_key_of(it) && it.valid {
                up.push(sql::add_constraint(table, name, it));
                down.insert(0, sql::drop_constraint(table, name));
                self.put_constraint(table, name, it.clone());
            }
        }
        if !up.is_empty() {
            let name = match new.as_slice() {
                [one] => format!("create_{one}"),
                [first, ..] => format!("create_{first}_and_more"),
                [] => String::new(),
            };
            self.push(Change::new(name, up, down));
        }
    }

    /// Whether a new table may have a constraint from the beginning: what it refers to is there already.
    fn can_refer(&self, table: &str, it: &Constraint, itself: &Table) -> bool {
        let Some(target) = &it.target else { return true };
        if target.table != table {
            return self.is_key_of(it);
        }
        itself.constraints.values().any(|key| is_key(key, &target.columns))
    }

    /// Whether what a foreign key refers to is there.
    fn is_key_of(&self, it: &Constraint) -> bool {
        let Some(target) = &it.target else { return true };
        let Some(table) = self.now.tables.get(&target.table) else { return false };
        let by_index = table.indexes.values().any(|index| {
            index.unique && index.columns.iter().all(|column| target.columns.contains(column))
        });
        by_index || table.constraints.values().any(|key| is_key(key, &target.columns))
    }

    pub(super) fn put_constraint(&mut self, table: &str, name: &str, it: Constraint) {
        if let Some(table) = self.now.tables.get_mut(table) {
            table.constraints.insert(name.to_owned(), it);
        }
    }

    pub(super) fn drop_tables(&mut self, to: &Schema) {
        let gone: Vec<String> =
            self.now.tables.keys().filter(|name| !to.tables.contains_key(*name)).cloned().collect();
        for name in gone {
            let Some(table) = self.now.tables.remove(&name) else { continue };
            self.warn(format!("table {name} is dropped with all its rows"));
            let up = vec![format!("DROP TABLE {}", quoted(&name))];
            let mut down = sql::create_table(&name, &table, |_| true);
            let triggers = table.triggers.iter();
            down.extend(triggers.flat_map(|(trigger, it)| sql::create_trigger(&name, trigger, it)));
            if let Some(first) = down.first_mut() {
                first.insert_str(0, "-- The rows do not come back.\n");
            }
            let change = Change::new(format!("drop_{name}"), up, down).on(&name);
            self.push(change.alone().breaking());
        }
    }
}

/// Whether a foreign key may refer to these columns by the constraint.
pub(super) fn is_key(it: &Constraint, columns: &[String]) -> bool {
    let mut key = it.columns.iter().filter(|column| in_key(it, column));
    matches!(it.kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique)
        && key.all(|column| columns.contains(column))
        && columns.iter().all(|column| in_key(it, column))
}

/// Whether a key is made of a column, and does not only include it.
pub(super) fn in_key(it: &Constraint, column: &str) -> bool {
    let key = it.definition.split(" INCLUDE (").next().unwrap_or_default();
    it.columns.contains(column) && mentions(key, column)
}

/// Tables after those that they refer to, as far as that can be.
fn in_order<'a>(tables: &BTreeMap<String, Table>, names: &[&'a String]) -> Vec<&'a String> {
    let mut left: Vec<&String> = names.to_vec();
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let waits = |name: &String| {
            let targets = tables[name].constraints.values().filter_map(|it| it.target.as_ref());
            let mut targets = targets.filter(|target| target.table != *name);
            targets.any(|target| left.iter().any(|other| **other == target.table))
        };
        let at = left.iter().position(|name| !waits(name)).unwrap_or(0);
        ordered.push(left.remove(at));
    }
    ordered
}

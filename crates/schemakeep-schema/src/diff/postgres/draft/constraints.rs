//! Constraints of tables that stay.

use std::collections::BTreeMap;

use super::change::Change;
use super::tables::is_key;
use super::{Drafting, unwritable};
use crate::diff::postgres::compare::kind_of;
use crate::diff::postgres::sql::{self, quoted};
use crate::diff::{Running, Unwritable};
use crate::schema::postgres::{Constraint, ConstraintKind, Schema};

fn is_index(it: &Constraint) -> bool {
    matches!(it.kind, ConstraintKind::PrimaryKey | ConstraintKind::Unique)
}

impl Drafting {
    /// Gives constraints and indexes that only have another name that name.
    pub(super) fn rename_parts(&mut self, to: &Schema) {
        for (table, wanted) in &to.tables {
            let Some(now) = self.now.tables.get(table).cloned() else { continue };
            for (old, new) in renamed(&now.constraints, &wanted.constraints) {
                if is_index(&now.constraints[&old]) && self.is_taken(&new) {
                    continue;
                }
                let rename = |from: &str, to: &str| {
                    let (from, to) = (quoted(from), quoted(to));
                    vec![sql::alter(table, &format!("RENAME CONSTRAINT {from} TO {to}"))]
                };
                let (up, down) = (rename(&old, &new), rename(&new, &old));
                let change = Change::new(format!("rename_{old}"), up, down);
                self.push(change.on(table).breaking());
                let constraints = self.now.tables.get_mut(table).map(|it| &mut it.constraints);
                if let Some(constraints) = constraints
                    && let Some(it) = constraints.remove(&old)
                {
                    constraints.insert(new, it);
                }
            }
            for (old, new) in renamed(&now.indexes, &wanted.indexes) {
                if self.is_taken(&new) {
                    continue;
                }
                self.rename_index(table, &old, &new);
            }
        }
    }

    /// Makes what constraints are new or other than they should be, without reading a table under a lock.
    pub(super) fn make_constraints(&mut self, to: &Schema) -> Result<(), Unwritable> {
        for keys in [true, false] {
            for (table, wanted) in &to.tables {
                for (name, it) in &wanted.constraints {
                    if is_index(it) == keys {
                        self.make_constraint(table, name, it, &wanted.constraints)?;
                    }
                }
            }
        }
        let mut later = Vec::new();
        for (table, wanted) in &to.tables {
            for (name, wanted) in &wanted.constraints {
                let Some(now) = self.now.tables.get(table).and_then(|it| it.constraints.get(name))
                else {
                    continue;
                };
                if wanted.valid && !now.valid {
                    later.push((table, name, wanted));
                }
            }
        }
        for (table, name, wanted) in later {
            let change = validation(table, name, wanted);
            self.push(change);
            self.put_constraint(table, name, wanted.clone());
        }
        Ok(())
    }

    fn make_constraint(
        &mut self,
        table: &str,
        name: &str,
        wanted: &Constraint,
        kept: &BTreeMap<String, Constraint>,
    ) -> Result<(), Unwritable> {
        let Some(known) = self.now.tables.get(table) else { return Ok(()) };
        let old = known.constraints.get(name).cloned();
        let same = old.as_ref().is_some_and(|old| {
            Constraint { valid: wanted.valid, ..old.clone() } == *wanted
                && (old.valid == wanted.valid || wanted.valid)
        });
        if same {
            return Ok(());
        }
        if wanted.kind == ConstraintKind::Exclusion {
            let why = "an exclusion cannot be added without reading the table while nobody else can; \
                       write this migration by hand, with `-- allow: adding-unique-constraint` and the reason";
            return Err(unwritable(kind_of(wanted.kind), &format!("{table}.{name}"), why));
        }
        if is_index(wanted) {
            self.make_key(table, name, wanted, kept);
            return Ok(());
        }
        let made = Constraint { valid: false, ..wanted.clone() };
        let (mut up, mut down) = self.without(table, name, old);
        up.push(sql::add_constraint(table, name, &made));
        down.insert(0, sql::drop_constraint(table, name));
        let verb = if up.len() > 1 { "change" } else { "add" };
        let change = Change::new(format!("{verb}_{name}"), up, down).on(table).breaking();
        self.push(change);
        self.put_constraint(table, name, made);
        Ok(())
    }

    /// The statements that take a constraint away, those that hang on it first, and that bring all back.
    fn without(
        &mut self,
        table: &str,
        name: &str,
        old: Option<Constraint>,
    ) -> (Vec<String>, Vec<String>) {
        let (mut up, mut down) = (Vec::new(), Vec::new());
        let Some(old) = old else { return (up, down) };
        if is_index(&old) {
            for (other, foreign, it) in self.referring(table, &old) {
                up.push(sql::drop_constraint(&other, &foreign));
                down.insert(0, sql::add_constraint(&other, &foreign, &it));
                if let Some(other) = self.now.tables.get_mut(&other) {
                    other.constraints.remove(&foreign);
                }
            }
        }
        up.push(sql::drop_constraint(table, name));
        down.insert(0, sql::add_constraint(table, name, &old));
        if let Some(table) = self.now.tables.get_mut(table) {
            table.constraints.remove(name);
        }
        (up, down)
    }

    /// The foreign keys that refer to a key.
    pub(super) fn referring(
        &self,
        table: &str,
        key: &Constraint,
    ) -> Vec<(String, String, Constraint)> {
        let all =
            self.now.tables.iter().flat_map(|(other, it)| {
                it.constraints.iter().map(move |(name, it)| (other, name, it))
            });
        all.filter(|(_, _, it)| {
            let target = it.target.as_ref();
            target.is_some_and(|it| it.table == table && is_key(key, &it.columns))
        })
        .map(|(other, name, it)| (other.clone(), name.clone(), it.clone()))
        .collect()
    }

    /// Builds the index beside the readers and writers, then makes it the key.
    fn make_key(
        &mut self,
        table: &str,
        name: &str,
        wanted: &Constraint,
        kept: &BTreeMap<String, Constraint>,
    ) {
        let primary = wanted.kind == ConstraintKind::PrimaryKey;
        // A table has one primary key, whatever it is called; and a foreign key may hold on to another key of the same
        // columns, which could not go any more.
        let replaced = self.now.tables[table].constraints.iter().filter(|(other, it)| {
            let goes = is_index(it) && it.columns == wanted.columns && !kept.contains_key(*other);
            *other == name || goes || (primary && it.kind == ConstraintKind::PrimaryKey)
        });
        let replaced: Vec<(String, Constraint)> =
            replaced.map(|(name, it)| (name.clone(), it.clone())).collect();
        let index = sql::index_of_key(wanted);
        let there = self.now.tables[table].indexes.get(name) == Some(&index);
        let built =
            if there || !self.is_taken(name) { name.to_owned() } else { self.free(name, "new") };
        if !there {
            self.build_index(table, &built, &index);
        }
        let (mut up, mut down) = (Vec::new(), Vec::new());
        for (name, old) in replaced {
            let (away, back) = self.without(table, &name, Some(old));
            up.extend(away);
            down.splice(0..0, back);
        }
        up.push(sql::add_key(table, name, wanted, &built));
        down.insert(0, sql::drop_constraint(table, name));
        let back = if up.len() == 1 { Running::NoTransaction } else { Running::Transaction };
        // Dropping the key takes its index along.
        down.push(sql::create_index(table, &built, &index, back == Running::NoTransaction));
        let change = Change::new(format!("add_{name}"), up, down).on(table).alone().breaking();
        self.push(Change { back, ..change });
        if let Some(table) = self.now.tables.get_mut(table) {
            table.indexes.remove(&built);
            table.constraints.insert(name.to_owned(), wanted.clone());
        }
    }

    /// Drops constraints that are not wanted. Those of a column that goes go with it, but for foreign keys, and those
    /// of a table that goes too: their locks are on another table as well.
    pub(super) fn drop_constraints(&mut self, to: &Schema) {
        let mut gone = Vec::new();
        for (table, now) in &self.now.tables {
            let wanted = to.tables.get(table);
            for (name, it) in &now.constraints {
                let stays = match (wanted, &it.target) {
                    (Some(wanted), target) => {
                        let along = it.columns.iter().any(|it| !wanted.columns.contains_key(it));
                        wanted.constraints.contains_key(name) || (along && target.is_none())
                    }
                    (None, Some(target)) => target.table == *table,
                    (None, None) => true,
                };
                if !stays {
                    gone.push((it.target.is_none(), table.clone(), name.clone(), it.clone()));
                }
            }
        }
        // Foreign keys before what they refer to.
        gone.sort_by_key(|(last, ..)| *last);
        for (_, table, name, it) in gone {
            let up = vec![sql::drop_constraint(&table, &name)];
            let down = vec![sql::add_constraint(&table, &name, &it)];
            let mut change = Change::new(format!("drop_{name}"), up, down).on(&table);
            change.irreversible = lost(to, &table, &it);
            self.push(change);
            if let Some(table) = self.now.tables.get_mut(&table) {
                table.constraints.remove(&name);
            }
        }
    }
}

/// Why a foreign key that goes does not come back: its rows stay, and those that they refer to do not.
fn lost(to: &Schema, table: &str, it: &Constraint) -> Option<String> {
    let target = it.target.as_ref().filter(|target| !to.tables.contains_key(&target.table))?;
    let stays = to.tables.get(table)?;
    let referring = it.columns.iter().all(|column| stays.columns.contains_key(column));
    referring
        .then(|| format!("the rows of {} that {table} refers to do not come back", target.table))
}

/// What is the same under another name: the old one and the new one.
fn renamed<T: PartialEq>(
    now: &BTreeMap<String, T>,
    wanted: &BTreeMap<String, T>,
) -> Vec<(String, String)> {
    let mut new: Vec<_> = wanted.iter().filter(|(name, _)| !now.contains_key(*name)).collect();
    let mut pairs = Vec::new();
    for (name, it) in now.iter().filter(|(name, _)| !wanted.contains_key(*name)) {
        if let Some(at) = new.iter().position(|(_, other)| *other == it) {
            pairs.push((name.clone(), new.remove(at).0.clone()));
        }
    }
    pairs
}

/// `VALIDATE CONSTRAINT`, and back.
pub(super) fn validation(table: &str, name: &str, it: &Constraint) -> Change {
    let up = vec![sql::alter(table, &format!("VALIDATE CONSTRAINT {}", quoted(name)))];
    let not_valid = Constraint { valid: false, ..it.clone() };
    let down =
        vec![sql::drop_constraint(table, name), sql::add_constraint(table, name, &not_valid)];
    Change::new(format!("validate_{name}"), up, down).on(table).alone()
}

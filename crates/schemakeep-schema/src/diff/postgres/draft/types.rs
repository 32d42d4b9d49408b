//! Enumerated types, domains and sequences.

use super::cast::cast;
use super::change::Change;
use super::columns::default_of;
use super::{Drafting, unwritable};
use crate::diff::postgres::compare::both;
use crate::diff::postgres::prune::prune;
use crate::diff::postgres::sql::{self, literal, quoted};
use crate::diff::{ObjectKind, Unwritable};
use crate::schema::postgres::{Counting, Domain, Enum, Schema, Sequence, mentions};

/// The statements that add to a type what it lacks; none: something goes or changes its place.
pub(super) fn added_values(name: &str, old: &Enum, new: &Enum) -> Option<Vec<String>> {
    let kept: Vec<_> = new.labels.iter().filter(|label| old.labels.contains(label)).collect();
    if !kept.into_iter().eq(&old.labels) {
        return None;
    }
    let added = new.labels.iter().enumerate().filter(|(_, label)| !old.labels.contains(label));
    let statements = added.map(|(at, label)| {
        // Whatever is before a value is there already, and after the first ones come the old.
        let place = match at.checked_sub(1).and_then(|at| new.labels.get(at)) {
            Some(before) => format!(" AFTER {}", literal(before)),
            None => match old.labels.first() {
                Some(first) => format!(" BEFORE {}", literal(first)),
                None => String::new(),
            },
        };
        format!("ALTER TYPE {} ADD VALUE {}{place}", quoted(name), literal(label))
    });
    Some(statements.collect())
}

/// Domains after those that they are made of.
fn domains_in_order(to: &Schema) -> Vec<&String> {
    let mut left: Vec<&String> = to.domains.keys().collect();
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let waits = |name: &String| left.iter().any(|other| to.domains[name].ty == quoted(other));
        let at = left.iter().position(|name| !waits(name)).unwrap_or(0);
        ordered.push(left.remove(at));
    }
    ordered
}

impl Drafting {
    pub(super) fn make_types(&mut self, to: &Schema) -> Result<(), Unwritable> {
        for (name, wanted) in &to.enums {
            match self.now.enums.get(name).cloned() {
                None => {
                    let make = vec![sql::create_enum(name, wanted)];
                    let drop = vec![format!("DROP TYPE {}", quoted(name))];
                    self.push(Change::new(format!("create_{name}"), make, drop));
                }
                Some(old) if old == *wanted || self.needs_new_type(name, &old, wanted) => continue,
                Some(old) => self.change_enum(name, &old, wanted),
            }
            self.now.enums.insert(name.clone(), wanted.clone());
        }
        for name in domains_in_order(to) {
            let wanted = &to.domains[name];
            match self.now.domains.get(name).cloned() {
                None => {
                    let make = vec![sql::create_domain(name, wanted)];
                    let drop = vec![format!("DROP DOMAIN {}", quoted(name))];
                    self.push(Change::new(format!("create_{name}"), make, drop));
                }
                Some(old) if old == *wanted => continue,
                Some(old) => self.change_domain(name, &old, wanted)?,
            }
            self.now.domains.insert(name.clone(), wanted.clone());
        }
        Ok(())
    }

    /// Drops first what goes and has an enumerated type that is recreated: it needs no new type.
    pub(super) fn clear_types(&mut self, to: &Schema) -> Result<(), Unwritable> {
        let mut without = self.now.clone();
        for (name, wanted) in &to.enums {
            let Some(old) = self.now.enums.get(name).filter(|old| *old != wanted) else { continue };
            if !self.needs_new_type(name, old, wanted) {
                continue;
            }
            for (table, column) in self.columns_of_type(name) {
                let Some(wanted) = to.tables.get(&table) else {
                    without.tables.remove(&table);
                    continue;
                };
                if let Some(known) = without.tables.get_mut(&table)
                    && !wanted.columns.contains_key(&column)
                {
                    known.columns.remove(&column);
                    known.triggers.retain(|_, it| !mentions(&it.definition, &column));
                }
            }
        }
        if without == self.now {
            return Ok(());
        }
        prune(&mut without);
        self.advance(&without)
    }

    /// Whether columns have a type in which values go or change their order.
    pub(super) fn needs_new_type(&self, name: &str, old: &Enum, wanted: &Enum) -> bool {
        added_values(name, old, wanted).is_none() && !self.columns_of_type(name).is_empty()
    }

    pub(super) fn change_enum(&mut self, name: &str, old: &Enum, wanted: &Enum) {
        let Some(add) = added_values(name, old, wanted) else {
            let again =
                |it: &Enum| vec![format!("DROP TYPE {}", quoted(name)), sql::create_enum(name, it)];
            self.push(Change::new(format!("change_{name}"), again(wanted), again(old)).breaking());
            return;
        };
        let down = self.with_values(name, old);
        // A value can be used only after the transaction that adds it.
        self.push(Change::new(format!("add_values_to_{name}"), add, down).alone());
    }

    /// The columns of an enumerated type or a domain, or of arrays of it.
    pub(super) fn columns_of_type(&self, name: &str) -> Vec<(String, String)> {
        let (one, many) = (quoted(name), format!("{}[]", quoted(name)));
        let columns = self.now.tables.iter().flat_map(|(table, it)| {
            it.columns.iter().map(move |(column, it)| (table, column, &it.ty))
        });
        columns
            .filter(|(_, _, ty)| **ty == one || **ty == many)
            .map(|(table, column, _)| (table.clone(), column.clone()))
            .collect()
    }

    /// The statements that give a type these values only, and rewrite every table that uses it.
    fn with_values(&self, name: &str, wanted: &Enum) -> Vec<String> {
        let columns = self.columns_of_type(name);
        let passing = self.free(name, "old");
        let (drop, make) = self.around(&columns);
        let mut statements = vec![
            format!(
                "-- Fails where a row has a value that goes; rewrites the tables that use the type.\nALTER TYPE {} RENAME TO {}",
                quoted(name),
                quoted(&passing)
            ),
            sql::create_enum(name, wanted),
        ];
        statements.extend(drop);
        for (table, column) in &columns {
            let Some(known) = self.now.tables.get(table).and_then(|it| it.columns.get(column))
            else {
                continue;
            };
            let default = default_of(known);
            if default.is_some() {
                statements.push(sql::alter_column(table, column, "DROP DEFAULT"));
            }
            let cast = cast(column, "", &known.ty);
            statements.push(sql::alter_column(
                table,
                column,
                &format!("TYPE {} USING {cast}", known.ty),
            ));
            if let Some(default) = default {
                let action = format!("SET DEFAULT {default}");
                statements.push(sql::alter_column(table, column, &action));
            }
        }
        statements.extend(make);
        statements.push(format!("DROP TYPE {}", quoted(&passing)));
        statements
    }

    fn change_domain(
        &mut self,
        name: &str,
        old: &Domain,
        wanted: &Domain,
    ) -> Result<(), Unwritable> {
        if (&old.ty, &old.collation) != (&wanted.ty, &wanted.collation) {
            let why =
                "a domain cannot get another type; make a new one and write this migration by hand";
            return Err(unwritable(ObjectKind::Domain, name, why));
        }
        if wanted.not_null && !old.not_null {
            let why = "a domain that gets NOT NULL reads every table that has it; write this migration by hand";
            return Err(unwritable(ObjectKind::Domain, name, why));
        }
        let alter = |action: String| format!("ALTER DOMAIN {} {action}", quoted(name));
        let default = |it: &Domain| match &it.default {
            Some(default) => alter(format!("SET DEFAULT {default}")),
            None => alter("DROP DEFAULT".to_owned()),
        };
        let (mut up, mut down) = (Vec::new(), Vec::new());
        if old.default != wanted.default {
            up.push(default(wanted));
            down.push(default(old));
        }
        if old.not_null && !wanted.not_null {
            up.push(alter("DROP NOT NULL".to_owned()));
            down.push(alter("SET NOT NULL".to_owned()));
        }
        let mut later = Vec::new();
        for (check, old, wanted) in both(&old.checks, &wanted.checks) {
            let drop = alter(format!("DROP CONSTRAINT {}", quoted(check)));
            let add = |definition: &str, valid: bool| {
                let valid = if valid { "" } else { " NOT VALID" };
                alter(format!("ADD CONSTRAINT {} {definition}{valid}", quoted(check)))
            };
            if old == wanted {
                continue;
            }
            let same = old.zip(wanted).is_some_and(|(old, new)| old.definition == new.definition);
            if !same {
                let mut back = Vec::new();
                if let Some(old) = old {
                    up.push(drop.clone());
                    back.push(add(&old.definition, old.valid));
                }
                if let Some(wanted) = wanted {
                    up.push(add(&wanted.definition, false));
                    back.insert(0, drop.clone());
                }
                down.splice(0..0, back);
            }
            if let Some(wanted) = wanted.filter(|it| it.valid) {
                let validate = alter(format!("VALIDATE CONSTRAINT {}", quoted(check)));
                let back = vec![drop, add(&wanted.definition, false)];
                later.push(Change::new(format!("validate_{check}"), vec![validate], back).alone());
            }
        }
        if !up.is_empty() {
            self.push(Change::new(format!("change_{name}"), up, down).breaking().alone());
        }
        self.changes.extend(later);
        Ok(())
    }

    pub(super) fn make_sequences(&mut self, to: &Schema) {
        for (name, wanted) in &to.sequences {
            match self.now.sequences.get(name).cloned() {
                None => {
                    let make = vec![sql::create_sequence(name, &wanted.counting)];
                    let drop = vec![format!("DROP SEQUENCE {}", quoted(name))];
                    self.push(Change::new(format!("create_{name}"), make, drop));
                    let counting = wanted.counting.clone();
                    self.now.sequences.insert(name.clone(), Sequence { counting, owner: None });
                }
                Some(old) if old.counting != wanted.counting => {
                    let set = |from: &Counting, to: &Counting| {
                        let (mut set, again) = sql::into_range(name, from, to);
                        let (name, counting) = (quoted(name), sql::counting(to));
                        set.push(format!("ALTER SEQUENCE {name} AS {} {counting}{again}", to.ty));
                        set
                    };
                    let change = Change::new(
                        format!("change_{name}"),
                        set(&old.counting, &wanted.counting),
                        set(&wanted.counting, &old.counting),
                    );
                    self.push(change);
                    let counting = wanted.counting.clone();
                    self.now.sequences.insert(name.clone(), Sequence { counting, ..old });
                }
                Some(_) => {}
            }
        }
    }

    /// Gives sequences to the columns with which they go, and takes those that stay away from columns that go.
    pub(super) fn own_sequences(&mut self, to: &Schema) {
        let names: Vec<String> = self.now.sequences.keys().cloned().collect();
        for name in names {
            let Some(old) = self.now.sequences.get(&name).map(|it| it.owner.clone()) else {
                continue;
            };
            let wanted = to.sequences.get(&name).and_then(|it| it.owner.clone());
            if old == wanted {
                continue;
            }
            let own = |owner: &Option<(String, String)>| {
                let owner = owner.as_ref().map(|(table, column)| (table.as_str(), column.as_str()));
                vec![sql::own_sequence(&name, owner)]
            };
            self.push(Change::new(format!("change_{name}"), own(&wanted), own(&old)));
            if let Some(sequence) = self.now.sequences.get_mut(&name) {
                sequence.owner = wanted;
            }
        }
    }
}

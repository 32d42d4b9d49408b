//! What goes, when nothing reads it any more, and what hangs on columns.

use std::collections::{BTreeMap, BTreeSet};

use super::change::Change;
use super::views::with_readers;
use super::{Drafting, columns};
use crate::diff::postgres::sql::{self, alter_column, quoted};
use crate::schema::postgres::{Column, Schema, Value, mentions};

impl Drafting {
    /// Drops columns, and NOT NULL where it is no longer wanted.
    pub(super) fn drop_columns(&mut self, to: &Schema) {
        let mut gone = Vec::new();
        for (table, now) in &self.now.tables {
            let Some(wanted) = to.tables.get(table) else { continue };
            for (column, it) in now.in_order() {
                match wanted.columns.get(column) {
                    None => gone.push((table.clone(), column.clone(), it.clone(), false)),
                    Some(wanted) if it.not_null && !wanted.not_null => {
                        gone.push((table.clone(), column.clone(), it.clone(), true));
                    }
                    Some(_) => {}
                }
            }
        }
        // What is computed from a column goes before it.
        gone.sort_by_key(|(table, _, it, _)| {
            (table.clone(), !matches!(it.value, Value::Generated { .. }))
        });
        for (table, column, it, nullable) in gone {
            if nullable {
                let up = vec![alter_column(&table, &column, "DROP NOT NULL")];
                let down = vec![alter_column(&table, &column, "SET NOT NULL")];
                let change = Change::new(format!("let_{column}_of_{table}_be_null"), up, down);
                self.push(change.on(&table));
                let known = self.now.tables.get_mut(&table);
                if let Some(known) = known.and_then(|known| known.columns.get_mut(&column)) {
                    known.not_null = false;
                }
            } else {
                self.drop_column(&table, &column, &it);
            }
        }
    }

    fn drop_column(&mut self, table: &str, column: &str, it: &Column) {
        let up = vec![sql::alter(table, &format!("DROP COLUMN {}", quoted(column)))];
        let mut down = Vec::new();
        if let Value::Serial { sequence, counting } = &it.value {
            down.push(sql::create_sequence(&sequence.0, counting));
        }
        down.push(sql::alter(table, &format!("ADD COLUMN {}", again(column, it))));
        if let Value::Serial { sequence, .. } = &it.value {
            down.push(sql::own_sequence(&sequence.0, Some((table, column))));
        }
        if let Some(known) = self.now.tables.get_mut(table) {
            known.columns.remove(column);
            let (along, stay): (BTreeMap<_, _>, BTreeMap<_, _>) =
                std::mem::take(&mut known.constraints)
                    .into_iter()
                    .partition(|(_, it)| it.columns.contains(column));
            known.constraints = stay;
            for (name, it) in &along {
                down.push(sql::add_constraint(table, name, it));
            }
            let (along, stay): (BTreeMap<_, _>, BTreeMap<_, _>) =
                std::mem::take(&mut known.indexes)
                    .into_iter()
                    .partition(|(_, it)| it.columns.contains(column));
            known.indexes = stay;
            for (name, it) in &along {
                down.push(sql::create_index(table, name, it, false));
            }
        }
        self.warn(format!("column {table}.{column} is dropped with what is in it"));
        if let Some(first) = down.first_mut() {
            first.insert_str(0, "-- The values do not come back.\n");
        }
        let mut change =
            Change::new(format!("drop_{column}_of_{table}"), up, down).on(table).breaking();
        if it.not_null && it.value == Value::Nothing {
            change.irreversible = Some(format!(
                "{column} was NOT NULL without a default: there is no value to give back to the rows of {table}"
            ));
        }
        self.push(change);
    }

    /// Drops what tables were made of.
    pub(super) fn drop_rest(&mut self, to: &Schema) {
        self.drop_functions(to, true);
        let gone = |now: Vec<&String>, kept: Vec<&String>| -> Vec<String> {
            now.into_iter().filter(|name| !kept.contains(name)).cloned().collect()
        };
        let sequences = gone(self.now.sequences.keys().collect(), to.sequences.keys().collect());
        for name in sequences {
            if let Some(it) = self.now.sequences.remove(&name) {
                let up = vec![format!("DROP SEQUENCE {}", quoted(&name))];
                let down = vec![sql::create_sequence(&name, &it.counting)];
                self.push(Change::new(format!("drop_{name}"), up, down).breaking());
            }
        }
        for name in gone(self.now.domains.keys().collect(), to.domains.keys().collect()) {
            if let Some(it) = self.now.domains.remove(&name) {
                let up = vec![format!("DROP DOMAIN {}", quoted(&name))];
                let down = vec![sql::create_domain(&name, &it)];
                self.push(Change::new(format!("drop_{name}"), up, down).breaking());
            }
        }
        for name in gone(self.now.enums.keys().collect(), to.enums.keys().collect()) {
            if let Some(it) = self.now.enums.remove(&name) {
                let up = vec![format!("DROP TYPE {}", quoted(&name))];
                let down = vec![sql::create_enum(&name, &it)];
                self.push(Change::new(format!("drop_{name}"), up, down).breaking());
            }
        }
    }

    /// The statements that take away all that hangs on columns, and that bring it back.
    pub(super) fn around(&self, columns: &[(String, String)]) -> (Vec<String>, Vec<String>) {
        let on =
            |table: &str, column: &str| columns.iter().any(|(of, it)| of == table && it == column);
        let (mut drop, mut make) = (Vec::new(), Vec::new());
        for name in self.readers(columns).iter().rev() {
            let view = &self.now.views[name];
            drop.push(sql::drop_view(name, view));
            make.splice(0..0, sql::create_view(name, view));
        }
        let mut constraints = Vec::new();
        for (table, it) in &self.now.tables {
            let own: Vec<&String> =
                columns.iter().filter(|(of, _)| of == table).map(|(_, it)| it).collect();
            for (name, it) in &it.triggers {
                if own.iter().any(|column| mentions(&it.definition, column)) {
                    drop.push(sql::drop_trigger(table, name));
                    make.splice(0..0, sql::create_trigger(table, name, it));
                }
            }
            for (name, it) in &it.constraints {
                let target = it.target.as_ref();
                let there = target.is_some_and(|target| {
                    target.columns.iter().any(|column| on(&target.table, column))
                });
                if there || it.columns.iter().any(|column| on(table, column)) {
                    constraints.push((it.target.is_none(), table, name, it));
                }
            }
        }
        constraints.sort_by_key(|(last, ..)| *last);
        for (_, table, name, it) in constraints {
            drop.push(sql::drop_constraint(table, name));
            make.insert(0, sql::add_constraint(table, name, it));
        }
        for (table, it) in &self.now.tables {
            for (name, it) in &it.indexes {
                if it.columns.iter().any(|column| on(table, column)) {
                    drop.push(sql::drop_index(name, false));
                    make.insert(0, sql::create_index(table, name, it, false));
                }
            }
        }
        (drop, make)
    }

    /// The views that read columns, and those that read them in turn, those that are read first.
    pub(super) fn readers(&self, columns: &[(String, String)]) -> Vec<String> {
        let reads = |table: &str, column: Option<&String>| {
            columns.iter().any(|(of, it)| of == table && column.is_none_or(|column| column == it))
        };
        let seeds: BTreeSet<String> = self
            .now
            .views
            .iter()
            .filter(|(_, view)| view.uses.0.iter().any(|(table, it)| reads(table, it.as_ref())))
            .map(|(name, _)| name.clone())
            .collect();
        with_readers(&self.now.views, &seeds)
    }
}

/// A column that was there before, as `ADD COLUMN` takes it.
fn again(column: &str, it: &Column) -> String {
    match columns::default_of(it) {
        Some(default) => {
            let plain = Column { value: Value::Default(default), ..it.clone() };
            sql::column(column, &plain)
        }
        None => sql::column(column, it),
    }
}

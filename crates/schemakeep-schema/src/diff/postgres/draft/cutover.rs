//! The moment at which a new column takes the place of the old one, and the way back from it.

use std::collections::BTreeSet;

use super::cast::cast;
use super::change::Change;
use super::shadow_column::{Built, Swap};
use super::tables::in_key;
use super::{Drafting, columns};
use crate::diff::postgres::sql::{self, alter, alter_column, quoted};
use crate::schema::postgres::{Column, Constraint, ConstraintKind, Schema, Value, mentions};

impl Drafting {
    /// Drops the old column and gives its name, and those of what hangs on it, to the new one and what was built.
    pub(super) fn change_places(&mut self, swap: &Swap<'_>, to: &Schema) {
        let Swap { table, column, .. } = swap;
        let place = [((*table).to_owned(), (*column).to_owned())];
        // What hangs on the old column, for the way back.
        let (_, hanging) = self.around(&place);
        let known = &self.now.tables[*table].triggers;
        let on_column = known
            .iter()
            .filter(|(name, it)| **name != swap.trigger.0 && mentions(&it.definition, column));
        let triggers: Vec<String> = on_column.map(|(name, _)| name.clone()).collect();
        let foreign = self.foreign_on(table, column);
        let mut up = Vec::new();
        let views = self.readers(&place);
        for name in views.iter().rev() {
            if let Some(view) = self.now.views.remove(name) {
                up.push(sql::drop_view(name, &view));
            }
        }
        up.extend(triggers.iter().map(|name| sql::drop_trigger(table, name)));
        up.push(sql::drop_trigger(table, &swap.trigger.0));
        up.push(format!("DROP FUNCTION {}", swap.function.0));
        up.extend(foreign.iter().map(|(other, name, _)| sql::drop_constraint(other, name)));
        let (exchange, back) = self.exchange(swap);
        up.extend(exchange);
        // The model after it.
        self.settle(swap, &triggers);
        let (again, mut down) = self.foreign_again(foreign, to);
        up.extend(again);
        for name in &triggers {
            let wanted = to.tables[*table].triggers.get(name);
            let Some(wanted) = wanted.filter(|it| {
                !to.functions.contains_key(&it.function.0)
                    || self.now.functions.contains_key(&it.function.0)
            }) else {
                continue;
            };
            up.extend(sql::create_trigger(table, name, wanted));
            down.push(sql::drop_trigger(table, name));
            if let Some(now) = self.now.tables.get_mut(*table) {
                now.triggers.insert(name.clone(), wanted.clone());
            }
        }
        for name in self.views_again(to, &views) {
            let view = &self.now.views[&name];
            up.extend(sql::create_view(&name, view));
            down.insert(0, sql::drop_view(&name, view));
        }
        down.extend(back);
        down.push(swap.function.1.definition.clone());
        if !hanging.contains(&swap.trigger.1.definition) {
            down.push(swap.trigger.1.definition.clone());
        }
        down.extend(hanging);
        if let Some(first) = down.first_mut() {
            first.insert_str(0, "-- Writes every row, in one transaction.\n");
        }
        let change = Change::new(format!("change_{column}_of_{table}"), up, down);
        self.push(change.on(table).alone().breaking());
    }

    /// The statements in which the columns change places, and those of the way back.
    fn exchange(&self, swap: &Swap<'_>) -> (Vec<String>, Vec<String>) {
        let Swap { table, column, passing, .. } = swap;
        let (mut up, mut owned_again) = (Vec::new(), Vec::new());
        if let Value::Serial { sequence, .. } = &swap.old.value
            && matches!(swap.wanted.value, Value::Serial { .. })
        {
            up.push(sql::own_sequence(&sequence.0, Some((table, passing))));
        }
        // Sequences that go with the column stay with the new one.
        for (name, it) in &self.now.sequences {
            if it.owner.as_ref().is_some_and(|(of, it)| of == table && it == column) {
                up.push(sql::own_sequence(name, Some((table, passing))));
                owned_again.push(sql::own_sequence(name, Some((table, column))));
            }
        }
        up.push(alter(table, &format!("DROP COLUMN {}", quoted(column))));
        let mut names_back = Vec::new();
        for built in &swap.built {
            let (forth, back) = self.take_name(table, built);
            up.push(forth);
            names_back.splice(0..0, back);
        }
        let rename = |from: &str, to: &str| {
            alter(table, &format!("RENAME COLUMN {} TO {}", quoted(from), quoted(to)))
        };
        up.push(rename(passing, column));
        let (value, mut down) = self.new_value(swap);
        up.extend(value);
        down.push(rename(column, passing));
        down.extend(names_back);
        down.extend(old_column_again(swap));
        down.extend(owned_again);
        (up, down)
    }

    /// Makes the foreign keys to the new column that are wanted; they are validated later.
    fn foreign_again(
        &mut self,
        foreign: Vec<(String, String, Constraint)>,
        to: &Schema,
    ) -> (Vec<String>, Vec<String>) {
        let (mut up, mut down) = (Vec::new(), Vec::new());
        for (other, name, it) in foreign {
            let wanted = to.tables.get(&other).and_then(|it| it.constraints.get(&name));
            let wanted = wanted.filter(|wanted| {
                wanted.target == it.target
                    && self.comparable(&other, &wanted.columns, to)
                    && wanted
                        .target
                        .as_ref()
                        .is_some_and(|target| self.comparable(&target.table, &target.columns, to))
            });
            let Some(now) = self.now.tables.get_mut(&other) else { continue };
            now.constraints.remove(&name);
            if let Some(wanted) = wanted {
                let made = Constraint { valid: false, ..wanted.clone() };
                up.push(sql::add_constraint(&other, &name, &made));
                down.push(sql::drop_constraint(&other, &name));
                now.constraints.insert(name, made);
            }
        }
        (up, down)
    }

    /// The foreign keys that refer to a column.
    fn foreign_on(&self, table: &str, column: &str) -> Vec<(String, String, Constraint)> {
        let all =
            self.now.tables.iter().flat_map(|(other, it)| {
                it.constraints.iter().map(move |(name, it)| (other, name, it))
            });
        let refers = |it: &Constraint| {
            it.target.as_ref().is_some_and(|target| {
                target.table == table && target.columns.iter().any(|it| it == column)
            })
        };
        all.filter(|(_, _, it)| refers(it))
            .map(|(other, name, it)| (other.clone(), name.clone(), it.clone()))
            .collect()
    }

    /// The statement that gives what was built its place, and those that take it away again.
    fn take_name(&self, table: &str, built: &Built) -> (String, Vec<String>) {
        match built {
            Built::Constraint(passing, name, _) => {
                let rename = |from: &str, to: &str| {
                    alter(table, &format!("RENAME CONSTRAINT {} TO {}", quoted(from), quoted(to)))
                };
                (rename(passing, name), vec![rename(name, passing)])
            }
            Built::Index(passing, name, _) => {
                let rename = |from: &str, to: &str| {
                    format!("ALTER INDEX {} RENAME TO {}", quoted(from), quoted(to))
                };
                (rename(passing, name), vec![rename(name, passing)])
            }
            Built::Key(passing, name, it) => {
                let index = &self.now.tables[table].indexes[passing];
                let back = vec![
                    sql::drop_constraint(table, name),
                    sql::create_index(table, passing, index, false),
                ];
                (sql::add_key(table, name, it, passing), back)
            }
        }
    }

    /// What gives the new column its value, and takes it away.
    fn new_value(&self, swap: &Swap<'_>) -> (Vec<String>, Vec<String>) {
        let Swap { table, column, .. } = swap;
        match (&swap.old.value, &swap.wanted.value) {
            (Value::Serial { sequence, counting: old }, Value::Serial { counting, .. }) => {
                let action = format!("SET DEFAULT {}", sql::next_of(&sequence.0));
                let mut up = vec![alter_column(table, column, &action)];
                let mut down = vec![alter_column(table, column, "DROP DEFAULT")];
                if old != counting {
                    up.extend(columns::revalue(table, column, &swap.old.value, &swap.wanted.value));
                    down.extend(columns::revalue(
                        table,
                        column,
                        &swap.wanted.value,
                        &swap.old.value,
                    ));
                }
                (up, down)
            }
            (_, wanted) if self.may_have(swap) => {
                (columns::attach(table, column, wanted), columns::detach(table, column, wanted))
            }
            _ => (Vec::new(), Vec::new()),
        }
    }

    /// Only what is NOT NULL may be an identity.
    fn may_have(&self, swap: &Swap<'_>) -> bool {
        let new = &self.now.tables[swap.table].columns[&swap.passing];
        new.not_null || !matches!(swap.wanted.value, Value::Identity { .. })
    }

    /// The schema after both have changed places.
    fn settle(&mut self, swap: &Swap<'_>, triggers: &[String]) {
        let may_have = self.may_have(swap);
        self.now.functions.remove(&swap.function.0);
        let Some(table) = self.now.tables.get_mut(swap.table) else { return };
        table.triggers.remove(&swap.trigger.0);
        table.triggers.retain(|name, _| !triggers.contains(name));
        let hangs = |columns: &BTreeSet<String>| {
            columns.contains(swap.column) || columns.contains(&swap.passing)
        };
        table.constraints.retain(|_, it| !hangs(&it.columns));
        table.indexes.retain(|_, it| !hangs(&it.columns));
        for built in &swap.built {
            match built {
                Built::Constraint(_, name, it) | Built::Key(_, name, it) => {
                    table.constraints.insert(name.clone(), it.clone());
                }
                Built::Index(_, name, it) => {
                    table.indexes.insert(name.clone(), it.clone());
                }
            }
        }
        let not_null = table.columns.remove(&swap.passing).is_some_and(|it| it.not_null);
        let is_key = table
            .constraints
            .values()
            .any(|it| it.kind == ConstraintKind::PrimaryKey && in_key(it, swap.column));
        let mut column = swap.wanted.clone();
        column.not_null = not_null || is_key;
        match (&swap.old.value, &mut column.value) {
            (Value::Serial { sequence: old, .. }, Value::Serial { sequence, .. }) => {
                sequence.clone_from(old);
            }
            (_, value) if !may_have => *value = Value::Nothing,
            _ => {}
        }
        table.columns.insert(swap.column.to_owned(), column);
    }
}

/// The statements that make the old column beside the new one again.
fn old_column_again(swap: &Swap<'_>) -> Vec<String> {
    let Swap { table, column, passing, old, .. } = swap;
    let empty = Column { not_null: false, value: Value::Nothing, ..old.clone() };
    let value = cast(passing, &swap.wanted.ty, &old.ty);
    let mut statements = vec![
        alter(table, &format!("ADD COLUMN {}", sql::column(column, &empty))),
        format!(
            "UPDATE {} SET {} = {value} WHERE {} IS NOT NULL",
            quoted(table),
            quoted(column),
            quoted(passing)
        ),
    ];
    if old.not_null {
        statements.push(alter_column(table, column, "SET NOT NULL"));
    }
    match (&old.value, &swap.wanted.value) {
        (Value::Serial { sequence, .. }, Value::Serial { .. }) => {
            statements.push(sql::own_sequence(&sequence.0, Some((table, column))));
            let action = format!("SET DEFAULT {}", sql::next_of(&sequence.0));
            statements.push(alter_column(table, column, &action));
        }
        (value, _) => statements.extend(columns::attach(table, column, value)),
    }
    statements
}

//! Functions and triggers.

use std::collections::BTreeMap;

use super::Drafting;
use super::change::Change;
use crate::diff::postgres::sql;
use crate::schema::postgres::{Function, Schema, Table, Trigger, Value, mentions};

fn drop_function(name: &str, it: &Function) -> String {
    format!("DROP {} {name}", if it.procedure { "PROCEDURE" } else { "FUNCTION" })
}

/// When functions are made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Round {
    /// Before the tables: those that tables call, or that are not compared with tables.
    Early,
    /// After them: those that read no new view.
    Late,
    /// After the views: the others.
    Last,
}

/// Functions after those that they call, as far as that can be.
fn in_order(functions: &BTreeMap<String, Function>) -> Vec<&String> {
    let mut left: Vec<&String> = functions.keys().collect();
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let waits = |name: &&String| {
            let mut others = left.iter().filter(|other| *other != name);
            others.any(|other| functions[*name].definition.contains(&format!("{}(", bare(other))))
        };
        let at = left.iter().position(|name| !waits(name)).unwrap_or(0);
        ordered.push(left.remove(at));
    }
    ordered
}

/// Whether a function calls one of these.
fn call_any(function: &Function, names: &[&str]) -> bool {
    names.iter().any(|name| function.definition.contains(&format!("{name}(")))
}

/// The name before the arguments, as SQL has it.
fn bare(signature: &str) -> &str {
    signature.split('(').next().unwrap_or_default()
}

/// Whether what a table is made of calls a function.
pub(super) fn calls(table: &Table, signature: &str) -> bool {
    let call = format!("{}(", bare(signature));
    let values = table.columns.values().map(|column| match &column.value {
        Value::Default(text) | Value::Generated { expression: text, .. } => text.as_str(),
        _ => "",
    });
    let constraints = table.constraints.values().map(|it| it.definition.as_str());
    let indexes = table.indexes.values().map(|it| it.definition.as_str());
    values.chain(constraints).chain(indexes).any(|text| text.contains(&call))
}

impl Drafting {
    /// Makes and replaces functions.
    pub(super) fn make_functions(&mut self, to: &Schema, round: Round) {
        let mut late: Vec<&str> = Vec::new();
        for name in in_order(&to.functions) {
            let wanted = &to.functions[name];
            let called = to.tables.values().any(|table| calls(table, name));
            let of_table =
                |table: &&String| mentions(&wanted.shape, table) || mentions(name, table);
            let waits = wanted.language == "sql"
                || to.tables.keys().chain(to.views.keys()).any(|table| of_table(&table));
            let reads = |view: &&String| mentions(&wanted.definition, view);
            let mut new = to.views.keys().filter(|view| !self.now.views.contains_key(*view));
            match round {
                Round::Early if waits && !called => continue,
                Round::Late
                    if waits
                        && !called
                        && (new.any(|view| reads(&view)) || call_any(wanted, &late)) =>
                {
                    late.push(bare(name));
                    continue;
                }
                _ => {}
            }
            match self.now.functions.get(name).cloned() {
                Some(old) if old == *wanted => continue,
                Some(old) if old.shape == wanted.shape && old.procedure == wanted.procedure => {
                    let (up, down) = (vec![wanted.definition.clone()], vec![old.definition]);
                    self.push(Change::new(format!("change_{}", bare(name)), up, down));
                }
                Some(old) => self.remake_function(name, &old, wanted),
                None => {
                    let (up, down) = (vec![made(wanted)], vec![drop_function(name, wanted)]);
                    self.push(Change::new(format!("create_{}", bare(name)), up, down));
                }
            }
            self.now.functions.insert(name.clone(), wanted.clone());
        }
    }

    /// What `CREATE OR REPLACE` cannot do, with the triggers that call the function.
    fn remake_function(&mut self, name: &str, old: &Function, wanted: &Function) {
        let (mut up, mut down) = (Vec::new(), Vec::new());
        let (mut again, mut back) = (Vec::new(), Vec::new());
        for (table, it) in &self.now.tables {
            for (trigger, it) in it.triggers.iter().filter(|(_, it)| it.function.0 == name) {
                up.push(sql::drop_trigger(table, trigger));
                again.extend(sql::create_trigger(table, trigger, it));
                down.push(sql::drop_trigger(table, trigger));
                back.extend(sql::create_trigger(table, trigger, it));
            }
        }
        up.extend([drop_function(name, old), made(wanted)]);
        down.extend([drop_function(name, wanted), made(old)]);
        up.extend(again);
        down.extend(back);
        self.push(Change::new(format!("change_{}", bare(name)), up, down).breaking());
    }

    fn triggers_of(&mut self, table: &str) -> Option<&mut BTreeMap<String, Trigger>> {
        match self.now.tables.get_mut(table) {
            Some(table) => Some(&mut table.triggers),
            None => self.now.views.get_mut(table).map(|view| &mut view.triggers),
        }
    }

    /// Makes, replaces and drops triggers.
    pub(super) fn replace_triggers(&mut self, to: &Schema) {
        let tables = to.tables.iter().map(|(name, it)| (name, &it.triggers));
        let views = to.views.iter().map(|(name, it)| (name, &it.triggers));
        for (table, wanted) in tables.chain(views) {
            let Some(have) = self.triggers_of(table).map(|it| it.clone()) else { continue };
            for (name, old) in &have {
                if wanted.get(name) != Some(old) {
                    self.replace_trigger(table, name, Some(old), wanted.get(name));
                }
            }
            for (name, new) in wanted.iter().filter(|(name, _)| !have.contains_key(*name)) {
                self.replace_trigger(table, name, None, Some(new));
            }
        }
    }

    fn replace_trigger(
        &mut self,
        table: &str,
        name: &str,
        old: Option<&Trigger>,
        new: Option<&Trigger>,
    ) {
        let make = |it: Option<&Trigger>| {
            it.map(|it| sql::create_trigger(table, name, it)).unwrap_or_default()
        };
        let drop = |it: Option<&Trigger>| it.map(|_| sql::drop_trigger(table, name));
        let up: Vec<String> = drop(old).into_iter().chain(make(new)).collect();
        let down: Vec<String> = drop(new).into_iter().chain(make(old)).collect();
        let verb = match (old, new) {
            (None, _) => "create",
            (_, None) => "drop",
            _ => "change",
        };
        self.push(Change::new(format!("{verb}_{name}"), up, down).on(table));
        if let Some(triggers) = self.triggers_of(table) {
            triggers.remove(name);
            triggers.extend(new.map(|new| (name.to_owned(), new.clone())));
        }
    }

    /// Drops functions that nothing calls any more; the others when what calls them is gone.
    pub(super) fn drop_functions(&mut self, to: &Schema, last: bool) {
        // Those that call others first.
        let gone = in_order(&self.now.functions).into_iter().rev();
        let gone: Vec<String> =
            gone.filter(|name| !to.functions.contains_key(*name)).cloned().collect();
        for name in gone {
            let used = self.now.tables.values().any(|table| {
                calls(table, &name) || table.triggers.values().any(|it| it.function.0 == name)
            });
            let call = format!("{}(", bare(&name));
            let read = self.now.views.values().any(|view| {
                view.definition.contains(&call)
                    || view.triggers.values().any(|it| it.function.0 == name)
            });
            if (used || read) && !last {
                continue;
            }
            if let Some(it) = self.now.functions.remove(&name) {
                let (up, down) = (vec![drop_function(&name, &it)], vec![made(&it)]);
                self.push(Change::new(format!("drop_{}", bare(&name)), up, down).breaking());
            }
        }
    }
}

/// The statement that makes a function where there is none.
fn made(it: &Function) -> String {
    it.definition.replacen("CREATE OR REPLACE ", "CREATE ", 1)
}

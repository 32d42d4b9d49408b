//! Views: replaced when what they will read is there, and before what they read goes.

use std::collections::{BTreeMap, BTreeSet};

use super::Drafting;
use super::change::Change;
use crate::diff::Unwritable;
use crate::diff::postgres::sql;
use crate::schema::postgres::{Schema, View};

/// These views with all that read them, those that are read first.
pub(super) fn with_readers(
    views: &BTreeMap<String, View>,
    seeds: &BTreeSet<String>,
) -> Vec<String> {
    let mut all: BTreeSet<&String> = views.keys().filter(|name| seeds.contains(*name)).collect();
    loop {
        let readers =
            views.iter().filter(|(_, view)| view.uses.0.iter().any(|(name, _)| all.contains(name)));
        let before = all.len();
        let readers: Vec<&String> = readers.map(|(name, _)| name).collect();
        all.extend(readers);
        if all.len() == before {
            break;
        }
    }
    in_order(views, &all.into_iter().cloned().collect())
}

/// Views after those that they read.
pub(super) fn in_order(views: &BTreeMap<String, View>, names: &BTreeSet<String>) -> Vec<String> {
    let mut left: Vec<&String> = names.iter().filter(|name| views.contains_key(*name)).collect();
    let mut ordered = Vec::new();
    while !left.is_empty() {
        let waits = |name: &String| {
            views[name].uses.0.iter().any(|(other, _)| other != name && left.contains(&other))
        };
        let at = left.iter().position(|name| !waits(name)).unwrap_or(0);
        ordered.push(left.remove(at).clone());
    }
    ordered
}

/// Whether `CREATE OR REPLACE` leads from one to the other, and back.
fn replaces(old: &View, new: &View) -> bool {
    !old.materialised
        && !new.materialised
        && old.columns == new.columns
        && old.options == new.options
}

fn itself(view: &View) -> View {
    View { indexes: BTreeMap::new(), triggers: BTreeMap::new(), ..view.clone() }
}

impl Drafting {
    pub(super) fn replace_views(&mut self, to: &Schema) -> Result<(), Unwritable> {
        let differ = |name: &&String| {
            let (old, new) = (self.now.views.get(*name), to.views.get(*name));
            old.map(itself) != new.map(itself)
        };
        let names: BTreeSet<&String> = self.now.views.keys().chain(to.views.keys()).collect();
        let differing: BTreeSet<String> = names.into_iter().filter(differ).cloned().collect();
        let in_place = |name: &String| {
            let (old, new) = (self.now.views.get(name), to.views.get(name));
            let there = |view: &View| {
                let mut read = view.uses.0.iter().map(|(name, _)| name);
                read.all(|name| !to.views.contains_key(name) || self.now.views.contains_key(name))
            };
            old.zip(new).is_some_and(|(old, new)| replaces(old, new) && there(new))
        };
        let again: BTreeSet<String> =
            differing.iter().filter(|name| !in_place(name)).cloned().collect();
        let dropped = with_readers(&self.now.views, &again);
        let made: BTreeSet<String> = again
            .iter()
            .chain(&dropped)
            .filter(|name| to.views.contains_key(*name))
            .cloned()
            .collect();
        let replaced: BTreeSet<String> = differing
            .iter()
            .filter(|name| in_place(name) && !dropped.contains(name))
            .cloned()
            .collect();
        for name in in_order(&to.views, &replaced) {
            let (old, new) = (&self.now.views[&name], &to.views[&name]);
            let define = |it: &View| vec![sql::define_view(&name, it, "CREATE OR REPLACE")];
            let change = Change::new(format!("change_{name}"), define(new), define(old));
            self.changes.push(change);
            let kept = self.now.views[&name].clone();
            let view = View { indexes: kept.indexes, triggers: kept.triggers, ..new.clone() };
            self.now.views.insert(name, view);
        }
        self.remake_views(to, &dropped, &in_order(&to.views, &made));
        // Those that stay may still have other indexes.
        for (name, wanted) in &to.views {
            for (index, it) in &wanted.indexes {
                self.make_index(name, index, it)?;
            }
            let now = self.now.views[name].indexes.clone();
            for (index, it) in now.iter().filter(|(index, _)| !wanted.indexes.contains_key(*index))
            {
                self.remove_index(name, index, it);
            }
        }
        Ok(())
    }

    /// Has views that were taken away be as they are wanted, as far as what they read is there; says which.
    pub(super) fn views_again(&mut self, to: &Schema, names: &[String]) -> Vec<String> {
        let mut made = Vec::new();
        for name in in_order(&to.views, &names.iter().cloned().collect()) {
            let view = &to.views[&name];
            let there = view.uses.0.iter().all(|(other, column)| {
                let table = self.now.tables.get(other);
                let known = table
                    .map(|table| column.as_ref().is_none_or(|it| table.columns.contains_key(it)));
                known.unwrap_or_else(|| self.now.views.contains_key(other))
            });
            if there {
                let without = View { triggers: BTreeMap::new(), ..view.clone() };
                self.now.views.insert(name.clone(), without);
                made.push(name);
            }
        }
        made
    }

    fn remake_views(&mut self, to: &Schema, dropped: &[String], made: &[String]) {
        let (mut up, mut down) = (Vec::new(), Vec::new());
        for name in dropped.iter().rev() {
            if let Some(view) = self.now.views.remove(name) {
                up.push(sql::drop_view(name, &view));
                down.splice(0..0, sql::create_view(name, &view));
            }
        }
        for name in made {
            let view = &to.views[name];
            let without = View { triggers: BTreeMap::new(), ..view.clone() };
            up.extend(sql::create_view(name, &without));
            down.insert(0, sql::drop_view(name, view));
            self.now.views.insert(name.clone(), without);
        }
        let name = match (dropped, made) {
            ([], [one]) => format!("create_{one}"),
            ([one], []) => format!("drop_{one}"),
            ([first, ..], _) => format!("change_{first}"),
            ([], [first, ..]) => format!("create_{first}_and_more"),
            ([], []) => return,
        };
        self.push(Change::new(name, up, down).breaking_if(!dropped.is_empty()));
    }
}

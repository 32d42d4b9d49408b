//! Indexes of tables and materialised views that stay: built and dropped beside their readers and writers.

use std::collections::BTreeMap;

use super::change::Change;
use super::columns::NOTHING;
use super::{Drafting, unwritable};
use crate::diff::postgres::sql::{self, quoted};
use crate::diff::{ObjectKind, Running, Unwritable};
use crate::schema::postgres::{Index, Schema};

impl Drafting {
    /// The indexes of a table or view, as they are now.
    fn indexes_of(&mut self, table: &str) -> Option<&mut BTreeMap<String, Index>> {
        match self.now.tables.get_mut(table) {
            Some(table) => Some(&mut table.indexes),
            None => self.now.views.get_mut(table).map(|view| &mut view.indexes),
        }
    }

    pub(super) fn make_indexes(&mut self, to: &Schema) -> Result<(), Unwritable> {
        let tables = to.tables.iter().map(|(name, it)| (name, &it.indexes));
        for (table, wanted) in tables {
            for (name, wanted) in wanted {
                self.make_index(table, name, wanted)?;
            }
        }
        Ok(())
    }

    pub(super) fn make_index(
        &mut self,
        table: &str,
        name: &str,
        wanted: &Index,
    ) -> Result<(), Unwritable> {
        let Some(old) = self.indexes_of(table).map(|indexes| indexes.get(name).cloned()) else {
            return Ok(());
        };
        if old.as_ref() == Some(wanted) {
            return Ok(());
        }
        if !wanted.valid {
            let why = "an index that is not valid cannot be made on purpose";
            return Err(unwritable(ObjectKind::Index, &format!("{table}.{name}"), why));
        }
        match old {
            Some(old) if (Index { valid: true, ..old.clone() }) == *wanted => {
                let up = vec![format!("REINDEX INDEX CONCURRENTLY {}", quoted(name))];
                let change =
                    Change::new(format!("build_{name}_again"), up, vec![NOTHING.to_owned()]);
                let change = change.on(table).outside();
                self.push(Change { back: Running::Transaction, ..change });
                self.put_index(table, name, wanted.clone());
            }
            Some(old) => {
                let built = self.free(name, "new");
                self.build_index(table, &built, wanted);
                self.remove_index(table, name, &old);
                self.rename_index(table, &built, name);
            }
            None if self.is_taken(name) => {
                // By a key of the same table, which goes.
                let built = self.free(name, "new");
                self.build_index(table, &built, wanted);
                let key =
                    self.now.tables.get(table).and_then(|it| it.constraints.get(name)).cloned();
                if let Some(key) = key {
                    let up = vec![sql::drop_constraint(table, name)];
                    let down = vec![sql::add_constraint(table, name, &key)];
                    self.push(Change::new(format!("drop_{name}"), up, down).on(table));
                    if let Some(table) = self.now.tables.get_mut(table) {
                        table.constraints.remove(name);
                    }
                }
                self.rename_index(table, &built, name);
            }
            None => self.build_index(table, name, wanted),
        }
        Ok(())
    }

    fn put_index(&mut self, table: &str, name: &str, it: Index) {
        if let Some(indexes) = self.indexes_of(table) {
            indexes.insert(name.to_owned(), it);
        }
    }

    pub(super) fn build_index(&mut self, table: &str, name: &str, it: &Index) {
        let up = vec![sql::create_index(table, name, it, true)];
        let down = vec![sql::drop_index(name, true)];
        let change = Change::new(format!("index_{name}"), up, down).on(table).outside();
        self.push(change.breaking_if(it.unique));
        self.put_index(table, name, it.clone());
    }

    pub(super) fn remove_index(&mut self, table: &str, name: &str, it: &Index) {
        let up = vec![sql::drop_index(name, true)];
        let down = vec![sql::create_index(table, name, it, true)];
        self.push(Change::new(format!("drop_{name}"), up, down).on(table).outside());
        if let Some(indexes) = self.indexes_of(table) {
            indexes.remove(name);
        }
    }

    pub(super) fn rename_index(&mut self, table: &str, old: &str, new: &str) {
        let rename = |from: &str, to: &str| {
            vec![format!("ALTER INDEX {} RENAME TO {}", quoted(from), quoted(to))]
        };
        let change = Change::new(format!("rename_{old}"), rename(old, new), rename(new, old));
        self.push(change.on(table));
        if let Some(indexes) = self.indexes_of(table)
            && let Some(it) = indexes.remove(old)
        {
            indexes.insert(new.to_owned(), it);
        }
    }

    /// Drops indexes that are not wanted; those of a column that goes go with it.
    pub(super) fn drop_indexes(&mut self, to: &Schema) {
        let mut gone = Vec::new();
        for (table, now) in &self.now.tables {
            let Some(wanted) = to.tables.get(table) else { continue };
            for (name, it) in &now.indexes {
                let along = it.columns.iter().any(|it| !wanted.columns.contains_key(it));
                if !wanted.indexes.contains_key(name) && !along {
                    gone.push((table.clone(), name.clone(), it.clone()));
                }
            }
        }
        for (table, name, it) in gone {
            self.remove_index(&table, &name, &it);
        }
    }
}

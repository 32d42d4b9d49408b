//! Renames that were given.

use super::change::Change;
use super::{Drafting, unwritable};
use crate::diff::postgres::sql::{self, quoted};
use crate::diff::{ObjectKind, Rename, Unwritable};
use crate::schema::postgres::{Schema, Table, Value, renamed};

impl Drafting {
    pub(super) fn rename_given(
        &mut self,
        to: &Schema,
        renames: &[Rename],
    ) -> Result<(), Unwritable> {
        // Columns first: they are named with the old name of their table.
        let (columns, tables): (Vec<_>, Vec<_>) =
            renames.iter().partition(|rename| rename.column.is_some());
        for Rename { table, column, to: new } in columns {
            let Some(column) = column else { continue };
            let end = tables.iter().find(|it| it.table == *table).map_or(table, |it| &it.to);
            let wanted = to.tables.get(end).is_some_and(|it| it.columns.contains_key(new));
            let known = self.now.tables.get(table);
            let fits = known
                .is_some_and(|it| it.columns.contains_key(column) && !it.columns.contains_key(new));
            if !wanted || !fits {
                let why = format!(
                    "it cannot be renamed to {new}: the old name must be in the schema that is, the new one in the one that is wanted only"
                );
                return Err(unwritable(ObjectKind::Column, &format!("{table}.{column}"), why));
            }
            self.rename_column(table, column, new);
        }
        for Rename { table, to: new, .. } in tables {
            let fits = self.now.tables.contains_key(table) && !self.is_taken(new);
            if !to.tables.contains_key(new) || !fits {
                let why = format!(
                    "it cannot be renamed to {new}: the old name must be in the schema that is, the new one in the one that is wanted only"
                );
                return Err(unwritable(ObjectKind::Table, table, why));
            }
            self.rename_table(table, new);
        }
        Ok(())
    }

    fn rename_column(&mut self, table: &str, column: &str, new: &str) {
        let (views_down, views_up) = self.put_views_away(&[(table.to_owned(), column.to_owned())]);
        let rename = |from: &str, to: &str| {
            let (from, to) = (quoted(from), quoted(to));
            sql::alter(table, &format!("RENAME COLUMN {from} TO {to}"))
        };
        let up = [views_down, vec![rename(column, new)]].concat();
        let down = [vec![rename(new, column)], views_up].concat();
        let change = Change::new(format!("rename_{column}_of_{table}"), up, down);
        self.push(change.on(table).breaking());
        if let Some(table) = self.now.tables.get_mut(table) {
            rename_in(table, column, new);
        }
        for other in self.now.tables.values_mut() {
            for it in other.constraints.values_mut() {
                let Some(target) = it.target.as_mut().filter(|target| target.table == table) else {
                    continue;
                };
                for it in target.columns.iter_mut().filter(|it| *it == column) {
                    new.clone_into(it);
                }
                let place = it.definition.find("REFERENCES").unwrap_or_default();
                let (own, theirs) = it.definition.split_at(place);
                it.definition = format!("{own}{}", renamed(theirs, column, &quoted(new)));
            }
        }
        self.rename_owner(table, |owner| {
            if owner == column {
                new.clone_into(owner);
            }
        });
    }

    /// Takes views away that read columns; they are made again when all is done.
    fn put_views_away(&mut self, columns: &[(String, String)]) -> (Vec<String>, Vec<String>) {
        let (mut drop, mut make) = (Vec::new(), Vec::new());
        for name in self.readers(columns).iter().rev() {
            if let Some(view) = self.now.views.remove(name) {
                drop.push(sql::drop_view(name, &view));
                make.splice(0..0, sql::create_view(name, &view));
            }
        }
        (drop, make)
    }

    fn rename_owner(&mut self, table: &str, rename: impl Fn(&mut String)) {
        for sequence in self.now.sequences.values_mut() {
            if let Some((of, column)) = &mut sequence.owner
                && of == table
            {
                rename(column);
            }
        }
    }

    fn rename_table(&mut self, table: &str, new: &str) {
        let columns: Vec<(String, String)> = self.now.tables[table]
            .columns
            .keys()
            .map(|column| (table.to_owned(), column.clone()))
            .collect();
        let (views_down, views_up) = self.put_views_away(&columns);
        let rename = |from: &str, to: &str| sql::alter(from, &format!("RENAME TO {}", quoted(to)));
        let up = [views_down, vec![rename(table, new)]].concat();
        let down = [vec![rename(new, table)], views_up].concat();
        let change = Change::new(format!("rename_{table}"), up, down).on(table);
        self.push(change.breaking());
        if let Some(mut it) = self.now.tables.remove(table) {
            for trigger in it.triggers.values_mut() {
                let (from, to) =
                    (format!(" ON {} ", quoted(table)), format!(" ON {} ", quoted(new)));
                trigger.definition = trigger.definition.replacen(&from, &to, 1);
            }
            self.now.tables.insert(new.to_owned(), it);
        }
        for other in self.now.tables.values_mut() {
            for it in other.constraints.values_mut() {
                let Some(target) = it.target.as_mut().filter(|target| target.table == table) else {
                    continue;
                };
                new.clone_into(&mut target.table);
                let (from, to) = (
                    format!("REFERENCES {}(", quoted(table)),
                    format!("REFERENCES {}(", quoted(new)),
                );
                it.definition = it.definition.replacen(&from, &to, 1);
            }
        }
        for sequence in self.now.sequences.values_mut() {
            if let Some((of, _)) = &mut sequence.owner
                && of == table
            {
                new.clone_into(of);
            }
        }
    }
}

/// What PostgreSQL does to a table's definitions when a column of it is renamed.
fn rename_in(table: &mut Table, column: &str, new: &str) {
    let sql = quoted(new);
    if let Some(it) = table.columns.remove(column) {
        table.columns.insert(new.to_owned(), it);
    }
    for it in table.columns.values_mut() {
        if let Value::Generated { expression, .. } = &mut it.value {
            *expression = renamed(expression, column, &sql);
        }
    }
    for it in table.constraints.values_mut() {
        if it.columns.remove(column) {
            it.columns.insert(new.to_owned());
            let place = it.definition.find(" REFERENCES").unwrap_or(it.definition.len());
            let (own, theirs) = it.definition.split_at(place);
            it.definition = format!("{}{theirs}", renamed(own, column, &sql));
        }
    }
    for it in table.indexes.values_mut() {
        if it.columns.remove(column) {
            it.columns.insert(new.to_owned());
            it.definition = renamed(&it.definition, column, &sql);
        }
    }
    for it in table.triggers.values_mut() {
        it.definition = renamed(&it.definition, column, &sql);
    }
}

//! Columns that get a type in which what is stored stays as it is.

use super::change::Change;
use super::{Drafting, columns};
use crate::diff::postgres::sql::{self, alter_column};
use crate::schema::postgres::{Column, Constraint, Schema, mentions};

impl Drafting {
    /// Gives a column a type in which what is stored is the same.
    pub(super) fn widen(
        &mut self,
        table: &str,
        column: &str,
        old: &Column,
        wanted: &Column,
        to: &Schema,
    ) {
        let set = |it: &Column| {
            let mut statements = vec![alter_column(table, column, &format!("TYPE {}", it.ty))];
            if let Some(default) = columns::default_of(it) {
                statements.push(alter_column(table, column, &format!("SET DEFAULT {default}")));
            }
            statements
        };
        let (mut up, mut down) = (Vec::new(), Vec::new());
        let (mut again, mut back) = (Vec::new(), Vec::new());
        let views = self.readers(&[(table.to_owned(), column.to_owned())]);
        for name in views.iter().rev() {
            if let Some(view) = self.now.views.remove(name) {
                up.push(sql::drop_view(name, &view));
                back.splice(0..0, sql::create_view(name, &view));
            }
        }
        for name in self.views_again(to, &views) {
            let view = &self.now.views[&name];
            again.extend(sql::create_view(&name, view));
            down.insert(0, sql::drop_view(&name, view));
        }
        let known = self.now.tables[table].clone();
        for (name, it) in known.triggers.iter().filter(|(_, it)| mentions(&it.definition, column)) {
            up.push(sql::drop_trigger(table, name));
            down.push(sql::drop_trigger(table, name));
            again.splice(0..0, sql::create_trigger(table, name, it));
            back.splice(0..0, sql::create_trigger(table, name, it));
        }
        for (name, it) in &known.constraints {
            // A check would be checked against every row again.
            if it.target.is_some()
                || !it.definition.starts_with("CHECK")
                || !it.columns.contains(column)
            {
                continue;
            }
            up.push(sql::drop_constraint(table, name));
            back.insert(0, sql::add_constraint(table, name, it));
            let wanted = to.tables[table].constraints.get(name).filter(|wanted| {
                wanted.columns.iter().all(|column| known.columns.contains_key(column))
            });
            let wanted = wanted.map(|wanted| Constraint { valid: false, ..wanted.clone() });
            if let Some(wanted) = &wanted {
                again.insert(0, sql::add_constraint(table, name, wanted));
                down.insert(0, sql::drop_constraint(table, name));
            }
            if let Some(table) = self.now.tables.get_mut(table) {
                table.constraints.remove(name);
                table.constraints.extend(wanted.map(|wanted| (name.clone(), wanted)));
            }
        }
        up.extend(set(wanted));
        down.extend(set(old));
        up.extend(again);
        down.extend(back);
        let change = Change::new(format!("widen_{column}_of_{table}"), up, down).on(table);
        self.push(change.breaking_if(!views.is_empty()));
    }
}

//! Tables and columns that come, go, and change their names and types.

use super::{Column, Follower, NewColumn, Relation, Rows, Value, shown};
use crate::data_checks::check::Ask;
use crate::data_checks::narrowing::{self, Narrowing};
use crate::data_checks::simulated_table::{mentions, takes_all};
use schemakeep_db::Dialect;
use schemakeep_sql::change::{Definition, TableName, quoted};

/// What helps against a loss.
const KEEP: &str = "keep what is needed elsewhere first, or accept the loss with --force";

impl Follower {
    pub(super) fn create(&mut self, table: &TableName, definition: Option<Box<Definition>>) {
        // `IF NOT EXISTS`, or a statement that will fail by itself.
        if self.find(table).is_some() {
            return;
        }
        let dialect = self.dialect;
        let columns = definition.iter().flat_map(|it| &it.columns).map(|column| Column {
            name: column.name.clone(),
            ty: column.ty.clone(),
            value: Value::Unknown(String::new()),
            not_null: column.not_null,
            generated: column.filled && dialect == Dialect::Sqlite,
            touched: None,
            kept: None,
        });
        let schema = table.schema.clone().unwrap_or_else(|| self.schema.clone());
        let relation = Relation {
            visible: schema == self.schema,
            schema,
            name: table.name.clone(),
            columns: columns.collect(),
            key: definition.iter().flat_map(|it| it.primary_key().to_vec()).collect(),
            rows: match definition {
                Some(_) => Rows::None,
                None => Rows::Unknown(format!("its rows come from a query at {}", self.here())),
            },
            definition: definition.map(|it| *it),
            deleted: None,
            inserted: None,
            copied: None,
            gone: false,
        };
        let keys = relation.definition.as_ref().map(|it| it.foreign_keys.clone());
        self.relations.push(relation);
        self.referenced_by.push(Vec::new());
        for key in keys.iter().flatten() {
            self.refers(table, key);
        }
    }

    pub(super) fn drop_table(&mut self, table: &TableName, rows_only: bool, cascade: bool) {
        let Some(at) = self.find(table) else { return };
        let mut all = vec![at];
        if rows_only && cascade {
            self.add_referencing(&mut all);
        }
        for at in all {
            let relation = &self.relations[at];
            let name = TableName { name: relation.name.clone(), ..table.clone() };
            if let Some((_, queries)) = relation.copied.clone() {
                self.left_behind(at, &name, &queries);
            } else if matches!(relation.rows, Rows::Stored(..)) {
                let how = if rows_only { "which is emptied" } else { "which is dropped" };
                let what = format!("rows of {}, {how}", shown(&name));
                self.ask(at, &name, (&what, KEEP), "", all_rows);
            }
            let relation = &mut self.relations[at];
            relation.gone = !rows_only;
            relation.rows = Rows::None;
        }
    }

    /// A table whose rows were copied goes: what of them was not copied is lost.
    fn left_behind(&mut self, at: usize, table: &TableName, queries: &str) {
        if takes_all(queries) {
            return;
        }
        let columns = self.relations[at].columns.clone();
        for column in columns.iter().filter(|it| !mentions(queries, &it.name)) {
            self.lose_column(at, table, column, "which is not copied");
        }
    }

    fn lose_column(&mut self, at: usize, table: &TableName, column: &Column, how: &str) {
        if column.generated || !matches!(column.value, Value::Stored(_)) {
            return;
        }
        let what = format!("values in {}.{}, {how}", shown(table), column.name);
        if let Some(by) = &column.kept {
            let why = format!("{} puts them elsewhere", self.near(by));
            return self.push(table, &what, KEEP, Ask::Not(why), None);
        }
        let name = quoted(&column.name);
        self.ask(at, table, (&what, KEEP), &name, |of| Ask::Rows {
            of,
            condition: format!("{name} IS NOT NULL"),
            without: None,
            doubt: None,
        });
    }

    pub(super) fn add_column(&mut self, table: &TableName, new: NewColumn) {
        let what =
            format!("rows of {}, for which the new column {} has no value", shown(table), new.name);
        let fix = format!("give {} a default, or add it without NOT NULL and fill it", new.name);
        let value = new.value().map(ToOwned::to_owned);
        let required = new.not_null && !new.filled && value.is_none();
        let found = if required { self.find_or_say(table, &what, &fix) } else { self.find(table) };
        let Some(at) = found else { return };
        if self.relations[at].column(&new.name).is_some() {
            return;
        }
        if required {
            self.ask(at, table, (&what, &fix), "", all_rows);
        }
        let value = match value {
            _ if new.filled => Value::Unknown(format!("{} is filled by {}", new.name, self.here())),
            Some(text) if self.dialect == Dialect::Sqlite => Value::Text(text),
            Some(text) => Value::Text(format!("CAST(({text}) AS {})", new.ty)),
            None if self.dialect == Dialect::Sqlite => Value::Text("NULL".to_owned()),
            None => Value::Text(format!("CAST(NULL AS {})", new.ty)),
        };
        let column = Column {
            name: new.name,
            ty: new.ty,
            value,
            not_null: new.not_null,
            generated: new.filled,
            touched: None,
            kept: None,
        };
        self.relations[at].columns.push(column);
    }

    pub(super) fn drop_column(&mut self, table: &TableName, name: &str) {
        let Some(at) = self.find(table) else { return };
        let Some(column) = self.relations[at].column(name).cloned() else { return };
        self.lose_column(at, table, &column, "which is dropped");
        self.relations[at].columns.retain(|column| column.name != name);
    }

    pub(super) fn rename_column(&mut self, table: &TableName, name: &str, to: &str) {
        let Some(at) = self.find(table) else { return };
        let relation = &mut self.relations[at];
        if let Some(column) = relation.column_mut(name) {
            to.clone_into(&mut column.name);
        }
        for key in relation.key.iter_mut().filter(|key| *key == name) {
            to.clone_into(key);
        }
    }

    pub(super) fn alter_type(
        &mut self,
        table: &TableName,
        name: &str,
        to: &str,
        using: Option<&str>,
    ) {
        let what = format!("values in {}.{name} that do not fit {to}", shown(table));
        let Some(at) = self.find_or_say(table, &what, "") else { return };
        let Some(column) = self.relations[at].column(name).cloned() else { return };
        match narrowing::postgres(&column, to, using) {
            Narrowing::Free => {}
            Narrowing::Unknown(why) => {
                if self.relations[at].rows != Rows::None {
                    self.push(table, &what, "", Ask::Not(why), None);
                }
            }
            Narrowing::Unfit { condition, what, doubt } => {
                let what = format!("{what} in {}.{name}", shown(table));
                let fix = format!(
                    "UPDATE {} SET {name} = … for them, or say with USING what becomes of them",
                    shown(table)
                );
                let doubt = doubt.map(ToOwned::to_owned);
                self.ask(at, table, (&what, &fix), &quoted(name), |of| Ask::Rows {
                    of,
                    condition,
                    without: None,
                    doubt,
                });
            }
        }
        if let Some(column) = self.relations[at].column_mut(name) {
            to.clone_into(&mut column.ty);
            column.value = match (&column.value, using) {
                (Value::Unknown(why), _) => Value::Unknown(why.clone()),
                (_, Some(using)) => Value::Text(format!("CAST(({using}) AS {to})")),
                (Value::Stored(name), None) => {
                    Value::Text(format!("CAST({} AS {to})", quoted(name)))
                }
                (Value::Text(text), None) => Value::Text(format!("CAST(({text}) AS {to})")),
            };
        }
    }
}

fn all_rows(of: Box<Relation>) -> Ask {
    Ask::Rows { of, condition: "1 = 1".to_owned(), without: None, doubt: None }
}

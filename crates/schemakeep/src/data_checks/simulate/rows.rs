//! Rows that pending statements change, delete, add and copy.

use super::{Follower, Relation, Rows, Value, shown};
use crate::data_checks::check::Ask;
use crate::data_checks::narrowing;
use crate::data_checks::simulated_table::{mentions, occurrences, takes_all};
use schemakeep_db::Dialect;
use schemakeep_sql::change::{Definition, RowSource, TableName, quoted};

impl Follower {
    pub(super) fn update(&mut self, table: &TableName, sets: &[(String, String)]) {
        let here = self.here();
        let Some(at) = self.find(table) else { return };
        for column in &mut self.relations[at].columns {
            // A generated column follows others.
            if column.generated || sets.iter().any(|(name, _)| *name == column.name) {
                column.touched.get_or_insert_with(|| here.clone());
            } else if sets.iter().any(|(_, value)| mentions(value, &column.name)) {
                column.kept.get_or_insert_with(|| here.clone());
            }
        }
    }

    pub(super) fn delete(&mut self, table: &TableName) {
        let here = self.here();
        let Some(at) = self.find(table) else { return };
        let mut all = vec![at];
        // Rows that refer to them may go with them, or lose the reference.
        self.add_referencing(&mut all);
        for at in all {
            self.relations[at].deleted.get_or_insert_with(|| here.clone());
        }
    }

    /// Adds the tables that refer to these, and those that refer to them.
    pub(super) fn add_referencing(&self, all: &mut Vec<usize>) {
        let mut next = 0;
        while let Some(at) = all.get(next).copied() {
            let more: Vec<_> =
                self.referenced_by[at].iter().copied().filter(|it| !all.contains(it)).collect();
            all.extend(more);
            next += 1;
        }
    }

    pub(super) fn insert(
        &mut self,
        table: &TableName,
        columns: Vec<String>,
        source: Option<&RowSource>,
        tolerant: bool,
    ) {
        let here = self.here();
        let mut bases = Vec::new();
        for name in source.iter().flat_map(|source| &source.tables) {
            bases.extend(self.find(name));
        }
        for (at, source) in bases.iter().filter_map(|at| Some((*at, source?))) {
            let (_, queries) =
                self.relations[at].copied.get_or_insert_with(|| (here.clone(), String::new()));
            queries.push_str(&source.query);
            queries.push(' ');
        }
        let Some(at) = self.find(table) else { return };
        let filled = match (source, bases.as_slice()) {
            (Some(source), [base]) if source.tables.len() == 1 && *base != at => {
                self.filled(at, *base, columns, &source.query)
            }
            _ => None,
        };
        let relation = &mut self.relations[at];
        match (filled, &relation.rows) {
            (Some(filled), Rows::None) => {
                self.relations[at] = filled;
                if !tolerant {
                    self.constraints_of(at, table);
                }
            }
            (None, Rows::None) => {
                relation.rows = Rows::Unknown(format!("its rows are put in by {here}"));
            }
            _ => {
                // `OR REPLACE` deletes the rows that are in the way.
                if tolerant && self.dialect == Dialect::Sqlite {
                    relation.deleted.get_or_insert_with(|| here.clone());
                }
                relation.inserted.get_or_insert(here);
            }
        }
    }

    /// A new table with the rows of a query over another one.
    fn filled(
        &self,
        at: usize,
        base: usize,
        columns: Vec<String>,
        query: &str,
    ) -> Option<Relation> {
        let base = self.relations[base].clone();
        let mut relation = self.relations[at].clone();
        let definition = relation.definition.as_ref()?;
        let columns = if columns.is_empty() {
            let key = definition.primary_key();
            let given = definition.columns.iter().filter(|it| !it.filled || key.contains(&it.name));
            given.map(|column| column.name.clone()).collect()
        } else {
            columns
        };
        for column in &mut relation.columns {
            let new = definition.columns.iter().find(|it| it.name == column.name);
            column.value = if columns.contains(&column.name) {
                Value::Stored(column.name.clone())
            } else if column.generated || new.is_some_and(|it| it.filled) {
                Value::Unknown(format!("{} is filled by the database", column.name))
            } else {
                let default = new.and_then(|it| it.default.clone());
                Value::Text(default.unwrap_or_else(|| "NULL".to_owned()))
            };
        }
        relation.deleted.clone_from(&base.deleted);
        relation.inserted.clone_from(&base.inserted);
        for touched in base.columns.iter().filter(|column| column.touched.is_some()) {
            let often = occurrences(query, &touched.name);
            match relation.column_mut(&touched.name) {
                _ if often == 0 && !takes_all(query) => {}
                Some(column) if often <= 1 => column.touched.clone_from(&touched.touched),
                // It may have gone into any column.
                _ => relation.deleted.clone_from(&touched.touched),
            }
        }
        if let Rows::Unknown(why) = &base.rows {
            relation.rows = Rows::Unknown(why.clone());
        } else if base.rows != Rows::None {
            relation.rows = Rows::Query { base: Box::new(base), columns, query: query.to_owned() };
        }
        Some(relation)
    }

    /// What the new table's definition asks of the rows that are put into it.
    fn constraints_of(&mut self, at: usize, table: &TableName) {
        let Some(definition) = self.relations[at].definition.clone() else { return };
        self.values_of(at, table, &definition);
        for key in &definition.keys {
            let collated: Vec<_> = key
                .columns
                .iter()
                .map(|name| {
                    let column = definition.columns.iter().find(|it| it.name == *name);
                    match column.and_then(|it| it.collation.as_ref()) {
                        Some(collation) => format!("{} COLLATE {collation}", quoted(name)),
                        None => quoted(name),
                    }
                })
                .collect();
            self.unique(table, &collated, None, key.nulls_not_distinct);
        }
        for check in &definition.checks {
            self.check(table, check);
        }
        for key in &definition.foreign_keys {
            self.foreign_key(table, key);
        }
    }

    fn values_of(&mut self, at: usize, table: &TableName, definition: &Definition) {
        for column in &definition.columns {
            let given = self.relations[at]
                .column(&column.name)
                .is_some_and(|it| !matches!(it.value, Value::Unknown(_)));
            if column.not_null && !column.filled && given {
                self.nulls(at, table, &column.name);
            }
            let unfit = definition.strict.then(|| narrowing::strict(&column.name, &column.ty));
            if let Some(condition) = unfit.flatten().filter(|_| given) {
                let what = format!(
                    "values in {}.{} that are no {}",
                    shown(table),
                    column.name,
                    column.ty.to_lowercase()
                );
                let fix =
                    format!("convert them before, or in the INSERT: CAST({} AS …)", column.name);
                let name = quoted(&column.name);
                self.ask(at, table, (&what, &fix), &name, |of| Ask::Rows {
                    of,
                    condition,
                    without: None,
                    doubt: None,
                });
            }
        }
    }
}

//! Constraints that the rows must fulfil.

use super::{Follower, Rows, shown};
use crate::data_checks::check::Ask;
use schemakeep_sql::change::{Change, ForeignKey, TableName, quoted};

impl Follower {
    pub(super) fn set_not_null(&mut self, table: &TableName, column: &str) {
        let (what, fix) = nulls_words(table, column);
        let Some(at) = self.find_or_say(table, &what, &fix) else { return };
        match self.relations[at].column(column) {
            Some(found) if found.not_null => {}
            Some(_) => self.nulls(at, table, column),
            None => {
                let why = match &self.opaque {
                    Some((place, what)) => format!("{what} in {} may make it", self.near(place)),
                    None => "the column is not there".to_owned(),
                };
                self.push(table, &what, &fix, Ask::Not(why), None);
            }
        }
        if let Some(found) = self.relations[at].column_mut(column) {
            found.not_null = true;
        }
    }

    /// Asks for rows without a value.
    pub(super) fn nulls(&mut self, at: usize, table: &TableName, column: &str) {
        let (what, fix) = nulls_words(table, column);
        let name = quoted(column);
        self.ask(at, table, (&what, &fix), &name, |of| Ask::Rows {
            of,
            condition: format!("{name} IS NULL"),
            without: None,
            doubt: None,
        });
    }

    pub(super) fn primary_key(&mut self, table: &TableName, columns: &[String]) {
        for column in columns {
            let column = column.trim_matches('"').replace("\"\"", "\"");
            self.set_not_null(table, &column);
        }
    }

    pub(super) fn unique(
        &mut self,
        table: &TableName,
        key: &[String],
        predicate: Option<&str>,
        nulls_not_distinct: bool,
    ) {
        let names = key.join(", ").replace('"', "");
        let some = predicate.map(|text| format!(" where {text}")).unwrap_or_default();
        let what = match key {
            [_] => format!("rows with the same {names} in {}{some}", shown(table)),
            _ => format!("rows with the same ({names}) in {}{some}", shown(table)),
        };
        let fix = format!("make {names} differ, or delete all but one of each in {}", shown(table));
        let Some(at) = self.find_or_say(table, &what, &fix) else { return };
        let mut conditions: Vec<_> =
            predicate.map(|text| format!("({text})")).into_iter().collect();
        if !nulls_not_distinct {
            conditions.extend(key.iter().map(|part| format!("({part}) IS NOT NULL")));
        }
        if conditions.is_empty() {
            conditions.push("1 = 1".to_owned());
        }
        let condition = conditions.join(" AND ");
        let text = format!("{} {condition}", key.join(", "));
        let key = key.to_vec();
        self.ask(at, table, (&what, &fix), &text, |of| Ask::Shared { of, key, condition });
    }

    pub(super) fn foreign_key(&mut self, table: &TableName, key: &ForeignKey) {
        let columns = key.columns.join(", ");
        let target_name = shown(&key.target);
        let what = format!("rows of {} whose {columns} is not in {target_name}", shown(table));
        let fix = format!(
            "add the missing rows to {target_name}, or delete those rows of {} or set {columns} to NULL in them",
            shown(table)
        );
        let Some(at) = self.find_or_say(table, &what, &fix) else { return };
        if self.relations[at].rows == Rows::None {
            return;
        }
        let target = self.find(&key.target).map(|at| self.relations[at].clone());
        let Some(target) = target else {
            let why = format!("the table {target_name} is not there");
            return self.push(table, &what, &fix, Ask::Not(why), None);
        };
        let target_columns =
            if key.target_columns.is_empty() { &target.key } else { &key.target_columns };
        if target_columns.len() != key.columns.len() {
            let why = format!("the columns of {target_name} are not known");
            return self.push(table, &what, &fix, Ask::Not(why), None);
        }
        let text = target_columns.join(", ");
        if let Some(why) = target
            .inserted
            .as_ref()
            .map(|by| format!("rows of {target_name} are added by {}", self.near(by)))
            .or_else(|| self.open(&target, &text))
        {
            return self.push(table, &what, &fix, Ask::Not(why), None);
        }
        let own = quoted(&table.name);
        let given = key.columns.iter().map(|it| format!("{own}.{} IS NOT NULL", quoted(it)));
        let condition = given.collect::<Vec<_>>().join(" AND ");
        let equal = target_columns.iter().zip(&key.columns).map(|(target, column)| {
            format!("\"?target\".{} = {own}.{}", quoted(target), quoted(column))
        });
        let join = equal.collect::<Vec<_>>().join(" AND ");
        self.ask(at, table, (&what, &fix), &columns, |of| Ask::Rows {
            of,
            condition,
            without: Some((Box::new(target), join)),
            doubt: None,
        });
    }

    /// Rows of a table may go with those of another one from here on.
    pub(super) fn refers(&mut self, table: &TableName, key: &ForeignKey) {
        if let Some((at, target)) = self.find(table).zip(self.find(&key.target)) {
            self.referenced_by[target].push(at);
        }
    }

    pub(super) fn check(&mut self, table: &TableName, expression: &str) {
        let words = expression.split_whitespace().collect::<Vec<_>>().join(" ");
        let what = format!("rows of {} for which ({words}) is false", shown(table));
        let fix = format!("UPDATE {} SET … WHERE NOT ({words})", shown(table));
        let Some(at) = self.find_or_say(table, &what, &fix) else { return };
        self.ask(at, table, (&what, &fix), expression, |of| Ask::Rows {
            of,
            // A comment at its end would take the bracket along.
            condition: format!("NOT ({expression}\n)"),
            without: None,
            doubt: None,
        });
    }

    /// Keeps a constraint that is added `NOT VALID`.
    pub(super) fn leave_for_later(
        &mut self,
        table: &TableName,
        name: Option<String>,
        change: Change,
    ) {
        if let Some((at, name)) = self.find(table).zip(name) {
            self.not_valid.push((at, name, change));
        }
    }

    pub(super) fn validate(&mut self, table: &TableName, constraint: &str) {
        let what = format!("rows of {} that break {constraint}", shown(table));
        let Some(at) = self.find_or_say(table, &what, "") else { return };
        let matches = |it: &(usize, String, Change)| it.0 == at && it.1 == constraint;
        let Some(found) = self.not_valid.iter().position(matches) else { return };
        match self.not_valid.remove(found).2 {
            Change::AddCheck { expression, .. } => self.check(table, &expression),
            Change::AddForeignKey { key, .. } => self.foreign_key(table, &key),
            _ => {}
        }
    }
}

fn nulls_words(table: &TableName, column: &str) -> (String, String) {
    let table = shown(table);
    (
        format!("rows with NULL in {table}.{column}"),
        format!("UPDATE {table} SET {column} = … WHERE {column} IS NULL"),
    )
}

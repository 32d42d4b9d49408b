//! Columns of tables that stay: added, given other values, made NOT NULL.

use super::change::Change;
use super::constraints::validation;
use super::names::passing;
use super::sequences::{going_on, hand_over, set_counter};
use super::shadow_column::swaps;
use super::{Drafting, unwritable};
use crate::diff::postgres::sql::{self, alter_column, literal, quoted};
use crate::diff::{ObjectKind, Running, Unwritable};
use crate::schema::postgres::{Aside, Column, Constraint, ConstraintKind, Schema, Value};
use schemakeep_sql::postgres::volatility;

/// A statement for a file that has nothing to undo.
pub(super) const NOTHING: &str = "-- The schema was the same before; the values stay.\nSELECT 1";

/// The default of a column, in SQL.
pub(super) fn default_of(column: &Column) -> Option<String> {
    match &column.value {
        Value::Default(expression) => Some(expression.clone()),
        Value::Serial { sequence, .. } => Some(sql::next_of(&sequence.0)),
        _ => None,
    }
}

/// Why a table cannot get a generated column.
const GENERATED: &str = "a generated column rewrites the whole table while nobody can read it; \
     write this migration by hand, with `-- allow: adding-field-with-default` and the reason";

/// The statements that give a column a value that it has not.
pub(super) fn attach(table: &str, column: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Nothing | Value::Generated { .. } => Vec::new(),
        Value::Default(expression) => {
            vec![alter_column(table, column, &format!("SET DEFAULT {expression}"))]
        }
        Value::Serial { sequence, counting } => vec![
            sql::create_sequence(&sequence.0, counting),
            sql::own_sequence(&sequence.0, Some((table, column))),
            set_counter(table, column, counting),
            alter_column(table, column, &format!("SET DEFAULT {}", sql::next_of(&sequence.0))),
        ],
        Value::Identity { always, counting, .. } => vec![
            alter_column(table, column, &format!("ADD {}", sql::identity(*always, counting))),
            set_counter(table, column, counting),
        ],
    }
}

/// The statements that take a column's value away.
pub(super) fn detach(table: &str, column: &str, value: &Value) -> Vec<String> {
    match value {
        Value::Nothing => Vec::new(),
        Value::Default(_) => vec![alter_column(table, column, "DROP DEFAULT")],
        Value::Serial { sequence, .. } => vec![
            alter_column(table, column, "DROP DEFAULT"),
            format!("DROP SEQUENCE {}", quoted(&sequence.0)),
        ],
        Value::Identity { .. } => vec![alter_column(table, column, "DROP IDENTITY")],
        Value::Generated { .. } => vec![alter_column(table, column, "DROP EXPRESSION")],
    }
}

/// The statements that lead from one value to another.
pub(super) fn revalue(table: &str, column: &str, old: &Value, new: &Value) -> Vec<String> {
    match (old, new) {
        (Value::Default(_), Value::Default(_)) => attach(table, column, new),
        (Value::Serial { sequence, counting: one }, Value::Serial { counting: other, .. }) => {
            let (mut statements, again) = sql::into_range(&sequence.0, one, other);
            let (name, counting) = (quoted(&sequence.0), sql::counting(other));
            statements.push(format!("ALTER SEQUENCE {name} AS {} {counting}{again}", other.ty));
            statements
        }
        (
            Value::Identity { always: was, sequence, counting: one },
            Value::Identity { always, counting: other, .. },
        ) => {
            let (mut statements, again) = sql::into_range(&sequence.0, one, other);
            let mut actions = Vec::new();
            if was != always {
                let when = if *always { "ALWAYS" } else { "BY DEFAULT" };
                actions.push(format!("SET GENERATED {when}"));
            }
            if one != other {
                let cycle = if other.cycle { "SET CYCLE" } else { "SET NO CYCLE" };
                actions.push(format!(
                    "SET INCREMENT BY {} SET MINVALUE {} SET MAXVALUE {} SET START WITH {} SET CACHE {} {cycle}{again}",
                    other.increment, other.min, other.max, other.start, other.cache
                ));
            }
            statements.push(alter_column(table, column, &actions.join(" ")));
            statements
        }
        _ => hand_over(table, column, old, new)
            .unwrap_or_else(|| [detach(table, column, old), attach(table, column, new)].concat()),
    }
}

impl Drafting {
    pub(super) fn change_columns(&mut self, to: &Schema) -> Result<(), Unwritable> {
        for (table, wanted) in &to.tables {
            let Some(now) = self.now.tables.get(table) else { continue };
            let have = now.columns.clone();
            let mut filled = Vec::new();
            for (column, wanted) in wanted.in_order() {
                match have.get(column) {
                    None => {
                        if self.add_column(table, column, wanted)? {
                            filled.push(column);
                        }
                    }
                    Some(old) if old == wanted => {}
                    Some(old) if swaps(old, wanted) => {}
                    Some(old) => self.change_column(table, column, old, wanted, to)?,
                }
            }
            for column in filled {
                self.backfill(table, column);
            }
        }
        Ok(())
    }

    fn put_column(&mut self, table: &str, column: &str, it: Column) {
        if let Some(table) = self.now.tables.get_mut(table) {
            table.columns.insert(column.to_owned(), it);
        }
    }

    /// Adds a column; says whether its rows must be given a value each.
    fn add_column(
        &mut self,
        table: &str,
        column: &str,
        wanted: &Column,
    ) -> Result<bool, Unwritable> {
        let whole = format!("{table}.{column}");
        let empty = Column { not_null: false, value: Value::Nothing, ..wanted.clone() };
        let add =
            |it: &Column| sql::alter(table, &format!("ADD COLUMN {}", sql::column(column, it)));
        let (up, made, each) = match &wanted.value {
            Value::Generated { .. } => {
                return Err(unwritable(ObjectKind::Column, &whole, GENERATED));
            }
            Value::Default(expression) if !volatility::is_volatile(expression) => {
                (vec![add(wanted)], wanted.clone(), false)
            }
            Value::Nothing => {
                if wanted.not_null {
                    self.warn(format!(
                        "column {whole} is NOT NULL and has no default: where {table} has rows, give each of them a value before the check is validated"
                    ));
                }
                (vec![add(&empty)], empty, false)
            }
            Value::Default(_) => {
                let made = Column { not_null: false, ..wanted.clone() };
                ([vec![add(&empty)], attach(table, column, &made.value)].concat(), made, true)
            }
            Value::Serial { sequence, counting } | Value::Identity { sequence, counting, .. } => {
                let sequence = Aside(self.free_or(&sequence.0));
                let counting = counting.clone();
                let up = vec![
                    sql::create_sequence(&sequence.0, &counting),
                    add(&empty),
                    sql::own_sequence(&sequence.0, Some((table, column))),
                    alter_column(
                        table,
                        column,
                        &format!("SET DEFAULT {}", sql::next_of(&sequence.0)),
                    ),
                ];
                (up, Column { value: Value::Serial { sequence, counting }, ..empty }, true)
            }
        };
        let mut down = match &made.value {
            it @ Value::Serial { .. } => detach(table, column, it),
            _ => Vec::new(),
        };
        down.push(sql::alter(table, &format!("DROP COLUMN {}", quoted(column))));
        self.push(Change::new(format!("add_{column}_to_{table}"), up, down).on(table));
        self.put_column(table, column, made);
        Ok(each)
    }

    /// Gives every row a value of its own, a few pages at a time, each in a transaction of its own.
    fn backfill(&mut self, table: &str, column: &str) {
        let up = batches(
            table,
            &format!("{} = DEFAULT", quoted(column)),
            &format!("{} IS NULL", quoted(column)),
        );
        let change =
            Change::new(format!("fill_{column}_of_{table}"), vec![up], vec![NOTHING.to_owned()]);
        let change = Change { back: Running::Transaction, ..change.on(table).outside() };
        self.push(change);
    }

    fn change_column(
        &mut self,
        table: &str,
        column: &str,
        old: &Column,
        wanted: &Column,
        to: &Schema,
    ) -> Result<(), Unwritable> {
        let mut old = old.clone();
        if (&old.ty, &old.collation) != (&wanted.ty, &wanted.collation) {
            self.widen(table, column, &old, wanted, to);
            (old.ty, old.collation) = (wanted.ty.clone(), wanted.collation.clone());
            if let (Value::Default(_), Value::Default(_)) = (&old.value, &wanted.value) {
                old.value = wanted.value.clone();
            }
            self.put_column(table, column, old.clone());
        }
        if old.value == wanted.value {
            return Ok(());
        }
        let whole = format!("{table}.{column}");
        if matches!(wanted.value, Value::Generated { .. }) {
            return Err(unwritable(ObjectKind::Column, &whole, GENERATED));
        }
        let is_identity = |it: &Value| matches!(it, Value::Identity { .. });
        if is_identity(&wanted.value) && !is_identity(&old.value) {
            // Only what is NOT NULL may become one.
            return Ok(());
        }
        let mut value = wanted.value.clone();
        if let Value::Serial { sequence, .. } = &mut value
            && !matches!(old.value, Value::Serial { .. })
        {
            sequence.0 = self.free_or(&sequence.0);
        }
        self.change_value(table, column, &old, &value);
        Ok(())
    }

    fn change_value(&mut self, table: &str, column: &str, old: &Column, new: &Value) {
        let new = &going_on(&old.value, new);
        let up = revalue(table, column, &old.value, new);
        let mut down = revalue(table, column, new, &old.value);
        if let Value::Generated { .. } = old.value {
            let (drop, make) = self.around(&[(table.to_owned(), column.to_owned())]);
            down = drop;
            down.push(sql::alter(table, &format!("DROP COLUMN {}", quoted(column))));
            down.push(sql::alter(table, &format!("ADD COLUMN {}", sql::column(column, old))));
            down.extend(make);
        }
        let taken =
            !matches!(old.value, Value::Nothing | Value::Default(_)) || *new == Value::Nothing;
        let change = Change::new(format!("change_{column}_of_{table}"), up, down).on(table);
        self.push(change.breaking_if(taken));
        self.put_column(table, column, Column { value: new.clone(), ..old.clone() });
    }

    /// Makes columns NOT NULL without reading the table under a lock that keeps others out.
    pub(super) fn make_not_null(&mut self, to: &Schema) {
        let (mut validate, mut set) = (Vec::new(), Vec::new());
        for (table, column) in self.becoming_not_null(to) {
            let definition = format!("CHECK ({} IS NOT NULL)", quoted(&column));
            let constraints = &self.now.tables[&table].constraints;
            let says_so = |it: &&Constraint| it.valid && it.definition == definition;
            if constraints.values().any(|it| says_so(&it)) {
                set.push((table, column, None));
                continue;
            }
            let name = passing(&format!("{table}_{column}"), "present");
            let check = Constraint {
                kind: ConstraintKind::Check,
                definition,
                valid: false,
                columns: [column.clone()].into(),
                target: None,
            };
            let up = vec![sql::add_constraint(&table, &name, &check)];
            let down = vec![sql::drop_constraint(&table, &name)];
            let change = Change::new(format!("require_{column}_of_{table}"), up, down);
            self.push(change.on(&table).breaking());
            validate.push(validation(&table, &name, &check));
            set.push((table, column, Some((name, Constraint { valid: true, ..check }))));
        }
        self.changes.extend(validate);
        for (table, column, check) in set {
            let mut up = vec![alter_column(&table, &column, "SET NOT NULL")];
            let mut down = vec![alter_column(&table, &column, "DROP NOT NULL")];
            if let Some((name, check)) = check {
                up.push(sql::drop_constraint(&table, &name));
                down.push(sql::add_constraint(&table, &name, &check));
            }
            let change = Change::new(format!("set_{column}_of_{table}_not_null"), up, down);
            self.push(change.on(&table).breaking());
            if let Some(column) =
                self.now.tables.get_mut(&table).and_then(|it| it.columns.get_mut(&column))
            {
                column.not_null = true;
            }
        }
        self.make_identities(to);
    }

    fn becoming_not_null(&self, to: &Schema) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for (table, now) in &self.now.tables {
            for (column, now) in &now.columns {
                let wanted = to.tables.get(table).and_then(|it| it.columns.get(column));
                if wanted.is_some_and(|wanted| wanted.not_null) && !now.not_null {
                    found.push((table.clone(), column.clone()));
                }
            }
        }
        found
    }

    fn make_identities(&mut self, to: &Schema) {
        for (table, wanted) in &to.tables {
            for (column, wanted) in &wanted.columns {
                let now = self.now.tables.get(table).and_then(|it| it.columns.get(column)).cloned();
                let Some(now) = now.filter(|now| now.value != wanted.value) else { continue };
                if let Value::Identity { .. } = wanted.value {
                    self.change_value(table, column, &now, &wanted.value);
                }
            }
        }
    }
}

/// An UPDATE in batches of pages: each locks a few rows, and for a short time only. Rows that move meanwhile are
/// found by going through again, three times at most; what stops partway may begin again.
pub(super) fn batches(table: &str, set: &str, condition: &str) -> String {
    let table_name = literal(&quoted(table));
    let table = quoted(table);
    format!(
        "DO $fill$
#variable_conflict use_column
<<batch>>
DECLARE
    first_page bigint;
    all_pages bigint;
BEGIN
    FOR pass IN 1..3 LOOP
        batch.first_page := 0;
        batch.all_pages := pg_relation_size({table_name}) / current_setting('block_size')::bigint;
        WHILE batch.first_page <= batch.all_pages LOOP
            UPDATE {table} SET {set}
            WHERE ctid >= format('(%s,0)', batch.first_page)::tid
                AND ctid < format('(%s,0)', batch.first_page + 500)::tid
                AND {condition};
            COMMIT;
            batch.first_page := batch.first_page + 500;
        END LOOP;
        EXIT WHEN NOT EXISTS (SELECT FROM {table} WHERE {condition});
    END LOOP;
END
$fill$"
    )
}

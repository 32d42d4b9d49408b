//! Columns that get a type in which what is stored is another: a new column beside the old one, kept equal by a
//! trigger, filled in batches, with everything that hangs on it built beside the old too; then both change places.

use std::collections::BTreeSet;

use super::cast::{Doubt, cast, doubt};
use super::change::Change;
use super::columns::{NOTHING, batches};
use super::{Drafting, unwritable};
use crate::diff::postgres::prune::prune;
use crate::diff::postgres::sql::{self, quoted};
use crate::diff::{ObjectKind, Running, Unwritable};
use crate::schema::postgres::{
    Aside, Column, Constraint, ConstraintKind, Function, Index, Schema, Trigger, Value, mentions,
    renamed, retyped,
};
use schemakeep_sql::postgres::types;

/// Whether a column must change places with a new one.
pub(super) fn swaps(old: &Column, wanted: &Column) -> bool {
    old.collation != wanted.collation
        || (old.ty != wanted.ty && !types::is_free(&old.ty, &wanted.ty))
}

/// Something built for the new column, by its own name and the one that it gets.
pub(super) enum Built {
    Constraint(String, String, Constraint),
    Key(String, String, Constraint),
    Index(String, String, Index),
}

/// A column on its way to another type.
pub(super) struct Swap<'a> {
    pub(super) table: &'a str,
    pub(super) column: &'a str,
    /// The new column's name until then.
    pub(super) passing: String,
    pub(super) old: Column,
    pub(super) wanted: Column,
    /// The function, its name with `()`, and the trigger.
    pub(super) function: (String, Function),
    pub(super) trigger: (String, Trigger),
    pub(super) built: Vec<Built>,
}

impl Drafting {
    pub(super) fn swap_columns(&mut self, to: &Schema) -> Result<(), Unwritable> {
        for (table, wanted) in &to.tables {
            let Some(now) = self.now.tables.get(table).cloned() else { continue };
            for (column, wanted) in wanted.in_order() {
                let Some(old) = now.columns.get(column) else { continue };
                if swaps(old, wanted) {
                    self.swap(table, column, old, wanted, to)?;
                }
            }
        }
        for (name, wanted) in &to.enums {
            let Some(old) = self.now.enums.get(name).cloned() else { continue };
            if old != *wanted && self.needs_new_type(name, &old, wanted) {
                self.swap_enum(name, to)?;
            }
        }
        Ok(())
    }

    /// Gives every column of an enumerated type a new one, which takes the old one's name.
    fn swap_enum(&mut self, name: &str, to: &Schema) -> Result<(), Unwritable> {
        let mut without = self.now.clone();
        for (table, column) in self.columns_of_type(name) {
            match (without.tables.get_mut(&table), to.tables.get(&table)) {
                (Some(known), Some(wanted)) if !wanted.columns.contains_key(&column) => {
                    known.columns.remove(&column);
                }
                (Some(_), None) => {
                    without.tables.remove(&table);
                }
                _ => {}
            }
        }
        if without != self.now {
            // What goes anyway goes before, with its type.
            prune(&mut without);
            self.advance(&without)?;
        }
        let (old, wanted) = (self.now.enums[name].clone(), &to.enums[name]);
        if self.columns_of_type(name).is_empty() {
            self.change_enum(name, &old, wanted);
            self.now.enums.insert(name.to_owned(), wanted.clone());
            return Ok(());
        }
        let passing = self.free(name, "new");
        let make = vec![sql::create_enum(&passing, wanted)];
        let drop = vec![format!("DROP TYPE {}", quoted(&passing))];
        self.push(Change::new(format!("create_{passing}"), make, drop));
        self.now.enums.insert(passing.clone(), wanted.clone());
        let mut between = to.clone();
        retype(&mut between, name, &passing);
        for (table, column) in self.columns_of_type(name) {
            let wanted = between.tables.get(&table).and_then(|it| it.columns.get(&column));
            let Some(wanted) = wanted.cloned() else { continue };
            let old = self.now.tables[&table].columns[&column].clone();
            self.swap(&table, &column, &old, &wanted, &between)?;
        }
        let rename =
            |from: &str, to: &str| format!("ALTER TYPE {} RENAME TO {}", quoted(from), quoted(to));
        let up = vec![format!("DROP TYPE {}", quoted(name)), rename(&passing, name)];
        let down = vec![rename(name, &passing), sql::create_enum(name, &old)];
        self.push(Change::new(format!("change_{name}"), up, down).breaking());
        retype(&mut self.now, &passing, name);
        self.now.enums.remove(&passing);
        self.now.enums.insert(name.to_owned(), wanted.clone());
        Ok(())
    }

    fn swap(
        &mut self,
        table: &str,
        column: &str,
        old: &Column,
        wanted: &Column,
        to: &Schema,
    ) -> Result<(), Unwritable> {
        let whole = format!("{table}.{column}");
        let refuse = |why: &str| Err(unwritable(ObjectKind::Column, &whole, why));
        let generated = |it: &Value| matches!(it, Value::Generated { .. });
        if generated(&old.value) || generated(&wanted.value) {
            return refuse(
                "a generated column gets no other type but with a rewrite of the table; write this migration by hand",
            );
        }
        let reads = |it: &Column| matches!(&it.value, Value::Generated { expression, .. } if mentions(expression, column));
        if self.now.tables[table].columns.values().any(reads) {
            return refuse(
                "a generated column is computed from it, so it gets no other type; write this migration by hand",
            );
        }
        let mut swap = self.begin_swap(table, column, old, wanted);
        self.fill_new_column(&swap);
        self.build_beside(&mut swap, to)?;
        self.change_places(&swap, to);
        Ok(())
    }

    /// Adds the new column, and the trigger that fills it.
    fn begin_swap<'a>(
        &mut self,
        table: &'a str,
        column: &'a str,
        old: &Column,
        wanted: &Column,
    ) -> Swap<'a> {
        let mut passing = super::names::passing(column, "new");
        while self.now.tables[table].columns.contains_key(&passing) {
            passing = super::names::passing(&passing, "new");
        }
        let name = super::names::passing(&format!("{table}_{column}"), "swap");
        let (target, source) = (quoted(&passing), cast(column, &old.ty, &wanted.ty));
        let definition = format!(
            "CREATE FUNCTION {}() RETURNS trigger LANGUAGE plpgsql AS $swap$\nBEGIN\n    NEW.{target} := NEW.{source};\n    RETURN NEW;\nEND\n$swap$",
            quoted(&name)
        );
        let language = "plpgsql".to_owned();
        let shape = " -> trigger".to_owned();
        let function = Function { definition, procedure: false, language, shape };
        let signature = format!("{}()", quoted(&name));
        // Triggers fire in the order of their names: this one last, when the others have set the old column.
        let trigger_name = super::names::passing(&format!("zzz_{table}_{column}"), "swap");
        let trigger = Trigger {
            definition: format!(
                "CREATE TRIGGER {} BEFORE INSERT OR UPDATE ON {} FOR EACH ROW EXECUTE FUNCTION {signature}",
                quoted(&trigger_name),
                quoted(table)
            ),
            fires: "O".to_owned(),
            function: Aside(signature.clone()),
        };
        let new = Column {
            place: Aside(i32::MAX),
            not_null: false,
            value: Value::Nothing,
            ..wanted.clone()
        };
        let up = vec![
            sql::alter(table, &format!("ADD COLUMN {}", sql::column(&passing, &new))),
            function.definition.clone(),
            trigger.definition.clone(),
        ];
        let down = vec![
            sql::drop_trigger(table, &trigger_name),
            format!("DROP FUNCTION {signature}"),
            sql::alter(table, &format!("DROP COLUMN {target}")),
        ];
        let doubt = doubt(&old.ty, &wanted.ty, &self.now);
        if let Some(doubt) = doubt {
            let (from, to, why) = (&old.ty, &wanted.ty, doubt.why());
            self.warn(format!("column {table}.{column} becomes {to} and was {from}: {why}"));
        }
        let change = Change::new(format!("add_{passing}_to_{table}"), up, down).on(table);
        self.push(change.breaking_if(doubt == Some(Doubt::Range)));
        self.now.functions.insert(signature.clone(), function.clone());
        if let Some(known) = self.now.tables.get_mut(table) {
            known.columns.insert(passing.clone(), new);
            known.triggers.insert(trigger_name.clone(), trigger.clone());
        }
        Swap {
            table,
            column,
            passing,
            old: old.clone(),
            wanted: wanted.clone(),
            function: (signature, function),
            trigger: (trigger_name, trigger),
            built: Vec::new(),
        }
    }

    fn fill_new_column(&mut self, swap: &Swap<'_>) {
        let Swap { table, column, passing, .. } = swap;
        let (new, old) = (quoted(passing), quoted(column));
        let value = cast(column, &swap.old.ty, &swap.wanted.ty);
        let up = batches(
            table,
            &format!("{new} = {value}"),
            &format!("{new} IS NULL AND {old} IS NOT NULL"),
        );
        let change =
            Change::new(format!("fill_{passing}_of_{table}"), vec![up], vec![NOTHING.to_owned()]);
        self.push(Change { back: Running::Transaction, ..change.on(table).outside() });
        self.warn_of_firing(table);
    }

    /// Builds for the new column what the schema that is wanted has on the old one.
    fn build_beside(&mut self, swap: &mut Swap<'_>, to: &Schema) -> Result<(), Unwritable> {
        let (table, column) = (swap.table, swap.column);
        let mut beside = self.now.clone();
        let Some(known) = beside.tables.get_mut(table) else { return Ok(()) };
        if let Some(new) = known.columns.get_mut(&swap.passing) {
            new.not_null = swap.old.not_null && swap.wanted.not_null;
        }
        let have = known.columns.clone();
        let there = |columns: &BTreeSet<String>| {
            columns.contains(column) && columns.iter().all(|column| have.contains_key(column))
        };
        let sql_name = quoted(&swap.passing);
        let moved = |columns: &BTreeSet<String>| {
            columns
                .iter()
                .map(|it| if it == column { swap.passing.clone() } else { it.clone() })
                .collect()
        };
        let wanted = &to.tables[table];
        for (name, it) in wanted.constraints.iter().filter(|(_, it)| there(&it.columns)) {
            let passing = self.free(name, "new");
            let place = it.definition.find(" REFERENCES").unwrap_or(it.definition.len());
            let (own, theirs) = it.definition.split_at(place);
            let definition = format!("{}{theirs}", renamed(own, column, &sql_name));
            let copy = Constraint { definition, columns: moved(&it.columns), ..it.clone() };
            match it.kind {
                ConstraintKind::PrimaryKey | ConstraintKind::Unique => {
                    known.indexes.insert(passing.clone(), sql::index_of_key(&copy));
                    swap.built.push(Built::Key(passing, name.clone(), it.clone()));
                }
                ConstraintKind::Check => {
                    known.constraints.insert(passing.clone(), copy);
                    swap.built.push(Built::Constraint(passing, name.clone(), it.clone()));
                }
                ConstraintKind::ForeignKey => {
                    let Some(target) = it.target.as_ref().filter(|it| it.table != table) else {
                        continue;
                    };
                    let others = it.columns.iter().filter(|it| *it != column);
                    if self.comparable(table, others, to)
                        && self.comparable(&target.table, &target.columns, to)
                    {
                        known.constraints.insert(passing.clone(), copy);
                        swap.built.push(Built::Constraint(passing, name.clone(), it.clone()));
                    }
                }
                ConstraintKind::Exclusion => {}
            }
        }
        for (name, it) in wanted.indexes.iter().filter(|(_, it)| there(&it.columns)) {
            let passing = self.free(name, "new");
            let definition = renamed(&it.definition, column, &sql_name);
            let copy = Index { definition, columns: moved(&it.columns), ..it.clone() };
            known.indexes.insert(passing.clone(), copy);
            swap.built.push(Built::Index(passing, name.clone(), it.clone()));
        }
        self.advance(&beside)
    }

    /// Whether a foreign key between columns as they are now may be one between those that are wanted too.
    pub(super) fn comparable<'c>(
        &self,
        table: &str,
        columns: impl IntoIterator<Item = &'c String>,
        to: &Schema,
    ) -> bool {
        let whole = |ty: &str| ["smallint", "integer", "bigint"].contains(&ty);
        let text = |ty: &str| ty == "text" || ty.starts_with("character varying");
        let alike = |one: &str, other: &str| {
            let plain = !one.ends_with("[]") && !other.ends_with("[]");
            one == other || (plain && ((whole(one) && whole(other)) || (text(one) && text(other))))
        };
        columns.into_iter().all(|column| {
            let of =
                |schema: &Schema| Some(schema.tables.get(table)?.columns.get(column)?.ty.clone());
            of(&self.now).zip(of(to)).is_some_and(|(now, wanted)| alike(&now, &wanted))
        })
    }

    /// Says that what is filled fires triggers.
    pub(super) fn warn_of_firing(&mut self, table: &str) {
        let fires = |(name, it): &(&String, &Trigger)| {
            it.definition.contains("UPDATE") && !name.starts_with("zzz_")
        };
        let firing: Vec<String> = self.now.tables[table]
            .triggers
            .iter()
            .filter(fires)
            .map(|(name, _)| name.clone())
            .collect();
        if !firing.is_empty() {
            self.warn(format!(
                "filling {table} is an UPDATE of its rows, which fires {}",
                firing.join(", ")
            ));
        }
    }
}

/// Has everything in a schema that is of one type be of another.
fn retype(schema: &mut Schema, from: &str, to: &str) {
    let (one, many) = (quoted(from), format!("{}[]", quoted(from)));
    let sql_name = quoted(to);
    for table in schema.tables.values_mut() {
        for column in table.columns.values_mut() {
            if column.ty == one {
                column.ty.clone_from(&sql_name);
            } else if column.ty == many {
                column.ty = format!("{sql_name}[]");
            }
            if let Value::Default(text) | Value::Generated { expression: text, .. } =
                &mut column.value
            {
                *text = retyped(text, from, &sql_name);
            }
        }
        let constraints = table.constraints.values_mut().map(|it| &mut it.definition);
        let indexes = table.indexes.values_mut().map(|it| &mut it.definition);
        let triggers = table.triggers.values_mut().map(|it| &mut it.definition);
        for text in constraints.chain(indexes).chain(triggers) {
            *text = retyped(text, from, &sql_name);
        }
    }
    for view in schema.views.values_mut() {
        view.definition = retyped(&view.definition, from, &sql_name);
        for (_, ty) in &mut view.columns {
            if *ty == one {
                ty.clone_from(&sql_name);
            }
        }
    }
}

//! Takes out of a schema what PostgreSQL would refuse because of what was taken out before.

use std::collections::BTreeSet;

use super::choices;
use super::model::{Column, Family, Filled, Key, Model, Reference, Table};

/// Makes a schema valid; what it has lost it goes without.
pub(super) fn repair(model: &mut Model) {
    loop {
        let before = model.clone();
        let known = before.clone();
        for table in &mut model.tables {
            self::table(&known, table);
        }
        model.tables.retain(|table| !table.columns.is_empty());
        views(model);
        if *model == before {
            return;
        }
    }
}

fn table(model: &Model, table: &mut Table) {
    let mut seen = BTreeSet::new();
    table.columns.retain(|column| seen.insert(column.name.clone()));
    let columns = table.columns.clone();
    for column in &mut table.columns {
        self::column(model, &columns, column);
    }
    keys(table);
    let known = table.clone();
    let mut names = BTreeSet::new();
    let mut fresh = |name: Option<&String>| name.is_none_or(|name| names.insert(name.clone()));
    table.checks.retain(|check| known.has(&check.columns) && fresh(check.name.as_ref()));
    let mut sets = BTreeSet::new();
    table.references.retain(|it| refers(model, &known, it) && sets.insert(it.columns.clone()));
    let mut names = BTreeSet::new();
    table.indexes.retain(|index| {
        let function = index.function.as_ref();
        known.has(&index.columns)
            && known.has(&index.include)
            && function.is_none_or(|name| model.functions.iter().any(|it| it.name == *name))
            && names.insert(index.name.clone())
    });
    let mut names = BTreeSet::new();
    table.triggers.retain(|trigger| {
        let is_it = |name: &str| name == trigger.function;
        known.has(&trigger.columns)
            && model.functions.iter().any(|it| it.is_trigger && is_it(&it.name))
            && names.insert(trigger.name.clone())
    });
}

fn column(model: &Model, columns: &[Column], column: &mut Column) {
    if column.ty.ends_with("_kind") {
        let known = model.enums.iter().find(|known| known.name == column.ty);
        match known {
            None => "text".clone_into(&mut column.ty),
            Some(known) => {
                if let Filled::Default(label) = &column.filled
                    && !known.labels.iter().any(|known| format!("'{known}'") == *label)
                {
                    column.filled = Filled::Not;
                }
            }
        }
    }
    if column.ty == choices::DOMAIN && model.domains.is_empty() {
        "text".clone_into(&mut column.ty);
    }
    let is_text = column.ty.starts_with("text") || column.ty.starts_with("varchar");
    if !is_text || column.family != Family::Text {
        column.collation = None;
    }
    let stays = match &column.filled {
        Filled::Not => true,
        Filled::Default(expression) => match expression.strip_prefix("nextval('") {
            Some(rest) => {
                let name = rest.trim_end_matches("')");
                model.sequences.iter().any(|sequence| sequence.name == name)
            }
            None => true,
        },
        Filled::Serial | Filled::Identity { .. } => column.family == Family::Key,
        Filled::Generated { from, .. } => {
            columns.iter().any(|source| source.name == *from && !source.is_generated())
        }
    };
    if !stays {
        column.filled = Filled::Not;
    }
}

fn keys(table: &mut Table) {
    let known = table.clone();
    let mut seen: Vec<Vec<String>> = Vec::new();
    let mut stays = |key: &mut Key| {
        key.include.retain(|name| !key.columns.contains(name));
        key.include.retain(|name| known.column(name).is_some());
        let stays = known.has(&key.columns) && !seen.contains(&key.columns);
        seen.push(key.columns.clone());
        stays
    };
    if table.primary.as_mut().is_some_and(|key| !stays(key)) {
        table.primary = None;
    }
    table.uniques.retain_mut(stays);
}

fn refers(model: &Model, table: &Table, reference: &Reference) -> bool {
    let target =
        if reference.target == table.name { Some(table) } else { model.table(&reference.target) };
    let Some(target) = target else { return false };
    let mut keys = target.primary.iter().chain(&target.uniques);
    // With an included column below a foreign key PostgreSQL lets no type of that be changed.
    let matching = |key: &Key| {
        key.columns == reference.target_columns
            && key.deferrable.is_empty()
            && key.include.is_empty()
    };
    let own = table.name == target.name && reference.columns == reference.target_columns;
    let pairs = reference.columns.iter().zip(&reference.target_columns);
    // Arrays of unlike types can be declared to refer to each other, and are then refused when rows are compared.
    let comparable = |(one, two): (&String, &String)| {
        let plain = |column: &&Column| !column.ty.ends_with("[]");
        let (one, two) = (table.column(one), target.column(two).filter(plain));
        one.zip(two).is_some_and(|(one, two)| !one.is_generated() && compare(one, two))
    };
    keys.any(matching) && !own && pairs.into_iter().all(comparable)
}

/// Whether PostgreSQL lets the one refer to the other.
fn compare(one: &Column, two: &Column) -> bool {
    let whole = |ty: &str| ["smallint", "integer", "bigint"].contains(&ty);
    let text = |ty: &str| ty.starts_with("text") || ty.starts_with("varchar(") || ty == "varchar";
    let plain = !one.ty.ends_with("[]") && !two.ty.ends_with("[]");
    one.ty == two.ty
        || (whole(&one.ty) && whole(&two.ty))
        || (plain && text(&one.ty) && text(&two.ty))
}

fn views(model: &mut Model) {
    let mut views = std::mem::take(&mut model.views);
    for mut view in views.drain(..) {
        let first = view.columns.first().cloned();
        let there = model.columns_of(&view.over);
        view.columns.retain(|column| there.contains(column));
        if view.columns.first() != first.as_ref() {
            view.condition = None;
        }
        let taken = model.views.iter().any(|other| other.name == view.name);
        if !view.columns.is_empty() && !taken {
            model.views.push(view);
        }
    }
}

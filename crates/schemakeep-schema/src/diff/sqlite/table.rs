//! From one form of a table to another: in place where SQLite can, else by a new table.
//!
//! <https://sqlite.org/lang_altertable.html> says what it can, and the order of the rest.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::super::{Object, ObjectKind, Unwritable};
use crate::schema::sqlite::{Column, Constraint, Name, Rule, Table};
use schemakeep_files::files::Direction;

/// How a table comes to its new form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// By these statements, between the old indexes and the new ones.
    InPlace(Vec<String>),
    /// A new one takes its place.
    Rebuilt,
}

/// The columns of `one` that `other` has not, in their order.
pub(super) fn without<'a>(one: &'a Table, other: &Table) -> Vec<(&'a Name, &'a Column)> {
    one.in_order().filter(|(name, _)| !other.columns.contains_key(*name)).collect()
}

/// What is to be done to the table itself; none where only its indexes change, or nothing.
pub(super) fn form(name: &Name, from: &Table, to: &Table, way: Direction) -> Form {
    in_place(name, from, to, way).map_or(Form::Rebuilt, Form::InPlace)
}

fn in_place(name: &Name, from: &Table, to: &Table, way: Direction) -> Option<Vec<String>> {
    let same_options = from.strict == to.strict && from.without_rowid == to.without_rowid;
    if from.opaque != to.opaque || !same_options {
        return None;
    }
    let kept =
        from.columns.iter().filter_map(|(name, column)| Some((column, to.columns.get(name)?)));
    if kept.clone().any(|(before, after)| before != after) || kept.count() == 0 {
        // Without a column that stays there would be a moment with none.
        return (from.opaque.is_some() && from.opaque == to.opaque).then(Vec::new);
    }
    let mut statements = Vec::new();
    for (column, _) in without(from, to) {
        if is_needed(from, column) {
            return None;
        }
        let lost = if way == Direction::Up { "-- Its values are lost.\n" } else { "" };
        statements.push(format!("{lost}ALTER TABLE {name} DROP COLUMN {column}"));
    }
    let mut open: BTreeSet<_> = to.constraints.difference(&from.constraints).collect();
    if from.constraints.difference(&to.constraints).next().is_some() {
        return None;
    }
    let new = without(to, from);
    for (at, (column_name, column)) in new.iter().enumerate() {
        let later: Vec<_> = new[at + 1..].iter().map(|(name, _)| *name).collect();
        let here: Vec<_> = open
            .iter()
            .filter(|it| it.mentions(column_name) && !later.iter().any(|name| it.mentions(name)))
            .copied()
            .collect();
        let mut parts = vec![added(column_name, column)?];
        for constraint in &here {
            open.remove(constraint);
            parts.push(at_column(constraint, column_name, column)?);
        }
        let lost = if way == Direction::Down {
            "-- The values that it had are not brought back.\n"
        } else {
            ""
        };
        statements.push(format!("{lost}ALTER TABLE {name} ADD COLUMN {}", parts.join(" ")));
    }
    open.is_empty().then_some(statements)
}

/// Whether something in the table's own definition uses a column, or SQLite would have to look whether it does.
fn is_needed(table: &Table, column: &Name) -> bool {
    let by_others = table.columns.iter().any(|(name, other)| {
        name != column && other.generated.as_ref().is_some_and(|it| it.expression.mentions(column))
    });
    by_others || table.constraints.iter().any(|constraint| constraint.mentions(column))
}

/// The definition of a column as ADD COLUMN takes it on a table that has rows.
fn added(name: &Name, column: &Column) -> Option<String> {
    let is_constant = column.default.as_ref().is_none_or(|default| {
        let text = default.text().to_ascii_uppercase();
        !text.starts_with('(') && !text.starts_with("CURRENT_")
    });
    let stored = column.generated.as_ref().is_some_and(|it| it.stored);
    let fits = is_constant && !stored && (!column.not_null || column.default.is_some());
    fits.then(|| column.declare(name, None))
}

/// A constraint as it stands at a column that is added.
fn at_column(constraint: &Constraint, name: &Name, column: &Column) -> Option<String> {
    let named = constraint.name.as_ref();
    let named = named.map(|it| format!("CONSTRAINT {it} ")).unwrap_or_default();
    match &constraint.rule {
        Rule::Check(condition) => Some(format!("{named}CHECK ({})", condition.text())),
        Rule::ForeignKey(key) if key.columns == [name.clone()] && column.default.is_none() => {
            Some(format!("{named}{}", key.clause()))
        }
        _ => None,
    }
}

/// The statements that put a new table in the place of the old one, all but what hangs on it.
pub(super) fn rebuild(
    name: &Name,
    beside: &Name,
    from: &Table,
    to: &Table,
    way: Direction,
) -> Result<Vec<String>, Unwritable> {
    if from.opaque.is_some() || to.opaque.is_some() {
        let object = Object { kind: ObjectKind::Table, name: name.as_str().to_owned() };
        let why = "its definition cannot be taken apart; write the rebuild by hand".to_owned();
        return Err(Unwritable { object, why });
    }
    let mut columns = Vec::new();
    let mut values = Vec::new();
    for (column_name, column) in to.in_order() {
        if column.generated.is_some() {
            continue;
        }
        if let Some(before) = from.columns.get(column_name) {
            columns.push(column_name.to_string());
            values.push(value(column_name, before, column, to.strict));
        } else if has_no_value(column_name, column, to) {
            return Err(no_value(name, column_name));
        }
    }
    if columns.is_empty() {
        // Not one column stays, but every row does.
        if let Some((column_name, column)) = to.in_order().find(|(_, it)| it.generated.is_none()) {
            columns.push(column_name.to_string());
            values
                .push(column.default.as_ref().map_or("NULL".to_owned(), |it| it.text().to_owned()));
        }
    }
    let mut statements = vec![
        to.create(beside),
        format!(
            "{}INSERT INTO {beside} ({})\nSELECT {} FROM {name}",
            remarks(from, to, way),
            columns.join(", "),
            values.join(", ")
        ),
    ];
    if from.counts() && to.counts() {
        let text = |name: &Name| format!("'{}'", name.as_str().replace('\'', "''"));
        let (old, new) = (text(name), text(beside));
        statements.push(format!(
            "-- No number that was given away comes back.\nDELETE FROM sqlite_sequence WHERE name = {new}"
        ));
        statements.push(format!(
            "INSERT INTO sqlite_sequence (name, seq)\nSELECT {new}, seq FROM sqlite_sequence WHERE name = {old}"
        ));
    }
    statements.push(format!("DROP TABLE {name}"));
    statements.push(format!("ALTER TABLE {beside} RENAME TO {name}"));
    Ok(statements)
}

/// Whether rows that are there would have to have a value for a new column and have none.
fn has_no_value(name: &Name, column: &Column, table: &Table) -> bool {
    let key = table.primary_key().filter(|key| key.mentions(name)).map(|key| &key.rule);
    let required = match key {
        Some(Rule::PrimaryKey { rowid: true, .. }) => false,
        Some(_) => column.not_null || table.strict || table.without_rowid,
        None => column.not_null,
    };
    required && column.default.is_none()
}

/// Why a column cannot be added.
pub(super) const NO_VALUE: &str = "it takes no null and has no default, so rows that are there would have no value for it; \
     give it a default, or add it without NOT NULL and fill it first";

fn no_value(table: &Name, column: &Name) -> Unwritable {
    let name = format!("{}.{}", table.as_str(), column.as_str());
    Unwritable { object: Object { kind: ObjectKind::Column, name }, why: NO_VALUE.to_owned() }
}

/// What is lost, or may stop the file, in comments.
fn remarks(from: &Table, to: &Table, way: Direction) -> String {
    let mut said = String::new();
    let names = |columns: Vec<(&Name, &Column)>| {
        columns
            .iter()
            .filter(|(_, it)| it.generated.is_none())
            .map(|(name, _)| name.to_string())
            .collect::<Vec<_>>()
            .join(", ")
    };
    match way {
        Direction::Up => {
            let lost = names(without(from, to));
            if !lost.is_empty() {
                let _ = writeln!(said, "-- The values of {lost} are lost.");
            }
        }
        Direction::Down => {
            let lost = names(without(to, from));
            if !lost.is_empty() {
                let _ = writeln!(said, "-- The values that {lost} had are not brought back.");
            }
            let needs = |(name, column): (&Name, &Column)| {
                let before = from.columns.get(name);
                before.is_some_and(|before| {
                    !before.not_null && column.not_null && column.default.is_none()
                })
            };
            let held = to
                .constraints
                .difference(&from.constraints)
                .any(|it| !matches!(it.rule, Rule::PrimaryKey { rowid: true, .. }));
            if held || to.columns.iter().any(needs) {
                said.push_str(
                    "-- Stops, with nothing changed, where a row breaks what is held again.\n",
                );
            }
        }
    }
    said
}

/// What a column of the new table gets from the old one. Numbers and texts are converted by SQLite as they are
/// stored, and what is neither is refused by a STRICT table; only bytes are taken for texts on demand alone.
fn value(name: &Name, before: &Column, after: &Column, strict: bool) -> String {
    let mut value = name.to_string();
    if strict && before.declared != after.declared {
        match (before.declared.as_str(), after.declared.as_str()) {
            (_, "BLOB") => value = format!("CAST({value} AS BLOB)"),
            ("BLOB" | "", "TEXT") => value = format!("CAST({value} AS TEXT)"),
            _ => {}
        }
    }
    match &after.default {
        Some(default) if after.not_null && !before.not_null => {
            format!("coalesce({value}, {})", default.text())
        }
        _ => value,
    }
}

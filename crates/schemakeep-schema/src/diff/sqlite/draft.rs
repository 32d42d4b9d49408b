//! The migrations from one schema to another, renames first.

use super::super::{Draft, Object, ObjectKind, Rename, Running, Script, Step, Unwritable};
use super::plan::{snake, steps};
use super::renames::{Renaming, possible, released, renaming};
use super::table::without;
use super::try_in_memory::Trial;
use crate::schema::sqlite::{Name, Rule, Schema};
use schemakeep_files::directives::Compat;

/// See [`super::draft`].
pub(super) fn draft(from: &Schema, to: &Schema, renames: &[Rename]) -> Result<Draft, Unwritable> {
    let renaming = renaming(from, to, renames)?;
    if let Some(error) = dangling(to) {
        return Err(error);
    }
    let released = released(from, &renaming.tables);
    let mut all = steps(from, &released)?;
    let now = renamed(&released, &renaming)?;
    let rest = steps(&now, to)?;
    all.extend(joined(renames, renaming, rest));
    Ok(Draft { steps: all, warnings: warnings(&now, to) })
}

/// The whole, where nothing smaller can be named.
pub(super) fn schema() -> Object {
    Object { kind: ObjectKind::Table, name: "sqlite_schema".to_owned() }
}

/// A foreign key to a table that is not there: no runner takes a file that leaves one.
fn dangling(schema: &Schema) -> Option<Unwritable> {
    schema.tables.iter().find_map(|(name, table)| {
        let constraint = table.constraints.iter().find(|constraint| match &constraint.rule {
            Rule::ForeignKey(key) => !schema.tables.contains_key(&key.table),
            _ => false,
        })?;
        let name = format!("{}.{}", name.as_str(), constraint.rule);
        let object = Object { kind: ObjectKind::ForeignKey, name };
        let why = "the table that it refers to is not there; declare it, or drop the foreign key";
        Some(Unwritable { object, why: why.to_owned() })
    })
}

/// What SQLite makes of the schema when it renames: views, triggers, indexes and constraints follow.
fn renamed(from: &Schema, renaming: &Renaming) -> Result<Schema, Unwritable> {
    if renaming.up.is_empty() {
        return Ok(from.clone());
    }
    let script = Script { running: Running::Transaction, statements: renaming.up.clone() };
    Trial::of(from).and_then(|trial| trial.run(&script)).map_err(|why| Unwritable {
        object: schema(),
        why: format!("SQLite refuses to rename: {why}"),
    })
}

/// The renames before the first of the other steps, in one file with it where both run in a transaction.
fn joined(renames: &[Rename], renaming: Renaming, mut rest: Vec<Step>) -> Vec<Step> {
    let Some(first) = renames.first() else { return rest };
    let plain = |script: &Script| script.running == Running::Transaction;
    match rest.first_mut() {
        Some(step) if plain(&step.up) && plain(&step.down) && step.irreversible.is_none() => {
            step.up.statements.splice(0..0, renaming.up);
            step.down.statements.extend(renaming.down);
            step.compat = Compat::Breaking;
            step.name = snake(&format!("change {}", first.table));
        }
        _ => {
            let object = first.column.as_deref().unwrap_or_default();
            let script = |statements| Script { running: Running::Transaction, statements };
            rest.insert(
                0,
                Step {
                    name: snake(&format!("rename {} {object}", first.table)),
                    up: script(renaming.up),
                    down: script(renaming.down),
                    compat: Compat::Breaking,
                    irreversible: None,
                },
            );
        }
    }
    rest
}

/// What goes for good, and what may have been meant otherwise.
fn warnings(from: &Schema, to: &Schema) -> Vec<String> {
    let mut found = Vec::new();
    for (name, before) in &from.tables {
        match to.tables.get(name) {
            None => found.push(format!("table {} is dropped, and its rows with it", name.as_str())),
            Some(after) => found.extend(without(before, after).into_iter().map(|(column, _)| {
                let (table, column) = (name.as_str(), column.as_str());
                format!("column {table}.{column} is dropped, and its values with it")
            })),
        }
    }
    for rename in possible(from, to) {
        let (old, new) = match &rename.column {
            Some(column) => (
                format!("{}.{}", quoted(&rename.table), quoted(column)),
                format!("{}.{}", quoted(&rename.table), quoted(&rename.to)),
            ),
            None => (quoted(&rename.table), quoted(&rename.to)),
        };
        let to = quoted(&rename.to);
        found.push(format!(
            "{old} goes and {new} of the same shape comes: if that is a rename, give --rename {old}={to}"
        ));
    }
    found
}

/// A name as `--rename` takes it.
fn quoted(name: &str) -> String {
    if name.contains(['.', '=', '"']) {
        format!("\"{}\"", name.replace('"', "\"\""))
    } else {
        Name::new(name).as_str().to_owned()
    }
}

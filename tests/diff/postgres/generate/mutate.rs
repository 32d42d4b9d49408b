//! A second schema from the first, by a few random edits.

use schemakeep::diff::Rename;

use super::dice::Dice;
use super::model::{Column, Filled, Model, Table};
use super::repair::repair;
use super::{choices, grow};

/// Changes something, where there is something to change.
type Edit = fn(&mut Dice, &mut Model);

/// Those that stand here twice are made more often.
const EDITS: [Edit; 34] = [
    make_enum,
    drop_enum,
    add_label,
    add_label,
    drop_label,
    turn_labels,
    change_domain,
    change_sequence,
    change_function,
    change_function,
    make_table,
    make_table,
    drop_table,
    add_column,
    add_column,
    add_column,
    drop_column,
    drop_column,
    change_type,
    change_type,
    change_null,
    change_null,
    change_filled,
    change_filled,
    change_collation,
    change_primary,
    change_uniques,
    change_checks,
    change_checks,
    change_references,
    change_references,
    change_indexes,
    change_indexes,
    change_triggers,
];
/// How often something is renamed, of a hundred.
const RENAMED: u32 = 25;

/// Another schema, and what was renamed for it.
pub(super) fn model(dice: &mut Dice, from: &Model, edits: usize) -> (Model, Vec<Rename>) {
    let mut to = from.clone();
    for _ in 0..edits {
        let edit = *dice.pick(&EDITS);
        edit(dice, &mut to);
        if dice.chance(10) {
            change_views(dice, &mut to);
        }
        repair(&mut to);
    }
    writable(from, &mut to);
    let mut renames = Vec::new();
    if dice.chance(RENAMED) {
        renames.extend(rename_column(dice, from, &mut to));
    }
    if dice.chance(RENAMED / 2) {
        renames.extend(rename_table(dice, from, &mut to));
    }
    repair(&mut to);
    (to, renames)
}

/// Leaves out what no migration does without holding up the table: a generated column that is new to a table that was
/// there, or computed again.
pub(super) fn writable(from: &Model, to: &mut Model) {
    for table in &mut to.tables {
        let Some(before) = from.table(&table.name) else { continue };
        let known = table.clone();
        for column in &mut table.columns {
            let Filled::Generated { from: source, .. } = &column.filled else { continue };
            let same = |name: &str| before.column(name) == known.column(name);
            if !same(&column.name) || !same(source) {
                column.filled = Filled::Not;
            }
        }
    }
    repair(to);
}

fn make_enum(dice: &mut Dice, model: &mut Model) {
    let column = *dice.pick(&["status", "colour"]);
    let made = grow::choice(dice, column);
    if !model.enums.iter().any(|known| known.name == made.name) {
        for column in model.tables.iter_mut().flat_map(|table| &mut table.columns) {
            if choices::family(&column.name) == choices::family("status")
                && choices::enum_of(&column.name) == made.name
                && dice.chance(50)
            {
                column.ty.clone_from(&made.name);
            }
        }
        model.enums.push(made);
    }
}

fn drop_enum(dice: &mut Dice, model: &mut Model) {
    if !model.enums.is_empty() {
        model.enums.remove(dice.below(model.enums.len()));
    }
}

fn add_label(dice: &mut Dice, model: &mut Model) {
    let Some(at) = dice.any(&(0..model.enums.len()).collect::<Vec<_>>()) else { return };
    let labels = &mut model.enums[at].labels;
    let label = (*dice.pick(&choices::LABELS)).to_owned();
    if !labels.contains(&label) {
        labels.insert(dice.below(labels.len() + 1), label);
    }
}

fn drop_label(dice: &mut Dice, model: &mut Model) {
    let Some(at) = dice.any(&(0..model.enums.len()).collect::<Vec<_>>()) else { return };
    let labels = &mut model.enums[at].labels;
    if labels.len() > 1 {
        labels.remove(dice.below(labels.len()));
    }
}

fn turn_labels(dice: &mut Dice, model: &mut Model) {
    if let Some(at) = dice.any(&(0..model.enums.len()).collect::<Vec<_>>()) {
        model.enums[at].labels.reverse();
    }
}

fn change_domain(dice: &mut Dice, model: &mut Model) {
    if model.domains.is_empty() || dice.chance(50) {
        model.domains = vec![grow::domain(dice)];
    } else {
        model.domains.clear();
    }
}

fn change_sequence(dice: &mut Dice, model: &mut Model) {
    let name = *dice.pick(&choices::SEQUENCES);
    let there = model.sequences.iter().any(|sequence| sequence.name == name);
    model.sequences.retain(|sequence| sequence.name != name);
    if !there || dice.chance(60) {
        model.sequences.push(grow::sequence(dice, name));
    }
}

fn change_function(dice: &mut Dice, model: &mut Model) {
    let mut names = choices::TRIGGER_FUNCTIONS.to_vec();
    names.push(choices::FUNCTION);
    let name = *dice.pick(&names);
    let there = model.functions.iter().any(|function| function.name == name);
    model.functions.retain(|function| function.name != name);
    if !there || dice.chance(70) {
        let made = if name == choices::FUNCTION {
            grow::function(dice)
        } else {
            grow::trigger_function(dice, name)
        };
        model.functions.push(made);
    }
}

fn make_table(dice: &mut Dice, model: &mut Model) {
    let name = *dice.pick(&choices::TABLES);
    if model.table(name).is_none() {
        let table = grow::table(dice, model, name);
        model.tables.push(table);
        if dice.chance(30) {
            // An older table refers to the new one.
            let target = model.tables[model.tables.len() - 1].clone();
            let at = dice.below(model.tables.len());
            grow::add_reference(dice, &mut model.tables[at], &target);
        }
    }
}

fn drop_table(dice: &mut Dice, model: &mut Model) {
    if model.tables.len() > 1 {
        model.tables.remove(dice.below(model.tables.len()));
    }
}

/// One of the tables.
fn table<'a>(dice: &mut Dice, model: &'a mut Model) -> Option<(&'a mut Table, Model)> {
    let known = model.clone();
    let at = dice.any(&(0..model.tables.len()).collect::<Vec<_>>())?;
    Some((&mut model.tables[at], known))
}

/// One of its columns.
fn column<'a>(dice: &mut Dice, table: &'a mut Table) -> Option<&'a mut Column> {
    let at = dice.any(&(0..table.columns.len()).collect::<Vec<_>>())?;
    Some(&mut table.columns[at])
}

fn add_column(dice: &mut Dice, model: &mut Model) {
    let Some((table, known)) = table(dice, model) else { return };
    let (name, _) = *dice.pick(&choices::COLUMNS);
    if table.column(name).is_none() {
        let mut column = grow::column(dice, &known, table, name);
        if choices::family(name) == choices::family("id") && dice.chance(60) {
            column.filled = grow::key_filling(dice);
        }
        table.columns.push(column);
    }
}

fn drop_column(dice: &mut Dice, model: &mut Model) {
    let Some((table, _)) = table(dice, model) else { return };
    if table.columns.len() > 1 {
        table.columns.remove(dice.below(table.columns.len()));
    }
}

fn change_type(dice: &mut Dice, model: &mut Model) {
    let Some((table, known)) = table(dice, model) else { return };
    if let Some(column) = column(dice, table) {
        column.ty = grow::ty(dice, &known, &column.name);
    }
}

fn change_null(dice: &mut Dice, model: &mut Model) {
    let Some((table, _)) = table(dice, model) else { return };
    if let Some(column) = column(dice, table) {
        column.not_null = !column.not_null;
    }
}

fn change_filled(dice: &mut Dice, model: &mut Model) {
    let Some((table, known)) = table(dice, model) else { return };
    let others = table.clone();
    if let Some(column) = column(dice, table) {
        column.filled = if choices::family(&column.name) == choices::family("id") {
            grow::key_filling(dice)
        } else {
            grow::filled(dice, &known, &others, &column.name)
        };
    }
}

fn change_collation(dice: &mut Dice, model: &mut Model) {
    let Some((table, _)) = table(dice, model) else { return };
    if let Some(column) = column(dice, table) {
        column.collation = if column.collation.is_some() {
            None
        } else {
            Some((*dice.pick(&choices::COLLATIONS)).to_owned())
        };
    }
}

fn change_primary(dice: &mut Dice, model: &mut Model) {
    let Some((table, _)) = table(dice, model) else { return };
    let columns = grow::unique(dice, table).map(|key| key.columns);
    table.primary = match (table.primary.take(), columns) {
        (Some(_), _) if dice.chance(40) => None,
        (_, Some(columns)) => Some(grow::key(dice, table, "pk", &columns)),
        (old, None) => old,
    };
}

/// Takes one away, changes one, or adds one.
fn change<T>(dice: &mut Dice, list: &mut Vec<T>, one: Option<T>) {
    if !list.is_empty() && dice.chance(60) {
        list.remove(dice.below(list.len()));
        if dice.chance(40) {
            return;
        }
    }
    list.extend(one);
}

fn change_uniques(dice: &mut Dice, model: &mut Model) {
    let Some((table, _)) = table(dice, model) else { return };
    let one = grow::unique(dice, table);
    change(dice, &mut table.uniques, one);
}

fn change_checks(dice: &mut Dice, model: &mut Model) {
    let Some((table, _)) = table(dice, model) else { return };
    let one = grow::check(dice, table);
    change(dice, &mut table.checks, one);
}

fn change_references(dice: &mut Dice, model: &mut Model) {
    let Some((table, known)) = table(dice, model) else { return };
    if let Some(at) = dice.any(&(0..table.references.len()).collect::<Vec<_>>()) {
        let reference = &mut table.references[at];
        match dice.below(4) {
            0 => (*dice.pick(&choices::ACTIONS)).clone_into(&mut reference.actions),
            1 => (*dice.pick(&choices::DEFERRABLE)).clone_into(&mut reference.deferrable),
            2 => reference.name = None,
            _ => drop(table.references.remove(at)),
        }
    } else if let Some(target) = dice.any(&known.tables) {
        grow::add_reference(dice, table, &target);
    }
}

fn change_indexes(dice: &mut Dice, model: &mut Model) {
    let Some((table, _)) = table(dice, model) else { return };
    let one = grow::index(dice, table);
    change(dice, &mut table.indexes, one);
}

fn change_triggers(dice: &mut Dice, model: &mut Model) {
    let Some((table, known)) = table(dice, model) else { return };
    let one = grow::trigger(dice, &known, table);
    change(dice, &mut table.triggers, one);
}

fn change_views(dice: &mut Dice, model: &mut Model) {
    let name = *dice.pick(&choices::VIEWS);
    let there = model.views.iter().any(|view| view.name == name);
    model.views.retain(|view| view.name != name);
    if !there || dice.chance(60) {
        let view = grow::view(dice, model, name);
        model.views.extend(view);
    }
}

/// Gives a column that both have a name that neither has.
fn rename_column(dice: &mut Dice, from: &Model, to: &mut Model) -> Option<Rename> {
    let at = dice.any(&(0..to.tables.len()).collect::<Vec<_>>())?;
    let table = to.tables[at].name.clone();
    let old = from.table(&table)?;
    let column = dice.any(&to.tables[at].columns)?;
    old.column(&column.name)?;
    let family = choices::family(&column.name);
    let free = |name: &str| old.column(name).is_none() && to.tables[at].column(name).is_none();
    let names = choices::COLUMNS.iter().filter(|(name, of)| {
        // Its enum goes by its name.
        *of == family && free(name) && (!column.ty.ends_with("_kind"))
    });
    let names: Vec<&str> = names.map(|(name, _)| *name).collect();
    let new = dice.any(&names)?.to_owned();
    put_column(to, &table, &column.name, &new);
    Some(Rename { table, column: Some(column.name), to: new })
}

fn put_column(model: &mut Model, table: &str, old: &str, new: &str) {
    let put = |name: &mut String| {
        if name == old {
            new.clone_into(name);
        }
    };
    for it in &mut model.tables {
        for reference in it.references.iter_mut().filter(|reference| reference.target == table) {
            reference.target_columns.iter_mut().for_each(put);
        }
        if it.name != table {
            continue;
        }
        for column in &mut it.columns {
            put(&mut column.name);
            if let Filled::Generated { from, .. } = &mut column.filled {
                put(from);
            }
        }
        for key in it.primary.iter_mut().chain(&mut it.uniques) {
            key.columns.iter_mut().chain(&mut key.include).for_each(put);
        }
        it.checks.iter_mut().flat_map(|check| &mut check.columns).for_each(put);
        it.references.iter_mut().flat_map(|reference| &mut reference.columns).for_each(put);
        it.indexes
            .iter_mut()
            .flat_map(|it| it.columns.iter_mut().chain(&mut it.include))
            .for_each(put);
        it.triggers.iter_mut().flat_map(|trigger| &mut trigger.columns).for_each(put);
    }
    let mut over = vec![table.to_owned()];
    for view in &mut model.views {
        if over.contains(&view.over) {
            view.columns.iter_mut().for_each(put);
            over.push(view.name.clone());
        }
    }
}

/// Gives a table that both have a name that neither has.
fn rename_table(dice: &mut Dice, from: &Model, to: &mut Model) -> Option<Rename> {
    let both: Vec<String> = to.tables.iter().map(|table| table.name.clone()).collect();
    let both: Vec<String> = both.into_iter().filter(|name| from.table(name).is_some()).collect();
    let table = dice.any(&both)?;
    let free = |name: &&str| from.table(name).is_none() && to.table(name).is_none();
    let names: Vec<&str> = choices::TABLES.into_iter().filter(|name| free(name)).collect();
    let new = dice.any(&names)?.to_owned();
    for it in &mut to.tables {
        for reference in it.references.iter_mut().filter(|reference| reference.target == table) {
            reference.target.clone_from(&new);
        }
        if it.name == table {
            it.name.clone_from(&new);
        }
    }
    for view in to.views.iter_mut().filter(|view| view.over == table) {
        view.over.clone_from(&new);
    }
    Some(Rename { table, column: None, to: new })
}

//! A schema from nothing, and each of its parts.

use super::choices;
use super::dice::Dice;
use super::model::{
    Check, Column, Domain, Enum, Family, Filled, Function, Index, Key, Model, Reference, Sequence,
    Table, Trigger, View,
};
use super::repair::repair;

/// A schema.
pub(super) fn model(dice: &mut Dice) -> Model {
    let mut model = Model::default();
    for column in ["status", "colour"] {
        if dice.chance(60) {
            model.enums.push(self::choice(dice, column));
        }
    }
    if dice.chance(25) {
        model.domains.push(domain(dice));
    }
    for name in choices::SEQUENCES {
        if dice.chance(20) {
            model.sequences.push(sequence(dice, name));
        }
    }
    for name in choices::TRIGGER_FUNCTIONS {
        if dice.chance(50) {
            model.functions.push(trigger_function(dice, name));
        }
    }
    if dice.chance(40) {
        model.functions.push(function(dice));
    }
    let number = 1 + dice.below(5);
    for name in dice.some(&choices::TABLES, number) {
        let table = table(dice, &model, name);
        model.tables.push(table);
    }
    for name in dice.some(&choices::VIEWS, 2) {
        if dice.chance(40) {
            let view = view(dice, &model, name);
            model.views.extend(view);
        }
    }
    repair(&mut model);
    model
}

pub(super) fn choice(dice: &mut Dice, column: &str) -> Enum {
    let number = 1 + dice.below(4);
    let labels = dice.some(&choices::LABELS, number);
    Enum {
        name: choices::enum_of(column),
        labels: labels.into_iter().map(ToOwned::to_owned).collect(),
    }
}

pub(super) fn domain(dice: &mut Dice) -> Domain {
    let check = dice.chance(80).then(|| (*dice.pick(&choices::DOMAIN_CHECKS)).to_owned());
    Domain { name: choices::DOMAIN.to_owned(), check }
}

pub(super) fn sequence(dice: &mut Dice, name: &str) -> Sequence {
    let options = (*dice.pick(&choices::SEQUENCE_OPTIONS)).to_owned();
    Sequence { name: name.to_owned(), options }
}

pub(super) fn trigger_function(dice: &mut Dice, name: &str) -> Function {
    Function {
        name: name.to_owned(),
        signature: format!("{name}() RETURNS trigger LANGUAGE plpgsql"),
        body: (*dice.pick(&choices::TRIGGER_BODIES)).to_owned(),
        is_trigger: true,
    }
}

pub(super) fn function(dice: &mut Dice) -> Function {
    Function {
        name: choices::FUNCTION.to_owned(),
        signature: (*dice.pick(&choices::FUNCTION_SIGNATURES)).to_owned(),
        body: (*dice.pick(&choices::FUNCTION_BODIES)).to_owned(),
        is_trigger: false,
    }
}

pub(super) fn table(dice: &mut Dice, model: &Model, name: &str) -> Table {
    let mut table = Table { name: name.to_owned(), ..Table::default() };
    match dice.below(10) {
        0..=6 => {
            let mut id = column(dice, model, &table, "id");
            id.filled = key_filling(dice);
            table.columns.push(id);
            table.primary = Some(key(dice, &table, "pk", &["id".to_owned()]));
        }
        7..=8 => {
            let filled = Filled::Default("gen_random_uuid()".to_owned());
            let uid = Column { filled, ..column(dice, model, &table, "uid") };
            table.columns.push(uid);
            table.primary = Some(key(dice, &table, "pk", &["uid".to_owned()]));
        }
        _ => {}
    }
    let number = 1 + dice.below(7);
    let names: Vec<&str> = choices::COLUMNS.iter().map(|(name, _)| *name).collect();
    for name in dice.some(&names, number) {
        if !choices::KEYS.contains(&name) {
            let column = column(dice, model, &table, name);
            table.columns.push(column);
        }
    }
    for _ in 0..dice.below(3) {
        let target = dice.any(&model.tables).unwrap_or_else(|| table.clone());
        add_reference(dice, &mut table, &target);
    }
    if table.primary.is_none() && table.columns.len() > 2 && dice.chance(60) {
        let columns = [table.columns[1].name.clone(), table.columns[0].name.clone()];
        table.primary = Some(key(dice, &table, "pk", &columns));
    }
    for _ in 0..dice.below(3) {
        let unique = unique(dice, &table);
        table.uniques.extend(unique);
    }
    for _ in 0..dice.below(3) {
        let check = check(dice, &table);
        table.checks.extend(check);
    }
    for _ in 0..dice.below(4) {
        let index = index(dice, &table);
        table.indexes.extend(index);
    }
    if dice.chance(40) {
        let trigger = trigger(dice, model, &table);
        table.triggers.extend(trigger);
    }
    table
}

/// A column; its default may be an expression.
pub(super) fn column(dice: &mut Dice, model: &Model, table: &Table, name: &str) -> Column {
    let family = choices::family(name);
    Column {
        name: name.to_owned(),
        family,
        ty: ty(dice, model, name),
        not_null: dice.chance(40),
        collation: collation(dice),
        filled: filled(dice, model, table, name),
    }
}

pub(super) fn collation(dice: &mut Dice) -> Option<String> {
    dice.chance(15).then(|| (*dice.pick(&choices::COLLATIONS)).to_owned())
}

pub(super) fn ty(dice: &mut Dice, model: &Model, name: &str) -> String {
    let family = choices::family(name);
    let known = model.enums.iter().any(|known| known.name == choices::enum_of(name));
    if family == Family::Choice && known && dice.chance(75) {
        return choices::enum_of(name);
    }
    if family == Family::Text && !model.domains.is_empty() && dice.chance(20) {
        return choices::DOMAIN.to_owned();
    }
    (*dice.pick(choices::types(family))).to_owned()
}

pub(super) fn filled(dice: &mut Dice, model: &Model, table: &Table, name: &str) -> Filled {
    let family = choices::family(name);
    if family == Family::Key && dice.chance(70) {
        return Filled::Not;
    }
    if family == Family::Number && !model.sequences.is_empty() && dice.chance(10) {
        let sequence = dice.pick(&model.sequences);
        return Filled::Default(format!("nextval('{}')", sequence.name));
    }
    match dice.below(10) {
        0..=4 => Filled::Not,
        5..=8 => Filled::Default((*dice.pick(choices::defaults(family))).to_owned()),
        _ => generated(dice, table, name).unwrap_or(Filled::Not),
    }
}

fn generated(dice: &mut Dice, table: &Table, name: &str) -> Option<Filled> {
    let (source, expressions) = choices::generated(choices::family(name))?;
    let sources = table.columns.iter().filter(|column| column.family == source);
    let sources: Vec<_> = sources.filter(|column| column.name != name).collect();
    let from = dice.any(&sources)?.name.clone();
    Some(Filled::Generated { from, expression: (*dice.pick(expressions)).to_owned() })
}

pub(super) fn key_filling(dice: &mut Dice) -> Filled {
    match dice.below(4) {
        0 => Filled::Not,
        1 => Filled::Serial,
        _ => Filled::Identity {
            always: dice.chance(60),
            options: (*dice.pick(&choices::IDENTITY_OPTIONS)).to_owned(),
        },
    }
}

/// Named half of the time, else as PostgreSQL names it.
fn name(dice: &mut Dice, table: &Table, columns: &[String], suffix: &str) -> Option<String> {
    dice.chance(50).then(|| format!("{}_{}_{suffix}", table.name, short(columns)))
}

/// Names of columns in a name that PostgreSQL does not cut off.
fn short(columns: &[String]) -> String {
    columns.join("_").chars().take(30).collect()
}

pub(super) fn key(dice: &mut Dice, table: &Table, suffix: &str, columns: &[String]) -> Key {
    let include = dice.chance(10).then(|| dice.any(&table.columns)).flatten();
    Key {
        name: name(dice, table, columns, suffix),
        columns: columns.to_vec(),
        include: include.map(|column| column.name).into_iter().collect(),
        deferrable: if dice.chance(20) {
            (*dice.pick(&choices::DEFERRABLE)).to_owned()
        } else {
            String::new()
        },
    }
}

pub(super) fn unique(dice: &mut Dice, table: &Table) -> Option<Key> {
    let number = 1 + dice.below(2);
    let columns = some_columns(dice, table, number);
    (!columns.is_empty()).then(|| key(dice, table, "uniq", &columns))
}

fn some_columns(dice: &mut Dice, table: &Table, number: usize) -> Vec<String> {
    let names: Vec<String> = table.columns.iter().map(|column| column.name.clone()).collect();
    dice.some(&names, number)
}

pub(super) fn check(dice: &mut Dice, table: &Table) -> Option<Check> {
    let column = dice.any(&table.columns)?;
    let same = |other: &&Column| other.family == column.family && other.name != column.name;
    let other = table.columns.iter().find(same);
    let (columns, expression) = match other {
        Some(other)
            if dice.chance(30) && matches!(column.family, Family::Number | Family::Time) =>
        {
            (vec![column.name, other.name.clone()], "{0} <= {1}")
        }
        _ => (vec![column.name], *dice.pick(choices::conditions(column.family))),
    };
    let name = name(dice, table, &columns, "chk");
    Some(Check { name, columns, expression: expression.to_owned() })
}

/// Adds the columns too that refer, of the target's types.
pub(super) fn add_reference(dice: &mut Dice, table: &mut Table, target: &Table) {
    let keys: Vec<&Key> = target.primary.iter().chain(&target.uniques).collect();
    let Some(key) = dice.any(&keys).filter(|key| key.deferrable.is_empty()) else { return };
    let mut columns = Vec::new();
    for name in &key.columns {
        let Some(of) = target.column(name).filter(|_| name.len() < 30) else { return };
        let column = Column {
            name: format!("{}_{name}", target.name),
            not_null: dice.chance(30),
            filled: Filled::Not,
            ..of.clone()
        };
        columns.push(column.name.clone());
        if table.column(&column.name).is_none() {
            table.columns.push(column);
        }
    }
    let name = name(dice, table, &columns, "ref");
    table.references.push(Reference {
        name,
        columns,
        target: target.name.clone(),
        target_columns: key.columns.clone(),
        actions: (*dice.pick(&choices::ACTIONS)).to_owned(),
        deferrable: (*dice.pick(&choices::DEFERRABLE)).to_owned(),
    });
}

pub(super) fn index(dice: &mut Dice, table: &Table) -> Option<Index> {
    let number = 1 + dice.below(2);
    let mut columns = some_columns(dice, table, number);
    let first = columns.first()?.clone();
    let (method, item) = *dice.pick(choices::items(choices::family(&first)));
    let mut items = item.to_owned();
    let plain = |name: &String| choices::items(choices::family(name))[0] == ("btree", "{0}");
    match columns.get(1) {
        Some(second) if method == "btree" && plain(second) => items += ", {1}",
        _ => columns.truncate(1),
    }
    let is_btree = method == "btree";
    let include =
        if is_btree && dice.chance(15) { some_columns(dice, table, 1) } else { Vec::new() };
    let conditions = choices::conditions(choices::family(&first));
    Some(Index {
        name: format!("{}_{}_idx{}", table.name, short(&columns), dice.below(2)),
        unique: is_btree && dice.chance(25),
        method: method.to_owned(),
        function: item.contains(choices::FUNCTION).then(|| choices::FUNCTION.to_owned()),
        items,
        include: include.into_iter().filter(|name| !columns.contains(name)).collect(),
        predicate: dice.chance(25).then(|| (*dice.pick(conditions)).to_owned()),
        columns,
    })
}

pub(super) fn trigger(dice: &mut Dice, model: &Model, table: &Table) -> Option<Trigger> {
    let functions: Vec<_> = model.functions.iter().filter(|it| it.is_trigger).collect();
    let function = dice.any(&functions)?.name.clone();
    let (name, when) = *dice.pick(&choices::TRIGGERS);
    let of = when.contains("{of}") && dice.chance(50);
    let columns = if of { some_columns(dice, table, 2) } else { Vec::new() };
    Some(Trigger { name: name.to_owned(), when: when.to_owned(), columns, function })
}

pub(super) fn view(dice: &mut Dice, model: &Model, name: &str) -> Option<View> {
    let mut relations: Vec<&String> = model.tables.iter().map(|table| &table.name).collect();
    relations.extend(model.views.iter().map(|view| &view.name));
    let over = dice.any(&relations)?.clone();
    let number = 1 + dice.below(4);
    let columns = dice.some(&model.columns_of(&over), number);
    let first = choices::family(columns.first()?);
    Some(View {
        name: name.to_owned(),
        materialized: dice.chance(25),
        over,
        condition: dice.chance(50).then(|| (*dice.pick(choices::conditions(first))).to_owned()),
        columns,
        indexed: dice.chance(50),
    })
}

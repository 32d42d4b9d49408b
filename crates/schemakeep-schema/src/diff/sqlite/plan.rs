//! From one schema to another in as few steps as the runner allows, each of which can be undone.
//!
//! A file that rebuilds may not drop a table, and one that does not may not drop a table to which another one
//! refers; so tables that others refer to come before what refers to them, and go after.

use std::collections::BTreeSet;

use super::super::{Difference, ObjectKind, Running, Script, Step, Unwritable};
use super::compare::compare;
use super::compat::compat;
use super::dependents::{references, ringed};
use super::emit::script;
use super::table::NO_VALUE;
use super::try_in_memory::Trial;
use super::virtual_table::external;
use crate::schema::sqlite::{Aside, Name, Rule, Schema, Table};
use schemakeep_files::files::Direction;

/// The steps between two schemas in which everything that stays has the same name.
pub(super) fn steps(from: &Schema, to: &Schema) -> Result<Vec<Step>, Unwritable> {
    let states = states(from, to);
    let mut steps = Vec::new();
    let mut at = 0;
    while at + 1 < states.len() {
        let mut last = states.len() - 1;
        loop {
            match step(&states[at], &states[last]) {
                Some(Ok(step)) => {
                    steps.push(step);
                    break;
                }
                Some(Err(error)) if last == at + 1 => return Err(error),
                None if last == at + 1 => {
                    return Err(refused(&states[at], &states[last], "it takes more than a file"));
                }
                // What is too much for one file may go in two.
                Some(Err(_)) | None => last -= 1,
            }
        }
        at = last;
    }
    Ok(steps)
}

/// One step; none where the runner would refuse one of its files.
fn step(from: &Schema, to: &Schema) -> Option<Result<Step, Unwritable>> {
    let up = match write(from, to, Direction::Up) {
        Ok(up) => up,
        Err(error) => return Some(Err(error)),
    };
    let down = write(to, from, Direction::Down);
    let down_runs = down.as_ref().is_ok_and(|down| runs(to, from, down));
    if !runs(from, to, &up) || (down.is_ok() && !down_runs) {
        return None;
    }
    let irreversible = down.as_ref().err().map(|error| match error.why.as_str() {
        NO_VALUE => {
            format!("{}: there is no value to give back, and it takes no null", error.object)
        }
        _ => error.to_string(),
    });
    Some(Ok(Step {
        name: name(from, to),
        up,
        down: down.unwrap_or_default(),
        compat: compat(from, to),
        irreversible,
    }))
}

/// Whether the runner takes a file.
fn runs(from: &Schema, to: &Schema, script: &Script) -> bool {
    let gone: BTreeSet<_> =
        from.tables.keys().filter(|name| !to.tables.contains_key(*name)).cloned().collect();
    if script.running == Running::Rebuild {
        return gone.is_empty();
    }
    let held = references(from);
    let by_others =
        held.iter().any(|(parent, child)| gone.contains(parent) && !gone.contains(child));
    !by_others && ringed(from, &gone).is_empty()
}

/// One file, tried.
pub(super) fn write(from: &Schema, to: &Schema, way: Direction) -> Result<Script, Unwritable> {
    let first = script(from, to, way, false)?;
    if tried(from, to, &first).is_ok() {
        return Ok(first);
    }
    let second = script(from, to, way, true)?;
    match tried(from, to, &second) {
        Ok(()) => Ok(second),
        Err(why) => Err(refused(from, to, &why)),
    }
}

fn tried(from: &Schema, to: &Schema, script: &Script) -> Result<(), String> {
    let reached = Trial::of(from)?.run(script)?;
    if reached == *to {
        return Ok(());
    }
    let left = compare(to, &reached).into_iter().next().map(|it| it.object);
    Err(format!("{} is left as it was", left.unwrap_or_else(super::draft::schema)))
}

fn refused(from: &Schema, to: &Schema, why: &str) -> Unwritable {
    let object = compare(to, from).into_iter().next().map(|difference| difference.object);
    Unwritable {
        object: object.unwrap_or_else(super::draft::schema),
        why: format!(
            "SQLite does not take what would be written ({why}); write the migration by hand"
        ),
    }
}

/// The schemas to pass through, the first and the last among them.
fn states(from: &Schema, to: &Schema) -> Vec<Schema> {
    let names = |one: &Schema, other: &Schema| -> BTreeSet<Name> {
        one.tables.keys().filter(|name| !other.tables.contains_key(*name)).cloned().collect()
    };
    let (gone, new) = (names(from, to), names(to, from));
    let first = unringed(from, &gone);
    let last = unringed(to, &new);
    // What stays refers to it: it has to be there before, or until after.
    let needed = referred(&last, &new);
    let held = referred(&first, &gone);
    let early = hasty(&first, &gone, &held);
    let late: BTreeSet<_> = new.difference(&needed).cloned().collect();

    let mut begun = lacking(&first, &early);
    let there = taken(&begun);
    begun.tables.extend(made(&last, &needed, &there));
    let mut changed = lacking(&last, &late);
    let kept = gone.difference(&early);
    let kept: Vec<_> = kept.filter_map(|name| Some((name, first.tables.get(name)?))).collect();
    let there: BTreeSet<_> = kept
        .iter()
        .flat_map(|(name, table)| table.indexes.keys().chain([*name]))
        .cloned()
        .collect();
    changed.views.retain(|name, _| !there.contains(name));
    changed.virtual_tables.retain(|name, _| !there.contains(name));
    for table in changed.tables.values_mut() {
        table.indexes.retain(|name, _| !there.contains(name));
    }
    changed.tables.extend(kept.into_iter().map(|(name, table)| (name.clone(), table.clone())));

    let mut states = vec![from.clone(), first, begun, changed, last, to.clone()];
    states.dedup();
    states
}

/// Those of the tables that go which have to go before anything changes: they refer to something that stays, or to
/// another such table. The rest has time.
fn hasty(schema: &Schema, gone: &BTreeSet<Name>, held: &BTreeSet<Name>) -> BTreeSet<Name> {
    let references = references(schema);
    let mut found: BTreeSet<Name> = BTreeSet::new();
    loop {
        let before = found.len();
        let more = references.iter().filter(|(parent, child)| {
            let is_free = gone.contains(child) && !held.contains(child);
            is_free && (!gone.contains(parent) || found.contains(parent))
        });
        let more: Vec<_> = more.map(|(_, child)| child.clone()).collect();
        found.extend(more);
        if found.len() == before {
            return found;
        }
    }
}

/// Those of these tables that others refer to, and what they refer to themselves.
fn referred(schema: &Schema, names: &BTreeSet<Name>) -> BTreeSet<Name> {
    let references = references(schema);
    let mut found: BTreeSet<Name> = BTreeSet::new();
    loop {
        let is_needed = |child: &Name| !names.contains(child) || found.contains(child);
        let more: BTreeSet<_> = references
            .iter()
            .filter(|(parent, child)| names.contains(parent) && is_needed(child))
            .map(|(parent, _)| parent.clone())
            .collect();
        if more.is_subset(&found) {
            return found;
        }
        found.extend(more);
    }
}

/// A schema without some tables, and without what is about them.
fn lacking(schema: &Schema, names: &BTreeSet<Name>) -> Schema {
    let mut schema = schema.clone();
    schema.tables.retain(|name, _| !names.contains(name));
    schema.virtual_tables.retain(|_, table| external(table).is_none_or(|it| !names.contains(&it)));
    let mut gone = names.clone();
    loop {
        let more: Vec<_> = schema
            .views
            .iter()
            .filter(|(_, view)| gone.iter().any(|name| view.mentions(name)))
            .map(|(name, _)| name.clone())
            .collect();
        if more.is_empty() {
            break;
        }
        schema.views.retain(|name, _| !more.contains(name));
        gone.extend(more);
    }
    schema.triggers.retain(|_, trigger| {
        !gone.contains(&trigger.table) && !gone.iter().any(|name| trigger.definition.mentions(name))
    });
    schema
}

/// Everything that has a name of the kind of which there is one each.
fn taken(schema: &Schema) -> BTreeSet<Name> {
    let indexes = schema.tables.values().flat_map(|table| table.indexes.keys());
    let named = schema.tables.keys().chain(schema.virtual_tables.keys()).chain(schema.views.keys());
    named.chain(indexes).cloned().collect()
}

/// Tables to be made while other things are there.
fn made(schema: &Schema, names: &BTreeSet<Name>, there: &BTreeSet<Name>) -> Vec<(Name, Table)> {
    let one = |name: &Name| {
        let mut table = schema.tables.get(name)?.clone();
        table.indexes.retain(|name, _| !there.contains(name));
        Some((name.clone(), table))
    };
    names.iter().filter_map(one).collect()
}

/// A schema in which these tables do not refer to each other in a ring.
fn unringed(schema: &Schema, names: &BTreeSet<Name>) -> Schema {
    let ring = ringed(schema, names);
    let mut schema = schema.clone();
    for name in &ring {
        if let Some(table) = schema.tables.get_mut(name) {
            strip(table, |parent| parent != name && ring.contains(parent));
        }
    }
    schema
}

/// Takes the foreign keys to some tables away.
pub(super) fn strip(table: &mut Table, is_parent: impl Fn(&Name) -> bool) {
    let before = table.constraints.len();
    table.constraints.retain(|constraint| match &constraint.rule {
        Rule::ForeignKey(key) => !is_parent(&key.table),
        _ => true,
    });
    if table.constraints.len() != before {
        table.statement = Aside(None);
    }
}

/// A verb and an object.
fn name(from: &Schema, to: &Schema) -> String {
    let differences = compare(to, from);
    let all = |is_so: fn(&Difference) -> bool| differences.iter().all(is_so);
    let kinds: BTreeSet<_> = differences.iter().map(|it| it.object.kind).collect();
    let kind = kinds.first().filter(|_| kinds.len() == 1).copied();
    let made = matches!(
        kind,
        Some(ObjectKind::Table | ObjectKind::Index | ObjectKind::View | ObjectKind::Trigger)
    );
    let table_of = |it: &Difference| it.object.name.split('.').next().map(str::to_owned);
    let tables: BTreeSet<_> = differences.iter().filter_map(table_of).collect();
    if tables.len() > 2 {
        return "change_schema".to_owned();
    }
    let verb = match (all(|it| it.found.is_none()), all(|it| it.expected.is_none())) {
        (true, _) if made => "create",
        (true, _) => "add",
        (_, true) => "drop",
        _ => "change",
    };
    if let [one] = differences.as_slice() {
        let (table, own) = one.object.name.split_once('.').unwrap_or(("", &one.object.name));
        // A constraint without a name is called by its definition.
        let own = if own.contains('(') { one.object.kind.as_str() } else { own };
        let says_table = own.starts_with(table);
        return snake(&if says_table {
            format!("{verb} {own}")
        } else {
            format!("{verb} {table} {own}")
        });
    }
    let tables = tables.into_iter().collect::<Vec<_>>().join(" and ");
    let plural = match kind {
        Some(ObjectKind::Column) => "columns of ",
        Some(ObjectKind::ForeignKey) => "foreign keys of ",
        Some(ObjectKind::Index) => "indexes of ",
        Some(ObjectKind::Check) => "checks of ",
        Some(ObjectKind::Trigger) => "triggers of ",
        _ => "",
    };
    snake(&format!("{verb} {plural}{tables}"))
}

/// A text as the name of a migration.
pub(super) fn snake(text: &str) -> String {
    const NAME_CHARACTERS_MAX: usize = 60;
    let word = |part: &str| part.to_ascii_lowercase();
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty());
    let mut name = words.map(word).collect::<Vec<_>>().join("_");
    name.truncate(NAME_CHARACTERS_MAX);
    let name = name.trim_end_matches('_');
    if name.contains('_') { name.to_owned() } else { format!("{name}_schema") }
}

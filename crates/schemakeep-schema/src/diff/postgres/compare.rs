//! What differs between two schemas.

use std::collections::BTreeMap;

use super::sql;
use crate::diff::{Difference, Object, ObjectKind};
use crate::schema::postgres::{Constraint, ConstraintKind, Index, Schema, Table, Trigger, View};

/// See [`crate::diff::compare`].
pub(in crate::diff) fn compare(expected: &Schema, found: &Schema) -> Vec<Difference> {
    let mut all = Found(Vec::new());
    let (a, b) = (expected, found);
    all.each(ObjectKind::Enum, None, &a.enums, &b.enums, sql::create_enum);
    all.each(ObjectKind::Domain, None, &a.domains, &b.domains, sql::create_domain);
    all.each(ObjectKind::Sequence, None, &a.sequences, &b.sequences, sql::show_sequence);
    all.each(ObjectKind::Function, None, &a.functions, &b.functions, |_, it| it.definition.clone());
    for (name, expected, found) in both(&a.tables, &b.tables) {
        match (expected, found) {
            (Some(expected), Some(found)) => all.table(name, expected, found),
            _ => all.note(ObjectKind::Table, name.clone(), (expected, found), |it| {
                show_table(name, it)
            }),
        }
    }
    for (name, expected, found) in both(&a.views, &b.views) {
        match (expected, found) {
            (Some(expected), Some(found)) => all.view(name, expected, found),
            _ => all.note(ObjectKind::View, name.clone(), (expected, found), |it| {
                sql::create_view(name, it).join(";\n")
            }),
        }
    }
    all.0
}

/// Every name of two maps with what it is in each.
pub(super) fn both<'a, T>(
    one: &'a BTreeMap<String, T>,
    other: &'a BTreeMap<String, T>,
) -> impl Iterator<Item = (&'a String, Option<&'a T>, Option<&'a T>)> {
    let added = other.keys().filter(|name| !one.contains_key(*name));
    let mut names: Vec<_> = one.keys().chain(added).collect();
    names.sort();
    names.into_iter().map(|name| (name, one.get(name), other.get(name)))
}

fn show_table(name: &str, table: &Table) -> String {
    let mut statements = sql::create_table(name, table, |_| true);
    let triggers = table.triggers.iter();
    statements.extend(triggers.flat_map(|(trigger, it)| sql::create_trigger(name, trigger, it)));
    statements.join(";\n")
}

/// What a constraint is to people.
pub(super) fn kind_of(kind: ConstraintKind) -> ObjectKind {
    match kind {
        ConstraintKind::PrimaryKey => ObjectKind::PrimaryKey,
        ConstraintKind::Unique => ObjectKind::Unique,
        ConstraintKind::Check => ObjectKind::Check,
        ConstraintKind::Exclusion => ObjectKind::Exclusion,
        ConstraintKind::ForeignKey => ObjectKind::ForeignKey,
    }
}

struct Found(Vec<Difference>);

impl Found {
    fn note<T: PartialEq>(
        &mut self,
        kind: ObjectKind,
        name: String,
        (expected, found): (Option<&T>, Option<&T>),
        show: impl Fn(&T) -> String,
    ) {
        if expected != found {
            let object = Object { kind, name };
            let (expected, found) = (expected.map(&show), found.map(&show));
            self.0.push(Difference { object, expected, found });
        }
    }

    fn each<T: PartialEq>(
        &mut self,
        kind: ObjectKind,
        of: Option<&str>,
        expected: &BTreeMap<String, T>,
        found: &BTreeMap<String, T>,
        show: impl Fn(&str, &T) -> String,
    ) {
        for (name, expected, found) in both(expected, found) {
            let whole = of.map_or_else(|| name.clone(), |of| format!("{of}.{name}"));
            self.note(kind, whole, (expected, found), |it| show(name, it));
        }
    }

    fn table(&mut self, name: &str, expected: &Table, found: &Table) {
        let of = Some(name);
        if expected.special != found.special {
            self.note(ObjectKind::Table, name.to_owned(), (Some(expected), Some(found)), |it| {
                let why = it.special.as_deref().map(|why| format!(" -- {why}"));
                format!("CREATE TABLE {} …{}", sql::quoted(name), why.unwrap_or_default())
            });
        }
        self.each(ObjectKind::Column, of, &expected.columns, &found.columns, sql::column);
        let show = |constraint: &str, it: &Constraint| sql::add_constraint(name, constraint, it);
        for (constraint, one, other) in both(&expected.constraints, &found.constraints) {
            let whole = format!("{name}.{constraint}");
            let kinds = (one.map(|it| it.kind), other.map(|it| it.kind));
            let show = |it: &Constraint| show(constraint, it);
            match kinds {
                (Some(expected), Some(found)) if expected != found => {
                    self.note(kind_of(expected), whole.clone(), (one, None), show);
                    self.note(kind_of(found), whole, (None, other), show);
                }
                (Some(kind), _) | (None, Some(kind)) => {
                    self.note(kind_of(kind), whole, (one, other), show);
                }
                (None, None) => {}
            }
        }
        self.indexes(name, &expected.indexes, &found.indexes);
        self.triggers(name, &expected.triggers, &found.triggers);
    }

    fn view(&mut self, name: &str, expected: &View, found: &View) {
        let itself =
            |it: &View| View { indexes: BTreeMap::new(), triggers: BTreeMap::new(), ..it.clone() };
        let (one, other) = (itself(expected), itself(found));
        self.note(ObjectKind::View, name.to_owned(), (Some(&one), Some(&other)), |it| {
            sql::define_view(name, it, "CREATE")
        });
        self.indexes(name, &expected.indexes, &found.indexes);
        self.triggers(name, &expected.triggers, &found.triggers);
    }

    fn indexes(
        &mut self,
        of: &str,
        expected: &BTreeMap<String, Index>,
        found: &BTreeMap<String, Index>,
    ) {
        self.each(ObjectKind::Index, Some(of), expected, found, |name, it| {
            let valid = if it.valid { "" } else { " -- INVALID" };
            format!("{}{valid}", sql::create_index(of, name, it, false))
        });
    }

    fn triggers(
        &mut self,
        of: &str,
        expected: &BTreeMap<String, Trigger>,
        found: &BTreeMap<String, Trigger>,
    ) {
        self.each(ObjectKind::Trigger, Some(of), expected, found, |name, it| {
            sql::create_trigger(of, name, it).join(";\n")
        });
    }
}

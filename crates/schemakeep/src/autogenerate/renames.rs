//! Which renames concern which dialect, and which to ask about. Pure.

use super::Side;
use schemakeep_schema::diff::{Difference, ObjectKind, Rename, possible_renames};

/// What may be renames and was not given, each once, in the order of the sides.
#[must_use]
pub fn questions(sides: &[Side], given: &[Rename]) -> Vec<Rename> {
    let found = sides.iter().flat_map(|side| possible_renames(&side.reached, &side.declared));
    let mut open = Vec::new();
    for rename in found {
        if !given.iter().any(|given| settles(given, &rename)) && !open.contains(&rename) {
            open.push(rename);
        }
    }
    open
}

/// Those of the given ones that name nothing that goes.
#[must_use]
pub fn strangers(sides: &[Side], given: &[Rename]) -> Vec<Rename> {
    let differences: Vec<_> = sides.iter().map(Side::differences).collect();
    let known = |rename: &&Rename| differences.iter().any(|side| concerns(rename, side));
    given.iter().filter(|rename| !known(rename)).cloned().collect()
}

/// Whether one rename leaves no room for the other: what it renames is gone, or what it makes is taken.
#[must_use]
pub fn settles(one: &Rename, other: &Rename) -> bool {
    one.table == other.table
        && one.column.is_some() == other.column.is_some()
        && (one.column.is_none() || one.column == other.column || one.to == other.to)
        || one.column.is_none() && other.column.is_none() && one.to == other.to
}

/// The renames for one side, by its own differences.
pub(super) fn of(renames: &[Rename], own: &[Difference]) -> Vec<Rename> {
    renames.iter().filter(|rename| concerns(rename, own)).cloned().collect()
}

/// Whether what is to be renamed goes in these differences, whose expectation is what is declared.
fn concerns(rename: &Rename, differences: &[Difference]) -> bool {
    let goes = |kind: ObjectKind, name: &str| {
        differences.iter().any(|difference| {
            difference.expected.is_none()
                && difference.object.kind == kind
                && difference.object.name == name
        })
    };
    let column = rename.column.as_ref().map(|column| format!("{}.{column}", rename.table));
    goes(ObjectKind::Table, &rename.table)
        || column.is_some_and(|column| goes(ObjectKind::Column, &column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemakeep_schema::diff::Object;

    fn rename(text: &str) -> Rename {
        Rename::parse(text).expect(text)
    }

    fn gone(kind: ObjectKind, name: &str) -> Difference {
        let object = Object { kind, name: name.to_owned() };
        Difference { object, expected: None, found: Some("x".to_owned()) }
    }

    #[test]
    fn a_rename_goes_where_it_names_something() {
        let differences = [
            gone(ObjectKind::Column, "tasks.title"),
            gone(ObjectKind::Index, "tasks.body"),
            gone(ObjectKind::Table, "a"),
        ];
        let given = ["tasks.title=name", "tasks.body=text", "a=b", "a.x=y", "tasks=todos"];
        let given: Vec<_> = given.iter().map(|text| rename(text)).collect();
        let own: Vec<_> = of(&given, &differences).iter().map(ToString::to_string).collect();
        assert_eq!(own, ["tasks.title=name", "a=b", "a.x=y"]);
        let comes = Difference { expected: Some("x".into()), ..differences[0].clone() };
        assert_eq!(of(&given, &[comes]), []);
    }

    #[test]
    fn what_is_settled_is_not_asked() {
        for (given, other, settled) in [
            ("tasks.title=name", "tasks.title=label", true),
            ("tasks.title=name", "tasks.body=name", true),
            ("tasks.title=name", "tasks.body=text", false),
            ("tasks.title=name", "lists.title=name", false),
            ("tasks=todos", "tasks=items", true),
            ("tasks=todos", "lists=todos", true),
            ("tasks=todos", "lists=items", false),
            ("tasks=todos", "tasks.title=name", false),
        ] {
            assert_eq!(settles(&rename(given), &rename(other)), settled, "{given} {other}");
        }
    }
}

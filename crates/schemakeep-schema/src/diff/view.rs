//! A difference for people and in JSON: the object with both definitions.

use serde::{Serialize, Serializer, ser::SerializeMap as _};

use super::Difference;

/// What the two schemas are called: where something is expected, and where it was looked for.
#[derive(Clone, Copy, Debug)]
pub struct Sides {
    expected: &'static str,
    found: &'static str,
}

/// The declared schema against what all migrations make.
pub const DECLARED: Sides = Sides { expected: "declared", found: "migrations" };
/// What the applied migrations make against the database.
pub const DATABASE: Sides = Sides { expected: "migrations", found: "database" };

impl Sides {
    #[must_use]
    pub fn view(self, difference: &Difference) -> DifferenceView<'_> {
        DifferenceView { sides: self, difference }
    }
}

/// A difference whose definitions are called as its sides are, in JSON too.
#[derive(Clone, Copy, Debug)]
pub struct DifferenceView<'a> {
    sides: Sides,
    difference: &'a Difference,
}

impl DifferenceView<'_> {
    /// `missing`: expected and not found; `extra`: found and not expected; else `different`.
    fn finding(self) -> &'static str {
        match (&self.difference.expected, &self.difference.found) {
            (Some(_), None) => "missing",
            (None, _) => "extra",
            (Some(_), Some(_)) => "different",
        }
    }

    /// A line for the object, and one for each definition; each begins with `indent`.
    #[must_use]
    pub fn text(self, indent: &str) -> String {
        let Self { sides, difference } = self;
        let width = sides.expected.len().max(sides.found.len());
        let side = |name: &str, definition: &Option<String>| {
            let definition = definition.as_deref().unwrap_or("nothing");
            // What has several lines stands below its first one.
            let below = format!("\n{indent}  {:width$}  ", "");
            format!("{indent}  {name:width$}  {}\n", definition.trim_end().replace('\n', &below))
        };
        let (finding, object) = (self.finding(), &difference.object);
        let expected = side(sides.expected, &difference.expected);
        let found = side(sides.found, &difference.found);
        format!("{indent}{finding:9}  {object}\n{expected}{found}")
    }
}

impl Serialize for DifferenceView<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let Self { sides, difference } = self;
        let mut map = to.serialize_map(Some(5))?;
        map.serialize_entry("finding", self.finding())?;
        map.serialize_entry("kind", &difference.object.kind)?;
        map.serialize_entry("name", &difference.object.name)?;
        map.serialize_entry(sides.expected, &difference.expected)?;
        map.serialize_entry(sides.found, &difference.found)?;
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::{Object, ObjectKind};

    #[test]
    fn both_definitions_stand_below_the_name() {
        let difference = Difference {
            object: Object { kind: ObjectKind::Table, name: "labels".into() },
            expected: Some("CREATE TABLE labels (\n    id bigint\n)".into()),
            found: None,
        };
        let expected = "  missing    table labels\n    declared    CREATE TABLE labels (\n                    id bigint\n                )\n    migrations  nothing\n";
        assert_eq!(DECLARED.view(&difference).text("  "), expected);
        let document = serde_json::to_value(DATABASE.view(&difference)).expect("a document");
        assert_eq!(
            (&document["finding"], &document["database"]),
            (&"missing".into(), &serde_json::Value::Null)
        );
    }
}

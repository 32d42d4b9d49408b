//! What differs between two schemas, for people and as a document: each object with both definitions.

use serde_json::{Value, json};

use schemakeep::diff::Difference;

/// What the two schemas are called: where something is expected, and where it was looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sides {
    pub(super) expected: &'static str,
    pub(super) found: &'static str,
}

/// The declared schema against what all migrations make.
pub(super) const DECLARED: Sides = Sides { expected: "declared", found: "migrations" };
/// What the applied migrations make against the database.
pub(super) const DATABASE: Sides = Sides { expected: "migrations", found: "database" };

/// `missing`: expected and not found; `extra`: found and not expected; else `different`.
pub(super) fn kind(difference: &Difference) -> &'static str {
    match (&difference.expected, &difference.found) {
        (Some(_), None) => "missing",
        (None, _) => "extra",
        (Some(_), Some(_)) => "different",
    }
}

/// A line for the object, and one for each definition; each begins with `indent`.
pub(super) fn text(sides: Sides, difference: &Difference, indent: &str) -> String {
    let width = sides.expected.len().max(sides.found.len());
    let side = |name: &str, definition: &Option<String>| {
        let definition = definition.as_deref().unwrap_or("nothing");
        // What has several lines stands below its first one.
        let below = format!("\n{indent}  {:width$}  ", "");
        format!("{indent}  {name:width$}  {}\n", definition.trim_end().replace('\n', &below))
    };
    let (kind, object) = (kind(difference), &difference.object);
    let expected = side(sides.expected, &difference.expected);
    let found = side(sides.found, &difference.found);
    format!("{indent}{kind:9}  {object}\n{expected}{found}")
}

pub(super) fn document(sides: Sides, difference: &Difference) -> Value {
    json!({
        "finding": kind(difference),
        "kind": difference.object.kind.as_str(),
        "name": difference.object.name,
        sides.expected: difference.expected,
        sides.found: difference.found,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use schemakeep::diff::{Object, ObjectKind};

    #[test]
    fn both_definitions_stand_below_the_name() {
        let difference = Difference {
            object: Object { kind: ObjectKind::Table, name: "labels".into() },
            expected: Some("CREATE TABLE labels (\n    id bigint\n)".into()),
            found: None,
        };
        let expected = "  missing    table labels\n    declared    CREATE TABLE labels (\n                    id bigint\n                )\n    migrations  nothing\n";
        assert_eq!(text(DECLARED, &difference, "  "), expected);
        let document = document(DATABASE, &difference);
        assert_eq!(
            (&document["finding"], &document["database"]),
            (&"missing".into(), &Value::Null)
        );
    }
}

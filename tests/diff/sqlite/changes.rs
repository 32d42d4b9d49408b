//! Single changes on tables with rows: the files that come out, read and approved as snapshots, lead there and back,
//! and every row is kept.
//!
//! A file of `changes/` is what it is about, what is renamed, then the schema before, its rows, the schema after.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rstest::rstest;
use schemakeep::diff::{Draft, Rename, compare, draft};
use schemakeep::files::Direction;

use super::world::{World, declared};

/// A file, taken apart.
#[derive(Debug)]
struct Change {
    from: String,
    rows: String,
    to: String,
    renames: Vec<Rename>,
}

impl Change {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let part = |name: &str| {
            let rest = text.split_once(&format!("--- {name}\n")).expect(name).1;
            rest.split("\n---").next().unwrap_or_default().to_owned() + "\n"
        };
        let renames = text.lines().filter_map(|line| line.strip_prefix("--- rename "));
        let renames = renames.map(rename).collect();
        Self { from: part("from"), rows: part("rows"), to: part("to"), renames }
    }

    /// What a column of the schema before is called in the schema after.
    fn renamed(&self, table: &str, column: &str) -> (String, String) {
        let of = |column: Option<&str>| {
            let is_it = |it: &&Rename| it.table == table && it.column.as_deref() == column;
            self.renames.iter().find(is_it).map(|rename| rename.to.clone())
        };
        let new = of(Some(column)).unwrap_or_else(|| column.to_owned());
        (of(None).unwrap_or_else(|| table.to_owned()), new)
    }
}

fn rename(text: &str) -> Rename {
    let (old, to) = text.split_once('=').unwrap();
    let (table, column) = old.split_once('.').map_or((old, None), |(table, of)| (table, Some(of)));
    Rename { table: table.to_owned(), column: column.map(ToOwned::to_owned), to: to.to_owned() }
}

fn shown(draft: &Draft) -> String {
    let mut text = String::new();
    for step in &draft.steps {
        let (up, down) = (step.text(Direction::Up), step.text(Direction::Down));
        let _ = write!(text, "=== {}.up\n{up}=== {}.down\n{down}", step.name, step.name);
    }
    for warning in &draft.warnings {
        let _ = writeln!(text, "=== warning: {warning}");
    }
    text
}

#[rstest]
#[tokio::test]
async fn change(#[files("tests/diff/sqlite/changes/*.sql")] path: PathBuf) {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let change = Change::read(&path);
    let (from, to) = (declared(&change.from).await, declared(&change.to).await);
    let draft = draft(&from, &to, &change.renames);
    let text = draft.as_ref().map_or_else(|error| format!("unwritable: {error}\n"), shown);
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name.as_str(), text);
    });
    let Ok(draft) = draft else { return };

    let world = World::of(&change.from).await;
    world.run(&change.rows).await;
    let before = columns(&world).await;
    world.take(&draft);
    assert_eq!(world.findings(), (vec![], vec![]), "{name}: {text}");
    world.up().await.unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
    assert_eq!(compare(&to, &world.schema().await), [], "{name}");
    let after = columns(&world).await;
    let pairs = pairs(&change, &before, &after);
    assert!(!pairs.is_empty(), "{name}: no column stays");
    for (old, new) in &pairs {
        let expected = cast(&world, &before[*old], &after[*new].ty).await;
        assert_eq!(after[*new].values, expected, "{name}: {old:?} lost rows on the way there");
    }
    if draft.steps.iter().any(|step| step.irreversible.is_some()) {
        return;
    }
    world.down().await.unwrap_or_else(|error| panic!("{name}: {error}\n{text}"));
    assert_eq!(compare(&from, &world.schema().await), [], "{name}");
    let back = columns(&world).await;
    for (old, new) in pairs {
        let expected = cast(&world, &after[new], &back[old].ty).await;
        assert_eq!(back[old].values, expected, "{name}: {new:?} lost rows on the way back");
    }
}

/// A column and what is in it, as literals.
#[derive(Debug)]
struct Column {
    ty: String,
    generated: bool,
    values: Vec<String>,
}

/// All columns of all tables, by `table.column`.
async fn columns(world: &World) -> BTreeMap<(String, String), Column> {
    let query = "SELECT l.name || char(9) || c.name || char(9) || c.type || char(9) || c.hidden \
         FROM pragma_table_list l, pragma_table_xinfo(l.name) c WHERE l.schema = 'main' \
         AND l.type IN ('table', 'virtual') AND l.name NOT GLOB 'sqlite_*' \
         AND l.name NOT IN ('_sqlx_migrations', '_migrate_log') AND c.hidden <> 1";
    let mut found = BTreeMap::new();
    for line in world.lines(query).await {
        let [table, name, ty, hidden]: [&str; 4] =
            line.split('\t').collect::<Vec<_>>().try_into().unwrap();
        let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
        let (column, of) = (quoted(name), quoted(table));
        let key = (table.to_owned(), name.to_owned());
        let mut values = world.lines(&format!("SELECT quote({column}) FROM {of}")).await;
        values.sort();
        let generated = hidden != "0";
        found.insert(key, Column { ty: ty.to_owned(), generated, values });
    }
    found
}

type Place = (String, String);

/// The columns that stay, each with what it has become.
fn pairs<'a>(
    change: &Change,
    before: &'a BTreeMap<Place, Column>,
    after: &'a BTreeMap<Place, Column>,
) -> Vec<(&'a Place, &'a Place)> {
    let mut found = Vec::new();
    for (place, column) in before {
        let renamed = change.renamed(&place.0, &place.1);
        if let Some((new, there)) = after.get_key_value(&renamed)
            && !(column.generated && there.generated)
        {
            found.push((place, new));
        }
    }
    found
}

/// The values as they are in a column of another type.
async fn cast(world: &World, column: &Column, ty: &str) -> Vec<String> {
    if column.ty == ty || column.values.is_empty() {
        return column.values.clone();
    }
    let values: Vec<_> = column.values.iter().map(|value| format!("({value})")).collect();
    let values = values.join(", ");
    let mut found =
        world.lines(&format!("SELECT quote(CAST(column1 AS {ty})) FROM (VALUES {values})")).await;
    found.sort();
    found
}

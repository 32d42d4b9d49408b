//! Single changes on tables with rows: the files that come out, read and approved as snapshots, lead there and back,
//! and every row is kept.
//!
//! A file of `changes/` is what it is about, then the schema before, its rows, the schema after, and what is renamed.

use std::path::{Path, PathBuf};

use rstest::rstest;
use schemakeep::diff::{Rename, draft};
use sqlx::{Connection as _, PgConnection};

use super::catalogue::{self, Columns, columns};
use super::place::{self, Place, connect, shown};
use super::trip::{Trip, same};

/// A file, taken apart.
#[derive(Debug)]
struct Change {
    from: String,
    rows: String,
    to: String,
    /// What the author puts in after so many steps: `--- after 1`.
    by_hand: Option<(usize, String)>,
    renames: Vec<Rename>,
}

impl Change {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let part = |name: &str| {
            let begin = format!("--- {name}\n");
            let rest = text.split_once(&begin).expect(name).1;
            rest.split("\n---").next().unwrap_or_default().to_owned() + "\n"
        };
        let renames = text.lines().filter_map(|line| line.strip_prefix("--- rename "));
        Self {
            from: part("from"),
            rows: part("rows"),
            to: part("to"),
            by_hand: text.split_once("--- after ").and_then(|(_, rest)| {
                let (after, rest) = rest.split_once('\n')?;
                let statements = rest.split("\n---").next()?;
                Some((after.parse().ok()?, statements.to_owned()))
            }),
            renames: renames.map(rename).collect(),
        }
    }

    /// What a table of the schema before is called in the schema after.
    fn table<'a>(&'a self, before: &'a str) -> &'a str {
        let is_it = |it: &&Rename| it.table == before && it.column.is_none();
        self.renames.iter().find(is_it).map_or(before, |rename| &rename.to)
    }

    /// The same of a column.
    fn column<'a>(&'a self, table: &str, before: &'a str) -> &'a str {
        let is_it = |it: &&Rename| it.table == table && it.column.as_deref() == Some(before);
        self.renames.iter().find(is_it).map_or(before, |rename| &rename.to)
    }
}

fn rename(text: &str) -> Rename {
    let (old, to) = text.split_once('=').unwrap();
    let (table, column) = old.split_once('.').map_or((old, None), |(table, of)| (table, Some(of)));
    Rename { table: table.to_owned(), column: column.map(ToOwned::to_owned), to: to.to_owned() }
}

#[rstest]
#[tokio::test]
async fn change(#[files("tests/diff/postgres/changes/*.sql")] path: PathBuf) {
    let name = path.file_stem().unwrap().to_string_lossy().into_owned();
    let change = Change::read(&path);
    let place = Place::take().await;
    let (shown, went) = go(&place, &change).await;
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!(name.as_str(), shown);
    });
    went.unwrap_or_else(|problem| panic!("{name}: {problem}\n{shown}"));
    place.give_back().await;
}

/// The files, and how it went.
async fn go(place: &Place, change: &Change) -> (String, Result<(), String>) {
    let to = place.declared(&change.to).await;
    let from = place.begun(&change.from).await;
    let draft = match draft(&from, &to, &change.renames) {
        Ok(draft) => draft,
        Err(error) => return (format!("unwritable: {error}"), Ok(())),
    };
    let went = async {
        let wanted = place.wanted().await;
        let mut connection = place.connect().await;
        place::run(&mut connection, &change.rows).await;
        let before = place.everything().await;
        let trip = Trip::new(&change.from, &draft)?;
        let findings = trip.findings();
        if !findings.is_empty() {
            return Err(format!("lint:\n{}", findings.join("\n")));
        }
        let there = columns(&mut connect(&place.model).await).await;
        let here = columns(&mut connection).await;
        let old = Side { change, own: &here, other: &there, is_new: false };
        let new = Side { change, own: &there, other: &here, is_new: true };

        let (now, cast) =
            (old.rows(&mut connection, false).await, old.rows(&mut connection, true).await);
        if now.is_empty() {
            return Err("no table stays".to_owned());
        }
        trip.begin(place).await;
        let stages = trip.there(place, &from, change.by_hand.as_ref()).await?;
        same("after all steps", &to, &stages[stages.len() - 1])?;
        let reached = place.everything().await;
        catalogue::same("after all steps", &wanted, &reached)?;
        kept("there", &cast, &new.rows(&mut connection, false).await)?;

        let cast = new.rows(&mut connection, true).await;
        trip.back(place, &stages).await?;
        if trip.is_reversible() {
            catalogue::same("after the way back", &before, &place.everything().await)?;
            kept("back", &cast, &old.rows(&mut connection, false).await)?;
        }
        connection.close().await.map_err(|error| error.to_string())
    };
    (shown(&draft), went.await)
}

fn kept(way: &str, expected: &[String], found: &[String]) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    Err(format!("on the way {way} rows were lost:\n  expected {expected:?}\n  found    {found:?}"))
}

/// One of the two schemas, for what both have of the rows.
struct Side<'a> {
    change: &'a Change,
    own: &'a Columns,
    other: &'a Columns,
    is_new: bool,
}

impl Side<'_> {
    /// Count and hash of the rows of each table that stays, in the columns that stay; cast to the types that they
    /// will have, or as they are.
    async fn rows(&self, connection: &mut PgConnection, cast: bool) -> Vec<String> {
        let (old, new) = if self.is_new { (self.other, self.own) } else { (self.own, self.other) };
        let mut found = Vec::new();
        for (table, old_columns) in old {
            let renamed = self.change.table(table);
            let Some(new_columns) = new.get(renamed) else { continue };
            let mut values = Vec::new();
            for (column, before) in old_columns {
                let renamed = self.change.column(table, column);
                let Some(after) = new_columns.get(renamed).filter(|it| !it.is_generated) else {
                    continue;
                };
                let (name, mine, theirs) = if self.is_new {
                    (renamed, after, before)
                } else {
                    (column.as_str(), before, after)
                };
                let value = if mine.is_enum { format!("{name}::text") } else { name.to_owned() };
                let ty = if cast && !theirs.is_enum { &theirs.ty } else { "text" };
                values.push(format!("coalesce(CAST({value} AS {ty})::text, 'null')"));
            }
            values.push("''".to_owned());
            let table = if self.is_new { renamed } else { table };
            let values = values.join(", ");
            let sql = format!(
                "SELECT concat_ws(' ', count(*), md5(string_agg(line, E'\\n' ORDER BY line))) \
                 FROM (SELECT concat_ws('|', {values}) AS line FROM {table}) lines"
            );
            found.push(format!(
                "{}: {}",
                self.change.table(table),
                place::text(connection, &sql).await
            ));
        }
        found
    }
}

/// A type into which not every value fits: the draft says so, the first value that does not fit stops it, and every
/// value is still there as it was.
#[rstest]
#[case::too_long("code varchar(20)", "'a text of 20 letters'", "code varchar(10)")]
#[case::too_long_in_array("code text[]", "ARRAY['a text of 20 letters']", "code varchar(10)[]")]
#[case::too_great("code bigint", "3000000000", "code integer")]
#[case::no_number("code text", "'seven'", "code integer")]
#[case::no_value_of_an_enum("code text", "'late'", "code status")]
#[tokio::test]
async fn a_value_that_does_not_fit_is_kept(
    #[case] before: &str,
    #[case] value: &str,
    #[case] after: &str,
) {
    let place = Place::take().await;
    let with = |column: &str| {
        format!("CREATE TYPE status AS ENUM ('open'); CREATE TABLE tasks (id integer, {column});")
    };
    let (from, to) = (with(before), with(after));
    let wanted = place.declared(&to).await;
    let had = place.begun(&from).await;
    let draft = draft(&had, &wanted, &[]).unwrap();
    assert!(
        draft.warnings.iter().any(|it| it.contains("tasks.code") && it.contains("does not fit")),
        "{:?}",
        draft.warnings
    );
    let mut connection = place.connect().await;
    place::run(&mut connection, &format!("INSERT INTO tasks VALUES (1, {value})")).await;
    let row = "SELECT code::text FROM tasks";
    let value = place::text(&mut connection, row).await;

    let trip = Trip::new(&from, &draft).unwrap();
    trip.begin(&place).await;
    let stopped = trip.there(&place, &had, None).await.unwrap_err();
    assert!(stopped.contains("fill_code_new_of_tasks"), "{stopped}");
    assert_eq!(place::text(&mut connection, row).await, value);
    place.give_back().await;
}

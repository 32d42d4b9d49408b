//! Which rows survived a way, and which did not: two contents compared, without I/O.

use std::collections::BTreeMap;

use super::content::{Content, Rows};

/// How many characters of a value are shown.
const SHOWN: usize = 60;

/// What lies between two contents.
pub(super) struct Moment<'a> {
    /// `going down`.
    pub(super) name: &'static str,
    /// What was there on the way: a column that was not could keep nothing.
    pub(super) between: &'a Content,
}

/// What came out.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Compared {
    pub(super) differences: Vec<String>,
    /// What could not survive.
    pub(super) notes: Vec<String>,
}

type Row<'a> = Vec<Option<&'a str>>;

/// Compares the tables and columns that were there all the time; of others it says that they were not.
pub(super) fn compare(before: &Content, moment: &Moment<'_>, after: &Content) -> Compared {
    let mut compared = Compared::default();
    for (table, old) in &before.0 {
        let Some(new) = after.0.get(table) else { continue };
        let Some(between) = moment.between.0.get(table) else {
            if !old.rows.is_empty() && new.rows.len() != old.rows.len() {
                compared.notes.push(format!("{table}: was dropped in between, rows and all"));
            }
            continue;
        };
        let common = |column: &&String| new.columns.contains(column);
        let (kept, dropped): (Vec<&String>, Vec<&String>) =
            old.columns.iter().filter(common).partition(|c| between.columns.contains(c));
        let survived = Survived { table, moment: moment.name, old, new };
        compared.differences.extend(survived.differences(&kept));
        let lost =
            |column: &&&String| survived.values(old, &[column]) != survived.values(new, &[column]);
        for column in dropped.iter().filter(lost) {
            compared.notes.push(format!(
                "{table}.{column}: was dropped in between, so its values did not survive"
            ));
        }
    }
    compared
}

/// A table that was there all the time.
struct Survived<'a> {
    table: &'a str,
    moment: &'a str,
    old: &'a Rows,
    new: &'a Rows,
}

impl<'a> Survived<'a> {
    fn differences(&self, kept: &[&String]) -> Vec<String> {
        let (all, left) = (self.old.rows.len(), self.new.rows.len());
        let mut found = Vec::new();
        if left < all {
            let gone = all - left;
            found.push(format!(
                "{}: {gone} rows of {all} are gone after {}",
                self.table, self.moment
            ));
        } else if left > all {
            let more = left - all;
            found.push(format!(
                "{}: {more} rows more than the {all} before {}",
                self.table, self.moment
            ));
        }
        if self.values(self.old, kept) == self.values(self.new, kept) || kept.is_empty() {
            return found;
        }
        let key: Vec<&String> = kept.iter().filter(|c| self.old.key.contains(c)).copied().collect();
        let by = if !key.is_empty() && key.len() == self.old.key.len() {
            key
        } else {
            // Without a key: by the columns that are as they were.
            let same = |c: &&&String| self.values(self.old, &[c]) == self.values(self.new, &[c]);
            kept.iter().filter(same).copied().collect()
        };
        let pairs = pairs(self.sorted(self.old, &by, kept), self.sorted(self.new, &by, kept));
        let differing = pairs.iter().filter(|(old, new)| old != new).count();
        if differing > 0 {
            let mut columns = Vec::new();
            for (at, column) in kept.iter().enumerate() {
                let of = pairs.iter().map(|(old, new)| (old[at], new[at]));
                let changed: Vec<_> = of.filter(|(old, new)| old != new).collect();
                if let Some((old, new)) = changed.first() {
                    columns.push(format!(
                        "column {column}: {} became {}",
                        shown(*old),
                        shown(*new)
                    ));
                }
            }
            found.push(format!(
                "{}: {differing} rows of {all} differ after {}: {}",
                self.table,
                self.moment,
                columns.join("; ")
            ));
        } else if found.is_empty() {
            found.push(format!("{}: other rows than before {}", self.table, self.moment));
        }
        found
    }

    /// The values of these columns, sorted.
    fn values(&self, of: &'a Rows, columns: &[&String]) -> Vec<Row<'a>> {
        let mut rows: Vec<_> = of.rows.iter().map(|row| project(of, row, columns)).collect();
        rows.sort_unstable();
        rows
    }

    /// What the rows are known by, and the values of all columns.
    fn sorted(&self, of: &'a Rows, by: &[&String], columns: &[&String]) -> Vec<(Row<'a>, Row<'a>)> {
        let rows = of.rows.iter().map(|row| (project(of, row, by), project(of, row, columns)));
        let mut rows: Vec<_> = rows.collect();
        rows.sort_unstable();
        rows
    }
}

fn project<'a>(of: &Rows, row: &'a [Option<String>], columns: &[&String]) -> Row<'a> {
    let place = |column: &&&String| of.columns.iter().position(|own| own == **column);
    columns
        .iter()
        .filter_map(|c| place(&c))
        .map(|at| row.get(at).and_then(Option::as_deref))
        .collect()
}

/// Rows that are known by the same values.
fn pairs<'a>(
    old: Vec<(Row<'a>, Row<'a>)>,
    new: Vec<(Row<'a>, Row<'a>)>,
) -> Vec<(Row<'a>, Row<'a>)> {
    let mut by: BTreeMap<Row<'a>, Vec<Row<'a>>> = BTreeMap::new();
    for (known_by, row) in new.into_iter().rev() {
        by.entry(known_by).or_default().push(row);
    }
    let mut pairs = Vec::new();
    for (known_by, row) in old {
        if let Some(found) = by.get_mut(&known_by).and_then(Vec::pop) {
            pairs.push((row, found));
        }
    }
    pairs
}

fn shown(value: Option<&str>) -> String {
    let Some(value) = value else { return "NULL".to_owned() };
    if value.chars().count() <= SHOWN {
        return value.replace('\n', "\\n");
    }
    let cut: String = value.chars().take(SHOWN).collect();
    format!("{}…", cut.replace('\n', "\\n"))
}

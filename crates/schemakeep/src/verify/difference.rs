//! Which rows survived a way, and which did not: two contents compared, without I/O.

use std::collections::BTreeMap;

use super::table_data::{Content, Rows};

/// How many characters of a value are shown.
const SHOWN_VALUE_CHARACTERS: usize = 60;

/// What lies between two contents.
pub(super) struct Moment<'a> {
    /// `going down`.
    pub(super) name: &'static str,
    /// What was there on the way: a column that was not could keep nothing.
    pub(super) between: &'a Content,
}

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
            if !old.values.is_empty() && new.values.len() != old.values.len() {
                compared.notes.push(format!("{table}: was dropped in between, rows and all"));
            }
            continue;
        };
        let common = |column: &&String| new.columns.contains(column);
        let (kept, dropped): (Vec<&String>, Vec<&String>) =
            old.columns.iter().filter(common).partition(|c| between.columns.contains(c));
        let survived = Survived { table, moment: moment.name, old, new };
        compared.differences.extend(survived.differences(&kept));
        let lost = |column: &&&String| values(old, &[column]) != values(new, &[column]);
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

impl Survived<'_> {
    fn differences(&self, kept: &[&String]) -> Vec<String> {
        let (all, left) = (self.old.values.len(), self.new.values.len());
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
        if values(self.old, kept) == values(self.new, kept) || kept.is_empty() {
            return found;
        }
        let key: Vec<&String> = kept.iter().filter(|c| self.old.key.contains(c)).copied().collect();
        let by = if !key.is_empty() && key.len() == self.old.key.len() {
            key
        } else {
            // Without a key: by the columns that are as they were.
            let same = |c: &&&String| values(self.old, &[c]) == values(self.new, &[c]);
            kept.iter().filter(same).copied().collect()
        };
        let pairs = pairs(sorted(self.old, &by, kept), sorted(self.new, &by, kept));
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
}

/// The values of these columns, sorted.
fn values<'a>(of: &'a Rows, columns: &[&String]) -> Vec<Row<'a>> {
    let mut rows: Vec<_> = of.values.iter().map(|row| project(of, row, columns)).collect();
    rows.sort_unstable();
    rows
}

/// What the rows are known by, and the values of all columns.
fn sorted<'a>(of: &'a Rows, by: &[&String], columns: &[&String]) -> Vec<(Row<'a>, Row<'a>)> {
    let rows = of.values.iter().map(|row| (project(of, row, by), project(of, row, columns)));
    let mut rows: Vec<_> = rows.collect();
    rows.sort_unstable();
    rows
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
    if value.chars().count() <= SHOWN_VALUE_CHARACTERS {
        return value.replace('\n', "\\n");
    }
    let cut: String = value.chars().take(SHOWN_VALUE_CHARACTERS).collect();
    format!("{}…", cut.replace('\n', "\\n"))
}

#[cfg(test)]
mod tests {
    use super::{Compared, Content, Moment, Rows, compare};

    fn tasks(columns: &[&str], key: &[&str], rows: &[&[Option<&str>]]) -> Content {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        let row = |row: &&[Option<&str>]| row.iter().map(|v| v.map(str::to_owned)).collect();
        let values = rows.iter().map(row).collect();
        let rows = Rows { columns: owned(columns), key: owned(key), values };
        Content([("tasks".to_owned(), rows)].into())
    }

    fn down(before: &Content, between: &Content, after: &Content) -> Compared {
        compare(before, &Moment { name: "going down", between }, after)
    }

    #[test]
    fn names_what_differs_with_a_key_and_without_one() {
        let before: [&[Option<&str>]; 2] = [&[Some("1"), Some("'done'")], &[Some("2"), None]];
        let after: [&[Option<&str>]; 2] = [&[Some("2"), None], &[Some("1"), None]];
        for key in [&["id"][..], &[]] {
            let [one, two] = [&before, &after].map(|rows| tasks(&["id", "status"], key, rows));
            let expected =
                ["tasks: 1 rows of 2 differ after going down: column status: 'done' became NULL"];
            assert_eq!(down(&one, &one, &two).differences, expected);
            assert_eq!(down(&one, &one, &one), Compared::default());
        }
    }

    #[test]
    fn a_column_that_was_not_there_in_between_could_keep_nothing_but_its_rows_must_stay() {
        let before = tasks(&["id", "status"], &["id"], &[&[Some("1"), Some("'done'")]]);
        let between = tasks(&["id"], &["id"], &[&[Some("1")]]);
        let after = tasks(&["id", "status"], &["id"], &[&[Some("1"), None]]);
        let compared = down(&before, &between, &after);
        assert_eq!(compared.differences, [""; 0]);
        assert_eq!(compared.notes.len(), 1);
        let gone = tasks(&["id", "status"], &["id"], &[]);
        let expected = ["tasks: 1 rows of 1 are gone after going down"];
        assert_eq!(down(&before, &between, &gone).differences, expected);
        assert_eq!(down(&before, &Content::default(), &gone).notes.len(), 1);
    }
}

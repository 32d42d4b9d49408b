//! Whether the schemas of both databases mean the same: two structures compared, without I/O.
//!
//! Compared are tables, columns with their types, NULL and defaults, primary and unique keys by their columns, foreign
//! keys, indexes by name and columns, checks by name and the values in them (by their columns where nobody named
//! them), and triggers by name. Not compared: how an expression is written, kinds of index, views.

mod types;

use std::collections::{BTreeMap, BTreeSet};

use super::structure::{
    Check, Column, ForeignKey, Index, Source, Structure, Table, Word, mentioned, words,
};

/// What stands in one database only.
const POSTGRES: &str = "only in PostgreSQL";
const SQLITE: &str = "only in SQLite";

/// Every difference in words, sorted.
pub fn differences(postgres: &Structure, sqlite: &Structure) -> Vec<String> {
    let mut found = Vec::new();
    let [ours, theirs] = [postgres, sqlite].map(|tables| {
        tables.iter().map(|(name, table)| (name.to_lowercase(), table)).collect::<BTreeMap<_, _>>()
    });
    let names: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
    for name in names {
        match (ours.get(name), theirs.get(name)) {
            (Some(postgres), Some(sqlite)) => {
                Compared { name, postgres, sqlite, found: &mut found }.run();
            }
            (Some(_), None) => found.push(format!("table {name}: {POSTGRES}")),
            (None, _) => found.push(format!("table {name}: {SQLITE}")),
        }
    }
    found.sort();
    found
}

/// A table that both have.
struct Compared<'a> {
    name: &'a str,
    postgres: &'a Table,
    sqlite: &'a Table,
    found: &'a mut Vec<String>,
}

impl Compared<'_> {
    fn run(mut self) {
        let (name, postgres, sqlite) = (self.name, self.postgres, self.sqlite);
        self.columns();
        self.indexes();
        self.checks();
        self.sets(
            &postgres.indexes.iter().filter(|i| i.unique).map(|i| key(name, i)).collect(),
            &sqlite.indexes.iter().filter(|i| i.unique).map(|i| key(name, i)).collect(),
        );
        self.sets(
            &postgres.foreign_keys.iter().map(|key| foreign_key(name, key)).collect(),
            &sqlite.foreign_keys.iter().map(|key| foreign_key(name, key)).collect(),
        );
        let trigger = |trigger: &String| format!("trigger {} on {name}", trigger.to_lowercase());
        self.sets(
            &postgres.triggers.iter().map(trigger).collect(),
            &sqlite.triggers.iter().map(trigger).collect(),
        );
    }

    fn sets(&mut self, postgres: &BTreeSet<String>, sqlite: &BTreeSet<String>) {
        let ours = postgres.difference(sqlite).map(|what| format!("{what}: {POSTGRES}"));
        let theirs = sqlite.difference(postgres).map(|what| format!("{what}: {SQLITE}"));
        self.found.extend(ours.chain(theirs));
    }

    fn columns(&mut self) {
        let [ours, theirs] = [self.postgres, self.sqlite].map(|table| {
            let columns = table.columns.iter();
            columns.map(|column| (column.name.to_lowercase(), column)).collect::<BTreeMap<_, _>>()
        });
        let names: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
        for name in names {
            let what = format!("column {}.{name}", self.name);
            match (ours.get(name), theirs.get(name)) {
                (Some(postgres), Some(sqlite)) => {
                    let differences = column(postgres, sqlite).into_iter();
                    self.found
                        .extend(differences.map(|difference| format!("{what}: {difference}")));
                }
                (Some(_), None) => self.found.push(format!("{what}: {POSTGRES}")),
                (None, _) => self.found.push(format!("{what}: {SQLITE}")),
            }
        }
    }

    /// Indexes that are no keys, by name.
    fn indexes(&mut self) {
        let [ours, theirs] = [self.postgres, self.sqlite].map(|table| {
            let indexes = table.indexes.iter().filter(|index| !index.unique);
            let named = indexes.filter_map(|index| {
                Some((index.name.as_ref()?.to_lowercase(), index_columns(table, index)))
            });
            named.collect::<BTreeMap<_, _>>()
        });
        self.named("index", &ours, &theirs);
    }

    /// Named checks by the values in them, the others by the columns that they are about.
    fn checks(&mut self) {
        let (postgres, sqlite) = (self.postgres, self.sqlite);
        let is_type = |check: &&Check| !types::stands_for(postgres, check);
        let theirs: Vec<_> = sqlite.checks.iter().filter(is_type).collect();
        let named = |check: &&Check| Some((check.name.as_ref()?.to_lowercase(), values(check)));
        let ours = postgres.checks.iter().filter_map(|check| named(&check)).collect();
        self.named("check", &ours, &theirs.iter().filter_map(named).collect());
        let table = self.name;
        let unnamed = |check: &&Check| {
            let columns: Vec<_> = check.columns.iter().map(|c| c.to_lowercase()).collect();
            check.name.is_none().then(|| format!("check on {table} ({})", columns.join(", ")))
        };
        let ours = postgres.checks.iter().filter_map(|check| unnamed(&check)).collect();
        self.sets(&ours, &theirs.iter().filter_map(unnamed).collect());
    }

    fn named(
        &mut self,
        kind: &str,
        ours: &BTreeMap<String, String>,
        theirs: &BTreeMap<String, String>,
    ) {
        let names: BTreeSet<_> = ours.keys().chain(theirs.keys()).collect();
        for name in names {
            let what = format!("{kind} {name} on {}", self.name);
            match (ours.get(name), theirs.get(name)) {
                (Some(a), Some(b)) if a == b => {}
                (Some(a), Some(b)) => {
                    self.found.push(format!("{what}: {a} in PostgreSQL, {b} in SQLite"));
                }
                (Some(_), None) => self.found.push(format!("{what}: {POSTGRES}")),
                (None, _) => self.found.push(format!("{what}: {SQLITE}")),
            }
        }
    }
}

fn column(postgres: &Column, sqlite: &Column) -> Vec<String> {
    let mut found = Vec::new();
    if let Some(expected) = types::disagreement(postgres, sqlite) {
        let declared = if sqlite.declared.is_empty() { "no type" } else { &sqlite.declared };
        found.push(format!(
            "{} in PostgreSQL, {declared} in SQLite, where it would be {expected}",
            postgres.declared
        ));
    }
    let null = |nullable: bool| if nullable { "nullable" } else { "not null" };
    if postgres.nullable != sqlite.nullable {
        let (ours, theirs) = (null(postgres.nullable), null(sqlite.nullable));
        found.push(format!("{ours} in PostgreSQL, {theirs} in SQLite"));
    }
    // A row number of SQLite counts itself, whether that is wanted or not.
    if sqlite.source != Source::Counter && postgres.source != sqlite.source {
        let source = |source: Source| match source {
            Source::Nothing => "without a default",
            Source::Default => "with a default",
            Source::Counter => "counted",
            Source::Generated => "generated",
        };
        let (ours, theirs) = (source(postgres.source), source(sqlite.source));
        found.push(format!("{ours} in PostgreSQL, {theirs} in SQLite"));
    }
    found
}

fn key(table: &str, index: &Index) -> String {
    let columns: Vec<_> = index.columns.iter().map(|column| column.text.to_lowercase()).collect();
    let kind = if index.primary { "primary key" } else { "unique key" };
    let partial = if index.partial { " for some rows" } else { "" };
    format!("{kind} of {table} ({}){partial}", columns.join(", "))
}

fn foreign_key(table: &str, key: &ForeignKey) -> String {
    let ForeignKey { columns, references, on_delete, on_update, .. } = key;
    let actions = [("delete", on_delete), ("update", on_update)];
    let actions = actions.iter().filter(|(_, action)| *action != "NO ACTION");
    let mut text = format!(
        "foreign key of {table} ({}) to {} ({})",
        columns.join(", "),
        key.table,
        references.join(", ")
    );
    for (event, action) in actions {
        text.extend([" on ", event, " ", action.as_str()]);
    }
    text.to_lowercase()
}

/// Columns with their direction; an expression is known by the columns in it.
fn index_columns(table: &Table, index: &Index) -> String {
    let columns = index.columns.iter().map(|column| {
        let mut text = column.text.clone();
        if column.expression {
            let names = mentioned(&text, table.columns.iter().map(|own| own.name.as_str()));
            let names: Vec<_> = names.into_iter().collect();
            text = format!("expression of {}", names.join(" and "));
        }
        text.to_lowercase() + if column.descending { " desc" } else { "" }
    });
    let columns: Vec<_> = columns.collect();
    let partial = if index.partial { " for some rows" } else { "" };
    format!("({}){partial}", columns.join(", "))
}

/// Columns and values of a check: a list of known words, and the ends of a length, are written alike in both.
fn values(check: &Check) -> String {
    let values: BTreeSet<_> = words(&check.condition)
        .into_iter()
        .filter_map(|word| match word {
            Word::Text(text) => Some(format!("'{text}'")),
            Word::Number(number) => Some(number),
            Word::Name(_) => None,
        })
        .collect();
    let columns: Vec<_> = check.columns.iter().map(|column| column.to_lowercase()).collect();
    let values: Vec<_> = values.into_iter().collect();
    format!("on {} with {}", columns.join(", "), values.join(", "))
}

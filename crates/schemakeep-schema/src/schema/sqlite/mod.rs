//! The schema of a database of SQLite: what its `sqlite_schema` holds, read into values.
//!
//! A constraint at a column is the same as one at the table, and a table that was altered the same as one declared
//! at once. Foreign keys that name no columns mean the primary key. Names of NOT NULL, DEFAULT and COLLATE, and
//! MATCH, which SQLite reads and forgets, are no part of it; nor are tables inside virtual ones.

mod constraint;
mod name;
mod parse;
mod render;
mod sql;

use std::collections::{BTreeMap, BTreeSet};

use crate::HISTORY_TABLES;
use schemakeep_db::connection::Session;

pub use constraint::{Constraint, ForeignKey, Key, KeyColumn, Rule};
pub use name::{Aside, Name, listed};
pub use sql::Sql;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Schema {
    pub tables: BTreeMap<Name, Table>,
    pub virtual_tables: BTreeMap<Name, VirtualTable>,
    pub views: BTreeMap<Name, Sql>,
    pub triggers: BTreeMap<Name, Trigger>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    pub columns: BTreeMap<Name, Column>,
    /// The names of all columns in the order in which they were declared.
    pub order: Aside<Vec<Name>>,
    pub constraints: BTreeSet<Constraint>,
    pub strict: bool,
    pub without_rowid: bool,
    pub indexes: BTreeMap<Name, Index>,
    /// The whole definition where it could not be taken apart; then columns and constraints are empty.
    pub opaque: Option<String>,
    /// Its statement, where it was read and not made up.
    pub statement: Aside<Option<String>>,
}

impl Table {
    pub fn primary_key(&self) -> Option<&Constraint> {
        self.constraints.iter().find(|it| matches!(it.rule, Rule::PrimaryKey { .. }))
    }

    pub fn foreign_keys(&self) -> impl Iterator<Item = &ForeignKey> {
        self.constraints.iter().filter_map(|it| match &it.rule {
            Rule::ForeignKey(key) => Some(key),
            _ => None,
        })
    }

    /// Whether its row numbers are counted, and none comes back.
    pub fn counts(&self) -> bool {
        matches!(
            self.primary_key().map(|it| &it.rule),
            Some(Rule::PrimaryKey { autoincrement: true, .. })
        )
    }

    /// Its columns in the order in which they were declared.
    pub fn in_order(&self) -> impl Iterator<Item = (&Name, &Column)> {
        self.order.0.iter().filter_map(|name| self.columns.get_key_value(name))
    }
}

impl Table {
    /// One line for each part of it.
    fn lines(&self, name: &str) -> Vec<String> {
        let whole = self.opaque.clone().unwrap_or_else(|| self.options());
        let mut lines = vec![format!("table {name} {whole}")];
        let column = |(own, column): (&Name, &Column)| {
            let definition = column.declare(own, None);
            format!("column {name}.{definition}")
        };
        lines.extend(self.columns.iter().map(column));
        lines.extend(self.constraints.iter().map(|it| format!("constraint {name} {it}")));
        lines.extend(self.indexes.values().map(|it| format!("index {}", it.statement.0)));
        lines
    }
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Column {
    /// In capitals: `VARCHAR(20)`.
    pub declared: String,
    pub not_null: bool,
    /// What a null does, where it does not abort the statement.
    pub null_conflict: Option<String>,
    /// As it stands after DEFAULT.
    pub default: Option<Sql>,
    /// None: BINARY.
    pub collation: Option<Name>,
    pub generated: Option<Generated>,
}

/// The expression that a column is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Generated {
    pub expression: Sql,
    pub stored: bool,
}

/// An index that has a name of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Index {
    pub unique: bool,
    /// Columns or expressions, with collation and order.
    pub columns: Vec<Sql>,
    pub predicate: Option<Sql>,
    pub statement: Aside<String>,
}

impl Index {
    pub fn mentions(&self, column: &Name) -> bool {
        self.columns.iter().chain(&self.predicate).any(|part| part.mentions(column))
    }
}

/// A table that a module keeps, such as FTS5.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VirtualTable {
    /// In small letters.
    pub module: String,
    /// With one blank between tokens.
    pub arguments: Vec<String>,
    pub statement: Aside<String>,
}

impl VirtualTable {
    /// The value of an option, without quotes.
    pub fn option(&self, name: &str) -> Option<String> {
        self.arguments.iter().find_map(|argument| {
            let (key, value) = argument.split_once('=')?;
            let is_it = key.trim().eq_ignore_ascii_case(name);
            is_it.then(|| Name::unquoted(value.trim()).as_str().to_owned())
        })
    }

    /// The columns of a full-text table: arguments that are no options.
    pub fn columns(&self) -> Vec<Name> {
        let plain = self.arguments.iter().filter(|argument| !argument.contains('='));
        let first = |argument: &String| argument.split(' ').next().map(Name::unquoted);
        plain.filter_map(first).collect()
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// Of the table or view.
    pub table: Name,
    pub definition: Sql,
}

/// A row of `sqlite_schema`.
#[derive(Clone, Debug)]
pub struct Row {
    /// `table`, `index`, `view` or `trigger`.
    pub kind: String,
    pub name: String,
    /// The table of an index or trigger.
    pub table: String,
    pub statement: String,
}

/// The rows that [`Schema::from_rows`] takes, four columns.
pub fn query() -> String {
    format!(
        "SELECT m.type, m.name, m.tbl_name, m.sql FROM main.sqlite_schema m \
         WHERE m.sql IS NOT NULL AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         AND m.tbl_name NOT IN ({HISTORY_TABLES}) AND NOT EXISTS (SELECT 1 FROM pragma_table_list l \
         WHERE l.schema = 'main' AND l.type = 'shadow' AND l.name = m.tbl_name) ORDER BY m.type, m.name"
    )
}

pub async fn read(session: &mut Session) -> Result<Schema, sqlx::Error> {
    let rows = session.rows(query()).await?.into_iter();
    let row = |row: Vec<Option<String>>| {
        let mut texts = row.into_iter().map(Option::unwrap_or_default);
        let mut next = || texts.next().unwrap_or_default();
        Row { kind: next(), name: next(), table: next(), statement: next() }
    };
    Ok(Schema::from_rows(rows.map(row).collect()))
}

impl Schema {
    pub fn from_rows(mut rows: Vec<Row>) -> Self {
        let mut schema = Self::default();
        for row in &mut rows {
            row.statement.truncate(sql::trimmed(&row.statement).len());
        }
        // Tables come before what stands on them, and names before what is compared with them.
        for row in rows.iter().filter(|row| row.kind == "table") {
            parse::table(&mut schema, row);
        }
        for row in rows.iter().filter(|row| row.kind == "index") {
            parse::index(&mut schema, row);
        }
        let names = schema.names(&rows);
        let is_name = |name: &str| names.contains(&Name::new(name));
        for row in rows.iter().filter(|row| row.kind == "view" || row.kind == "trigger") {
            parse::program(&mut schema, row, sql::Known { is_name: &is_name, all: false });
        }
        schema.refer_to_primary_keys();
        schema
    }

    /// One line for each thing in it.
    pub fn lines(&self) -> impl Iterator<Item = String> {
        let tables = self.tables.iter().flat_map(|(name, table)| table.lines(name.as_str()));
        let virtual_tables =
            self.virtual_tables.values().map(|it| format!("table {}", it.statement.0));
        let views = self.views.values().map(|view| format!("view {}", view.text()));
        let triggers = self.triggers.values().map(|it| format!("trigger {}", it.definition.text()));
        tables.chain(virtual_tables).chain(views).chain(triggers)
    }

    /// Everything that something is called.
    fn names(&self, rows: &[Row]) -> BTreeSet<Name> {
        let mut names: BTreeSet<_> = rows.iter().map(|row| Name::new(row.name.as_str())).collect();
        names.extend(self.tables.values().flat_map(|table| table.columns.keys().cloned()));
        names.extend(self.virtual_tables.values().flat_map(VirtualTable::columns));
        names.extend(["new", "old", "rowid"].map(Name::new));
        names
    }

    fn refer_to_primary_keys(&mut self) {
        let key = |table: &Table| match table.primary_key().map(|it| &it.rule) {
            Some(Rule::PrimaryKey { key, .. }) => {
                key.columns.iter().map(|column| column.name.clone()).collect()
            }
            _ => Vec::new(),
        };
        let keys: BTreeMap<Name, Vec<Name>> =
            self.tables.iter().map(|(name, table)| (name.clone(), key(table))).collect();
        for table in self.tables.values_mut() {
            let constraints = std::mem::take(&mut table.constraints);
            table.constraints = constraints.into_iter().map(|it| it.referring(&keys)).collect();
        }
    }
}

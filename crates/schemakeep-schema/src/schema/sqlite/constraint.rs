//! The constraints of a table, wherever they were declared.

use std::collections::BTreeMap;
use std::fmt;

use super::name::{Aside, Name, listed};
use super::sql::Sql;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Constraint {
    /// None where nobody gave it one.
    pub name: Option<Name>,
    pub rule: Rule,
}

/// What a constraint asks for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rule {
    PrimaryKey {
        key: Key,
        autoincrement: bool,
        /// The one column is the row number by another name.
        rowid: bool,
    },
    Unique(Key),
    Check(Sql),
    ForeignKey(ForeignKey),
}

/// Columns that no two rows share.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pub columns: Vec<KeyColumn>,
    /// What a second row does, where it does not abort the statement.
    pub conflict: Option<String>,
}

/// A column of a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyColumn {
    pub name: Name,
    /// None: the column's.
    pub collation: Option<Name>,
    pub descending: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ForeignKey {
    pub columns: Vec<Name>,
    pub table: Name,
    /// None where the table has no primary key to mean, or is not there.
    pub references: Vec<Name>,
    /// None: NO ACTION.
    pub on_delete: Option<&'static str>,
    /// None: NO ACTION.
    pub on_update: Option<&'static str>,
    /// Looked at when the transaction ends.
    pub deferred: bool,
    /// Whether the columns referenced stood there.
    pub implicit: Aside<bool>,
}

impl Constraint {
    /// The columns that it is about, by name or in its condition, of these.
    pub fn mentions(&self, column: &Name) -> bool {
        match &self.rule {
            Rule::PrimaryKey { key, .. } | Rule::Unique(key) => {
                key.columns.iter().any(|it| it.name == *column)
            }
            Rule::Check(condition) => condition.mentions(column),
            Rule::ForeignKey(key) => key.columns.contains(column),
        }
    }

    /// With the columns of the primary key where it names none.
    pub(super) fn referring(mut self, keys: &BTreeMap<Name, Vec<Name>>) -> Self {
        if let Rule::ForeignKey(key) = &mut self.rule
            && key.references.is_empty()
            && let Some(columns) = keys.get(&key.table)
        {
            key.references.clone_from(columns);
        }
        self
    }
}

/// As it stands at a table.
impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = &self.name {
            write!(f, "CONSTRAINT {name} ")?;
        }
        write!(f, "{}", self.rule)
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PrimaryKey { key, autoincrement, .. } => {
                let counted = if *autoincrement { " AUTOINCREMENT" } else { "" };
                write!(f, "PRIMARY KEY ({}{counted}){}", key.listed(), key.on_conflict())
            }
            Self::Unique(key) => write!(f, "UNIQUE ({}){}", key.listed(), key.on_conflict()),
            Self::Check(condition) => write!(f, "CHECK ({})", condition.text()),
            Self::ForeignKey(key) => {
                write!(f, "FOREIGN KEY ({}) {}", listed(&key.columns), key.clause())
            }
        }
    }
}

impl Key {
    fn listed(&self) -> String {
        let one = |column: &KeyColumn| {
            let collation = column.collation.as_ref();
            let collation = collation.map(|it| format!(" COLLATE {it}")).unwrap_or_default();
            let order = if column.descending { " DESC" } else { "" };
            format!("{}{collation}{order}", column.name)
        };
        self.columns.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn on_conflict(&self) -> String {
        self.conflict.as_ref().map(|it| format!(" ON CONFLICT {it}")).unwrap_or_default()
    }
}

impl ForeignKey {
    /// As it stands at a column.
    pub fn clause(&self) -> String {
        let mut clause = format!("REFERENCES {}", self.table);
        if !self.references.is_empty() {
            clause = format!("{clause} ({})", listed(&self.references));
        }
        for (when, action) in [("UPDATE", self.on_update), ("DELETE", self.on_delete)] {
            if let Some(action) = action {
                clause = format!("{clause} ON {when} {action}");
            }
        }
        if self.deferred {
            clause.push_str(" DEFERRABLE INITIALLY DEFERRED");
        }
        clause
    }
}

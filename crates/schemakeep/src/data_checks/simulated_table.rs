//! A table as it will be at one place of the pending files, in terms of the rows that are there now.

use super::tables::Table;
use schemakeep_db::Dialect;
use schemakeep_sql::change::{Definition, quoted};

/// Where a value will come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A column of what the rows come from.
    Stored(String),
    /// An expression over the table that is there.
    Text(String),
    /// It cannot be said before.
    Unknown(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) ty: String,
    pub(super) value: Value,
    pub(super) not_null: bool,
    pub(super) generated: bool,
    /// Which pending statement changes its values first.
    pub(super) touched: Option<String>,
    /// Which pending statement puts its values elsewhere.
    pub(super) kept: Option<String>,
}

impl Column {
    /// Its place in the list of a `SELECT`.
    fn output(&self) -> Option<String> {
        let value = match &self.value {
            Value::Stored(name) => quoted(name),
            Value::Text(text) => format!("({text})"),
            Value::Unknown(_) => return None,
        };
        Some(format!("{value} AS {}", quoted(&self.name)))
    }
}

/// Where the rows will come from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Rows {
    /// A table that is there, by its place among them.
    Stored(usize, Box<Table>),
    /// A query over another table.
    Query {
        /// That table, at that place of the files.
        base: Box<Relation>,
        /// The columns that the query fills.
        columns: Vec<String>,
        query: String,
    },
    /// There are none.
    None,
    /// It cannot be said before, and why.
    Unknown(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Relation {
    pub(super) schema: String,
    pub(super) name: String,
    pub(super) visible: bool,
    pub(super) columns: Vec<Column>,
    /// The columns of the primary key.
    pub(super) key: Vec<String>,
    pub(super) rows: Rows,
    /// What a pending file creates it as.
    pub(super) definition: Option<Definition>,
    /// Which pending statement deletes some of its rows.
    pub(super) deleted: Option<String>,
    /// Which pending statement adds rows.
    pub(super) inserted: Option<String>,
    /// Which pending statement copies its rows elsewhere, and the text of its queries.
    pub(super) copied: Option<(String, String)>,
    pub(super) gone: bool,
}

impl Relation {
    /// A table that is there.
    pub(super) fn stored(place: usize, table: &Table) -> Self {
        let columns = table.columns.iter().map(|column| Column {
            name: column.name.clone(),
            ty: column.ty.clone(),
            value: Value::Stored(column.name.clone()),
            not_null: column.not_null,
            generated: column.generated,
            touched: None,
            kept: None,
        });
        Self {
            schema: table.schema.clone(),
            name: table.name.clone(),
            visible: table.visible,
            columns: columns.collect(),
            key: table.key.clone(),
            rows: Rows::Stored(place, Box::new(table.clone())),
            definition: None,
            deleted: None,
            inserted: None,
            copied: None,
            gone: false,
        }
    }

    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub(super) fn column_mut(&mut self, name: &str) -> Option<&mut Column> {
        self.columns.iter_mut().find(|column| column.name == name)
    }

    /// The columns that a text names.
    pub(super) fn mentioned(&self, text: &str) -> Vec<&Column> {
        self.columns.iter().filter(|column| mentions(text, &column.name)).collect()
    }

    /// The table from which the rows come, if one does.
    pub(super) fn source(&self) -> Option<&Table> {
        match &self.rows {
            Rows::Stored(_, table) => Some(table),
            Rows::Query { base, .. } => base.source(),
            Rows::None | Rows::Unknown(_) => None,
        }
    }

    /// What names a row: the columns of the key for people, and as expressions over [`Self::select`].
    pub(super) fn keys(&self, dialect: Dialect) -> (Vec<String>, Vec<String>) {
        match &self.rows {
            Rows::Stored(_, table) => {
                let own = match dialect {
                    Dialect::Postgres => Some("ctid"),
                    Dialect::Sqlite => table.numbered.then_some("rowid"),
                };
                let names = if table.key.is_empty() {
                    own.map(ToOwned::to_owned).into_iter().collect()
                } else {
                    table.key.clone()
                };
                let expressions = (0..names.len()).map(|place| quoted(&format!("?{place}")));
                (names.clone(), expressions.collect())
            }
            Rows::Query { .. } => {
                let filled = |key: &&String| {
                    self.column(key).is_some_and(|it| matches!(it.value, Value::Stored(_)))
                };
                let names: Vec<_> = self.key.iter().filter(filled).cloned().collect();
                let expressions = names.iter().map(|name| quoted(name)).collect();
                (names, expressions)
            }
            Rows::None | Rows::Unknown(_) => (Vec::new(), Vec::new()),
        }
    }

    /// The rows as a query, with the columns that `wanted` names; `top` with those that name a row. `part` makes
    /// of the table's name what is read of it.
    pub(super) fn select(
        &self,
        dialect: Dialect,
        wanted: Option<&str>,
        top: bool,
        part: &dyn Fn(&Table) -> String,
    ) -> String {
        match &self.rows {
            Rows::Stored(_, table) => {
                let mut outputs: Vec<_> = self
                    .columns
                    .iter()
                    .filter(|column| wanted.is_none_or(|text| mentions(text, &column.name)))
                    .filter_map(Column::output)
                    .collect();
                if top {
                    let names = self.keys(dialect).0.into_iter().enumerate();
                    outputs.extend(names.map(|(place, name)| {
                        let own = table.key.is_empty();
                        let name = if own { name } else { quoted(&name) };
                        format!("{name} AS {}", quoted(&format!("?{place}")))
                    }));
                }
                if outputs.is_empty() {
                    outputs.push("1 AS \"?\"".to_owned());
                }
                format!("SELECT {} FROM {}", outputs.join(", "), part(table))
            }
            Rows::Query { base, columns, query } => {
                let names: Vec<_> = columns.iter().map(|name| quoted(name)).collect();
                let names = names.join(", ");
                let outputs: Vec<_> = self.columns.iter().filter_map(Column::output).collect();
                format!(
                    "WITH {} AS ({}), \"?rows\" ({names}) AS ({query}) SELECT {} FROM \"?rows\"",
                    quoted(&base.name),
                    base.select(dialect, None, false, part),
                    outputs.join(", "),
                )
            }
            Rows::None | Rows::Unknown(_) => "SELECT 1 AS \"?\" WHERE 1 = 0".to_owned(),
        }
    }
}

/// Whether a text has a name in it as a word of its own, in large or small letters. What stands in a literal
/// counts too: then a check is asked for one column more than it needs.
pub(super) fn mentions(text: &str, name: &str) -> bool {
    occurrences(text, name) > 0
}

pub(super) fn occurrences(text: &str, name: &str) -> usize {
    let (text, name) = (text.to_lowercase(), name.to_lowercase());
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let alone = |at: &usize| {
        let before = text[..*at].chars().next_back();
        let after = text[*at + name.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    };
    text.match_indices(&name).map(|(at, _)| at).filter(alone).count()
}

/// Whether a query takes every column of what it reads.
pub(super) fn takes_all(query: &str) -> bool {
    let words = query.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ");
    ["select *", "distinct *", "all *", ".*", ", *"].iter().any(|all| words.contains(all))
}

#[cfg(test)]
mod tests {
    use super::{mentions, occurrences, takes_all};

    #[test]
    fn a_star_that_counts_takes_nothing() {
        assert!(takes_all("SELECT\n  * FROM a"));
        assert!(takes_all("SELECT 1, a.* FROM a"));
        assert!(!takes_all("SELECT count(*), 2 * 3 FROM a"));
    }

    #[test]
    fn a_name_is_a_word_of_its_own() {
        assert!(mentions("lower(Email) > ''", "email"));
        assert!(mentions("\"due date\" > 0", "due date"));
        assert!(!mentions("emails > email_2", "email"));
        assert_eq!(occurrences("a, coalesce(a, b)", "a"), 2);
    }
}

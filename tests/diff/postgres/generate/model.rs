//! What a made-up schema consists of.

/// A schema. Tables stand in an order in which they can be made; a foreign key to a later one comes after all.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Model {
    pub(super) enums: Vec<Enum>,
    pub(super) domains: Vec<Domain>,
    pub(super) sequences: Vec<Sequence>,
    pub(super) functions: Vec<Function>,
    pub(super) tables: Vec<Table>,
    pub(super) views: Vec<View>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Enum {
    pub(super) name: String,
    pub(super) labels: Vec<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Domain {
    pub(super) name: String,
    pub(super) check: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Sequence {
    pub(super) name: String,
    pub(super) options: String,
}

/// A function: `signature` is all before its body, which may change freely.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Function {
    pub(super) name: String,
    pub(super) signature: String,
    pub(super) body: String,
    pub(super) is_trigger: bool,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) columns: Vec<Column>,
    pub(super) primary: Option<Key>,
    pub(super) uniques: Vec<Key>,
    pub(super) checks: Vec<Check>,
    pub(super) references: Vec<Reference>,
    pub(super) indexes: Vec<Index>,
    pub(super) triggers: Vec<Trigger>,
}

/// What kind of values a column holds; any type of a family casts to any other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Key,
    Text,
    Number,
    Truth,
    Time,
    Uuid,
    Json,
    Texts,
    Numbers,
    Choice,
    Bytes,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) family: Family,
    pub(super) ty: String,
    pub(super) not_null: bool,
    pub(super) collation: Option<String>,
    pub(super) filled: Filled,
}

/// How a column comes to a value that nobody gives.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Filled {
    Not,
    Default(String),
    Serial,
    Identity { always: bool, options: String },
    Generated { from: String, expression: String },
}

/// A primary key or unique constraint.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Key {
    pub(super) name: Option<String>,
    pub(super) columns: Vec<String>,
    pub(super) include: Vec<String>,
    pub(super) deferrable: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Check {
    pub(super) name: Option<String>,
    pub(super) columns: Vec<String>,
    pub(super) expression: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Reference {
    pub(super) name: Option<String>,
    pub(super) columns: Vec<String>,
    pub(super) target: String,
    pub(super) target_columns: Vec<String>,
    pub(super) actions: String,
    pub(super) deferrable: String,
}

/// An index; `items` and `predicate` speak of `columns`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Index {
    pub(super) name: String,
    pub(super) unique: bool,
    pub(super) method: String,
    pub(super) columns: Vec<String>,
    pub(super) items: String,
    pub(super) include: Vec<String>,
    pub(super) predicate: Option<String>,
    /// What it calls.
    pub(super) function: Option<String>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trigger {
    pub(super) name: String,
    pub(super) when: String,
    /// Only of these columns: `UPDATE OF`.
    pub(super) columns: Vec<String>,
    pub(super) function: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct View {
    pub(super) name: String,
    pub(super) materialized: bool,
    /// A table, or a view before it.
    pub(super) over: String,
    pub(super) columns: Vec<String>,
    /// Speaks of the first column.
    pub(super) condition: Option<String>,
    /// A unique index on the first column.
    pub(super) indexed: bool,
}

impl Model {
    pub(super) fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// The columns of a table or view.
    pub(super) fn columns_of(&self, relation: &str) -> Vec<String> {
        if let Some(table) = self.table(relation) {
            return table.columns.iter().map(|column| column.name.clone()).collect();
        }
        let view = self.views.iter().find(|view| view.name == relation);
        view.map(|view| view.columns.clone()).unwrap_or_default()
    }
}

impl Table {
    pub(super) fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    pub(super) fn has(&self, columns: &[String]) -> bool {
        columns.iter().all(|column| self.column(column).is_some())
    }
}

impl Column {
    pub(super) fn is_generated(&self) -> bool {
        matches!(self.filled, Filled::Generated { .. })
    }
}

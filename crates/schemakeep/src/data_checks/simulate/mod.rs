//! Follows the pending changes in their order, and says what to ask of the data before each.
//!
//! Pure. What an earlier pending statement does is taken into account: a column or a table that it makes, another
//! name, rows that it changes. Where that leaves it open whether a row will break something, it is not asked.

mod constraints;
mod rows;
mod shape;

use super::check::{Ask, Place, Question};
use super::simulated_table::{Column, Relation, Rows, Value};
use super::tables::{Tables, means};
use crate::{Dialect, Migration};
use schemakeep_sql::change::{Change, Located, TableName};

/// The questions for pending migrations.
pub(super) fn questions(
    tables: &Tables,
    migrations: &[&Migration],
    dialect: Dialect,
) -> Vec<Question> {
    let mut follower = Follower::new(tables, dialect);
    for migration in migrations {
        let changes = schemakeep_sql::change::changes(&migration.up_sql, dialect);
        follower.file(migration.version, &migration.up_file(), changes);
    }
    follower.questions
}

struct Follower {
    dialect: Dialect,
    schema: String,
    relations: Vec<Relation>,
    /// By the places of the tables that are there, which are those of their relations too.
    referenced_by: Vec<Vec<usize>>,
    not_valid: Vec<(usize, String, Change)>,
    questions: Vec<Question>,
    /// What may have changed any row before.
    opaque: Option<(String, String)>,
    now: Place,
}

impl Follower {
    fn new(tables: &Tables, dialect: Dialect) -> Self {
        let all = tables.all.iter().enumerate();
        Self {
            dialect,
            schema: tables.schema.clone(),
            relations: all.map(|(place, table)| Relation::stored(place, table)).collect(),
            referenced_by: tables.all.iter().map(|it| it.referenced_by.clone()).collect(),
            not_valid: tables.not_valid.clone(),
            questions: Vec::new(),
            opaque: None,
            now: Place::default(),
        }
    }

    fn file(&mut self, version: i64, file: &str, changes: Vec<Located>) {
        for Located { line, change } in changes {
            self.now = Place { version, file: file.to_owned(), line };
            self.take(change);
        }
    }

    fn take(&mut self, change: Change) {
        match change {
            Change::CreateTable { table, definition, .. } => self.create(&table, definition),
            Change::DropTable { table, rows_only, cascade } => {
                self.drop_table(&table, rows_only, cascade);
            }
            Change::RenameTable { table, to } => {
                if let Some(at) = self.find(&table) {
                    self.relations[at].name = to;
                }
            }
            Change::AddColumn { table, column, ty, not_null, default, filled, .. } => {
                let column = NewColumn { name: column, ty, not_null, default, filled };
                self.add_column(&table, column);
            }
            Change::DropColumn { table, column } => self.drop_column(&table, &column),
            Change::RenameColumn { table, column, to } => self.rename_column(&table, &column, &to),
            Change::AlterType { table, column, to, using } => {
                self.alter_type(&table, &column, &to, using.as_deref());
            }
            Change::SetNotNull { table, column } => self.set_not_null(&table, &column),
            Change::AddUnique { using_index: true, .. } => {}
            Change::AddUnique {
                table, columns, predicate, nulls_not_distinct, primary, ..
            } => {
                if primary {
                    self.primary_key(&table, &columns);
                }
                self.unique(&table, &columns, predicate.as_deref(), nulls_not_distinct);
            }
            Change::AddForeignKey { ref table, ref key, ref name, not_valid } => {
                self.refers(table, key);
                if not_valid {
                    let (table, name) = (table.clone(), name.clone());
                    self.leave_for_later(&table, name, change);
                } else {
                    self.foreign_key(table, key);
                }
            }
            Change::AddCheck { ref table, ref expression, ref name, not_valid } => {
                if not_valid {
                    let (table, name) = (table.clone(), name.clone());
                    self.leave_for_later(&table, name, change);
                } else {
                    self.check(table, expression);
                }
            }
            Change::Validate { table, constraint } => self.validate(&table, &constraint),
            Change::ChangeRows { table, deletes, sets, .. } => {
                if deletes {
                    self.delete(&table);
                } else {
                    self.update(&table, &sets);
                }
            }
            Change::InsertRows { table, columns, source, tolerant } => {
                self.insert(&table, columns, source.as_ref(), tolerant);
            }
            Change::Opaque { what } => {
                let here = self.here();
                self.opaque.get_or_insert((here, what));
            }
        }
    }

    fn find(&self, table: &TableName) -> Option<usize> {
        let matches = |relation: &Relation| {
            !relation.gone
                && relation.name == table.name
                && means(table, &relation.schema, relation.visible)
        };
        self.relations.iter().position(matches)
    }

    /// Finds the table, or leaves the question unanswered.
    fn find_or_say(&mut self, table: &TableName, what: &str, fix: &str) -> Option<usize> {
        let found = self.find(table);
        if found.is_none() {
            let why = match &self.opaque {
                Some((place, what)) => format!("{what} in {} may make it", self.near(place)),
                None => "the table is not there".to_owned(),
            };
            self.push(table, what, fix, Ask::Not(why), None);
        }
        found
    }

    fn push(&mut self, table: &TableName, what: &str, fix: &str, ask: Ask, caveat: Option<String>) {
        self.questions.push(Question {
            place: self.now.clone(),
            table: shown(table),
            what: what.to_owned(),
            fix: fix.to_owned(),
            ask,
            caveat,
        });
    }

    /// Asks what `ask` makes of the table, unless what comes before leaves that open. `text` names the columns
    /// that the answer depends on.
    fn ask(
        &mut self,
        at: usize,
        table: &TableName,
        (what, fix): (&str, &str),
        text: &str,
        ask: impl FnOnce(Box<Relation>) -> Ask,
    ) {
        let relation = &self.relations[at];
        if relation.rows == Rows::None {
            return;
        }
        let (ask, caveat) = match self.open(relation, text) {
            Some(why) => (Ask::Not(why), None),
            None => (ask(Box::new(relation.clone())), relation.inserted.clone()),
        };
        let caveat = caveat.map(|by| format!("rows are added by {}", self.near(&by)));
        self.push(table, what, fix, ask, caveat);
    }

    /// Why it is open which rows there will be, and what stands in the columns that a text names.
    fn open(&self, relation: &Relation, text: &str) -> Option<String> {
        if let Some((place, what)) = &self.opaque {
            return Some(format!("{what} in {} may change rows first", self.near(place)));
        }
        if let Some(by) = &relation.deleted {
            return Some(format!("rows are deleted or changed by {} first", self.near(by)));
        }
        match &relation.rows {
            Rows::Unknown(why) => return Some(self.near(why)),
            Rows::None => return None,
            Rows::Stored(..) | Rows::Query { .. } => {}
        }
        relation.mentioned(text).into_iter().find_map(|column| {
            match (&column.touched, &column.value) {
                (Some(by), _) => Some(format!("{} is filled by {}", column.name, self.near(by))),
                (None, Value::Unknown(why)) => Some(self.near(why)),
                _ => None,
            }
        })
    }

    /// A text for people, with places in the present file by their line alone.
    fn near(&self, text: &str) -> String {
        text.replace(&format!("{}:", self.now.file), "line ")
    }

    /// The present place, as it is kept: it may be read from another file.
    fn here(&self) -> String {
        format!("{}:{}", self.now.file, self.now.line)
    }
}

/// A column that is added.
struct NewColumn {
    name: String,
    ty: String,
    not_null: bool,
    default: Option<String>,
    filled: bool,
}

impl NewColumn {
    /// The default, where it is a value.
    fn value(&self) -> Option<&str> {
        self.default.as_deref().filter(|text| {
            let text = text.trim().to_ascii_lowercase();
            text != "null" && !text.starts_with("null::")
        })
    }
}

/// A table's name as it is written.
fn shown(table: &TableName) -> String {
    match &table.schema {
        Some(schema) => format!("{schema}.{}", table.name),
        None => table.name.clone(),
    }
}

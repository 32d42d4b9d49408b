//! An empty SQLite in memory, in which a file is tried before it is given to anybody: what it makes there it makes
//! everywhere.

use rusqlite::Connection;

use super::super::{Running, Script};
use crate::schema::sqlite::{Row, Schema, query};

pub(super) struct Trial(Connection);

impl Trial {
    /// Makes a schema.
    pub(super) fn of(schema: &Schema) -> Result<Self, String> {
        let connection = Connection::open_in_memory().map_err(|error| said(&error))?;
        let trial = Self(connection);
        trial.batch("PRAGMA foreign_keys = OFF")?;
        for (name, table) in &schema.tables {
            trial.batch(&table.create(name))?;
        }
        for table in schema.virtual_tables.values() {
            trial.batch(&table.statement.0)?;
        }
        for index in schema.tables.values().flat_map(|table| table.indexes.values()) {
            trial.batch(&index.statement.0)?;
        }
        for view in schema.views.values() {
            trial.batch(view.text())?;
        }
        for trigger in schema.triggers.values() {
            trial.batch(trigger.definition.text())?;
        }
        Ok(trial)
    }

    /// Runs a file as the runner does, and says what the schema is then.
    pub(super) fn run(&self, script: &Script) -> Result<Schema, String> {
        let rebuilds = script.running == Running::Rebuild;
        self.batch(if rebuilds {
            "PRAGMA foreign_keys = OFF"
        } else {
            "PRAGMA foreign_keys = ON"
        })?;
        for statement in &script.statements {
            self.batch(statement).map_err(|error| {
                let first = statement.lines().find(|line| !line.starts_with("--"));
                format!("{}: {error}", first.unwrap_or_default())
            })?;
        }
        if rebuilds {
            self.0
                .prepare("PRAGMA foreign_key_check")
                .and_then(|mut query| query.query([])?.next().map(drop))
                .map_err(|error| said(&error))?;
        }
        self.read()
    }

    fn read(&self) -> Result<Schema, String> {
        let read = || {
            let mut found = self.0.prepare(&query())?;
            let rows = found.query_map([], |row| {
                Ok(Row {
                    kind: row.get(0)?,
                    name: row.get(1)?,
                    table: row.get(2)?,
                    statement: row.get(3)?,
                })
            })?;
            rows.collect::<Result<Vec<_>, _>>()
        };
        read().map(Schema::from_rows).map_err(|error| said(&error))
    }

    fn batch(&self, sql: &str) -> Result<(), String> {
        self.0.execute_batch(sql).map_err(|error| said(&error))
    }
}

/// SQLite's words, without the statement that the driver repeats.
fn said(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}

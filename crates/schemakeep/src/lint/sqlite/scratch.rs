//! An empty database in memory, to which SQLite itself applies the definitions of a file: what it refuses here it
//! refuses everywhere.
//!
//! Only definitions are run, so nothing is computed, read or written outside; all else is prepared and put aside.

use rusqlite::Connection;

use schemakeep_sql::lexer::Statement;

/// What SQLite does not take.
#[derive(Debug)]
pub(super) struct Refusal {
    /// Its grammar does not have it.
    pub(super) is_syntax: bool,
    /// SQLite's words.
    pub(super) message: String,
}

#[derive(Debug)]
pub(super) struct Scratch {
    /// `None` where memory does not suffice for one; then nothing is said.
    connection: Option<Connection>,
    /// Whether all before is there, so that what is missing is the file's fault.
    complete: bool,
}

impl Scratch {
    pub(super) fn open() -> Self {
        let connection = Connection::open_in_memory().ok();
        if let Some(connection) = &connection {
            // As in a rebuild; on empty tables nothing else depends on it.
            let _ = connection.execute_batch("PRAGMA foreign_keys = OFF");
        }
        Self { connection, complete: true }
    }

    /// Applies a statement of an earlier file.
    pub(super) fn replay(&mut self, text: &str, statement: &Statement) {
        if self.run(text, statement).is_some() {
            self.complete = false;
        }
    }

    /// Applies a definition, prepares anything else; says what SQLite does not take. Where something before is
    /// missing, only what no schema would fix.
    pub(super) fn run(&mut self, text: &str, statement: &Statement) -> Option<Refusal> {
        let connection = self.connection.as_ref()?;
        let words: Vec<_> = statement.words.iter().map(String::as_str).collect();
        let outcome = match words.as_slice() {
            // Some work when they are prepared.
            ["PRAGMA" | "ATTACH" | "DETACH", ..] => return None,
            // Its rows come from a query that may run for ever.
            ["CREATE", "TABLE", ..] | ["CREATE", _, "TABLE", ..]
                if words.contains(&"AS") && !words.contains(&"VIRTUAL") =>
            {
                self.complete = false;
                connection.prepare(text).map(drop)
            }
            ["CREATE" | "ALTER" | "DROP", ..] => connection.execute_batch(text),
            _ => connection.prepare(text).map(drop),
        };
        let message = sentence(&outcome.err()?);
        let is_syntax = ["syntax error", "incomplete input", "unrecognized token"]
            .iter()
            .any(|words| message.contains(words));
        (is_syntax || self.complete).then_some(Refusal { is_syntax, message })
    }

    /// The other tables whose foreign keys refer to a table.
    pub(super) fn referring(&self, table: &str) -> Vec<String> {
        const QUERY: &str = "SELECT DISTINCT m.name FROM sqlite_schema m, pragma_foreign_key_list(m.name) f \
             WHERE m.type = 'table' AND lower(f.\"table\") = lower(?1) AND lower(m.name) <> lower(?1) ORDER BY 1";
        let Some(connection) = &self.connection else { return Vec::new() };
        let Ok(mut query) = connection.prepare(QUERY) else { return Vec::new() };
        let names = query.query_map([table], |row| row.get(0));
        names.map(|names| names.filter_map(Result::ok).collect()).unwrap_or_default()
    }
}

/// SQLite's words, without the statement that the driver repeats.
fn sentence(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(message)) => message.clone(),
        other => other.to_string(),
    }
}

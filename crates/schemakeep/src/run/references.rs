//! Refuses a file of SQLite that drops or renames a table which a foreign key of another table references.
//!
//! Dropping it deletes its rows first, and `ON DELETE CASCADE` takes those of the children along; renaming
//! it is how a rebuild begins that does the same. Only `-- rebuild` makes either safe.

use crate::failure::beginning;
use crate::migration_file::MigrationFile;
use crate::{Dialect, MigrateError, lexer};
use schemakeep_db::connection::Session;

/// A foreign key: who has it, and what it references; both in small letters.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Reference {
    child: String,
    parent: String,
}

/// Holds a file against the foreign keys of the database as it is before the file.
pub(super) async fn refuse(
    session: &mut Session,
    script: MigrationFile<'_>,
) -> Result<Result<(), MigrateError>, sqlx::Error> {
    let query = "SELECT DISTINCT lower(m.name), lower(f.\"table\") FROM main.sqlite_schema m \
         JOIN pragma_foreign_key_list(m.name) f WHERE m.type = 'table'";
    let mut references = Vec::new();
    for row in session.rows(query).await? {
        if let [Some(child), Some(parent)] = row.as_slice() {
            references.push(Reference { child: child.clone(), parent: parent.clone() });
        }
    }
    Ok(offence(script, references).map_or(Ok(()), Err))
}

fn offence(script: MigrationFile<'_>, mut references: Vec<Reference>) -> Option<MigrateError> {
    let sql = script.sql();
    for statement in lexer::statements(sql, Dialect::Sqlite) {
        let text = &sql[statement.start..statement.end];
        let Some((table, dropped)) = gone(text) else { continue };
        let of_others = |r: &&Reference| r.parent == table && r.child != table;
        if let Some(reference) = references.iter().find(of_others) {
            return Some(MigrateError::Referenced {
                file: script.file(),
                line: statement.line,
                statement: beginning(text),
                by: reference.child.clone(),
                table,
            });
        }
        if dropped {
            // Its own references go with it: what they pointed at may be dropped next.
            references.retain(|reference| reference.child != table);
        }
    }
    None
}

/// The table that a statement drops (`true`) or renames, in small letters.
fn gone(statement: &str) -> Option<(String, bool)> {
    let tokens = tokens(statement);
    let words: Vec<_> = tokens.iter().map(|token| token.to_lowercase()).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let (rest, dropped) = match words.as_slice() {
        ["drop", "table", "if", "exists", rest @ ..] | ["drop", "table", rest @ ..] => (rest, true),
        ["alter", "table", rest @ ..] => (rest, false),
        _ => return None,
    };
    let ([_, ".", table, rest @ ..] | [table, rest @ ..]) = rest else { return None };
    let renamed = matches!(rest, ["rename", "to", ..]);
    (dropped || renamed).then(|| ((*table).to_owned(), dropped))
}

/// The first words of a statement, quoted ones without their quotes, comments left out.
fn tokens(statement: &str) -> Vec<String> {
    const ENOUGH: usize = 8;
    let mut found = Vec::new();
    let mut rest = statement.trim_start();
    while let Some(first) = rest.chars().next().filter(|_| found.len() < ENOUGH) {
        let length = match first {
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' | '`' | '\'' | '[' => {
                let close = if first == '[' { ']' } else { first };
                let (name, length) = quoted(rest, close);
                found.push(name);
                length
            }
            _ => {
                let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
                let word = rest.find(|c| !is_word(c)).unwrap_or(rest.len());
                let length = if word == 0 { first.len_utf8() } else { word };
                found.push(rest[..length].to_owned());
                length
            }
        };
        rest = rest[length..].trim_start();
    }
    found
}

/// A quoted name at the beginning of a text, and its length there; a doubled quote stands for itself.
fn quoted(text: &str, close: char) -> (String, usize) {
    let mut name = String::new();
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((index, c)) = chars.next() {
        if c != close {
            name.push(c);
        } else if close != ']' && chars.next_if(|(_, next)| *next == close).is_some() {
            name.push(close);
        } else {
            return (name, index + c.len_utf8());
        }
    }
    (name, text.len())
}

#[cfg(test)]
mod tests {
    use super::gone;

    #[test]
    fn finds_the_table_that_goes() {
        for (statement, table, dropped) in [
            ("DROP TABLE tasks", "tasks", true),
            ("drop table if exists main.\"Tasks\"", "tasks", true),
            ("DROP /* so */ TABLE -- no\n [a b]", "a b", true),
            ("ALTER TABLE `t``x` RENAME TO y", "t`x", false),
            ("ALTER TABLE main . t RENAME TO y", "t", false),
        ] {
            assert_eq!(gone(statement), Some((table.to_owned(), dropped)), "{statement}");
        }
        for statement in [
            "ALTER TABLE t RENAME COLUMN a TO b",
            "ALTER TABLE t RENAME a TO b",
            "DROP INDEX t",
            "",
        ] {
            assert_eq!(gone(statement), None, "{statement}");
        }
    }
}

//! Finds the statements in a file, without understanding them: enough to name the one that failed and to
//! refuse those that would end the transaction around it.
//!
//! Knows comments, quotes, dollar quotes, parentheses, and the bodies that hold semicolons of their own:
//! `CREATE TRIGGER` of SQLite and `BEGIN ATOMIC` of PostgreSQL. The database gets the file whole: a
//! mistake here cannot change what is run.

use schemakeep_db::Dialect;

/// How much of a statement an error shows.
const SHOWN_MAX_CHARACTERS: usize = 120;

/// One statement of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statement {
    /// Where its first word begins, in bytes.
    pub start: usize,
    /// Where it ends, before the semicolon, in bytes.
    pub end: usize,
    /// The line of its first word, from 1.
    pub line: usize,
    /// Its words outside parentheses, in capitals.
    pub words: Vec<String>,
    /// All its words, in capitals, and its quoted identifiers, as they are; strings and bodies left out.
    pub tokens: Vec<String>,
}

/// The statements of a file, in order.
#[must_use]
pub fn statements(sql: &str, dialect: Dialect) -> Vec<Statement> {
    Scanner { sql, dialect, at: 0, depth: 0, blocks: 0, tail: Tail::Other }.run()
}

/// The first statement that a migration's transaction cannot hold: its line and its words.
#[must_use]
pub fn forbidden(sql: &str, dialect: Dialect) -> Option<(usize, String)> {
    statements(sql, dialect).into_iter().find_map(|statement| {
        let words: Vec<_> = statement.words.iter().map(String::as_str).collect();
        let found = match words.as_slice() {
            [
                first @ ("BEGIN" | "START" | "COMMIT" | "END" | "ROLLBACK" | "ABORT" | "SAVEPOINT"
                | "RELEASE"),
                ..,
            ] => (*first).to_owned(),
            ["PREPARE", "TRANSACTION", ..] => "PREPARE TRANSACTION".to_owned(),
            ["SET", "TRANSACTION", ..] => "SET TRANSACTION".to_owned(),
            // The protocol would wait for rows that nobody sends.
            ["COPY", rest @ ..] if rest.contains(&"STDIN") || rest.contains(&"STDOUT") => {
                "COPY from or to the client".to_owned()
            }
            _ => return None,
        };
        Some((statement.line, found))
    })
}

/// The beginning of a statement, on one line.
pub fn beginning(statement: &str) -> String {
    let text = statement.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown: String = text.chars().take(SHOWN_MAX_CHARACTERS).collect();
    if shown.len() < text.len() { format!("{shown}…") } else { shown }
}

/// The line, from 1, of a position in characters from 1, as PostgreSQL counts.
#[must_use]
pub fn line_of(sql: &str, position: usize) -> usize {
    1 + sql.chars().take(position.saturating_sub(1)).filter(|c| *c == '\n').count()
}

/// How the text before a semicolon ended: SQLite's trigger is over at `; END ;`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tail {
    Semicolon,
    SemicolonEnd,
    Other,
}

struct Scanner<'a> {
    sql: &'a str,
    dialect: Dialect,
    at: usize,
    depth: usize,
    blocks: usize,
    tail: Tail,
}

impl Scanner<'_> {
    fn run(mut self) -> Vec<Statement> {
        let mut found = Vec::new();
        let mut now: Option<Statement> = None;
        while let Some(c) = self.rest().chars().next() {
            let begin = self.at;
            if c.is_whitespace() || self.comment() {
                self.at = self.at.max(begin + if self.at == begin { c.len_utf8() } else { 0 });
                continue;
            }
            if c == ';' {
                self.at += 1;
                if self.ends(now.as_ref()) {
                    found.extend(now.take());
                    (self.depth, self.blocks, self.tail) = (0, 0, Tail::Other);
                } else {
                    self.tail = Tail::Semicolon;
                }
                continue;
            }
            // Once a statement: a file may hold very many words.
            let statement = now.get_or_insert_with(|| Statement {
                start: begin,
                end: begin,
                line: 1 + self.sql[..begin].matches('\n').count(),
                words: Vec::new(),
                tokens: Vec::new(),
            });
            self.token(c, statement);
            statement.end = self.at;
        }
        found.extend(now);
        found
    }

    fn rest(&self) -> &str {
        &self.sql[self.at..]
    }

    fn ends(&self, statement: Option<&Statement>) -> bool {
        match (self.dialect, statement) {
            (Dialect::Sqlite, Some(s)) if is_trigger(&s.words) => self.tail == Tail::SemicolonEnd,
            (Dialect::Postgres, Some(_)) => self.depth == 0 && self.blocks == 0,
            _ => true,
        }
    }

    /// Steps over a comment, if one begins here.
    fn comment(&mut self) -> bool {
        let rest = self.rest();
        if rest.starts_with("--") {
            self.at += rest.find('\n').unwrap_or(rest.len());
            return true;
        }
        if !rest.starts_with("/*") {
            return false;
        }
        let (bytes, mut level, mut index) = (rest.as_bytes(), 1, 2);
        while level > 0 && index < bytes.len() {
            match &bytes[index..] {
                [b'*', b'/', ..] => (level, index) = (level - 1, index + 2),
                // Only PostgreSQL nests them.
                [b'/', b'*', ..] if self.dialect == Dialect::Postgres => {
                    (level, index) = (level + 1, index + 2);
                }
                _ => index += 1,
            }
        }
        self.at += index;
        true
    }

    fn token(&mut self, c: char, statement: &mut Statement) {
        let tail = std::mem::replace(&mut self.tail, Tail::Other);
        let postgres = self.dialect == Dialect::Postgres;
        match c {
            '\'' => self.quoted('\'', false),
            '"' => {
                let begin = self.at;
                self.quoted('"', false);
                statement.tokens.push(self.sql[begin..self.at].trim_matches('"').to_owned());
            }
            '`' if !postgres => self.quoted('`', false),
            '[' if !postgres => {
                self.at += self.rest().find(']').map_or(self.rest().len(), |found| found + 1);
            }
            '$' if postgres => self.dollar(),
            '(' => (self.depth, self.at) = (self.depth + 1, self.at + 1),
            ')' => (self.depth, self.at) = (self.depth.saturating_sub(1), self.at + 1),
            _ if is_word(c) => self.word(tail, statement),
            _ => self.at += c.len_utf8(),
        }
    }

    fn word(&mut self, tail: Tail, statement: &mut Statement) {
        let rest = self.rest();
        let length = rest.find(|c| !is_word(c) && c != '$').unwrap_or(rest.len());
        let word = rest[..length].to_uppercase();
        self.at += length;
        if self.dialect == Dialect::Postgres && word == "E" && self.rest().starts_with('\'') {
            return self.quoted('\'', true);
        }
        if self.dialect == Dialect::Sqlite && tail == Tail::Semicolon && word == "END" {
            self.tail = Tail::SemicolonEnd;
        }
        if self.dialect == Dialect::Postgres && is_routine(&statement.words) {
            match word.as_str() {
                "ATOMIC" if statement.words.last().is_some_and(|last| last == "BEGIN") => {
                    self.blocks += 1;
                }
                "CASE" if self.blocks > 0 => self.blocks += 1,
                "END" => self.blocks = self.blocks.saturating_sub(1),
                _ => {}
            }
        }
        if self.depth == 0 {
            statement.words.push(word.clone());
        }
        statement.tokens.push(word);
    }

    /// Steps over a quoted text; a doubled quote, and after `E` an escaped one, stands for itself.
    fn quoted(&mut self, quote: char, escapes: bool) {
        let mut chars = self.rest().char_indices().skip(1).peekable();
        let mut length = self.rest().len();
        while let Some((index, c)) = chars.next() {
            if escapes && c == '\\' {
                chars.next();
            } else if c == quote && chars.next_if(|(_, next)| *next == quote).is_none() {
                length = index + c.len_utf8();
                break;
            }
        }
        self.at += length;
    }

    /// Steps over `$tag$ … $tag$`, or over a lone `$`.
    fn dollar(&mut self) {
        let rest = self.rest();
        let close = rest[1..].find('$').map(|found| found + 2);
        let tag = close.map(|end| &rest[..end]).filter(|tag| {
            let name = &tag[1..tag.len() - 1];
            name.chars().all(is_word) && !name.starts_with(|c: char| c.is_ascii_digit())
        });
        let length = tag.map_or(1, |tag| {
            rest[tag.len()..].find(tag).map_or(rest.len(), |found| found + 2 * tag.len())
        });
        self.at += length;
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn is_trigger(words: &[String]) -> bool {
    let words: Vec<_> = words.iter().take(3).map(String::as_str).collect();
    matches!(
        words.as_slice(),
        ["CREATE", "TRIGGER", ..] | ["CREATE", "TEMP" | "TEMPORARY", "TRIGGER"]
    )
}

fn is_routine(words: &[String]) -> bool {
    let words: Vec<_> = words.iter().take(4).map(String::as_str).collect();
    matches!(
        words.as_slice(),
        ["CREATE", "FUNCTION" | "PROCEDURE", ..]
            | ["CREATE", "OR", "REPLACE", "FUNCTION" | "PROCEDURE"]
    )
}

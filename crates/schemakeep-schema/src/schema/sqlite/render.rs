//! Tables and columns as statements of SQLite.

use sqlite3_parser::lexer::Scanner;
use sqlite3_parser::lexer::sql::Tokenizer;

use super::{Column, Constraint, Name, Rule, Table, VirtualTable};

impl Table {
    /// The statement that makes it under a name: its own where it was read, else one made up.
    pub fn create(&self, name: &Name) -> String {
        let own = self.statement.0.as_ref().and_then(|statement| renamed(statement, name, 2));
        own.unwrap_or_else(|| self.declare(name))
    }

    fn declare(&self, name: &Name) -> String {
        let mut lines = Vec::new();
        let inline = self.inline_key();
        for (column_name, column) in self.in_order() {
            let key = inline.filter(|it| it.mentions(column_name)).map(inline_text);
            lines.push(column.declare(column_name, key.as_deref()));
        }
        let at_table = self.constraints.iter().filter(|it| Some(*it) != inline);
        lines.extend(at_table.map(ToString::to_string));
        let options = self.options();
        let options = if options.is_empty() { options } else { format!(" {options}") };
        format!("CREATE TABLE {name} (\n    {}\n){options}", lines.join(",\n    "))
    }

    /// `STRICT`, `WITHOUT ROWID`, both or neither.
    pub fn options(&self) -> String {
        let all = [(self.strict, "STRICT"), (self.without_rowid, "WITHOUT ROWID")];
        let all = all.into_iter().filter(|(is_so, _)| *is_so).map(|(_, word)| word);
        all.collect::<Vec<_>>().join(", ")
    }

    /// The primary key where it stands at its column: of an integer, DESC means something else at the table.
    fn inline_key(&self) -> Option<&Constraint> {
        let constraint = self.primary_key()?;
        let Rule::PrimaryKey { key, .. } = &constraint.rule else { return None };
        let is_plain = matches!(key.columns.as_slice(), [one] if one.collation.is_none());
        is_plain.then_some(constraint)
    }
}

fn inline_text(constraint: &Constraint) -> String {
    let name = constraint.name.as_ref();
    let mut text = name.map(|it| format!("CONSTRAINT {it} ")).unwrap_or_default();
    text.push_str("PRIMARY KEY");
    if let Rule::PrimaryKey { key, autoincrement, .. } = &constraint.rule {
        if key.columns.iter().any(|column| column.descending) {
            text.push_str(" DESC");
        }
        text.push_str(&key.on_conflict());
        if *autoincrement {
            text.push_str(" AUTOINCREMENT");
        }
    }
    text
}

impl Column {
    /// Its definition, with what else is to stand at the column.
    pub fn declare(&self, name: &Name, key: Option<&str>) -> String {
        let mut parts = vec![name.to_string()];
        if !self.declared.is_empty() {
            parts.push(self.declared.clone());
        }
        parts.extend(key.map(str::to_owned));
        if self.not_null {
            let conflict = self.null_conflict.as_ref();
            let conflict = conflict.map(|it| format!(" ON CONFLICT {it}")).unwrap_or_default();
            parts.push(format!("NOT NULL{conflict}"));
        }
        if let Some(default) = &self.default {
            parts.push(format!("DEFAULT {}", default.text()));
        }
        if let Some(collation) = &self.collation {
            parts.push(format!("COLLATE {collation}"));
        }
        if let Some(generated) = &self.generated {
            let kind = if generated.stored { "STORED" } else { "VIRTUAL" };
            parts.push(format!("GENERATED ALWAYS AS ({}) {kind}", generated.expression.text()));
        }
        parts.join(" ")
    }
}

impl VirtualTable {
    /// The statement that makes it under a name.
    pub fn create(&self, name: &Name) -> String {
        renamed(&self.statement.0, name, 3).unwrap_or_else(|| self.statement.0.clone())
    }
}

/// A statement that SQLite keeps, `CREATE TABLE name …`, with another name in it, which stands after so many words.
fn renamed(statement: &str, name: &Name, after: usize) -> Option<String> {
    let mut scanner = Scanner::new(Tokenizer::new());
    let mut place = None;
    for _ in 0..=after {
        let (start, token, end) = scanner.scan(statement.as_bytes()).ok()?;
        place = Some((start, end)).filter(|_| token.is_some());
    }
    let (start, end) = place?;
    Some(format!("{}{name}{}", statement.get(..start)?, statement.get(end..)?))
}

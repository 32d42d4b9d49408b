//! A made-up schema as `CREATE` statements.

use std::fmt::{Display, Formatter, Result, Write as _};

use super::model::{
    Check, Column, Domain, Enum, Filled, Index, Key, Model, Reference, Table, View,
};

/// Words of SQL among the made-up names.
const RESERVED: [&str; 2] = ["order", "user"];

/// A name as SQL needs it.
pub(super) fn quoted(name: &str) -> String {
    let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if plain && !RESERVED.contains(&name) {
        return name.to_owned();
    }
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn list(names: &[String]) -> String {
    names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
}

/// An expression with its columns' names in it.
fn fill(expression: &str, columns: &[String]) -> String {
    let mut text = expression.to_owned();
    for (index, column) in columns.iter().enumerate() {
        text = text.replace(&format!("{{{index}}}"), &quoted(column));
    }
    text
}

fn named(name: Option<&String>) -> String {
    name.map(|name| format!("CONSTRAINT {} ", quoted(name))).unwrap_or_default()
}

impl Display for Model {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        for Enum { name, labels } in &self.enums {
            let labels: Vec<_> = labels.iter().map(|label| format!("'{label}'")).collect();
            writeln!(f, "CREATE TYPE {} AS ENUM ({});", quoted(name), labels.join(", "))?;
        }
        for Domain { name, check } in &self.domains {
            let check = check.as_ref().map(|check| format!(" CHECK ({check})"));
            writeln!(f, "CREATE DOMAIN {} AS text{};", quoted(name), check.unwrap_or_default())?;
        }
        for sequence in &self.sequences {
            writeln!(f, "CREATE SEQUENCE {}{};", quoted(&sequence.name), sequence.options)?;
        }
        for function in &self.functions {
            writeln!(f, "CREATE FUNCTION {} AS $${}$$;", function.signature, function.body)?;
        }
        let mut later = Vec::new();
        for (at, table) in self.tables.iter().enumerate() {
            let made = |reference: &Reference| {
                self.tables[..=at].iter().any(|table| table.name == reference.target)
            };
            let (now, then): (Vec<_>, Vec<_>) =
                table.references.iter().partition(|reference| made(reference));
            later.extend(then.into_iter().map(|reference| (&table.name, reference)));
            write_table(f, table, &now)?;
        }
        for (table, reference) in later {
            writeln!(f, "ALTER TABLE {} ADD {};", quoted(table), foreign_key(reference))?;
        }
        for view in &self.views {
            write_view(f, view)?;
        }
        for table in &self.tables {
            for trigger in &table.triggers {
                let of = if trigger.columns.is_empty() {
                    String::new()
                } else {
                    format!(" OF {}", list(&trigger.columns))
                };
                writeln!(
                    f,
                    "CREATE TRIGGER {} {} EXECUTE FUNCTION {}();",
                    quoted(&trigger.name),
                    trigger.when.replace("{of}", &of).replace("{on}", &quoted(&table.name)),
                    quoted(&trigger.function)
                )?;
            }
        }
        Ok(())
    }
}

fn write_table(f: &mut Formatter<'_>, table: &Table, references: &[&Reference]) -> Result {
    let mut lines: Vec<String> = table.columns.iter().map(column).collect();
    lines.extend(table.primary.iter().map(|key| self::key("PRIMARY KEY", key)));
    lines.extend(table.uniques.iter().map(|key| self::key("UNIQUE", key)));
    lines.extend(table.checks.iter().map(|Check { name, columns, expression }| {
        format!("{}CHECK ({})", named(name.as_ref()), fill(expression, columns))
    }));
    lines.extend(references.iter().map(|reference| foreign_key(reference)));
    writeln!(f, "CREATE TABLE {} (\n    {}\n);", quoted(&table.name), lines.join(",\n    "))?;
    for index in &table.indexes {
        writeln!(f, "{};", self::index(&table.name, index))?;
    }
    Ok(())
}

fn column(column: &Column) -> String {
    let mut text = format!("{} ", quoted(&column.name));
    text += match (&column.filled, column.ty.as_str()) {
        (Filled::Serial, "bigint") => "bigserial",
        (Filled::Serial, _) => "serial",
        (_, ty) => ty,
    };
    if let Some(collation) = &column.collation {
        let _ = write!(text, " COLLATE \"{collation}\"");
    }
    match &column.filled {
        Filled::Not | Filled::Serial => {}
        Filled::Default(expression) => {
            let _ = write!(text, " DEFAULT {expression}");
        }
        Filled::Identity { always, options } => {
            let how = if *always { "ALWAYS" } else { "BY DEFAULT" };
            let _ = write!(text, " GENERATED {how} AS IDENTITY{options}");
        }
        Filled::Generated { from, expression } => {
            let expression = fill(expression, std::slice::from_ref(from));
            let _ = write!(text, " GENERATED ALWAYS AS ({expression}) STORED");
        }
    }
    if column.not_null {
        text += " NOT NULL";
    }
    text
}

fn key(what: &str, key: &Key) -> String {
    let include = if key.include.is_empty() {
        String::new()
    } else {
        format!(" INCLUDE ({})", list(&key.include))
    };
    let (name, columns) = (named(key.name.as_ref()), list(&key.columns));
    format!("{name}{what} ({columns}){include}{}", key.deferrable)
}

fn foreign_key(it: &Reference) -> String {
    let (name, columns, target) = (named(it.name.as_ref()), list(&it.columns), quoted(&it.target));
    let (to, actions, deferrable) = (list(&it.target_columns), &it.actions, &it.deferrable);
    format!("{name}FOREIGN KEY ({columns}) REFERENCES {target} ({to}){actions}{deferrable}")
}

fn index(table: &str, index: &Index) -> String {
    let unique = if index.unique { "UNIQUE " } else { "" };
    let (name, on) = (quoted(&index.name), quoted(table));
    let items = fill(&index.items, &index.columns);
    let mut text = format!("CREATE {unique}INDEX {name} ON {on} USING {} ({items})", index.method);
    if !index.include.is_empty() {
        let _ = write!(text, " INCLUDE ({})", list(&index.include));
    }
    if let Some(predicate) = &index.predicate {
        let _ = write!(text, " WHERE {}", fill(predicate, &index.columns));
    }
    text
}

fn write_view(f: &mut Formatter<'_>, view: &View) -> Result {
    let what = if view.materialized { "MATERIALIZED VIEW" } else { "VIEW" };
    let (name, columns, over) = (quoted(&view.name), list(&view.columns), quoted(&view.over));
    write!(f, "CREATE {what} {name} AS SELECT {columns} FROM {over}")?;
    if let Some(condition) = &view.condition {
        write!(f, " WHERE {}", fill(condition, &view.columns))?;
    }
    writeln!(f, ";")?;
    if view.materialized && view.indexed {
        let (index, on) = (quoted(&format!("{}_first", view.name)), quoted(&view.columns[0]));
        writeln!(f, "CREATE UNIQUE INDEX {index} ON {name} ({on});")?;
    }
    Ok(())
}

//! Virtual tables, which cannot be altered: dropped, and recreated with their content where that can be.

use super::super::{Object, ObjectKind, Unwritable};
use super::emit::beside;
use crate::schema::sqlite::{Name, Schema, VirtualTable, listed};

/// How the content of a table that changes comes to be there again.
enum Content {
    /// From the table that it indexes.
    External,
    /// From the old one.
    Copied,
}

fn is_search(table: &VirtualTable) -> bool {
    matches!(table.module.as_str(), "fts3" | "fts4" | "fts5")
}

/// The table whose rows it indexes.
pub(super) fn external(table: &VirtualTable) -> Option<Name> {
    let content = table.option("content").filter(|name| is_search(table) && !name.is_empty());
    content.map(Name::new)
}

fn content(name: &Name, from: &VirtualTable, to: &VirtualTable) -> Result<Content, Unwritable> {
    if external(to).is_some() {
        return Ok(Content::External);
    }
    let keeps_text = |table: &VirtualTable| is_search(table) && table.option("content").is_none();
    if keeps_text(from) && keeps_text(to) {
        return Ok(Content::Copied);
    }
    let object = Object { kind: ObjectKind::Table, name: name.as_str().to_owned() };
    let why = format!(
        "what a table of {} holds cannot be carried over to its new form; write by hand how it is filled",
        from.module
    );
    Err(Unwritable { object, why })
}

/// The tables that go or change.
pub(super) fn changed(from: &Schema, to: &Schema) -> Vec<Name> {
    let goes =
        |(name, table): &(&Name, &VirtualTable)| to.virtual_tables.get(*name) != Some(*table);
    from.virtual_tables.iter().filter(goes).map(|(name, _)| name.clone()).collect()
}

/// The tables that are copied: such a file is a rebuild.
pub(super) fn copied(from: &Schema, to: &Schema) -> Vec<Name> {
    let is_copied = |name: &Name| match (from.virtual_tables.get(name), to.virtual_tables.get(name))
    {
        (Some(before), Some(after)) => matches!(content(name, before, after), Ok(Content::Copied)),
        _ => false,
    };
    changed(from, to).into_iter().filter(is_copied).collect()
}

/// Statements that drop what goes or is filled from elsewhere.
pub(super) fn drops(from: &Schema, to: &Schema) -> Vec<String> {
    let goes = |(name, before): &(&Name, &VirtualTable)| match to.virtual_tables.get(*name) {
        None => true,
        Some(after) => after != *before && external(after).is_some(),
    };
    from.virtual_tables.iter().filter(goes).map(|(name, _)| format!("DROP TABLE {name}")).collect()
}

/// Statements that make what is new or changed, and fill again what indexes a rebuilt table.
pub(super) fn makes(
    from: &Schema,
    to: &Schema,
    rebuilt: &[&Name],
) -> Result<Vec<String>, Unwritable> {
    let mut statements = Vec::new();
    for (name, after) in &to.virtual_tables {
        let fill = format!("INSERT INTO {name} ({name}) VALUES ('rebuild')");
        match from.virtual_tables.get(name) {
            Some(before) if before == after => {
                let concerned = external(after).is_some_and(|it| rebuilt.contains(&&it));
                statements.extend(concerned.then_some(fill));
            }
            Some(before) => match content(name, before, after)? {
                Content::External => statements.extend([after.statement.0.clone(), fill]),
                Content::Copied => {
                    let new = beside(name, from, to);
                    let own = before.columns();
                    let columns: Vec<_> =
                        after.columns().into_iter().filter(|it| own.contains(it)).collect();
                    let columns = [vec![Name::new("rowid")], columns].concat();
                    let columns = listed(&columns);
                    statements.extend([
                        after.create(&new),
                        format!("INSERT INTO {new} ({columns})\nSELECT {columns} FROM {name}"),
                        format!("DROP TABLE {name}"),
                        format!("ALTER TABLE {new} RENAME TO {name}"),
                    ]);
                }
            },
            None => {
                statements.push(after.statement.0.clone());
                statements.extend(external(after).is_some().then_some(fill));
            }
        }
    }
    Ok(statements)
}

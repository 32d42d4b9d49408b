//! The tables of SQLite's main schema: what its pragmas say, and the checks from the text of the definitions.

use std::collections::BTreeMap;

use sqlite3_parser::ast::{
    Cmd, ColumnConstraint, CreateTableBody, Expr, NamedTableConstraint, Stmt, TableConstraint,
    fmt::ToTokens,
};
use sqlite3_parser::lexer::sql::Parser;
use sqlite3_parser::{Bump, FallibleIterator as _};

use super::{Check, Column, ForeignKey, Index, IndexColumn, Source, Structure, Table, mentioned};
use crate::HISTORY_TABLES;
use schemakeep_db::connection::Session;

pub(super) async fn structure(session: &mut Session) -> Result<Structure, sqlx::Error> {
    let mut found = Structure::new();
    let query = format!(
        "SELECT l.name, l.type, CASE WHEN l.wr THEN 'without rowid' END, m.sql FROM pragma_table_list l \
         JOIN main.sqlite_schema m ON m.name = l.name AND m.type = 'table' WHERE l.schema = 'main' \
         AND l.type IN ('table', 'virtual') AND l.name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
         AND l.name NOT IN ({HISTORY_TABLES}) ORDER BY l.name"
    );
    for row in session.rows(query).await? {
        if let [Some(name), Some(kind), without_rowid, Some(definition)] = row.as_slice() {
            let mut table = Table { is_virtual: kind == "virtual", ..Table::default() };
            columns(session, name, &mut table, without_rowid.is_some()).await?;
            indexes(session, name, &mut table).await?;
            foreign_keys(session, name, &mut table).await?;
            table.checks = checks(definition, &table);
            found.insert(name.clone(), table);
        }
    }
    refer_to_primary_keys(&mut found);
    let query = "SELECT tbl_name, name FROM main.sqlite_schema WHERE type = 'trigger'";
    for row in session.rows(query).await? {
        if let [Some(table), Some(trigger)] = row.as_slice()
            && let Some(table) = found.get_mut(table)
        {
            table.triggers.insert(trigger.clone());
        }
    }
    Ok(found)
}

async fn columns(
    session: &mut Session,
    name: &str,
    table: &mut Table,
    without_rowid: bool,
) -> Result<(), sqlx::Error> {
    let quoted = session.dialect().quoted(name);
    let query = format!(
        "SELECT name, type, CASE WHEN \"notnull\" THEN 'not null' END, \
         CASE WHEN hidden IN (2, 3) THEN 'generated' WHEN dflt_value IS NOT NULL THEN 'default' END, \
         CAST(pk AS text) FROM pragma_table_xinfo({quoted}, 'main') WHERE hidden <> 1 ORDER BY cid"
    );
    let mut key = BTreeMap::new();
    for row in session.rows(query).await? {
        if let [Some(name), declared, not_null, source, Some(place)] = row.as_slice() {
            let place: u32 = place.parse().unwrap_or(0);
            if place > 0 {
                key.insert(place, table.columns.len());
            }
            table.columns.push(Column {
                name: name.clone(),
                declared: declared.clone().unwrap_or_default(),
                labels: Vec::new(),
                nullable: not_null.is_none() && place == 0,
                source: match source.as_deref() {
                    Some("generated") => Source::Generated,
                    Some(_) => Source::Default,
                    None => Source::Nothing,
                },
            });
        }
    }
    // https://sqlite.org/lang_createtable.html#rowids_and_the_integer_primary_key
    let mut members = key.values();
    if let (Some(only), None, false) = (members.next(), members.next(), without_rowid)
        && table.columns[*only].declared.eq_ignore_ascii_case("INTEGER")
    {
        let column = &mut table.columns[*only];
        column.source = Source::Counter;
        let text = column.name.clone();
        table.indexes.push(Index {
            name: None,
            unique: true,
            primary: true,
            columns: vec![IndexColumn { text, expression: false, descending: false }],
            partial: false,
        });
    }
    Ok(())
}

async fn indexes(session: &mut Session, name: &str, table: &mut Table) -> Result<(), sqlx::Error> {
    let quoted = session.dialect().quoted(name);
    let query = format!(
        "SELECT l.name, l.origin, CASE WHEN l.\"unique\" THEN 'unique' END, \
         CASE WHEN l.partial THEN 'partial' END, x.name, CASE WHEN x.\"desc\" THEN 'descending' END, m.sql, \
         CAST(x.seqno AS text) \
         FROM pragma_index_list({quoted}, 'main') l JOIN pragma_index_xinfo(l.name, 'main') x \
         LEFT JOIN main.sqlite_schema m ON m.type = 'index' AND m.name = l.name \
         WHERE x.\"key\" ORDER BY l.name, x.seqno"
    );
    let mut by_name: BTreeMap<String, Index> = BTreeMap::new();
    for row in session.rows(query).await? {
        if let [
            Some(name),
            Some(origin),
            unique,
            partial,
            column,
            descending,
            definition,
            Some(place),
        ] = row.as_slice()
        {
            let index = by_name.entry(name.clone()).or_insert_with(|| Index {
                name: (origin == "c").then(|| name.clone()),
                unique: unique.is_some(),
                primary: origin == "pk",
                columns: Vec::new(),
                partial: partial.is_some(),
            });
            let place = place.parse().unwrap_or(0);
            let expression = || expression_of(definition.as_deref().unwrap_or_default(), place);
            index.columns.push(IndexColumn {
                text: column.clone().unwrap_or_else(expression),
                expression: column.is_none(),
                descending: descending.is_some(),
            });
        }
    }
    table.indexes.extend(by_name.into_values());
    Ok(())
}

async fn foreign_keys(
    session: &mut Session,
    name: &str,
    table: &mut Table,
) -> Result<(), sqlx::Error> {
    let quoted = session.dialect().quoted(name);
    let query = format!(
        "SELECT CAST(id AS text), \"table\", \"from\", \"to\", on_delete, on_update \
         FROM pragma_foreign_key_list({quoted}, 'main') ORDER BY id, seq"
    );
    let mut last = None;
    for row in session.rows(query).await? {
        if let [id, Some(parent), Some(own), other, Some(delete), Some(update)] = row.as_slice() {
            if last.as_ref() != Some(id) {
                last = Some(id.clone());
                table.foreign_keys.push(ForeignKey {
                    columns: Vec::new(),
                    table: parent.clone(),
                    references: Vec::new(),
                    on_delete: delete.clone(),
                    on_update: update.clone(),
                });
            }
            if let Some(key) = table.foreign_keys.last_mut() {
                key.columns.push(own.clone());
                key.references.extend(other.clone());
            }
        }
    }
    Ok(())
}

/// A foreign key that names no columns means the primary key; a parent may be spelled in other letters.
fn refer_to_primary_keys(found: &mut Structure) {
    let parents: BTreeMap<String, (String, Vec<String>)> = found
        .iter()
        .map(|(name, table)| {
            let key = table.primary_key().map(|key| &key.columns[..]).unwrap_or_default();
            let key = key.iter().map(|column| column.text.clone()).collect();
            (name.to_lowercase(), (name.clone(), key))
        })
        .collect();
    for key in found.values_mut().flat_map(|table| &mut table.foreign_keys) {
        if let Some((name, primary)) = parents.get(&key.table.to_lowercase()) {
            key.table.clone_from(name);
            if key.references.is_empty() {
                key.references.clone_from(primary);
            }
        }
    }
}

/// The checks of a CREATE TABLE. A definition that the parser cannot read has none; SQLite itself could read it.
fn checks(definition: &str, table: &Table) -> Vec<Check> {
    let bump = Bump::new();
    let Ok(Some(Cmd::Stmt(Stmt::CreateTable {
        body: CreateTableBody::ColumnsAndConstraints { columns, constraints, .. },
        ..
    }))) = Parser::new(&bump, definition.as_bytes()).next()
    else {
        return Vec::new();
    };
    let of_columns = columns.iter().flat_map(|column| column.constraints).filter_map(|named| {
        let ColumnConstraint::Check(condition) = &named.constraint else { return None };
        Some(check(named.name.as_ref().map(|name| name.0), condition, table))
    });
    let of_table = constraints.unwrap_or_default().iter().filter_map(|named| {
        let NamedTableConstraint { name, constraint: TableConstraint::Check(condition, _) } = named
        else {
            return None;
        };
        Some(check(name.as_ref().map(|name| name.0), condition, table))
    });
    of_columns.chain(of_table).collect()
}

fn check(name: Option<&str>, condition: &Expr<'_>, table: &Table) -> Check {
    let condition = text_of(condition);
    let columns = mentioned(&condition, table.columns.iter().map(|column| column.name.as_str()));
    let name = name.map(|name| name.trim_matches(['"', '`', '[', ']']).to_owned());
    Check { name, condition, columns }
}

/// The expression at a place of a CREATE INDEX, from 0.
fn expression_of(definition: &str, place: usize) -> String {
    let bump = Bump::new();
    match Parser::new(&bump, definition.as_bytes()).next() {
        Ok(Some(Cmd::Stmt(Stmt::CreateIndex { columns, .. }))) => {
            columns.get(place).map(|column| text_of(&column.expr)).unwrap_or_default()
        }
        _ => String::new(),
    }
}

fn text_of(expression: &Expr<'_>) -> String {
    struct Shown<'a, 'b>(&'a Expr<'b>);
    impl std::fmt::Display for Shown<'_, '_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            self.0.to_fmt(f)
        }
    }
    Shown(expression).to_string()
}

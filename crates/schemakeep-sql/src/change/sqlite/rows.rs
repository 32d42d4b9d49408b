//! Rows that a statement of SQLite adds, changes or deletes.

use sqlite3_parser::ast::{
    Cmd, CreateTableBody, FromClause, InsertBody, OneSelect, ResolveType, Select, SelectTable, Set,
    Stmt, Upsert, UpsertDo,
};
use sqlite3_parser::{Bump, FallibleIterator as _, lexer::sql::Parser};

use super::{name, table_name, text};
use crate::change::{Change, RowSource, TableName};

pub(super) fn changes(stmt: &Stmt<'_>) -> Vec<Change> {
    match stmt {
        Stmt::Update { tbl_name, sets, where_clause, .. } => vec![Change::ChangeRows {
            table: table_name(tbl_name),
            deletes: false,
            bounded: where_clause.is_some(),
            sets: set(sets),
        }],
        Stmt::Delete { tbl_name, where_clause, .. } => vec![Change::ChangeRows {
            table: table_name(tbl_name),
            deletes: true,
            bounded: where_clause.is_some(),
            sets: Vec::new(),
        }],
        Stmt::Insert { with, or_conflict, tbl_name, columns, body, .. } => {
            let table = table_name(tbl_name);
            let (source, upsert) = match body {
                InsertBody::Select(select, upsert) => (source(select), *upsert),
                InsertBody::DefaultValues => (None, None),
            };
            let mut found: Vec<_> = upserted(&table, upsert).into_iter().collect();
            let tolerated = matches!(or_conflict, Some(ResolveType::Ignore | ResolveType::Replace));
            found.push(Change::InsertRows {
                table,
                columns: columns.iter().flat_map(|names| names.iter()).map(name).collect(),
                // A name of the `WITH` part means nothing outside of the statement.
                source: source.filter(|_| with.is_none()),
                tolerant: tolerated || upsert.is_some(),
            });
            found
        }
        _ => Vec::new(),
    }
}

fn set(sets: &[Set<'_>]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    for set in sets {
        found.extend(set.col_names.iter().map(|column| (name(column), text(&set.expr))));
    }
    found
}

/// The update that a conflict leads to.
fn upserted(table: &TableName, upsert: Option<&Upsert<'_>>) -> Option<Change> {
    let mut sets = Vec::new();
    let mut next = upsert;
    while let Some(upsert) = next {
        if let UpsertDo::Set { sets: more, .. } = &upsert.do_clause {
            sets.extend(set(more));
        }
        next = upsert.next;
    }
    (!sets.is_empty()).then(|| Change::ChangeRows {
        table: table.clone(),
        deletes: false,
        bounded: true,
        sets,
    })
}

/// What `CREATE TABLE … AS` puts into the table.
pub(super) fn copied(table: &TableName, body: &CreateTableBody<'_>) -> Option<Change> {
    let CreateTableBody::AsSelect(select) = body else { return None };
    Some(Change::InsertRows {
        table: table.clone(),
        columns: Vec::new(),
        source: source(select),
        tolerant: false,
    })
}

/// The query of an `INSERT`; none where it is `VALUES`.
fn source(select: &Select<'_>) -> Option<RowSource> {
    let OneSelect::Select { .. } = &select.body.select else { return None };
    let mut tables = Vec::new();
    read(select, &mut tables);
    Some(RowSource { query: query(select)?, tables })
}

/// The text of a query, which the tree does not keep.
fn query(select: &Select<'_>) -> Option<String> {
    struct Shown<'a>(&'a Select<'a>);
    impl std::fmt::Display for Shown<'_> {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            use sqlite3_parser::ast::fmt::ToTokens as _;
            self.0.to_fmt(f)
        }
    }
    let text = Shown(select).to_string();
    // Printed text is believed only if it is read as the same query again.
    let bump = Bump::new();
    let same = match Parser::new(&bump, text.as_bytes()).next() {
        Ok(Some(Cmd::Stmt(Stmt::Select(again)))) => again == select,
        _ => false,
    };
    same.then(|| text.clone())
}

/// The tables that a query reads in its `FROM` parts.
fn read(select: &Select<'_>, tables: &mut Vec<TableName>) {
    let more = select.body.compounds.iter().flatten().map(|compound| &compound.select);
    for one in std::iter::once(&select.body.select).chain(more) {
        if let OneSelect::Select { from: Some(from), .. } = one {
            read_from(from, tables);
        }
    }
}

fn read_from(from: &FromClause<'_>, tables: &mut Vec<TableName>) {
    let joined = from.joins.iter().flatten().map(|join| &join.table);
    for item in from.select.into_iter().chain(joined) {
        match item {
            SelectTable::Table(table, ..) | SelectTable::TableCall(table, ..) => {
                let table = table_name(table);
                if !tables.contains(&table) {
                    tables.push(table);
                }
            }
            SelectTable::Select(select, _) => read(select, tables),
            SelectTable::Sub(from, _) => read_from(from, tables),
        }
    }
}

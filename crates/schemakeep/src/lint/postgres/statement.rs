//! The costs of every other statement, and of what it does to rows.

use squawk_syntax::ast::{self, AstNode};

use super::schema::text_of;
use super::{Walk, names};
use crate::lint::Cost;
use crate::lint::registry::{
    BAN_TRUNCATE, BAN_TRUNCATE_CASCADE, EVERY_ROW_CHANGED, REFERENCED_TABLE_DROPPED,
    REFERENCING_TABLE_DROPPED, REQUIRE_CONCURRENT_INDEX_CREATION,
    REQUIRE_CONCURRENT_INDEX_DELETION, REQUIRE_CONCURRENT_REINDEX, REWRITING_TABLE,
};

const EXCLUSIVE: &str = "ACCESS EXCLUSIVE";

/// Judges a statement as a whole.
pub(super) fn statement(walk: &mut Walk<'_>, stmt: &ast::Stmt) {
    let line = walk.line_of(stmt);
    match stmt {
        ast::Stmt::CreateIndex(it) if it.concurrently_token().is_none() => {
            let table = names::relation(it.table_relation_name());
            if !table.is_some_and(|table| walk.up.makes_relation(&table)) {
                let why = "nobody can write to the table while the index is built";
                walk.report(&REQUIRE_CONCURRENT_INDEX_CREATION, line, Cost::scan("SHARE"), why);
            }
        }
        ast::Stmt::DropIndex(it) if it.concurrently_token().is_none() => {
            let of = |index: Option<ast::IndexRef>| {
                let index = names::index(index)?;
                let made = walk.up.made.iter().find(|thing| thing.name == index);
                let table = made.and_then(|thing| thing.table.as_deref());
                table.or(walk.schema.table_of(&index)).map(ToOwned::to_owned)
            };
            let mut tables = it.index_refs().map(|index| of(Some(index)));
            if tables.any(|table| !table.is_some_and(|table| walk.is_new(&table))) {
                let why = "waits for every query on the table to end, and holds back all later ones meanwhile";
                walk.report(&REQUIRE_CONCURRENT_INDEX_DELETION, line, Cost::lock(EXCLUSIVE), why);
            }
        }
        ast::Stmt::Reindex(it) => reindex(walk, line, it),
        ast::Stmt::Truncate(it) => truncate(walk, line, it),
        ast::Stmt::DropTable(it) => {
            for table in it.table_name_refs().filter_map(|name| names::table(Some(name))) {
                drop_table(walk, line, &table);
            }
        }
        ast::Stmt::Vacuum(it) if it.is_full() => rewriting(walk, line, "VACUUM FULL"),
        ast::Stmt::Cluster(_) => rewriting(walk, line, "CLUSTER"),
        _ => {}
    }
}

fn rewriting(walk: &mut Walk<'_>, line: usize, what: &str) {
    let why = format!("{what} rewrites the whole table while nobody can read it");
    walk.report(&REWRITING_TABLE, line, Cost::rewrite(EXCLUSIVE), why);
}

fn reindex(walk: &mut Walk<'_>, line: usize, it: &ast::Reindex) {
    let target = it.reindex_target();
    let named = match &target {
        Some(ast::ReindexTarget::ReindexTargetTable(it)) => names::table(it.table_name_ref()),
        Some(ast::ReindexTarget::ReindexTargetIndex(it)) => {
            let index = names::index(it.index_ref());
            index.and_then(|index| walk.schema.table_of(&index).map(ToOwned::to_owned))
        }
        _ => None,
    };
    let mut options = it.reindex_option_list().into_iter().flat_map(|list| list.reindex_options());
    let concurrently = target.is_some_and(|target| target.concurrently_token().is_some())
        || options.any(|option| matches!(option, ast::ReindexOption::ReindexOptionConcurrently(_)));
    if !concurrently && !named.is_some_and(|table| walk.is_new(&table)) {
        let why = "nobody can write to the table, nor read by the index, while it is built again";
        walk.report(&REQUIRE_CONCURRENT_REINDEX, line, Cost::scan("SHARE"), why);
    }
}

fn truncate(walk: &mut Walk<'_>, line: usize, it: &ast::Truncate) {
    let tables = it.table_list().into_iter().flat_map(|list| list.table_relation_names());
    let mut tables = tables.filter_map(|table| names::relation(Some(table)));
    let cost = Cost { scans: false, ..Cost::rewrite(EXCLUSIVE) };
    if let Some(ast::DropBehavior::Cascade(_)) = it.drop_behavior() {
        let why = "empties every table that refers to this one, and those that refer to them";
        walk.report(&BAN_TRUNCATE_CASCADE, line, cost, why);
    } else if tables.any(|table| !walk.is_new(&table)) {
        let why = "every row is gone at once, and no trigger or row count sees which";
        walk.report(&BAN_TRUNCATE, line, cost, why);
    }
}

fn drop_table(walk: &mut Walk<'_>, line: usize, table: &str) {
    if walk.is_new(table) {
        return;
    }
    walk.risky.insert(line);
    let referring = walk.schema.referred_by(table).join(", ");
    if !referring.is_empty() {
        let why = format!(
            "a foreign key of {referring} refers to {table}: dropping it locks that table too"
        );
        walk.report(&REFERENCED_TABLE_DROPPED, line, Cost::lock(EXCLUSIVE), why);
    }
    let targets: Vec<_> = walk.schema.refers_to(table).into_iter().map(ToOwned::to_owned).collect();
    let targets: Vec<_> = targets.into_iter().filter(|target| !walk.is_new(target)).collect();
    if !targets.is_empty() {
        let targets = targets.join(", ");
        let why = format!(
            "{table} refers to {targets}: dropping it keeps everybody from reading {targets} too"
        );
        walk.report(&REFERENCING_TABLE_DROPPED, line, Cost::lock(EXCLUSIVE), why);
    }
}

/// Judges what a statement does to rows, also where `WITH` holds it.
pub(super) fn rows(walk: &mut Walk<'_>, stmt: &ast::Stmt) {
    // A function's body runs when it is called.
    if matches!(
        stmt,
        ast::Stmt::CreateFunction(_) | ast::Stmt::CreateProcedure(_) | ast::Stmt::CreateRule(_)
    ) {
        return;
    }
    for node in stmt.syntax().descendants() {
        let (line, relation, condition) = if let Some(it) = ast::Update::cast(node.clone()) {
            (walk.line_of(&it), it.relation_name(), it.where_clause_or_current_of())
        } else if let Some(it) = ast::Delete::cast(node) {
            (walk.line_of(&it), it.relation_name(), it.where_clause_or_current_of())
        } else {
            continue;
        };
        let table = relation.and_then(|it| names::last_ref(it.relation_name_ref()?.path_ref()));
        if table.is_some_and(|table| walk.is_new(&table)) {
            continue;
        }
        walk.risky.insert(line);
        let whole = match condition {
            None => true,
            Some(ast::WhereClauseOrCurrentOf::WhereClause(it)) => it
                .expr()
                .is_some_and(|expr| matches!(text_of(&expr).as_str(), "true" | "1 = 1" | "1=1")),
            Some(ast::WhereClauseOrCurrentOf::WhereCurrentOf(_)) => false,
        };
        if whole {
            let why = "changes every row in one transaction: all of them stay locked until it ends, and the table grows by as much again";
            walk.report(&EVERY_ROW_CHANGED, line, Cost::scan("ROW EXCLUSIVE"), why);
        }
    }
}

//! Whether the release that runs can serve the schema after a step.

use crate::schema::sqlite::{Column, Constraint, Rule, Schema, Table};
use schemakeep_files::directives::Compat;

/// Judges a step by the schemas before and after.
pub(super) fn compat(from: &Schema, to: &Schema) -> Compat {
    let tables = from
        .tables
        .iter()
        .all(|(name, before)| to.tables.get(name).is_some_and(|after| is_additive(before, after)));
    let kept = from.virtual_tables.iter().all(|(name, it)| to.virtual_tables.get(name) == Some(it));
    let views = from.views.iter().all(|(name, it)| to.views.get(name) == Some(it));
    let triggers = from.triggers.iter().all(|(name, it)| to.triggers.get(name) == Some(it));
    if tables && kept && views && triggers { Compat::Additive } else { Compat::Breaking }
}

fn is_additive(before: &Table, after: &Table) -> bool {
    let columns = before.columns.iter().all(|(name, column)| {
        after.columns.get(name).is_some_and(|after| still_serves(column, after))
    });
    // A constraint that is new holds only what is new, or nothing.
    let is_old =
        |constraint: &Constraint| before.columns.keys().any(|column| constraint.mentions(column));
    let of_key = |table: &Table| table.primary_key().map(|it| key_columns(&it.rule));
    let constraints = after
        .constraints
        .difference(&before.constraints)
        .all(|it| matches!(it.rule, Rule::PrimaryKey { .. }) || !is_old(it));
    let indexes = after
        .indexes
        .iter()
        .all(|(name, index)| !index.unique || before.indexes.get(name) == Some(index));
    let key = of_key(before) == of_key(after);
    let options = before.without_rowid == after.without_rowid && (before.strict || !after.strict);
    columns && constraints && indexes && key && options && before.opaque == after.opaque
}

fn key_columns(rule: &Rule) -> Vec<String> {
    match rule {
        Rule::PrimaryKey { key, .. } => key.columns.iter().map(|it| it.name.folded()).collect(),
        _ => Vec::new(),
    }
}

fn still_serves(before: &Column, after: &Column) -> bool {
    let same = Column {
        default: before.default.clone(),
        not_null: before.not_null,
        null_conflict: before.null_conflict.clone(),
        ..after.clone()
    };
    let takes_null = before.not_null || !after.not_null;
    let has_default = before.default.is_none() || after.default.is_some();
    same == *before && takes_null && has_default
}

//! The catalogue of SQLite's main schema.

/// A query for the columns of the tables with these quoted names. `table_xinfo` shows generated columns too.
pub(super) fn columns_of(names: &[String]) -> String {
    format!(
        "SELECT m.name, p.name FROM main.sqlite_schema m JOIN pragma_table_xinfo(m.name, 'main') p \
         WHERE m.type IN ('table', 'view') AND m.name IN ({})",
        names.join(", ")
    )
}

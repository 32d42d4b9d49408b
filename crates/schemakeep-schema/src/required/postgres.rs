//! The catalogue of PostgreSQL, as the search path shows it.

/// A query for the columns of the tables with these quoted names that an unqualified name reaches.
pub(super) fn columns_of(names: &[String]) -> String {
    format!(
        "SELECT CAST(c.relname AS text), CAST(a.attname AS text) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
         WHERE c.relname IN ({}) AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
         AND pg_catalog.pg_table_is_visible(c.oid) AND a.attnum > 0 AND NOT a.attisdropped",
        names.join(", ")
    )
}

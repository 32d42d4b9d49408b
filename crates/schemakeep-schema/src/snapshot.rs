//! The whole schema as text: one line for each thing in it, sorted, so that two schemas compare as lists.
//!
//! The tables of the record, what belongs to extensions, and other schemas are left out. The order of columns
//! is left out too: one that was dropped and added again stands last, and is the same column.

use std::collections::BTreeSet;

use schemakeep_db::Dialect;
use schemakeep_db::connection::Session;

use crate::{HISTORY_TABLES, schema};

/// What is in a schema.
pub type Snapshot = BTreeSet<String>;

/// Reads the schema that an unqualified name reaches first.
pub async fn snapshot(session: &mut Session) -> Result<Snapshot, sqlx::Error> {
    match session.dialect() {
        Dialect::Postgres => postgres(session).await,
        Dialect::Sqlite => sqlite(session).await,
    }
}

async fn postgres(session: &mut Session) -> Result<Snapshot, sqlx::Error> {
    let ours = format!(
        "c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema()) \
         AND c.relname NOT IN ({HISTORY_TABLES}) AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e \
         WHERE e.classid = CAST('pg_catalog.pg_class' AS regclass) AND e.objid = c.oid AND e.deptype = 'e')"
    );
    let queries = [
        format!(
            "SELECT 'column ' || c.relname || '.' || a.attname || ' ' \
             || format_type(a.atttypid, a.atttypmod) \
             || CASE WHEN a.attnotnull THEN ' not null' ELSE '' END \
             || coalesce(' default ' || pg_get_expr(d.adbin, d.adrelid), '') \
             || CASE WHEN a.attidentity <> '' THEN ' identity ' || CAST(a.attidentity AS text) ELSE '' END \
             || CASE WHEN a.attgenerated <> '' THEN ' generated ' || CAST(a.attgenerated AS text) ELSE '' END \
             FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
             LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
             WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm') AND a.attnum > 0 AND NOT a.attisdropped AND {ours}"
        ),
        format!(
            "SELECT 'constraint ' || c.relname || '.' || k.conname || ' ' || pg_get_constraintdef(k.oid) \
             || CASE WHEN k.convalidated THEN '' ELSE ' not valid' END \
             FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
             WHERE k.contype <> 'n' AND {ours}"
        ),
        format!(
            "SELECT 'index ' || pg_get_indexdef(i.indexrelid) \
             || CASE WHEN i.indisvalid THEN '' ELSE ' invalid' END \
             FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid WHERE {ours}"
        ),
        format!(
            "SELECT 'trigger ' || pg_get_triggerdef(t.oid) FROM pg_catalog.pg_trigger t \
             JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND {ours}"
        ),
        format!(
            "SELECT 'view ' || c.relname || ' ' || pg_get_viewdef(c.oid) FROM pg_catalog.pg_class c \
             WHERE c.relkind IN ('v', 'm') AND {ours}"
        ),
        format!(
            "SELECT 'sequence ' || c.relname FROM pg_catalog.pg_class c WHERE c.relkind = 'S' AND {ours} \
             AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend o JOIN pg_catalog.pg_class t ON t.oid = o.refobjid \
             WHERE o.objid = c.oid AND o.deptype IN ('a', 'i') AND t.relname IN ({HISTORY_TABLES}))"
        ),
        "SELECT 'enum ' || t.typname || ' ' || string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder) \
         FROM pg_catalog.pg_type t JOIN pg_catalog.pg_enum e ON e.enumtypid = t.oid \
         WHERE t.typnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema()) \
         GROUP BY t.typname"
            .to_owned(),
        "SELECT 'function ' || pg_get_functiondef(p.oid) FROM pg_catalog.pg_proc p \
         WHERE p.pronamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema()) \
         AND p.prokind IN ('f', 'p') AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e \
         WHERE e.classid = CAST('pg_catalog.pg_proc' AS regclass) AND e.objid = p.oid AND e.deptype = 'e')"
            .to_owned(),
    ];
    let mut found = Snapshot::new();
    for query in queries {
        found.extend(session.rows(query).await?.into_iter().flatten().flatten());
    }
    Ok(found)
}

async fn sqlite(session: &mut Session) -> Result<Snapshot, sqlx::Error> {
    let schema = schema::sqlite::read(session).await?;
    Ok(schema.lines().map(|line| plain(&line)).collect())
}

/// A definition without its comments and its spacing, which ALTER TABLE does not keep; and without the quotes
/// that a rename puts around a name.
fn plain(definition: &str) -> String {
    let mut text = String::new();
    let mut rest = definition;
    while let Some(c) = rest.chars().next() {
        if rest.starts_with("--") {
            rest = &rest[rest.find('\n').unwrap_or(rest.len())..];
        } else if c == '\'' {
            let end = rest[1..].find('\'').map_or(rest.len(), |end| end + 2);
            text.push_str(&rest[..end]);
            rest = &rest[end..];
        } else {
            match c {
                '"' => {}
                c if c.is_whitespace() => {
                    if !text.ends_with([' ', '(', ',']) {
                        text.push(' ');
                    }
                }
                '(' | ')' | ',' => {
                    text.truncate(text.trim_end_matches(' ').len());
                    text.push(c);
                }
                c => text.push(c),
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    text.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn spacing_comments_and_quotes_make_no_difference() {
        let one = "CREATE TABLE \"t\" (\n  a TEXT, -- why\n  b TEXT DEFAULT 'x  --y'\n)";
        let two = "CREATE TABLE t(a TEXT,b TEXT DEFAULT 'x  --y')";
        assert_eq!(plain(one), plain(two));
        assert_ne!(plain(two), plain("CREATE TABLE t(a TEXT,b TEXT DEFAULT 'x --y')"));
    }
}

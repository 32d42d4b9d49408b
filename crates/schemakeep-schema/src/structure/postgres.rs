//! The tables of PostgreSQL's current schema.

use std::collections::BTreeMap;

use super::{Check, Column, ForeignKey, Index, IndexColumn, Source, Structure, mentioned};
use crate::HISTORY_TABLES;
use schemakeep_db::connection::Session;

/// Limits a query to tables of ours; `c` is their row in `pg_class`.
fn ours() -> String {
    format!(
        "c.relkind IN ('r', 'p') AND NOT c.relispartition \
         AND c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema()) \
         AND c.relname NOT IN ({HISTORY_TABLES}) AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e \
         WHERE e.classid = CAST('pg_catalog.pg_class' AS regclass) AND e.objid = c.oid AND e.deptype = 'e')"
    )
}

pub(super) async fn structure(session: &mut Session) -> Result<Structure, sqlx::Error> {
    let mut found = Structure::new();
    columns(session, &mut found).await?;
    checks(session, &mut found).await?;
    indexes(session, &mut found).await?;
    foreign_keys(session, &mut found).await?;
    let triggers = format!(
        "SELECT CAST(c.relname AS text), CAST(t.tgname AS text) FROM pg_catalog.pg_trigger t \
         JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND {}",
        ours()
    );
    for row in session.rows(triggers).await? {
        if let [Some(table), Some(trigger)] = row.as_slice()
            && let Some(table) = found.get_mut(table)
        {
            table.triggers.insert(trigger.clone());
        }
    }
    Ok(found)
}

async fn columns(session: &mut Session, found: &mut Structure) -> Result<(), sqlx::Error> {
    let query = format!(
        "SELECT CAST(c.relname AS text), CAST(a.attname AS text), \
         CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) \
         ELSE format_type(a.atttypid, a.atttypmod) END, \
         CASE WHEN a.attnotnull OR t.typnotnull THEN 'not null' END, \
         CASE WHEN a.attgenerated <> '' THEN 'generated' WHEN a.attidentity <> '' THEN 'counter' \
         WHEN d.adbin IS NULL THEN NULL WHEN pg_get_expr(d.adbin, d.adrelid) LIKE 'nextval(%' THEN 'counter' \
         ELSE 'default' END, \
         (SELECT string_agg(e.enumlabel, chr(31) ORDER BY e.enumsortorder) FROM pg_catalog.pg_enum e \
         WHERE e.enumtypid IN (t.oid, t.typbasetype)) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
         JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
         LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
         WHERE a.attnum > 0 AND NOT a.attisdropped AND {} ORDER BY c.relname, a.attnum",
        ours()
    );
    for row in session.rows(query).await? {
        if let [Some(table), Some(name), Some(declared), not_null, source, labels] = row.as_slice()
        {
            let labels = labels.as_deref().unwrap_or_default();
            found.entry(table.clone()).or_default().columns.push(Column {
                name: name.clone(),
                declared: declared.clone(),
                labels: labels.split('\u{1f}').filter(|l| !l.is_empty()).map(Into::into).collect(),
                nullable: not_null.is_none(),
                source: match source.as_deref() {
                    Some("generated") => Source::Generated,
                    Some("counter") => Source::Counter,
                    Some(_) => Source::Default,
                    None => Source::Nothing,
                },
            });
        }
    }
    Ok(())
}

/// Checks of the tables, and those of the domains that their columns have.
async fn checks(session: &mut Session, found: &mut Structure) -> Result<(), sqlx::Error> {
    let ours = ours();
    let query = format!(
        "SELECT CAST(c.relname AS text), CAST(k.conname AS text), pg_get_constraintdef(k.oid), NULL \
         FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
         WHERE k.contype = 'c' AND {ours} \
         UNION ALL SELECT CAST(c.relname AS text), NULL, pg_get_constraintdef(k.oid), CAST(a.attname AS text) \
         FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_attribute a ON a.atttypid = k.contypid \
         JOIN pg_catalog.pg_class c ON c.oid = a.attrelid \
         WHERE k.contype = 'c' AND k.contypid <> 0 AND NOT a.attisdropped AND {ours} ORDER BY 1, 2, 3, 4"
    );
    for row in session.rows(query).await? {
        if let [Some(table), name, Some(definition), domain_of] = row.as_slice()
            && let Some(entry) = found.get_mut(table)
        {
            let own = entry.columns.iter().map(|column| column.name.as_str());
            let columns = match domain_of {
                Some(column) => [column.clone()].into(),
                None => mentioned(definition, own),
            };
            let name = name.clone().filter(|name| !is_automatic(table, name));
            entry.checks.push(Check { name, condition: definition.clone(), columns });
        }
    }
    Ok(())
}

/// Whether PostgreSQL made the name itself: `table_check`, `table_column_check`, with a number when taken.
fn is_automatic(table: &str, name: &str) -> bool {
    name.starts_with(table)
        && name.trim_end_matches(|c: char| c.is_ascii_digit()).ends_with("_check")
}

async fn indexes(session: &mut Session, found: &mut Structure) -> Result<(), sqlx::Error> {
    let query = format!(
        "SELECT CAST(c.relname AS text), CAST(x.relname AS text), \
         CASE WHEN i.indisprimary THEN 'primary' WHEN i.indisunique THEN 'unique' END, \
         CASE WHEN i.indpred IS NOT NULL THEN 'partial' END, \
         coalesce(CAST(a.attname AS text), pg_get_indexdef(x.oid, CAST(n AS integer), false)), \
         CASE WHEN a.attname IS NULL THEN 'expression' END, \
         CASE WHEN CAST(i.indoption[n - 1] AS integer) & 1 = 1 THEN 'descending' END \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid \
         JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid \
         CROSS JOIN LATERAL generate_series(1, CAST(i.indnkeyatts AS integer)) n \
         LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = i.indkey[n - 1] AND a.attnum > 0 \
         WHERE {} ORDER BY c.relname, x.relname, n",
        ours()
    );
    let mut by_name: BTreeMap<(String, String), Index> = BTreeMap::new();
    for row in session.rows(query).await? {
        if let [Some(table), Some(name), key, partial, Some(text), expression, descending] =
            row.as_slice()
        {
            let index = by_name.entry((table.clone(), name.clone())).or_insert_with(|| Index {
                name: Some(name.clone()),
                unique: key.is_some(),
                primary: key.as_deref() == Some("primary"),
                columns: Vec::new(),
                partial: partial.is_some(),
            });
            index.columns.push(IndexColumn {
                text: text.clone(),
                expression: expression.is_some(),
                descending: descending.is_some(),
            });
        }
    }
    for ((table, _), index) in by_name {
        found.entry(table).or_default().indexes.push(index);
    }
    Ok(())
}

async fn foreign_keys(session: &mut Session, found: &mut Structure) -> Result<(), sqlx::Error> {
    let action = |column: &str| {
        format!(
            "CASE {column} WHEN 'c' THEN 'CASCADE' WHEN 'n' THEN 'SET NULL' WHEN 'd' THEN 'SET DEFAULT' \
             WHEN 'r' THEN 'RESTRICT' ELSE 'NO ACTION' END"
        )
    };
    let query = format!(
        "SELECT CAST(c.relname AS text), CAST(k.oid AS text), CAST(p.relname AS text), \
         CAST(a.attname AS text), CAST(r.attname AS text), {}, {} \
         FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
         JOIN pg_catalog.pg_class p ON p.oid = k.confrelid \
         CROSS JOIN LATERAL unnest(k.conkey, k.confkey) WITH ORDINALITY AS u (own, other, n) \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = u.own \
         JOIN pg_catalog.pg_attribute r ON r.attrelid = p.oid AND r.attnum = u.other \
         WHERE k.contype = 'f' AND {} ORDER BY c.relname, k.conname, k.oid, u.n",
        action("k.confdeltype"),
        action("k.confupdtype"),
        ours()
    );
    let mut last = None;
    for row in session.rows(query).await? {
        if let [
            Some(table),
            key,
            Some(parent),
            Some(own),
            Some(other),
            Some(delete),
            Some(update),
        ] = row.as_slice()
        {
            let keys = &mut found.entry(table.clone()).or_default().foreign_keys;
            if last.as_ref() != Some(key) {
                last = Some(key.clone());
                keys.push(ForeignKey {
                    columns: Vec::new(),
                    table: parent.clone(),
                    references: Vec::new(),
                    on_delete: delete.clone(),
                    on_update: update.clone(),
                });
            }
            if let Some(key) = keys.last_mut() {
                key.columns.push(own.clone());
                key.references.push(other.clone());
            }
        }
    }
    Ok(())
}

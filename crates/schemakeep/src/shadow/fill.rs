//! Some rows for the tables of a scratch place, made up from the catalogue, so that what reads, rewrites and
//! changes rows has some.
//!
//! They need not be likely, only allowed: several ways of making them are tried, and a table for which none
//! works stays empty. Tables that have rows already, from the migrations themselves, keep them as they are.

use schemakeep_db::Dialect;
use schemakeep_db::connection::Session;

use super::database::identifier;

/// Rows a table gets.
const ROWS_PER_TABLE: u32 = 200;

/// A way of making rows: whether columns that may be null are, and which of a check's texts is taken.
const FILL_ATTEMPTS: [(bool, usize); 8] = [
    (false, 0),
    (false, 1),
    (false, 2),
    (true, 0),
    (true, 1),
    (true, 2),
    (false, usize::MAX),
    (true, usize::MAX),
];

struct Column {
    table: String,
    name: String,
    kind: String,
    nullable: bool,
    length: Option<u32>,
    label: Option<String>,
    /// Parent table and column.
    parent: Option<(String, String)>,
    /// Definitions of the checks that speak of it.
    checks: String,
}

/// Fills the empty tables of a schema, and returns which.
pub(super) async fn fill(session: &mut Session, schema: &str) -> Result<Vec<String>, sqlx::Error> {
    let columns = columns(session, schema).await?;
    let mut waiting: Vec<&str> = columns.iter().map(|column| column.table.as_str()).collect();
    waiting.dedup();
    let mut filled = Vec::new();
    loop {
        let mut later = Vec::new();
        for &table in &waiting {
            let own: Vec<&Column> = columns.iter().filter(|column| column.table == table).collect();
            if fill_one(session, schema, table, &own).await? {
                filled.push(table.to_owned());
            } else {
                later.push(table);
            }
        }
        // A child needs its parents' rows: as long as one more has some, there is hope.
        if later.len() == waiting.len() || later.is_empty() {
            return Ok(filled);
        }
        waiting = later;
    }
}

async fn fill_one(
    session: &mut Session,
    schema: &str,
    table: &str,
    columns: &[&Column],
) -> Result<bool, sqlx::Error> {
    let place = format!("{}.{}", identifier(schema), identifier(table));
    if session.value(format!("SELECT 'some' FROM {place} LIMIT 1")).await?.is_some() {
        return Ok(false);
    }
    let names: Vec<String> = columns.iter().map(|column| identifier(&column.name)).collect();
    for (nulls, text) in FILL_ATTEMPTS {
        let values: Option<Vec<String>> =
            columns.iter().map(|column| value(column, schema, nulls, text)).collect();
        let Some(values) = values else { continue };
        let insert = format!(
            "INSERT INTO {place} ({}) SELECT {} FROM generate_series(1, {ROWS_PER_TABLE}) AS g ON CONFLICT DO NOTHING",
            names.join(", "),
            values.join(", ")
        );
        match session.execute(insert).await {
            Ok(()) => return Ok(true),
            Err(error) => tracing::trace!(table, %error, "these rows are not allowed"),
        }
    }
    tracing::debug!(table, "no rows could be made up");
    Ok(false)
}

async fn columns(session: &mut Session, schema: &str) -> Result<Vec<Column>, sqlx::Error> {
    let query = format!(
        "SELECT CAST(c.relname AS text), CAST(a.attname AS text), \
         CASE WHEN b.typtype = 'e' THEN 'enum' WHEN b.typcategory = 'A' THEN 'array' ELSE CAST(b.typname AS text) END, \
         CASE WHEN a.attnotnull OR t.typnotnull THEN NULL ELSE 'nullable' END, \
         CASE WHEN b.typname IN ('varchar', 'bpchar') AND greatest(a.atttypmod, t.typtypmod) > 4 \
         THEN CAST(greatest(a.atttypmod, t.typtypmod) - 4 AS text) END, \
         (SELECT CAST(e.enumlabel AS text) FROM pg_catalog.pg_enum e WHERE e.enumtypid = b.oid ORDER BY e.enumsortorder LIMIT 1), \
         CAST(f.parent AS text), CAST(f.attname AS text), \
         (SELECT string_agg(pg_get_constraintdef(k.oid), ' ') FROM pg_catalog.pg_constraint k \
         WHERE k.contype = 'c' AND ((k.conrelid = c.oid AND a.attnum = ANY (k.conkey)) OR (k.contypid <> 0 AND k.contypid = t.oid))) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
         JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
         JOIN pg_catalog.pg_type b ON b.oid = CASE WHEN t.typtype = 'd' THEN t.typbasetype ELSE t.oid END \
         LEFT JOIN LATERAL (SELECT p.relname AS parent, pa.attname FROM pg_catalog.pg_constraint k \
         JOIN pg_catalog.pg_class p ON p.oid = k.confrelid \
         JOIN pg_catalog.pg_attribute pa ON pa.attrelid = p.oid AND pa.attnum = k.confkey[array_position(k.conkey, a.attnum)] \
         WHERE k.contype = 'f' AND k.conrelid = c.oid AND a.attnum = ANY (k.conkey) LIMIT 1) f ON true \
         WHERE n.nspname = {} AND c.relkind IN ('r', 'p') AND NOT c.relispartition \
         AND a.attgenerated = '' AND a.attidentity = '' ORDER BY c.oid, a.attnum",
        Dialect::Postgres.quoted(schema)
    );
    let column = |row: Vec<Option<String>>| {
        let [table, name, kind, nullable, length, label, parent, key, checks] =
            <[Option<String>; 9]>::try_from(row).ok()?;
        Some(Column {
            table: table?,
            name: name?,
            kind: kind?,
            nullable: nullable.is_some(),
            length: length.and_then(|length| length.parse().ok()),
            label,
            parent: parent.zip(key),
            checks: checks.unwrap_or_default(),
        })
    };
    Ok(session.rows(query).await?.into_iter().filter_map(column).collect())
}

/// The expression for row `g` of a column; `None` when there is none for its type.
fn value(column: &Column, schema: &str, nulls: bool, text: usize) -> Option<String> {
    if nulls && column.nullable {
        return Some("NULL".to_owned());
    }
    if let Some((parent, key)) = &column.parent {
        let (schema, parent, key) = (identifier(schema), identifier(parent), identifier(key));
        return Some(format!(
            "(SELECT p.{key} FROM (SELECT q.{key}, row_number() OVER () AS n, count(*) OVER () AS all_of_them \
             FROM {schema}.{parent} q) p WHERE p.n = 1 + (g - 1) % p.all_of_them)"
        ));
    }
    let made = match column.kind.as_str() {
        "int2" | "int4" | "int8" | "oid" => format!("CAST(g AS {})", column.kind),
        "numeric" | "float4" | "float8" => format!("CAST(g % 10 AS {})", column.kind),
        "bool" => "g % 2 = 0".to_owned(),
        "text" | "varchar" | "bpchar" | "name" => {
            let listed = texts(&column.checks);
            match (listed.get(text).or(listed.last()), column.length) {
                (Some(listed), _) if text != usize::MAX => Dialect::Postgres.quoted(listed),
                (_, Some(length)) => format!("left(CAST(g AS text), {length})"),
                _ => "'text ' || g".to_owned(),
            }
        }
        "uuid" => "CAST(md5(CAST(g AS text)) AS uuid)".to_owned(),
        "timestamptz" | "timestamp" | "date" => {
            format!("CAST(timestamp '2020-01-01' + g * interval '1 day' AS {})", column.kind)
        }
        "time" | "timetz" => {
            format!("CAST(time '00:00' + g * interval '1 minute' AS {})", column.kind)
        }
        "interval" => "g * interval '1 minute'".to_owned(),
        "bytea" => "decode(md5(CAST(g AS text)), 'hex')".to_owned(),
        "json" | "jsonb" => format!("CAST('{{}}' AS {})", column.kind),
        "array" => "'{}'".to_owned(),
        "inet" | "cidr" => format!("CAST('10.0.0.' || g AS {})", column.kind),
        "enum" => Dialect::Postgres.quoted(column.label.as_deref()?),
        _ if column.nullable => "NULL".to_owned(),
        _ => return None,
    };
    Some(made)
}

/// The texts in a check's definition: most often those that are allowed.
fn texts(checks: &str) -> Vec<String> {
    let quoted = checks.split('\'').skip(1).step_by(2);
    quoted.filter(|text| !text.is_empty()).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::texts;

    #[test]
    fn finds_what_a_check_allows() {
        assert_eq!(texts("CHECK ((a = ANY (ARRAY['x'::text, 'y z'::text])))"), ["x", "y z"]);
        assert!(texts("CHECK ((n > 0))").is_empty());
    }
}

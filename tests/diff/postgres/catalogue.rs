//! What is in a database, asked of its catalogue in another way than the code under test asks it.

use std::collections::{BTreeMap, BTreeSet};

use sqlx::{AssertSqlSafe, PgConnection, Row as _};

/// Everything in the schema `public` that is part of a schema, a line each, but the tables of the record.
const EVERYTHING: &str = r"
WITH ours AS (
    SELECT c.* FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace
    AND c.relname NOT IN ('_sqlx_migrations', '_migrate_log')
    AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_class t ON t.oid = d.refobjid
        WHERE d.objid = c.oid AND d.deptype IN ('a', 'i') AND t.relname IN ('_sqlx_migrations', '_migrate_log'))
),
-- A serial's or identity's sequence keeps its name when its table gets another one: it has none here.
inside AS (
    SELECT objid, refobjid, refobjsubid FROM pg_depend d JOIN pg_sequence s ON s.seqrelid = d.objid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
)
SELECT format('relation %s %s', relkind, relname) FROM ours WHERE relkind IN ('r', 'v', 'm')
UNION ALL
SELECT format('column %I.%I %s null=%s default=%s identity=%s generated=%s collation=%s', c.relname, a.attname,
    format_type(a.atttypid, a.atttypmod), NOT a.attnotnull, CASE WHEN d.adbin IS NULL THEN ''
        WHEN EXISTS (SELECT FROM inside i WHERE i.refobjid = c.oid AND i.refobjsubid = a.attnum) THEN 'its sequence'
        ELSE pg_get_expr(d.adbin, d.adrelid) END, a.attidentity,
    a.attgenerated, a.attcollation::regcollation)
FROM ours c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE c.relkind IN ('r', 'v', 'm')
UNION ALL
SELECT format('constraint %I.%I %s valid=%s', c.relname, k.conname, pg_get_constraintdef(k.oid), k.convalidated)
FROM ours c JOIN pg_constraint k ON k.conrelid = c.oid WHERE k.contype IN ('c', 'f', 'p', 'u', 'x')
UNION ALL
SELECT format('domain %I %s default=%s not null=%s %s', t.typname, format_type(t.typbasetype, t.typtypmod),
    t.typdefault, t.typnotnull, (SELECT string_agg(k.conname || pg_get_constraintdef(k.oid), ' ' ORDER BY k.conname)
    FROM pg_constraint k WHERE k.contypid = t.oid))
FROM pg_type t WHERE t.typnamespace = 'public'::regnamespace AND t.typtype = 'd'
UNION ALL
SELECT format('index %s valid=%s', pg_get_indexdef(i.indexrelid), i.indisvalid)
FROM ours c JOIN pg_index i ON i.indrelid = c.oid
UNION ALL
SELECT format('trigger %s enabled=%s', pg_get_triggerdef(t.oid), t.tgenabled)
FROM ours c JOIN pg_trigger t ON t.tgrelid = c.oid WHERE NOT t.tgisinternal
UNION ALL
SELECT format('view %I %s', c.relname, pg_get_viewdef(c.oid)) FROM ours c WHERE c.relkind IN ('v', 'm')
UNION ALL
SELECT format('sequence %s %s start=%s step=%s from=%s to=%s cache=%s cycle=%s of=%s',
    CASE WHEN c.oid IN (SELECT objid FROM inside) THEN '' ELSE c.relname END,
    s.seqtypid::regtype, s.seqstart, s.seqincrement, s.seqmin, s.seqmax, s.seqcache, s.seqcycle,
    (SELECT d.refobjid::regclass || '.' || a.attname FROM pg_depend d JOIN pg_attribute a
        ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype IN ('a', 'i')))
FROM ours c JOIN pg_sequence s ON s.seqrelid = c.oid
UNION ALL
SELECT format('enum %I %s', t.typname, string_agg(e.enumlabel, ', ' ORDER BY e.enumsortorder))
FROM pg_type t JOIN pg_enum e ON e.enumtypid = t.oid WHERE t.typnamespace = 'public'::regnamespace GROUP BY t.typname
UNION ALL
SELECT format('function %s', pg_get_functiondef(p.oid)) FROM pg_proc p
WHERE p.pronamespace = 'public'::regnamespace AND p.prokind IN ('f', 'p')
";

/// The columns of all tables, with their types.
const COLUMNS: &str = "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, a.atttypmod), \
    t.typtype = 'e', a.attgenerated <> '' \
    FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
    JOIN pg_type t ON t.oid = a.atttypid WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' \
    AND c.relname NOT IN ('_sqlx_migrations', '_migrate_log')";

/// Everything, as a sorted list.
pub(super) async fn everything(connection: &mut PgConnection) -> BTreeSet<String> {
    // Without a plan that is kept: the schema it speaks of is recreated for each test.
    let rows = sqlx::raw_sql(AssertSqlSafe(EVERYTHING)).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| plain(row.get(0))).collect()
}

/// A definition without the casts and parentheses that PostgreSQL adds, in other places each time that it reads
/// what it wrote itself.
fn plain(line: &str) -> String {
    let mut text = line.to_owned();
    for cast in ["::character varying[]", "::character varying", "::text[]", "::text"] {
        text = text.replace(cast, "");
    }
    text.replace(['(', ')'], "").split_whitespace().collect()
}

/// Fails when two lists differ, and says in what.
pub(super) fn same(
    what: &str,
    expected: &BTreeSet<String>,
    found: &BTreeSet<String>,
) -> Result<(), String> {
    if expected == found {
        return Ok(());
    }
    let missing: Vec<_> = expected.difference(found).map(|line| format!("- {line}")).collect();
    let extra: Vec<_> = found.difference(expected).map(|line| format!("+ {line}")).collect();
    let (missing, extra) = (missing.join("\n"), extra.join("\n"));
    Err(format!("{what} the catalogue is another:\n{missing}\n{extra}"))
}

/// What is to be known of a column before its values can be compared with those of another.
#[derive(Debug)]
pub(super) struct Column {
    pub(super) ty: String,
    pub(super) is_enum: bool,
    pub(super) is_generated: bool,
}

/// The columns of each table.
pub(super) type Columns = BTreeMap<String, BTreeMap<String, Column>>;

/// Every table's columns.
pub(super) async fn columns(connection: &mut PgConnection) -> Columns {
    let rows: Vec<(String, String, String, bool, bool)> =
        sqlx::query_as(COLUMNS).fetch_all(connection).await.unwrap();
    let mut columns = Columns::new();
    for (table, name, ty, is_enum, is_generated) in rows {
        let column = Column { ty, is_enum, is_generated };
        columns.entry(table).or_default().insert(name, column);
    }
    columns
}

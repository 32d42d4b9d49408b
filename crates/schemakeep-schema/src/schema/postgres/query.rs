//! The questions to PostgreSQL's catalogue: each answers one text of JSON a row.
//!
//! What an older server has not is only seen in what it writes down itself (`pg_get_indexdef` and its like).

use crate::HISTORY_TABLES;

/// That a row of `pg_class` called `c` is ours.
fn ours() -> String {
    format!(
        "c.relnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema()) \
         AND c.relname NOT IN ({HISTORY_TABLES}) AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e \
         WHERE e.classid = CAST('pg_catalog.pg_class' AS regclass) AND e.objid = c.oid AND e.deptype = 'e')"
    )
}

fn answer(query: &str) -> String {
    format!("SELECT CAST(to_json(q) AS text) FROM ({query}) q")
}

/// How a sequence counts; `s` is its row in `pg_sequence`.
const COUNTING: &str = "json_build_object('ty', format_type(s.seqtypid, NULL), 'start', s.seqstart, \
     'increment', s.seqincrement, 'min', s.seqmin, 'max', s.seqmax, 'cache', s.seqcache, 'cycle', s.seqcycle)";

/// The names of columns of the relation whose numbers are in an array.
fn names(relation: &str, numbers: &str) -> String {
    format!(
        "ARRAY(SELECT CAST(a.attname AS text) FROM unnest({numbers}) WITH ORDINALITY AS n (number, place) \
         JOIN pg_catalog.pg_attribute a ON a.attrelid = {relation} AND a.attnum = n.number ORDER BY n.place)"
    )
}

pub(super) fn enums() -> String {
    answer(
        "SELECT CAST(t.typname AS text) AS name, \
         ARRAY(SELECT CAST(l.enumlabel AS text) FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid ORDER BY l.enumsortorder) AS labels \
         FROM pg_catalog.pg_type t WHERE t.typtype = 'e' \
         AND t.typnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema()) \
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e \
         WHERE e.classid = CAST('pg_catalog.pg_type' AS regclass) AND e.objid = t.oid AND e.deptype = 'e')",
    )
}

pub(super) fn domains() -> String {
    answer(
        "SELECT CAST(t.typname AS text) AS name, format_type(t.typbasetype, t.typtypmod) AS ty, \
         CASE WHEN t.typcollation <> b.typcollation THEN CAST(CAST(t.typcollation AS regcollation) AS text) END AS collation, \
         t.typnotnull AS not_null, pg_get_expr(t.typdefaultbin, 0, true) AS default, \
         (SELECT coalesce(json_object_agg(k.conname, json_build_object( \
         'definition', regexp_replace(pg_get_constraintdef(k.oid, true), ' NOT VALID$', ''), \
         'valid', k.convalidated)), '{}') FROM pg_catalog.pg_constraint k WHERE k.contypid = t.oid AND k.contype = 'c') AS checks \
         FROM pg_catalog.pg_type t JOIN pg_catalog.pg_type b ON b.oid = t.typbasetype WHERE t.typtype = 'd' \
         AND t.typnamespace = (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = current_schema()) \
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e \
         WHERE e.classid = CAST('pg_catalog.pg_type' AS regclass) AND e.objid = t.oid AND e.deptype = 'e')",
    )
}

/// Every sequence but those inside an identity column.
pub(super) fn sequences() -> String {
    answer(&format!(
        "SELECT CAST(c.relname AS text) AS name, {COUNTING} AS counting, \
         CASE WHEN o.objid IS NOT NULL THEN json_build_array(t.relname, a.attname) END AS owner \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_sequence s ON s.seqrelid = c.oid \
         LEFT JOIN pg_catalog.pg_depend o ON o.classid = CAST('pg_catalog.pg_class' AS regclass) AND o.objid = c.oid \
         AND o.refclassid = CAST('pg_catalog.pg_class' AS regclass) AND o.refobjsubid > 0 AND o.deptype IN ('a', 'i') \
         LEFT JOIN pg_catalog.pg_class t ON t.oid = o.refobjid \
         LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = o.refobjid AND a.attnum = o.refobjsubid \
         WHERE c.relkind = 'S' AND coalesce(o.deptype, 'a') <> 'i' AND coalesce(t.relname NOT IN ({HISTORY_TABLES}), true) AND {}",
        ours()
    ))
}

pub(super) fn functions() -> String {
    answer(
        "SELECT CAST(CAST(p.oid AS regprocedure) AS text) AS name, p.prokind = 'p' AS procedure, \
         CAST(l.lanname AS text) AS language, \
         concat(k.word, substr(pg_get_functiondef(p.oid), length(concat(k.word, quote_ident(n.nspname), '.')) + 1)) AS definition, \
         concat(pg_get_function_arguments(p.oid), ' -> ', pg_get_function_result(p.oid)) AS shape \
         FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
         JOIN pg_catalog.pg_language l ON l.oid = p.prolang \
         CROSS JOIN LATERAL (SELECT CASE p.prokind WHEN 'p' THEN 'CREATE OR REPLACE PROCEDURE ' \
         ELSE 'CREATE OR REPLACE FUNCTION ' END AS word) k \
         WHERE n.nspname = current_schema() AND p.prokind IN ('f', 'p') AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend e \
         WHERE e.classid = CAST('pg_catalog.pg_proc' AS regclass) AND e.objid = p.oid AND e.deptype = 'e')",
    )
}

pub(super) fn tables() -> String {
    answer(&format!(
        "SELECT CAST(c.relname AS text) AS name, CASE WHEN c.relkind = 'p' THEN 'it is partitioned' \
         WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE i.inhrelid = c.oid) THEN 'it inherits from another table' \
         WHEN c.relpersistence = 'u' THEN 'it is unlogged' END AS special \
         FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND {}",
        ours()
    ))
}

pub(super) fn columns() -> String {
    answer(&format!(
        "SELECT CAST(c.relname AS text) AS table, CAST(a.attname AS text) AS name, a.attnum AS place, \
         format_type(a.atttypid, a.atttypmod) AS ty, \
         CASE WHEN a.attcollation <> t.typcollation THEN CAST(CAST(a.attcollation AS regcollation) AS text) END AS collation, \
         a.attnotnull AS not_null, pg_get_expr(d.adbin, d.adrelid, true) AS expression, \
         CAST(a.attidentity AS text) AS identity, CAST(a.attgenerated AS text) AS generated, \
         CASE WHEN own.kind = 'i' OR pg_get_expr(d.adbin, d.adrelid) = concat('nextval(', quote_literal(own.path), '::regclass)') \
         THEN own.name END AS sequence, own.counting \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid \
         JOIN pg_catalog.pg_type t ON t.oid = a.atttypid \
         LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum \
         LEFT JOIN LATERAL (SELECT CAST(r.relname AS text) AS name, CAST(CAST(r.oid AS regclass) AS text) AS path, \
         o.deptype AS kind, {COUNTING} AS counting FROM pg_catalog.pg_depend o \
         JOIN pg_catalog.pg_class r ON r.oid = o.objid JOIN pg_catalog.pg_sequence s ON s.seqrelid = r.oid \
         WHERE o.classid = CAST('pg_catalog.pg_class' AS regclass) AND o.refclassid = CAST('pg_catalog.pg_class' AS regclass) \
         AND o.refobjid = c.oid AND o.refobjsubid = a.attnum AND o.deptype IN ('a', 'i') AND r.relnamespace = c.relnamespace \
         ORDER BY pg_get_expr(d.adbin, d.adrelid) = concat('nextval(', quote_literal(CAST(r.oid AS regclass)), '::regclass)') DESC NULLS LAST, \
         r.relname LIMIT 1) own ON true \
         WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND a.attnum > 0 AND NOT a.attisdropped AND {} \
         ORDER BY c.relname, a.attnum",
        ours()
    ))
}

/// Those of tables; NOT NULL, which PostgreSQL 18 keeps here too, is a property of the column.
pub(super) fn constraints() -> String {
    answer(&format!(
        "SELECT CAST(c.relname AS text) AS table, CAST(k.conname AS text) AS name, CAST(k.contype AS text) AS kind, \
         regexp_replace(pg_get_constraintdef(k.oid, true), ' NOT VALID$', '') AS definition, k.convalidated AS valid, \
         {} AS columns, \
         CASE WHEN k.contype = 'f' THEN json_build_object('table', r.relname, 'columns', {}) END AS target \
         FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid \
         LEFT JOIN pg_catalog.pg_class r ON r.oid = k.confrelid \
         LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = k.conindid AND k.contype IN ('p', 'u') \
         WHERE k.contype IN ('p', 'u', 'c', 'x', 'f') AND k.conparentid = 0 AND NOT c.relispartition AND {}",
        // Of a key also those that its index only includes.
        names("c.oid", "coalesce(CAST(i.indkey AS int2[]), k.conkey)"),
        names("r.oid", "k.confkey"),
        ours()
    ))
}

/// Those that are not the inside of a constraint, without their storage parameters.
pub(super) fn indexes() -> String {
    answer(&format!(
        "SELECT CAST(c.relname AS text) AS table, CAST(x.relname AS text) AS name, i.indisunique AS unique, \
         i.indisvalid AS valid, array_to_string(x.reloptions, chr(31)) AS storage, \
         substr(w.text, position(concat(' USING ', m.amname, ' (') IN w.text) + 1) AS definition, \
         ARRAY(SELECT DISTINCT CAST(a.attname AS text) FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_attribute a \
         ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid WHERE d.classid = CAST('pg_catalog.pg_class' AS regclass) \
         AND d.objid = x.oid AND d.refclassid = CAST('pg_catalog.pg_class' AS regclass) AND d.refobjid = c.oid) AS columns \
         FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indrelid \
         JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid JOIN pg_catalog.pg_am m ON m.oid = x.relam \
         CROSS JOIN LATERAL (SELECT pg_get_indexdef(x.oid, 0, true) AS text) w \
         WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint k WHERE k.conindid = x.oid AND k.contype IN ('p', 'u', 'x')) \
         AND c.relkind IN ('r', 'p', 'm') AND NOT c.relispartition AND {}",
        ours()
    ))
}

pub(super) fn views() -> String {
    answer(&format!(
        "SELECT CAST(c.relname AS text) AS name, c.relkind = 'm' AS materialised, \
         rtrim(pg_get_viewdef(c.oid, true), ';') AS definition, CASE WHEN c.relkind = 'v' THEN coalesce(c.reloptions, '{{}}') ELSE '{{}}' END AS options, \
         (SELECT json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum) \
         FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns, \
         (SELECT coalesce(json_agg(json_build_array(r.relname, a.attname)), '[]') \
         FROM pg_catalog.pg_rewrite w JOIN pg_catalog.pg_depend d ON d.classid = CAST('pg_catalog.pg_rewrite' AS regclass) \
         AND d.objid = w.oid AND d.refclassid = CAST('pg_catalog.pg_class' AS regclass) \
         JOIN pg_catalog.pg_class r ON r.oid = d.refobjid AND r.oid <> c.oid AND r.relnamespace = c.relnamespace \
         LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = r.oid AND a.attnum = d.refobjsubid AND a.attnum > 0 \
         WHERE w.ev_class = c.oid) AS uses \
         FROM pg_catalog.pg_class c WHERE c.relkind IN ('v', 'm') AND {}",
        ours()
    ))
}

pub(super) fn triggers() -> String {
    answer(&format!(
        "SELECT CAST(c.relname AS text) AS table, CAST(t.tgname AS text) AS name, \
         pg_get_triggerdef(t.oid, true) AS definition, CAST(t.tgenabled AS text) AS fires, \
         CAST(CAST(t.tgfoid AS regprocedure) AS text) AS function \
         FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_class c ON c.oid = t.tgrelid \
         WHERE NOT t.tgisinternal AND t.tgparentid = 0 AND {}",
        ours()
    ))
}

//! What the live database has, as its catalogue knows it: read only, and never counted row by row.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::MigrateError;
use schemakeep_db::DatabaseUrl;
use schemakeep_db::connection::{Purpose, Session};

/// How long the size of a table that somebody has locked is waited for; then its last known one does.
const LOCK_TIMEOUT: Duration = Duration::from_secs(2);

/// A table of the live database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LiveTable {
    /// As the last ANALYZE or VACUUM left it, set against the size of today; or from the size alone.
    pub(super) rows: u64,
    /// Whether it was never analysed, so that the rows are a guess from the size.
    pub(super) about: bool,
    /// With indexes and long values.
    pub(super) bytes: u64,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Live {
    pub(super) schema: String,
    /// Its extensions, each with its schema.
    pub(super) extensions: Vec<(String, String)>,
    pub(super) tables: BTreeMap<String, LiveTable>,
    /// Indexes, each with its table.
    pub(super) indexes: BTreeMap<String, String>,
}

/// Reads it.
pub(super) async fn live(url: &DatabaseUrl) -> Result<Live, MigrateError> {
    let failed = || MigrateError::database("reading the sizes of the tables");
    let opened = Session::to_read(url, Purpose::Inspect).await.map_err(failed())?;
    let Some(mut session) = opened else { return Ok(Live::default()) };
    let read = read(&mut session).await;
    session.close().await;
    read.map_err(failed())
}

async fn read(session: &mut Session) -> Result<Live, sqlx::Error> {
    let schema = session.value("SELECT CAST(current_schema() AS text)").await?;
    let extensions = "SELECT CAST(e.extname AS text), CAST(n.nspname AS text) FROM pg_catalog.pg_extension e \
         JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname <> 'plpgsql'";
    let indexes = "SELECT CAST(c.relname AS text), CAST(t.relname AS text) FROM pg_catalog.pg_index i \
         JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN pg_catalog.pg_class t ON t.oid = i.indrelid \
         JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace WHERE n.nspname = current_schema()";
    Ok(Live {
        schema: schema.unwrap_or_else(|| "public".to_owned()),
        extensions: pairs(session.rows(extensions).await?),
        indexes: pairs(session.rows(indexes).await?).into_iter().collect(),
        tables: tables(session).await?,
    })
}

async fn tables(session: &mut Session) -> Result<BTreeMap<String, LiveTable>, sqlx::Error> {
    session.execute(format!("SET lock_timeout = '{}ms'", LOCK_TIMEOUT.as_millis())).await?;
    let rows =
        match session.rows(sizes("pg_relation_size(k.oid)", "pg_total_relation_size(k.oid)")).await
        {
            Ok(rows) => rows,
            // Somebody has a table for himself: its size of the last ANALYZE does.
            Err(error) => {
                tracing::debug!(%error, "sizes are those of the last ANALYZE");
                let pages =
                    "CAST(k.relpages AS bigint) * CAST(current_setting('block_size') AS bigint)";
                session.rows(sizes(pages, pages)).await?
            }
        };
    let table = |row: Vec<Option<String>>| {
        let [name, rows, guessed, bytes] = <[Option<String>; 4]>::try_from(row).ok()?;
        let table = LiveTable {
            rows: rows?.parse().ok()?,
            about: guessed? != "0",
            bytes: bytes?.parse().ok()?,
        };
        Some((name?, table))
    };
    Ok(rows.into_iter().filter_map(table).collect())
}

/// A partitioned table has the sums of its partitions. `reltuples` is per page of then: today's pages count. A
/// table never analysed (-1; before PostgreSQL 14: no pages) has what its columns' widths let one expect.
fn sizes(heap: &str, total: &str) -> String {
    format!(
        "WITH leaf AS (SELECT c.oid AS root, c.relname, {heap} AS heap, {total} AS total, k.reltuples, k.relpages, \
         (SELECT 28 + coalesce(sum(CASE WHEN a.attlen > 0 THEN a.attlen ELSE 32 END), 0) \
         FROM pg_catalog.pg_attribute a WHERE a.attrelid = k.oid AND a.attnum > 0 AND NOT a.attisdropped) AS width \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         CROSS JOIN LATERAL (SELECT c.oid AS member WHERE c.relkind <> 'p' UNION ALL \
         SELECT CAST(t.relid AS oid) FROM pg_partition_tree(c.oid) t WHERE c.relkind = 'p' AND t.isleaf) m \
         JOIN pg_catalog.pg_class k ON k.oid = m.member \
         WHERE c.relkind IN ('r', 'p', 'm') AND n.nspname = current_schema()) \
         SELECT CAST(relname AS text), CAST(CAST(sum(CASE WHEN reltuples < 0 OR relpages = 0 THEN heap / width \
         ELSE reltuples / relpages * heap / CAST(current_setting('block_size') AS integer) END) AS bigint) AS text), \
         CAST(count(*) FILTER (WHERE heap > 0 AND (reltuples < 0 OR relpages = 0)) AS text), \
         CAST(CAST(sum(total) AS bigint) AS text) FROM leaf GROUP BY root, relname"
    )
}

fn pairs(rows: Vec<Vec<Option<String>>>) -> Vec<(String, String)> {
    let pair = |row: Vec<Option<String>>| match <[Option<String>; 2]>::try_from(row) {
        Ok([Some(one), Some(other)]) => Some((one, other)),
        _ => None,
    };
    rows.into_iter().filter_map(pair).collect()
}

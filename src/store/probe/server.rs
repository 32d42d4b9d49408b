//! What a PostgreSQL server and the role's rights let this program do.

use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::{Obstacle, probe_key};

/// Text that a probe writes after a failure, in bytes: more than a request usually does, so that a disk that is all
/// but full is not taken for one with room.
const DOUBTFUL_WRITE_BYTES: usize = 32 * 1024;

/// What the role needs to serve reads, and to make a change; a table that it cannot see is one that it may not use.
const STATUS: &str = "WITH needed (name, privilege, reads) AS (VALUES \
       ('tasks', 'SELECT', true), ('task_events', 'SELECT', true), \
       ('tasks', 'INSERT', false), ('tasks', 'UPDATE', false), ('tasks', 'DELETE', false), \
       ('task_events', 'INSERT', false), ('task_events', 'DELETE', false), \
       ('idempotency_keys', 'SELECT', false), ('idempotency_keys', 'INSERT', false), \
       ('idempotency_keys', 'UPDATE', false), ('idempotency_keys', 'DELETE', false)), \
     refused AS (SELECT * FROM needed WHERE NOT coalesce(CASE privilege \
       WHEN 'DELETE' THEN has_table_privilege(to_regclass(name), privilege) \
       ELSE has_any_column_privilege(to_regclass(name), privilege) END, false)) \
     SELECT pg_is_in_recovery() AS standby, \
     current_setting('transaction_read_only') = 'on' AS read_only, \
     (SELECT string_agg(DISTINCT name, ', ') FROM refused WHERE reads) AS unreadable, \
     (SELECT string_agg(DISTINCT name, ', ') FROM refused) AS unwritable";

pub(super) async fn check(connection: &mut PgConnection) -> Result<(), Obstacle> {
    let status = sqlx::raw_sql(STATUS).fetch_one(connection).await;
    let status = status.map_err(Obstacle::of_server)?;
    let flag = |name: &str| status.try_get::<bool, _>(name).map_err(Obstacle::Unknown);
    let tables = |name: &str| status.try_get::<Option<String>, _>(name).map_err(Obstacle::Unknown);
    if let Some(tables) = tables("unreadable")? {
        return Err(Obstacle::unreadable(format!(
            "the role of DATABASE_URL may not read {tables}"
        )));
    }
    if flag("standby")? {
        return Err(Obstacle::read_only("the database is a standby in recovery"));
    }
    if flag("read_only")? {
        return Err(Obstacle::read_only("transactions of the database are read-only by default"));
    }
    match tables("unwritable")? {
        None => Ok(()),
        Some(tables) => {
            let detail = format!("the role of DATABASE_URL may not write to {tables}");
            Err(Obstacle::read_only(detail))
        }
    }
}

/// One transaction that leaves no row.
pub(super) async fn write(connection: &mut PgConnection) -> Result<(), Obstacle> {
    let write = sqlx::raw_sql(AssertSqlSafe(write_statements())).execute(connection).await;
    write.map(drop).map_err(Obstacle::of_server)
}

fn write_statements() -> String {
    let key = probe_key();
    // MD5 in hexadecimal digits: 32 bytes that do not compress.
    let chunks = DOUBTFUL_WRITE_BYTES / 32;
    format!(
        "INSERT INTO idempotency_keys (key, fingerprint, claimed_at, body) \
         SELECT '{key}', decode(repeat('00', 32), 'hex'), now(), string_agg(md5(random()::text), '') \
         FROM generate_series(1, {chunks}); DELETE FROM idempotency_keys WHERE key = '{key}'"
    )
}

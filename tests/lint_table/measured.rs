//! What the table says a migration costs, measured on a running PostgreSQL, and what it says a database refuses, tried
//! on both: no figure is taken on faith.
//!
//! A transaction is looked at from inside before it ends. A statement that cannot run in one is looked at from
//! outside, while a transaction that has written to the table keeps it waiting.

use sqlx::postgres::PgConnection;
use sqlx::sqlite::SqliteConnection;
use sqlx::{AssertSqlSafe, Connection, Executor};

use testkit::lint_table::{Cost, Row, rows};
use testkit::{Backend, Database, WITHIN, until};

/// Table-level locks, weakest first (PostgreSQL's manual, 13.3.1).
const LOCKS: [(&str, &str); 8] = [
    ("AccessShareLock", "ACCESS SHARE"),
    ("RowShareLock", "ROW SHARE"),
    ("RowExclusiveLock", "ROW EXCLUSIVE"),
    ("ShareUpdateExclusiveLock", "SHARE UPDATE EXCLUSIVE"),
    ("ShareLock", "SHARE"),
    ("ShareRowExclusiveLock", "SHARE ROW EXCLUSIVE"),
    ("ExclusiveLock", "EXCLUSIVE"),
    ("AccessExclusiveLock", "ACCESS EXCLUSIVE"),
];

/// The strongest of some locks, under either name.
pub(crate) fn strongest(locks: &[String]) -> Option<String> {
    let rank = |lock: &String| {
        LOCKS.iter().position(|(mode, name)| lock == mode || lock == name).expect("a lock's name")
    };
    locks.iter().map(rank).max().map(|rank| LOCKS[rank].1.to_owned())
}

#[tokio::test]
async fn every_cost_is_what_postgres_does() {
    let mut wrong = Vec::new();
    let mut measured = 0;
    for row in rows(Backend::Postgres) {
        let Some(cost) = &row.cost else { continue };
        let database = Database::empty(Backend::Postgres).await;
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        prepare(&mut connection, &row).await;
        let observed = if row.in_transaction() {
            inside(&mut connection, &row, cost).await
        } else {
            outside(&mut connection, &database, &row, cost).await
        };
        connection.close().await.unwrap();
        if observed != *cost {
            wrong.push(format!("{}:\n  says     {cost:?}\n  measured {observed:?}", row.name));
        }
        measured += 1;
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
    assert!(measured >= 40, "{measured}");
}

/// Statistics, so that a query of a few rows is planned as one.
async fn prepare(connection: &mut PgConnection, row: &Row) {
    run(connection, &row.setup()).await.unwrap_or_else(|error| panic!("{}: {error}", row.name));
    run(connection, "ANALYZE").await.unwrap();
}

async fn run(connection: &mut PgConnection, sql: &str) -> sqlx::Result<()> {
    connection.execute(sqlx::raw_sql(AssertSqlSafe(sql.to_owned()))).await.map(drop)
}

async fn number(connection: &mut PgConnection, query: String) -> i64 {
    let value: Option<i64> =
        sqlx::query_scalar(AssertSqlSafe(query)).fetch_optional(connection).await.unwrap();
    value.unwrap_or_default()
}

async fn oid(connection: &mut PgConnection, table: &str) -> i64 {
    number(connection, format!("SELECT '{table}'::regclass::oid::int8")).await
}

async fn file(connection: &mut PgConnection, oid: i64) -> i64 {
    number(connection, format!("SELECT relfilenode::int8 FROM pg_class WHERE oid = {oid}")).await
}

async fn locks(connection: &mut PgConnection, pid: &str, oid: i64) -> Vec<String> {
    let query = format!(
        "SELECT mode FROM pg_locks WHERE pid = {pid} AND relation = {oid} AND locktype = 'relation'"
    );
    sqlx::query_scalar(AssertSqlSafe(query)).fetch_all(connection).await.unwrap()
}

async fn inside(connection: &mut PgConnection, row: &Row, cost: &Cost) -> Cost {
    let oid = oid(connection, &cost.table).await;
    let before = file(connection, oid).await;
    let all = number(connection, format!("SELECT count(*) FROM {}", cost.table)).await.max(1);
    // Rows, not scans: TRUNCATE rebuilds its indexes by scanning a table that is empty by then. What the session
    // did before is in these figures as well.
    let read_of = format!(
        "SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables WHERE relid = {oid}"
    );
    run(connection, "BEGIN").await.unwrap();
    let read_before = number(connection, read_of.clone()).await;
    run(connection, &row.up).await.unwrap_or_else(|error| panic!("{}: {error}", row.name));
    let read = number(connection, read_of).await - read_before;
    let locks = locks(connection, "pg_backend_pid()", oid).await;
    let after = file(connection, oid).await;
    run(connection, "ROLLBACK").await.unwrap();
    Cost {
        table: cost.table.clone(),
        lock: strongest(&locks),
        rewrites: before != after,
        scans: read >= all,
    }
}

async fn outside(
    connection: &mut PgConnection,
    database: &Database,
    row: &Row,
    cost: &Cost,
) -> Cost {
    let oid = oid(connection, &cost.table).await;
    let before = file(connection, oid).await;
    let scans_of = format!("SELECT seq_scan FROM pg_stat_user_tables WHERE relid = {oid}");
    run(connection, "SELECT pg_stat_force_next_flush()").await.unwrap();
    let scans_before = number(connection, scans_of.clone()).await;
    run(connection, "BEGIN; INSERT INTO books (id, title) VALUES (-1, 'in the way')")
        .await
        .unwrap();

    let mut runner = PgConnection::connect(&database.url).await.unwrap();
    let pid = number(&mut runner, "SELECT pg_backend_pid()::int8".to_owned()).await;
    let up = row.up.clone();
    let running = tokio::spawn(async move {
        run(&mut runner, &up).await.unwrap();
        run(&mut runner, "SELECT pg_stat_force_next_flush()").await.unwrap();
        runner.close().await.unwrap();
    });
    let mut eye = PgConnection::connect(&database.url).await.unwrap();
    let seen = until("the statement to wait for a lock", WITHIN, async || {
        let waits =
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND pid =";
        let waiting = number(&mut eye, format!("{waits} {pid}")).await > 0;
        let locks = locks(&mut eye, &pid.to_string(), oid).await;
        (waiting && !locks.is_empty()).then_some(locks)
    })
    .await;
    run(connection, "ROLLBACK").await.unwrap();
    running.await.unwrap();
    let after = file(&mut eye, oid).await;
    let scans = number(&mut eye, scans_of).await;
    eye.close().await.unwrap();
    Cost {
        table: cost.table.clone(),
        lock: strongest(&seen),
        rewrites: before != after,
        scans: scans > scans_before,
    }
}

/// Each migration that says so fails on tables that have rows, and every other one does not; those that have a cost
/// have shown it above.
#[tokio::test]
async fn postgres_refuses_what_the_table_says() {
    let mut wrong = Vec::new();
    for row in rows(Backend::Postgres).into_iter().filter(|row| row.cost.is_none()) {
        let database = Database::empty(Backend::Postgres).await;
        let mut connection = PgConnection::connect(&database.url).await.unwrap();
        prepare(&mut connection, &row).await;
        if row.in_transaction() {
            run(&mut connection, "BEGIN").await.unwrap();
        }
        let outcome = run(&mut connection, &row.up).await;
        if outcome.is_err() != row.fails {
            wrong.push(format!("{}: {outcome:?}", row.name));
        }
        connection.close().await.unwrap();
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[tokio::test]
async fn sqlite_refuses_what_the_table_says() {
    let mut wrong = Vec::new();
    for row in rows(Backend::Sqlite) {
        let mut connection = SqliteConnection::connect("sqlite::memory:").await.unwrap();
        let mut run = async |sql: String| {
            connection.execute(sqlx::raw_sql(AssertSqlSafe(sql))).await.map(drop)
        };
        run(row.setup()).await.unwrap_or_else(|error| panic!("{}: {error}", row.name));
        let keys = !row.up.starts_with("-- rebuild");
        run(format!("PRAGMA foreign_keys = {keys}; BEGIN")).await.unwrap();
        let outcome = run(row.up.clone()).await;
        if outcome.is_err() != row.fails {
            wrong.push(format!("{}: {outcome:?}", row.name));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

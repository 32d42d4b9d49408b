//! Large tables and slow queries.

use std::time::Duration;

use rstest::rstest;
use schemakeep::Dialect::{self, Postgres, Sqlite};
use schemakeep::data_checks::{Limits, Outcome};

use super::{NAME, checks, populated};
use crate::support::{TestDatabase, set};

#[rstest]
#[tokio::test]
async fn a_large_table_is_sampled_and_a_violation_in_it_is_certain(
    #[values(Sqlite, Postgres)] dialect: Dialect,
) {
    let database = TestDatabase::new(dialect).await;
    let series = match dialect {
        Postgres => "SELECT n, 'x', NULL FROM generate_series(1, 20000) n",
        Sqlite => {
            "WITH RECURSIVE s (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM s WHERE n < 20000) SELECT n, 'x', NULL FROM s"
        }
    };
    database
        .run(&format!(
            "CREATE TABLE big (id integer PRIMARY KEY, a text, b text); INSERT INTO big {series};"
        ))
        .await;
    if dialect == Postgres {
        database.run("ANALYZE big").await;
    }
    let sql = "CREATE UNIQUE INDEX i ON big (a); CREATE UNIQUE INDEX j ON big (b)";
    let limits = Limits { sample_above: 10_000, sample_rows: 4_000, ..Limits::default() };
    let found = checks(&database, &set(&[(NAME, sql)]), &limits).await;
    let outcomes: Vec<_> = found.iter().map(|it| it.outcome.clone()).collect();
    assert_eq!(outcomes, [Outcome::Violated, Outcome::Clean]);
    for check in &found {
        let sample = check.sampled.expect("a sample");
        assert!((1_000..=8_000).contains(&sample.rows), "{sample:?}");
        assert!(check.line().contains(&format!("in a sample of {} rows", sample.rows)));
    }
    assert_eq!(found[0].count, found[0].sampled.expect("a sample").rows);
    let whole = checks(&database, &set(&[(NAME, sql)]), &Limits::default()).await;
    assert_eq!((whole[0].count, whole[0].sampled), (20_000, None));
    assert_eq!(whole[0].examples.len(), 5);
}

#[rstest]
#[tokio::test]
async fn what_takes_too_long_is_given_up_and_said(
    #[values(Sqlite, Postgres)] dialect: Dialect,
    #[values(true, false)] in_all: bool,
) {
    let database = populated(dialect).await;
    // A condition that takes for ever.
    let slow = match dialect {
        Postgres => {
            "ALTER TABLE tasks ADD CHECK (id IN (SELECT a.id FROM pg_sleep(60), tasks a)); ALTER TABLE tasks ADD CHECK (id > 0)"
        }
        Sqlite => {
            "ALTER TABLE tasks ADD COLUMN x INT CHECK (id IN (WITH RECURSIVE s (n) AS (VALUES (1) UNION ALL SELECT n + 1 FROM s) SELECT n + 9 FROM s WHERE n < 0)); CREATE UNIQUE INDEX i ON tasks (title)"
        }
    };
    let short = Duration::from_millis(300);
    let limits = if in_all {
        Limits { total: Duration::from_secs(3), ..Limits::default() }
    } else {
        Limits { statement: short, ..Limits::default() }
    };
    let found = checks(&database, &set(&[(NAME, slow)]), &limits).await;
    let Outcome::NotChecked(why) = &found[0].outcome else { panic!("{found:?}") };
    assert!(why.starts_with("it took longer than"), "{why}");
    match &found[1].outcome {
        Outcome::NotChecked(why) => assert!(in_all && why.contains("3 s for all"), "{why}"),
        other => assert!(!in_all && *other == Outcome::Clean, "{found:?}"),
    }
}

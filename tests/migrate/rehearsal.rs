//! What a rehearsal on PostgreSQL observes, for each row of the table of risks, is what the server does; the live
//! database stays as it was.

use rstest::rstest;
use schemakeep::shadow::{
    ObservedStatement, Rehearsal, RehearsalSettings, rehearse as run_rehearsal,
};
use schemakeep::{Dialect, MigrateError, Migration, MigrationSet};
use taskmanager::domain::SystemClock;
use tokio_util::sync::CancellationToken;

use crate::support::{TestDatabase, set};

pub(crate) const BASE: (&str, &str) = (
    "20260101000000_create_base",
    "CREATE TABLE p (id int PRIMARY KEY);
     CREATE TABLE t (id int PRIMARY KEY, n int NOT NULL, m int, v varchar(10), s text, p int NOT NULL, \
     CONSTRAINT s_there CHECK (s IS NOT NULL));
     CREATE TABLE child (id int PRIMARY KEY, t int REFERENCES t);
     CREATE INDEX t_v_idx ON t (v);
     CREATE UNIQUE INDEX t_n_idx ON t (n);\n",
);

pub(crate) fn settings(database: &TestDatabase) -> RehearsalSettings {
    let (url, stop) = (database.url.clone(), CancellationToken::new());
    RehearsalSettings { url, rehearsal_url: None, stop }
}

pub(crate) async fn rehearse(
    settings: &RehearsalSettings,
    set: &MigrationSet,
    applied: usize,
) -> Result<Rehearsal, MigrateError> {
    let (done, pending) = set.migrations().split_at(applied);
    let applied: Vec<i64> = done.iter().map(|migration| migration.version).collect();
    let pending: Vec<&Migration> = pending.iter().collect();
    run_rehearsal(settings, set, &applied, &pending, &SystemClock).await
}

/// A live database at the base, with a thousand rows in each table.
pub(crate) async fn live() -> TestDatabase {
    let database = TestDatabase::new(Dialect::Postgres).await;
    database.up(&set(&[BASE]), None).await.unwrap();
    database
        .run(
            "INSERT INTO p SELECT g FROM generate_series(1, 1000) g;
             INSERT INTO t SELECT g, g, g, 'v', 's', g FROM generate_series(1, 1000) g;
             INSERT INTO child SELECT g, g FROM generate_series(1, 1000) g; ANALYZE",
        )
        .await;
    database
}

pub(crate) async fn observed(up: &str) -> ObservedStatement {
    let database = live().await;
    let sets = set(&[BASE, ("20260102000000_do_it", up)]);
    let (schema, rows) = (database.schema().await, rows(&database).await);
    let rehearsal = rehearse(&settings(&database), &sets, 1).await.unwrap();
    assert_eq!((&rehearsal.failure, &rehearsal.not_rehearsed), (&None, &None), "{rehearsal:#?}");
    assert_eq!(rehearsal.place, "a scratch database beside the live one");
    assert_eq!((database.schema().await, self::rows(&database).await), (schema, rows));
    rehearsal.migrations[0].statements.last().unwrap().clone()
}

pub(crate) async fn rows(database: &TestDatabase) -> String {
    let query = "SELECT concat_ws(' ', (SELECT count(*) FROM p), (SELECT count(*) FROM t), (SELECT count(*) FROM child), \
         (SELECT sum(n) FROM t), (SELECT string_agg(nspname, ',' ORDER BY 1) FROM pg_namespace WHERE nspname !~ '^pg_'))";
    database.text(query).await
}

fn locks(statement: &ObservedStatement) -> Vec<String> {
    statement.locks.iter().map(|lock| format!("{} {}", lock.table, lock.mode)).collect()
}

const EXCLUSIVE: &[&str] = &["t ACCESS EXCLUSIVE"];
const ALL: &[&str] = &["t", "t_n_idx", "t_pkey", "t_v_idx"];

#[rstest]
#[case::add_nullable("ALTER TABLE t ADD COLUMN x int", EXCLUSIVE, &[], &[])]
#[case::add_constant("ALTER TABLE t ADD COLUMN x int NOT NULL DEFAULT 5", EXCLUSIVE, &[], &[])]
#[case::add_volatile("ALTER TABLE t ADD COLUMN x float DEFAULT random()", EXCLUSIVE, ALL, &["t"])]
#[case::add_identity("ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS IDENTITY", EXCLUSIVE, ALL, &["t"])]
#[case::add_stored("ALTER TABLE t ADD COLUMN x int GENERATED ALWAYS AS (n + 1) STORED", EXCLUSIVE, ALL, &["t"])]
#[case::int_to_bigint("ALTER TABLE t ALTER COLUMN n TYPE bigint", EXCLUSIVE, ALL, &["t"])]
#[case::widen_varchar("ALTER TABLE t ALTER COLUMN v TYPE varchar(20)", EXCLUSIVE, &[], &[])]
#[case::narrow_varchar("ALTER TABLE t ALTER COLUMN v TYPE varchar(5)", EXCLUSIVE, ALL, &["t"])]
#[case::set_not_null("ALTER TABLE t ALTER COLUMN m SET NOT NULL", EXCLUSIVE, &[], &["t"])]
#[case::set_not_null_checked("ALTER TABLE t ALTER COLUMN s SET NOT NULL", EXCLUSIVE, &[], &[])]
#[case::check("ALTER TABLE t ADD CHECK (n > 0)", EXCLUSIVE, &[], &["t"])]
#[case::check_not_valid("ALTER TABLE t ADD CHECK (n > 0) NOT VALID", EXCLUSIVE, &[], &[])]
#[case::foreign_key(
    "ALTER TABLE t ADD FOREIGN KEY (p) REFERENCES p",
    &["p SHARE ROW EXCLUSIVE", "t SHARE ROW EXCLUSIVE"],
    &[],
    &["p", "t"]
)]
#[case::foreign_key_not_valid(
    "ALTER TABLE t ADD FOREIGN KEY (p) REFERENCES p NOT VALID",
    &["p SHARE ROW EXCLUSIVE", "t SHARE ROW EXCLUSIVE"],
    &[],
    &[]
)]
#[case::unique("ALTER TABLE t ADD UNIQUE (m)", EXCLUSIVE, &[], &["t"])]
#[case::unique_using_index("ALTER TABLE t ADD UNIQUE USING INDEX t_n_idx", EXCLUSIVE, &[], &[])]
#[case::index("CREATE INDEX x ON t (m)", &["t SHARE"], &[], &["t"])]
#[case::index_concurrently(
    "-- no-transaction\nCREATE INDEX CONCURRENTLY x ON t (m)",
    &["t SHARE UPDATE EXCLUSIVE"],
    &[],
    &["t"]
)]
#[case::drop_index("DROP INDEX t_v_idx", EXCLUSIVE, &[], &[])]
#[case::drop_index_concurrently(
    "-- no-transaction\nDROP INDEX CONCURRENTLY t_v_idx",
    &["t SHARE UPDATE EXCLUSIVE"],
    &[],
    &[]
)]
#[case::reindex("REINDEX INDEX t_v_idx", &["t SHARE"], &["t_v_idx"], &["t"])]
#[case::drop_child("DROP TABLE child", &["child ACCESS EXCLUSIVE", "t ACCESS EXCLUSIVE"], &[], &[])]
#[case::drop_column("ALTER TABLE t DROP COLUMN v", EXCLUSIVE, &[], &[])]
#[case::rename("ALTER TABLE t RENAME TO u", EXCLUSIVE, &[], &[])]
#[case::truncate("TRUNCATE child", &["child ACCESS EXCLUSIVE"], &["child", "child_pkey"], &[])]
#[case::vacuum_full("-- no-transaction\nVACUUM FULL t", EXCLUSIVE, ALL, &["t"])]
#[case::cluster("CLUSTER t USING t_pkey", EXCLUSIVE, ALL, &["t"])]
#[case::update_all("UPDATE t SET m = 1", &["t ROW EXCLUSIVE"], &[], &["t"])]
#[case::update_some("UPDATE t SET m = 1 WHERE id < 100", &["t ROW EXCLUSIVE"], &[], &[])]
#[case::update_one("UPDATE t SET m = 1 WHERE id = 7", &["t ROW EXCLUSIVE"], &[], &[])]
#[case::hidden("DO $$ BEGIN EXECUTE 'ALTER TABLE t ADD COLUMN x float DEFAULT random()'; END $$", EXCLUSIVE, ALL, &["t"])]
#[tokio::test]
async fn what_is_observed_is_what_the_server_does(
    #[case] up: &str,
    #[case] taken: &[&str],
    #[case] rewritten: &[&str],
    #[case] scanned: &[&str],
) {
    let seen = observed(&format!("{up};\n")).await;
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names
    };
    assert_eq!(sorted(locks(&seen)), taken, "{seen:#?}");
    assert_eq!(sorted(seen.rewrites.clone()), rewritten, "{seen:#?}");
    assert_eq!(sorted(seen.scans.clone()), scanned, "{seen:#?}");
    assert_eq!(seen.changes == ["t"], up == "UPDATE t SET m = 1", "{seen:#?}");
}

/// Against the live tables, which have other rows than the rehearsal's.
#[rstest]
#[case(
    "ALTER TABLE t ADD COLUMN x int",
    "locks t ACCESS EXCLUSIVE: blocks reads and writes, an instant"
)]
#[case(
    "ALTER TABLE t ADD CHECK (n > 0)",
    "scans t: 1,000 rows, SIZE, blocks reads and writes meanwhile"
)]
#[case(
    "ALTER TABLE t ALTER COLUMN n TYPE bigint",
    "rewrites t: 1,000 rows, SIZE, blocks reads and writes meanwhile"
)]
#[case("CREATE INDEX x ON t (m)", "scans t: 1,000 rows, SIZE, blocks writes meanwhile")]
#[case(
    "-- no-transaction\nCREATE INDEX CONCURRENTLY x ON t (m)",
    "scans t: 1,000 rows, SIZE, reads and writes go on"
)]
#[case(
    "ALTER TABLE t ADD FOREIGN KEY (p) REFERENCES p",
    "scans p: 1,000 rows, SIZE, blocks writes meanwhile; scans t: 1,000 rows, SIZE, blocks writes meanwhile"
)]
#[case(
    "DROP TABLE child",
    "drops child: 1,000 rows, SIZE; locks t ACCESS EXCLUSIVE: blocks reads and writes, an instant; locks child ACCESS EXCLUSIVE: blocks reads and writes, an instant"
)]
#[case(
    "TRUNCATE child",
    "empties child: 1,000 rows, SIZE; locks child ACCESS EXCLUSIVE: blocks reads and writes, an instant"
)]
#[case(
    "REINDEX INDEX t_v_idx",
    "rebuilds index t_v_idx of t, blocks writes meanwhile; scans t: 1,000 rows, SIZE, blocks writes meanwhile"
)]
#[case(
    "UPDATE t SET m = 1",
    "changes every row of t: 1,000 rows, SIZE, each locked until the transaction ends"
)]
#[case("UPDATE t SET m = 1 WHERE id = 7", "")]
#[tokio::test]
async fn an_effect_is_a_sentence_with_the_live_size(#[case] up: &str, #[case] expected: &str) {
    let said = observed(&format!("{up};\n")).await.effects.join("; ");
    let size = said.split("rows, ").nth(1).and_then(|rest| rest.split([',', ';']).next());
    let sizes: Vec<&str> =
        said.split("rows, ").skip(1).filter_map(|rest| rest.split([',', ';']).next()).collect();
    assert!(sizes.iter().all(|size| size.ends_with(" kB")), "{size:?}");
    let plain = sizes.iter().fold(said.clone(), |text, size| text.replace(*size, "SIZE"));
    assert_eq!(plain, expected);
}

#[tokio::test]
async fn a_lock_is_held_until_the_long_statement_after_it_is_done() {
    let database = live().await;
    let up = "ALTER TABLE t ADD COLUMN x int;\nUPDATE child SET t = NULL;\n";
    let sets = set(&[BASE, ("20260102000000_do_it", up)]);
    let rehearsal = rehearse(&settings(&database), &sets, 1).await.unwrap();
    let first = &rehearsal.migrations[0].statements[0];
    let expected = "locks t ACCESS EXCLUSIVE: blocks reads and writes until the transaction ends, and line 2 takes its time";
    assert_eq!(first.effects, [expected]);
    assert!(rehearsal.schema.iter().any(|line| line.contains("t.x")), "{:?}", rehearsal.schema);
}

/// A table that nobody has analysed has a size, and about so many rows.
#[tokio::test]
async fn a_table_never_analysed_is_guessed_at() {
    let database = TestDatabase::new(Dialect::Postgres).await;
    database.up(&set(&[BASE]), None).await.unwrap();
    database.run("ALTER TABLE p SET (autovacuum_enabled = false)").await;
    database.run("INSERT INTO p SELECT g FROM generate_series(1, 10000) g").await;
    let sets = set(&[BASE, ("20260102000000_do_it", "ALTER TABLE p ADD CHECK (id > 0);\n")]);
    let rehearsal = rehearse(&settings(&database), &sets, 1).await.unwrap();
    let said = &rehearsal.migrations[0].statements[0].effects[0];
    let rows = said.strip_prefix("scans p: about ").and_then(|rest| rest.split(" rows").next());
    let rows: u64 = rows.expect(said).replace(',', "").parse().expect("a number");
    assert!((8_000..16_000).contains(&rows), "{said}");
}

/// A failure has its file and line; one that only made-up rows bring about is none.
#[rstest]
#[case("SELECT 1;\n\nALTER TABLE t ADD CHECK (nope > 0);\n", Some((3, "nope")))]
#[case("ALTER TABLE t ADD COLUMN x int NOT NULL;\n", Some((1, "contains null values")))]
#[case("SELECT 1;\nDO $$ BEGIN RAISE 'no good'; END $$;\n", Some((2, "no good")))]
#[case("-- no-transaction\nCREATE INDEX CONCURRENTLY x ON nowhere (n);\n", Some((2, "nowhere")))]
#[case("-- no-transaction\nCREATE INDEX CONCURRENTLY x ON t (n);\nALTER TABLE t DROP nope;\n", Some((3, "nope")))]
#[case("BEGIN;\n", Some((1, "BEGIN")))]
#[case("ALTER TABLE t ADD CHECK (n > 500);\n", None)]
#[case("-- no-transaction\nCREATE UNIQUE INDEX CONCURRENTLY x ON t ((n % 2));\n", None)]
#[tokio::test]
async fn a_failure_is_a_finding(#[case] up: &str, #[case] expected: Option<(usize, &str)>) {
    let database = live().await;
    let sets = set(&[BASE, ("20260102000000_do_it", up)]);
    let before = database.schema().await;
    let rehearsal = rehearse(&settings(&database), &sets, 1).await.unwrap();
    assert_eq!(database.schema().await, before);
    let Some((line, words)) = expected else {
        assert_eq!(rehearsal.failure, None);
        let seen = &rehearsal.migrations[0].statements[0];
        assert_eq!(seen.scans, ["t"], "seen without rows too: {seen:#?}");
        assert!(seen.effects.iter().any(|e| e.starts_with("depends on the rows")), "{seen:#?}");
        return;
    };
    let failure = rehearsal.failure.expect("a failure");
    assert_eq!((failure.line, failure.file.as_str()), (line, "20260102000000_do_it.up.sql"));
    assert!(failure.message.contains(words), "{failure:?}");
    assert!(rehearsal.schema.is_empty());
}

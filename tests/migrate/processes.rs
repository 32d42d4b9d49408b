//! Real processes that start together and die in the middle: this test binary, started again for one
//! test that migrates.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::Rng as _;
use rstest::rstest;
use schemakeep::{Dialect, MigrationSet, SchemaState};

use crate::support::{TestDatabase, run_on, settings_for, start, write_pairs};
use testkit::poll::{WITHIN, until};

const URL: &str = "MIGRATE_TEST_URL";
const FOLDER: &str = "MIGRATE_TEST_FOLDER";

/// What a started process does; in an ordinary run it has nothing to do.
#[tokio::test]
async fn child() {
    let (Ok(url), Ok(folder)) = (std::env::var(URL), std::env::var(FOLDER)) else { return };
    let set = MigrationSet::from_directory(Path::new(&folder)).unwrap();
    let report = start(&settings_for(&url), &set).await.unwrap();
    assert_eq!(report.state, SchemaState::Current);
}

/// A started process, killed when dropped.
struct Process(Child);

impl Process {
    fn start(database: &TestDatabase, folder: &Path) -> Self {
        let child = Command::new(std::env::current_exe().unwrap())
            .args(["processes::child", "--exact", "--nocapture"])
            .env(URL, &database.text)
            .env(FOLDER, folder)
            .stdout(Stdio::null())
            .spawn();
        Self(child.unwrap())
    }

    /// Sends SIGKILL at a random moment of the time that a migration takes.
    async fn kill(&mut self) {
        let moment = Duration::from_millis(rand::rng().random_range(0..600));
        let begun = Instant::now();
        until("a random moment", WITHIN, async || (begun.elapsed() >= moment).then_some(())).await;
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }

    async fn succeed(&mut self) {
        let status = until("the process to end", WITHIN, async || self.0.try_wait().unwrap()).await;
        assert!(status.success(), "{status}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Ended already, when all went well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Migrations that take a moment, in every way of running.
fn slow(dialect: Dialect, folder: &Path) -> MigrationSet {
    let (sleep, third) = match dialect {
        Dialect::Postgres => (
            "SELECT pg_sleep(0.1);",
            "-- no-transaction\nINSERT INTO one VALUES (1);\nSELECT pg_sleep(0.1);\n\
             CREATE INDEX CONCURRENTLY one_id ON one (id);\nINSERT INTO one VALUES (2);",
        ),
        Dialect::Sqlite => (
            "INSERT INTO two SELECT count(*) FROM (WITH RECURSIVE n (x) AS \
             (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 200000) SELECT x FROM n); DELETE FROM two;",
            "CREATE INDEX one_id ON one (id); INSERT INTO one VALUES (1); INSERT INTO one VALUES (2);",
        ),
    };
    let second = format!("CREATE TABLE two (id bigint);\n{sleep}\nINSERT INTO two VALUES (1);");
    write_pairs(
        folder,
        &[
            ("20260101000000_create_one", "CREATE TABLE one (id bigint);", "DROP TABLE one;"),
            ("20260102000000_create_two", &second, "DROP TABLE two;"),
            ("20260103000000_fill_one", third, "DROP INDEX one_id; DELETE FROM one;"),
            ("20260104000000_create_four", "CREATE TABLE four (id bigint);", "DROP TABLE four;"),
        ],
    )
}

/// Every version once, every row once, the schema of a database that nothing ever happened to.
async fn check(database: &TestDatabase, clean: &str) {
    assert_eq!(database.schema().await, clean);
    assert_eq!(database.count("SELECT count(*) FROM one").await, 2);
    assert_eq!(database.count("SELECT count(*) FROM two").await, 1);
    let recorded = "SELECT count(*) FROM _sqlx_migrations WHERE success";
    assert_eq!(database.count(recorded).await, 4);
    let applied = "SELECT count(*) FROM _migrate_log WHERE event = 'applied'";
    assert_eq!(database.count(applied).await, 4);
}

async fn clean_schema(dialect: Dialect, set: &MigrationSet) -> String {
    let database = TestDatabase::new(dialect).await;
    database.prepare(set).await.unwrap();
    database.schema().await
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn killed_at_any_moment_the_next_start_finishes(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let folder = tempfile::tempdir().unwrap();
    let set = slow(dialect, folder.path());
    let clean = clean_schema(dialect, &set).await;
    for _ in 0..50 {
        let database = TestDatabase::new(dialect).await;
        Process::start(&database, folder.path()).kill().await;
        Process::start(&database, folder.path()).succeed().await;
        check(&database, &clean).await;
    }
}

#[rstest]
#[tokio::test(flavor = "multi_thread")]
async fn eight_at_once_and_one_of_them_killed(
    #[values(Dialect::Postgres, Dialect::Sqlite)] dialect: Dialect,
) {
    let folder = tempfile::tempdir().unwrap();
    let set = slow(dialect, folder.path());
    let clean = clean_schema(dialect, &set).await;
    for round in 0..20 {
        let database = TestDatabase::new(dialect).await;
        let mut processes: Vec<_> =
            (0..8).map(|_| Process::start(&database, folder.path())).collect();
        if round > 0 {
            processes.swap_remove(round % 8).kill().await;
        }
        for process in &mut processes {
            process.succeed().await;
        }
        check(&database, &clean).await;
    }
}

/// A table that three sessions write to all the time, and migrations that index it.
struct Busy {
    database: TestDatabase,
    folder: tempfile::TempDir,
    writers: tokio::task::JoinSet<()>,
}

impl Busy {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let up = "-- no-transaction\nCREATE INDEX CONCURRENTLY one_id ON one (id);\n\
            CREATE INDEX CONCURRENTLY one_id_2 ON one (id, id);";
        write_pairs(
            folder.path(),
            &[("20260101000000_index_one", up, "DROP INDEX one_id, one_id_2;")],
        );
        let database = TestDatabase::new(Dialect::Postgres).await;
        database
            .run("CREATE TABLE one (id bigint); INSERT INTO one SELECT generate_series(1, 20000)")
            .await;
        let mut writers = tokio::task::JoinSet::new();
        for _ in 0..3 {
            let mut connection = database.postgres().await;
            writers.spawn(async move {
                loop {
                    let write = "BEGIN; INSERT INTO one VALUES (1); SELECT pg_sleep(0.03); COMMIT";
                    run_on(&mut connection, write.to_owned()).await;
                }
            });
        }
        Self { database, folder, writers }
    }

    fn start(&self) -> Process {
        Process::start(&self.database, self.folder.path())
    }

    async fn check(mut self) {
        self.writers.shutdown().await;
        let all = "SELECT count(*) FROM pg_index WHERE indrelid = 'one'::regclass";
        assert_eq!(self.database.count(all).await, 2);
        assert_eq!(self.database.count(&format!("{all} AND indisvalid")).await, 2);
        let recorded = "SELECT count(*) FROM _sqlx_migrations WHERE success";
        assert_eq!(self.database.count(recorded).await, 1);
        let applied = "SELECT count(*) FROM _migrate_log WHERE event = 'applied'";
        assert_eq!(self.database.count(applied).await, 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_is_built_beside_writers_and_a_second_runner() {
    for round in 0..6 {
        let busy = Busy::new().await;
        let (mut first, mut second) = (busy.start(), busy.start());
        if round < 2 {
            first.succeed().await;
        } else {
            first.kill().await;
        }
        second.succeed().await;
        busy.check().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_index_whose_builder_was_killed_is_built_again() {
    for _ in 0..3 {
        let busy = Busy::new().await;
        let mut holder = busy.database.postgres().await;
        run_on(&mut holder, "BEGIN; INSERT INTO one VALUES (0)".to_owned()).await;
        let mut first = busy.start();
        let invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";
        until("the build to wait for the writer", WITHIN, async || {
            (busy.database.count(invalid).await > 0).then_some(())
        })
        .await;
        first.0.kill().unwrap();
        let building = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' \
            AND query LIKE 'CREATE INDEX%' AND datname = current_database()";
        until("the server to notice", WITHIN, async || {
            (busy.database.count(building).await == 0).then_some(())
        })
        .await;
        assert_eq!(busy.database.count(invalid).await, 1);
        let mut second = busy.start();
        run_on(&mut holder, "ROLLBACK".to_owned()).await;
        second.succeed().await;
        busy.check().await;
    }
}

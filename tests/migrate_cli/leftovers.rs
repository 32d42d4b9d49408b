//! What a killed command leaves to try things on: the next command removes it at once.

use std::path::Path;

use rstest::rstest;

use crate::fixture::{Files, texts};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::cli::run;
use testkit::{Database, Server, WITHIN, until};

/// Scratch databases that were made for this one.
async fn scratches(database: &Database) -> Vec<String> {
    let name = database.url.rsplit('/').next().expect("a name").to_owned();
    let mut side = database.connect().await;
    let found = texts(
        &mut side,
        &format!(
            "SELECT datname::text FROM pg_database \
             WHERE shobj_description(oid, 'pg_database') LIKE 'taskmanager: scratch database for %/{name}'"
        ),
    )
    .await;
    side.close().await;
    found
}

/// Scratch folders within a folder.
fn folders(within: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(within).expect("a folder");
    let names =
        entries.map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
    names.filter(|name| name.starts_with("taskmanager_scratch_")).collect()
}

/// A migration of one of the databases that takes its time.
fn slow(on: Backend) -> Files {
    let (stem, quick) = ("20300104000000_take_long", "-- compat: additive\nSELECT 1;\n");
    let forever = "-- compat: additive\nWITH RECURSIVE n (x) AS (SELECT 1 UNION ALL \
                   SELECT x + 1 FROM n WHERE x < 2000000000) SELECT count(*) FROM n;\n";
    let (postgres, sqlite) = match on {
        Postgres => ("-- compat: additive\nSELECT pg_sleep(600);\n", quick),
        Sqlite => (quick, forever),
    };
    Files::library().with_one("postgres", stem, postgres, "SELECT 1;\n").with_one(
        "sqlite",
        stem,
        sqlite,
        "SELECT 1;\n",
    )
}

/// A database, and a command on it that has made something to try things on and is at work there.
async fn at_work(
    on: Backend,
    command: &str,
    exists: impl AsyncFn(&Database) -> bool,
) -> (Database, Files, Server) {
    let database = Files::library().applied(on).await;
    let files = slow(on);
    let temporary = database.folder().unwrap_or(&std::env::temp_dir()).display().to_string();
    let mut at_work = Server::spawn_with(
        &["migrate", command, "--migrations", files.path()],
        &[("DATABASE_URL", &database.url), ("TMPDIR", &temporary)],
    );
    until("something to try things on", WITHIN, async || {
        assert_eq!(at_work.ended(), None, "{}", at_work.output());
        exists(&database).await.then_some(())
    })
    .await;
    (database, files, at_work)
}

/// The next command; it has nothing to do.
fn next(database: &Database, command: &str) {
    let temporary = database.folder().unwrap_or(&std::env::temp_dir()).display().to_string();
    let files = Files::library();
    let arguments = ["migrate", command, "--migrations", files.path()];
    run(&arguments, &[("DATABASE_URL", &database.url), ("TMPDIR", &temporary)]).expect(0);
}

#[rstest]
#[tokio::test]
async fn a_database_of_a_killed_command_goes_with_the_next(
    #[values("plan", "verify")] command: &str,
    #[values("up", "status", "history", "plan")] next_command: &str,
) {
    let exists = async |database: &Database| !scratches(database).await.is_empty();
    let (database, _files, mut killed) = at_work(Postgres, command, exists).await;
    next(&database, next_command);
    assert!(!scratches(&database).await.is_empty(), "one in use stays: {}", killed.output());
    assert_eq!(killed.ended(), None, "{}", killed.output());
    killed.signal("KILL");
    killed.exit().await;
    // The server has to notice first that its client has gone.
    until("the scratch database to go", WITHIN, async || {
        next(&database, next_command);
        scratches(&database).await.is_empty().then_some(())
    })
    .await;
}

#[rstest]
#[tokio::test]
async fn a_folder_of_a_killed_command_goes_with_the_next(
    #[values("plan", "verify")] command: &str,
    #[values("up", "status", "history", "plan")] next_command: &str,
) {
    let within = |database: &Database| folders(database.folder().expect("a folder"));
    let exists = async |database: &Database| !within(database).is_empty();
    let (database, _files, mut killed) = at_work(Sqlite, command, exists).await;
    next(&database, next_command);
    assert!(!within(&database).is_empty(), "one in use stays: {}", killed.output());
    killed.signal("KILL");
    killed.exit().await;
    next(&database, next_command);
    assert_eq!(within(&database), [""; 0]);
}

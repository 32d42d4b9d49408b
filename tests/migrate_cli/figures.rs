//! What it costs: each figure is printed, and compared with a bound that a busy machine keeps.

use std::time::{Duration, Instant};

use rstest::rstest;

use crate::fixture::{Files, current, integer, own};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Database, Server, WITHIN, until};

/// The promise is the release build's; a debug build gets this many times as long.
fn within(milliseconds: u64, in_debug: u64) -> Duration {
    Duration::from_millis(if cfg!(debug_assertions) { in_debug } else { milliseconds })
}

#[rstest]
#[tokio::test]
async fn status_of_two_hundred_migrations(#[values(Sqlite, Postgres)] on: Backend) {
    let files = (0..200).fold(Files::none(), |files, n| {
        let stem = format!("203001{:02}{:02}0000_create_t{n}", 1 + n / 20, n % 20);
        let up = format!("-- compat: additive\nCREATE TABLE t{n} (id bigint);\n");
        files.with(&stem, &up, &format!("DROP TABLE t{n};\n"))
    });
    let begun = Instant::now();
    let database = files.applied(on).await;
    let applying = begun.elapsed();
    let took = (0..5).map(|_| {
        let begun = Instant::now();
        files.migrate(&database, &["status"]).expect(0);
        begun.elapsed()
    });
    let took = took.min().expect("five");
    println!("{on:?}: 200 migrations applied in {applying:?}, their status in {took:?}");
    assert!(took < within(100, 500), "{took:?}");
}

/// Somebody else has the lock; what has nothing to do does not ask for it.
#[rstest]
#[tokio::test]
async fn a_start_with_nothing_to_do_takes_no_lock(#[values(Sqlite, Postgres)] on: Backend) {
    let database = current(on).await;
    let _held = Held::take(&database).await;
    let begun = Instant::now();
    let variables = [("DATABASE_URL", database.url.as_str()), ("MIGRATE_LOCK_WAIT", "30s")];
    let server = Server::start(&variables).await;
    let took = begun.elapsed();
    println!("{on:?}: ready after {took:?}");
    assert!(took < within(1_000, 4_000), "{took:?}");
    assert!(!server.output().contains("waiting for the migration lock"), "{}", server.output());
    // And the lock is one that counts: with something to do it is waited for, and not had.
    let files = Files::library();
    drop(server);
    let arguments = ["migrate", "up", "--migrations", files.path()];
    let foreign = Database::empty(on).await;
    let _held = Held::take(&foreign).await;
    let variables = [("DATABASE_URL", foreign.url.as_str()), ("MIGRATE_LOCK_WAIT", "0s")];
    let refused = testkit::cli::run(&arguments, &variables).expect(9);
    assert!(refused.stderr.contains("pid ") || on == Sqlite, "{refused:#?}");
}

/// The migration lock, held by the test.
pub(crate) enum Held {
    File(#[expect(dead_code, reason = "held, not read")] std::fs::File),
    Session(#[expect(dead_code, reason = "held, not read")] testkit::database::Side),
}

impl Held {
    pub(crate) async fn take(database: &Database) -> Self {
        if let Some(folder) = database.folder() {
            let file = std::fs::File::create(folder.join("tasks.db.migrate.lock")).expect("a file");
            file.try_lock().expect("the lock");
            return Self::File(file);
        }
        let mut side = database.connect().await;
        let name = database.url.rsplit('/').next().expect("a name");
        // sqlx's formula, so that its command line is kept out too.
        let key = 0x3d32_ad9e * i64::from(crc32fast::hash(name.as_bytes()));
        side.execute(&format!("SELECT pg_advisory_lock({key})")).await;
        Self::Session(side)
    }
}

#[tokio::test]
async fn eight_replicas_start_at_once() {
    let database = Database::empty(Postgres).await;
    let begun = Instant::now();
    let mut replicas: Vec<_> =
        (0..8).map(|_| Server::spawn(&[("DATABASE_URL", &database.url)])).collect();
    let rows = i64::try_from(own(Postgres).len()).expect("few");
    let recorded = "SELECT count(*) FROM pg_class WHERE relname = '_sqlx_migrations'";
    until("the last migration", WITHIN, async || {
        let there = integer(&database, recorded).await == 1;
        let query = "SELECT count(*) FROM _sqlx_migrations";
        (there && integer(&database, query).await == rows).then_some(())
    })
    .await;
    let migrated = Instant::now();
    for replica in &mut replicas {
        replica.ready().await;
    }
    let took = migrated.elapsed();
    println!("migrated after {:?}, eight ready {took:?} later", migrated - begun);
    assert!(took < within(2_000, 6_000), "{took:?}");
    let applied = "SELECT count(*) FROM _migrate_log WHERE event = 'applied'";
    assert_eq!(integer(&database, applied).await, rows, "each happened once");
}

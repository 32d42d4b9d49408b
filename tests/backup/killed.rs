//! A backup that is killed at any moment, or told to stop: nothing of it is counted, and the next one cleans up.

use std::time::{Duration, Instant};

use rstest::rstest;

use crate::fixture::Place;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::database::{Side, admin_url};
use testkit::{WITHIN, until};

/// Kills, spread evenly over the time that a backup takes.
const ROUNDS: u32 = 20;
/// More rounds follow until so many were killed in the middle.
const IN_THE_MIDDLE_MIN: u32 = 4;
const ROUNDS_MAX: u32 = 10 * ROUNDS;

#[rstest]
#[tokio::test]
async fn killed_at_any_moment(#[values(Sqlite, Postgres)] on: Backend) {
    let place = Place::new(on).await;
    place.fill(30_000).await;
    let begun = Instant::now();
    let mut whole = place.spawn(&["create"], &[]);
    assert_eq!(whole.exit().await, Some(0), "{}", whole.output());
    let mut usual = begun.elapsed();
    let (mut round, mut in_the_middle) = (0, 0);
    while round < ROUNDS || in_the_middle < IN_THE_MIDDLE_MIN {
        assert!(round < ROUNDS_MAX, "only {in_the_middle} rounds were killed in the middle");
        let begun = Instant::now();
        let mut making = place.spawn(&["create"], &[("BACKUP_KEEP", "1000")]);
        tokio::select! {
            () = tokio::time::sleep(usual * (round % ROUNDS) / ROUNDS) => {
                making.signal("KILL");
                making.exit().await;
            }
            // The machine was slower when it was measured.
            _ = making.exit() => usual = usual.min(begun.elapsed()),
        }
        in_the_middle += u32::from(place.names().iter().any(|name| name.contains("partial")));
        for entry in place.list() {
            let sound = entry["index"].is_u64() && entry["fault"].is_null();
            assert!(sound, "round {round}: rubbish is listed: {entry}");
        }
        round += 1;
    }

    // The tools of a killed backup end by themselves, and the lock of its scratch database with it.
    place.backup(&["create"]).expect(0);
    let names = place.names();
    assert!(!names.iter().any(|name| name.contains("partial")), "{names:?}");
    assert_eq!(names.len(), place.list().len() * 2, "{names:?}");
    place.backup(&["verify", "--all"]).expect(0);
    assert_eq!(place.integer("SELECT count(*) FROM filler").await, 30_000);
    place.execute("INSERT INTO filler VALUES (0, 'writers go on')").await;
    if on == Postgres {
        until("scratch databases to be gone", WITHIN, async || {
            place.backup(&["create"]).expect(0);
            (scratches(&place).await == 0).then_some(())
        })
        .await;
    }
}

/// Scratch databases that this database's backups have made.
async fn scratches(place: &Place) -> i64 {
    let name = place.database.url.rsplit('/').next().expect("a name").to_owned();
    integer_of_server(&format!(
        "SELECT count(*) FROM pg_database WHERE shobj_description(oid, 'pg_database') LIKE 'taskmanager: scratch database for %/{name}'"
    ))
    .await
}

async fn integer_of_server(query: &str) -> i64 {
    use sqlx::Connection as _;
    let connection = sqlx::PgConnection::connect(&admin_url()).await.expect("the server answers");
    let mut side = Side::Postgres(connection);
    let found = side.integer(query).await;
    side.close().await;
    found
}

/// As a process that was killed between the two names leaves it: the copy has its name, the manifest has not.
#[rstest]
#[tokio::test]
async fn killed_between_the_names(#[values(Sqlite, Postgres)] on: Backend) {
    let place = Place::new(on).await;
    let path = place.create();
    let manifest = format!("{}.json", path.display());
    std::fs::rename(&manifest, format!("{manifest}.partial")).expect("a file");
    assert!(place.list().is_empty(), "{:?}", place.list());
    place.create();
    assert_eq!(place.list().len(), 2);
    place.backup(&["verify", "--all"]).expect(0);
}

/// SIGTERM while it is under way: gone within five seconds, without a trace.
#[rstest]
#[tokio::test]
async fn told_to_stop(#[values(Sqlite, Postgres)] on: Backend) {
    let place = Place::new(on).await;
    place.fill(80_000).await;
    let mut making = place.spawn(&["create"], &[]);
    until("a backup under way", WITHIN, async || {
        assert_eq!(making.ended(), None, "{}", making.output());
        (!place.names().is_empty()).then_some(())
    })
    .await;
    let begun = Instant::now();
    making.signal("TERM");
    assert_eq!(making.exit().await, Some(1), "{}", making.output());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert!(making.output().contains("stopped by a signal"), "{}", making.output());
    assert_eq!(place.names(), [""; 0]);
    if on == Postgres {
        assert_eq!(scratches(&place).await, 0);
    }
}

/// As processes that were killed leave them, with SQLite's journal; what a living one writes has its lock.
#[tokio::test]
async fn what_the_killed_leave_goes_and_what_the_living_write_stays() {
    let place = Place::new(Sqlite).await;
    place.create();
    let name = |second: u32, kind: &str| format!("taskmanager-20200101T00000{second}Z-1.db{kind}");
    for kind in [".partial", ".partial-journal", ".json.partial"] {
        std::fs::write(place.folder().join(name(1, kind)), "left").expect("a file");
    }
    std::fs::write(place.folder().join(name(2, ".partial-journal")), "left").expect("a file");
    std::fs::write(place.folder().join(name(3, ".json.partial")), "left").expect("a file");
    let living = std::fs::File::create(place.folder().join(name(4, ".partial"))).expect("a file");
    living.lock().expect("a lock");
    std::fs::write(place.folder().join(name(4, ".partial-journal")), "alive").expect("a file");
    assert_eq!(place.list().len(), 1);
    place.create();
    let names = place.names();
    let left: Vec<_> = names.iter().filter(|name| name.contains("2020")).cloned().collect();
    assert_eq!(left, [name(4, ".partial"), name(4, ".partial-journal")], "{names:?}");
    assert_eq!(names.len(), 6, "{names:?}");
}

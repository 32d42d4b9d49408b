//! A database that is not there, not yet there, or never will be.

use std::time::{Duration, Instant};

use rstest::rstest;
use schemakeep::{
    Dialect, InspectError, Inspector, MigrateError, MigratorOptions, Progress, Safety,
    ensure_schema,
};
use taskmanager::config::{DatabaseUrl, MigrateMode};
use taskmanager::domain::SystemClock;
use tokio_util::sync::CancellationToken;

use crate::support::{ONE, TestDatabase, WAIT, set, start};

/// A port where nobody listens.
fn closed_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn settings(url: &str, database_wait: Duration) -> MigratorOptions {
    MigratorOptions {
        url: DatabaseUrl::parse(url).unwrap(),
        mode: MigrateMode::Auto,
        database_wait,
        lock_wait: WAIT,
        table_lock_wait: WAIT,
        safety: Safety::none(),
        stop: CancellationToken::new(),
    }
}

#[rstest]
#[case(Duration::ZERO)]
#[case(Duration::from_secs(2))]
#[tokio::test]
async fn unreachable_in_words_and_in_time(#[case] patience: Duration) {
    let url = format!("postgres://someone:secret@127.0.0.1:{}/tasks", closed_port());
    let begun = Instant::now();
    let error = start(&settings(&url, patience), &set(&[ONE])).await.unwrap_err();
    assert!(begun.elapsed() >= patience && begun.elapsed() < patience + Duration::from_secs(2));
    assert_eq!(error.exit_code(), 12);
    let text = error.to_string();
    assert!(text.contains("not reachable") && !text.contains("secret"), "{text}");
}

#[tokio::test]
async fn comes_up_while_we_wait() {
    let database = TestDatabase::new(Dialect::Postgres).await;
    let real: url::Url = database.text.parse().unwrap();
    let target = format!("{}:{}", real.host_str().unwrap(), real.port().unwrap_or(5432));
    let port = closed_port();
    let mut url = real.clone();
    url.set_host(Some("127.0.0.1")).unwrap();
    url.set_port(Some(port)).unwrap();

    let settings = settings(url.as_str(), WAIT);
    let starting = tokio::spawn(async move { start(&settings, &set(&[ONE])).await });
    tokio::task::yield_now().await;
    // A door in front of the server opens only now.
    let door = tokio::net::TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut near, _)) = door.accept().await {
            let mut far = tokio::net::TcpStream::connect(&target).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut near, &mut far).await });
        }
    });
    starting.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_database_that_does_not_exist_is_not_waited_for() {
    let database = TestDatabase::new(Dialect::Postgres).await;
    let mut url: url::Url = database.text.parse().unwrap();
    url.set_path("no_such_database");
    let begun = Instant::now();
    let error = start(&settings(url.as_str(), WAIT), &set(&[ONE])).await.unwrap_err();
    assert!(matches!(error, MigrateError::Db(schemakeep_db::DbError::Unusable { .. })), "{error}");
    assert!(begun.elapsed() < WAIT / 2);
}

#[rstest]
#[case("no/such/folder/x.db", "does not exist")]
#[case("text.db", "not an SQLite database")]
#[case("folder", "is a folder")]
#[case("absent.db?mode=rw", "does not exist")]
#[case("empty.db?mode=ro", "is read-only")]
#[tokio::test]
async fn a_file_that_cannot_be_used(#[case] name: &str, #[case] words: &str) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("text.db"), "this is no database, only text; ".repeat(40))
        .unwrap();
    std::fs::write(folder.path().join("empty.db"), "").unwrap();
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    let url = format!("sqlite:{}/{name}", folder.path().display());
    let begun = Instant::now();
    let error = start(&settings(&url, WAIT), &set(&[ONE])).await.unwrap_err();
    assert_eq!(error.exit_code(), 12);
    assert!(error.to_string().contains(words), "{error}");
    assert!(begun.elapsed() < WAIT / 2);
}

#[tokio::test]
async fn off_goes_on_without_a_database() {
    let url = format!("postgres://someone@127.0.0.1:{}/tasks", closed_port());
    let settings = MigratorOptions { mode: MigrateMode::Off, ..settings(&url, WAIT) };
    let report = ensure_schema(&settings, &set(&[ONE]), &SystemClock, &Progress::default()).await;
    assert_eq!(report.unwrap(), None);
}

#[tokio::test]
async fn an_inspector_says_that_a_server_is_silent() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("postgres://someone@{}/tasks", silent.local_addr().unwrap());
    let inspector = Inspector::new(DatabaseUrl::parse(&url).unwrap(), set(&[ONE]));
    let error = inspector.ping(Duration::from_millis(300)).await.unwrap_err();
    assert!(matches!(error, InspectError::TimedOut(_)), "{error}");
}

#[tokio::test]
async fn an_inspector_sees_another_file_in_the_place_of_the_first() {
    let database = TestDatabase::new(Dialect::Sqlite).await;
    database.prepare(&set(&[ONE])).await.unwrap();
    let inspector = Inspector::new(database.url.clone(), set(&[ONE]));
    assert!(inspector.report(WAIT).await.unwrap().pending.is_empty());
    std::fs::remove_file(database.folder.path().join("test.db")).unwrap();
    assert!(matches!(inspector.ping(WAIT).await, Err(InspectError::Absent)));
    assert_eq!(inspector.report(WAIT).await.unwrap().pending.len(), 1);
}

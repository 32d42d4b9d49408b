//! `backup run` beside a service: at once, then when it is time, waiting for the schema, and ended by SIGTERM.

use std::time::{Duration, Instant};

use rstest::rstest;

use crate::fixture::Place;
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::cli::run;
use testkit::{Server, WITHIN, free_port, until};

async fn ends_well(mut job: Server) {
    let begun = Instant::now();
    job.signal("TERM");
    assert_eq!(job.exit().await, Some(0), "{}", job.output());
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
}

async fn listed(place: &Place, count: usize) {
    let what = format!("{count} backups");
    until(&what, WITHIN, async || (place.list().len() == count).then_some(())).await;
}

#[rstest]
#[tokio::test]
async fn makes_one_at_once_unless_there_is_a_young_one(#[values(Sqlite, Postgres)] on: Backend) {
    let place = Place::new(on).await;
    let job = place.spawn(&["run", "--every", "1h"], &[]);
    listed(&place, 1).await;
    assert_eq!(place.list()[0]["manifest"]["reason"], "scheduled");
    ends_well(job).await;

    let job = place.spawn(&["run", "--every", "1h"], &[]);
    until("the next one to be announced", WITHIN, async || {
        job.output().contains("next backup").then_some(())
    })
    .await;
    ends_well(job).await;
    assert_eq!(place.list().len(), 1);
}

#[rstest]
#[tokio::test]
async fn waits_for_the_schema(#[values(Sqlite, Postgres)] on: Backend) {
    let place = Place::empty(on).await;
    let job = place.spawn(&["run", "--every", "1h"], &[]);
    until("it to wait", WITHIN, async || {
        job.output().contains("waiting for the schema").then_some(())
    })
    .await;
    assert!(!job.output().contains("ERROR"), "{}", job.output());
    run(&["migrate", "up"], &[("DATABASE_URL", &place.database.url)]).expect(0);
    listed(&place, 1).await;
    ends_well(job).await;
}

/// A failure is logged, counted, and tried again: here the folder is a file for a while.
#[tokio::test]
async fn goes_on_after_a_failure_and_answers_scrapes() {
    let place = Place::new(Sqlite).await;
    std::fs::write(place.folder(), "").expect("a file");
    let address = format!("127.0.0.1:{}", free_port());
    let job = place.spawn(&["run", "--every", "1h"], &[("OPS_LISTEN", &address)]);
    until("a failure", WITHIN, async || {
        job.output().contains("no backup was made; it is tried again").then_some(())
    })
    .await;
    let metrics = scrape(&address, "/metrics").await;
    assert!(metrics.contains("taskmanager_backups_total{outcome=\"failed\"} 1"), "{metrics}");
    assert!(metrics.contains("taskmanager_backup_last_success_timestamp_seconds 0"), "{metrics}");
    assert!(scrape(&address, "/health/live").await.contains("live"));

    std::fs::remove_file(place.folder()).expect("the file");
    listed(&place, 1).await;
    let metrics = until("the backup to be counted", WITHIN, async || {
        let metrics = scrape(&address, "/metrics").await;
        metrics.contains("taskmanager_backups_total{outcome=\"made\"} 1").then_some(metrics)
    })
    .await;
    assert!(!metrics.contains("taskmanager_backup_last_success_timestamp_seconds 0"), "{metrics}");
    assert!(metrics.contains("taskmanager_backup_duration_seconds_count 1"), "{metrics}");
    ends_well(job).await;
}

async fn scrape(address: &str, path: &str) -> String {
    let answer = reqwest::get(format!("http://{address}{path}")).await.expect("an answer");
    answer.text().await.expect("a text")
}

/// The service shows the newest backup of its database, no matter who made it.
#[rstest]
#[tokio::test]
async fn the_service_shows_the_newest(#[values(Sqlite, Postgres)] on: Backend) {
    let place = Place::new(on).await;
    let path = place.create();
    let size = std::fs::metadata(&path).expect("a file").len();
    let folder = place.folder().display().to_string();
    let server =
        Server::start(&[("DATABASE_URL", &place.database.url), ("BACKUP_DIR", &folder)]).await;
    let address = format!("127.0.0.1:{}", server.port);
    until("the backup in the metrics", WITHIN, async || {
        let metrics = scrape(&address, "/metrics").await;
        metrics.contains(&format!("taskmanager_backup_size_bytes {size}\n")).then_some(())
    })
    .await;
}

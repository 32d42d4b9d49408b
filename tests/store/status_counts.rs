//! One replica counts the tasks for all, and none more often than the count is worth.

use std::time::Duration;

use rstest::rstest;
use taskmanager::config::DatabaseUrl;
use taskmanager::store::TaskCounter;

use crate::fixture::{Fixture, task};
use testkit::Backend;
use testkit::database::Side;

fn counter(fixture: &Fixture) -> TaskCounter {
    let url = DatabaseUrl::parse(&fixture.database.url).expect("a URL");
    TaskCounter::new(url.target(), fixture.opened.clone())
}

/// Which count stands in the table, as microseconds.
async fn counted_at(side: &mut Side) -> i64 {
    let query = "SELECT CAST(extract(epoch FROM counted_at) * 1000000 AS bigint) FROM task_census";
    side.integer(query).await
}

async fn age(side: &mut Side, seconds: u32, cost: Duration) {
    let cost = cost.as_micros();
    side.execute(&format!(
        "UPDATE task_census SET counted_at = now() - interval '{seconds} s', cost_us = {cost}"
    ))
    .await;
}

#[rstest]
#[tokio::test]
async fn counts(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let fixture = Fixture::new(backend).await;
    let empty = counter(&fixture).count().await.expect("a count");
    assert_eq!((empty.total(), empty.net, empty.lines.len()), (0, 0, 0));
    fixture.store(["a", "b", "c"].map(task)).await;
    let counts = fixture.opened.committed_counts();
    assert_eq!(counts.net(), 3);
    assert_eq!(empty.total() + counts.net() - empty.net, 3);
    fixture.execute("DELETE FROM tasks WHERE number = 1").await;
    if backend == Backend::Postgres {
        fixture.execute("DELETE FROM task_census").await;
    }
    let later = counter(&fixture).count().await.expect("a count");
    assert_eq!((later.total(), later.lines.len()), (2, 1));
}

#[tokio::test]
async fn replicas_share_a_count() {
    let fixture = Fixture::new(Backend::Postgres).await;
    let (one, other) = (counter(&fixture), counter(&fixture));
    let mut side = fixture.database.connect().await;
    let first = one.count().await.expect("a count");
    let at = counted_at(&mut side).await;
    let second = other.count().await.expect("a count");
    assert!(second.is_same(&first));
    assert_eq!(counted_at(&mut side).await, at, "nobody counted again");

    age(&mut side, 3, Duration::from_millis(1)).await;
    let third = other.count().await.expect("a count");
    assert!(!third.is_same(&second) && one.count().await.expect("a count").is_same(&third));

    // Fifty times what it took.
    age(&mut side, 49, Duration::from_secs(1)).await;
    let at = counted_at(&mut side).await;
    let _ = one.count().await.expect("a count");
    assert_eq!(counted_at(&mut side).await, at);
    age(&mut side, 51, Duration::from_secs(1)).await;
    let aged = counted_at(&mut side).await;
    // While another is at it, the old one must do.
    side.execute("SELECT pg_advisory_lock(7253104446114)").await;
    let _ = one.count().await.expect("a count");
    assert_eq!(counted_at(&mut side).await, aged);
    side.execute("SELECT pg_advisory_unlock(7253104446114)").await;
    let _ = one.count().await.expect("a count");
    assert_ne!(counted_at(&mut side).await, aged);
}

/// Without the table each replica counts for itself.
#[tokio::test]
async fn without_the_table() {
    let fixture = Fixture::new(Backend::Postgres).await;
    fixture.store([task("t")]).await;
    fixture.execute("DROP TABLE task_census").await;
    assert_eq!(counter(&fixture).count().await.expect("a count").total(), 1);
}

//! Events and idempotency keys are kept for a while only.

use rstest::rstest;
use taskmanager::config::DatabaseUrl;
use taskmanager::store::{Pruned, Resync, Retention, RetentionLimits};

use crate::fixture::{Fixture, task};
use testkit::Backend;

fn retention(fixture: &Fixture, limits: RetentionLimits) -> Retention {
    let url = DatabaseUrl::parse(&fixture.database.url).expect("a URL");
    Retention::new(url.target(), limits)
}

async fn rows(fixture: &Fixture, table: &str) -> i64 {
    fixture.database.connect().await.integer(&format!("SELECT count(*) FROM {table}")).await
}

#[rstest]
#[tokio::test]
async fn the_old_and_the_many_are_pruned(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    let feed = fixture.opened.events(&[]);
    let retention = retention(&fixture, RetentionLimits::default());
    assert_eq!(retention.prune().await.expect("pruned").events, 0, "of nothing");
    fixture.store([task("t")]).await;
    let day = match backend {
        Backend::Sqlite => "CAST(unixepoch('subsec') * 1000000 AS INTEGER) - 86400 * 1000000",
        Backend::Postgres => "now() - interval '24 hours'",
    };
    let minute = match backend {
        Backend::Sqlite => "60000000",
        Backend::Postgres => "interval '1 minute'",
    };
    let insert = format!(
        "INSERT INTO task_events (at, kind, task_id, number, title, status, priority, created_at, updated_at, version) \
         WITH RECURSIVE n (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 2500) \
         SELECT {day} - {minute}, 'updated', id, number, 'old', status, priority, created_at, updated_at, n FROM tasks, n"
    );
    fixture.execute(&insert).await;
    fixture.execute(&format!("UPDATE task_events SET at = {day} - {minute}")).await;
    // However old, the newest stays: readers hold on to it.
    assert_eq!(retention.prune().await.expect("pruned").events, 2_500);
    assert_eq!(rows(&fixture, "task_events").await, 1);
    let mut tail = feed.follow().await.expect("a tail");
    let (old, recent) = (format!("{day} - {minute}"), format!("{day} + {minute}"));
    fixture.execute(&insert.replace(&old, &recent)).await;
    assert_eq!(retention.prune().await.expect("pruned").events, 1, "the others are not old enough");
    assert_eq!(rows(&fixture, "task_events").await, 2_500);
    // What the tail held on to is gone: it cannot know what else is.
    let advance = tail.advance().await.expect("an answer");
    assert_eq!(advance.resync, Some(Resync::Moved));
    // Too many: counted by their numbers, which are 2,502 to 5,001 until now.
    let skip = match backend {
        Backend::Sqlite => "UPDATE sqlite_sequence SET seq = 103999 WHERE name = 'task_events'",
        Backend::Postgres => "ALTER TABLE task_events ALTER COLUMN id RESTART WITH 104000",
    };
    fixture.execute(skip).await;
    fixture.store([task("the 104,000th")]).await;
    assert_eq!(retention.prune().await.expect("pruned").events, 1_499, "up to 4,000");
    assert_eq!(rows(&fixture, "task_events").await, 1_002);
}

/// Keys of 1,000 bytes and a little more, one a minute, the last one `newest` minutes ago.
async fn store_keys(fixture: &Fixture, count: u32, newest: u32) {
    let (bytes, body, moment) = match fixture.database.backend() {
        Backend::Sqlite => (
            "zeroblob(32)",
            "hex(zeroblob(500))",
            "CAST(unixepoch('subsec') * 1000000 AS INTEGER) - (n + $newest) * 60000000",
        ),
        Backend::Postgres => (
            "decode(repeat('00', 32), 'hex')",
            "repeat('0', 1000)",
            "now() - (n + $newest) * interval '1 minute'",
        ),
    };
    let moment = moment.replace("$newest", &newest.to_string());
    fixture
        .execute(&format!(
            "INSERT INTO idempotency_keys (key, fingerprint, claimed_at, status, body) \
             WITH RECURSIVE n (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM n WHERE n < {count} - 1) \
             SELECT 'key ' || (n + {newest}), {bytes}, {moment}, 201, {body} FROM n"
        ))
        .await;
}

#[rstest]
#[tokio::test]
async fn keys_go_after_a_day(#[values(Backend::Sqlite, Backend::Postgres)] backend: Backend) {
    let fixture = Fixture::new(backend).await;
    let retention = retention(&fixture, RetentionLimits::default());
    assert_eq!(retention.prune().await.expect("pruned"), Pruned::default(), "of nothing");
    store_keys(&fixture, 2_500, 24 * 60 + 1).await;
    store_keys(&fixture, 10, 24 * 60 - 11).await;
    assert_eq!(retention.prune().await.expect("pruned"), Pruned { events: 0, keys: 2_500 });
    assert_eq!(rows(&fixture, "idempotency_keys").await, 10);
}

/// The oldest go first, and no more than must.
#[rstest]
#[tokio::test]
async fn no_more_bytes_are_kept_than_the_cap(
    #[values(Backend::Sqlite, Backend::Postgres)] backend: Backend,
) {
    let fixture = Fixture::new(backend).await;
    store_keys(&fixture, 100, 1).await;
    let limits = RetentionLimits { keys_max_bytes: 60_000, ..RetentionLimits::default() };
    let pruned = retention(&fixture, limits).prune().await.expect("pruned");
    let left = rows(&fixture, "idempotency_keys").await;
    assert_eq!(pruned, Pruned { events: 0, keys: u64::try_from(100 - left).expect("fewer") });
    assert!((45..=60).contains(&left), "{left} of about 1,170 bytes");
    let mut side = fixture.database.connect().await;
    let newest = format!(
        "SELECT count(*) FROM idempotency_keys WHERE CAST(substr(key, 5) AS integer) <= {left}"
    );
    assert_eq!(side.integer(&newest).await, left, "the newest stay");

    // Of the events the newest one stays, whatever it takes.
    fixture.store(["a", "b", "c"].map(task)).await;
    let limits = RetentionLimits { events_max_bytes: 1, ..RetentionLimits::default() };
    let pruned = retention(&fixture, limits).prune().await.expect("pruned");
    assert_eq!(pruned, Pruned { events: 2, keys: 0 });
    assert_eq!(side.integer("SELECT min(number) FROM task_events").await, 3);
    let within = retention(&fixture, RetentionLimits::default()).prune().await.expect("pruned");
    assert_eq!(within, Pruned::default());
}

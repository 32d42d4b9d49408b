//! Clients that follow what happens to tasks, and come back when the database is an older one, or an empty one.

use rstest::rstest;
use serde_json::json;

use crate::fixture::{Case, text};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Api, Follower, Server, Told};

/// Creates tasks by an instance that lives no longer, and returns what a client was told of them.
async fn create(case: &Case, titles: &[&str]) -> Vec<Told> {
    let server = Server::start(&[("DATABASE_URL", &case.database.url)]).await;
    let (api, mut follower) = (Api::new(&server.url()), Follower::now(&server.url()).await);
    let mut told = Vec::new();
    for title in titles {
        let _ = api.create(json!({"title": title})).await;
        told.push(follower.task().await);
    }
    told
}

/// What a client is told first that comes back with each of these events.
async fn comes_back(case: &Case, with: &[Told]) -> Vec<String> {
    let server = Server::start(&[("DATABASE_URL", &case.database.url)]).await;
    let mut first = Vec::new();
    for known in with {
        let mut follower = Follower::after(&server.url(), known.id).await;
        let told = follower.next().await.expect("an event");
        first.push(if told.event == "resync" { told.event } else { told.title().to_owned() });
    }
    first
}

#[rstest]
#[tokio::test]
async fn what_a_restore_took_back_is_not_passed_over_in_silence(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let case = Case::with(on, 0).await;
    let kept = create(&case, &["kept"]).await;
    let backup = case.backup();
    let lost = create(&case, &["a", "b"]).await;
    case.restore(&[text(&backup)]).expect(0);
    assert_eq!(comes_back(&case, &lost).await, ["resync", "resync"]);
    let new = create(&case, &["x", "y"]).await;
    let numbers = |told: &[Told]| told.iter().map(Told::number).collect::<Vec<_>>();
    assert_eq!(numbers(&new), numbers(&lost), "the same numbers again");
    assert_eq!(comes_back(&case, &lost).await, ["resync", "resync"]);
    assert_eq!(comes_back(&case, &kept).await, ["x"], "what is in both is known");
}

#[rstest]
#[tokio::test]
async fn nor_is_what_a_reset_took_away(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 0).await;
    let lost = create(&case, &["a", "b"]).await;
    case.run(&["migrate", "reset", "--yes"]).expect(0);
    case.run(&["migrate", "up"]).expect(0);
    assert_eq!(comes_back(&case, &lost).await, ["resync", "resync"]);
    let new = create(&case, &["x", "y", "z"]).await;
    assert_eq!(new[1].number(), lost[1].number(), "the same numbers again");
    assert_eq!(comes_back(&case, &lost).await, ["resync", "resync"]);
}

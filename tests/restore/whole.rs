//! What comes back is all of it, and goes on from there.

use rstest::rstest;
use serde_json::json;

use crate::fixture::{Case, document, text};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Api, Server};

/// The backup comes back to the last byte, and so does what it has replaced.
#[rstest]
#[tokio::test]
async fn there_and_back(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 500).await;
    let (backup, before) = (case.backup(), case.content().await);
    case.change().await;
    let changed = case.content().await;
    assert_ne!(before, changed);

    let restored = case.restore(&[text(&backup), "--json"]).expect(0);
    assert_eq!(case.content().await, before, "{restored:#?}");
    let said = document(&restored);
    assert_eq!(said["schema_state"], "current");
    assert_eq!(said["warnings"], json!([]));

    let saved = said["saved"].as_str().expect("what was there is saved");
    case.run(&["backup", "verify", saved]).expect(0);
    case.restore(&[saved]).expect(0);
    assert_eq!(case.content().await, changed);
}

/// Numbers go on, the search finds, and migrations go back and forth.
#[rstest]
#[tokio::test]
async fn it_goes_on(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 50).await;
    let backup = case.backup();
    case.change().await;
    case.restore(&[text(&backup)]).expect(0);

    let server = Server::start(&[("DATABASE_URL", &case.database.url)]).await;
    let api = Api::new(&server.url());
    assert_eq!(api.create(json!({"title": "needle"})).await["number"], 51);
    assert_eq!(api.json("/tasks/count?q=needle").await["total"], 1);
    assert_eq!(api.json("/tasks/count?q=task").await["total"], 50);
    drop(server);
    if on == Sqlite {
        let check = "INSERT INTO tasks_search(tasks_search, rank) VALUES('integrity-check', 1)";
        case.execute(check).await;
    }
    case.run(&["migrate", "down", "2", "--yes"]).expect(0);
    case.run(&["migrate", "up"]).expect(0);
    assert_eq!(case.integer("SELECT count(*) FROM tasks").await, 51);
}

#[rstest]
#[tokio::test]
async fn an_older_version_is_behind_and_up_brings_it_back(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 10).await;
    case.run(&["migrate", "down", "1", "--yes"]).expect(0);
    let backup = case.backup();
    case.run(&["migrate", "up"]).expect(0);

    let restored = case.restore(&[text(&backup)]).expect(0);
    assert!(restored.stdout.contains("behind"), "{restored:#?}");
    assert!(restored.stdout.contains("1 migration pending; run `taskmanager migrate up`"));
    case.run(&["migrate", "status"]).expect(3);
    case.run(&["migrate", "up"]).expect(0);
    case.run(&["migrate", "status"]).expect(0);
    assert_eq!(case.integer("SELECT count(*) FROM tasks").await, 10);
}

#[rstest]
#[case::back(0, 1)]
#[case::forward(2, 3)]
#[case::there_already(1, 2)]
#[tokio::test]
async fn the_schema_is_brought_to_a_version(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] down: usize,
    #[case] target: usize,
) {
    let versions = Case::versions();
    let case = Case::with(on, 10).await;
    if down > 0 {
        case.run(&["migrate", "down", &down.to_string(), "--yes"]).expect(0);
    }
    case.backup();
    case.run(&["migrate", "up"]).expect(0);
    case.change().await;

    let version = versions[target];
    let restored = case.restore(&["--reset-to", &version.to_string(), "--json"]).expect(0);
    let said = document(&restored);
    assert_eq!(said["schema_version"], version, "{restored:#?}");
    assert_eq!(said["pending_migrations"], versions.len() - 1 - target);
    let head = "SELECT max(version) FROM _sqlx_migrations";
    assert_eq!(case.integer(head).await, version);
    assert_eq!(case.integer("SELECT count(*) FROM tasks").await, 10);
}

#[rstest]
#[tokio::test]
async fn a_version_that_is_not_known_is_refused(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 3).await;
    case.backup();
    case.change().await;
    let before = case.content().await;
    let refused = case.restore(&["--reset-to", "20300101000000"]).expect(2);
    assert!(refused.stderr.contains("--reset-to 20300101000000"), "{refused:#?}");
    assert!(refused.stderr.contains("nothing was changed"), "{refused:#?}");
    assert_eq!(case.content().await, before);
}

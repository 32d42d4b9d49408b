//! `--to-url`: into another database, which is empty or given up; the one that the backup is of is left alone.

use rstest::rstest;

use crate::fixture::{Case, content, text};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::Database;

#[rstest]
#[tokio::test]
async fn an_empty_database(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 20).await;
    let backed_up = case.content().await;
    case.backup();
    case.change().await;
    let present = case.content().await;

    let other = Database::empty(on).await;
    let restored = case.restore(&["--to-url", &other.url]).expect(0);
    assert_eq!(content(&other).await, backed_up, "{restored:#?}");
    assert!(restored.stdout.contains("nothing was saved"), "{restored:#?}");
    assert_eq!(case.content().await, present);
}

#[rstest]
#[tokio::test]
async fn one_that_holds_something(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 20).await;
    let backed_up = case.content().await;
    let backup = case.backup();
    let other = Case::with(on, 5).await;
    let present = other.content().await;

    let refused = case.restore(&["--to-url", &other.database.url]).expect(10);
    assert!(refused.stderr.contains("is not empty"), "{refused:#?}");
    assert_eq!(other.content().await, present);

    let forced =
        case.restore(&[text(&backup), "--to-url", &other.database.url, "--force"]).expect(0);
    assert!(forced.stdout.contains("the replaced data is saved"), "{forced:#?}");
    assert_eq!(content(&other.database).await, backed_up);
}

/// A password in the address is never shown.
#[rstest]
#[case("mysql://ana:hunter2@db/x")]
#[case("postgres://ana:hunter2@127.0.0.1:1/x")]
#[tokio::test]
async fn what_is_no_database(#[case] url: &str) {
    let case = Case::with(Postgres, 1).await;
    case.backup();
    let refused = case.restore(&["--to-url", url]);
    assert!([2, 12, 1].contains(&refused.code), "{refused:#?}");
    assert!(!format!("{refused:?}").contains("hunter2"), "{refused:#?}");
}

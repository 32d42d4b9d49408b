//! Which backup it is: the newest valid one, a number, or a file.

use rstest::rstest;

use crate::fixture::{Case, damage, document, text};
use crate::support::Backend::{self, Postgres, Sqlite};

const TASKS: &str = "SELECT count(*) FROM tasks";

#[rstest]
#[tokio::test]
async fn the_newest_that_is_valid(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 1).await;
    case.backup();
    case.add(1).await;
    let second = case.backup();
    case.add(1).await;
    let third = case.backup();
    damage(&third);

    let restored = case.restore(&["--json"]).expect(0);
    assert_eq!(document(&restored)["restored"], text(&second));
    assert!(restored.stderr.contains(text(&third)), "says which was passed over: {restored:#?}");
    assert_eq!(case.integer(TASKS).await, 2);
}

#[rstest]
#[tokio::test]
async fn a_number_and_a_file(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 1).await;
    let first = case.backup();
    case.add(1).await;
    case.backup();
    case.add(1).await;

    case.restore(&["2"]).expect(0);
    assert_eq!(case.integer(TASKS).await, 1);
    // The save of what was there is the newest now.
    case.restore(&["1"]).expect(0);
    assert_eq!(case.integer(TASKS).await, 3);
    let name = first.file_name().expect("a name").to_str().expect("UTF-8");
    case.restore(&[name]).expect(0);
    assert_eq!(case.integer(TASKS).await, 1);
}

/// The save does not push the backup out that is being restored.
#[rstest]
#[tokio::test]
async fn the_only_one_that_is_kept(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 1).await;
    let backup = case.backup();
    case.add(1).await;
    let variables = [
        ("DATABASE_URL", &*case.database.url),
        ("BACKUP_DIR", case.backups()),
        ("BACKUP_KEEP", "1"),
    ];
    crate::run::run(&["restore", "--yes"], &variables).expect(0);
    assert_eq!(case.integer(TASKS).await, 1);
    assert!(backup.exists());
}

#[rstest]
#[case::no_file("nowhere.dump", 2, "neither the number of a backup nor a file")]
#[case::no_number("7", 11, "there is no backup 7")]
#[tokio::test]
async fn what_is_not_there(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] named: &str,
    #[case] code: i32,
    #[case] words: &str,
) {
    let case = Case::with(on, 1).await;
    case.backup();
    let refused = case.restore(&[named]).expect(code);
    assert!(refused.stderr.contains(words), "{refused:#?}");
}

#[rstest]
#[tokio::test]
async fn none_at_all(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 1).await;
    let refused = case.restore(&["--json"]).expect(11);
    assert_eq!(document(&refused)["error"]["exit_code"], 11);
    assert!(refused.stderr.contains("there is no valid backup"), "{refused:#?}");
}

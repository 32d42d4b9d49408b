//! Which backup it is: the newest valid one, a number, a name, a file, or what the last restore replaced.

use std::path::Path;

use rstest::rstest;
use serde_json::Value;

use crate::fixture::{Case, damage, document, text};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{WITHIN, until};

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
async fn a_number_and_a_name(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 1).await;
    let first = case.backup();
    case.add(1).await;
    case.backup();
    case.add(1).await;

    let second = case.backup();
    case.add(1).await;

    // The saves that restores make do not move the numbers.
    for _ in 0..2 {
        case.restore(&["3"]).expect(0);
        assert_eq!(case.integer(TASKS).await, 1);
        case.restore(&["1"]).expect(0);
        assert_eq!(case.integer(TASKS).await, 3);
    }
    let [name, stem] = [Path::file_name, Path::file_stem]
        .map(|part| part(&first).expect("a name").to_str().expect("UTF-8").to_owned());
    for named in [&*name, &*stem, text(&first)] {
        let restored = case.restore(&[named]).expect(0);
        assert!(restored.stderr.contains(&name), "the confirmation names it: {restored:#?}");
        assert!(restored.stdout.contains(&name), "the report names it: {restored:#?}");
        assert_eq!(case.integer(TASKS).await, 1);
        case.restore(&[text(&second)]).expect(0);
        assert_eq!(case.integer(TASKS).await, 3);
    }
}

/// A name's beginning is enough where one backup has it; else the candidates are named.
#[rstest]
#[tokio::test]
async fn the_beginning_of_a_name(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 1).await;
    let first = case.backup();
    let stem = first.file_stem().expect("a name").to_str().expect("UTF-8");
    // Up to the time, and beyond it: a later backup is of another second, or has a number behind its name.
    case.restore(&[&stem[.."taskmanager-20261121T1102".len()], "--json"]).expect(0);
    case.restore(&["taskmanager-"]).expect(2);

    until("a second of its own", WITHIN, async || {
        let made = case.backup();
        let same = made.file_name().expect("a name").to_str().expect("UTF-8").starts_with(stem);
        (!same).then_some(())
    })
    .await;
    case.add(1).await;
    let refused = case.restore(&["taskmanager-2", "--json"]).expect(2);
    let message = document(&refused)["error"]["message"].as_str().expect("words").to_owned();
    assert!(message.contains(stem) && message.contains("nothing was changed"), "{message}");
    assert_eq!(case.integer(TASKS).await, 2);
}

/// The incident: the save of the damage must not become what the next restore takes.
#[rstest]
#[case::bare(&[])]
#[case::first_number(&["1"])]
#[tokio::test]
async fn restoring_again_does_not_bring_the_damage_back(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] arguments: &[&str],
) {
    let case = Case::with(on, 3).await;
    let good = case.backup();
    case.execute("DELETE FROM tasks").await;
    for _ in 0..3 {
        let restored = case.restore(&[arguments, &["--json"]].concat()).expect(0);
        assert_eq!(document(&restored)["restored"], text(&good));
        assert_eq!(case.integer(TASKS).await, 3);
    }
}

#[rstest]
#[tokio::test]
async fn an_undo_can_be_undone(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 1).await;
    case.backup();
    let refused = case.restore(&["--undo", "--json"]).expect(11);
    assert!(refused.stderr.contains("there is no restore to undo"), "{refused:#?}");
    case.add(4).await;

    let restored = case.restore(&[]).expect(0);
    assert!(restored.stdout.contains("taskmanager restore --undo"), "{restored:#?}");
    for tasks in [5, 1, 5] {
        let undone = case.restore(&["--undo"]).expect(0);
        assert!(undone.stderr.contains("undo the last restore of"), "{undone:#?}");
        assert_eq!(case.integer(TASKS).await, tasks);
    }
    case.restore(&["--undo", "1"]).expect(2);
}

/// Apart in both forms of the list, of the same database only, and not too many of them.
#[rstest]
#[tokio::test]
async fn saves_are_listed_and_counted_apart(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 1).await;
    let first = case.backup();
    for _ in 0..5 {
        case.restore(&[text(&first)]).expect(0);
    }
    let list = || document(&case.run(&["backup", "list", "--json"]).expect(0));
    let counted = |list: &Value, name: &str| list[name].as_array().expect("a list").len();
    let listed = list();
    assert_eq!((counted(&listed, "backups"), counted(&listed, "restore_saves")), (1, 5));
    let saves = listed["restore_saves"].as_array().expect("a list");
    for save in saves {
        assert!(save["index"].is_null(), "{save}");
        assert_eq!(save["manifest"]["reason"], "before_restore");
    }
    let shown = case.run(&["backup", "list"]).expect(0).stdout;
    let (ordinary, apart) = shown.split_once("saved by a restore").expect("two tables");
    assert!(!ordinary.contains("before_restore"), "{shown}");
    assert_eq!(apart.matches("before_restore").count(), 5, "{shown}");

    let newest = saves[0]["path"].as_str().expect("a path").to_owned();
    let keep = [("DATABASE_URL", &*case.database.url), ("BACKUP_DIR", case.backups())];
    testkit::cli::run(&["backup", "prune", "--keep", "1"], &keep).expect(0);
    let listed = list();
    assert_eq!((counted(&listed, "backups"), counted(&listed, "restore_saves")), (1, 3));
    assert_eq!(listed["restore_saves"][0]["path"], newest);
    assert!(first.exists(), "the saves do not push the only backup out");
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
    testkit::cli::run(&["restore", "--yes"], &variables).expect(0);
    assert_eq!(case.integer(TASKS).await, 1);
    assert!(backup.exists());
}

#[rstest]
#[case::no_file("nowhere.dump", 2, "no backup is named \"nowhere.dump\"")]
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

//! What is not restored, with nothing changed.

use std::path::Path;

use rstest::rstest;
use serde_json::Value;
use tempfile::TempDir;

use crate::fixture::{Case, damage, document, text};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::cli::{Run, run};

const NEWER: i64 = 20_991_231_000_000;

/// Copies the program's migrations and adds one.
fn newer_program(on: Backend) -> TempDir {
    let folder = TempDir::new().expect("a temp folder");
    let dialect = if on == Sqlite { "sqlite" } else { "postgres" };
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(dialect);
    for entry in std::fs::read_dir(own).expect("the migrations") {
        let entry = entry.expect("an entry");
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("a copy");
    }
    let stem = format!("{NEWER}_create_gadgets");
    let up = "-- compat: additive\nCREATE TABLE gadgets (id bigint PRIMARY KEY);\n";
    std::fs::write(folder.path().join(format!("{stem}.up.sql")), up).expect("a migration");
    let down = "DROP TABLE gadgets;\n";
    std::fs::write(folder.path().join(format!("{stem}.down.sql")), down).expect("a migration");
    folder
}

#[track_caller]
fn nothing_changed(refused: &Run) {
    assert!(refused.stderr.to_lowercase().contains("nothing was changed"), "{refused:#?}");
}

#[rstest]
#[case::as_the_manifest_says(false)]
#[case::whatever_the_manifest_says(true)]
#[tokio::test]
async fn a_newer_programs(#[values(Sqlite, Postgres)] on: Backend, #[case] hidden: bool) {
    let case = Case::with(on, 5).await;
    let folder = newer_program(on);
    case.run(&["migrate", "up", "--migrations", text(folder.path())]).expect(0);
    let backup = case.backup();
    if hidden {
        let path = format!("{}.json", text(&backup));
        let manifest = std::fs::read_to_string(&path).expect("a manifest");
        let mut manifest: Value = serde_json::from_str(&manifest).expect("a manifest");
        manifest["versions"].as_array_mut().expect("versions").pop();
        manifest["schema_version"] =
            manifest["versions"].as_array().expect("versions").last().expect("one").clone();
        std::fs::write(&path, manifest.to_string()).expect("a manifest");
    }
    case.execute("DROP TABLE gadgets").await;
    case.execute(&format!("DELETE FROM _sqlx_migrations WHERE version = {NEWER}")).await;
    let before = case.content().await;
    for force in [&[][..], &["--force"]] {
        let refused = case.restore(&[&[text(&backup)], force].concat()).expect(11);
        assert!(refused.stderr.contains(&NEWER.to_string()), "{refused:#?}");
        assert!(refused.stderr.contains("is newer than this program"), "{refused:#?}");
        nothing_changed(&refused);
        assert_eq!(case.content().await, before);
    }
    let own = ["restore", text(&backup), "--yes", "--migrations", text(folder.path())];
    case.run(&own).expect(0);
    assert_eq!(case.integer("SELECT count(*) FROM gadgets").await, 0);
}

#[rstest]
#[tokio::test]
async fn a_damaged_one(
    #[values(Sqlite, Postgres)] on: Backend,
    #[values("flipped", "cut", "gone")] how: &str,
) {
    let case = Case::with(on, 50).await;
    let backup = case.backup();
    match how {
        "flipped" => damage(&backup),
        "cut" => {
            let bytes = std::fs::read(&backup).expect("a backup");
            std::fs::write(&backup, &bytes[..bytes.len() - 100]).expect("a cut backup");
        }
        _ => std::fs::write(&backup, "").expect("an empty backup"),
    }
    case.change().await;
    let before = case.content().await;
    let refused = case.restore(&[text(&backup), "--force", "--json"]).expect(11);
    let said = document(&refused)["error"]["message"].to_string();
    assert!(said.contains("is not valid"), "{refused:#?}");
    assert_eq!(case.content().await, before);
}

/// A manifest that says other numbers than the backup has.
#[rstest]
#[tokio::test]
async fn one_with_other_rows(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 50).await;
    let backup = case.backup();
    let path = format!("{}.json", text(&backup));
    let manifest = std::fs::read_to_string(&path).expect("a manifest");
    let mut manifest: Value = serde_json::from_str(&manifest).expect("a manifest");
    manifest["rows"]["tasks"] = 51.into();
    std::fs::write(&path, manifest.to_string()).expect("a manifest");
    case.change().await;
    let before = case.content().await;
    let refused = case.restore(&[text(&backup), "--force"]).expect(11);
    assert!(refused.stderr.contains("table tasks has 50 rows"), "{refused:#?}");
    assert_eq!(case.content().await, before);
}

#[rstest]
#[tokio::test]
async fn one_without_a_manifest_unless_forced(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 50).await;
    let (backup, before) = (case.backup(), case.content().await);
    std::fs::remove_file(format!("{}.json", text(&backup))).expect("a manifest");
    case.change().await;
    let changed = case.content().await;
    let refused = case.restore(&[text(&backup)]).expect(11);
    assert!(refused.stderr.contains("manifest"), "{refused:#?}");
    assert_eq!(case.content().await, changed);

    case.restore(&[text(&backup), "--force"]).expect(0);
    assert_eq!(case.content().await, before);
}

#[rstest]
#[tokio::test]
async fn one_of_the_other_kind(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 1).await;
    let other = Case::with(if on == Sqlite { Postgres } else { Sqlite }, 1).await;
    let backup = other.backup();
    let before = case.content().await;
    let refused = case.restore(&[text(&backup)]).expect(11);
    assert!(refused.stderr.contains("is of "), "{refused:#?}");
    nothing_changed(&refused);
    assert_eq!(case.content().await, before);
}

#[rstest]
#[tokio::test]
async fn a_file_that_is_none(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 1).await;
    let file = case.folder.path().join("letter.txt");
    std::fs::write(&file, "dear database, this is not a backup").expect("a file");
    case.restore(&[text(&file)]).expect(11);
    let refused = case.restore(&[text(&file), "--force"]).expect(11);
    assert!(refused.stderr.contains("neither a dump"), "{refused:#?}");
}

/// What is there is not given up before it is saved.
#[rstest]
#[tokio::test]
async fn when_nothing_can_be_saved_unless_forced(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 5).await;
    let (backup, before) = (case.backup(), case.content().await);
    case.change().await;
    let changed = case.content().await;
    let nowhere = case.folder.path().join("a file, and no folder");
    std::fs::write(&nowhere, "").expect("a file");
    let variables = [("DATABASE_URL", &*case.database.url), ("BACKUP_DIR", text(&nowhere))];
    let refused = run(&["restore", text(&backup), "--yes"], &variables).expect(11);
    assert!(refused.stderr.contains("cannot be saved"), "{refused:#?}");
    nothing_changed(&refused);
    assert_eq!(case.content().await, changed);

    let forced = run(&["restore", text(&backup), "--yes", "--force"], &variables).expect(0);
    assert!(forced.stdout.contains("nothing was saved"), "{forced:#?}");
    assert!(forced.stderr.contains("as --force allows"), "it is in the log: {forced:#?}");
    assert_eq!(case.content().await, before);
}

#[rstest]
#[tokio::test]
async fn where_nobody_can_be_asked(#[values(Sqlite, Postgres)] on: Backend) {
    let case = Case::with(on, 5).await;
    case.backup();
    case.change().await;
    let before = case.content().await;
    let refused = case.run(&["restore"]).expect(2);
    assert!(refused.stderr.contains("rerun with --yes"), "{refused:#?}");
    nothing_changed(&refused);
    assert_eq!(case.content().await, before);
}

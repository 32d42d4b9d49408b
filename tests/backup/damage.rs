//! Backups that are none: `verify` says which, and why, and nothing counts them.

use std::fs::OpenOptions;
use std::os::unix::fs::FileExt;
use std::path::Path;

use rstest::rstest;
use serde_json::Value;

use crate::fixture::{Place, document, manifest, manifest_path};
use testkit::Backend::{self, Postgres, Sqlite};

fn flip_a_byte(path: &Path) {
    let file = OpenOptions::new().read(true).write(true).open(path).expect("a file");
    let middle = file.metadata().expect("its size").len() / 2;
    let mut byte = [0];
    file.read_exact_at(&mut byte, middle).expect("a byte");
    file.write_all_at(&[byte[0] ^ 1], middle).expect("a byte");
}

fn cut(path: &Path) {
    let file = OpenOptions::new().write(true).open(path).expect("a file");
    let size = file.metadata().expect("its size").len();
    file.set_len(size - 1).expect("a cut");
}

fn lose_the_manifest(path: &Path) {
    std::fs::remove_file(manifest_path(path)).expect("a manifest");
}

fn lose_the_file(path: &Path) {
    std::fs::remove_file(path).expect("a file");
}

fn take_the_manifest_of_another(path: &Path) {
    let mut other = manifest(path);
    other["file"] = "taskmanager-20200101T000000Z-1.db".into();
    rewrite(path, &other);
}

fn spoil_the_manifest(path: &Path) {
    std::fs::write(manifest_path(path), "{\"format\": 1, ").expect("a manifest");
}

fn age_the_program(path: &Path) {
    let mut newer = manifest(path);
    newer["format"] = 99.into();
    rewrite(path, &newer);
}

fn rewrite(path: &Path, manifest: &Value) {
    std::fs::write(manifest_path(path), manifest.to_string()).expect("a manifest");
}

#[rstest]
#[case::byte(flip_a_byte, "SHA-256", false)]
#[case::cut(cut, "it was cut", true)]
#[case::no_manifest(lose_the_manifest, "is missing, and without one it is no backup", true)]
#[case::no_file(lose_the_file, "only its manifest is there", true)]
#[case::other(take_the_manifest_of_another, "that of another file, taskmanager-20200101", true)]
#[case::spoilt(spoil_the_manifest, "manifest cannot be read", true)]
#[case::newer(age_the_program, "use the newer program", true)]
#[tokio::test]
async fn damage_is_named(
    #[case] harm: fn(&Path),
    #[case] words: &str,
    #[case] seen_in_the_list: bool,
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let place = Place::new(on).await;
    place.fill(500).await;
    let harmed = place.create();
    let whole = place.create();
    harm(&harmed);
    let name = harmed.file_name().expect("a name").to_string_lossy().into_owned();

    let refused = place.backup(&["verify", &harmed.display().to_string()]).expect(11);
    assert!(refused.stderr.contains(words) && refused.stderr.contains(&name), "{refused:#?}");
    let all = document(&place.backup(&["verify", "--all", "--json"]).expect(11));
    let verdicts = all["backups"].as_array().expect("a list").clone();
    assert_eq!(verdicts.len(), 2, "{all}");
    for verdict in verdicts {
        let of_harmed = verdict["path"].as_str().expect("a path").ends_with(&name);
        assert_eq!(verdict["valid"], !of_harmed, "{verdict}");
    }
    let listed = place.list();
    let entry = listed.iter().find(|e| e["path"].as_str().expect("a path").ends_with(&name));
    let fault = entry.expect("an entry")["fault"].clone();
    let said = fault.as_str().unwrap_or_default();
    assert_eq!(seen_in_the_list, said.contains(words), "{listed:?}");

    // It is not counted: the whole one stays, and so does the harmed one, for somebody to look at.
    let kept = document(&place.backup(&["prune", "--keep", "1", "--json"]).expect(0));
    assert_eq!(kept["kept"][0], whole.display().to_string(), "{kept}");
    let newer = place.create();
    let kept = document(&place.backup(&["prune", "--keep", "1", "--json"]).expect(0));
    assert_eq!(kept["kept"][0], newer.display().to_string(), "{kept}");
    assert!(!whole.exists(), "{kept}");
}

/// A copy whose bytes are those of the manifest is read all the same.
#[rstest]
#[tokio::test]
async fn rows_that_are_not_those_of_the_manifest(#[values(Sqlite, Postgres)] on: Backend) {
    let place = Place::new(on).await;
    place.fill(10).await;
    let path = place.create();
    let mut wrong = manifest(&path);
    wrong["rows"]["filler"] = 11.into();
    rewrite(&path, &wrong);
    let refused = place.backup(&["verify", "--deep"]).expect(11);
    assert!(refused.stderr.contains("table filler has 10 rows"), "{refused:#?}");
    wrong["rows"]["filler"] = 10.into();
    wrong["rows"]["labels"] = 1.into();
    rewrite(&path, &wrong);
    let refused = place.backup(&["verify"]).expect(11);
    assert!(refused.stderr.contains("table labels"), "{refused:#?}");
}

/// What cannot be a backup of ours is in no list, and is never touched.
#[tokio::test]
async fn what_is_not_ours_is_left_alone() {
    let place = Place::new(Sqlite).await;
    place.create();
    let theirs = ["notes.txt", "taskmanager.db", "taskmanager-old.db", "x.partial", "a.db.json"];
    for name in theirs {
        std::fs::write(place.folder().join(name), "theirs").expect("a file");
    }
    assert_eq!(place.list().len(), 1);
    place.create();
    place.backup(&["prune", "--keep", "1"]).expect(0);
    let names = place.names();
    assert_eq!(names.len(), theirs.len() + 2, "{names:?}");
    assert!(theirs.iter().all(|name| names.contains(&(*name).to_owned())), "{names:?}");
}

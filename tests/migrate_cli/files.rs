//! `new`: the four files of a migration.

use std::path::Path;

use rstest::rstest;

use crate::fixture::{Files, document};
use testkit::cli::run;

fn names(files: &Files, dialect: &str) -> Vec<String> {
    let entries = std::fs::read_dir(Path::new(files.path()).join(dialect)).expect("a folder");
    let mut names: Vec<_> = entries
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn version(path: &str) -> i64 {
    let name = Path::new(path).file_name().and_then(|name| name.to_str()).expect("a name");
    name.split('_').next().and_then(|digits| digits.parse().ok()).expect("a version")
}

#[test]
fn four_files_and_the_version_rises() {
    let files = Files::library();
    let first = files.alone(&["new", "Add labels to books"]).expect(0);
    let lines: Vec<_> = first.stdout.lines().map(ToOwned::to_owned).collect();
    let second = document(&files.alone(&["new", "drop-labels", "--json"]).expect(0));
    let second: Vec<_> = second["files"].as_array().expect("a list").iter().collect();
    assert_eq!((lines.len(), second.len()), (4, 4), "{lines:?} {second:?}");
    assert!(lines.iter().all(|path| path.contains("_add_labels_to_books.")), "{lines:?}");
    // Above the newest, although that is years ahead of the clock.
    assert_eq!(version(&lines[0]), 20_300_103_000_001);
    assert_eq!(version(second[0].as_str().expect("a path")), 20_300_103_000_002);
    assert_eq!(names(&files, "postgres"), names(&files, "sqlite"));
    assert_eq!(names(&files, "sqlite").len(), 10);
}

#[rstest]
#[case("labels")]
#[case("")]
#[case("é")]
#[case("___")]
#[case("../add/labels_é")]
fn a_bad_name_is_two_and_makes_nothing(#[case] name: &str) {
    let files = Files::library();
    let run = files.alone(&["new", name]);
    if run.code == 0 {
        // What is left of a name may be a good one; it never leaves the folder.
        assert_eq!(names(&files, "sqlite").len(), 8, "{run:#?}");
        return;
    }
    let refused = run.expect(2);
    assert!(refused.stderr.contains("verb"), "{refused:#?}");
    assert_eq!(refused.stdout, "");
    assert_eq!(names(&files, "sqlite").len(), 6);
    let refused = files.alone(&["new", name, "--json"]).expect(2);
    assert_eq!(document(&refused)["error"]["exit_code"], 2);
}

#[test]
fn a_bad_folder_is_named() {
    let refused =
        run(&["migrate", "new", "add_labels", "--migrations", "/nonexistent"], &[]).expect(2);
    assert!(refused.stderr.contains("/nonexistent/postgres"), "{refused:#?}");
    let refused = run(&["migrate", "new", "add_labels"], &[]).expect(2);
    assert!(refused.stderr.contains("migrations/postgres") && refused.left.is_empty());
}

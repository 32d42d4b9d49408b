//! Make, list, verify: what is printed, what lies in the folder, and what is asked wrongly.

use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use rstest::rstest;
use serde_json::json;

use crate::fixture::{Place, document, manifest};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::cli::run;
use testkit::free_port;

#[rstest]
#[tokio::test]
async fn what_is_made_is_listed_and_valid(#[values(Sqlite, Postgres)] on: Backend) {
    let place = Place::new(on).await;
    place.fill(100).await;
    assert!(place.backup(&["list"]).expect(0).stdout.starts_with("no backups in "));

    let made = document(&place.backup(&["create", "--json"]).expect(0));
    let of = &made["manifest"];
    assert_eq!(of["rows"]["filler"], 100, "{made}");
    assert_eq!(of["rows"]["tasks"], 0, "{made}");
    let versions = of["versions"].as_array().expect("versions");
    assert_eq!(of["rows"]["_sqlx_migrations"], versions.len(), "{made}");
    assert_eq!(Some(&of["schema_version"]), versions.last(), "{made}");
    assert_eq!((&of["reason"], &of["verified"]), (&json!("manual"), &json!(true)), "{made}");
    let path = made["path"].as_str().expect("a path");
    let version = of["schema_version"].to_string();
    let extension = if on == Sqlite { "db" } else { "dump" };
    assert!(path.ends_with(&format!("-{version}.{extension}")), "{path}");
    assert_eq!(&manifest(path.as_ref()), of);
    assert_eq!(std::fs::metadata(path).expect("a file").len(), of["size"].as_u64().expect("size"));

    let mode = |path: &std::path::Path| {
        std::fs::metadata(path).expect("a file").permissions().mode() & 0o777
    };
    assert_eq!(mode(&place.folder()), 0o700);
    for name in place.names() {
        assert_eq!(mode(&place.folder().join(&name)), 0o600, "{name}");
    }

    let second = place.backup(&["create", "--quick"]).expect(0).stdout;
    for words in ["backup    ", "size      ", "filler 100", "verified  ", "took      "] {
        assert!(second.contains(words), "{words}: {second}");
    }
    let listed = place.list();
    assert_eq!(listed.len(), 2, "{listed:?}");
    assert_eq!((&listed[0]["index"], &listed[1]["index"]), (&json!(1), &json!(2)));
    assert_eq!(listed[1]["path"], made["path"]);
    assert!(listed.iter().all(|entry| entry["fault"].is_null()), "{listed:?}");
    let table = place.backup(&["list"]).expect(0).stdout;
    assert!(table.starts_with("#  MADE") && table.lines().count() == 3, "{table}");

    for arguments in [&["verify"][..], &["verify", "2"], &["verify", path], &["verify", "--all"]] {
        let said = place.backup(arguments).expect(0).stdout;
        assert!(said.contains(" is valid: ") && said.contains(&version), "{said}");
    }
    let deep = document(&place.backup(&["verify", "2", "--deep", "--json"]).expect(0));
    assert_eq!(deep["backups"][0]["verified"], true, "{deep}");
}

#[rstest]
#[tokio::test]
async fn two_at_once_are_two(#[values(Sqlite, Postgres)] on: Backend) {
    let place = Place::new(on).await;
    place.fill(2_000).await;
    let mut both = [place.spawn(&["create"], &[]), place.spawn(&["create"], &[])];
    for one in &mut both {
        assert_eq!(one.exit().await, Some(0), "{}", one.output());
    }
    assert_eq!(place.names().len(), 4, "{:?}", place.names());
    place.backup(&["verify", "--all"]).expect(0);
}

#[rstest]
#[tokio::test]
async fn nothing_to_back_up_is_eleven(#[values(Sqlite, Postgres)] on: Backend) {
    let place = Place::empty(on).await;
    let refused = place.backup(&["create", "--json"]).expect(11);
    assert!(refused.stderr.contains("taskmanager migrate up"), "{refused:#?}");
    assert_eq!(document(&refused)["error"]["exit_code"], 11);
    assert_eq!(place.names(), [""; 0]);
    let refused = place.backup(&["verify"]).expect(11);
    assert!(refused.stderr.contains("there is no backup 1 in "), "{refused:#?}");
}

/// The lists of two databases are apart, and `--all` has both.
#[tokio::test]
async fn each_database_has_a_list_of_its_own() {
    let (one, other) = (Place::new(Sqlite).await, Place::new(Postgres).await);
    one.create();
    let folder = one.folder().display().to_string();
    other.with(&["create", "--quick"], &[("BACKUP_DIR", &folder)]).expect(0);
    assert_eq!(one.list().len(), 1);
    let all = document(&one.backup(&["list", "--all", "--json"]).expect(0));
    assert_eq!(all["backups"].as_array().map(Vec::len), Some(2), "{all}");
    one.backup(&["prune", "--keep", "1"]).expect(0);
    assert_eq!(one.names().len(), 4, "{:?}", one.names());
}

#[test]
fn a_database_that_is_not_there_is_twelve() {
    let url = format!("postgres://ana:hunter2@127.0.0.1:{}/tasks", free_port());
    let refused = run(&["backup", "create", "--json"], &[("DATABASE_URL", &url)]).expect(12);
    assert!(!refused.stderr.contains("hunter2") && !refused.stdout.contains("hunter2"));
    assert_eq!(document(&refused)["error"]["exit_code"], 12, "{refused:#?}");
    assert!(refused.left.is_empty(), "{refused:#?}");
}

#[rstest]
#[case(&["prune", "--keep", "0"])]
#[case(&["run"])]
#[case(&["run", "--every", "1s"])]
#[case(&["run", "--every", "24"])]
#[case(&["verify", "1", "--all"])]
fn what_is_typed_wrong_is_two(#[case] arguments: &[&str]) {
    let refused = run(&[&["backup"], arguments].concat(), &[]).expect(2);
    assert!(refused.stdout.is_empty() && !refused.stderr.is_empty(), "{refused:#?}");
}

#[test]
fn help_has_an_example_and_the_exit_codes() {
    for command in ["create", "list", "verify", "prune", "run"] {
        let help = run(&["backup", command, "--help"], &[]).expect(0).stdout;
        assert!(help.contains("Exit codes: 0 "), "{help}");
        assert!(help.contains(&format!("\n  taskmanager backup {command}")), "{help}");
    }
}

#[test]
fn the_makefile_has_a_target_for_it() {
    let help = Command::new("make")
        .args(["--no-print-directory", "help"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("make runs");
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    assert!(help.lines().any(|line| line.starts_with("backup ")), "{help}");
}

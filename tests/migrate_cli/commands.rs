//! What holds for every command: help with examples, one document with `--json`, errors in both forms, and the
//! targets of the Makefile.

use std::process::Command;

use rstest::rstest;
use serde_json::Value;

use crate::fixture::{BOOKS, Files, document, migrate};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::cli::run;
use testkit::{Database, free_port};

const COMMANDS: [&str; 16] = [
    "status", "history", "plan", "up", "down", "redo", "reset", "stamp", "repair", "new", "diff",
    "check", "drift", "lint", "verify", "doctor",
];

#[test]
fn help_lists_every_command() {
    let help = run(&["migrate", "--help"], &[]).expect(0);
    for command in COMMANDS {
        assert!(help.stdout.contains(&format!("\n  {command} ")), "{command}:\n{}", help.stdout);
    }
}

#[rstest]
fn help_has_an_example_and_the_exit_codes() {
    for command in COMMANDS {
        let help = run(&["migrate", command, "--help"], &[]).expect(0);
        let example = format!("\n  taskmanager migrate {command}");
        assert!(help.stdout.contains("\nExample"), "{}", help.stdout);
        assert!(help.stdout.contains(&example), "{}", help.stdout);
        assert!(help.stdout.contains("Exit codes: 0 "), "{}", help.stdout);
        assert!(help.stdout.contains("--json"), "{}", help.stdout);
    }
}

/// Each in its turn, in words on one database and as a document on the other; `run` sees to it that nothing piped
/// holds a colour.
#[rstest]
#[tokio::test]
async fn every_command_prints_one_document(#[values(Sqlite, Postgres)] on: Backend) {
    let files = Files::library();
    let stamp = BOOKS.to_string();
    let turns: [(&[&str], i32); 17] = [
        (&["status"], 3),
        (&["plan"], 0),
        (&["up", "+1"], 0),
        (&["stamp", &stamp], 0),
        (&["up"], 0),
        (&["up"], 0),
        (&["history"], 0),
        (&["redo", "--yes"], 0),
        (&["down", "1", "--yes"], 0),
        (&["reset", "--yes"], 0),
        (&["repair", &stamp, "--reason", "none"], 1),
        (&["lint"], 0),
        (&["verify"], 0),
        (&["doctor"], 0),
        (&["check"], 3),
        (&["drift"], 0),
        (&["new", "add_shelves"], 0),
    ];
    let (words, documents) = (Database::empty(on).await, Database::empty(on).await);
    for (arguments, code) in turns {
        let said = files.migrate(&words, arguments).expect(code);
        assert!(code == 1 || !said.stdout.is_empty(), "{said:#?}");
        if arguments == ["new", "add_shelves"] {
            continue;
        }
        let said = files.migrate(&documents, &[arguments, &["--json"]].concat()).expect(code);
        let document = document(&said);
        assert!(document.is_object() || document.is_array(), "{document}");
        if code == 1 {
            assert_eq!(document["error"]["exit_code"], 1, "{document}");
            assert!(said.stderr.contains(document["error"]["message"].as_str().expect("words")));
        }
    }
}

#[test]
fn what_cannot_be_reached_is_twelve_in_both_forms() {
    let url = format!("postgres://ana:hunter2@127.0.0.1:{}/tasks", free_port());
    let variables = [("DATABASE_URL", url.as_str()), ("DATABASE_WAIT", "0s")];
    let version = BOOKS.to_string();
    for arguments in [
        &["status"][..],
        &["history"],
        &["plan"],
        &["up"],
        &["up", "+1"],
        &["down", "1", "--yes"],
        &["redo", "--yes"],
        &["reset", "--yes"],
        &["stamp", &version],
        &["repair", &version, "--reason", "x"],
        &["doctor"],
        &["check"],
        &["drift"],
    ] {
        let arguments = [&["migrate"], arguments, &["--json"]].concat();
        let refused = run(&arguments, &variables).expect(12);
        assert_eq!(document(&refused)["error"]["exit_code"], 12, "{refused:#?}");
        assert!(!refused.stderr.contains("hunter2") && !refused.stdout.contains("hunter2"));
    }
}

#[rstest]
#[case(&["up", "1"])]
#[case(&["up", "+0"])]
#[case(&["up", "+x"])]
#[case(&["up", "+1", "--to", "20300101000000"])]
#[case(&["down"])]
#[case(&["down", "1", "--all"])]
#[case(&["down", "x"])]
#[case(&["stamp"])]
#[case(&["stamp", "head"])]
#[case(&["repair", "1"])]
#[case(&["plan", "--sql", "--json"])]
#[tokio::test]
async fn what_is_typed_wrong_is_two(#[case] arguments: &[&str]) {
    let database = Database::empty(Sqlite).await;
    let refused = migrate(&database, arguments).expect(2);
    assert_eq!(refused.stdout, "");
    assert!(!refused.stderr.is_empty() && refused.left.is_empty(), "{refused:#?}");
}

/// A folder that is not there, or holds what is no migration, is named, also as a document.
#[rstest]
#[tokio::test]
async fn files_that_break_a_rule_are_named(#[values(Sqlite, Postgres)] on: Backend) {
    let database = Database::empty(on).await;
    let files = Files::none().with("20300101000000_books", "SELECT 1;\n", "SELECT 1;\n");
    for command in ["status", "history", "plan", "up", "lint", "verify", "doctor", "check", "drift"]
    {
        let refused = files.migrate(&database, &[command, "--json"]).expect(1);
        let document: Value = document(&refused);
        let message = document["error"]["message"].as_str().expect("words");
        assert!(message.contains("20300101000000_books.up.sql"), "{message}");
        let refused = migrate(&database, &[command, "--migrations", "/nonexistent"]).expect(1);
        assert!(refused.stderr.contains("/nonexistent"), "{refused:#?}");
    }
}

#[test]
fn the_makefile_lists_the_targets_that_alembic_users_know() {
    let help = Command::new("make")
        .args(["--no-print-directory", "help"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("make runs");
    let help = String::from_utf8(help.stdout).expect("UTF-8");
    for target in
        ["migrate", "migrate-check", "migrate-history", "migrate-drift", "upgrade-revision"]
    {
        assert!(help.lines().any(|line| line.split_whitespace().next() == Some(target)), "{help}");
    }
}

/// What make would run for a new migration.
fn upgrade_revision(variables: &[&str]) -> (Option<i32>, String) {
    let output = Command::new("make")
        .args(["--no-print-directory", "--dry-run", "upgrade-revision"])
        .args(variables)
        .env_remove("MAKEFLAGS")
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("make runs");
    (output.status.code(), String::from_utf8(output.stdout).expect("UTF-8"))
}

#[test]
fn upgrade_revision_drafts_unless_the_files_are_to_be_empty() {
    let (code, drafts) =
        upgrade_revision(&["NAME=add_labels", "RENAME=a.b=c tasks=todos", "YES=1"]);
    assert_eq!(code, Some(0), "{drafts}");
    for words in [
        "migrate diff -m \"$@\"",
        "\"add_labels\"",
        "--rename 'a.b=c' --rename 'tasks=todos' --yes",
    ] {
        assert!(drafts.contains(words), "{words}: {drafts}");
    }
    let (_, empty) = upgrade_revision(&["NAME=add_labels", "EMPTY=1"]);
    assert!(empty.contains("migrate new \"add_labels\""), "{empty}");
    assert!(!empty.contains("migrate diff"), "{empty}");
}

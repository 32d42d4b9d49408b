//! `taskmanager config`, and configurations that cannot be used.

use rstest::rstest;
use serde_json::{Value, json};
use taskmanager::config::VARIABLES;

use testkit::cli::run;

/// Variables that only say where another's value is are not settings of their own.
fn settings() -> impl Iterator<Item = &'static str> {
    VARIABLES.iter().map(|variable| variable.name).filter(|name| !name.ends_with("_FILE"))
}

#[test]
fn every_setting_is_shown_with_its_source() {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), "postgres://ana:hunter2@db.example/tasks?sslmode=verify-full\n")
        .expect("a secret");
    let path = file.path().to_str().expect("UTF-8");
    let variables = [("DATABASE_URL_FILE", path), ("PORT", "81"), ("ENVIRONMENT", "")];
    let shown = run(&["config", "--port", "82", "--migrate=check"], &variables).expect(0);
    assert_eq!(shown.stderr, "");
    let rows: Vec<Vec<&str>> =
        shown.stdout.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows[0], ["NAME", "VALUE", "SOURCE"]);
    assert_eq!(
        rows[1..].iter().map(|row| row[0]).collect::<Vec<_>>(),
        settings().collect::<Vec<_>>()
    );
    let url = "postgres://ana:***@db.example/tasks?sslmode=verify-full";
    for expected in [
        ["DATABASE_URL", url, "file"],
        ["MIGRATE_DATABASE_URL", url, "default"],
        ["PORT", "82", "flag"],
        ["MIGRATE", "check", "flag"],
        // Empty counts as unset.
        ["ENVIRONMENT", "development", "default"],
        ["REQUEST_TIMEOUT", "10s", "default"],
    ] {
        assert!(rows.iter().any(|row| *row == expected), "{expected:?}:\n{}", shown.stdout);
    }
    assert!(shown.left.is_empty(), "{:?}", shown.left);
}

#[test]
fn json_is_one_document_of_the_same() {
    let variables = [("DATABASE_URL", "postgres://ana:hunter2@db.example/tasks"), ("HOST", "::")];
    let document = run(&["config", "--json"], &variables).expect(0).json();
    let members = document.as_object().expect("an object");
    let mut names: Vec<_> = settings().collect();
    names.sort_unstable();
    let mut shown: Vec<_> = members.keys().map(String::as_str).collect();
    shown.sort_unstable();
    assert_eq!(shown, names);
    assert_eq!(document["HOST"], json!({"value": "::", "source": "environment"}));
    let expected = json!({"value": "postgres://ana:***@db.example/tasks", "source": "environment"});
    assert_eq!(document["DATABASE_URL"], expected);
    assert!(members.values().all(|setting| setting["value"].is_string()), "{document}");
    assert_eq!(document["PORT"]["source"], Value::from("default"));
}

#[rstest]
#[case(&[])]
#[case(&["serve"])]
#[case(&["config"])]
#[case(&["config", "--json"])]
#[case(&["migrate", "status"])]
fn every_problem_is_told_at_once_a_line_each(#[case] arguments: &[&str]) {
    let variables = [
        ("DATABASE_URL", "mysql://ana:hunter2@h/d"),
        ("PORT", "99999"),
        ("MIGRATE", "yes"),
        ("REQUEST_TIMEOUT", "1"),
        ("LOG_FORMAT", "xml\nPORT (environment): fine"),
        ("CORS_ORIGINS", "https://a.example/tasks"),
    ];
    let refused = run(&[arguments, &["--database-wait", "soon"]].concat(), &variables).expect(2);
    assert_eq!(refused.stdout, "");
    let lines: Vec<_> = refused.stderr.lines().collect();
    let names: Vec<_> = lines.iter().filter_map(|line| line.split(' ').next()).collect();
    let expected = [
        "DATABASE_URL",
        "MIGRATE",
        "PORT",
        "CORS_ORIGINS",
        "DATABASE_WAIT",
        "REQUEST_TIMEOUT",
        "LOG_FORMAT",
    ];
    assert_eq!(names, expected, "{}", refused.stderr);
    assert!(lines[4].contains("(flag --database-wait): "), "{}", refused.stderr);
    assert!(lines.iter().all(|line| line.contains("): must ")), "{}", refused.stderr);
    assert!(!refused.stderr.contains("hunter2"), "{}", refused.stderr);
    assert!(refused.left.is_empty(), "{:?}", refused.left);
}

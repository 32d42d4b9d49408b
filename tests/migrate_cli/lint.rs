//! `lint`: each rule finds its bad file, at its line, and nothing else; a waiver is heard, and one for nothing is found.

use rstest::rstest;
use serde_json::{Value, json};

use crate::fixture::{Files, document};
use crate::run::run;

const STEM: &str = "20300104000000_change_something";

fn findings(files: &Files, code: i32) -> Vec<Value> {
    let said = files.alone(&["lint", "--json"]).expect(code);
    document(&said)["findings"].as_array().expect("a list").clone()
}

const ADD: &str = "-- compat: additive\n";
const BREAK: &str = "-- compat: breaking\n";

#[rstest]
#[case("undeclared-compat", "postgres", "CREATE TABLE a (id bigint);", "DROP TABLE a;", 1)]
#[case(
    "wrong-compat",
    "postgres",
    "-- compat: additive\n\nALTER TABLE books RENAME COLUMN title TO name;",
    "SELECT 1;",
    3
)]
#[case(
    "wrong-compat",
    "sqlite",
    "-- compat: additive\nALTER TABLE books DROP COLUMN author;",
    "SELECT 1;",
    2
)]
#[case("wrong-compat", "sqlite", "-- compat: additive\nDROP TABLE books;", "SELECT 1;", 2)]
#[case(
    "wrong-compat",
    "postgres",
    "-- compat: additive\nALTER TABLE books ALTER id TYPE numeric;",
    "SELECT 1;",
    2
)]
#[case(
    "transaction-control",
    "sqlite",
    "-- compat: additive\nCREATE TABLE a (id bigint);\nCOMMIT;",
    "DROP TABLE a;",
    3
)]
#[case(
    "no-transaction-on-sqlite",
    "sqlite",
    "-- no-transaction\n-- compat: additive\nCREATE TABLE a (id bigint);",
    "DROP TABLE a;",
    1
)]
#[case(
    "rebuild-on-postgres",
    "postgres",
    "-- compat: additive\n-- rebuild\nCREATE TABLE a (id bigint);",
    "DROP TABLE a;",
    1
)]
#[case(
    "concurrently-in-transaction",
    "postgres",
    "-- compat: additive\n-- why\nCREATE INDEX CONCURRENTLY i ON books (id);",
    "DROP INDEX i;",
    3
)]
#[case(
    "validate-in-same-transaction",
    "postgres",
    "-- compat: additive\nALTER TABLE books ADD CONSTRAINT c CHECK (id > 0) NOT VALID;\nALTER TABLE books VALIDATE CONSTRAINT c;",
    "ALTER TABLE books DROP CONSTRAINT c;",
    3
)]
#[case(
    "every-row-changed",
    "postgres",
    "-- compat: additive\nUPDATE books SET title = 'x';",
    "SELECT 1;",
    2
)]
#[case("every-row-changed", "sqlite", "-- compat: additive\nDELETE FROM books;", "SELECT 1;", 2)]
#[case(
    "several-risky-statements",
    "postgres",
    "-- compat: additive\nCREATE INDEX i ON books (id);\nCREATE INDEX j ON books (title);",
    "DROP INDEX j; DROP INDEX i;",
    3
)]
#[case(
    "down-does-not-undo",
    "sqlite",
    "-- compat: additive\nCREATE TABLE a (id bigint);\nCREATE TABLE b (id bigint);",
    "DROP TABLE a;",
    3
)]
#[case(
    "down-does-not-undo",
    "postgres",
    "-- compat: additive\nALTER TABLE books ADD COLUMN pages bigint;",
    "SELECT 1;",
    2
)]
#[case(
    "unused-waiver",
    "sqlite",
    "-- compat: additive\n-- allow: every-row-changed there are few\nCREATE TABLE a (id bigint);",
    "DROP TABLE a;",
    2
)]
fn each_rule_has_its_finding_and_no_other(
    #[case] rule: &str,
    #[case] dialect: &str,
    #[case] up: &str,
    #[case] down: &str,
    #[case] line: usize,
) {
    let files = Files::library().with_one(dialect, STEM, up, down);
    let warning =
        ["undeclared-compat", "several-risky-statements", "unused-waiver"].contains(&rule);
    let code = if warning { 0 } else { 10 };
    let found = findings(&files, code);
    let found: Vec<_> =
        found.iter().map(|f| (&f["file"], &f["line"], &f["rule"], &f["severity"])).collect();
    let file = json!(format!("{dialect}/{STEM}.up.sql"));
    let severity = json!(if warning { "warning" } else { "error" });
    assert_eq!(found, [(&file, &json!(line), &json!(rule), &severity)]);

    let text = files.alone(&["lint"]).expect(code).stdout;
    let (word, file) = (severity.as_str().expect("a word"), file.as_str().expect("a path"));
    assert!(text.starts_with(&format!("{file}:{line}: {word} [{rule}]\n")), "{text}");
    assert!(text.contains("\n  why: ") && text.contains("\n  safe: "), "{text}");

    if rule != "unused-waiver" {
        let waiver = format!("-- allow: {rule} there are few\n");
        let head = "-- no-transaction\n";
        let waived = match up.strip_prefix(head) {
            Some(rest) => format!("{head}{waiver}{rest}"),
            None => waiver + up,
        };
        let files = Files::library().with_one(dialect, STEM, &waived, down);
        assert_eq!(findings(&files, 0), [json!(null); 0], "{waived}");
    }
}

/// Two rules see it: what is taken away, and what refers to it.
#[rstest]
#[case("postgres")]
#[case("sqlite")]
fn a_table_that_others_refer_to(#[case] dialect: &str) {
    let reviews =
        "CREATE TABLE reviews (id bigint PRIMARY KEY, book bigint REFERENCES books (id));\n";
    let files = Files::library()
        .with_one(
            dialect,
            "20300103120000_create_reviews",
            &(ADD.to_owned() + reviews),
            "DROP TABLE reviews;\n",
        )
        .with_one(dialect, STEM, &format!("{BREAK}DROP TABLE IF EXISTS books;\n"), "SELECT 1;\n");
    let found = findings(&files, 10);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(
        (&found[0]["rule"], &found[0]["line"]),
        (&json!("referenced-table-dropped"), &json!(2))
    );
    assert!(found[0]["lock"].as_str().is_some_and(|lock| lock.contains("ACCESS EXCLUSIVE")));
}

#[test]
fn good_files_have_no_findings() {
    assert_eq!(Files::library().alone(&["lint"]).expect(0).stdout, "no findings\n");
    let concurrently = Files::library().with_one(
        "postgres",
        STEM,
        "-- no-transaction\n-- compat: additive\nCREATE INDEX CONCURRENTLY i ON books (id);\n",
        "-- no-transaction\nDROP INDEX CONCURRENTLY i;\n",
    );
    assert_eq!(findings(&concurrently, 0), [json!(null); 0]);
}

#[test]
fn the_shipped_migrations_have_no_error() {
    let said = run(&["migrate", "lint", "--json"], &[]).expect(0).json();
    let found = said["findings"].as_array().expect("a list");
    assert!(found.iter().all(|finding| finding["severity"] == "warning"), "{found:?}");
}

/// Files narrow it down; one that is none of them is named and not passed over.
#[test]
fn only_these_files() {
    let files = Files::library()
        .with_one("sqlite", STEM, "CREATE TABLE a (id bigint);\n", "SELECT 1;\n")
        .with_one(
            "sqlite",
            "20300105000000_change_more",
            "CREATE TABLE b (id bigint);\n",
            "SELECT 1;\n",
        );
    assert_eq!(findings(&files, 10).len(), 4);
    let path = format!("{}/sqlite/{STEM}.up.sql", files.path());
    let said = files.alone(&["lint", "--json", &path]).expect(10);
    assert_eq!(document(&said)["findings"].as_array().map(Vec::len), Some(2));
    for wrong in ["notes.txt", "sqlite/20310101000000_create_nothing.up.sql"] {
        let refused = files.alone(&["lint", wrong]).expect(2);
        assert!(refused.stderr.contains(wrong), "{refused:#?}");
        assert_eq!(refused.stdout, "");
    }
}

//! `lint`: how findings are told, in words and as documents; which files it takes. What each rule finds is the
//! business of `tests/lint_table`.

use rstest::rstest;
use serde_json::{Value, json};

use crate::fixture::{Files, document};
use testkit::cli::{Run, run};

const STEM: &str = "20300104000000_change_something";

fn findings(files: &Files, code: i32) -> Vec<Value> {
    listed(&files.alone(&["lint", "--json"]).expect(code))
}

fn listed(said: &Run) -> Vec<Value> {
    document(said)["findings"].as_array().expect("a list").clone()
}

#[rstest]
#[case::postgres(
    "adding-not-nullable-field",
    "postgres",
    "-- compat: breaking\n\nALTER TABLE books ALTER author SET NOT NULL;",
    "error",
    3,
    Some("ACCESS EXCLUSIVE")
)]
#[case::sqlite(
    "every-row-changed",
    "sqlite",
    "-- compat: additive\nDELETE FROM books;",
    "error",
    2,
    None
)]
#[case::warning(
    "prefer-timestamptz",
    "postgres",
    "-- compat: additive\nALTER TABLE books ADD COLUMN since timestamp;",
    "warning",
    2,
    None
)]
#[case::no_transaction(
    "no-transaction-on-sqlite",
    "sqlite",
    "-- no-transaction\n-- compat: additive\nSELECT 1;",
    "error",
    1,
    None
)]
fn a_finding_is_told_and_may_be_waived(
    #[case] rule: &str,
    #[case] dialect: &str,
    #[case] up: &str,
    #[case] severity: &str,
    #[case] line: usize,
    #[case] lock: Option<&str>,
) {
    let down = "ALTER TABLE books DROP COLUMN since;";
    let files = Files::library().with_one(dialect, STEM, up, down);
    let code = if severity == "error" { 10 } else { 0 };
    let found = findings(&files, code);
    assert_eq!(found.len(), 1, "{found:?}");
    let file = format!("{dialect}/{STEM}.up.sql");
    for (key, value) in [
        ("file", json!(file)),
        ("line", json!(line)),
        ("rule", json!(rule)),
        ("severity", json!(severity)),
        ("lock", json!(lock)),
        ("rewrites", json!(false)),
    ] {
        assert_eq!(found[0][key], value, "{key} of {found:?}");
    }
    let text = files.alone(&["lint"]).expect(code).stdout;
    assert!(text.starts_with(&format!("{file}:{line}: {severity} [{rule}]\n")), "{text}");
    assert!(text.contains("\n  why: ") && text.contains("\n  suggestion: "), "{text}");
    assert_eq!(lock.is_some(), text.contains("\n  lock: "), "{text}");
    assert!(!text.contains('\x1b'), "{text:?}");

    let waiver = format!("-- allow: {rule} there are few\n");
    let head = "-- no-transaction\n";
    let waived = match up.strip_prefix(head) {
        Some(rest) => format!("{head}{waiver}{rest}"),
        None => waiver + up,
    };
    let files = Files::library().with_one(dialect, STEM, &waived, down);
    assert_eq!(findings(&files, 0), [json!(null); 0], "{waived}");
}

/// A down file's own faults are told as its own, and waived in it.
#[rstest]
#[case("postgres", "DROP TABEL a;", "syntax-error")]
#[case("sqlite", "DROP TABEL a;", "syntax-error")]
#[case("postgres", "DROP TABLE a; COMMIT;", "transaction-control")]
#[case("sqlite", "DROP TABLE a; COMMIT;", "transaction-control")]
fn down_files_too(#[case] dialect: &str, #[case] down: &str, #[case] rule: &str) {
    let up = "-- compat: additive\nCREATE TABLE a (id bigint);";
    let files = Files::library().with_one(dialect, STEM, up, &format!("-- why\n{down}"));
    let found = findings(&files, 10);
    let told: Vec<_> = found.iter().map(|f| (&f["file"], &f["line"], &f["rule"])).collect();
    let file = json!(format!("{dialect}/{STEM}.down.sql"));
    assert_eq!(told, [(&file, &json!(2), &json!(rule))]);
    let waived = format!("-- allow: {rule} to see\n{down}");
    let files = Files::library().with_one(dialect, STEM, up, &waived);
    assert_eq!(findings(&files, 0), [json!(null); 0]);
}

#[test]
fn good_files_have_no_findings() {
    assert_eq!(Files::library().alone(&["lint"]).expect(0).stdout, "no findings\n");
}

#[test]
fn the_shipped_migrations_have_no_findings() {
    let said = run(&["migrate", "lint", "--json"], &[]).expect(0).json();
    assert_eq!(said["findings"], json!([]));
}

/// Files narrow it down; one that is none of them is named and not passed over.
#[test]
fn only_these_files() {
    let files = Files::library()
        .with_one("sqlite", STEM, "CREATE TABLE a (id bigint);\n", "SELECT 1;\n")
        .with_one(
            "sqlite",
            "20300105000000_change_more",
            "-- compat: additive\nALTER TABLE a ADD COLUMN b TEXT UNIQUE;\n",
            "ALTER TABLE a DROP COLUMN b;\n",
        );
    assert_eq!(findings(&files, 10).len(), 3);
    let path = |stem: &str, way: &str| format!("{}/sqlite/{stem}.{way}.sql", files.path());
    let (first, second) = (path(STEM, "up"), path("20300105000000_change_more", "down"));
    let lint = |arguments: &[&str]| run(&[&["migrate", "lint", "--json"], arguments].concat(), &[]);
    // Both files of one migration are one migration.
    let found = listed(&lint(&[&first, &path(STEM, "down")]).expect(10));
    assert_eq!(found.len(), 2, "{found:?}");
    assert!(found.iter().all(|it| it["file"] == json!(first)), "{found:?}");
    // Judged after those before it: the table is there.
    let found = listed(&lint(&[&second]).expect(10));
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!(found[0]["rule"], "unsupported-add-column");
    assert_eq!(found[0]["file"], json!(path("20300105000000_change_more", "up")));
    let missing = path("20310101000000_create_nothing", "up");
    for wrong in ["notes.txt", &missing] {
        let refused = run(&["migrate", "lint", &first, wrong], &[]).expect(2);
        assert!(refused.stderr.contains(wrong), "{refused:#?}");
        assert_eq!(refused.stdout, "");
    }
}

/// A draft anywhere, of any name, is judged where it is said for which database.
#[test]
fn a_file_outside_of_any_folder() {
    let folder = tempfile::TempDir::new().expect("a temp folder");
    let path = folder.path().join("draft.up.sql");
    std::fs::write(&path, "-- compat: additive\nTRUNCATE books;\n").expect("a draft");
    let path = path.to_str().expect("UTF-8");
    let refused = run(&["migrate", "lint", path], &[]).expect(2);
    assert!(refused.stderr.contains("--dialect postgres"), "{refused:#?}");
    for (dialect, rule) in [("postgres", "ban-truncate"), ("sqlite", "syntax-error")] {
        let said = run(&["migrate", "lint", "--json", "--dialect", dialect, path], &[]).expect(10);
        let found = listed(&said);
        assert_eq!(found.len(), 1, "{found:?}");
        let told = (&found[0]["rule"], &found[0]["line"], &found[0]["file"]);
        assert_eq!(told, (&json!(rule), &json!(2), &json!(path)));
    }
    run(&["migrate", "lint", "--dialect", "sqlite"], &[]).expect(2);
}

/// What a code host needs of SARIF 2.1.0: the tool with its rules, and results that point to them and to lines.
#[test]
fn a_document_for_code_hosts() {
    let files = Files::library().with_one(
        "postgres",
        STEM,
        "UPDATE books SET title = 'x';\n",
        "SELECT 1;\n",
    );
    let said = document(&files.alone(&["lint", "--sarif"]).expect(10));
    assert_eq!(said["version"], "2.1.0");
    assert!(said["$schema"].as_str().is_some_and(|it| it.ends_with("sarif-2.1.0.json")));
    let runs = said["runs"].as_array().expect("runs");
    assert_eq!(runs.len(), 1);
    let driver = &runs[0]["tool"]["driver"];
    assert_eq!(driver["name"], "taskmanager");
    let rules = driver["rules"].as_array().expect("rules");
    for rule in rules {
        for text in [&rule["id"], &rule["shortDescription"]["text"], &rule["help"]["text"]] {
            assert!(text.as_str().is_some_and(|text| !text.is_empty()), "{rule}");
        }
        let level = rule["defaultConfiguration"]["level"].as_str();
        assert!(matches!(level, Some("error" | "warning")), "{rule}");
    }
    let results = runs[0]["results"].as_array().expect("results");
    let told: Vec<_> = results.iter().map(|it| (&it["ruleId"], &it["level"])).collect();
    let expected = [
        (&json!("every-row-changed"), &json!("error")),
        (&json!("undeclared-compat"), &json!("warning")),
    ];
    assert_eq!(told, expected);
    for result in results {
        let index = result["ruleIndex"].as_u64().and_then(|index| usize::try_from(index).ok());
        assert_eq!(rules[index.expect("an index")]["id"], result["ruleId"]);
        assert!(result["message"]["text"].as_str().is_some_and(|text| text.len() > 20));
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().expect("a reference");
        assert!(uri.ends_with(&format!("postgres/{STEM}.up.sql")), "{uri}");
        assert!(!uri.starts_with('/') && !uri.contains("://") && !uri.contains('\\'), "{uri}");
        assert_eq!(place["region"]["startLine"], 1);
    }
    run(&["migrate", "lint", "--sarif", "--json"], &[]).expect(2);

    let shipped = run(&["migrate", "lint", "--sarif"], &[]).expect(0).json();
    assert_eq!(shipped["runs"][0]["results"], json!([]));
}

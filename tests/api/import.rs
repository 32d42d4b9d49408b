//! `POST /tasks/import`.

use std::fmt::Write as _;

use rstest::rstest;
use serde_json::{Value, json};

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Answer, App};

async fn import(app: &App, query: &str, kind: &str, file: impl Into<Vec<u8>>) -> Answer {
    let call = app.call("POST", &format!("/tasks/import{query}"));
    call.header("content-type", kind).raw(file).send().await
}

/// `line field code` of every fault that is reported.
fn faults(answer: &Answer) -> Vec<String> {
    let body = answer.json();
    let word = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let errors = body["errors"].as_array().expect("a list");
    errors
        .iter()
        .map(|e| format!("{} {} {}", e["line"], word(&e["field"]), word(&e["code"])))
        .collect()
}

/// Ten thousand rows, some of several lines, and seven that break a rule; with the lines of those.
fn large() -> (String, Vec<String>) {
    let mut file = String::from("\u{feff}title,description,status,priority,due_date,assignee\r\n");
    let (mut line, mut expected) = (2, Vec::new());
    for row in 0..10_000 {
        let bad = match row {
            0 => Some(("title too_short", "  ,,todo,low,,")),
            17 => Some(("status not_allowed", "t,,open,low,,")),
            4_000 => Some(("due_date invalid_date", "t,\"two\r\nlines\",todo,low,24.12.2026,")),
            4_001 => Some(("- cell_count", "t,,todo,low")),
            7_777 => {
                Some(("priority not_allowed", "t,\"\"\"quoted\"\",\n\nand more\",done,urgent,,"))
            }
            9_998 => Some(("title control_character", "a\u{7}b,,,,,")),
            9_999 => Some(("assignee too_long", "")),
            _ => None,
        };
        let text = match bad {
            Some((_, "")) => format!("t,,,,,{}", "x".repeat(101)),
            Some((_, text)) => text.to_owned(),
            None if row % 10 == 0 => {
                format!("task {row},\"one\r\ntwo, \"\"three\"\"\nfour\",todo,low,,")
            }
            None => format!("task {row},,done,,2026-12-24,Ana"),
        };
        if let Some((fault, _)) = bad {
            expected.push(format!("{line} {fault}"));
        }
        line += 1 + text.matches('\n').count();
        let _ = write!(file, "{text}\r\n");
    }
    (file, expected)
}

#[rstest]
#[tokio::test]
async fn seven_bad_rows_of_ten_thousand_are_named(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let (file, expected) = large();
    assert_eq!(expected.len(), 7);
    let looked = import(&app, "?dry_run=true", "text/csv", file.clone()).await.expect(200);
    assert_eq!(faults(&looked), expected);
    let body = looked.json();
    assert_eq!((&body["dry_run"], &body["created"]), (&json!(true), &json!(0)));
    assert_eq!(body["errors_total"], 7);
    assert!(body["errors"][1]["message"].as_str().expect("a text").contains("got \"open\""));

    let refused = import(&app, "", "text/csv", file).await.problem(422, "validation");
    assert_eq!(faults(&refused), expected);
    let body = refused.json();
    assert_eq!(
        (&body["errors_total"], &body["errors"][1]["pointer"]),
        (&json!(7), &json!("/17/status"))
    );
    assert!(body["detail"].as_str().expect("a text").starts_with("7 faults in 10000 rows"));
    assert_eq!(app.json("/tasks/count").await, json!({"total": 0}));
}

#[rstest]
#[tokio::test]
async fn a_good_file_makes_all_of_its_tasks(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let mut file = String::from("number,priority,title,completed,id,status,version,description\n");
    for row in 0..3_000 {
        let _ =
            writeln!(file, "99,high,task {row},{},x,,7,", if row % 2 == 0 { "TRUE" } else { "" });
    }
    let looked = import(&app, "?dry_run=true", "text/csv; charset=UTF-8", file.clone()).await;
    let expected = json!({"dry_run": true, "created": 3_000, "errors": [], "errors_total": 0});
    assert_eq!(looked.expect(200).json(), expected);
    assert_eq!(app.json("/tasks/count").await, json!({"total": 0}));

    let made = import(&app, "?dry_run=false", "text/csv", file).await.expect(200).json();
    let expected = json!({"dry_run": false, "created": 3_000, "errors": [], "errors_total": 0});
    assert_eq!(made, expected);
    // What only the server gives is given again, in the order of the file.
    let tasks = app.json("/tasks?sort=number&limit=1000").await;
    for (at, task) in tasks.as_array().expect("a list").iter().enumerate() {
        assert_eq!((&task["number"], &task["version"]), (&json!(at + 1), &json!(1)));
        assert_eq!(
            (&task["title"], &task["priority"]),
            (&json!(format!("task {at}")), &json!("high"))
        );
        assert_eq!(task["completed"], at % 2 == 0);
        assert_eq!(
            (&task["description"], &task["updated_at"]),
            (&Value::Null, &task["created_at"])
        );
        assert_ne!(task["id"], "x");
    }
    // They are found by their words, like any other.
    assert_eq!(app.json("/tasks/count?q=task").await, json!({"total": 3_000}));
    let _ = app.create(json!({"title": "the next"})).await;
    assert_eq!(app.json("/tasks/3001").await["title"], "the next");
}

#[rstest]
#[tokio::test]
async fn json_is_taken_as_an_export_has_it(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let _ = app
        .create_all([
            json!({"title": "a", "description": "two\nlines", "due_date": "2026-12-24"}),
            json!({"title": "b", "status": "done", "priority": "low", "assignee": "Ana"}),
        ])
        .await;
    let file = app.get("/tasks/export").await.expect(200).body;
    let made = import(&app, "", "application/json", [b"\xef\xbb\xbf", &*file].concat()).await;
    assert_eq!(made.expect(200).json()["created"], 2);
    assert_eq!(app.titles("/tasks?sort=number").await, ["a", "b", "a", "b"]);
    let (first, again) = (app.json("/tasks/2").await, app.json("/tasks/4").await);
    assert_ne!(first["id"], again["id"]);
    for name in ["status", "priority", "assignee"] {
        assert_eq!(first[name], again[name], "{name}");
    }

    let file = "[\n  {\"title\": \"good\"},\n  {\"title\": \"\",\n   \"color\": 1}, {\"status\": \"done\"},\n\n  7]\n";
    let refused = import(&app, "", "application/json", file).await.expect(422);
    let expected =
        ["3 title too_short", "3 color unknown_field", "4 title required", "6 - invalid_type"];
    assert_eq!(faults(&refused), expected);
    let pointers = refused.violations();
    assert!(pointers.contains(&"/1/color unknown_field".to_owned()), "{pointers:?}");
    assert!(pointers.contains(&"/3 invalid_type".to_owned()), "{pointers:?}");
    assert_eq!(app.json("/tasks/count").await, json!({"total": 4}));
}

#[rstest]
#[case("title;due_date\nÀ faire, vite;2026-12-24\n", &["À faire, vite"])]
#[case("title\tassignee\nun\tAna\n", &["un"])]
#[case(" Title , STATUS\r\nA,todo\r\n\r\n\r\nB,\r\n", &["A", "B"])]
#[case("title\rold\rmac\r", &["old", "mac"])]
#[case("title,completed\n'=1+1,false\n'tis,true\n\"''\",FALSE\n", &["=1+1", "'tis", "'"])]
#[case("title\nno end of line", &["no end of line"])]
#[case("title\n", &[])]
#[tokio::test]
async fn other_tables(#[case] file: &str, #[case] expected: &[&str]) {
    let app = App::start(Sqlite).await;
    let made = import(&app, "", "text/csv", file).await.expect(200).json();
    assert_eq!(made["created"], expected.len());
    assert_eq!(app.titles("/tasks?sort=number").await, expected);
}

#[rstest]
#[case(b"", &["1 - required"])]
#[case(b"\r\n\r\n", &["1 - required"])]
#[case(b"titel,status,status,\nx,todo,todo,\n", &[
    "1 titel unknown_field", "1 status duplicate", "1  unknown_field", "1 title required"])]
#[case(b"title,id\n\na\n\nb,c,d\n", &["3 - cell_count", "5 - cell_count"])]
#[case(b"title,description\na,T\xe2che\n\xff,b\n", &["2 description not_utf8", "3 title not_utf8"])]
#[case(b"title,description\nfine,\na,\"open\nb,c\n", &["3 - malformed_csv"])]
#[case(b"title,status,completed\na,todo,true\nb,,yes\n,in_progress,false\n", &[
    "2 completed contradiction", "3 completed invalid_boolean", "4 title too_short"])]
#[tokio::test]
async fn a_bad_table(#[case] file: &[u8], #[case] expected: &[&str]) {
    let app = App::start(Sqlite).await;
    let refused = import(&app, "", "text/csv", file).await.problem(422, "validation");
    assert_eq!(faults(&refused), expected);
    assert_eq!(app.json("/tasks/count").await, json!({"total": 0}));
}

#[rstest]
#[tokio::test]
async fn what_is_no_file_to_import(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    for kind in ["text/plain", "application/merge-patch+json", "text/csv; charset=windows-1252"] {
        let _ = import(&app, "", kind, "title\na\n").await.problem(415, "unsupported-media-type");
    }
    for file in ["[{\"title\": \"a\"}", "", "[{\"title\": \"a\", \"title\": \"b\"}]", "title\na\n"]
    {
        let _ = import(&app, "", "application/json", file).await.problem(400, "malformed-json");
    }
    let answer = import(&app, "", "application/json", "{\"title\": \"a\"}").await.expect(422);
    assert_eq!(faults(&answer), ["1 - invalid_type"]);
    // The faults of the parameters and of the file in one answer.
    let answer =
        import(&app, "?dry_run=1&dryrun=true", "text/csv", "title\n\"\"\n").await.expect(422);
    let expected = ["/0/title too_short", "dry_run invalid_boolean", "dryrun unknown_parameter"];
    answer.violates(&expected);
    assert_eq!(answer.json()["errors_total"], 3);
    let _ = app.get("/tasks/import").await.problem(405, "method-not-allowed");
    assert_eq!(app.json("/tasks/count").await, json!({"total": 0}));
}

/// Faults are counted to the last, and listed up to a thousand.
#[tokio::test]
async fn very_many_faults() {
    let app = App::start(Sqlite).await;
    let file = format!("title,status\n{}", ",x\n".repeat(2_000));
    let refused = import(&app, "", "text/csv", file).await.problem(422, "validation").json();
    assert_eq!(refused["errors_total"], 4_000);
    let errors = refused["errors"].as_array().expect("a list");
    assert_eq!((errors.len(), &errors[999]["line"]), (1_000, &json!(501)));
}

#[rstest]
#[tokio::test]
async fn its_limits(#[values(Sqlite, Postgres)] on: Backend) {
    const LIMIT: usize = 16 * 1024 * 1024;
    let app = App::start(on).await;
    let padded = |length: usize| {
        let file = b"[{\"title\": \"a\"}]".to_vec();
        [vec![b' '; length - file.len()], file].concat()
    };
    let made = import(&app, "", "application/json", padded(LIMIT)).await.expect(200);
    assert_eq!(made.json()["created"], 1);
    let large = import(&app, "", "application/json", padded(LIMIT + 1)).await;
    let large = large.problem(413, "payload-too-large").json();
    assert_eq!(large["detail"], "a body may have 16777216 bytes at most");
    for (kind, file, line) in [
        ("text/csv", format!("title\n{}", "t\n".repeat(50_001)), 50_002),
        ("application/json", format!("[{}7]", "{\"title\":\"t\"},\n".repeat(50_000)), 50_001),
    ] {
        let many = import(&app, "", kind, file).await.expect(422);
        assert_eq!(faults(&many), [format!("{line} - out_of_range")]);
    }
    assert_eq!(app.json("/tasks/count").await, json!({"total": 1}));
}

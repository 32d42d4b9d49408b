//! `repair` and `history`: a record that contradicts the program, what was done about it, by whom and why.

use rstest::rstest;
use serde_json::json;

use crate::fixture::{AUTHORS, BOOKS, Files, TITLES, document, execute, recorded};
use testkit::Backend::{self, Postgres, Sqlite};

fn edited(on: Backend, version: i64) -> String {
    let bytes = "ab".repeat(48);
    let checksum = match on {
        Sqlite => format!("x'{bytes}'"),
        Postgres => format!("decode('{bytes}', 'hex')"),
    };
    format!("UPDATE _sqlx_migrations SET checksum = {checksum} WHERE version = {version}")
}

#[rstest]
#[tokio::test]
async fn an_accepted_checksum_is_current_again(#[values(Sqlite, Postgres)] on: Backend) {
    let files = Files::library();
    let database = files.applied(on).await;
    execute(&database, &edited(on, AUTHORS)).await;
    let version = AUTHORS.to_string();
    let status = files.migrate(&database, &["status"]).expect(6);
    assert!(status.stdout.contains(&format!("taskmanager migrate repair {version}")));
    let history = files.migrate(&database, &["history"]).expect(0);
    assert!(history.stdout.contains("applied, another file"), "{}", history.stdout);

    for (reason, words) in [("", "--reason is required"), ("  ", "--reason is required")] {
        let refused = files.migrate(&database, &["repair", &version, "--reason", reason]);
        assert!(refused.expect(1).stderr.contains(words));
    }
    let reason = "it's a comment; \"same\" \\ statements";
    let repaired = ["repair", &version, "--reason", reason, "--json"];
    let repaired = document(&files.migrate(&database, &repaired).expect(0));
    assert_eq!(repaired["repaired"][0]["version"], AUTHORS);
    assert_eq!(repaired["schema_state"], "current");
    files.migrate(&database, &["status"]).expect(0);

    let history = document(&files.migrate(&database, &["history", "--json"]).expect(0));
    let line = &history[1];
    assert_eq!((&line["kind"], &line["reason"]), (&json!("repaired"), &json!(reason)));
    assert_eq!(line["program"], env!("CARGO_PKG_VERSION"));
    let verbose = files.migrate(&database, &["history", "--verbose"]).expect(0).stdout;
    assert!(verbose.contains("repaired by ") && verbose.contains(reason), "{verbose}");
    if on == Postgres {
        assert_eq!(line["applied_by"], "postgres");
        assert!(verbose.contains("repaired by postgres"), "{verbose}");
    }
}

#[rstest]
#[tokio::test]
async fn a_version_that_stopped_half_way_is_forgotten(#[values(Sqlite, Postgres)] on: Backend) {
    let files = Files::library();
    let database = files.applied(on).await;
    let failed = "UPDATE _sqlx_migrations SET success = false WHERE version = ";
    execute(&database, &format!("{failed}{TITLES}; DROP INDEX books_title_idx")).await;
    let status = files.migrate(&database, &["status"]).expect(8);
    let version = TITLES.to_string();
    assert!(status.stdout.contains(&format!("repair {version}")), "{}", status.stdout);
    files.migrate(&database, &["repair", &version, "--reason", "undone by hand"]).expect(0);
    assert_eq!(recorded(&database).await, [BOOKS.to_string(), AUTHORS.to_string()]);
    files.migrate(&database, &["up"]).expect(0);
}

#[rstest]
#[tokio::test]
async fn what_needs_no_repair_is_said_so(#[values(Sqlite, Postgres)] on: Backend) {
    let files = Files::library();
    let database = files.applied(on).await;
    files.migrate(&database, &["down", "1", "--yes"]).expect(0);
    for (version, words) in
        [(BOOKS, "with the checksum"), (TITLES, "not recorded"), (1, "not recorded")]
    {
        let arguments = ["repair", &version.to_string(), "--reason", "x"];
        let refused = files.migrate(&database, &arguments).expect(1);
        assert!(refused.stderr.contains(words), "{refused:#?}");
    }
}

//! `up` and `plan`: all, so many, up to a version, and the script that does the same by hand.

use rstest::rstest;
use serde_json::json;

use crate::fixture::{
    AUTHORS, BOOKS, Files, TITLES, bare, document, dump, execute, migrate, newest, own, recorded,
};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::Database;

fn versions(list: &serde_json::Value) -> Vec<i64> {
    let list = list.as_array().expect("a list");
    list.iter().filter_map(|entry| entry["version"].as_i64()).collect()
}

#[rstest]
#[tokio::test]
async fn so_many_then_to_a_version_then_all(#[values(Sqlite, Postgres)] on: Backend) {
    let (files, database) = (Files::library(), Database::empty(on).await);
    let plan = document(&files.migrate(&database, &["plan", "--json"]).expect(0));
    assert_eq!(plan["schema_state"], "behind");
    assert_eq!(versions(&plan["steps"]), [BOOKS, AUTHORS, TITLES]);
    assert_eq!(plan["steps"][1]["transactional"], true);
    let statement = &plan["steps"][1]["statements"][0];
    assert_eq!(statement["sql"], "ALTER TABLE books ADD COLUMN author text");
    assert_eq!((&statement["line"], &statement["findings"]), (&json!(2), &json!([])));

    let up = document(&files.migrate(&database, &["up", "+1", "--json"]).expect(0));
    assert_eq!(versions(&up["applied"]), [BOOKS]);
    assert_eq!((&up["schema_state"], &up["pending_migrations"]), (&json!("behind"), &json!(2)));
    assert_eq!(recorded(&database).await, [BOOKS.to_string()]);

    let to = AUTHORS.to_string();
    let plan = document(&files.migrate(&database, &["plan", "--to", &to, "--json"]).expect(0));
    assert_eq!(versions(&plan["steps"]), [AUTHORS]);
    let up = files.migrate(&database, &["up", "--to", &to]).expect(0);
    let (steps, applied) = up.stdout.split_once("applied ").expect("a version");
    for step in ["lint       ok", "preflight  ok", "rehearsal  ok"] {
        assert!(steps.contains(step), "{steps}");
    }
    let (applied, after) = applied.split_once(" (").expect("a time");
    assert_eq!(applied, format!("{AUTHORS}  add authors"));
    assert!(after.contains("compare    ok"), "{after}");
    assert!(after.ends_with(&format!("\nthe schema is behind, at {AUTHORS}\n")), "{after}");

    files.migrate(&database, &["up"]).expect(0);
    let nothing = files.migrate(&database, &["up"]).expect(0);
    assert_eq!(nothing.stdout, format!("nothing to do\nthe schema is current, at {TITLES}\n"));
    assert_eq!(files.migrate(&database, &["plan"]).expect(0).stdout, "nothing to do\n");
    let history = document(&files.migrate(&database, &["history", "--json"]).expect(0));
    for line in history.as_array().expect("a list") {
        assert_eq!((&line["state"], &line["kind"]), (&json!("applied"), &json!("applied")));
        assert_eq!(line["same_file"], true);
        assert!(line["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{line}");
    }
}

#[rstest]
#[case(&["up", "--to", "20300101000001"], "20300101000001 is not known")]
#[case(&["up", "--to", "20300101000000"], "below the head")]
#[case(&["up", "+3"], "+3 is too many: 2 migrations pending")]
#[case(&["plan", "--to", "20300101000001"], "20300101000001 is not known")]
#[case(&["down", "2", "--yes"], "2 is too many: 1 migration applied")]
#[case(&["down", "--to", "20300103000000", "--yes"], "is not applied")]
#[case(&["down", "--to", "20300103000001", "--yes"], "is not known")]
#[case(&["stamp", "20300103000001"], "no migration of that version")]
#[tokio::test]
async fn a_wrong_target_is_two_and_changes_nothing(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] arguments: &[&str],
    #[case] words: &str,
) {
    let (files, database) = (Files::library(), Database::empty(on).await);
    // The head is one above the lowest, except for the way back.
    let back = arguments[0] == "down";
    files.migrate(&database, &["up", "+1"]).expect(0);
    if words == "below the head" {
        files.migrate(&database, &["up", "+1"]).expect(0);
    }
    let before = (dump(&database).await, recorded(&database).await);
    let refused = files.migrate(&database, arguments).expect(2);
    assert!(refused.stderr.contains(words), "{back} {refused:#?}");
    assert_eq!((dump(&database).await, recorded(&database).await), before);
}

/// A count or a version does not change why a schema is refused, nor the code.
#[rstest]
#[case(&["up"])]
#[case(&["up", "+1"])]
#[case(&["up", "--to", "20300103000000"])]
#[case(&["plan"])]
#[tokio::test]
async fn a_refused_state_has_its_code_however_it_is_asked(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] arguments: &[&str],
) {
    let (files, database) = (Files::library(), Database::empty(on).await);
    files.migrate(&database, &["up", "--to", &AUTHORS.to_string()]).expect(0);
    execute(&database, &format!("DELETE FROM _sqlx_migrations WHERE version = {BOOKS}")).await;
    let refused = files.migrate(&database, arguments).expect(6);
    assert!(refused.stderr.contains(&BOOKS.to_string()), "{refused:#?}");
}

/// A file that fails is found before anything is changed, on SQLite by the lint and on PostgreSQL in the rehearsal;
/// when it is run all the same it leaves nothing of itself, and what came before it stays.
#[rstest]
#[tokio::test]
async fn a_failure_names_file_and_line(#[values(Sqlite, Postgres)] on: Backend) {
    let bad = "-- compat: additive\nCREATE TABLE shelves (id bigint);\n\nINSERT INTO nowhere VALUES (1);\n";
    let files =
        Files::library().with("20300104000000_create_shelves", bad, "DROP TABLE shelves;\n");
    let database = Database::empty(on).await;
    let failed = |arguments: &[&str], place: &str| {
        let failed = files.migrate(&database, arguments).expect(1);
        let message = document(&failed)["error"]["message"].as_str().expect("words").to_owned();
        assert!(message.contains(place) && message.contains("nowhere"), "{message}");
        message
    };
    let at = "20300104000000_create_shelves.up.sql failed at line 4";
    let found = if on == Sqlite { "20300104000000_create_shelves.up.sql:4" } else { at };
    let message = failed(&["up", "--json"], found);
    assert!(message.contains("nothing was changed"), "{message}");
    files.migrate(&database, &["status"]).expect(3);
    assert!(dump(&database).await.is_empty());
    failed(&["up", "--json", "--force", "--no-rehearsal"], at);
    assert_eq!(recorded(&database).await.len(), 3);
    assert!(!dump(&database).await.iter().any(|line| line.contains("shelves")));
}

/// The script leaves a database that is current; also of files whose last statement has no semicolon.
#[rstest]
#[tokio::test]
async fn the_script_does_the_same_by_hand(
    #[values(Sqlite, Postgres)] on: Backend,
    #[values(false, true)] bare_end: bool,
) {
    let mut files = Files::library();
    if bare_end {
        let up = "-- compat: additive\nCREATE TABLE shelves (id bigint) -- the last";
        files = files.with("20300104000000_create_shelves", up, "DROP TABLE shelves;\n");
    }
    let (by_hand, by_program) = (bare(on).await, Database::empty(on).await);
    files.migrate(&by_program, &["up"]).expect(0);
    let script = files.migrate(&by_hand, &["plan", "--sql"]).expect(0).stdout;
    execute(&by_hand, &script).await;
    files.migrate(&by_hand, &["status"]).expect(0);
    assert_eq!(dump(&by_hand).await, dump(&by_program).await);
}

#[rstest]
#[tokio::test]
async fn the_script_of_the_shipped_migrations_too(#[values(Sqlite, Postgres)] on: Backend) {
    let database = bare(on).await;
    let first = own(on)[0].0.to_string();
    for arguments in [&["plan", "--sql", "--to", &first][..], &["plan", "--sql"]] {
        let script = migrate(&database, arguments).expect(0).stdout;
        match on {
            Sqlite => execute(&database, &script).await,
            // One by one, as psql sends them: an index is built concurrently in no transaction, implied ones included.
            Postgres => {
                let mut side = database.connect().await;
                for statement in script.split_inclusive(";\n") {
                    side.execute(statement).await;
                }
                side.close().await;
            }
        }
    }
    let status = migrate(&database, &["status", "--json"]).expect(0).json();
    assert_eq!(status["schema_version"], newest());
}

//! `plan` with its rehearsal: what is observed and found stands by its statement, in words and as a document.

use rstest::rstest;
use serde_json::{Value, json};

use crate::fixture::{Files, bare, document, dump, execute, recorded};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::cli::{Run, run};
use testkit::{Database, PgBouncer, Tmpfs};

const STEM: &str = "20300104000000_do_it";

/// The library, and this on top of it.
fn files(up: &str) -> Files {
    let up = format!("-- compat: additive\n{up}\n");
    Files::library().with(STEM, &up, "SELECT 1;\n")
}

async fn with_books(files: &Files, on: Backend) -> Database {
    let database = Database::empty(on).await;
    files.migrate(&database, &["up", "+3"]).expect(0);
    execute(&database, "INSERT INTO books (id, title) VALUES (1, 'a'), (2, 'b')").await;
    if on == Postgres {
        execute(&database, "ANALYZE books").await;
    }
    database
}

#[rstest]
#[tokio::test]
async fn what_a_run_does_stands_by_its_statement(#[values(Sqlite, Postgres)] on: Backend) {
    let files = files("ALTER TABLE books ADD COLUMN pages bigint;\nUPDATE books SET pages = 1;");
    let database = with_books(&files, on).await;
    let before = (dump(&database).await, recorded(&database).await);
    let said = files.migrate(&database, &["plan"]).expect(0).stdout;
    let plan = document(&files.migrate(&database, &["plan", "--json"]).expect(0));
    assert_eq!((dump(&database).await, recorded(&database).await), before);
    let step = &plan["steps"][0];
    let statements = step["statements"].as_array().expect("a list");
    let findings = statements[1]["findings"].as_array().expect("a list");
    assert_eq!(findings[0]["rule"], "every-row-changed", "{plan:#}");
    assert_eq!(plan["rehearsal"]["failure"], Value::Null);
    assert!(step["took_seconds"].as_f64().is_some_and(|took| took > 0.0), "{step}");
    assert!(said.contains("            error [every-row-changed]: "), "{said}");
    if on == Sqlite {
        assert_eq!(step["rows"], json!([{"table": "books", "before": 2, "after": 2}]));
        assert_eq!(plan["rehearsal"]["place"], "a copy of the data, beside it");
        assert!(said.contains(" ms on the copy; books: 2 rows, as before\n"), "{said}");
        return;
    }
    assert_eq!(plan["rehearsal"]["place"], "a scratch database beside the live one");
    let lock = |mode| json!([{"table": "books", "mode": mode}]);
    assert_eq!(statements[0]["locks"], lock("ACCESS EXCLUSIVE"));
    assert_eq!(statements[0]["rewrites"], json!([]));
    assert_eq!(statements[1]["locks"], lock("ROW EXCLUSIVE"));
    assert_eq!(
        (&statements[1]["scans"], &statements[1]["changes"]),
        (&json!(["books"]), &json!(["books"]))
    );
    let lines = "            locks books ACCESS EXCLUSIVE: blocks reads and writes until the transaction ends, and line 3 takes its time\n";
    assert!(said.contains(lines), "{said}");
    assert!(said.contains("            changes every row of books: 2 rows, "), "{said}");
    assert!(said.ends_with("rehearsed on a scratch database beside the live one\n"), "{said}");
}

/// The quick form reads the files only, and its document has the same members.
#[rstest]
#[tokio::test]
async fn without_a_rehearsal_the_members_are_null(#[values(Sqlite, Postgres)] on: Backend) {
    let files = files("ALTER TABLE books ADD COLUMN pages bigint;\nSELECT nope;");
    let database = with_books(&files, on).await;
    let arguments = ["plan", "--no-rehearsal"];
    let said = files.migrate(&database, &arguments).expect(0).stdout;
    assert!(said.contains("  line   2  ALTER TABLE books ADD COLUMN pages bigint\n"), "{said}");
    assert!(!said.contains("rehearsed"), "{said}");
    let quick =
        document(&files.migrate(&database, &[&arguments[..], &["--json"]].concat()).expect(0));
    let whole = document(&files.migrate(&database, &["plan", "--json"]).expect(1));
    assert_eq!(quick["rehearsal"], Value::Null);
    let members = |document: &Value| -> Vec<String> {
        document.as_object().expect("an object").keys().cloned().collect()
    };
    let statement = |plan: &Value| plan["steps"][0]["statements"][0].clone();
    assert_eq!(members(&quick), members(&whole));
    assert_eq!(members(&quick["steps"][0]), members(&whole["steps"][0]));
    assert_eq!(members(&statement(&quick)), members(&statement(&whole)));
    assert_eq!(statement(&quick)["locks"], Value::Null);
}

#[rstest]
#[tokio::test]
async fn what_fails_is_one_with_file_and_line(#[values(Sqlite, Postgres)] on: Backend) {
    let files =
        files("ALTER TABLE books ADD COLUMN pages bigint;\nINSERT INTO nowhere VALUES (1);");
    let database = with_books(&files, on).await;
    let said = files.migrate(&database, &["plan"]).expect(1).stdout;
    assert!(said.contains(&format!("fails: {STEM}.up.sql, line 3: ")), "{said}");
    let plan = document(&files.migrate(&database, &["plan", "--json"]).expect(1));
    let failure = &plan["rehearsal"]["failure"];
    assert_eq!((&failure["line"], &failure["file"]), (&json!(3), &json!(format!("{STEM}.up.sql"))));
    assert!(failure["message"].as_str().is_some_and(|m| m.contains("nowhere")), "{failure}");
}

fn plan_with(files: &Files, url: &str, folder: &str) -> Run {
    let variables = [("DATABASE_URL", url), ("TMPDIR", folder)];
    run(&["migrate", "plan", "--migrations", files.path()], &variables)
}

/// Three times the file and a little: what there is no room for is not begun, and the file is not touched.
#[tokio::test]
async fn too_little_room_for_a_copy_is_said() {
    let files = files("UPDATE books SET title = 'x';");
    let Some(disk) = Tmpfs::mount("8m") else { return eprintln!("may not mount: not tested") };
    let Some(small) = Tmpfs::mount("1m") else { return eprintln!("may not mount: not tested") };
    let url = format!("sqlite://{}/tasks.db", disk.path().display());
    let variables = [("DATABASE_URL", url.as_str())];
    run(&["migrate", "up", "+3", "--migrations", files.path()], &variables).expect(0);
    let mut side = testkit::database::Side::sqlite(&url).await;
    let rows = "WITH RECURSIVE g(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM g WHERE i < 1500) \
         INSERT INTO books (id, title) SELECT i, hex(randomblob(400)) FROM g; PRAGMA wal_checkpoint(TRUNCATE)";
    side.execute(rows).await;
    side.close().await;
    let names = || std::fs::read_dir(disk.path()).expect("a folder").count();
    let (bytes, before) = (std::fs::read(disk.path().join("tasks.db")).expect("the file"), names());
    let small = small.path().to_str().expect("UTF-8");
    let said = plan_with(&files, &url, small).expect(0).stdout;
    assert!(said.contains("not rehearsed: there is no room for a copy, which needs "), "{said}");
    assert!(said.contains(small) && said.contains("set TMPDIR"), "{said}");
    let elsewhere = tempfile::tempdir().expect("a folder");
    let elsewhere = elsewhere.path().to_str().expect("UTF-8");
    let said = plan_with(&files, &url, elsewhere).expect(0).stdout;
    assert!(said.contains("rehearsed on a copy of the data, in the temporary folder\n"), "{said}");
    assert_eq!(std::fs::read_dir(elsewhere).expect("a folder").count(), 0);
    assert_eq!(
        (std::fs::read(disk.path().join("tasks.db")).expect("the file"), names()),
        (bytes, before)
    );
}

/// Through a pooler that changes backends a search path would not hold.
#[tokio::test]
async fn through_a_pooler_nothing_is_rehearsed() {
    let files = files("ALTER TABLE books ADD COLUMN pages bigint;");
    let database = with_books(&files, Postgres).await;
    let pooler = PgBouncer::start("transaction", &database.url, &["default_pool_size = 5"]).await;
    let said = plan_with(&files, &pooler.before(&database.url), "/tmp").expect(0).stdout;
    assert!(said.contains("not rehearsed: the connection goes through a pooler"), "{said}");
    assert!(said.contains("set MIGRATE_DATABASE_URL to a direct connection"), "{said}");
    let direct = [
        ("DATABASE_URL", pooler.before(&database.url)),
        ("REHEARSAL_DATABASE_URL", database.url.clone()),
    ];
    let direct = direct.each_ref().map(|(name, value)| (*name, value.as_str()));
    let said = run(&["migrate", "plan", "--migrations", files.path()], &direct).expect(0).stdout;
    assert!(
        said.ends_with("rehearsed on a scratch database at REHEARSAL_DATABASE_URL\n"),
        "{said}"
    );
}

/// `doctor` names what a killed rehearsal left, with the command that removes it.
#[rstest]
#[tokio::test]
async fn leftovers_are_shown_by_doctor(#[values(Sqlite, Postgres)] on: Backend) {
    let database = bare(on).await;
    let check = || {
        let doctor = document(&crate::fixture::migrate(&database, &["doctor", "--json"]));
        let checks = doctor["checks"].as_array().expect("a list").clone();
        checks.into_iter().find(|check| check["name"] == "stale shadow databases").expect("a check")
    };
    let name = "taskmanager_scratch_1000000000_0123abcd";
    if let Some(folder) = database.folder() {
        let folder = folder.join(name);
        std::fs::create_dir(&folder).expect("a folder");
        std::fs::write(folder.join("in-use.lock"), "").expect("a file");
        let old = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000_000);
        std::fs::File::open(&folder).expect("it").set_modified(old).expect("a moment");
    } else {
        execute(&database, &format!("CREATE SCHEMA {name}")).await;
    }
    let found = check();
    assert_eq!(found["health"], "warning", "{found}");
    assert!(found["detail"].as_str().is_some_and(|found| found.contains(name)), "{found}");
    let fix = found["fix"].as_str().expect("a command").to_owned();
    if on == Sqlite {
        assert!(
            std::process::Command::new("sh")
                .args(["-c", &fix])
                .status()
                .expect("a shell")
                .success()
        );
    } else {
        execute(&database, &fix).await;
    }
    assert_eq!(check()["health"], "ok");
}

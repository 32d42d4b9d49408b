//! `drift`: what was changed by hand is named, all of it and nothing else, and the database is only read.

use std::collections::BTreeSet;

use rstest::rstest;
use serde_json::{Value, json};

use crate::fixture::{Files, NEWER, current, document, dump, execute, migrate};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::Database;
use testkit::cli::{Run, run};
use testkit::database::admin_url;

const CHANGED_POSTGRES: &str = "
ALTER TABLE tasks ADD COLUMN legacy_id bigint;
DROP INDEX tasks_assignee_idx;
CREATE INDEX tmp_version_idx ON tasks (version);
DROP TABLE idempotency_keys;
CREATE TABLE notes (id bigint PRIMARY KEY, body text);
ALTER TABLE task_events ALTER COLUMN title SET DEFAULT '';
ALTER TABLE tasks DROP CONSTRAINT tasks_title_length;
ALTER TABLE tasks DROP CONSTRAINT tasks_assignee_length;
ALTER TABLE tasks ADD CONSTRAINT tasks_assignee_length CHECK (char_length(assignee) BETWEEN 1 AND 100) NOT VALID;
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE VIEW open_tasks AS SELECT id, title FROM tasks WHERE status <> 'done';
";

/// What is nobody's business: another schema, and what an extension brings.
const LEFT_ALONE: &str = "
CREATE SCHEMA other;
CREATE TABLE other.stray (id bigint PRIMARY KEY);
CREATE INDEX stray_idx ON other.stray (id);
CREATE EXTENSION hstore;
";

const CHANGED_SQLITE: &str = "
ALTER TABLE tasks ADD COLUMN legacy_id INTEGER;
DROP INDEX tasks_assignee_idx;
CREATE INDEX tmp_version_idx ON tasks (version);
DROP TABLE idempotency_keys;
CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);
DROP TRIGGER tasks_search_update;
CREATE TRIGGER tmp_watch AFTER DELETE ON task_events BEGIN DELETE FROM tasks WHERE number < 0; END;
CREATE VIEW open_tasks AS SELECT id, title FROM tasks WHERE status <> 'done';
DROP INDEX tasks_status_priority_idx;
CREATE INDEX tasks_status_priority_idx ON tasks (priority, status);
ALTER TABLE task_events DROP COLUMN completed_at;
";

/// The ten, as they are named.
fn ten(on: Backend) -> BTreeSet<String> {
    let both = [
        "extra column tasks.legacy_id",
        "missing index tasks.tasks_assignee_idx",
        "extra index tasks.tmp_version_idx",
        "missing table idempotency_keys",
        "extra table notes",
        "extra view open_tasks",
    ];
    let own = match on {
        Postgres => [
            "different column task_events.title",
            "missing check tasks.tasks_title_length",
            "different check tasks.tasks_assignee_length",
            "extra enum mood",
        ],
        Sqlite => [
            "missing trigger tasks.tasks_search_update",
            "extra trigger task_events.tmp_watch",
            "different index tasks.tasks_status_priority_idx",
            "missing column task_events.completed_at",
        ],
    };
    both.into_iter().chain(own).map(ToOwned::to_owned).collect()
}

/// The program's schema, changed by hand.
async fn changed(on: Backend) -> Database {
    let database = current(on).await;
    let changes = match on {
        Postgres => format!("{CHANGED_POSTGRES}{LEFT_ALONE}"),
        Sqlite => CHANGED_SQLITE.to_owned(),
    };
    execute(&database, &changes).await;
    database
}

fn found(run: &Run) -> BTreeSet<String> {
    let drift = document(run)["drift"].clone();
    let line = |one: &Value| {
        let word = |member: &str| one[member].as_str().expect("a word").to_owned();
        format!("{} {} {}", word("finding"), word("kind"), word("name"))
    };
    drift.as_array().expect("a list").iter().map(line).collect()
}

#[rstest]
#[tokio::test]
async fn ten_changes_by_hand_are_named_and_nothing_else(#[values(Sqlite, Postgres)] on: Backend) {
    let database = changed(on).await;
    let before = dump(&database).await;
    let said = migrate(&database, &["drift", "--json"]).expect(7);
    assert_eq!(found(&said), ten(on));
    for one in document(&said)["drift"].as_array().expect("a list") {
        // Both definitions, as far as there are two, and a way either way.
        assert_eq!(one["migrations"].is_null(), one["finding"] == "extra", "{one:#}");
        assert_eq!(one["database"].is_null(), one["finding"] == "missing", "{one:#}");
        for way in ["database", "migration"] {
            let statements = one["fix"][way].as_array().expect("a list");
            assert!(!statements.is_empty(), "{one:#}");
        }
    }
    let words = migrate(&database, &["drift"]).expect(7).stdout;
    assert!(words.contains("extra      column tasks.legacy_id\n"), "{words}");
    assert!(words.contains("10 differences to what the migrations make"), "{words}");
    assert_eq!(dump(&database).await, before);
}

#[rstest]
#[tokio::test]
async fn what_is_as_it_should_be_is_no_drift(#[values(Sqlite, Postgres)] on: Backend) {
    let database = current(on).await;
    if on == Postgres {
        execute(&database, LEFT_ALONE).await;
    }
    let said = migrate(&database, &["drift"]).expect(0).stdout;
    assert!(said.starts_with("no drift: the database is what its migrations make, at 2"), "{said}");
    let said = document(&migrate(&database, &["drift", "--json"]).expect(0));
    assert_eq!((&said["drift"], &said["notes"]), (&json!([]), &json!([])), "{said:#}");
}

/// What is printed is typed, in its order.
#[rstest]
#[tokio::test]
async fn the_statements_mend_it(#[values(Sqlite, Postgres)] on: Backend) {
    let database = changed(on).await;
    let said = document(&migrate(&database, &["drift", "--json"]).expect(7));
    // What depends on something else goes before it.
    let drift = said["drift"].as_array().expect("a list").iter().rev();
    let statements = drift.flat_map(|one| one["fix"]["database"].as_array().expect("a list"));
    for statement in statements {
        execute(&database, statement.as_str().expect("SQL")).await;
    }
    let said = migrate(&database, &["drift"]);
    assert_eq!(said.code, 0, "{said:#?}");
}

#[rstest]
#[tokio::test]
async fn what_is_ignored_is_not_counted_and_what_is_not_there_is_noted(
    #[values(Sqlite, Postgres)] on: Backend,
) {
    let database = changed(on).await;
    let ignored = ["--ignore", "tasks.*", "--ignore", "notes", "--ignore", "tmp_nothing*"];
    let said = migrate(&database, &[&["drift", "--json"], &ignored[..]].concat()).expect(7);
    let expected: BTreeSet<_> = ten(on)
        .into_iter()
        .filter(|one| !one.contains(" tasks.") && !one.contains("notes"))
        .collect();
    assert_eq!(found(&said), expected);
    let said = document(&said);
    let (left, all) = (expected.len(), ten(on).len());
    assert_eq!(said["ignored"].as_array().map(Vec::len), Some(all - left), "{said:#}");
    let note = "--ignore tmp_nothing*: nothing that differs is called so";
    assert_eq!(said["notes"], json!([note]));
    let said = migrate(&database, &["drift", "--ignore", "*"]).expect(0).stdout;
    assert!(said.contains("ignored    column tasks.legacy_id\n"), "{said}");
}

/// Anyone who may only read can ask, where there is a server to run the migrations on.
#[tokio::test]
async fn a_role_that_may_only_read_suffices() {
    let database = changed(Postgres).await;
    let role = format!("reader_{:08x}", rand::random::<u32>());
    execute(
        &database,
        &format!(
            "CREATE ROLE {role} LOGIN PASSWORD 'x'; REVOKE ALL ON SCHEMA public FROM public; \
             GRANT USAGE ON SCHEMA public TO {role}; GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}; \
             ALTER ROLE {role} SET default_transaction_read_only = on"
        ),
    )
    .await;
    let mut url = url::Url::parse(&database.url).expect("a URL");
    url.set_username(&role).expect("a server");
    url.set_password(Some("x")).expect("a server");
    let before = dump(&database).await;
    let server = admin_url();
    let variables = [("DATABASE_URL", url.as_str()), ("REHEARSAL_DATABASE_URL", &*server)];
    let said = run(&["migrate", "drift", "--json"], &variables).expect(7);
    assert_eq!(found(&said), ten(Postgres));
    let refused = run(&["migrate", "drift"], &variables[..1]).expect(1);
    assert!(refused.stderr.contains("set REHEARSAL_DATABASE_URL"), "{refused:#?}");
    assert_eq!(dump(&database).await, before);
    execute(&database, &format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test]
async fn a_file_is_as_it_was_before() {
    let database = changed(Sqlite).await;
    let path = database.folder().expect("a folder").join("tasks.db");
    let before = std::fs::read(&path).expect("the file");
    migrate(&database, &["drift"]).expect(7);
    assert_eq!(std::fs::read(&path).expect("the file"), before);
    let url = format!("{}?mode=ro", database.url);
    run(&["migrate", "drift"], &[("DATABASE_URL", &url)]).expect(7);
    assert_eq!(std::fs::read(&path).expect("the file"), before);
}

/// What is pending is not expected yet.
#[rstest]
#[tokio::test]
async fn only_applied_migrations_count(#[values(Sqlite, Postgres)] on: Backend) {
    let files = Files::library();
    let database = Database::empty(on).await;
    files.migrate(&database, &["up", "+1", "--no-rehearsal"]).expect(0);
    files.migrate(&database, &["drift"]).expect(0);
    execute(&database, "ALTER TABLE books ADD COLUMN author text").await;
    let said = files.migrate(&database, &["drift", "--json"]).expect(7);
    assert_eq!(found(&said), ["extra column books.author".to_owned()].into());
}

#[rstest]
#[case::another_checksum("UPDATE _sqlx_migrations SET checksum = '00'", 6, "diverged")]
#[case::half_way("UPDATE _sqlx_migrations SET success = false", 8, "failed")]
#[case::newer(NEWER, 5, "20990101000000")]
#[case::no_record("DELETE FROM _sqlx_migrations", 6, "no history")]
#[tokio::test]
async fn what_cannot_be_told_is_refused_in_words(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] change: &str,
    #[case] code: i32,
    #[case] words: &str,
) {
    let database = current(on).await;
    execute(&database, change).await;
    let refused = migrate(&database, &["drift", "--json"]).expect(code);
    assert!(refused.stderr.starts_with("drift cannot be told: "), "{refused:#?}");
    assert!(refused.stderr.contains(words), "{refused:#?}");
    assert_eq!(document(&refused)["error"]["exit_code"], code, "{refused:#?}");
}

#[tokio::test]
async fn a_database_that_is_not_there_is_twelve() {
    let database = Database::empty(Sqlite).await;
    let refused = migrate(&database, &["drift"]).expect(12);
    assert!(refused.stderr.contains("not there"), "{refused:#?}");
    assert!(database.folder().is_some_and(|folder| !folder.join("tasks.db").exists()));
}

//! `doctor`: what will stand in a migration's way is made, found, and fixed with the command that it shows.

use std::time::Duration;

use rstest::rstest;
use serde_json::Value;

use crate::figures::Held;
use crate::fixture::{Files, current, document, execute, migrate};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::cli::run;
use testkit::{Database, until};

/// The check of this name.
fn check(document: &Value, name: &str) -> Value {
    let checks = document["checks"].as_array().expect("a list");
    let found = checks.iter().find(|check| check["name"] == name);
    found.unwrap_or_else(|| panic!("no {name}: {document}")).clone()
}

fn look(database: &Database, name: &str) -> (String, String, String) {
    let run = migrate(database, &["doctor", "--json"]);
    let check = check(&document(&run), name);
    let word = |member: &str| check[member].as_str().unwrap_or_default().to_owned();
    (word("health"), word("detail"), word("fix"))
}

#[rstest]
#[tokio::test]
async fn a_healthy_database(#[values(Sqlite, Postgres)] on: Backend) {
    let database = current(on).await;
    let document = document(&migrate(&database, &["doctor", "--json"]).expect(0));
    for check in document["checks"].as_array().expect("a list") {
        // Whether there is a pg_dump depends on the machine.
        if check["name"] != "pg_dump" {
            assert_eq!((&check["health"], &check["fix"]), (&"ok".into(), &Value::Null), "{check}");
        }
    }
    let text = migrate(&database, &["doctor"]).expect(0).stdout;
    assert!(text.starts_with("ok       schema                 current\n"), "{text}");
}

#[rstest]
#[tokio::test]
async fn a_schema_that_is_refused_is_a_problem(#[values(Sqlite, Postgres)] on: Backend) {
    let database = current(on).await;
    execute(&database, "DROP TABLE tasks").await;
    migrate(&database, &["doctor"]).expect(1);
    let (health, found, fix) = look(&database, "schema");
    let detail = "drifted: every migration is recorded, but tasks is missing";
    assert_eq!((health.as_str(), found.as_str()), ("problem", detail));
    assert!(fix.starts_with("Restore a backup"), "{fix}");
}

#[tokio::test]
async fn an_invalid_index_and_a_constraint_that_is_not_valid() {
    let files = Files::library();
    let database = files.applied(Postgres).await;
    execute(&database, "INSERT INTO books VALUES (1, 'a'), (2, 'a')").await;
    let mut side = database.connect().await;
    let testkit::database::Side::Postgres(connection) = &mut side else { panic!() };
    let unique = "CREATE UNIQUE INDEX CONCURRENTLY books_one_idx ON books (title)";
    assert!(sqlx::raw_sql(unique).execute(connection).await.is_err(), "two titles are the same");
    side.close().await;
    execute(&database, "ALTER TABLE books ADD CONSTRAINT \"Big id\" CHECK (id > 0) NOT VALID")
        .await;

    let (health, found, fix) = look(&database, "indexes");
    assert_eq!((health.as_str(), found.as_str()), ("warning", "books_one_idx is INVALID"));
    let text = migrate(&database, &["doctor"]).stdout;
    assert!(text.contains(&format!("fix: {fix}")), "{text}");
    execute(&database, "DELETE FROM books WHERE id = 2").await;
    execute(&database, &fix).await;
    assert_eq!(look(&database, "indexes").0, "ok");
    // One that is kept up to date, and not used all the same.
    let forget =
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'books_title_idx'::regclass";
    execute(&database, forget).await;
    let (_, found, fix) = look(&database, "indexes");
    assert_eq!(found, "books_title_idx is INVALID");
    execute(&database, &fix).await;
    assert_eq!(look(&database, "indexes").0, "ok");

    let (health, found, fix) = look(&database, "constraints");
    assert_eq!(health, "warning");
    assert!(found.contains("Big id is NOT VALID"), "{found}");
    execute(&database, &fix).await;
    assert_eq!(look(&database, "constraints").0, "ok");
}

#[rstest]
#[tokio::test]
async fn who_holds_the_lock(#[values(Sqlite, Postgres)] on: Backend) {
    let database = current(on).await;
    let held = Held::take(&database).await;
    let (health, found, fix) = look(&database, "migration lock");
    assert_eq!(health, "warning");
    assert!(found.starts_with("held by "), "{found}");
    if on == Postgres {
        let pid = found.split(' ').nth(3).expect("a pid");
        assert!(fix.contains(&format!("SELECT pg_terminate_backend({pid})")), "{found}: {fix}");
        execute(&database, &format!("SELECT pg_terminate_backend({pid})")).await;
    }
    drop(held);
    until("the lock to be free", Duration::from_secs(10), async || {
        (look(&database, "migration lock").0 == "ok").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_transaction_that_idles() {
    let database = current(Postgres).await;
    let mut side = database.connect().await;
    side.execute("BEGIN").await;
    side.execute("SELECT 1 FROM tasks").await;
    let fix =
        until("the transaction to have idled too long", Duration::from_secs(20), async || {
            let (health, found, fix) = look(&database, "transactions");
            (health == "warning" && found.contains("idle in a transaction")).then_some(fix)
        })
        .await;
    execute(&database, &fix).await;
    until("the transaction to be gone", Duration::from_secs(10), async || {
        (look(&database, "transactions").0 == "ok").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_role_without_rights() {
    let database = current(Postgres).await;
    let role = format!("weak_{:016x}", rand::random::<u64>());
    execute(&database, &format!("CREATE ROLE {role} LOGIN PASSWORD 'x'")).await;
    execute(&database, "REVOKE CREATE ON SCHEMA public FROM PUBLIC").await;
    let mut url = url::Url::parse(&database.url).expect("a URL");
    url.set_username(&role).expect("a user");
    url.set_password(Some("x")).expect("a password");
    let weak = || run(&["migrate", "doctor", "--json"], &[("DATABASE_URL", url.as_str())]);
    let rights = check(&document(&weak().expect(1)), "rights");
    assert_eq!(rights["health"], "problem", "{rights}");
    let found = rights["detail"].as_str().expect("words");
    assert!(found.contains("no right to create in schema public"), "{found}");
    assert!(found.contains("table tasks belongs to postgres"), "{found}");
    let fix = rights["fix"].as_str().expect("commands");
    assert!(fix.contains(&format!("GRANT CREATE ON SCHEMA public TO {role};")), "{fix}");
    execute(&database, fix).await;
    let rights = check(&document(&weak()), "rights");
    assert_eq!(rights["health"], "ok", "{rights}");
    execute(&database, &format!("REASSIGN OWNED BY {role} TO postgres; DROP OWNED BY {role}"))
        .await;
    execute(&database, &format!("DROP ROLE {role}")).await;
}

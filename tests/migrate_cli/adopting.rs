//! `stamp`: a database that something else has made, by hand or by Alembic, becomes this program's.

use rstest::rstest;
use serde_json::json;

use crate::fixture::{bare, current, document, execute, migrate, newest, own, recorded};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{App, Database, Server};

/// The tables as the first `count` up files make them, without a record.
async fn made_by_hand(on: Backend, count: usize) -> Database {
    let database = bare(on).await;
    for (_, sql) in &own(on)[..count] {
        execute(&database, sql).await;
    }
    database
}

const ALEMBIC: &str = "CREATE TABLE alembic_version (version_num varchar(32) NOT NULL PRIMARY KEY); \
                       INSERT INTO alembic_version VALUES ('ae1027a6acf')";

#[rstest]
#[tokio::test]
async fn made_by_hand_is_adopted(#[values(Sqlite, Postgres)] on: Backend) {
    let database = made_by_hand(on, own(on).len()).await;
    let version = newest().to_string();
    let stamped = document(&migrate(&database, &["stamp", &version, "--json"]).expect(0));
    assert_eq!(stamped["stamped"].as_array().map(Vec::len), Some(own(on).len()));
    let history = document(&migrate(&database, &["history", "--json"]).expect(0));
    for line in history.as_array().expect("a list") {
        assert_eq!((&line["kind"], &line["state"]), (&json!("stamped"), &json!("applied")));
    }
    assert!(migrate(&database, &["history"]).expect(0).stdout.contains("stamped"));
    migrate(&database, &["status"]).expect(0);
    // A second time there is nothing to do; below the head is no way to go.
    let again = migrate(&database, &["stamp", &version]).expect(0);
    assert!(again.stdout.starts_with("nothing to do\n"), "{}", again.stdout);
    let refused = migrate(&database, &["stamp", &own(on)[0].0.to_string()]).expect(2);
    assert!(refused.stderr.contains("never takes anything away"), "{}", refused.stderr);
}

#[rstest]
#[tokio::test]
async fn an_earlier_version_is_adopted_and_brought_up(#[values(Sqlite, Postgres)] on: Backend) {
    let database = made_by_hand(on, 2).await;
    execute(&database, ALEMBIC).await;
    let refused = migrate(&database, &["up"]).expect(6);
    assert!(refused.stderr.contains("taskmanager migrate stamp"), "{}", refused.stderr);
    migrate(&database, &["stamp", &own(on)[1].0.to_string()]).expect(0);
    migrate(&database, &["up"]).expect(0);
    let reference = current(on).await;
    execute(&database, "DROP TABLE alembic_version").await;
    assert_eq!(crate::fixture::dump(&database).await, crate::fixture::dump(&reference).await);
}

#[rstest]
#[tokio::test]
async fn what_does_not_fit_is_not_recorded(#[values(Sqlite, Postgres)] on: Backend) {
    let database = bare(on).await;
    let version = newest().to_string();
    for (change, lacking) in
        [("SELECT 1", "tasks"), ("CREATE TABLE tasks (id text, number bigint)", "tasks.title")]
    {
        execute(&database, change).await;
        let refused = migrate(&database, &["stamp", &version, "--json"]).expect(7);
        let message = document(&refused)["error"]["message"].as_str().expect("words").to_owned();
        assert!(message.contains(lacking), "{message}");
        assert!(message.contains(&version), "{message}");
        let query = match on {
            Sqlite => "SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'",
            Postgres => "SELECT count(*) FROM pg_class WHERE relname = '_sqlx_migrations'",
        };
        assert_eq!(crate::fixture::integer(&database, query).await, 0);
    }
}

#[rstest]
#[tokio::test]
async fn alembic_is_named_and_adopted(#[values(Sqlite, Postgres)] on: Backend) {
    let database = made_by_hand(on, own(on).len()).await;
    execute(&database, ALEMBIC).await;
    let stamp = format!("taskmanager migrate stamp {}", newest());
    let status = migrate(&database, &["status"]).expect(6);
    assert!(status.stdout.contains("Alembic (revision ae1027a6acf)"), "{}", status.stdout);
    assert!(status.stdout.contains(&stamp), "{}", status.stdout);
    for arguments in [&["up"][..], &["plan"], &["down", "--all", "--yes"]] {
        let refused = migrate(&database, arguments).expect(6);
        assert!(refused.stderr.contains(&stamp), "{arguments:?} {}", refused.stderr);
    }
    for mode in ["auto", "check"] {
        let mut server = Server::spawn(&[("DATABASE_URL", &database.url), ("MIGRATE", mode)]);
        assert_eq!(server.exit().await, Some(6), "{}", server.output());
        assert!(server.output().contains(&stamp), "{}", server.output());
    }
    migrate(&database, &["stamp", &newest().to_string()]).expect(0);
    migrate(&database, &["status"]).expect(0);
    let app = App::on(database, &[("MIGRATE", "check")]).await;
    let _ = app.create(json!({"title": "adopted"})).await;
    assert_eq!(app.titles("/tasks").await, ["adopted"]);
    assert_eq!(recorded(&app.database).await.len(), own(on).len());
}

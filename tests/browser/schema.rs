//! The schema page: each state in words, with what fixes it, as the schema changes under the running service.

use rstest::rstest;
use serde_json::Value;

use crate::axe;
use crate::page::open;
use crate::window::{Person, Window};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::postgres::Stop;
use testkit::{Api, App, Database, PostgresServer, Server, WITHIN, until};

/// Newer than anything that this program will have.
const NEWER: i64 = 29_991_231_235_959;

async fn until_shown(window: &Window, text: &str) {
    let expression =
        format!("document.querySelector('main').innerText.includes({})", Value::from(text));
    window.until_script(&format!("{text:?} to be shown"), &expression).await;
}

async fn run(database: &Database, sql: &str) {
    let mut side = database.connect().await;
    side.execute(sql).await;
    side.close().await;
}

#[rstest]
#[tokio::test]
async fn the_schema_is_shown_with_its_history(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let migrations = app.json("/migrations").await;
    let window = open(&app, "/").await;
    window.press_part("nav-schema").await;
    for text in [
        "Up to date",
        "exactly the migrations of this program",
        "everything that this program needs is applied",
    ] {
        until_shown(&window, text).await;
    }
    until_shown(&window, &migrations["head"].to_string()).await;
    let rows = "return [...document.querySelectorAll('table tbody tr')].map((row) => [...row.cells].map((cell) => cell.innerText))";
    let rows: Vec<[String; 4]> = serde_json::from_value(window.script(rows).await).expect("rows");
    let history = migrations["history"].as_array().expect("a history");
    assert_eq!(rows.len(), history.len());
    for ([name, state, applied, took], line) in rows.iter().zip(history.iter().rev()) {
        let (version, description) =
            (line["version"].to_string(), line["description"].as_str().expect("a text"));
        assert!(name.contains(&version) && name.contains(description), "{name}");
        assert_eq!(state, "applied");
        assert!(applied.contains("20"), "when: {applied}");
        assert!(took.ends_with("ms") || took.ends_with("sec"), "how long: {took}");
    }
    assert_eq!(window.address().await, "/?view=schema");
    window.close().await;
}

#[rstest]
#[tokio::test]
async fn what_is_wrong_is_named_with_what_mends_it(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let mut window = open(&app, "/?view=schema").await;
    // What does not fit is answered so, with the same members as ever.
    window.expect_answer(503, "/health");
    until_shown(&window, "Up to date").await;
    run(&app.database, "ALTER TABLE tasks RENAME COLUMN assignee TO owner").await;
    for text in ["Drifted", "assignee", "taskmanager migrate status", "taskmanager restore"] {
        until_shown(&window, text).await;
    }
    run(&app.database, "ALTER TABLE tasks RENAME COLUMN owner TO assignee").await;
    until_shown(&window, "Up to date").await;

    run(
        &app.database,
        "DELETE FROM _sqlx_migrations WHERE version = (SELECT max(version) FROM _sqlx_migrations)",
    )
    .await;
    for text in ["Behind", "taskmanager migrate up", "not the same version", "pending"] {
        until_shown(&window, text).await;
    }
    window.close().await;
}

/// What another program, or a hand, has done to a database that was current.
#[derive(Clone, Copy, Debug)]
enum Deed {
    Newer(&'static str),
    Stopped,
    Edited,
}

impl Deed {
    fn sql(self, on: Backend) -> String {
        let newest = "(SELECT max(version) FROM _sqlx_migrations)";
        match self {
            Self::Newer(compat) => {
                let checksum = if on == Sqlite { "x'00'" } else { "decode('00', 'hex')" };
                format!(
                    "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
                     VALUES ({NEWER}, 'by another program', true, {checksum}, 1); \
                     INSERT INTO _migrate_log (recorded_at, version, event, compat, program, outcome) \
                     VALUES ('2999-12-31T23:59:59Z', {NEWER}, 'applied', '{compat}', '9.9.9', 'done')"
                )
            }
            Self::Stopped => {
                format!("UPDATE _sqlx_migrations SET success = false WHERE version = {newest}")
            }
            Self::Edited => format!(
                "UPDATE _sqlx_migrations SET checksum = (SELECT checksum FROM _sqlx_migrations \
                 WHERE version < {newest} ORDER BY version LIMIT 1) WHERE version = {newest}"
            ),
        }
    }
}

/// With `MIGRATE=off` an instance begins on whatever is there, and shows it.
#[rstest]
#[case::ahead_compatible(Deed::Newer("additive"), "ahead_compatible", 200,
    &["Ahead, and compatible", "There is nothing to fix", "To look at it", "taskmanager migrate history",
      "not the same version", "unknown to this program", "29991231235959", "everything that this program needs"])]
#[case::ahead_incompatible(Deed::Newer("breaking"), "ahead_incompatible", 503,
    &["Ahead, and not compatible", "may fail on it", "To fix it", "taskmanager restore", "not the same version",
      "unknown to this program", "29991231235959"])]
#[case::failed(Deed::Stopped, "failed", 503,
    &["Stopped partway", "To fix it", "taskmanager migrate status", "taskmanager migrate up", "unfinished"])]
#[case::diverged(Deed::Edited, "diverged", 503,
    &["Diverged", "contradict each other", "To fix it", "taskmanager migrate status", "applied, another file"])]
#[tokio::test]
async fn every_state_is_shown(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] deed: Deed,
    #[case] state: &str,
    #[case] status: u16,
    #[case] texts: &[&str],
) {
    let database = Database::migrated(on).await;
    drop(Server::start(&[("DATABASE_URL", &database.url)]).await);
    run(&database, &deed.sql(on)).await;
    let server = Server::spawn(&[("DATABASE_URL", &database.url), ("MIGRATE", "off")]);
    let api = Api::new(&server.url());
    let page = until("the instance", WITHIN, async || {
        let answer = api.call("GET", "/migrations").try_send().await.ok()?;
        (answer.status == 200).then(|| answer.json())
    })
    .await;
    assert_eq!(page["state"], state);
    let mut window = Window::of(Person::default(), api.base(), "/?view=schema").await;
    if status != 200 {
        window.expect_answer(status, "/health");
    }
    for text in texts.iter().chain(&[state]) {
        until_shown(&window, text).await;
    }
    // In the program's words, which version it is about.
    let concerns = page["concerns"].as_array().expect("a list");
    assert!(!concerns.is_empty(), "{page}");
    for concern in concerns {
        until_shown(&window, &concern["version"].to_string()).await;
        until_shown(&window, concern["reason"].as_str().expect("a text")).await;
    }
    axe::check(&window, state).await;
    window.close().await;
}

/// A database that goes away under the page, and comes back.
#[tokio::test]
async fn a_database_that_does_not_answer_is_shown() {
    let mut postgres = PostgresServer::start(&[]).await;
    let server = Server::start(&[("DATABASE_URL", &postgres.url("postgres"))]).await;
    let mut window = Window::of(Person::default(), &server.url(), "/?view=schema").await;
    until_shown(&window, "Up to date").await;
    // The first two by this view; the others by the page, when its stream of events was to begin again meanwhile.
    for path in ["/health", "/migrations", "/tasks/events", "/tasks?limit=200"] {
        window.expect_answer(503, path);
    }
    postgres.stop(Stop::Fast).await;
    for text in [
        "The database does not answer",
        "unreachable",
        "taskmanager migrate doctor",
        "Not known while the database does not answer",
    ] {
        until_shown(&window, text).await;
    }
    axe::check(&window, "unreachable").await;
    postgres.resume().await;
    until_shown(&window, "Up to date").await;
    window.close().await;
}

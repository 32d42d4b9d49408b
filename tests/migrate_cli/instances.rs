//! A migration that is not declared additive waits for the instances of the service that it would stop.

use std::path::Path;
use std::str::FromStr as _;

use rstest::rstest;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection};

use crate::fixture::{Files, current, document, integer, newest, own_folder, recorded};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Database, PgBouncer, Server};

const LABELS: i64 = 20_990_101_000_000;

/// The program's own migrations and one more, whose first line is this.
fn with_labels(first_line: &str) -> Files {
    let mut files = Files::none();
    for (on, dialect) in [(Postgres, "postgres"), (Sqlite, "sqlite")] {
        for entry in std::fs::read_dir(own_folder(on)).expect("the migrations") {
            let from = entry.expect("an entry").path();
            let to = Path::new(files.path()).join(dialect);
            let name = from.file_name().expect("a name");
            std::fs::copy(&from, to.join(name)).expect("a copy");
        }
    }
    files = files.with(
        &format!("{LABELS}_create_labels"),
        &format!("{first_line}CREATE TABLE labels (id bigint PRIMARY KEY);\n"),
        "DROP TABLE labels;\n",
    );
    files
}

/// A session that calls itself this, as an instance of a release would.
async fn session(database: &Database, application_name: &str) -> PgConnection {
    let options = PgConnectOptions::from_str(&database.url).expect("a URL");
    options.application_name(application_name).connect().await.expect("a session")
}

async fn applied(database: &Database) -> bool {
    recorded(database).await.contains(&LABELS.to_string())
}

#[rstest]
#[case::undeclared("")]
#[case::breaking("-- compat: breaking\n")]
#[tokio::test]
async fn a_running_instance_that_would_be_stopped_is_named(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] first_line: &str,
) {
    let database = current(on).await;
    let files = with_labels(first_line);
    let mut server = Server::start(&[("DATABASE_URL", &database.url)]).await;
    let (name, place) = match on {
        Postgres => (
            format!("taskmanager/{} {}", env!("CARGO_PKG_VERSION"), newest()),
            "at 127.0.0.1".to_owned(),
        ),
        Sqlite => ("taskmanager".to_owned(), format!("(pid {})", server.pid())),
    };

    let refused = files.migrate(&database, &["up", "--json"]).expect(10);
    for words in [&*name, &*place, " since 2", "pid ", "--force", "nothing was changed"] {
        assert!(refused.stderr.contains(words), "no {words:?} in {}", refused.stderr);
    }
    let steps = document(&refused)["steps"].clone();
    assert_eq!((&steps[0]["step"], &steps[0]["verdict"]), (&"instances".into(), &"stopped".into()));
    assert_eq!(steps[0]["details"].as_array().map(Vec::len), Some(1), "one instance: {steps}");
    let dry = files.migrate(&database, &["up", "--dry-run"]).expect(10);
    assert!(dry.stdout.starts_with("instances  stopped"), "{dry:#?}");
    assert!(dry.stdout.contains(&name), "{dry:#?}");
    let plan = files.migrate(&database, &["plan", "--no-rehearsal"]).expect(0);
    assert!(plan.stdout.contains(&format!("error [connected-instance]: {name}")), "{plan:#?}");
    let plan = document(&files.migrate(&database, &["plan", "--no-rehearsal", "--json"]).expect(0));
    assert_eq!(plan["stopped_instances"][0]["stopped_by"][0], LABELS, "{plan}");
    assert!(!applied(&database).await);

    server.signal("TERM");
    assert_eq!(server.exit().await, Some(0));
    // Its sessions have just gone, or are about to.
    let done = files.migrate(&database, &["up", "--no-rehearsal"]).expect(0);
    assert!(done.stdout.starts_with("instances  ok"), "{done:#?}");
}

#[tokio::test]
async fn force_goes_on_and_the_log_keeps_it() {
    let database = current(Postgres).await;
    let _old = session(&database, "taskmanager").await;
    let files = with_labels("-- compat: breaking\n");
    files.migrate(&database, &["up", "--no-rehearsal"]).expect(10);
    let forced = files.migrate(&database, &["up", "--no-rehearsal", "--force"]).expect(0);
    assert!(forced.stdout.starts_with("instances  forced"), "{forced:#?}");
    let logged = format!(
        "SELECT count(*) FROM _migrate_log WHERE version = {LABELS} AND event = 'applied' \
         AND reason LIKE '--force: instances: 1 connected instance%'"
    );
    assert_eq!(integer(&database, &logged).await, 1);
}

#[rstest]
#[case::a_release_that_did_not_say("taskmanager", 10)]
#[case::its_event_listener("taskmanager events", 10)]
#[case::an_older_release("taskmanager/0.0.1 20261121090000 web-1", 10)]
#[case::behind_a_pooler("taskmanager/0.0.1 20261121090000 web-1 - 10.0.0.7:5122", 10)]
#[case::a_release_that_has_it("taskmanager/9.0.0 20990101000000 web-1", 0)]
#[case::another_migrator("taskmanager-migrate", 0)]
#[case::another_program("psql", 0)]
#[tokio::test]
async fn only_instances_that_do_not_know_it_are_in_the_way(#[case] name: &str, #[case] code: i32) {
    let database = current(Postgres).await;
    let other = session(&database, name).await;
    let run = with_labels("").migrate(&database, &["up", "--no-rehearsal"]).expect(code);
    assert_eq!(run.stderr.contains(name), code == 10, "{run:#?}");
    other.close().await.expect("a clean goodbye");
}

/// A pooler has the addresses, and the names all the same.
#[tokio::test]
async fn an_instance_behind_a_pooler_is_named() {
    let database = current(Postgres).await;
    let pooler = PgBouncer::start("transaction", &database.url, &[]).await;
    let through = pooler.before(&database.url);
    let variables = [("DATABASE_URL", &*through), ("MIGRATE_DATABASE_URL", &*database.url)];
    let _server = Server::start(&variables).await;
    let name = format!("taskmanager/{} {}", env!("CARGO_PKG_VERSION"), newest());
    let refused = with_labels("").migrate(&database, &["up", "--no-rehearsal"]).expect(10);
    assert!(refused.stderr.contains(&name), "{refused:#?}");
    assert!(refused.stderr.contains(", last active 2"), "{refused:#?}");
}

/// An instance of another database of the server is none of ours.
#[tokio::test]
async fn instances_of_other_databases_are_not_in_the_way() {
    let (database, other) = (current(Postgres).await, Database::empty(Postgres).await);
    let _old = session(&other, "taskmanager").await;
    with_labels("").migrate(&database, &["up", "--no-rehearsal"]).expect(0);
}

#[rstest]
#[tokio::test]
async fn an_additive_migration_asks_nobody(#[values(Sqlite, Postgres)] on: Backend) {
    let database = current(on).await;
    let _server = Server::start(&[("DATABASE_URL", &database.url)]).await;
    let files = with_labels("-- compat: additive\n");
    let done = files.migrate(&database, &["up", "--no-rehearsal"]).expect(0);
    assert!(!done.stdout.contains("instances"), "{done:#?}");
}

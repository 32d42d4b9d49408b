//! Every state of the schema, made for real: `migrate status`, `/health`, `/metrics` and a start say the same, and
//! serve or refuse as the state's row of the table has it.

use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::{Value, json};

use crate::fixture::{current, document, execute, migrate, newest, own};
use testkit::Backend::{self, Postgres, Sqlite};
use testkit::server::field;
use testkit::{Answer, Api, App, Database, Server, WITHIN, until};

/// Newer than anything that this program will have.
const NEWER: i64 = 29_991_231_235_959;

/// What is done to a database that is current.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Nothing,
    Back,
    NewerAdditive,
    NewerBreaking,
    NewerUndeclared,
    Edited,
    Gap,
    Stranger,
    ColumnGone,
    TableGone,
    Stopped,
}

fn row(on: Backend, version: i64) -> String {
    let checksum = if on == Sqlite { "x'00'" } else { "decode('00', 'hex')" };
    format!(
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) \
         VALUES ({version}, 'by another program', true, {checksum}, 1);"
    )
}

fn log(version: i64, compat: &str) -> String {
    format!(
        "INSERT INTO _migrate_log (recorded_at, version, event, compat, program, outcome) \
         VALUES ('2999-12-31T23:59:59Z', {version}, 'applied', '{compat}', '9.9.9', 'done');"
    )
}

/// Does it, and returns what a message must name.
async fn make(database: &Database, deed: Deed) -> Vec<String> {
    let on = database.backend();
    let versions: Vec<i64> = own(on).iter().map(|(version, _)| *version).collect();
    let stranger = versions[1] + 1;
    let (sql, named): (String, Vec<String>) = match deed {
        Deed::Nothing => return Vec::new(),
        Deed::Back => {
            migrate(database, &["down", "1", "--yes"]).expect(0);
            return vec![newest().to_string(), "`taskmanager migrate up`".into()];
        }
        Deed::NewerAdditive => {
            (row(on, NEWER) + &log(NEWER, "additive"), vec![NEWER.to_string(), "additive".into()])
        }
        Deed::NewerBreaking => (
            row(on, NEWER) + &log(NEWER, "breaking"),
            vec![NEWER.to_string(), "Deploy the newer program".into()],
        ),
        Deed::NewerUndeclared => {
            (row(on, NEWER), vec![NEWER.to_string(), "not declared compatible".into()])
        }
        Deed::Edited => (
            format!(
                "UPDATE _sqlx_migrations SET checksum = (SELECT checksum FROM _sqlx_migrations \
                 WHERE version = {}) WHERE version = {}",
                versions[0], versions[1]
            ),
            vec![format!("`taskmanager migrate repair {} --reason …`", versions[1])],
        ),
        Deed::Gap => (
            format!("DELETE FROM _sqlx_migrations WHERE version = {}", versions[1]),
            vec![versions[1].to_string(), newest().to_string(), "restore a backup".into()],
        ),
        Deed::Stranger => {
            (row(on, stranger), vec![stranger.to_string(), "does not have it".into()])
        }
        Deed::ColumnGone => (
            match on {
                Sqlite => "ALTER TABLE tasks RENAME COLUMN priority TO elsewhere".into(),
                Postgres => "ALTER TABLE tasks DROP COLUMN priority".into(),
            },
            vec!["tasks.priority".into(), "Restore a backup".into()],
        ),
        Deed::TableGone => {
            ("DROP TABLE tasks".into(), vec!["tasks".into(), "Restore a backup".into()])
        }
        Deed::Stopped => (
            format!("UPDATE _sqlx_migrations SET success = false WHERE version = {}", newest()),
            vec![format!("`taskmanager migrate repair {} --reason …`", newest())],
        ),
    };
    execute(database, &sql).await;
    named
}

async fn health(api: &Api, state: &str) -> Answer {
    until(&format!("/health to say {state}"), WITHIN, async || {
        let answer = api.call("GET", "/health").try_send().await.ok()?;
        (answer.json()["schema_state"] == state).then_some(answer)
    })
    .await
}

async fn metrics_say(api: &Api, state: &str) {
    let series = |line: &&str| line.starts_with("taskmanager_schema_state{");
    let text = api.get("/metrics").await.expect(200).text();
    let ones: Vec<_> = text.lines().filter(series).filter(|line| line.ends_with(" 1")).collect();
    assert_eq!(ones, [format!("taskmanager_schema_state{{state=\"{state}\"}} 1")], "{text}");
    assert_eq!(text.lines().filter(series).count(), 7, "{text}");
}

fn variables<'a>(database: &'a Database, mode: &'a str) -> [(&'a str, &'a str); 2] {
    [("DATABASE_URL", database.url.as_str()), ("MIGRATE", mode)]
}

/// It ends with the code and one message of its own.
async fn refuses(database: &Database, mode: &str, code: i32, named: &[String]) {
    let mut server = Server::spawn(&variables(database, mode));
    assert_eq!(server.exit().await, Some(code), "{}", server.output());
    let errors: Vec<Value> =
        server.log().into_iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(errors.len(), 1, "{}", server.output());
    assert_eq!(field(&errors[0], "exit_code"), Some(json!(code)), "{}", errors[0]);
    let message = field(&errors[0], "message").unwrap_or_default();
    let message = message.as_str().expect("words").to_owned();
    assert!(named.iter().all(|name| message.contains(name)), "{named:?}: {message}");
    assert!(!message.contains('\n'), "{message}");
    let (_, fix) = message.split_once(". ").expect("a sentence that says what to do");
    assert!(["Run ", "Deploy ", "Restore "].iter().any(|verb| fix.starts_with(verb)), "{message}");
}

#[rstest]
#[case(Deed::Nothing, "current", 0, true)]
#[case(Deed::Back, "behind", 3, false)]
#[case(Deed::NewerAdditive, "ahead_compatible", 4, true)]
#[case(Deed::NewerBreaking, "ahead_incompatible", 5, false)]
#[case(Deed::NewerUndeclared, "ahead_incompatible", 5, false)]
#[case(Deed::Edited, "diverged", 6, false)]
#[case(Deed::Gap, "diverged", 6, false)]
#[case(Deed::Stranger, "diverged", 6, false)]
#[case(Deed::ColumnGone, "drifted", 7, false)]
#[case(Deed::TableGone, "drifted", 7, false)]
#[case(Deed::Stopped, "failed", 8, false)]
#[tokio::test]
async fn status_health_metrics_and_starts_agree(
    #[values(Sqlite, Postgres)] on: Backend,
    #[case] deed: Deed,
    #[case] state: &str,
    #[case] code: i32,
    #[case] serves: bool,
) {
    let database = current(on).await;
    let named = make(&database, deed).await;
    let status = migrate(&database, &["status"]).expect(code);
    assert!(status.stdout.contains(&format!("\nstate     {state}\n")), "{}", status.stdout);
    for name in &named {
        assert!(status.stdout.contains(name), "{name}: {}", status.stdout);
    }
    let report = document(&migrate(&database, &["status", "--json"]).expect(code));
    assert_eq!(report["schema_state"], state);

    // Off: it is there, says what it sees, and serves nothing that does not fit.
    {
        let server = Server::spawn(&variables(&database, "off"));
        let api = Api::new(&server.url());
        let answer = health(&api, state).await.expect(if serves { 200 } else { 503 });
        let body = answer.json();
        assert_eq!(body["status"], if serves { "healthy" } else { "unhealthy" });
        assert_eq!(body["database"], "connected");
        for member in ["schema_version", "target_version", "pending_migrations"] {
            assert_eq!(body[member], report[member], "{member}");
        }
        metrics_say(&api, state).await;
        let ready = api.get("/health/ready").await;
        assert_eq!(ready.status, if serves { 200 } else { 503 }, "{}", ready.describe());
        let _ = api.get("/health/live").await.expect(200);
    }
    if serves {
        for mode in ["check", "auto"] {
            let mut server = Server::spawn(&variables(&database, mode));
            server.ready().await;
            metrics_say(&Api::new(&server.url()), state).await;
            let warned = server
                .log()
                .iter()
                .any(|line| line["level"] == "WARN" && line.to_string().contains("newer program"));
            assert_eq!(warned, deed == Deed::NewerAdditive, "{}", server.output());
        }
        return;
    }
    refuses(&database, "check", code, &named).await;
    if deed == Deed::Back {
        let server = Server::start(&variables(&database, "auto")).await;
        metrics_say(&Api::new(&server.url()), "current").await;
        migrate(&database, &["status"]).expect(0);
    } else {
        refuses(&database, "auto", code, &named).await;
        migrate(&database, &["status"]).expect(code);
    }
}

/// Within ten seconds, in both directions.
#[rstest]
#[tokio::test]
async fn a_running_instance_notices(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::on(current(on).await, &[]).await;
    for (deed, state, undo) in [
        (Deed::NewerAdditive, "ahead_compatible", None),
        (Deed::Stopped, "failed", Some("UPDATE _sqlx_migrations SET success = true")),
    ] {
        make(&app.database, deed).await;
        let begun = Instant::now();
        let answer = health(&app, state).await;
        let took = begun.elapsed();
        println!("{on:?}: {state} seen after {took:?}");
        assert!(took < Duration::from_secs(13), "{took:?}");
        assert_eq!(answer.status, if undo.is_some() { 503 } else { 200 });
        metrics_say(&app, state).await;
        if let Some(undo) = undo {
            execute(&app.database, undo).await;
            let _ = health(&app, "ahead_compatible").await.expect(200);
        }
    }
}

//! `/health/ready`: whether the instance may get traffic, and why not.

use rstest::rstest;
use serde_json::json;
use tokio::task::JoinSet;

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::client::text;
use testkit::database::Side;
use testkit::postgres::Stop;
use testkit::{Api, App, Database, PostgresServer, Server, WITHIN, until};

/// Why the instance is not ready for reads and writes, and whether it is ready for reads.
async fn readiness(api: &Api) -> (Option<String>, u16) {
    let whole = api.get("/health/ready").await;
    let reads = api.get("/health/ready?for=reads").await.status;
    if whole.status == 200 {
        return (None, reads);
    }
    let problem = whole.problem(503, "not-ready");
    assert_eq!(problem.header("retry-after").as_deref(), Some("1"));
    (Some(text(&problem.json(), "reason").to_owned()), reads)
}

async fn until_ready_is(api: &Api, reason: Option<&str>, reads: u16) {
    let what = format!("readiness to be {reason:?}, and {reads} for reads");
    until(&what, WITHIN, async || {
        (readiness(api).await == (reason.map(ToOwned::to_owned), reads)).then_some(())
    })
    .await;
}

#[rstest]
#[tokio::test]
async fn ready_for_what_is_asked(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    assert_eq!(readiness(&app).await, (None, 200));
    for (query, code) in [
        ("for=writes", "not_allowed"),
        ("for=", "empty"),
        ("for", "empty"),
        ("for=reads&for=reads", "repeated"),
        ("fro=reads", "unknown_parameter"),
    ] {
        let problem = app.get(&format!("/health/ready?{query}")).await.problem(422, "validation");
        assert_eq!(problem.json()["errors"][0]["code"], code, "{query}");
    }
    let _ = app.get("/health/ready?for=%zz").await.problem(400, "malformed-query");
    let metrics = app.get("/metrics").await.text();
    assert!(!metrics.contains("taskmanager_not_ready{reason=\"corrupt\"} 1"), "{metrics}");
}

/// A server that refuses writes is told so within a moment, serves reads meanwhile, and needs no restart afterwards.
#[tokio::test]
async fn read_only_by_configuration_and_standby() {
    let mut postgres = PostgresServer::start(&[]).await;
    let url = postgres.url("postgres");
    let server = Server::start(&[("DATABASE_URL", &url), ("REQUEST_TIMEOUT", "3s")]).await;
    let api = Api::new(&server.url());
    let _ = api.create(json!({"title": "t"})).await;
    let mut side = Side::postgres(&url).await;
    side.execute("ALTER SYSTEM SET default_transaction_read_only = on").await;
    side.execute("SELECT pg_reload_conf()").await;
    until_ready_is(&api, Some("read_only"), 200).await;
    until("the change in the log", WITHIN, async || {
        let mut log = server.log().into_iter();
        let change = log.find(|line| line["message"] == "instance not ready")?;
        assert_eq!((&change["level"], &change["reason"]), (&json!("WARN"), &json!("read_only")));
        Some(())
    })
    .await;
    assert_eq!(api.titles("/tasks").await, ["t"]);
    let _ = api.post("/tasks", &json!({"title": "u"})).await.problem(503, "unavailable");
    let _ = api.get("/health").await.expect(200);
    side.execute("SET default_transaction_read_only = off").await;
    side.execute("ALTER SYSTEM RESET default_transaction_read_only").await;
    side.execute("SELECT pg_reload_conf()").await;
    until_ready_is(&api, None, 200).await;
    let _ = api.create(json!({"title": "v"})).await;

    drop(side);
    postgres.stop(Stop::Fast).await;
    postgres.stand_by();
    postgres.resume().await;
    until_ready_is(&api, Some("read_only"), 200).await;
    let problem = api.get("/health/ready").await.json();
    assert!(text(&problem, "detail").contains("standby"), "{problem}");
    assert_eq!(api.titles("/tasks?sort=number").await, ["t", "v"]);
    let mut side = Side::postgres(&url).await;
    side.execute("SELECT pg_promote()").await;
    until_ready_is(&api, None, 200).await;
    let _ = api.create(json!({"title": "w"})).await;
    // Probes got their answers: only what changed is worth a warning, and nothing an error.
    for line in server.log() {
        assert!(line["route"] != "/health/ready" || line["level"] == "INFO", "{line}");
    }
}

/// What new sessions may do changes, and back: none that began in between is used for a write afterwards.
#[tokio::test]
async fn read_only_for_new_sessions() {
    let app = App::start(Postgres).await;
    let _ = app.create(json!({"title": "t"})).await;
    let mut side = app.database.connect().await;
    let name = app.database.url.rsplit('/').next().expect("a name").to_owned();
    let begin_again = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity \
         WHERE datname = current_database() AND pid <> pg_backend_pid()";
    let set =
        |word| format!("ALTER DATABASE \"{name}\" SET default_transaction_read_only = {word}");
    side.execute(&set("on")).await;
    for noticed in [true, false] {
        assert!(side.integer(begin_again).await > 0);
        if noticed {
            until_ready_is(&app, Some("read_only"), 200).await;
            let _ = app.post("/tasks", &json!({"title": "u"})).await.problem(503, "unavailable");
        }
        // Every connection of the store is such a session now.
        let mut readers = JoinSet::new();
        for _ in 0..20 {
            readers.spawn(app.call("GET", "/tasks?limit=1000").send());
        }
        while let Some(read) = readers.join_next().await {
            let _ = read.expect("a reader").expect(200);
        }
        side.execute("SET default_transaction_read_only = off").await;
        side.execute(&set("off")).await;
        if noticed {
            until_ready_is(&app, None, 200).await;
        }
        let mut writers = JoinSet::new();
        for n in 0..40 {
            let (method, path) =
                if n % 2 == 0 { ("POST", "/tasks") } else { ("PATCH", "/tasks/1") };
            writers.spawn(app.call(method, path).json(&json!({"title": n.to_string()})).send());
        }
        while let Some(written) = writers.join_next().await {
            let written = written.expect("a writer");
            assert!(matches!(written.status, 200 | 201), "{}", written.describe());
        }
        side.execute(&set("on")).await;
    }
    side.execute(&set("off")).await;
}

/// The tables belong to somebody else, who has not given all rights.
#[tokio::test]
async fn role_without_rights() {
    let database = Database::migrated(Postgres).await;
    let mut owner = database.connect().await;
    let role = format!("test_role_{:016x}", rand::random::<u64>());
    owner.execute(&format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'")).await;
    let tables = "tasks, task_events, idempotency_keys, task_census, _sqlx_migrations";
    owner.execute(&format!("GRANT SELECT, INSERT, UPDATE, DELETE ON {tables} TO {role}")).await;
    let mut url = url::Url::parse(&database.url).expect("a URL");
    url.set_username(&role).expect("a name");
    url.set_password(Some("secret")).expect("a password");
    let variables = [
        ("DATABASE_URL", url.as_str()),
        ("MIGRATE_DATABASE_URL", &database.url),
        ("MIGRATE", "check"),
    ];
    let server = Server::start(&variables).await;
    let api = Api::new(&server.url());
    let _ = api.create(json!({"title": "t"})).await;
    owner.execute(&format!("REVOKE INSERT ON task_events FROM {role}")).await;
    until_ready_is(&api, Some("read_only"), 200).await;
    let problem = api.get("/health/ready").await.json();
    let detail = text(&problem, "detail");
    assert!(detail.contains("task_events") && !detail.contains("idempotency_keys"), "{detail}");
    assert_eq!(api.titles("/tasks").await, ["t"]);
    owner.execute(&format!("GRANT INSERT ON task_events TO {role}")).await;
    until_ready_is(&api, None, 200).await;
    // Without DELETE nothing expires.
    owner.execute(&format!("REVOKE DELETE ON idempotency_keys FROM {role}")).await;
    until_ready_is(&api, Some("read_only"), 200).await;
    until("pruning to fail", WITHIN, async || {
        let metrics = api.get("/metrics").await.text();
        metrics.contains("\ntaskmanager_prune_failures_total 1\n").then_some(())
    })
    .await;
    let said = server.log().into_iter().filter(|line| line.to_string().contains("pruning failed"));
    let levels: Vec<_> = said.map(|line| line["level"].clone()).collect();
    assert_eq!(levels, ["WARN"]);
    owner.execute(&format!("GRANT DELETE ON idempotency_keys TO {role}")).await;
    until_ready_is(&api, None, 200).await;
    for (take, give) in [
        (format!("REVOKE SELECT ON tasks FROM {role}"), format!("GRANT SELECT ON tasks TO {role}")),
        ("REVOKE USAGE ON SCHEMA public FROM PUBLIC".into(), {
            "GRANT USAGE ON SCHEMA public TO PUBLIC".into()
        }),
    ] {
        owner.execute(&take).await;
        until_ready_is(&api, Some("read_only"), 503).await;
        owner.execute(&give).await;
        until_ready_is(&api, None, 200).await;
    }
    owner.execute(&format!("REVOKE SELECT ON tasks FROM {role}")).await;
    for (method, path) in [("GET", "/tasks"), ("GET", "/tasks/1"), ("PATCH", "/tasks/1")] {
        let call = api.call(method, path);
        let call = if method == "PATCH" { call.json(&json!({"title": "u"})) } else { call };
        let problem = call.send().await.problem(503, "unavailable");
        assert_eq!(problem.header("retry-after").as_deref(), Some("1"), "{method} {path}");
        assert!(problem.text().contains("rights"), "{}", problem.text());
    }
    let metrics = api.get("/metrics").await.text();
    let denied = metrics.lines().find(|line| line.contains("{kind=\"denied\"}"));
    assert!(denied.is_some_and(|line| !line.ends_with(" 0")), "{denied:?}");
    drop(server);
    owner.execute(&format!("DROP OWNED BY {role}")).await;
    owner.execute(&format!("DROP ROLE {role}")).await;
}

/// What the server says of a damaged page, said by a trigger.
#[tokio::test]
async fn damage_that_the_server_meets() {
    let app = App::start(Postgres).await;
    let mut side = app.database.connect().await;
    side.execute(
        "CREATE FUNCTION damage() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN RAISE EXCEPTION 'invalid page' USING ERRCODE = 'XX001'; END $$",
    )
    .await;
    side.execute("CREATE TRIGGER damage BEFORE INSERT ON tasks EXECUTE FUNCTION damage()").await;
    let _ = app.post("/tasks", &json!({"title": "t"})).await.problem(503, "unavailable");
    until_ready_is(&app, Some("corrupt"), 503).await;
    until("the metrics to say so", WITHIN, async || {
        let metrics = app.get("/metrics").await.text();
        let says = |line: &str| metrics.lines().any(|found| found == line);
        (says("taskmanager_not_ready{reason=\"corrupt\"} 1")
            && says("db_client_errors_total{kind=\"corrupt\"} 1"))
        .then_some(())
    })
    .await;
}

//! How the process begins and ends: drains, ports, and what it says when it cannot start.

use rstest::rstest;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{Api, App, Database, Server, WITHIN, free_port, until};

const BODY: &str = "{\"title\":\"in flight\"}";

/// Begins to create a task, and returns when the server asks for the body.
async fn begin(port: u16) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
    let head = format!(
        "POST /tasks HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {}\r\nexpect: 100-continue\r\n\r\n",
        BODY.len()
    );
    stream.write_all(head.as_bytes()).await.expect("the head goes out");
    let mut line = [0; 25];
    stream.read_exact(&mut line).await.expect("100 Continue");
    assert_eq!(&line[..12], b"HTTP/1.1 100", "{}", String::from_utf8_lossy(&line));
    stream
}

async fn refused(port: u16) {
    until("the listener to stop", WITHIN, async || {
        TcpStream::connect(("127.0.0.1", port)).await.is_err().then_some(())
    })
    .await;
}

#[rstest]
#[tokio::test]
async fn a_signal_drains(
    #[values(Sqlite, Postgres)] on: Backend,
    #[values("TERM", "INT")] signal: &str,
) {
    let ops = format!("127.0.0.1:{}", free_port());
    let mut app = App::with(on, &[("OPS_LISTEN", &ops), ("SHUTDOWN_TIMEOUT", "60s")]).await;
    let ops = Api::new(&format!("http://{ops}"));
    let _ = ops.get("/health/ready").await.expect(200);
    let mut stream = begin(app.server.port).await;
    app.server.signal(signal);
    until("readiness to end", WITHIN, async || {
        (ops.get("/health/ready").await.status == 503).then_some(())
    })
    .await;
    let _ = ops.get("/health/live").await.expect(200);
    refused(app.server.port).await;
    assert_eq!(app.server.ended(), None, "it waits for the request in flight");
    stream.write_all(BODY.as_bytes()).await.expect("the body goes out");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("the answer, then the end");
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    assert_eq!(app.server.exit().await, Some(0), "{}", app.server.output());
    let rows = app.database.connect().await.integer("SELECT count(*) FROM tasks").await;
    assert_eq!(rows, 1, "it was stored");
}

#[rstest]
#[tokio::test]
async fn idle_connections_do_not_hold_it(#[values(Sqlite, Postgres)] on: Backend) {
    let mut app = App::start(on).await;
    let _idle = TcpStream::connect(("127.0.0.1", app.server.port)).await.expect("a connection");
    let _ = app.get("/tasks").await.expect(200);
    app.server.signal("TERM");
    assert_eq!(app.server.exit().await, Some(0), "{}", app.server.output());
}

#[rstest]
#[tokio::test]
async fn a_second_signal_ends_at_once(#[values(Sqlite, Postgres)] on: Backend) {
    let mut app = App::with(on, &[("SHUTDOWN_TIMEOUT", "600s"), ("REQUEST_TIMEOUT", "600s")]).await;
    let _stream = begin(app.server.port).await;
    app.server.signal("TERM");
    refused(app.server.port).await;
    assert_eq!(app.server.ended(), None);
    app.server.signal("TERM");
    let _ = app.server.exit().await;
}

#[rstest]
#[tokio::test]
async fn draining_has_an_end(#[values(Sqlite, Postgres)] on: Backend) {
    let mut app = App::with(on, &[("SHUTDOWN_TIMEOUT", "1s"), ("REQUEST_TIMEOUT", "600s")]).await;
    let _stream = begin(app.server.port).await;
    app.server.signal("TERM");
    let _ = app.server.exit().await;
}

#[rstest]
#[tokio::test]
async fn the_listener_for_operators(#[values(Sqlite, Postgres)] on: Backend) {
    let address = format!("127.0.0.1:{}", free_port());
    let app = App::with(on, &[("OPS_LISTEN", &address)]).await;
    let ops = Api::new(&format!("http://{address}"));
    for path in ["/health", "/health/live", "/health/ready", "/metrics"] {
        let _ = ops.get(path).await.expect(200);
    }
    let _ = ops.get("/tasks").await.problem(404, "not-found");
    let _ = app.get("/metrics").await.problem(404, "not-found");
    let _ = app.get("/health").await.expect(200);
}

/// Before the schema is right there is no public port; operators see why.
#[tokio::test]
async fn the_port_is_bound_last() {
    let ops = format!("127.0.0.1:{}", free_port());
    let nobody = format!("postgres://u:geheim@127.0.0.1:{}/db", free_port());
    let mut server = Server::spawn(&[
        ("DATABASE_URL", &nobody),
        ("DATABASE_WAIT", "600s"),
        ("OPS_LISTEN", &ops),
    ]);
    let ops = Api::new(&format!("http://{ops}"));
    until("the operators' listener", WITHIN, async || {
        ops.call("GET", "/health/live").try_send().await.ok().filter(|answer| answer.status == 200)
    })
    .await;
    let _ = ops.get("/health/ready").await.problem(503, "not-ready");
    let _ = ops.get("/metrics").await.expect(200);
    assert!(TcpStream::connect(("127.0.0.1", server.port)).await.is_err(), "not bound yet");
    server.signal("TERM");
    let _ = server.exit().await;
    assert!(!server.output().contains("geheim"), "{}", server.output());
}

#[tokio::test]
async fn a_database_that_is_not_there() {
    let nobody = format!("postgres://u:geheim@127.0.0.1:{}/db", free_port());
    for wait in ["0", "1s"] {
        let mut server = Server::spawn(&[("DATABASE_URL", &nobody), ("DATABASE_WAIT", wait)]);
        assert_eq!(server.exit().await, Some(12), "{}", server.output());
        assert!(!server.output().contains("geheim"), "{}", server.output());
    }
}

#[rstest]
#[tokio::test]
async fn a_port_that_is_taken(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let port = app.server.port.to_string();
    let mut second = Server::spawn(&[("DATABASE_URL", &app.database.url), ("PORT", &port)]);
    assert_eq!(second.exit().await, Some(2), "{}", second.output());
    assert!(second.output().contains(&port), "names the port: {}", second.output());
    let _ = app.get("/tasks").await.expect(200);
}

#[tokio::test]
async fn bad_values_are_reported_together() {
    let bad = [
        ("DATABASE_URL", "mysql://user:geheim@host/db"),
        ("MIGRATE", "maybe"),
        ("PORT", "http"),
        ("OPS_LISTEN", "nowhere"),
        ("DATABASE_MAX_CONNECTIONS", "0"),
        ("DATABASE_WAIT", "soon"),
        ("REQUEST_TIMEOUT", "-1s"),
        ("SHUTDOWN_TIMEOUT", "1 fortnite"),
        ("LOG_FORMAT", "xml"),
        ("CORS_ORIGINS", "not an origin"),
    ];
    let mut server = Server::spawn(&bad);
    assert_eq!(server.exit().await, Some(2), "{}", server.output());
    let output = server.output();
    for (name, value) in bad {
        let line = output.lines().find(|line| line.contains(name));
        let line = line.unwrap_or_else(|| panic!("{name} is not named:\n{output}"));
        assert!(name == "DATABASE_URL" || line.contains(value), "{name}: what it was: {line}");
    }
    assert!(!output.contains("geheim"), "{output}");
    for word in ["auto", "check", "off"] {
        assert!(output.contains(word), "what is allowed: {output}");
    }
}

#[tokio::test]
async fn secrets_in_files() {
    let database = Database::empty(Sqlite).await;
    let folder = database.folder().expect("a folder");
    let secret = folder.join("secret").display().to_string();
    std::fs::write(&secret, format!("{}\n", database.url)).expect("a file");
    drop(Server::start(&[("DATABASE_URL_FILE", &secret)]).await);
    assert!(folder.join("tasks.db").exists(), "the file's database was used");

    let missing = folder.join("missing").display().to_string();
    let both = [("DATABASE_URL", &*database.url), ("DATABASE_URL_FILE", &*secret)];
    for variables in [
        &both[..],
        &[("DATABASE_URL_FILE", &missing)],
        &[("DATABASE_URL", &database.url), ("MIGRATE_DATABASE_URL_FILE", &missing)],
    ] {
        let mut server = Server::spawn(variables);
        assert_eq!(server.exit().await, Some(2), "{}", server.output());
        let name = variables.last().expect("one").0;
        assert!(server.output().contains(name), "{name}: {}", server.output());
    }
}

#[tokio::test]
async fn flags_come_before_variables() {
    let database = Database::empty(Sqlite).await;
    let port = free_port().to_string();
    let flags = ["--database-url", &database.url, "--port", &port, "--environment", "staging"];
    let variables = [("DATABASE_URL", "sqlite://wrong.db"), ("PORT", &port), ("ENVIRONMENT", "x")];
    let mut server = Server::spawn_with(&flags, &variables);
    server.ready().await;
    let body = Api::new(&server.url()).json("/health").await;
    assert_eq!(body["environment"], "staging");
    assert!(database.folder().expect("a folder").join("tasks.db").exists());
}

#[rstest]
#[tokio::test]
async fn spellings_of_a_url(#[values(Sqlite, Postgres)] on: Backend) {
    let database = Database::empty(on).await;
    let spellings: Vec<String> = match on {
        Postgres => {
            ["postgres://", "postgresql://", "postgresql+psycopg2://", "postgresql+asyncpg://"]
                .map(|scheme| database.url.replace("postgres://", scheme))
                .into()
        }
        Sqlite => {
            let file = database.folder().expect("a folder").join("tasks.db").display().to_string();
            let forms = ["sqlite:", "sqlite://", "sqlite:///"];
            let forms = forms.map(|form| format!("{form}{file}"));
            forms.into_iter().chain(["sqlite:///./x.db".to_owned()]).collect()
        }
    };
    for (turn, url) in spellings.iter().enumerate() {
        let server = Server::start(&[("DATABASE_URL", url)]).await;
        let api = Api::new(&server.url());
        let relative = url.ends_with("/./x.db");
        let expected = if relative { 0 } else { turn };
        assert_eq!(api.json("/tasks/count").await, json!({"total": expected}), "{url}");
        let _ = api.create(json!({"title": "t"})).await;
    }
}

#[rstest]
#[tokio::test]
async fn check_refuses_what_does_not_fit(#[values(Sqlite, Postgres)] on: Backend) {
    let database = Database::empty(on).await;
    if let Some(folder) = database.folder() {
        std::fs::write(folder.join("tasks.db"), "").expect("an empty file");
    }
    let mut server = Server::spawn(&[("DATABASE_URL", &database.url), ("MIGRATE", "check")]);
    assert_eq!(server.exit().await, Some(3), "behind: {}", server.output());
    assert!(server.output().contains("taskmanager migrate up"), "{}", server.output());
    drop(Server::start(&[("DATABASE_URL", &database.url), ("MIGRATE", "auto")]).await);
    drop(Server::start(&[("DATABASE_URL", &database.url), ("MIGRATE", "check")]).await);
}

/// What is there before a restart is there after it, and the numbers go on.
#[rstest]
#[tokio::test]
async fn a_restart_loses_nothing(#[values(Sqlite, Postgres)] on: Backend) {
    let database = Database::migrated(on).await;
    let mut last = 0;
    for turn in 0..3 {
        let mut server = Server::start(&[("DATABASE_URL", &database.url)]).await;
        let api = Api::new(&server.url());
        let number = api.create(json!({"title": turn.to_string()})).await["number"].as_i64();
        assert!(number > Some(last), "{number:?} after {last}");
        last = number.unwrap_or(last);
        assert_eq!(api.titles("/tasks?sort=number").await.len(), turn + 1);
        // Killed as well as asked to go: what was answered is stored.
        server.signal(if turn == 1 { "KILL" } else { "TERM" });
        let _ = server.exit().await;
    }
}

/// Into a file or a pipe the log is JSON unless it is told otherwise.
#[tokio::test]
async fn log_formats() {
    for (format, is_json) in [("", true), ("json", true), ("text", false)] {
        let app = App::with(Sqlite, &[("LOG_FORMAT", format)]).await;
        let _ = app.call("GET", "/tasks").header("x-request-id", "seen").send().await.expect(200);
        let line = until("the request's line", WITHIN, async || {
            app.server.output().lines().find(|line| line.contains("seen")).map(ToOwned::to_owned)
        })
        .await;
        let read = serde_json::from_str::<serde_json::Value>(&line);
        assert_eq!(read.is_ok(), is_json, "{format}: {line}");
    }
}

//! Who may ask: `Host`, and writes that a browser sends for another site's page.

use rstest::rstest;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::{App, Database, Server, free_port};

/// Sends lines by hand, and returns the whole answer.
async fn say(port: u16, lines: &[&str]) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.expect("a connection");
    let request = format!("{}\r\nconnection: close\r\n\r\n", lines.join("\r\n"));
    stream.write_all(request.as_bytes()).await.expect("the request goes out");
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await.expect("an answer");
    answer
}

#[track_caller]
fn assert_answer(answer: &str, status: &str, slug: &str) {
    // An answer to HTTP/1.0 is of that version.
    let line = answer.lines().next().unwrap_or_default();
    assert_eq!(line.split(' ').nth(1), Some(status), "{answer}");
    let kind = format!("\"type\":\"/problems/{slug}\"");
    assert!(slug.is_empty() || answer.contains(&kind), "{answer}");
}

#[rstest]
#[tokio::test]
async fn only_for_its_own_hosts(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let port = app.server.port;
    for host in
        ["localhost", "LOCALHOST:9", "localhost.", "app.localhost", "127.0.0.1", "[::1]:8000"]
    {
        assert_answer(
            &say(port, &["GET /tasks HTTP/1.1", &format!("host: {host}")]).await,
            "200",
            "",
        );
    }
    for host in ["evil.example", "localhost.evil.example", "192.0.2.1:80", "[2001:db8::1]"] {
        let host = format!("Host: {host}");
        for line in [
            "GET /tasks HTTP/1.1",
            "POST /tasks HTTP/1.1",
            "GET / HTTP/1.1",
            "GET /docs HTTP/1.1",
            "GET /nope HTTP/1.1",
            "GET /health/../tasks HTTP/1.1",
        ] {
            assert_answer(&say(port, &[line, &host]).await, "421", "misdirected-request");
        }
        for path in ["/health", "/health/live", "/health/ready", "/metrics"] {
            assert_answer(&say(port, &[&format!("GET {path} HTTP/1.1"), &host]).await, "200", "");
        }
    }
    assert_eq!(app.json("/tasks/count").await["total"], 0);
}

#[rstest]
#[tokio::test]
async fn a_host_is_named_once(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::start(on).await;
    let port = app.server.port;
    for lines in [
        &["GET /tasks HTTP/1.1"][..],
        &["GET /tasks HTTP/1.0"],
        &["GET /tasks HTTP/1.1", "host: localhost", "host: localhost"],
        &["GET /tasks HTTP/1.1", "host: "],
        &["GET /tasks HTTP/1.1", "host: a b"],
        &["GET /tasks HTTP/1.1", "host: user@localhost"],
        &["GET /tasks HTTP/1.1", "host: localhost:http"],
        &["GET /tasks HTTP/1.1", "host: localhost, evil.example"],
        &["GET http://localhost/tasks HTTP/1.1", "host: evil.example"],
    ] {
        assert_answer(&say(port, lines).await, "400", "invalid-host");
    }
    let absolute = ["GET http://evil.example/tasks HTTP/1.1", "host: evil.example"];
    assert_answer(&say(port, &absolute).await, "421", "misdirected-request");
    assert_answer(&say(port, &["GET /health/live HTTP/1.0"]).await, "200", "");
}

#[rstest]
#[case(&[("ALLOWED_HOSTS", "Tasks.example,192.0.2.1")], &["tasks.example:443", "192.0.2.1"], &["localhost", "127.0.0.1"])]
#[case(&[("PUBLIC_URL", "https://tasks.example")], &["tasks.example", "localhost"], &["other.example"])]
#[case(&[("ALLOWED_HOSTS", "*")], &["any.example", "localhost"], &[])]
#[case(&[("HOST", "0.0.0.0"), ("RENDER_EXTERNAL_URL", "https://t.onrender.com")], &["t.onrender.com"], &["localhost"])]
#[case(&[("HOST", "0.0.0.0"), ("PUBLISHED_ON", "127.0.0.1")], &["localhost:8001"], &["tasks.example"])]
#[tokio::test]
async fn hosts_are_configured(
    #[case] variables: &[(&str, &str)],
    #[case] allowed: &[&str],
    #[case] refused: &[&str],
) {
    let app = App::with(Sqlite, variables).await;
    for (hosts, status) in [(allowed, "200"), (refused, "421")] {
        for host in hosts {
            let host = format!("host: {host}");
            assert_answer(&say(app.server.port, &["GET /tasks HTTP/1.1", &host]).await, status, "");
        }
    }
    let open = variables.contains(&("ALLOWED_HOSTS", "*"));
    let warned = app.server.output().contains("every host allowed");
    assert_eq!(warned, open, "{}", app.server.output());
}

#[tokio::test]
async fn a_published_service_without_hosts_does_not_start() {
    let database = Database::empty(Sqlite).await;
    let variables = [("DATABASE_URL", database.url.as_str()), ("HOST", "0.0.0.0")];
    let mut server = Server::spawn(&variables);
    assert_eq!(server.exit().await, Some(2));
    let said = server.output();
    assert_eq!(said.lines().count(), 1, "{said}");
    for word in ["ALLOWED_HOSTS", "PUBLIC_URL", "0.0.0.0"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[tokio::test]
async fn the_operators_listener_answers_for_every_host() {
    let ops = free_port();
    let app = App::with(Sqlite, &[("OPS_LISTEN", &format!("127.0.0.1:{ops}"))]).await;
    for path in ["/health/live", "/metrics"] {
        let line = format!("GET {path} HTTP/1.1");
        assert_answer(&say(ops, &[&line, "host: 10.1.2.3:9000"]).await, "200", "");
    }
    assert_answer(
        &say(app.server.port, &["GET /metrics HTTP/1.1", "host: localhost"]).await,
        "404",
        "",
    );
}

#[rstest]
#[tokio::test]
async fn no_writes_for_other_sites(#[values(Sqlite, Postgres)] on: Backend) {
    let app = App::with(on, &[("CORS_ORIGINS", "https://friend.example")]).await;
    let task = app.create(json!({"title": "kept"})).await;
    let own = app.base().to_owned();
    let own_by_tls = own.replace("http://", "https://");
    let foreign: [&[(&str, &str)]; 5] = [
        &[("sec-fetch-site", "cross-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("sec-fetch-site", "same-site"), ("origin", "http://127.0.0.1:1")],
        &[("sec-fetch-site", "cross-site"), ("origin", "http://friend.example")],
    ];
    let allowed: [&[(&str, &str)]; 6] = [
        &[],
        &[("origin", &own)],
        &[("origin", &own_by_tls)],
        &[("sec-fetch-site", "same-origin"), ("origin", &own)],
        &[("sec-fetch-site", "none")],
        &[("sec-fetch-site", "cross-site"), ("origin", "https://friend.example")],
    ];
    for headers in foreign {
        for (method, path) in [
            ("POST", "/tasks"),
            ("PUT", "/tasks/1"),
            ("PATCH", "/tasks/1"),
            ("DELETE", "/tasks/1"),
            ("POST", "/tasks/bulk"),
            ("POST", "/tasks/import"),
        ] {
            let call = app.call(method, path).json(&json!({"title": "changed"}));
            let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
            let _ = call.send().await.problem(403, "cross-site-request");
        }
        // What changes nothing is CORS's concern.
        let call = headers
            .iter()
            .fold(app.call("GET", "/tasks"), |call, (name, value)| call.header(name, value));
        let _ = call.send().await.expect(200);
    }
    assert_eq!(app.json("/tasks/1").await, task);
    for headers in allowed {
        let call = app.call("POST", "/tasks").json(&json!({"title": "made"}));
        let call = headers.iter().fold(call, |call, (name, value)| call.header(name, value));
        let _ = call.send().await.expect(201);
    }
}

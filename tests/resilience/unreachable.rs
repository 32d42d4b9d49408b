//! A database that is not there when the service starts, or does not let it in.

use std::time::{Duration, Instant};

use rstest::rstest;
use serde_json::json;
use tokio::net::{TcpSocket, TcpStream};

use crate::load::assert_no_panic;
use testkit::database::{admin_url, with_database};
use testkit::{Api, Backend, Database, PostgresServer, Server, WITHIN, free_port, until};

fn waiting_lines(server: &Server) -> usize {
    let lines = server.log();
    let says = |line: &&serde_json::Value| {
        line["message"].as_str().is_some_and(|text| text.starts_with("waiting for the database"))
    };
    lines.iter().filter(says).count()
}

/// The refusal: its exit code, one line of words, and no password in it.
async fn assert_refused(server: &mut Server, words: &str) {
    assert_eq!(server.exit().await, Some(12), "{}", server.output());
    let lines = server.log();
    let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    assert_eq!(errors.len(), 1, "{errors:#?}");
    let message = errors[0]["message"].as_str().unwrap_or_default();
    assert!(message.contains(words), "{message}");
    assert!(!server.output().contains("geheim"), "{}", server.output());
    assert_no_panic(server);
}

/// Nobody listens, or somebody who never answers.
#[rstest]
#[tokio::test]
async fn waited_for_in_vain(#[values(false, true)] silent: bool) {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("a port of our own");
    let port = socket.local_addr().expect("its port").port();
    // Bound and not listening, it refuses.
    let (refusing, listener) =
        if silent { (None, socket.listen(16).ok()) } else { (Some(socket), None) };
    let url = format!("postgres://u:geheim@127.0.0.1:{port}/db");
    let begun = Instant::now();
    let mut server = Server::spawn(&[("DATABASE_URL", &url), ("DATABASE_WAIT", "7s")]);
    let code = until("the service to give up", WITHIN, async || {
        let bound = TcpStream::connect(("127.0.0.1", server.port)).await.is_ok();
        assert!(!bound, "the port is bound");
        server.ended()
    });
    assert_eq!(code.await, 12, "{}", server.output());
    let waited = begun.elapsed().as_secs();
    assert!((7..9).contains(&waited), "{waited} s");
    let lines = waiting_lines(&server);
    // At once and after five seconds; of a silence nothing can be said at once.
    assert_eq!(lines, if silent { 1 } else { 2 }, "{}", server.output());
    assert_refused(&mut server, "not reachable within 7 s").await;
    drop((refusing, listener));
}

#[tokio::test]
async fn comes_up_meanwhile() {
    let mut postgres = PostgresServer::start(&[]).await;
    let url = postgres.url("postgres");
    postgres.stop(testkit::postgres::Stop::Immediate).await;
    let mut server = Server::spawn(&[("DATABASE_URL", &url)]);
    until("the service to wait", WITHIN, async || (waiting_lines(&server) > 0).then_some(())).await;
    postgres.resume().await;
    server.ready().await;
    let _ = Api::new(&server.url()).create(json!({"title": "t"})).await;
}

#[rstest]
#[case("postgres", "geheim", "password authentication failed")]
#[case("no_such_database", "", "does not exist")]
#[tokio::test]
async fn not_let_in(#[case] name: &str, #[case] password: &str, #[case] words: &str) {
    let mut url = url::Url::parse(&with_database(&admin_url(), name)).expect("a URL");
    if !password.is_empty() {
        url.set_password(Some(password)).expect("a password");
    }
    let begun = Instant::now();
    let mut server = Server::spawn(&[("DATABASE_URL", url.as_str())]);
    assert_refused(&mut server, words).await;
    assert!(begun.elapsed() < Duration::from_secs(5), "at once, not after DATABASE_WAIT");
    let password = url.password().unwrap_or_default();
    assert!(!password.is_empty() && !server.output().contains(password), "{}", server.output());
}

/// The service may reach one database to migrate and not the one to serve.
#[tokio::test]
async fn serving_url_that_leads_nowhere() {
    let database = Database::migrated(Backend::Postgres).await;
    let nowhere = format!("postgres://u:geheim@127.0.0.1:{}/db", free_port());
    let variables = [("DATABASE_URL", &*nowhere), ("MIGRATE_DATABASE_URL", &*database.url)];
    let server = Server::spawn(&variables);
    let api = Api::new(&server.url());
    let answer =
        until("an answer", WITHIN, async || api.call("GET", "/health").try_send().await.ok());
    let _ = answer.await.expect(503);
    let _ = api.get("/tasks").await.problem(503, "unavailable");
    assert!(!server.output().contains("geheim"), "{}", server.output());
}

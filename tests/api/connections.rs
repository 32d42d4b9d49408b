//! How the service comes to its PostgreSQL: with TLS, and with one role to migrate and another to serve.

use rstest::rstest;
use serde_json::json;
use sqlx::Connection;
use sqlx::postgres::PgConnection;
use tempfile::TempDir;

use testkit::{Api, PostgresServer, Server, WITHIN, until};

/// A self-signed certificate for 127.0.0.1 and its key, both PEM.
fn certificate() -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).expect("a certificate");
    (made.cert.pem(), made.signing_key.serialize_pem())
}

#[tokio::test]
async fn tls_is_verified() {
    let (ours, key) = certificate();
    let (stranger, _) = certificate();
    let folder = TempDir::new().expect("a temp folder");
    let file = |name: &str, pem: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, pem).expect("a file");
        path.display().to_string()
    };
    let (ours_file, stranger_file) = (file("ours.pem", &ours), file("stranger.pem", &stranger));
    let postgres = PostgresServer::start_with_tls(&ours, &key, &[]).await;
    let url =
        |root: &str| format!("{}?sslmode=verify-full&sslrootcert={root}", postgres.url("postgres"));
    let server = Server::start(&[("DATABASE_URL", &url(&ours_file))]).await;
    let _ = Api::new(&server.url()).create(json!({"title": "t"})).await;

    let refused = [url(&stranger_file), format!("{}?sslmode=disable", postgres.url("postgres"))];
    for url in &refused {
        let mut server = Server::spawn(&[("DATABASE_URL", url), ("DATABASE_WAIT", "0")]);
        let code = server.exit().await;
        assert!(code.is_some_and(|code| code != 0), "{}", server.output());
    }
}

/// rustls reads no certificate of X.509 version 1, also where none is checked; `psql` does. The message says what is
/// wrong and how to fix it, at once.
#[rstest]
#[case("prefer")]
#[case("require")]
#[tokio::test]
async fn a_certificate_of_version_1_is_named(#[case] mode: &str) {
    let folder = TempDir::new().expect("a temp folder");
    let openssl = |arguments: &str| {
        let mut command = std::process::Command::new("openssl");
        command.args(arguments.split(' ')).current_dir(folder.path());
        let output = command.output().expect("openssl");
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).expect("UTF-8")
    };
    openssl("req -newkey rsa:2048 -nodes -keyout key.pem -out request.pem -subj /CN=127.0.0.1");
    openssl("x509 -req -in request.pem -signkey key.pem -out certificate.pem -days 2");
    let shown = openssl("x509 -in certificate.pem -noout -text");
    assert!(shown.contains("Version: 1 (0x0)"), "{shown}");
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("a file");
    let postgres =
        PostgresServer::start_with_tls(&read("certificate.pem"), &read("key.pem"), &[]).await;
    let url = format!("{}?sslmode={mode}", postgres.url("postgres"));
    until("psql to be let in", WITHIN, async || {
        let psql = std::process::Command::new("psql").args([&*url, "-Atc", "SELECT 1"]).output();
        psql.expect("psql").status.success().then_some(())
    })
    .await;

    let mut server = Server::spawn(&[("DATABASE_URL", &url)]);
    assert_eq!(server.exit().await, Some(12), "{}", server.output());
    for words in ["X.509 version 1", "version 3", "openssl x509 -req"] {
        assert!(server.output().contains(words), "no {words:?} in {}", server.output());
    }
}

/// The role that serves may not change the schema: `MIGRATE_DATABASE_URL` is the one that may.
#[tokio::test]
async fn one_role_migrates_and_another_serves() {
    let postgres = PostgresServer::start(&[]).await;
    let owner = postgres.url("postgres");
    let mut connection = PgConnection::connect(&owner).await.expect("a connection");
    sqlx::raw_sql(
        "CREATE ROLE serving LOGIN PASSWORD 'serving';
         ALTER DEFAULT PRIVILEGES IN SCHEMA public
             GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO serving;
         ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO serving;",
    )
    .execute(&mut connection)
    .await
    .expect("a role");
    let serving = format!("postgres://serving:serving@127.0.0.1:{}/postgres", postgres.port());

    let mut alone = Server::spawn(&[("DATABASE_URL", &serving)]);
    assert!(alone.exit().await.is_some_and(|code| code != 0), "{}", alone.output());

    let variables = [("DATABASE_URL", &*serving), ("MIGRATE_DATABASE_URL", &*owner)];
    let server = Server::start(&variables).await;
    let api = Api::new(&server.url());
    let _ = api.create(json!({"title": "t"})).await;
    let _ = api.patch("/tasks/1", &json!({"title": "u"})).await.expect(200);
    assert_eq!(api.json("/health").await["schema_state"], "current");
    let _ = api.delete("/tasks/1").await.expect(204);
}

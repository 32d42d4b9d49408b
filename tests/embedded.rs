//! The engine in another service: `examples/embedded`.

#![expect(clippy::expect_used, reason = "a test that fails here says so")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

/// Cargo builds the examples beside the tests.
fn example() -> PathBuf {
    let own = std::env::current_exe().expect("a path");
    let profile = own.parent().and_then(|deps| deps.parent()).expect("target/debug");
    profile.join("examples/embedded")
}

struct Service {
    process: Child,
    address: String,
    _out: BufReader<ChildStdout>,
}

impl Service {
    fn start(database: &str) -> Self {
        let mut process = Command::new(example())
            .arg(database)
            .stdout(Stdio::piped())
            .spawn()
            .expect("the example is built");
        let mut out = BufReader::new(process.stdout.take().expect("its output"));
        let mut address = String::new();
        out.read_line(&mut address).expect("its address");
        Self { process, address: address.trim().to_owned(), _out: out }
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[tokio::test]
async fn another_service_migrates_before_it_serves() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = format!("sqlite:{}", folder.path().join("orders.db").display());
    let client = reqwest::Client::new();
    for run in 1..=2 {
        let service = Service::start(&database);
        let orders = format!("{}/orders", service.address);
        let made =
            client.post(&orders).body(format!("item {run}")).send().await.expect("an answer");
        assert!(made.status().is_success(), "{made:?}");
        let items: Vec<String> =
            client.get(&orders).send().await.expect("an answer").json().await.expect("a list");
        let expected: Vec<String> = (1..=run).map(|run| format!("item {run}")).collect();
        assert_eq!(items, expected);
    }
}

/// The incident: a database that this program did not make, and its table missing.
#[test]
fn another_service_refuses_what_is_not_its_own() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("orders.db");
    std::fs::write(&file, "not a database, but long enough to be taken for one at first sight")
        .expect("a file");
    let mut process = Command::new(example())
        .arg(format!("sqlite:{}", file.display()))
        .stderr(Stdio::piped())
        .spawn()
        .expect("the example is built");
    assert!(!process.wait().expect("its end").success());
    let mut said = String::new();
    process.stderr.take().expect("its errors").read_to_string(&mut said).expect("text");
    assert!(said.contains("is not an SQLite database"), "{said}");
}

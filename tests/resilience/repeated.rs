//! Clients that repeat a request under its key until they have an answer: whatever died meanwhile, each task is made
//! exactly once.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use rstest::rstest;
use serde_json::json;
use tokio::runtime::Handle;
use tokio::task::{JoinHandle, spawn_blocking};

use testkit::Backend::{self, Postgres, Sqlite};
use testkit::postgres::{PostgresServer, Stop};
use testkit::server::signal;
use testkit::{Answer, Api, Database, Server, WITHIN, until};

const CLIENTS: usize = 8;
const TASKS: usize = 40;

/// What a client has been told of its tasks: the id by title.
type Told = BTreeMap<String, String>;

/// Clients that make tasks, each request repeated until it is answered well.
struct Clients {
    all: Vec<JoinHandle<Told>>,
    answered: Arc<AtomicUsize>,
}

impl Clients {
    /// The bases are tried in turn.
    fn start(name: &str, bases: &[String]) -> Self {
        let answered = Arc::<AtomicUsize>::default();
        let all = (0..CLIENTS)
            .map(|client| {
                let apis: Vec<_> = bases.iter().map(|base| Api::new(base)).collect();
                let (name, answered) = (format!("{name}-{client}"), Arc::clone(&answered));
                let runtime = Handle::current();
                spawn_blocking(move || runtime.block_on(make_all(&apis, &name, &answered)))
            })
            .collect();
        Self { all, answered }
    }

    async fn answered(&self, count: usize) {
        until("answers", WITHIN, async || {
            (self.answered.load(Ordering::Relaxed) >= count).then_some(())
        })
        .await;
    }

    async fn end(self) -> Told {
        let mut told = Told::new();
        for client in self.all {
            told.extend(client.await.expect("a client"));
        }
        assert_eq!(told.len(), CLIENTS * TASKS);
        told
    }
}

async fn make_all(apis: &[Api], name: &str, answered: &AtomicUsize) -> Told {
    let mut told = Told::new();
    for task in 0..TASKS {
        let title = format!("{name}-{task}");
        let mut turn = task;
        let answer = until("an answer", WITHIN, async || {
            turn += 1;
            let call = apis[turn % apis.len()].call("POST", "/tasks");
            let call = call.header("idempotency-key", &title).json(&json!({"title": title}));
            let answer = call.try_send().await.ok()?;
            assert!(matches!(answer.status, 201 | 409 | 503), "{}", answer.describe());
            (answer.status == 201).then_some(answer)
        })
        .await;
        answered.fetch_add(1, Ordering::Relaxed);
        told.insert(title, id(&answer));
    }
    told
}

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().expect("an id").to_owned()
}

/// Every title is there once, under the id that its client was told.
async fn assert_once(api: &Api, told: &Told) {
    let mut stored = Told::new();
    let mut next = Some("/tasks?limit=1000".to_owned());
    while let Some(path) = next {
        let page = api.get(&path).await.expect(200);
        for task in page.json().as_array().expect("a list") {
            let text = |name: &str| task[name].as_str().expect("a text").to_owned();
            let before = stored.insert(text("title"), text("id"));
            assert_eq!(before, None, "{} twice", text("title"));
        }
        next = page.next();
    }
    assert_eq!(&stored, told);
}

#[rstest]
#[tokio::test]
async fn a_process_that_is_killed(#[values(Sqlite, Postgres)] on: Backend) {
    let database = Database::migrated(on).await;
    let mut server = Server::start(&[("DATABASE_URL", &database.url)]).await;
    let port = server.port.to_string();
    let variables = [("DATABASE_URL", &*database.url), ("PORT", &*port)];
    let clients = Clients::start("killed", &[server.url()]);
    for kill in 1..=5 {
        clients.answered(kill * CLIENTS * TASKS / 7).await;
        server.signal("KILL");
        assert_eq!(server.exit().await, None);
        server = Server::start(&variables).await;
    }
    let told = clients.end().await;
    assert_once(&Api::new(&server.url()), &told).await;
}

/// Two processes, of which one is killed: its clients go on with the other.
#[rstest]
#[tokio::test]
async fn one_of_two_processes_that_is_killed(#[values(Sqlite, Postgres)] on: Backend) {
    let database = Database::migrated(on).await;
    let variables = [("DATABASE_URL", &*database.url)];
    let stays = Server::start(&variables).await;
    let mut dies = Server::start(&variables).await;
    let clients = Clients::start("two", &[dies.url(), stays.url()]);
    clients.answered(CLIENTS * TASKS / 3).await;
    dies.signal("KILL");
    assert_eq!(dies.exit().await, None);
    let told = clients.end().await;
    assert_once(&Api::new(&stays.url()), &told).await;
}

#[rstest]
#[tokio::test]
async fn a_database_that_is_restarted(#[values(Stop::Fast, Stop::Immediate)] how: Stop) {
    let mut postgres = PostgresServer::start(&[]).await;
    let server = Server::start(&[("DATABASE_URL", &postgres.url("postgres"))]).await;
    let clients = Clients::start("restarted", &[server.url()]);
    for restart in 1..=3 {
        clients.answered(restart * CLIENTS * TASKS / 5).await;
        postgres.restart(how).await;
    }
    let told = clients.end().await;
    assert_once(&Api::new(&server.url()), &told).await;
}

/// A process that stands still in the middle keeps its key for as long as a request may take, and no longer.
#[tokio::test]
async fn a_process_that_is_frozen() {
    let database = Database::migrated(Postgres).await;
    let variables = [("DATABASE_URL", &*database.url), ("REQUEST_TIMEOUT", "4s")];
    let frozen = Server::start(&variables).await;
    let other = Server::start(&variables).await;
    let (api, beside) = (Api::new(&frozen.url()), Api::new(&other.url()));
    let task = api.create(json!({"title": "t"})).await;
    let mut holder = database.connect().await;
    holder.execute("BEGIN").await;
    holder.execute("SELECT 1 FROM tasks FOR UPDATE").await;
    let body = json!({"operations": [{"op": "update", "id": task["id"], "task": {"title": "u"}}]});
    let call = |api: &Api| {
        api.call("POST", "/tasks/bulk").header("idempotency-key", "k").json(&body).try_send()
    };
    let first = tokio::spawn(call(&api));
    let mut side = database.connect().await;
    let waiting = "SELECT count(*) FROM pg_stat_activity \
                   WHERE wait_event_type = 'Lock' AND datname = current_database()";
    until("the first to wait for the row", WITHIN, async || {
        (side.integer(waiting).await > 0).then_some(())
    })
    .await;
    signal(frozen.pid(), "STOP");
    holder.execute("ROLLBACK").await;
    // The row is free, and the transaction open: nobody commits it.
    let early = call(&beside).await.expect("an answer");
    let _ = early.problem(409, "idempotency-key-in-use");
    let done = until("the key to be free", Duration::from_secs(20), async || {
        let answer = call(&beside).await.expect("an answer");
        (answer.status == 200).then_some(answer)
    })
    .await;
    assert_eq!(done.header("idempotency-replayed"), None, "nothing was done before");
    signal(frozen.pid(), "CONT");
    // Whatever the first one is told, it has done nothing.
    let _ = first.await.expect("no panic");
    assert_eq!(beside.json("/tasks/1").await["version"], 2);
}

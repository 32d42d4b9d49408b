//! Clients that stay, which note what they are told, and clients that hang up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use testkit::http::{Client, Message, Protocol, Reply};

/// Longest that a client which hangs up waits for its answer.
const HANG_UP_MAX: Duration = Duration::from_millis(5);
const HANG_UPS_PER_TASK: usize = 2;
/// Tasks before the first one for which clients may hang up.
const HANG_UPS_AHEAD: usize = 20;
const HANG_UP_PAUSE: Duration = Duration::from_millis(1);
/// Tasks of a bulk request or an import: all are made, or none.
pub(crate) const TOGETHER: usize = 3;

/// What the clients were told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The number by title, of each 201.
    pub(crate) created: BTreeMap<String, i64>,
    /// The number by title, of each 200 to a PATCH.
    pub(crate) patched: BTreeMap<String, i64>,
    /// The numbers of each 204.
    pub(crate) deleted: Vec<i64>,
    /// First titles of each 200 to a bulk request or an import.
    pub(crate) together: Vec<String>,
    /// Answers of 503.
    pub(crate) refused: usize,
    /// Requests that were hung up on.
    pub(crate) hung_up: usize,
    /// Answers that no request should get.
    pub(crate) wrong: Vec<String>,
}

/// What all clients share.
#[derive(Debug)]
pub(crate) struct Crowd {
    pub(crate) protocol: Protocol,
    pub(crate) port: u16,
    pub(crate) stop: CancellationToken,
    pub(crate) next: AtomicU64,
    told: Mutex<Told>,
}

impl Crowd {
    pub(crate) fn new(protocol: Protocol, port: u16) -> Arc<Self> {
        let (stop, next, told) = (CancellationToken::new(), AtomicU64::new(0), Mutex::default());
        Arc::new(Self { protocol, port, stop, next, told })
    }

    pub(crate) fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes an answer.
    fn note(&self, request: &Request, reply: &Reply) {
        let mut told = self.told();
        let title = request.title.clone();
        match (&request.kind, reply.status) {
            (Kind::Create, 201) => {
                let number = reply.json()["number"].as_i64().expect("a number");
                let before = told.created.insert(title, number);
                assert_eq!(before, None, "a title is sent once");
            }
            (Kind::Patch(number), 200) => {
                told.patched.insert(title, *number);
            }
            (Kind::Delete(number), 204) => told.deleted.push(*number),
            (Kind::Bulk | Kind::Import, 200) => told.together.push(title),
            (Kind::List, 200) | (Kind::Delete(_), 404) => {}
            (_, 503) => told.refused += 1,
            _ => told.wrong.push(format!("{:?}: {} {:?}", request.kind, reply.status, reply.body)),
        }
    }

    /// Creates tasks until the crowd is stopped.
    pub(crate) async fn create_tasks(self: Arc<Self>) {
        let mut client = Client::new(self.protocol, self.port);
        while !self.stop.is_cancelled() {
            let request = Request::create(self.title("stays"));
            match client.send(&request.message).await {
                Ok(reply) => self.note(&request, &reply),
                Err(error) => self.told().wrong.push(format!("a client that stays: {error}")),
            }
        }
    }

    /// Changes a task of its own until the crowd is stopped.
    pub(crate) async fn change_task(self: Arc<Self>, number: i64) {
        let mut client = Client::new(self.protocol, self.port);
        while !self.stop.is_cancelled() {
            let request = Request::patch(number, self.title("own"));
            match client.send(&request.message).await {
                Ok(reply) => self.note(&request, &reply),
                Err(error) => self.told().wrong.push(format!("a client that stays: {error}")),
            }
        }
    }

    /// Sends a request and hangs up after 0 to [`HANG_UP_MAX`], again and again until the crowd is stopped. `shared` are
    /// the tasks to change, `doomed` those to delete.
    pub(crate) async fn hang_up(self: Arc<Self>, seed: u64, shared: Vec<i64>, doomed: Vec<i64>) {
        let mut random = StdRng::seed_from_u64(seed);
        let mut client = Client::new(self.protocol, self.port);
        let mut doomed = doomed.into_iter().cycle();
        while !self.stop.is_cancelled() {
            if self.hangs_up_enough() {
                sleep(HANG_UP_PAUSE).await;
                continue;
            }
            let title = self.title("gone");
            let request = match random.random_range(0..16) {
                0..9 => Request::patch(shared[random.random_range(0..shared.len())], title),
                9..12 => Request::create(title),
                12 => Request::delete(doomed.next().expect("a task")),
                13 => Request::bulk(title),
                14 => Request::import(title),
                _ => Request::list(),
            };
            let patience = HANG_UP_MAX.mul_f64(random.random());
            match timeout(patience, client.send(&request.message)).await {
                Ok(Ok(reply)) => self.note(&request, &reply),
                // HTTP/2: the server may end a connection of which it has had enough (RFC 9113, 10.5).
                Ok(Err(_)) => {}
                Err(_) => {
                    self.told().hung_up += 1;
                    // Some with the connection; HTTP/1.1 always.
                    if random.random_bool(0.25) {
                        client.disconnect();
                    }
                }
            }
        }
    }

    /// Whether the clients that stay shall have the service for a while, so that a slow machine comes to an end too.
    fn hangs_up_enough(&self) -> bool {
        let told = self.told();
        told.hung_up > HANG_UPS_PER_TASK * (told.created.len() + HANG_UPS_AHEAD)
    }

    fn title(&self, name: &str) -> String {
        format!("{name} {}", self.next.fetch_add(1, Ordering::Relaxed))
    }
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Create,
    Patch(i64),
    Delete(i64),
    Bulk,
    Import,
    List,
}

/// A request, and what its answer is noted under.
#[derive(Debug)]
struct Request {
    kind: Kind,
    title: String,
    message: Message,
}

impl Request {
    fn create(title: String) -> Self {
        let message = Message::new("POST", "/tasks").json(&json!({"title": title}));
        Self { kind: Kind::Create, title, message }
    }

    fn patch(number: i64, title: String) -> Self {
        let message = Message::new("PATCH", format!("/tasks/{number}"));
        let message = message.json(&json!({"title": title}));
        Self { kind: Kind::Patch(number), title, message }
    }

    fn delete(number: i64) -> Self {
        let message = Message::new("DELETE", format!("/tasks/{number}"));
        Self { kind: Kind::Delete(number), title: String::new(), message }
    }

    fn bulk(title: String) -> Self {
        let operation = |part| json!({"op": "create", "task": {"title": together(&title, part)}});
        let operations: Vec<Value> = (0..TOGETHER).map(operation).collect();
        let message = Message::new("POST", "/tasks/bulk").json(&json!({"operations": operations}));
        Self { kind: Kind::Bulk, title, message }
    }

    fn import(title: String) -> Self {
        let task = |part| json!({"title": together(&title, part)});
        let tasks: Vec<Value> = (0..TOGETHER).map(task).collect();
        let message = Message::new("POST", "/tasks/import").json(&tasks.into());
        Self { kind: Kind::Import, title, message }
    }

    fn list() -> Self {
        let message = Message::new("GET", "/tasks?limit=20");
        Self { kind: Kind::List, title: String::new(), message }
    }
}

/// The title of one of the tasks that are made together.
pub(crate) fn together(title: &str, part: usize) -> String {
    format!("{title}, part {part}")
}

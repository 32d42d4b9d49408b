//! Plays a history: clients that choose at random what to ask, about the same few tasks.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::history::{Answer, Call, Change, Effect, Operation, Step, Task};
use testkit::http::{Client, Message, Protocol, Reply};

const CLIENTS: usize = 6;
/// Of each client.
const OPERATIONS: usize = 40;
/// Tasks that are there at first.
const TASKS: usize = 3;
/// Longest patience of a request that is hung up on.
const HANG_UP_MAX: Duration = Duration::from_millis(4);
const PRIORITIES: [&str; 3] = ["low", "medium", "high"];
/// Requests with a key that may be sent again.
const KEYS_REMEMBERED: usize = 4;

/// What the clients of a history share.
struct Shared {
    name: String,
    clock: AtomicU64,
    titles: AtomicU64,
    known: Mutex<Known>,
}

#[derive(Default)]
struct Known {
    /// The ids of tasks by number, and the newest versions that anybody was told.
    tasks: BTreeMap<i64, (String, i64)>,
    /// Requests with a key that were sent last.
    keyed: Vec<Call>,
    operations: Vec<Operation>,
}

impl Shared {
    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tick(&self) -> u64 {
        self.clock.fetch_add(1, Ordering::SeqCst)
    }

    fn title(&self) -> String {
        format!("{} {}", self.name, self.titles.fetch_add(1, Ordering::Relaxed))
    }
}

/// Plays the history of a seed on the processes that listen on these ports, where the tasks that are there have smaller
/// numbers than `first`.
pub(crate) async fn play(seed: u64, ports: &[u16], first: i64) -> Vec<Operation> {
    let shared = Arc::new(Shared {
        name: format!("{seed:016x}"),
        clock: AtomicU64::new(0),
        titles: AtomicU64::new(0),
        known: Mutex::default(),
    });
    let mut random = StdRng::seed_from_u64(seed);
    let mut client = Player::new(0, random.random(), ports[0], first, &shared);
    for _ in 0..TASKS {
        client.ask(Call::One { step: Step::Create { title: shared.title() }, key: None }).await;
    }
    let mut players = JoinSet::new();
    for at in 1..=CLIENTS {
        let port = ports[at % ports.len()];
        let player = Player::new(at, random.random(), port, first, &shared);
        players.spawn(player.play());
    }
    players.join_all().await;
    client.ask(Call::List).await;
    std::mem::take(&mut shared.known().operations)
}

struct Player {
    name: usize,
    random: StdRng,
    client: Client,
    first: i64,
    shared: Arc<Shared>,
}

impl Player {
    fn new(name: usize, seed: u64, port: u16, first: i64, shared: &Arc<Shared>) -> Self {
        let protocol = if name.is_multiple_of(2) { Protocol::Http1 } else { Protocol::Http2 };
        Self {
            name,
            random: StdRng::seed_from_u64(seed),
            client: Client::new(protocol, port),
            first,
            shared: Arc::clone(shared),
        }
    }

    async fn play(mut self) {
        for _ in 0..OPERATIONS {
            let call = self.choose();
            self.ask(call).await;
        }
    }

    fn choose(&mut self) -> Call {
        match self.random.random_range(0..20) {
            0..7 => Call::One { step: self.patch(), key: None },
            7..11 => Call::Get { number: self.task().0 },
            11 => Call::List,
            12 => Call::One { step: self.delete(), key: None },
            13..15 => {
                let step = self.create();
                self.keyed(Call::One { step, key: None })
            }
            15..18 => {
                let steps = (0..self.random.random_range(1..4)).map(|_| self.step()).collect();
                self.keyed(Call::Bulk { steps, key: None })
            }
            _ => {
                let keyed = self.shared.known().keyed.choose(&mut self.random).cloned();
                keyed.unwrap_or(Call::List)
            }
        }
    }

    fn step(&mut self) -> Step {
        match self.random.random_range(0..8) {
            0 => self.create(),
            1 => self.delete(),
            _ => self.patch(),
        }
    }

    fn create(&mut self) -> Step {
        Step::Create { title: self.shared.title() }
    }

    fn patch(&mut self) -> Step {
        let (number, if_match) = self.task();
        let title = self.random.random_bool(0.6).then(|| self.shared.title());
        let priority = (title.is_none() || self.random.random_bool(0.3))
            .then(|| *PRIORITIES.choose(&mut self.random).expect("one"));
        Step::Patch { number, if_match, change: Change { title, priority } }
    }

    fn delete(&mut self) -> Step {
        let (number, if_match) = self.task();
        Step::Delete { number, if_match }
    }

    /// Gives a key to most.
    fn keyed(&mut self, call: Call) -> Call {
        if self.random.random_bool(0.3) {
            return call;
        }
        let key = Some(format!("{:032x}", self.random.random::<u128>()));
        let call = match call {
            Call::One { step, .. } => Call::One { step, key },
            Call::Bulk { steps, .. } => Call::Bulk { steps, key },
            other => other,
        };
        let mut known = self.shared.known();
        if known.keyed.len() >= KEYS_REMEMBERED {
            known.keyed.remove(0);
        }
        known.keyed.push(call.clone());
        call
    }

    /// A task, and sometimes the version that it had when anybody last looked.
    fn task(&mut self) -> (i64, Option<i64>) {
        let known = self.shared.known();
        // Mostly the newest few: where many meet.
        let newest: Vec<_> = known.tasks.iter().rev().take(4).collect();
        let (number, (_, version)) = *newest.choose(&mut self.random).expect("a task");
        (*number, self.random.random_bool(0.5).then_some(*version))
    }

    async fn ask(&mut self, call: Call) {
        let message = self.message(&call);
        let (invoked, place) = {
            let mut known = self.shared.known();
            let invoked = self.shared.tick();
            let call = call.clone();
            known.operations.push(Operation { call, invoked, answered: None });
            (invoked, known.operations.len() - 1)
        };
        let reply = if self.name > 0 && self.random.random_bool(0.04) {
            let patience = HANG_UP_MAX.mul_f64(self.random.random());
            let reply = tokio::time::timeout(patience, self.client.send(&message)).await;
            reply.ok().and_then(Result::ok)
        } else {
            self.client.send(&message).await.ok()
        };
        let answered = self.shared.tick();
        assert!(answered > invoked, "time goes on");
        let Some(answer) = reply.and_then(|reply| self.read(&call, &reply)) else { return };
        self.shared.known().operations[place].answered = Some((answered, answer));
    }

    fn message(&self, call: &Call) -> Message {
        let known = self.shared.known();
        let etag = |number: &i64, version: &Option<i64>| {
            let id = known.tasks.get(number).map_or("", |(id, _)| id);
            version.map(|version| format!("\"{id}.{version}\""))
        };
        let message = match call {
            Call::Get { number } => Message::new("GET", format!("/tasks/{number}")),
            Call::List => Message::new("GET", "/tasks?sort=-number&limit=1000"),
            Call::One { step: Step::Create { title }, .. } => {
                Message::new("POST", "/tasks").json(&json!({"title": title}))
            }
            Call::One { step: Step::Patch { number, if_match, change }, .. } => {
                let message =
                    Message::new("PATCH", format!("/tasks/{number}")).json(&fields(change));
                with(message, "if-match", etag(number, if_match))
            }
            Call::One { step: Step::Delete { number, if_match }, .. } => {
                let message = Message::new("DELETE", format!("/tasks/{number}"));
                with(message, "if-match", etag(number, if_match))
            }
            Call::Bulk { steps, .. } => {
                let operations = steps.iter().map(|step| match step {
                    Step::Create { title } => json!({"op": "create", "task": {"title": title}}),
                    Step::Patch { number, if_match, change } => {
                        let operation =
                            json!({"op": "update", "id": number, "task": fields(change)});
                        guarded(operation, etag(number, if_match))
                    }
                    Step::Delete { number, if_match } => {
                        guarded(json!({"op": "delete", "id": number}), etag(number, if_match))
                    }
                });
                let operations: Vec<_> = operations.collect();
                Message::new("POST", "/tasks/bulk").json(&json!({"operations": operations}))
            }
        };
        with(message, "idempotency-key", call.key().map(ToOwned::to_owned))
    }

    /// What an answer says; `None` where it leaves open what was done.
    fn read(&self, call: &Call, reply: &Reply) -> Option<Answer> {
        if reply.status == 503 {
            return None;
        }
        let replayed = reply.header("idempotency-replayed") == "true";
        let unexpected = || panic!("{call:?} was answered {}: {:?}", reply.status, reply.body);
        Some(match (call, reply.status) {
            (Call::List, 200) => {
                let list = reply.json();
                let tasks = list.as_array().expect("a list").iter();
                let tasks = tasks.map(|task| self.task_of(task));
                Answer::Listed(tasks.filter(|(number, _)| *number >= self.first).collect())
            }
            (Call::Get { .. }, 200) => Answer::Found(self.task_of(&reply.json()).1),
            (Call::One { .. }, 200 | 201) => {
                let (number, task) = self.task_of(&reply.json());
                let etag = format!(".{}\"", task.version);
                assert!(reply.header("etag").ends_with(&etag), "{reply:?}");
                Answer::Done { effects: vec![Effect::Stored { number, task }], replayed }
            }
            (Call::One { .. }, 204) => Answer::Done { effects: vec![Effect::Deleted], replayed },
            (Call::Bulk { .. }, 200) => {
                let body = reply.json();
                let results = body["results"].as_array().expect("results").iter();
                let effects = results.map(|result| match &result["task"] {
                    Value::Null => Effect::Deleted,
                    task => {
                        let (number, task) = self.task_of(task);
                        Effect::Stored { number, task }
                    }
                });
                Answer::Done { effects: effects.collect(), replayed }
            }
            (Call::Bulk { .. }, 422) => {
                let body = reply.json();
                assert_eq!(body["type"], "/problems/operations-refused", "{call:?}: {body}");
                let errors = body["errors"].as_array().expect("errors").iter();
                Answer::Failed(errors.map(failure).collect())
            }
            (Call::One { .. } | Call::Get { .. }, 404 | 412) => {
                Answer::Failed(vec![(0, reply.status)])
            }
            (_, 409) if call.key().is_some() => Answer::InUse,
            _ => unexpected(),
        })
    }

    /// Reads a task, and remembers its id and version.
    fn task_of(&self, body: &Value) -> (i64, Task) {
        let text = |name: &str| body[name].as_str().expect("a text").to_owned();
        let integer = |name: &str| body[name].as_i64().expect("an integer");
        let (number, version) = (integer("number"), integer("version"));
        if number >= self.first {
            let mut known = self.shared.known();
            let (id, newest) = known.tasks.entry(number).or_insert((text("id"), version));
            assert_eq!(*id, text("id"), "an id never changes");
            *newest = version.max(*newest);
        }
        (number, Task { version, title: text("title"), priority: text("priority") })
    }
}

fn fields(change: &Change) -> Value {
    let mut fields = json!({});
    if let Some(title) = &change.title {
        fields["title"] = json!(title);
    }
    if let Some(priority) = change.priority {
        fields["priority"] = json!(priority);
    }
    fields
}

fn with(message: Message, name: &'static str, value: Option<String>) -> Message {
    match value {
        Some(value) => message.header(name, value),
        None => message,
    }
}

fn guarded(mut operation: Value, if_match: Option<String>) -> Value {
    if let Some(if_match) = if_match {
        operation["if_match"] = json!(if_match);
    }
    operation
}

/// The place and the status of an operation that failed.
fn failure(error: &Value) -> (usize, u16) {
    let pointer = error["pointer"].as_str().expect("a pointer");
    let place = pointer.split('/').nth(2).and_then(|place| place.parse().ok());
    let status = error["status"].as_u64().and_then(|status| u16::try_from(status).ok());
    (place.expect("a place"), status.expect("a status"))
}

//! Clients that write all the time, and what each was told.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::json;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use testkit::http::{Client, Message, Protocol, Reply};
use testkit::{WITHIN, until};

/// Longest that a client waits for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(8);
/// Pause before a request is sent again.
const REPEAT_AFTER: Duration = Duration::from_millis(20);
/// Longest that a client which hangs up waits.
const HANG_UP_MAX: Duration = Duration::from_millis(5);
/// Requests of a fault that are hung up on.
const HANG_UPS: usize = 10;

/// What the clients of a series were told.
#[derive(Debug, Default)]
pub(crate) struct Told {
    /// The number by title, of each 201 and of each task of a bulk request.
    pub(crate) created: BTreeMap<String, i64>,
    /// Number, version and title of each 200 to a PATCH.
    pub(crate) patched: Vec<(i64, i64, String)>,
    /// The numbers of each 204.
    pub(crate) deleted: Vec<i64>,
    /// Answers that no request should get.
    pub(crate) wrong: Vec<String>,
}

/// What the clients of a series share.
#[derive(Debug)]
pub(crate) struct Load {
    series: usize,
    port: u16,
    pace: Duration,
    pub(crate) stop: CancellationToken,
    titles: AtomicU64,
    /// Writes that were acknowledged so far.
    acknowledged: AtomicUsize,
    told: Mutex<Told>,
}

impl Load {
    pub(crate) fn new(series: usize, port: u16, pace: Duration) -> Arc<Self> {
        Arc::new(Self {
            series,
            port,
            pace,
            stop: CancellationToken::new(),
            titles: AtomicU64::new(0),
            acknowledged: AtomicUsize::new(0),
            told: Mutex::default(),
        })
    }

    pub(crate) fn told(&self) -> MutexGuard<'_, Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn acknowledged(&self) -> usize {
        self.acknowledged.load(Ordering::Relaxed)
    }

    /// Waits until one more write is acknowledged.
    pub(crate) async fn goes_on(&self, after: &str) {
        self.goes_on_for(1, after).await;
    }

    /// Waits until so many more writes are acknowledged.
    pub(crate) async fn goes_on_for(&self, writes: usize, after: &str) {
        let enough = self.acknowledged() + writes;
        until(&format!("{writes} writes to be acknowledged after {after}"), WITHIN, async || {
            (self.acknowledged() >= enough).then_some(())
        })
        .await;
    }

    fn title(&self, name: &str) -> String {
        let turn = self.titles.fetch_add(1, Ordering::Relaxed);
        format!("{name} {}.{turn}", self.series)
    }

    fn note(&self, note: impl FnOnce(&mut Told)) {
        note(&mut self.told());
        self.acknowledged.fetch_add(1, Ordering::Relaxed);
    }

    fn wrong(&self, what: &str, reply: &Reply) {
        let what = format!("{what} was answered {}: {:?}", reply.status, reply.body);
        self.told().wrong.push(what);
    }
}

/// A client that stays, with a task of its own that nobody else changes.
pub(crate) struct Worker {
    load: Arc<Load>,
    client: Client,
    random: StdRng,
    own: Option<Own>,
}

struct Own {
    number: i64,
    /// `None` after a change of which nobody knows whether it was made.
    etag: Option<String>,
}

impl Worker {
    pub(crate) fn new(load: &Arc<Load>, seed: u64) -> Self {
        let protocol = if seed.is_multiple_of(2) { Protocol::Http1 } else { Protocol::Http2 };
        let client = Client::new(protocol, load.port);
        Self { load: Arc::clone(load), client, random: StdRng::seed_from_u64(seed), own: None }
    }

    pub(crate) async fn run(mut self) {
        while !self.load.stop.is_cancelled() {
            sleep(self.load.pace).await;
            match (self.own.take(), self.random.random_range(0..10)) {
                (Some(own), 0..6) => self.own = Some(self.change(own).await),
                (Some(own), 6) => self.delete(own.number).await,
                (_, 7) => self.create_together().await,
                (_, 8) => self.own = self.create_once().await,
                _ => self.own = self.create().await,
            }
        }
    }

    /// An answer, unless none came, or one that leaves open what was done.
    async fn ask(&mut self, message: &Message) -> Option<Reply> {
        if let Ok(reply) = timeout(ANSWER_WITHIN, self.client.send(message)).await {
            reply.ok().filter(|reply| reply.status != 503)
        } else {
            self.client.disconnect();
            None
        }
    }

    /// Sends a request under a key until it is answered.
    async fn repeat(&mut self, message: Message) -> Reply {
        let key = format!("{:032x}", self.random.random::<u128>());
        let message = message.header("idempotency-key", key);
        loop {
            match self.ask(&message).await {
                Some(reply) if reply.status != 409 => return reply,
                _ => sleep(REPEAT_AFTER).await,
            }
        }
    }

    async fn create(&mut self) -> Option<Own> {
        let title = self.load.title("plain");
        let reply =
            self.ask(&Message::new("POST", "/tasks").json(&json!({"title": title}))).await?;
        self.created(title, &reply)
    }

    async fn create_once(&mut self) -> Option<Own> {
        let title = self.load.title("keyed");
        let message = Message::new("POST", "/tasks").json(&json!({"title": title}));
        let reply = self.repeat(message).await;
        self.created(title, &reply)
    }

    fn created(&self, title: String, reply: &Reply) -> Option<Own> {
        if reply.status != 201 {
            self.load.wrong("POST", reply);
            return None;
        }
        let number = reply.json()["number"].as_i64().expect("a number");
        self.load.note(|told| {
            told.created.insert(title, number);
        });
        Some(Own { number, etag: Some(reply.header("etag").to_owned()) })
    }

    async fn create_together(&mut self) {
        let titles = [self.load.title("bulk"), self.load.title("bulk")];
        let operations =
            titles.each_ref().map(|title| json!({"op": "create", "task": {"title": title}}));
        let message = Message::new("POST", "/tasks/bulk").json(&json!({"operations": operations}));
        let reply = self.repeat(message).await;
        if reply.status != 200 {
            return self.load.wrong("a bulk request", &reply);
        }
        let body = reply.json();
        for (title, result) in titles.into_iter().zip(body["results"].as_array().expect("results"))
        {
            let number = result["task"]["number"].as_i64().expect("a number");
            self.load.note(|told| {
                told.created.insert(title, number);
            });
        }
    }

    async fn change(&mut self, own: Own) -> Own {
        let (number, title) = (own.number, self.load.title("changed"));
        let message = Message::new("PATCH", format!("/tasks/{number}"));
        let mut message = message.json(&json!({"title": title}));
        if let Some(etag) = &own.etag {
            message = message.header("if-match", etag);
        }
        let Some(reply) = self.ask(&message).await else { return Own { number, etag: None } };
        if reply.status != 200 {
            self.load.wrong("PATCH of a task that nobody else changes", &reply);
            return Own { number, etag: None };
        }
        let version = reply.json()["version"].as_i64().expect("a version");
        self.load.note(|told| told.patched.push((number, version, title)));
        Own { number, etag: Some(reply.header("etag").to_owned()) }
    }

    async fn delete(&mut self, number: i64) {
        let message = Message::new("DELETE", format!("/tasks/{number}"));
        match self.ask(&message).await {
            Some(reply) if reply.status == 204 => self.load.note(|told| told.deleted.push(number)),
            Some(reply) => self.load.wrong("DELETE of a task that nobody else deletes", &reply),
            None => {}
        }
    }
}

/// Clients that send a request each, and hang up.
pub(crate) async fn hang_up(load: &Load, random: &mut StdRng, shared: i64) {
    let all = (0..HANG_UPS).map(|at| {
        let protocol = if at % 2 == 0 { Protocol::Http1 } else { Protocol::Http2 };
        let title = load.title("gone");
        let message = match random.random_range(0..3) {
            0 => Message::new("POST", "/tasks"),
            _ => Message::new("PATCH", format!("/tasks/{shared}")),
        };
        let message = message.json(&json!({"title": title}));
        let (port, patience) = (load.port, HANG_UP_MAX.mul_f64(random.random()));
        async move {
            let mut client = Client::new(protocol, port);
            let _ = timeout(patience, client.send(&message)).await;
        }
    });
    futures_util::future::join_all(all.collect::<Vec<_>>()).await;
}

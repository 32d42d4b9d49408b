//! Clients that write and read all the time, and what each was told.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rand::seq::IndexedRandom;
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use testkit::client::text;
use testkit::database::Side;
use testkit::{Answer, Api, Server, WITHIN, until};

/// The pause of a client after each answer: bounds what a service that refuses at once is asked.
const WRITE_INTERVAL: Duration = Duration::from_millis(10);

/// A task whose creation was acknowledged.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    id: String,
    number: i64,
    title: String,
}

/// A 503.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) request_id: String,
    pub(crate) sent: Instant,
    pub(crate) took: Duration,
}

/// What the clients were told.
#[derive(Clone, Debug, Default)]
pub(crate) struct Told {
    pub(crate) stored: Vec<Stored>,
    pub(crate) refusals: Vec<Refusal>,
    /// Requests that got no answer at all.
    pub(crate) unanswered: usize,
}

impl Told {
    /// Holds every 503 that was asked for in a span against a limit.
    #[track_caller]
    pub(crate) fn assert_refused_within(&self, limit: Duration, asked: impl Fn(Instant) -> bool) {
        let asked = self.refusals.iter().filter(|refusal| asked(refusal.sent));
        let slow: Vec<_> = asked.filter(|refusal| refusal.took >= limit).collect();
        assert!(slow.is_empty(), "{} answers took {limit:?} or more: {slow:#?}", slow.len());
    }

    /// Demands that every acknowledged task is in the database, and that no number is there twice.
    pub(crate) async fn assert_kept(&self, api: &Api, side: &mut Side) {
        for Stored { id, number, title } in &self.stored {
            let task = api.json(&format!("/tasks/{id}")).await;
            assert_eq!((task["number"].as_i64(), text(&task, "title")), (Some(*number), &**title));
        }
        let rows = side.integer("SELECT count(*) FROM tasks").await;
        assert_eq!(side.integer("SELECT count(DISTINCT number) FROM tasks").await, rows);
        assert!(usize::try_from(rows).is_ok_and(|rows| rows >= self.stored.len()), "{rows} rows");
    }
}

/// Clients under way.
#[derive(Debug)]
pub(crate) struct Load {
    told: Arc<Mutex<Told>>,
    stop: CancellationToken,
    clients: JoinSet<()>,
}

impl Load {
    /// Starts as many clients that write as clients that read.
    pub(crate) fn start(api: &Api, pairs: usize) -> Self {
        let (told, stop) = (Arc::<Mutex<Told>>::default(), CancellationToken::new());
        let mut clients = JoinSet::new();
        for pair in 0..pairs {
            let client = |reads| Client {
                api: api.clone(),
                name: format!("client {pair}"),
                reads,
                told: Arc::clone(&told),
                stop: stop.clone(),
            };
            clients.spawn(client(false).run());
            clients.spawn(client(true).run());
        }
        Self { told, stop, clients }
    }

    /// What was told so far.
    pub(crate) fn told(&self) -> Told {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until so many more tasks were acknowledged.
    pub(crate) async fn acknowledged(&self, more: usize) {
        let before = self.told().stored.len();
        until("tasks to be acknowledged", WITHIN, async || {
            (self.told().stored.len() >= before + more).then_some(())
        })
        .await;
    }

    /// Waits until so many more requests were refused.
    pub(crate) async fn refused(&self, more: usize) {
        let before = self.told().refusals.len();
        until("requests to be refused", WITHIN, async || {
            (self.told().refusals.len() >= before + more).then_some(())
        })
        .await;
    }

    /// Lets every client end with its present request; fails if any was told something wrong.
    pub(crate) async fn end(mut self) -> Told {
        self.stop.cancel();
        while let Some(ended) = self.clients.join_next().await {
            ended.expect("a client that was told nothing wrong");
        }
        self.told()
    }
}

struct Client {
    api: Api,
    name: String,
    reads: bool,
    told: Arc<Mutex<Told>>,
    stop: CancellationToken,
}

impl Client {
    async fn run(self) {
        let mut pace = tokio::time::interval(WRITE_INTERVAL);
        pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut turn = 0_usize;
        while !self.stop.is_cancelled() {
            pace.tick().await;
            turn += 1;
            if self.reads {
                self.read(turn).await;
            } else {
                self.write(turn).await;
            }
        }
    }

    async fn write(&self, turn: usize) {
        let title = format!("{} turn {turn}", self.name);
        let call = self.api.call("POST", "/tasks").json(&json!({"title": title}));
        let Some(answer) = self.ask(call, 201).await else { return };
        let task = answer.json();
        let (id, number) = (text(&task, "id").to_owned(), task["number"].as_i64());
        let number = number.expect("a number");
        self.note(|told| told.stored.push(Stored { id, number, title }));
    }

    /// Reads a list, or a task that is known to be there.
    async fn read(&self, turn: usize) {
        let known = self.known().filter(|_| turn.is_multiple_of(2));
        let path =
            known.as_ref().map_or("/tasks?limit=3".to_owned(), |t| format!("/tasks/{}", t.id));
        let Some(answer) = self.ask(self.api.call("GET", &path), 200).await else { return };
        if let Some(known) = known {
            assert_eq!(text(&answer.json(), "title"), known.title);
        }
    }

    /// The answer, if it is the one for success; a 503 is noted, and every other is wrong.
    async fn ask(&self, call: testkit::Call, success: u16) -> Option<Answer> {
        let sent = Instant::now();
        let Ok(answer) = call.try_send().await else {
            self.note(|told| told.unanswered += 1);
            return None;
        };
        if answer.status == success {
            return Some(answer);
        }
        let answer = answer.expect(503);
        let request_id = answer.header("x-request-id").unwrap_or_default();
        let refusal = Refusal { request_id, sent, took: sent.elapsed() };
        self.note(|told| told.refusals.push(refusal));
        None
    }

    fn known(&self) -> Option<Stored> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        told.stored.choose(&mut rand::rng()).cloned()
    }

    fn note(&self, note: impl FnOnce(&mut Told)) {
        note(&mut self.told.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Demands that nothing went wrong with the process, as far as its log says.
#[track_caller]
pub(crate) fn assert_no_errors(server: &Server) {
    let lines = server.log();
    let errors: Vec<_> = lines.iter().filter(|line| line["level"] == "ERROR").collect();
    assert!(errors.is_empty(), "{errors:#?}");
    assert_no_panic(server);
}

/// Demands that no thread of the process panicked.
#[track_caller]
pub(crate) fn assert_no_panic(server: &Server) {
    assert!(!server.output().contains("panicked"), "{}", server.output());
}

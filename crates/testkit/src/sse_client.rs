//! A client of `GET /tasks/events`: reads server-sent events as a browser does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Client, Response};
use serde_json::Value;
use tokio::task::JoinHandle;

use crate::poll::{WITHIN, until};

/// One event, as a browser would hand it on.
#[derive(Clone, Debug, PartialEq)]
pub struct Told {
    /// Its name.
    pub event: String,
    /// What a client that comes back sends: greater for later events.
    pub id: i64,
    /// What it carries.
    pub data: Value,
}

/// The number in the database of the event that is told under this id.
#[must_use]
pub fn number_of(id: i64) -> i64 {
    id >> 20
}

impl Told {
    /// Its number in the database.
    #[must_use]
    pub fn number(&self) -> i64 {
        number_of(self.id)
    }

    /// The title of the task that it carries.
    #[must_use]
    pub fn title(&self) -> &str {
        self.data["title"].as_str().unwrap_or_default()
    }
}

/// A stream that is open.
#[derive(Debug)]
pub struct Follower {
    response: Response,
    /// What came and is not read yet; a character may be in two parts.
    buffer: Vec<u8>,
    /// How many comments came so far.
    pub comments: usize,
    /// The id of the last event.
    pub last: i64,
}

impl Follower {
    /// The last event's number in the database.
    #[must_use]
    pub fn number(&self) -> i64 {
        number_of(self.last)
    }

    /// Follows from now on, and returns when the server has said hello.
    pub async fn now(base: &str) -> Self {
        Self::open(base, None).await
    }

    /// Follows from after an event on.
    pub async fn after(base: &str, id: i64) -> Self {
        Self::open(base, Some(id)).await
    }

    async fn open(base: &str, after: Option<i64>) -> Self {
        let opened = Self::try_open(base, after).await;
        opened.unwrap_or_else(|error| panic!("no stream: {error:?}"))
    }

    /// As the others, where there may be nobody.
    ///
    /// # Errors
    ///
    /// When the connection fails.
    ///
    /// # Panics
    ///
    /// When it is answered otherwise than with a stream.
    pub async fn try_open(base: &str, after: Option<i64>) -> Result<Self, reqwest::Error> {
        let response = request(base, after).await?;
        assert_eq!(response.status(), 200, "{response:?}");
        Ok(Self::greeted(response, after).await)
    }

    async fn greeted(response: Response, after: Option<i64>) -> Self {
        let mut follower = Self { response, buffer: Vec::new(), comments: 0, last: 0 };
        if let Some(hello) = follower.next().await {
            assert_eq!((&*hello.event, &hello.data["id"]), ("hello", &hello.id.into()));
            assert!(after.is_none_or(|id| id == hello.id), "{hello:?}");
        }
        follower
    }

    /// The next event; `None` when the stream has ended.
    ///
    /// # Panics
    ///
    /// When none comes for long.
    pub async fn next(&mut self) -> Option<Told> {
        let next = self.within(WITHIN).await;
        next.unwrap_or_else(|| panic!("no event within {WITHIN:?}, after {}", self.last))
    }

    /// The next event of a task, which must come.
    ///
    /// # Panics
    ///
    /// When the stream ends, or something else is told.
    pub async fn task(&mut self) -> Told {
        let told = self.next().await.expect("an event, and not the end");
        assert!(told.event.starts_with("task."), "{told:?}");
        told
    }

    /// The next event if one comes within a time; inside of it, `None` is the end of the stream.
    pub async fn within(&mut self, time: Duration) -> Option<Option<Told>> {
        tokio::time::timeout(time, self.read()).await.ok()
    }

    async fn read(&mut self) -> Option<Told> {
        loop {
            while let Some(end) = self.buffer.windows(2).position(|pair| pair == b"\n\n") {
                let block: Vec<u8> = self.buffer.drain(..end + 2).collect();
                let block = String::from_utf8(block).expect("UTF-8");
                if let Some(told) = self.parse(&block) {
                    return Some(told);
                }
            }
            let chunk = self.response.chunk().await.ok()??;
            self.buffer.extend_from_slice(&chunk);
        }
    }

    fn parse(&mut self, block: &str) -> Option<Told> {
        let (mut event, mut id, mut data) = (None, None, None);
        for line in block.lines().filter(|line| !line.is_empty()) {
            match line.split_once(": ") {
                None if line.starts_with(':') => self.comments += 1,
                Some(("event", name)) => event = Some(name.to_owned()),
                Some(("id", text)) => id = Some(text.parse().expect("a number")),
                Some(("data", text)) => data = Some(serde_json::from_str(text).expect("JSON")),
                Some(("retry", text)) => assert!(text.parse::<u32>().is_ok(), "{line}"),
                _ => panic!("no line of an event: {line:?}"),
            }
        }
        let event = event?;
        self.last = id.expect("every event has a number");
        Some(Told { event, id: self.last, data: data.expect("every event carries something") })
    }
}

async fn request(base: &str, after: Option<i64>) -> Result<Response, reqwest::Error> {
    let client = Client::builder().pool_max_idle_per_host(0).build()?;
    let request = client.get(format!("{base}/tasks/events"));
    match after {
        Some(id) => request.header("last-event-id", id.to_string()),
        None => request,
    }
    .send()
    .await
}

/// Follows in the background, and comes back with `Last-Event-ID` whenever its stream ends or is refused.
#[derive(Debug)]
pub struct Recorder {
    told: Arc<Mutex<Vec<Told>>>,
    /// The number of the event after which it began.
    pub after: i64,
    task: JoinHandle<()>,
}

impl Recorder {
    /// Follows from now on.
    pub async fn start(base: &str) -> Self {
        let follower = Follower::now(base).await;
        let after = follower.number();
        let told = Arc::<Mutex<Vec<Told>>>::default();
        let task = tokio::spawn(record(base.to_owned(), follower, Arc::clone(&told)));
        Self { told, after, task }
    }

    /// What it was told so far.
    #[must_use]
    pub fn told(&self) -> Vec<Told> {
        self.told.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Waits until it was told of an event, or of a later one.
    pub async fn reaches(&self, number: i64) {
        until(&format!("event {number} to be told"), WITHIN, async || {
            let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
            (told.last().map_or(self.after, Told::number) >= number).then_some(())
        })
        .await;
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn record(base: String, follower: Follower, told: Arc<Mutex<Vec<Told>>>) {
    /// Longest that a new stream waits for its first bytes.
    const HELLO_WITHIN: Duration = Duration::from_secs(5);
    const RECONNECT_AFTER: Duration = Duration::from_millis(20);
    let mut last = follower.last;
    let mut stream = Some(follower);
    loop {
        if let Some(mut follower) = stream.take() {
            // A service that stands still says nothing: no limit.
            while let Some(event) = follower.read().await {
                told.lock().unwrap_or_else(PoisonError::into_inner).push(event);
            }
            last = follower.last;
        }
        let opening = async {
            let response = request(&base, Some(last)).await.ok()?;
            if response.status() != 200 {
                return None;
            }
            Some(Follower::greeted(response, Some(last)).await)
        };
        stream = tokio::time::timeout(HELLO_WITHIN, opening).await.ok().flatten();
        // A stream that ended before its first event has no id of its own.
        stream = stream.filter(|follower| follower.last != 0);
        tokio::time::sleep(RECONNECT_AFTER).await;
    }
}

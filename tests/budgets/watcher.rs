//! Another client, which wants its answers meanwhile; and what the server costs.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Mutex, MutexGuard};
use tokio::task::JoinHandle;

use testkit::server::prefer_release;
use testkit::{App, Backend, Database, Server, WITHIN, pace, until};

/// Longest that another client may wait for an answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// Answers to see at least.
const ANSWERS_MIN: usize = 10;
/// What a hostile client may cost, in KiB.
const COST_MAX_KIB: u64 = 128 * 1024;

/// Held by a test while its clients are at work: what a service promises is promised of one such client, and two cores
/// that serve several tests of this kind say nothing of it.
pub(crate) async fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::const_new(());
    ALONE.lock().await
}

/// Asks all the while, by new connections and by one that it keeps.
pub(crate) struct Watcher {
    stop: Arc<AtomicBool>,
    asked: Arc<AtomicUsize>,
    asking: JoinHandle<(usize, Duration)>,
    pid: u32,
    before_kib: u64,
}

impl Watcher {
    pub(crate) fn start(app: &App) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let asked = Arc::new(AtomicUsize::new(0));
        let asking = tokio::spawn(ask(app.server.port, Arc::clone(&stop), Arc::clone(&asked)));
        let pid = app.server.pid();
        Self { stop, asked, asking, pid, before_kib: peak_kib(pid) }
    }

    /// Holds what it saw against the promise.
    pub(crate) async fn end(self) {
        // Anyone who was hung up on at once gave it little time.
        until("ten answers", WITHIN, async || {
            (self.asked.load(Ordering::Relaxed) >= ANSWERS_MIN || self.asking.is_finished())
                .then_some(())
        })
        .await;
        self.stop.store(true, Ordering::Relaxed);
        let (answers, longest) = self.asking.await.expect("every answer is 200");
        assert!(answers >= ANSWERS_MIN, "only {answers} answers");
        assert!(longest <= ANSWER_WITHIN, "another client waited {longest:?} for an answer");
        let cost = peak_kib(self.pid) - self.before_kib;
        eprintln!("{answers} answers, the longest took {longest:?}; {cost} KiB more at the peak");
        assert!(cost <= COST_MAX_KIB, "{cost} KiB more at the peak");
    }
}

async fn ask(port: u16, stop: Arc<AtomicBool>, asked: Arc<AtomicUsize>) -> (usize, Duration) {
    let mut kept = connect(port).await;
    let (mut answers, mut longest) = (0, Duration::ZERO);
    let mut pace = pace(Duration::from_millis(20));
    while !stop.load(Ordering::Relaxed) {
        for turn in 0..3 {
            let begun = Instant::now();
            match turn {
                0 => get(&mut connect(port).await, "/tasks/1").await,
                1 => post(&mut connect(port).await).await,
                _ => get(&mut kept, "/tasks?limit=5").await,
            }
            answers += 1;
            asked.store(answers, Ordering::Relaxed);
            longest = longest.max(begun.elapsed());
        }
        pace.tick().await;
    }
    (answers, longest)
}

pub(crate) async fn get(stream: &mut TcpStream, path: &str) {
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n");
    exchange(stream, &request, 200).await;
}

async fn post(stream: &mut TcpStream) {
    let body = r#"{"title":"another client"}"#;
    let length = body.len();
    let request = format!(
        "POST /tasks HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    );
    exchange(stream, &request, 201).await;
}

/// Sends a request, and reads the whole answer.
async fn exchange(stream: &mut TcpStream, request: &str, status: u16) {
    stream.write_all(request.as_bytes()).await.expect("the request goes out");
    let (mut said, mut piece) = (Vec::new(), vec![0; 16_384]);
    loop {
        let length = stream.read(&mut piece).await.expect("an answer");
        assert!(length > 0, "hung up: {}", String::from_utf8_lossy(&said));
        said.extend_from_slice(&piece[..length]);
        let text = String::from_utf8_lossy(&said).to_ascii_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.split("content-length: ").nth(1).and_then(|rest| rest.lines().next());
        let length: usize = length.and_then(|length| length.parse().ok()).expect("a length");
        if body.len() >= length {
            assert!(head.starts_with(&format!("http/1.1 {status}")), "{text}");
            return;
        }
    }
}

/// The most memory that a process has had, in KiB.
fn peak_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("its peak");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}

pub(crate) async fn connect(port: u16) -> TcpStream {
    TcpStream::connect(("127.0.0.1", port)).await.expect("a connection")
}

/// A connection with little room for what is not read.
pub(crate) async fn connect_narrow(port: u16) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4_096).expect("a small buffer");
    let address = format!("127.0.0.1:{port}").parse().expect("an address");
    socket.connect(address).await.expect("a connection")
}

/// Everything until the server hangs up, which it must within a time; an abrupt end counts too.
pub(crate) async fn until_hung_up(stream: &mut TcpStream, within: Duration) -> String {
    let mut said = Vec::new();
    let ended = tokio::time::timeout(within, stream.read_to_end(&mut said)).await;
    assert!(ended.is_ok(), "not hung up on within {within:?}");
    String::from_utf8_lossy(&said).into_owned()
}

/// A service with a task, so that there is something to ask for, warmed up.
pub(crate) async fn service(backend: Backend, variables: &[(&str, &str)]) -> App {
    prefer_release();
    let app = App::with(backend, variables).await;
    warm(&app).await;
    app
}

/// The same in a process that may have so many files open, and no more.
pub(crate) async fn service_with_files(files: u32, variables: &[(&str, &str)]) -> App {
    prefer_release();
    let database = Database::migrated(Backend::Sqlite).await;
    let mut all = vec![("DATABASE_URL", database.url.as_str())];
    all.extend_from_slice(variables);
    let mut server = Server::spawn_with_files(files, &all);
    server.ready().await;
    let app = App::of(server, database);
    warm(&app).await;
    app
}

async fn warm(app: &App) {
    let _ = app.create(serde_json::json!({"title": "the first"})).await;
    for _ in 0..20 {
        let _ = app.get("/tasks").await.expect(200);
    }
}

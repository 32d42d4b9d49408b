//! The real binary as a child process: its environment, its log, its signals and its end.

use std::fs::File;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering};

use serde_json::Value;
use tempfile::TempDir;

use crate::poll::{WITHIN, until};
use crate::sessions::left_in_transaction;

/// A running (or finished) `taskmanager`, killed when dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// The public port.
    pub port: u16,
    folder: TempDir,
    /// Where its sessions are seen, if it is a PostgreSQL server.
    database: Option<String>,
}

impl Server {
    /// Starts `taskmanager` without arguments and with nothing in its environment but `variables` and the
    /// defaults of the tests (free `PORT`, `HOST`, JSON logs); does not wait. A variable given as `""`
    /// is left out altogether.
    #[must_use]
    pub fn spawn(variables: &[(&str, &str)]) -> Self {
        Self::spawn_with(&[], variables)
    }

    /// Like [`Server::spawn`], with command line arguments.
    ///
    /// # Panics
    ///
    /// When the binary cannot be started.
    #[must_use]
    pub fn spawn_with(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new(binary());
        command.args(arguments);
        Self::spawn_command(command, variables)
    }

    /// Like [`Server::spawn`], in a process that may have at most so many files open.
    ///
    /// # Panics
    ///
    /// When the binary cannot be started.
    #[must_use]
    pub fn spawn_with_files(files: u32, variables: &[(&str, &str)]) -> Self {
        Self::spawn_limited(&format!("-n {files}"), variables)
    }

    /// Like [`Server::spawn`], in a process whose files may have at most so many blocks of 512 bytes.
    ///
    /// # Panics
    ///
    /// When the binary cannot be started.
    #[must_use]
    pub fn spawn_with_file_size(blocks: u32, variables: &[(&str, &str)]) -> Self {
        Self::spawn_limited(&format!("-f {blocks}"), variables)
    }

    fn spawn_limited(limit: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = Command::new("sh");
        let limited = format!("ulimit {limit} && exec \"$0\"");
        command.args(["-c", &limited]).arg(binary());
        Self::spawn_command(command, variables)
    }

    fn spawn_command(mut command: Command, variables: &[(&str, &str)]) -> Self {
        let folder = TempDir::new().expect("a temp folder");
        let free = free_port();
        let port = variables
            .iter()
            .find(|(name, _)| *name == "PORT")
            .and_then(|(_, port)| port.parse().ok())
            .unwrap_or(free);
        let log = |name: &str| File::create(folder.path().join(name)).expect("a log file");
        command
            .env_clear()
            .current_dir(folder.path())
            .env("HOST", "127.0.0.1")
            .env("PORT", port.to_string())
            .env("RUST_LOG", "info")
            .env("LOG_FORMAT", "json")
            .stdin(Stdio::null())
            .stdout(log("stdout"))
            .stderr(log("stderr"));
        for name in ["PATH", "TMPDIR", "LLVM_PROFILE_FILE"] {
            if let Some(value) = std::env::var_os(name) {
                command.env(name, value);
            }
        }
        for (name, value) in variables {
            if value.is_empty() {
                command.env_remove(name);
            } else {
                command.env(name, value);
            }
        }
        let child = command.spawn().expect("the binary starts");
        // A pooler shows nobody's sessions; what migrates comes to the server itself.
        let database = ["MIGRATE_DATABASE_URL", "DATABASE_URL"]
            .into_iter()
            .filter_map(|wanted| variables.iter().find(|(name, _)| *name == wanted))
            .map(|(_, url)| (*url).to_owned())
            .find(|url| !url.is_empty());
        Self { child, port, folder, database }
    }

    /// Starts a server and waits until it says that it is ready.
    ///
    /// # Panics
    ///
    /// When it ends instead, with what it said.
    pub async fn start(variables: &[(&str, &str)]) -> Self {
        let mut server = Self::spawn(variables);
        server.ready().await;
        server
    }

    /// Waits until `/health/ready` answers 200.
    ///
    /// # Panics
    ///
    /// When the process ends, or never gets ready.
    pub async fn ready(&mut self) {
        let client = reqwest::Client::new();
        let url = format!("{}/health/ready", self.url());
        until("the server to be ready", WITHIN, async || {
            if let Some(status) = self.child.try_wait().expect("a child") {
                panic!("the server ended ({status}) before it was ready:\n{}", self.output());
            }
            client.get(&url).send().await.ok().filter(|answer| answer.status() == 200).map(|_| ())
        })
        .await;
    }

    /// `http://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The process id.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal by name, such as `TERM`.
    ///
    /// # Panics
    ///
    /// When there is no such process.
    pub fn signal(&self, name: &str) {
        signal(self.pid(), name);
    }

    /// Waits for the process to end and returns its exit code; `None` when a signal ended it.
    ///
    /// # Panics
    ///
    /// When it does not end.
    pub async fn exit(&mut self) -> Option<i32> {
        until("the server to end", WITHIN, async || self.child.try_wait().expect("a child"))
            .await
            .code()
    }

    /// The exit code if the process has ended, `None` while it runs.
    ///
    /// # Panics
    ///
    /// When the process cannot be asked.
    pub fn ended(&mut self) -> Option<i32> {
        self.child.try_wait().expect("a child").map(|status| status.code().unwrap_or(-1))
    }

    /// What was written to standard error so far.
    #[must_use]
    pub fn stderr(&self) -> String {
        read(self.folder.path().join("stderr"))
    }

    /// What was written to standard output and standard error so far.
    #[must_use]
    pub fn output(&self) -> String {
        read(self.folder.path().join("stdout")) + &self.stderr()
    }

    /// The lines of the log that are JSON objects.
    #[must_use]
    pub fn log(&self) -> Vec<Value> {
        self.output().lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// Waits for the log line of a request, found by its id, and returns it.
    pub async fn request_line(&self, request_id: &str) -> Value {
        until("the request's line in the log", WITHIN, async || {
            self.log().into_iter().find(|line| {
                field(line, "request_id").is_some_and(|id| id == request_id)
                    && field(line, "duration_ms").is_some()
            })
        })
        .await
    }
}

/// A field of a JSON log line, wherever the formatter nests it.
#[must_use]
pub fn field(line: &Value, name: &str) -> Option<Value> {
    let direct = line.get(name).or_else(|| line.get("fields").and_then(|fields| fields.get(name)));
    direct.or_else(|| line.get("span").and_then(|span| span.get(name))).cloned()
}

impl Server {
    /// Sessions that it leaves idle in a transaction, if it runs: no test may end so.
    fn left_in_transaction(&mut self) -> Vec<String> {
        if std::thread::panicking() || self.child.try_wait().ok().flatten().is_some() {
            return Vec::new();
        }
        let stat =
            std::fs::read_to_string(format!("/proc/{}/stat", self.pid())).unwrap_or_default();
        // After the name in parentheses: the state (`man 5 proc`). One that is stopped cannot end anything.
        let stopped = stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T'));
        match &self.database {
            Some(url) if !stopped => left_in_transaction(url),
            _ => Vec::new(),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let left = self.left_in_transaction();
        if self.child.try_wait().ok().flatten().is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        if std::thread::panicking() {
            let output = self.output();
            let lines: Vec<_> = output.lines().collect();
            let tail = &lines[lines.len().saturating_sub(40)..];
            eprintln!("--- the server's last words ---\n{}", tail.join("\n"));
        }
        assert!(left.is_empty(), "idle in a transaction: {left:#?}");
    }
}

/// Sends a signal to a process that the test started.
///
/// # Panics
///
/// When it cannot be sent.
pub fn signal(pid: u32, name: &str) {
    // The shell's own kill: there is one on every machine, and no unsafe code here.
    let sent = Command::new("sh").args(["-c", &format!("kill -s {name} {pid}")]).status();
    assert!(sent.expect("a shell").success(), "signal {name} to {pid}");
}

/// A port that nobody listens on, below the range from which the kernel hands out ports by itself.
///
/// # Panics
///
/// When a thousand ports in a row are taken.
#[must_use]
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Test binaries that run at the same time begin at different places.
    let offset = u16::try_from(std::process::id() % 211 * 97).unwrap_or(0);
    (0..1000)
        .map(|_| 10_000 + (offset + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000)
        .find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .expect("a free port")
}

/// Whether this process tests the release build, where there is one.
static RELEASE: AtomicBool = AtomicBool::new(false);

/// From now on this process starts the release build that `RELEASE_BINARY` names, if it does: for promises about time
/// and memory, which a debug build cannot keep.
pub fn prefer_release() {
    RELEASE.store(true, Ordering::Relaxed);
}

/// The build under test, or another one that `TEST_BINARY` names.
///
/// # Panics
///
/// When this process is not a test that Cargo has built.
#[must_use]
pub fn binary() -> PathBuf {
    let named = |name: &str| std::env::var_os(name).filter(|path| !path.is_empty());
    let release = named("RELEASE_BINARY").filter(|_| RELEASE.load(Ordering::Relaxed));
    let given = named("TEST_BINARY").or(release);
    given.map_or_else(built, PathBuf::from)
}

/// The binary that Cargo built with this test, whose own place is `target/debug/deps`.
fn built() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a file");
    let profile = test.ancestors().nth(2).expect("Cargo's folder of builds");
    profile.join("taskmanager")
}

fn read(path: PathBuf) -> String {
    String::from_utf8_lossy(&std::fs::read(path).unwrap_or_default()).into_owned()
}

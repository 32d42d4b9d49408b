//! A PostgreSQL server that belongs to one test, for faults that a shared server must not suffer:
//! stopped, restarted, out of connections, with TLS.

use std::fs::{File, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use sqlx::Connection;
use sqlx::postgres::PgConnection;
use tempfile::TempDir;

use crate::poll::{WITHIN, until};
use crate::server::{free_port, signal};

/// How a server is told to stop (`pg_ctl` manual page).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// Ends every session, then itself.
    Fast,
    /// As a crash would: recovery at the next start.
    Immediate,
}

/// A private cluster on 127.0.0.1, killed and deleted when dropped.
#[derive(Debug)]
pub struct PostgresServer {
    folder: TempDir,
    bin: PathBuf,
    owner: Option<(u32, u32)>,
    password: String,
    port: u16,
    child: Option<Child>,
}

impl PostgresServer {
    /// Makes a cluster and starts it. `config` is a list of lines for `postgresql.conf`.
    ///
    /// # Panics
    ///
    /// When `TEST_POSTGRES_BIN` is not set, or the server does not start.
    pub async fn start(config: &[&str]) -> Self {
        let mut server = Self::create(config);
        server.resume().await;
        server
    }

    /// Like [`PostgresServer::start`], with everything that it writes below a folder.
    ///
    /// # Panics
    ///
    /// When the server does not start.
    pub async fn start_in(folder: &Path, config: &[&str]) -> Self {
        let mut server = Self::create_in(TempDir::new_in(folder).expect("a folder"), config);
        server.resume().await;
        server
    }

    /// Like [`PostgresServer::start`], answering TLS with this certificate and key (PEM), and only TLS.
    ///
    /// # Panics
    ///
    /// When the server does not start.
    pub async fn start_with_tls(certificate: &str, key: &str, config: &[&str]) -> Self {
        let mut server = Self::create(config);
        server.write("cluster/server.crt", certificate);
        server.write("cluster/server.key", key);
        server.append("cluster/postgresql.conf", "ssl = on");
        server.write("cluster/pg_hba.conf", "hostssl all all 127.0.0.1/32 scram-sha-256\n");
        server.resume().await;
        server
    }

    /// A standby of this server, which streams from it and answers reads.
    ///
    /// # Panics
    ///
    /// When the copy fails, or the server does not start.
    pub async fn standby(&self) -> Self {
        let folder = TempDir::new().expect("a temp folder");
        let (bin, owner) = (self.bin.clone(), self.owner);
        let mut standby = Self {
            folder,
            bin,
            owner,
            password: self.password.clone(),
            port: free_port(),
            child: None,
        };
        standby.own(standby.folder.path());
        let made = standby
            .command("pg_basebackup")
            .args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres", "--no-sync"])
            .args(["-D", "cluster", "-X", "stream", "--checkpoint=fast", "--write-recovery-conf"])
            .env("PGPASSWORD", &self.password)
            .output()
            .expect("pg_basebackup runs");
        assert!(made.status.success(), "pg_basebackup: {}", String::from_utf8_lossy(&made.stderr));
        let socket = standby.folder.path().display().to_string();
        standby.append("cluster/postgresql.conf", &format!("port = {}", standby.port));
        standby.append("cluster/postgresql.conf", &format!("unix_socket_directories = '{socket}'"));
        standby.resume().await;
        standby
    }

    /// Starts the server again on its port as a standby, of no other server.
    pub async fn demote(&mut self) {
        self.stop(Stop::Fast).await;
        self.write("cluster/standby.signal", "");
        self.resume().await;
    }

    /// Starts the server again on its port as a primary, after [`PostgresServer::demote`].
    ///
    /// # Panics
    ///
    /// When it was not demoted.
    pub async fn promote(&mut self) {
        self.stop(Stop::Fast).await;
        let signal = self.folder.path().join("cluster/standby.signal");
        std::fs::remove_file(signal).expect("a standby");
        self.resume().await;
    }

    fn create(config: &[&str]) -> Self {
        Self::create_in(TempDir::new().expect("a temp folder"), config)
    }

    fn create_in(folder: TempDir, config: &[&str]) -> Self {
        let bin = std::env::var_os("TEST_POSTGRES_BIN").map(PathBuf::from);
        let bin = bin.expect("TEST_POSTGRES_BIN is not set: run `make test`");
        let password = format!("{:032x}", rand::random::<u128>());
        let server = Self {
            folder,
            bin,
            owner: server_user(),
            password: password.clone(),
            port: free_port(),
            child: None,
        };
        server.own(server.folder.path());
        server.write("password", &password);
        let made = server
            .command("initdb")
            .args(["-U", "postgres", "-A", "scram-sha-256", "--locale=C.UTF-8", "-E", "UTF8"])
            .args(["--no-sync", "--pwfile=password", "-D", "cluster"])
            .output()
            .expect("initdb runs");
        assert!(made.status.success(), "initdb: {}", String::from_utf8_lossy(&made.stderr));
        let socket = server.folder.path().display().to_string();
        let lines = [
            "listen_addresses = '127.0.0.1'".to_owned(),
            format!("port = {}", server.port),
            format!("unix_socket_directories = '{socket}'"),
            "fsync = off".to_owned(),
            "full_page_writes = off".to_owned(),
        ];
        for line in lines.iter().map(String::as_str).chain(config.iter().copied()) {
            server.append("cluster/postgresql.conf", line);
        }
        server
    }

    /// The URL of a database on this server.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// The port, the same after a restart.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// What it wrote to its log since it was made.
    #[must_use]
    pub fn log(&self) -> String {
        let log = std::fs::read(self.folder.path().join("log")).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }

    /// Starts the server again on its port, and waits until it takes connections.
    ///
    /// # Panics
    ///
    /// When it runs already, or does not start.
    pub async fn resume(&mut self) {
        assert!(self.child.is_none(), "the server runs already");
        let log = self.folder.path().join("log");
        let output = File::options().create(true).append(true).open(&log).expect("a log file");
        let mut child = self
            .command("postgres")
            .args(["-D", "cluster"])
            .stderr(output)
            .spawn()
            .expect("postgres starts");
        let url = self.url("postgres");
        until("PostgreSQL to take connections", WITHIN, async || {
            if let Some(status) = child.try_wait().expect("a child") {
                let said = std::fs::read_to_string(&log).unwrap_or_default();
                panic!("PostgreSQL ended ({status}):\n{said}");
            }
            // A refusal for want of TLS is an answer too.
            match PgConnection::connect(&url).await {
                Ok(connection) => connection.close().await.ok(),
                Err(sqlx::Error::Database(error)) => (error.code()? != "57P03").then_some(()),
                // And so is a certificate that the driver does not read.
                Err(sqlx::Error::Io(error)) if error.kind() == std::io::ErrorKind::InvalidData => {
                    Some(())
                }
                Err(_) => None,
            }
        })
        .await;
        self.child = Some(child);
    }

    /// Stops the server and waits for its end.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub async fn stop(&mut self, how: Stop) {
        let mut child = self.child.take().expect("the server runs");
        let name = if how == Stop::Fast { "INT" } else { "QUIT" };
        signal(child.id(), name);
        until("PostgreSQL to stop", WITHIN, async || child.try_wait().expect("a child")).await;
    }

    /// Stops the server and starts it again on the same port.
    pub async fn restart(&mut self, how: Stop) {
        self.stop(how).await;
        self.resume().await;
    }

    /// Lets the server, which does not run, be a standby from its next start on, until it is promoted.
    pub fn stand_by(&self) {
        self.write("cluster/standby.signal", "");
    }

    /// Ends every process of the server with `SIGKILL`, and waits until all are gone.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub async fn kill(&mut self) {
        let processes = self.processes();
        self.signal_all("KILL");
        let mut child = self.child.take().expect("the server runs");
        until("PostgreSQL to be gone", WITHIN, async || {
            let ended = child.try_wait().expect("a child").is_some();
            // One that nobody has waited for yet holds nothing any more.
            let gone = |process: &u32| {
                let stat = std::fs::read_to_string(format!("/proc/{process}/stat"));
                stat.map_or(true, |stat| stat.contains(") Z "))
            };
            (ended && processes.iter().all(gone)).then_some(())
        })
        .await;
    }

    /// Whether it has not ended by itself.
    ///
    /// # Panics
    ///
    /// When the process cannot be asked.
    pub fn is_running(&mut self) -> bool {
        let running =
            self.child.as_mut().is_some_and(|child| child.try_wait().expect("a child").is_none());
        if !running {
            self.child = None;
        }
        running
    }

    /// Stops every process of the server where it is: connections stay open, and nothing answers.
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn freeze(&self) {
        // The postmaster first, so that no process begins meanwhile.
        self.signal_all("STOP");
    }

    /// Lets every process go on after [`PostgresServer::freeze`].
    ///
    /// # Panics
    ///
    /// When it does not run.
    pub fn thaw(&self) {
        self.signal_all("CONT");
    }

    fn signal_all(&self, name: &str) {
        let processes = self.processes().iter().map(ToString::to_string).collect::<Vec<_>>();
        // One that has ended meanwhile is no failure.
        let kill = format!("kill -s {name} {} 2>/dev/null", processes.join(" "));
        let _ = Command::new("sh").args(["-c", &kill]).status().expect("a shell");
    }

    /// The postmaster, then its children.
    fn processes(&self) -> Vec<u32> {
        let postmaster = self.child.as_ref().expect("the server runs").id();
        let parent = |process: u32| {
            let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
            // After the name in parentheses: the state, then the parent (`man 5 proc`).
            stat.rsplit_once(')')?.1.split_whitespace().nth(1)?.parse::<u32>().ok()
        };
        let all = std::fs::read_dir("/proc")
            .expect("a /proc")
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok());
        let children = all.filter(|process| parent(*process) == Some(postmaster));
        std::iter::once(postmaster).chain(children).collect()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(self.bin.join(program));
        command.current_dir(self.folder.path()).stdin(Stdio::null()).stdout(Stdio::null());
        if let Some((user, group)) = self.owner {
            command.uid(user).gid(group);
        }
        command
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).expect("a file in the cluster");
        std::fs::set_permissions(&path, Permissions::from_mode(0o600)).expect("its mode");
        self.own(&path);
    }

    fn append(&self, name: &str, line: &str) {
        use std::io::Write;
        let path = self.folder.path().join(name);
        let mut file = File::options().append(true).open(path).expect("a file in the cluster");
        writeln!(file, "{line}").expect("a line");
    }

    fn own(&self, path: &Path) {
        if let Some((user, group)) = self.owner {
            chown(path, Some(user), Some(group)).expect("root may give files away");
        }
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        if self.child.is_some() {
            // A frozen one would not hear the signal.
            self.thaw();
        }
        if let Some(mut child) = self.child.take() {
            // Not KILL, after which its children live on for a while.
            signal(child.id(), "QUIT");
            let _ = child.wait();
        }
    }
}

/// PostgreSQL refuses to run as root: the user and group to run it as, when these tests do.
///
/// # Panics
///
/// Without the command `id`, or a user `postgres` where one is needed.
pub fn server_user() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| {
        let output = Command::new("id").args(arguments).output().expect("id runs");
        String::from_utf8_lossy(&output.stdout).trim().parse::<u32>().ok()
    };
    (id(&["-u"]) == Some(0)).then(|| {
        let user = id(&["-u", "postgres"]).expect("a user postgres");
        (user, id(&["-g", "postgres"]).expect("a group postgres"))
    })
}

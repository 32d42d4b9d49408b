//! A PgBouncer that belongs to one test, in front of a PostgreSQL server.

use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use tokio::net::TcpStream;

use crate::poll::{WITHIN, until};
use crate::server::{free_port, signal};

/// A pooler on 127.0.0.1, ended when dropped.
#[derive(Debug)]
pub struct PgBouncer {
    folder: TempDir,
    child: Child,
    port: u16,
}

impl PgBouncer {
    /// Starts a pooler in a mode (`transaction`, `session`) in front of the server that a URL names.
    ///
    /// # Panics
    ///
    /// When there is no `pgbouncer`, or it does not start.
    pub async fn start(mode: &str, server: &str, lines: &[&str]) -> Self {
        let server = url::Url::parse(server).expect("a URL");
        let folder = TempDir::new().expect("a temp folder");
        let port = free_port();
        let (host, to) = (server.host_str().expect("a host"), server.port().unwrap_or(5432));
        let (user, password) = (server.username(), server.password().unwrap_or_default());
        let path = |name: &str| folder.path().join(name).display().to_string();
        let settings = format!(
            "[databases]\n* = host={host} port={to}\n[pgbouncer]\nlisten_addr = 127.0.0.1\n\
             listen_port = {port}\nunix_socket_dir =\nauth_type = plain\nauth_file = {}\n\
             pool_mode = {mode}\nlogfile = {}\n{}\n",
            path("users"),
            path("log"),
            lines.join("\n")
        );
        std::fs::write(path("users"), format!("\"{user}\" \"{password}\"\n")).expect("a file");
        std::fs::write(path("settings"), settings).expect("a file");
        let mut command = Command::new(program());
        command.arg(path("settings")).stdin(Stdio::null());
        command.stdout(Stdio::null()).stderr(Stdio::null());
        if let Some((user, group)) = unprivileged() {
            for name in ["", "users", "settings"] {
                chown(path(name), Some(user), Some(group)).expect("root may give files away");
            }
            command.uid(user).gid(group);
        }
        let child = command.spawn().expect("pgbouncer starts");
        let mut pooler = Self { folder, child, port };
        until("PgBouncer to take connections", WITHIN, async || {
            if let Some(status) = pooler.child.try_wait().expect("a child") {
                panic!("PgBouncer ended ({status}):\n{}", pooler.log());
            }
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        pooler
    }

    /// `url` by way of the pooler.
    ///
    /// # Panics
    ///
    /// When it is no URL.
    #[must_use]
    pub fn before(&self, url: &str) -> String {
        let mut url = url::Url::parse(url).expect("a URL");
        url.set_host(Some("127.0.0.1")).expect("a host");
        url.set_port(Some(self.port)).expect("a port");
        url.into()
    }

    /// What it wrote to its log.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }
}

impl Drop for PgBouncer {
    fn drop(&mut self) {
        if self.child.try_wait().ok().flatten().is_none() {
            signal(self.child.id(), "TERM");
            let _ = self.child.wait();
        }
    }
}

/// Debian keeps it where only root's search path leads.
fn program() -> &'static str {
    let places = ["/usr/sbin/pgbouncer", "/usr/local/sbin/pgbouncer", "/usr/local/bin/pgbouncer"];
    let found = places.into_iter().find(|place| std::path::Path::new(place).exists());
    found.unwrap_or("pgbouncer")
}

/// PgBouncer refuses to run as root: the user and group to run it as, when these tests do.
fn unprivileged() -> Option<(u32, u32)> {
    crate::postgres::server_user()
}

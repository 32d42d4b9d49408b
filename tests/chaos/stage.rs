//! The service, its database on a disk of its own, and a proxy: each can be broken and fixed.

use std::path::PathBuf;
use std::time::Duration;

use tempfile::TempDir;

use testkit::database::Side;
use testkit::{Backend, PostgresServer, Proxy, Server, Tmpfs, free_port};

/// Little enough to be filled at once, enough for a cluster and its log.
const POSTGRES_DISK: &str = "400m";
const SQLITE_DISK: &str = "64m";
const FILLER: &str = "filler";
/// Of a request, in the service.
const REQUEST_TIMEOUT: &str = "3s";
const POSTGRES_SETTINGS: [&str; 4] =
    ["fsync = on", "synchronous_commit = on", "full_page_writes = on", "max_wal_size = '64MB'"];

/// The parts are dropped in this order.
pub(crate) struct Stage {
    pub(crate) server: Server,
    pub(crate) on: Backend,
    /// Where clients connect to.
    pub(crate) port: u16,
    /// Between service and server, or between clients and a service with a file.
    pub(crate) proxy: Proxy,
    pub(crate) postgres: Option<PostgresServer>,
    url: String,
    variables: Vec<(&'static str, String)>,
    folder: PathBuf,
    _folder: Option<TempDir>,
    /// `None` where this user may not mount one.
    pub(crate) disk: Option<Tmpfs>,
}

impl Stage {
    pub(crate) async fn set(on: Backend) -> Self {
        let size = if on == Backend::Postgres { POSTGRES_DISK } else { SQLITE_DISK };
        let disk = Tmpfs::mount(size);
        let spare = disk.is_none().then(|| TempDir::new().expect("a temp folder"));
        let folder = disk.as_ref().map(Tmpfs::path).or(spare.as_ref().map(TempDir::path));
        let folder = folder.expect("one of both").to_owned();
        let port = free_port();
        let (url, target, postgres) = match on {
            Backend::Sqlite => {
                (format!("sqlite://{}", folder.join("tasks.db").display()), port, None)
            }
            Backend::Postgres => {
                let server = PostgresServer::start_in(&folder, &POSTGRES_SETTINGS).await;
                (server.url("postgres"), server.port(), Some(server))
            }
        };
        let proxy = Proxy::start(target, Duration::ZERO).await;
        let through = match on {
            Backend::Sqlite => url.clone(),
            Backend::Postgres => {
                let mut through = url::Url::parse(&url).expect("a URL");
                through.set_port(Some(proxy.port)).expect("a port");
                through.into()
            }
        };
        let variables = vec![
            ("DATABASE_URL", through),
            // The test looks for sessions there.
            (
                "MIGRATE_DATABASE_URL",
                if on == Backend::Postgres { url.clone() } else { String::new() },
            ),
            ("PORT", port.to_string()),
            ("REQUEST_TIMEOUT", REQUEST_TIMEOUT.to_owned()),
        ];
        let server = Server::start(&borrowed(&variables)).await;
        let port = if on == Backend::Postgres { port } else { proxy.port };
        Self { server, on, port, proxy, postgres, url, variables, folder, _folder: spare, disk }
    }

    /// Where clients connect to.
    pub(crate) fn base(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// A connection of the test's own, straight to the database.
    pub(crate) async fn connect(&self) -> Side {
        match self.on {
            Backend::Sqlite => Side::sqlite(&self.url).await,
            Backend::Postgres => Side::postgres(&self.url).await,
        }
    }

    /// Starts the service again on its port, after it has ended.
    pub(crate) fn restart(&mut self) {
        assert!(!self.server.output().contains("panicked"), "{}", self.server.output());
        self.server = Server::spawn(&borrowed(&self.variables));
    }

    /// Leaves no page on the disk.
    pub(crate) fn fill_disk(&self) {
        let file = std::fs::File::create(self.folder.join(FILLER)).expect("a file");
        let disk = rustix::fs::statvfs(&self.folder).expect("the disk");
        let (mut length, mut step) = (0, disk.f_bavail * disk.f_frsize);
        // The service takes some of it meanwhile, so less and less is tried.
        while step >= disk.f_frsize {
            let flags = rustix::fs::FallocateFlags::empty();
            if rustix::fs::fallocate(&file, flags, length, step).is_ok() {
                length += step;
            } else {
                step /= 2;
            }
        }
    }

    /// Gives the space back.
    pub(crate) async fn empty_disk(&mut self) {
        std::fs::remove_file(self.folder.join(FILLER)).expect("the filler");
        if let Some(postgres) = &mut self.postgres {
            // Without space for its log it may have ended.
            if !postgres.is_running() {
                postgres.resume().await;
            }
        }
    }
}

fn borrowed<'a>(variables: &'a [(&'static str, String)]) -> Vec<(&'a str, &'a str)> {
    variables.iter().map(|(name, value)| (*name, value.as_str())).collect()
}

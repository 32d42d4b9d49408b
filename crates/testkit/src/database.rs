//! A database of its own for each test: a file in a temp folder, or a copy of a migrated template.

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, Connection, Executor};
use tempfile::TempDir;
use tokio::sync::OnceCell;

use crate::server::Server;

/// Which database a test runs on; every HTTP test runs on both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// A file.
    Sqlite,
    /// The server at `TEST_POSTGRES_URL`.
    Postgres,
}

/// A database that goes away with the value.
#[derive(Debug)]
pub struct Database {
    /// What `DATABASE_URL` is set to.
    pub url: String,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Sqlite(TempDir),
    Postgres { admin: String, name: String },
}

impl Database {
    /// A database whose schema is the binary's (SQLite: an empty one, which the server migrates as it
    /// starts).
    pub async fn migrated(backend: Backend) -> Self {
        match backend {
            Backend::Sqlite => Self::empty(backend).await,
            Backend::Postgres => Self::postgres(Some(template().await)).await,
        }
    }

    /// A database without tables.
    ///
    /// # Panics
    ///
    /// When there is no PostgreSQL server to make it on.
    pub async fn empty(backend: Backend) -> Self {
        match backend {
            Backend::Postgres => Self::postgres(None).await,
            Backend::Sqlite => {
                let folder = TempDir::new().expect("a temp folder");
                let url = format!("sqlite://{}", folder.path().join("tasks.db").display());
                Self { url, place: Place::Sqlite(folder) }
            }
        }
    }

    async fn postgres(template: Option<&str>) -> Self {
        let admin = admin_url();
        let name = format!("test_{:016x}", rand::random::<u64>());
        let copied = template.map(|name| format!("TEMPLATE \"{name}\"")).unwrap_or_default();
        let mut connection = PgConnection::connect(&admin).await.expect("the test server answers");
        execute(&mut connection, &format!("CREATE DATABASE \"{name}\" {copied}")).await;
        connection.close().await.expect("a clean goodbye");
        Self { url: with_database(&admin, &name), place: Place::Postgres { admin, name } }
    }

    /// Which kind it is.
    #[must_use]
    pub fn backend(&self) -> Backend {
        match self.place {
            Place::Sqlite(_) => Backend::Sqlite,
            Place::Postgres { .. } => Backend::Postgres,
        }
    }

    /// The folder that holds the file, where it is a file.
    #[must_use]
    pub fn folder(&self) -> Option<&Path> {
        match &self.place {
            Place::Sqlite(folder) => Some(folder.path()),
            Place::Postgres { .. } => None,
        }
    }

    /// A connection of the test's own.
    ///
    /// # Panics
    ///
    /// When the database does not answer.
    pub async fn connect(&self) -> Side {
        match self.place {
            Place::Sqlite(_) => Side::sqlite(&self.url).await,
            Place::Postgres { .. } => Side::postgres(&self.url).await,
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let Place::Postgres { admin, name } = &self.place else { return };
        let (admin, name) = (admin.clone(), name.clone());
        // A thread of its own, because the test's runtime may be gone; a server that is gone too is fine.
        let dropped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(async {
                let mut connection = PgConnection::connect(&admin).await?;
                let sql = format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)");
                connection.execute(AssertSqlSafe(sql)).await?;
                connection.close().await
            })
        });
        if let Ok(Err(error)) = dropped.join() {
            eprintln!("the test's database stays behind: {error}");
        }
    }
}

/// A connection of the test's own, beside the server's.
#[derive(Debug)]
pub enum Side {
    /// To the file.
    Sqlite(SqliteConnection),
    /// To the server.
    Postgres(PgConnection),
}

impl Side {
    /// A connection to a file.
    ///
    /// # Panics
    ///
    /// When it does not open.
    pub async fn sqlite(url: &str) -> Self {
        let options = SqliteConnectOptions::from_str(url).expect("a URL");
        let options = options.busy_timeout(Duration::from_secs(10));
        let connection = SqliteConnection::connect_with(&options).await;
        Self::Sqlite(connection.expect("the database file opens"))
    }

    /// A connection to a server.
    ///
    /// # Panics
    ///
    /// When it does not answer.
    pub async fn postgres(url: &str) -> Self {
        let options = PgConnectOptions::from_str(url).expect("a URL");
        let connection = PgConnection::connect_with(&options).await;
        Self::Postgres(connection.expect("the database answers"))
    }

    /// Runs a statement that both databases understand.
    ///
    /// # Panics
    ///
    /// When the database refuses it.
    pub async fn execute(&mut self, sql: &str) {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => connection.execute(sql).await.map(|_| ()),
            Self::Postgres(connection) => connection.execute(sql).await.map(|_| ()),
        }
        .expect("the statement runs");
    }

    /// The one integer that a query answers.
    ///
    /// # Panics
    ///
    /// When it answers something else.
    pub async fn integer(&mut self, sql: &str) -> i64 {
        let sql = AssertSqlSafe(sql.to_owned());
        match self {
            Self::Sqlite(connection) => sqlx::query_scalar(sql).fetch_one(connection).await,
            Self::Postgres(connection) => sqlx::query_scalar(sql).fetch_one(connection).await,
        }
        .expect("one integer")
    }

    /// Says goodbye, and waits until the other side has heard it.
    ///
    /// # Panics
    ///
    /// When the connection is broken.
    pub async fn close(self) {
        match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        }
        .expect("a clean goodbye");
    }

    /// Begins a transaction that lets nobody else write to `tasks` until [`Side::unlock`].
    pub async fn lock_tasks(&mut self) {
        match self {
            Self::Sqlite(_) => self.execute("BEGIN IMMEDIATE").await,
            Self::Postgres(_) => {
                self.execute("BEGIN").await;
                self.execute("LOCK TABLE tasks IN ACCESS EXCLUSIVE MODE").await;
            }
        }
    }

    /// Ends the transaction of [`Side::lock_tasks`].
    pub async fn unlock(&mut self) {
        self.execute("ROLLBACK").await;
    }
}

/// The URL of the test server.
///
/// # Panics
///
/// When there is none: PostgreSQL cases fail then, they are never skipped.
#[must_use]
pub fn admin_url() -> String {
    std::env::var("TEST_POSTGRES_URL")
        .ok()
        .filter(|url| !url.is_empty())
        .expect("TEST_POSTGRES_URL is not set: run `make test`, which starts a PostgreSQL server")
}

/// `url` with another database's name.
///
/// # Panics
///
/// When it is no URL.
#[must_use]
pub fn with_database(url: &str, name: &str) -> String {
    let mut url = url::Url::parse(url).expect("TEST_POSTGRES_URL is a URL");
    url.set_path(name);
    url.into()
}

/// The name of a database that the binary has migrated; made by the first test that asks.
async fn template() -> &'static str {
    static TEMPLATE: OnceCell<String> = OnceCell::const_new();
    TEMPLATE.get_or_init(make_template).await
}

async fn make_template() -> String {
    const LOCK: i64 = 7_253_104_446_113;
    let admin = admin_url();
    let name = format!("test_template_{}", migrations_digest());
    let mut connection = PgConnection::connect(&admin).await.expect("the test server answers");
    execute(&mut connection, &format!("SELECT pg_advisory_lock({LOCK})")).await;
    let made: bool =
        sqlx::query_scalar("SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)")
            .bind(&name)
            .fetch_one(&mut connection)
            .await
            .expect("a catalogue");
    if !made {
        // Under another name until it is whole, so that an interrupted run leaves no half template.
        let draft = format!("{name}_draft");
        execute(&mut connection, &format!("DROP DATABASE IF EXISTS \"{draft}\" WITH (FORCE)"))
            .await;
        execute(&mut connection, &format!("CREATE DATABASE \"{draft}\"")).await;
        let url = with_database(&admin, &draft);
        let mut server = Server::start(&[("DATABASE_URL", &url), ("MIGRATE", "auto")]).await;
        server.signal("TERM");
        assert_eq!(server.exit().await, Some(0), "{}", server.output());
        let sql = format!("ALTER DATABASE \"{draft}\" RENAME TO \"{name}\"");
        execute(&mut connection, &sql).await;
    }
    connection.close().await.expect("a clean goodbye");
    name
}

/// Changes with the migrations, so that a server which outlives a change gets a new template.
fn migrations_digest() -> String {
    use sha2::{Digest, Sha256};
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/postgres");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .expect("the migrations")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    files.sort();
    let mut hash = Sha256::new();
    for file in files {
        hash.update(file.to_string_lossy().as_bytes());
        hash.update(std::fs::read(&file).expect("a migration"));
    }
    let digest = hash.finalize();
    format!("{:016x}", digest[..8].iter().fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte)))
}

async fn execute(connection: &mut PgConnection, sql: &str) {
    let done = connection.execute(AssertSqlSafe(sql.to_owned())).await;
    done.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

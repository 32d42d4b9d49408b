//! The service, its database, and what lies between them and the clients.

use std::time::Duration;

use testkit::database::Side;
use testkit::{PgBouncer, PostgresServer, Proxy, Server, WITHIN, until};

/// One way.
const NETWORK_DELAY: Duration = Duration::from_millis(1);
const APPLICATION: &str = "taskmanager";
/// Longest that a session may stay inside a transaction after the last request has ended.
const TRANSACTION_END: Duration = Duration::from_secs(3);

/// How the service comes to its database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// A file.
    Sqlite,
    /// A file, and a network between clients and service.
    SqliteDelayed,
    /// A server on this machine.
    Postgres,
    /// A server, and a network between service and server.
    PostgresDelayed,
    /// A server behind PgBouncer, which gives each transaction another session.
    PgBouncer,
}

/// The parts are dropped in this order.
pub(crate) struct Stage {
    pub(crate) server: Server,
    /// Where clients connect to.
    pub(crate) port: u16,
    _proxy: Option<Proxy>,
    _pooler: Option<PgBouncer>,
    postgres: Option<PostgresServer>,
    url: String,
    _folder: tempfile::TempDir,
}

impl Stage {
    pub(crate) async fn set(route: Route) -> Self {
        let folder = tempfile::TempDir::new().expect("a temp folder");
        let (mut proxy, mut pooler, mut postgres) = (None, None, None);
        let mut url = format!("sqlite://{}", folder.path().join("tasks.db").display());
        if !matches!(route, Route::Sqlite | Route::SqliteDelayed) {
            let server = PostgresServer::start(&[]).await;
            url = server.url("postgres");
            postgres = Some(server);
        }
        let direct = url.clone();
        match route {
            Route::Sqlite | Route::SqliteDelayed | Route::Postgres => {}
            Route::PostgresDelayed => {
                let server = postgres.as_ref().expect("a server");
                let between = Proxy::start(server.port(), NETWORK_DELAY).await;
                let mut through = url::Url::parse(&url).expect("a URL");
                through.set_port(Some(between.port)).expect("a port");
                url = through.into();
                proxy = Some(between);
            }
            Route::PgBouncer => {
                let lines = ["default_pool_size = 6", "max_client_conn = 100"];
                let between = PgBouncer::start("transaction", &url, &lines).await;
                url = between.before(&url);
                pooler = Some(between);
            }
        }
        let migrate = if route == Route::PgBouncer { &*direct } else { "" };
        let server =
            Server::start(&[("DATABASE_URL", &url), ("MIGRATE_DATABASE_URL", migrate)]).await;
        let mut port = server.port;
        if route == Route::SqliteDelayed {
            let between = Proxy::start(port, NETWORK_DELAY).await;
            port = between.port;
            proxy = Some(between);
        }
        Self {
            server,
            port,
            _proxy: proxy,
            _pooler: pooler,
            postgres,
            url: direct,
            _folder: folder,
        }
    }

    /// A connection of the test's own, straight to the database.
    pub(crate) async fn connect(&self) -> Side {
        match &self.postgres {
            None => Side::sqlite(&self.url).await,
            Some(_) => Side::postgres(&self.url).await,
        }
    }

    /// Waits until the service has ended every request; streams of events count as ended once they have begun.
    pub(crate) async fn idle(&self) {
        let metrics = format!("{}/metrics", self.server.url());
        until("the service to be idle", WITHIN, async || {
            let answer = reqwest::get(&metrics).await.expect("metrics");
            // The request for the metrics is one itself.
            let text = answer.text().await.expect("text");
            text.contains("\nhttp_server_active_requests 1\n").then_some(())
        })
        .await;
    }

    /// What PostgreSQL shows and says of transactions that nobody ends.
    pub(crate) async fn transaction_faults(&self) -> Vec<String> {
        let Some(postgres) = &self.postgres else { return Vec::new() };
        let mut faults = Vec::new();
        let mut side = self.connect().await;
        let open = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE '{APPLICATION}%' \
             AND state LIKE 'idle in transaction%'"
        );
        let ended = until("transactions to end", WITHIN, async || {
            (side.integer(&open).await == 0).then_some(())
        });
        let _ = tokio::time::timeout(TRANSACTION_END, ended).await;
        let sessions = side.integer(&open).await;
        if sessions > 0 {
            faults.push(format!("{sessions} sessions are idle in a transaction"));
        }
        let log = postgres.log();
        for words in [
            "already a transaction in progress",
            "no transaction in progress",
            "idle-in-transaction timeout",
        ] {
            let lines: Vec<_> = log.lines().filter(|line| line.contains(words)).collect();
            if let Some(line) = lines.first() {
                faults.push(format!("{} times in PostgreSQL's log: {line}", lines.len()));
            }
        }
        faults
    }
}

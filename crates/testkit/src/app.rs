//! A running service on a database of its own: what nearly every test begins with.

use std::ops::Deref;

use crate::client::Api;
use crate::database::{Backend, Database};
use crate::server::Server;

/// The server, its database, and a client for it. The parts are dropped in this order.
#[derive(Debug)]
pub struct App {
    api: Api,
    /// The process.
    pub server: Server,
    /// Its database.
    pub database: Database,
}

impl App {
    /// Starts the service with its defaults.
    pub async fn start(backend: Backend) -> Self {
        Self::with(backend, &[]).await
    }

    /// Starts the service with these variables besides.
    pub async fn with(backend: Backend, variables: &[(&str, &str)]) -> Self {
        Self::on(Database::migrated(backend).await, variables).await
    }

    /// Starts the service on a database that is there already.
    pub async fn on(database: Database, variables: &[(&str, &str)]) -> Self {
        let mut all = vec![("DATABASE_URL", database.url.as_str())];
        all.extend_from_slice(variables);
        let server = Server::start(&all).await;
        Self::of(server, database)
    }

    /// A service that runs already.
    #[must_use]
    pub fn of(server: Server, database: Database) -> Self {
        Self { api: Api::new(&server.url()), server, database }
    }

    /// A second instance (a replica) on the same database.
    pub async fn replica(&self, variables: &[(&str, &str)]) -> (Server, Api) {
        let mut all = vec![("DATABASE_URL", self.database.url.as_str())];
        all.extend_from_slice(variables);
        let server = Server::start(&all).await;
        let api = Api::new(&server.url());
        (server, api)
    }
}

impl Deref for App {
    type Target = Api;

    fn deref(&self) -> &Api {
        &self.api
    }
}

//! Databases to try things on, which are thrown away.

use super::session::Session;
use super::{Dialect, MigrateError};
use crate::config::{DatabaseTarget, DatabaseUrl};

/// A database of its own, to be thrown away.
#[derive(Debug)]
pub struct Scratch {
    url: DatabaseUrl,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// The server's database of this name, made from a connection to the URL.
    Postgres { made_from: DatabaseUrl, name: String },
    /// A folder with the file in it.
    Sqlite(tempfile::TempDir),
}

impl Scratch {
    /// Makes an empty database: beside `url` on a server, or a file in a temporary folder.
    ///
    /// # Errors
    ///
    /// [`MigrateError`] when the role may not create databases, or no file can be made.
    pub async fn create(url: &DatabaseUrl) -> Result<Self, MigrateError> {
        match url.target() {
            DatabaseTarget::Postgres(_) => Self::on_server(url).await,
            DatabaseTarget::Sqlite(_) => Self::in_file(),
        }
    }

    /// Makes an empty SQLite file in a temporary folder.
    ///
    /// # Errors
    ///
    /// [`MigrateError`] when it cannot be made.
    pub fn in_file() -> Result<Self, MigrateError> {
        let failed =
            |cause: String| MigrateError::Database { doing: "making a scratch file", cause };
        let folder = tempfile::tempdir().map_err(|error| failed(error.to_string()))?;
        let path = folder.path().join("scratch.db");
        let url = DatabaseUrl::parse(&format!("sqlite://{}", path.display())).map_err(failed)?;
        Ok(Self { url, kind: Kind::Sqlite(folder) })
    }

    async fn on_server(url: &DatabaseUrl) -> Result<Self, MigrateError> {
        let opening = MigrateError::database("making a scratch database");
        let mut session = Session::to_write(url).await.map_err(opening)?;
        let named = name(&mut session).await;
        session.close().await;
        let name = named.map_err(MigrateError::database("making a scratch database"))?;
        run(url, &format!("CREATE DATABASE {name}"), "making a scratch database").await?;
        let Some(scratch) = url.sibling(&name) else {
            let (doing, cause) = ("making a scratch database", "not a server".to_owned());
            return Err(MigrateError::Database { doing, cause });
        };
        Ok(Self { url: scratch, kind: Kind::Postgres { made_from: url.clone(), name } })
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Which SQL it speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        Dialect::of(&self.url)
    }

    /// Throws it away.
    ///
    /// # Errors
    ///
    /// [`MigrateError`] naming what stays behind.
    pub async fn remove(self) -> Result<(), MigrateError> {
        match self.kind {
            Kind::Postgres { made_from, name } => {
                run(
                    &made_from,
                    &format!("DROP DATABASE {name} WITH (FORCE)"),
                    "dropping the scratch database",
                )
                .await
            }
            Kind::Sqlite(folder) => folder.close().map_err(|error| MigrateError::Database {
                doing: "removing the scratch file",
                cause: error.to_string(),
            }),
        }
    }
}

/// What the name of every scratch database, schema and folder begins with.
pub(super) const PREFIX: &str = "taskmanager_scratch_";

/// A new name, which says when it was made by the server's clock: a leftover is recognised by it.
pub(super) async fn name(session: &mut Session) -> Result<String, sqlx::Error> {
    let now = "SELECT CAST(CAST(extract(epoch FROM clock_timestamp()) AS bigint) AS text)";
    let now = session.value(now).await?.unwrap_or_default();
    Ok(format!("{PREFIX}{now}_{:08x}", rand::random::<u32>()))
}

async fn run(url: &DatabaseUrl, statement: &str, doing: &'static str) -> Result<(), MigrateError> {
    let mut session = Session::to_write(url).await.map_err(MigrateError::database(doing))?;
    let done = session.execute(statement).await;
    session.close().await;
    done.map_err(MigrateError::database(doing))
}

//! Databases to try things on, which are thrown away.

use super::connection::Session;
use super::leftovers::{self, ScratchFolder};
use crate::{DatabaseTarget, DatabaseUrl, DbError, Dialect, Program};

/// A database of its own, to be thrown away. When its process is killed, the next command removes it.
#[derive(Debug)]
pub struct Scratch {
    url: DatabaseUrl,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    /// The server's database of this name; `keeper` holds the lock that says it is in use.
    Postgres { keeper: Session, name: String },
    /// A folder with the file in it.
    Sqlite(ScratchFolder),
}

impl Scratch {
    /// Makes an empty database: beside `url` on a server, or a file in a temporary folder.
    ///
    /// # Errors
    ///
    /// [`DbError`] when the role may not create databases, or no file can be made.
    pub async fn create(url: &DatabaseUrl) -> Result<Self, DbError> {
        match url.target() {
            DatabaseTarget::Postgres(_) => Self::on_server(url).await,
            DatabaseTarget::Sqlite(_) => Self::in_file(),
        }
    }

    /// Makes an empty SQLite file in a temporary folder.
    ///
    /// # Errors
    ///
    /// [`DbError`] when it cannot be made.
    pub fn in_file() -> Result<Self, DbError> {
        let failed = |cause: String| DbError::Database { doing: "making a scratch file", cause };
        let folder = ScratchFolder::create().map_err(|error| failed(error.to_string()))?;
        let path = folder.path().join("scratch.db");
        let url = DatabaseUrl::parse(&format!("sqlite://{}", path.display())).map_err(failed)?;
        Ok(Self { url, kind: Kind::Sqlite(folder) })
    }

    async fn on_server(url: &DatabaseUrl) -> Result<Self, DbError> {
        let doing = || DbError::database("making a scratch database");
        let mut keeper = Session::to_write(url).await.map_err(doing())?;
        leftovers::sweep(&mut keeper).await;
        let name = keep(&mut keeper).await.map_err(doing())?;
        create_database(&mut keeper, &name, "template1", url).await.map_err(doing())?;
        let Some(scratch) = url.sibling(&name) else {
            let (doing, cause) = ("making a scratch database", "not a server".to_owned());
            return Err(DbError::Database { doing, cause });
        };
        Ok(Self { url: scratch, kind: Kind::Postgres { keeper, name } })
    }

    #[must_use]
    pub fn url(&self) -> &DatabaseUrl {
        &self.url
    }

    /// Which SQL it speaks.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.url.dialect()
    }

    /// Throws it away.
    ///
    /// # Errors
    ///
    /// [`DbError`] naming what stays behind.
    pub async fn remove(self) -> Result<(), DbError> {
        match self.kind {
            Kind::Postgres { mut keeper, name } => {
                let dropped = keeper.execute(format!("DROP DATABASE {name} WITH (FORCE)")).await;
                keeper.close().await;
                dropped.map_err(DbError::database("dropping the scratch database"))
            }
            Kind::Sqlite(folder) => folder.close().map_err(|error| DbError::Database {
                doing: "removing the scratch file",
                cause: error.to_string(),
            }),
        }
    }
}

/// Makes a database, with a comment that says for which one.
pub async fn create_database(
    keeper: &mut Session,
    name: &str,
    template: &str,
    url: &DatabaseUrl,
) -> Result<(), sqlx::Error> {
    keeper.execute(format!("CREATE DATABASE {name} TEMPLATE {template}")).await?;
    let comment =
        format!("{}: scratch database for {}", Program::current().name, url.describe_place());
    let comment = Dialect::Postgres.quoted(&comment);
    keeper.execute(format!("COMMENT ON DATABASE {name} IS {comment}")).await
}

/// A new name, which says when it was made by the server's clock, with the lock that says it is in use for as long
/// as the session lives.
pub async fn keep(keeper: &mut Session) -> Result<String, sqlx::Error> {
    // It is idle meanwhile; PostgreSQL 13 has no such limit, and does not know its name.
    let _ = keeper.execute("SET idle_session_timeout = 0").await;
    let now = "SELECT CAST(CAST(extract(epoch FROM clock_timestamp()) AS bigint) AS text)";
    let now = keeper.value(now).await?.unwrap_or_default();
    let name = format!("{}{now}_{:08x}", leftovers::prefix(), rand::random::<u32>());
    keeper.execute(format!("SELECT {}", leftovers::lock(&name))).await?;
    Ok(name)
}

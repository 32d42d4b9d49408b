//! Where a rehearsal on PostgreSQL takes place: a scratch database, else a scratch schema.
//!
//! One connection, the keeper, lives as long as the place: it makes it, holds an advisory lock that says it
//! is in use, and removes it. In a schema the search path begins with it, and goes on only to the schemas of
//! the extensions that are there; `guard` keeps files from reaching further.

use super::live::Live;
use super::{RehearsalSettings, leftovers};
use crate::config::{DatabaseKind, DatabaseUrl};
use crate::migrate::error::cause;
use crate::migrate::session::Session;
use crate::migrate::{Dialect, MigrateError, scratch};

/// What makes a place where there is none.
const SET: &str = "set REHEARSAL_DATABASE_URL to a PostgreSQL database in which the role may create a schema, or on a server where it may create a database; an empty one is enough";

/// A scratch database or schema.
#[derive(Debug)]
pub(super) struct Place {
    /// What its sessions connect to.
    url: DatabaseUrl,
    name: String,
    keeper: Session,
    kind: Kind,
    /// The search path of its sessions, as `SET` takes it.
    path: String,
    /// Where it is, in words.
    pub(super) words: String,
    /// The schema that an unqualified name reaches first.
    pub(super) schema: String,
    /// Whether it is on a server of its own, which need not have what the live one has.
    pub(super) elsewhere: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Database,
    Schema,
}

impl Place {
    /// Makes one; `Err` of the inner result: why there is none, and what to set.
    pub(super) async fn make(
        settings: &RehearsalSettings,
        live: &Live,
    ) -> Result<Result<Self, String>, MigrateError> {
        let elsewhere = settings.rehearsal_url.as_ref();
        let base = elsewhere.unwrap_or(&settings.url);
        let there =
            if elsewhere.is_some() { "at REHEARSAL_DATABASE_URL" } else { "beside the live one" };
        if base.kind() != DatabaseKind::Postgres {
            return Ok(Err(format!(
                "REHEARSAL_DATABASE_URL is {base}, and PostgreSQL is to be rehearsed; {SET}"
            )));
        }
        let opened = Session::to_write(base).await;
        let mut keeper = match opened {
            Ok(keeper) => keeper,
            Err(error) if elsewhere.is_some() => {
                return Ok(Err(format!(
                    "REHEARSAL_DATABASE_URL cannot be reached: {}",
                    cause(&error)
                )));
            }
            Err(error) => return Err(MigrateError::database("opening a place to rehearse")(error)),
        };
        let naming = MigrateError::database("naming a place to rehearse");
        let name = keep(&mut keeper).await.map_err(naming)?;
        leftovers::sweep(&mut keeper).await;
        let mut refused = Vec::new();
        let made = keeper.execute(format!("CREATE DATABASE {name} TEMPLATE template0")).await;
        match (made, base.sibling(&name)) {
            (Ok(()), Some(url)) => {
                let words = format!("a scratch database {there}");
                let (path, schema) = (String::new(), live.schema.clone());
                let elsewhere = elsewhere.is_some();
                let place = Self {
                    url,
                    name,
                    keeper,
                    kind: Kind::Database,
                    path,
                    words,
                    schema,
                    elsewhere,
                };
                match place.furnish(live).await {
                    Ok(place) => return Ok(Ok(place)),
                    Err((place, why)) => {
                        refused.push(format!("in a scratch database {why}"));
                        keeper = place.emptied().await?;
                    }
                }
            }
            (Err(error), _) => refused.push(format!("no scratch database: {}", cause(&error))),
            (Ok(()), None) => {}
        }
        let naming = MigrateError::database("naming a place to rehearse");
        let name = keep(&mut keeper).await.map_err(naming)?;
        match keeper.execute(format!("CREATE SCHEMA {name}")).await {
            Ok(()) => {
                let words = format!(
                    "a scratch schema in {}",
                    if elsewhere.is_some() {
                        "the database of REHEARSAL_DATABASE_URL"
                    } else {
                        "the live database"
                    }
                );
                let reading = MigrateError::database("reading the extensions");
                let theirs = extension_schemas(&mut keeper).await.map_err(reading)?;
                let path = path(&name, &theirs);
                let (url, schema, elsewhere) = (base.clone(), name.clone(), elsewhere.is_some());
                Ok(Ok(Self {
                    url,
                    name,
                    keeper,
                    kind: Kind::Schema,
                    path,
                    words,
                    schema,
                    elsewhere,
                }))
            }
            Err(error) => {
                refused.push(format!("no scratch schema: {}", cause(&error)));
                keeper.close().await;
                Ok(Err(format!("{}; {SET}", refused.join("; "))))
            }
        }
    }

    /// Gives a scratch database the schema and the extensions of the live one.
    async fn furnish(mut self, live: &Live) -> Result<Self, (Self, String)> {
        let mut schemas: Vec<String> = live.extensions.iter().map(|(_, s)| s.clone()).collect();
        schemas.retain(|schema| schema != "pg_catalog");
        self.path = path(&live.schema, &schemas);
        schemas.push(live.schema.clone());
        let furnish = async {
            let mut session = self.session().await?;
            for schema in schemas.iter().filter(|schema| *schema != "public") {
                session
                    .execute(format!("CREATE SCHEMA IF NOT EXISTS {}", identifier(schema)))
                    .await?;
            }
            for (name, schema) in &live.extensions {
                let (name, schema) = (identifier(name), identifier(schema));
                let at = if schema == "\"pg_catalog\"" {
                    String::new()
                } else {
                    format!("SCHEMA {schema}")
                };
                session.execute(format!("CREATE EXTENSION IF NOT EXISTS {name} {at}")).await?;
            }
            session.close().await;
            Ok::<_, sqlx::Error>(())
        };
        match furnish.await {
            Ok(()) => Ok(self),
            Err(error) => Err((self, cause(&error))),
        }
    }

    /// A new connection to it.
    pub(super) async fn session(&self) -> Result<Session, sqlx::Error> {
        let mut session = Session::to_write(&self.url).await?;
        session.execute(self.settings()).await?;
        Ok(session)
    }

    /// What holds for its sessions until a file says otherwise.
    pub(super) fn settings(&self) -> String {
        format!(
            "RESET ALL; SET application_name = {}; SET lock_timeout = '30s'; SET statement_timeout = 0; \
             SET jit = off; SET idle_in_transaction_session_timeout = 0; SET client_min_messages = error; \
             SET search_path = {}",
            Dialect::Postgres.quoted(&self.name),
            self.path
        )
    }

    /// The schema that files must stay in; none where the database is the rehearsal's own.
    pub(super) fn fence(&self) -> Option<&str> {
        (self.kind == Kind::Schema).then_some(self.name.as_str())
    }

    /// Removes it, with the sessions that a stop has left behind in it.
    pub(super) async fn remove(self) -> Result<(), MigrateError> {
        self.emptied().await?.close().await;
        Ok(())
    }

    async fn emptied(mut self) -> Result<Session, MigrateError> {
        let removing = || MigrateError::database("removing the scratch place");
        let end = format!(
            "SELECT pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity WHERE application_name = {} \
             AND pid <> pg_backend_pid()",
            Dialect::Postgres.quoted(&self.name)
        );
        self.keeper.execute(end).await.map_err(removing())?;
        let drop = match self.kind {
            Kind::Database => format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name),
            Kind::Schema => format!(
                "SET client_min_messages = error; DROP SCHEMA IF EXISTS {} CASCADE",
                self.name
            ),
        };
        self.keeper.execute(drop).await.map_err(removing())?;
        Ok(self.keeper)
    }
}

/// A new name, with the lock that says it is in use.
async fn keep(keeper: &mut Session) -> Result<String, sqlx::Error> {
    let name = scratch::name(keeper).await?;
    keeper.execute(format!("SELECT {}", leftovers::lock(&name))).await?;
    Ok(name)
}

async fn extension_schemas(session: &mut Session) -> Result<Vec<String>, sqlx::Error> {
    let query = "SELECT DISTINCT CAST(n.nspname AS text) FROM pg_catalog.pg_extension e \
         JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE n.nspname <> 'pg_catalog'";
    Ok(session.rows(query).await?.into_iter().flatten().flatten().collect())
}

fn path(first: &str, others: &[String]) -> String {
    let mut names = vec![identifier(first)];
    for other in others.iter().map(|other| identifier(other)) {
        if !names.contains(&other) {
            names.push(other);
        }
    }
    names.join(", ")
}

pub(super) fn identifier(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

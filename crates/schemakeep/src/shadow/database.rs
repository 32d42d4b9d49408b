//! Where a rehearsal on PostgreSQL takes place: a scratch database, else a scratch schema.
//!
//! One connection, the keeper, lives as long as the place: it makes it, holds an advisory lock that says it
//! is in use, and removes it. In a schema the search path begins with it, and goes on only to the schemas of
//! the extensions that are there; `guard` keeps files from reaching further.

use super::RehearsalSettings;
use super::table_stats::Live;
use crate::{Dialect, MigrateError, leftovers, lock, scratch};
use schemakeep_db::DatabaseUrl;
use schemakeep_db::DbError;
use schemakeep_db::cause;
use schemakeep_db::connection::{Session, WATCH_CLIENT};

/// What helps where a file does more than a place on this server may be used for.
pub(super) const OWN_DATABASE_HINT: &str =
    "set REHEARSAL_DATABASE_URL to an empty database of its own, on another server if need be";
/// What makes a place where there is none.
const SHADOW_DATABASE_HINT: &str = "set REHEARSAL_DATABASE_URL to a PostgreSQL database in which the role may create a schema, or on a server where it may create a database; an empty one is enough";

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
        let elsewhere = settings.rehearsal_url.is_some();
        let base = settings.rehearsal_url.as_ref().unwrap_or(&settings.url);
        let mut keeper = match keeper(base, elsewhere).await? {
            Ok(keeper) => keeper,
            Err(why) => return Ok(Err(why)),
        };
        leftovers::sweep(&mut keeper).await;
        let (keeper, no_database) = match Self::database(base, keeper, elsewhere, live).await? {
            Ok(place) => return Ok(Ok(place)),
            Err(refused) => refused,
        };
        let made = Self::schema(base, keeper, elsewhere).await?;
        Ok(made.map_err(|no_schema| format!("{no_database}; {no_schema}; {SHADOW_DATABASE_HINT}")))
    }

    /// In a database of its own; else the keeper comes back, with the reason.
    async fn database(
        base: &DatabaseUrl,
        mut keeper: Session,
        elsewhere: bool,
        live: &Live,
    ) -> Result<Result<Self, (Session, String)>, MigrateError> {
        let name = keep(&mut keeper).await?;
        let made = scratch::create_database(&mut keeper, &name, "template0", base).await;
        let url = match made {
            Ok(()) => base.sibling(&name).unwrap_or_else(|| base.clone()),
            Err(error) => {
                return Ok(Err((keeper, format!("no scratch database: {}", cause(&error)))));
            }
        };
        let at = if elsewhere { "at REHEARSAL_DATABASE_URL" } else { "beside the live one" };
        let mut schemas: Vec<String> = live.extensions.iter().map(|(_, s)| s.clone()).collect();
        schemas.retain(|schema| schema != "pg_catalog");
        let place = Self {
            url,
            name,
            keeper,
            kind: Kind::Database,
            path: path(&live.schema, &schemas),
            words: format!("a scratch database {at}"),
            schema: live.schema.clone(),
            elsewhere,
        };
        schemas.push(live.schema.clone());
        let furnished = place.furnish(live, &schemas).await;
        match furnished {
            Ok(()) => Ok(Ok(place)),
            Err(error) => {
                let why = format!("no scratch database like the live one: {}", cause(&error));
                Ok(Err((place.emptied().await?, why)))
            }
        }
    }

    /// In a schema of its own; else the reason.
    async fn schema(
        base: &DatabaseUrl,
        mut keeper: Session,
        elsewhere: bool,
    ) -> Result<Result<Self, String>, MigrateError> {
        let name = keep(&mut keeper).await?;
        if let Err(error) = keeper.execute(format!("CREATE SCHEMA {name}")).await {
            keeper.close().await;
            return Ok(Err(format!("no scratch schema: {}", cause(&error))));
        }
        let reading = MigrateError::database("reading the extensions");
        let theirs = extension_schemas(&mut keeper).await.map_err(reading)?;
        let of = if elsewhere { "database of REHEARSAL_DATABASE_URL" } else { "live database" };
        Ok(Ok(Self {
            url: base.clone(),
            schema: name.clone(),
            path: path(&name, &theirs),
            name,
            keeper,
            kind: Kind::Schema,
            words: format!("a scratch schema in the {of}"),
            elsewhere,
        }))
    }

    /// Gives a scratch database the schemas and the extensions of the live one.
    async fn furnish(&self, live: &Live, schemas: &[String]) -> Result<(), sqlx::Error> {
        let mut session = self.session().await?;
        for schema in schemas.iter().filter(|schema| *schema != "public") {
            session.execute(format!("CREATE SCHEMA IF NOT EXISTS {}", identifier(schema))).await?;
        }
        for (name, schema) in &live.extensions {
            // Some live where they must, and cannot be told.
            let at = match schema.as_str() {
                "pg_catalog" => String::new(),
                schema => format!("SCHEMA {}", identifier(schema)),
            };
            let name = identifier(name);
            session.execute(format!("CREATE EXTENSION IF NOT EXISTS {name} {at}")).await?;
        }
        session.close().await;
        Ok(())
    }

    /// A new connection to it.
    pub(super) async fn session(&self) -> Result<Session, sqlx::Error> {
        let mut session = Session::to_write(&self.url).await?;
        session.execute(self.settings()).await?;
        Ok(session)
    }

    /// Begins a transaction in it, whatever the connection has made of the path.
    pub(super) fn begin(&self) -> String {
        format!("BEGIN; SET LOCAL search_path = {}", self.path)
    }

    /// What holds for its sessions until a file says otherwise.
    pub(super) fn settings(&self) -> String {
        format!(
            "RESET ALL; SET application_name = {}; SET lock_timeout = '30s'; SET statement_timeout = 0; \
             SET jit = off; SET idle_in_transaction_session_timeout = 0; SET client_min_messages = error; \
             SET search_path = {}; {WATCH_CLIENT}",
            Dialect::Postgres.quoted(&self.name),
            self.path
        )
    }

    /// The schema that files must stay in; none where the database is the rehearsal's own.
    pub(super) fn fence(&self) -> Option<&str> {
        (self.kind == Kind::Schema).then_some(self.name.as_str())
    }

    /// Removes it where it can be, and else leaves it to the next rehearsal, an hour later.
    pub(super) async fn discard(self) {
        if let Err(error) = self.remove().await {
            tracing::warn!(%error, "scratch place not removed");
        }
    }

    /// Removes it, with the sessions that a stop has left behind in it.
    async fn remove(self) -> Result<(), MigrateError> {
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

/// The connection that keeps a place; else why there is none.
async fn keeper(
    base: &DatabaseUrl,
    elsewhere: bool,
) -> Result<Result<Session, String>, MigrateError> {
    if base.dialect() != Dialect::Postgres {
        let why = "and PostgreSQL is to be rehearsed";
        return Ok(Err(format!("REHEARSAL_DATABASE_URL is {base}, {why}; {SHADOW_DATABASE_HINT}")));
    }
    let keeper = match Session::to_write(base).await {
        Ok(keeper) => keeper,
        Err(error) if elsewhere => {
            let said = cause(&error);
            return Ok(Err(format!("REHEARSAL_DATABASE_URL cannot be reached: {said}")));
        }
        Err(error) => return Err(MigrateError::database("opening a place to rehearse")(error)),
    };
    // Through such a pooler a search path does not hold, and files would run on the real tables.
    match lock::check_connection(base).await {
        Err(DbError::Pooled { cause }) => {
            let name = if elsewhere { "REHEARSAL_DATABASE_URL" } else { "MIGRATE_DATABASE_URL" };
            Ok(Err(format!("{cause}; set {name} to a direct connection to the server")))
        }
        checked => Ok(checked.map(|()| Ok(keeper))?),
    }
}

/// A new name, with the lock that says it is in use.
async fn keep(keeper: &mut Session) -> Result<String, MigrateError> {
    scratch::keep(keeper).await.map_err(MigrateError::database("naming a place to rehearse"))
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

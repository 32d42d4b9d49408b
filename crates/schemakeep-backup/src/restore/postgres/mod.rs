//! PostgreSQL: the backup's script is run on the connection that holds the migration lock, in one transaction
//! with the removal of what it replaces.
//!
//! The transaction ends with the program's own `COMMIT`, after the rows were counted in it; whatever comes
//! before that, the end of the process included, rolls it back.

mod archive;
mod clear;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use self::archive::{Archive, run};
use self::clear::{Schema, identifier};
use super::{Restore, RestoreError, Swapped, discard, versions};
use crate::backup::pg_tools::Tools;
use schemakeep::history::read::HISTORY_TABLE;
use schemakeep::run::{attempt, blockers_of};
use schemakeep_db::Dialect;
use schemakeep_db::cause;
use schemakeep_db::connection::{Session, WATCH_CLIENT};
use schemakeep_db::lock::Lock;
use schemakeep_db::retry::jittered;
use schemakeep_sql::lexer::statements;

/// The longest pause between two tries for the locks on the tables.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);
/// What is off within the transaction: what names mean without their schema, notices about each object that is
/// dropped, and newer servers' limit on the whole.
const SESSION_SETTINGS: &str = "SET LOCAL search_path = ''; SET LOCAL client_min_messages = warning; \
     SELECT set_config(name, '0', true) FROM pg_catalog.pg_settings WHERE name = 'transaction_timeout'";

/// Replaces what is in the backup's schema, and leaves the end of the transaction to [`commit`]; a failure has
/// rolled it back.
pub(super) async fn swap(
    restore: &Restore<'_>,
    lock: &Lock,
    session: &mut Session,
) -> Result<Swapped, RestoreError> {
    let manifest = restore.backup.manifest.as_ref();
    let archive = Archive::open(&tool(restore).await?, &restore.backup.path).await?;
    let named = manifest.and_then(|manifest| manifest.schema.as_deref()).or(archive.schema());
    let schema = Schema { name: named.unwrap_or("public").to_owned() };
    refuse_other_schema(session, &schema).await?;
    if let Err(error) = session.execute(WATCH_CLIENT).await {
        // From PostgreSQL 14, and not on every system that it runs on.
        tracing::debug!(%error, "the server does not watch its clients");
    }

    let beginning = || RestoreError::database("beginning the restore");
    session.execute(attempt::begin(Dialect::Postgres)).await.map_err(beginning())?;
    let swapping = Swapping { restore, lock, archive: &archive, schema: &schema };
    let replaced = swapping.replace(session).await;
    if replaced.is_err() {
        // A connection that cannot even do this is closed, which rolls back too.
        if let Err(error) = session.execute("ROLLBACK").await {
            tracing::debug!(%error, "nothing to roll back");
        }
    }
    let (saved, warnings) = replaced?;
    Ok(Swapped { saved, warnings, fault: None })
}

/// Makes it so. Nothing cancels this: who asks for a stop before is heard, who asks later is too late.
pub(super) async fn commit(session: &mut Session) -> Result<(), RestoreError> {
    session.execute("COMMIT").await.map_err(|error| match error {
        sqlx::Error::Database(_) => RestoreError::database("committing the restore")(error),
        // Lost on the way: the server may have done it.
        lost => RestoreError::Uncertain { cause: cause(&lost) },
    })
}

/// The `pg_restore` that reads the archive.
async fn tool(restore: &Restore<'_>) -> Result<PathBuf, RestoreError> {
    let manifest = restore.backup.manifest.as_ref();
    let made = manifest.and_then(|manifest| manifest.tools.get("pg_dump"));
    Ok(Tools::to_read(made.map_or("", String::as_str)).await?.pg_restore)
}

/// A connection that looks elsewhere would find nothing of what is restored.
async fn refuse_other_schema(session: &mut Session, schema: &Schema) -> Result<(), RestoreError> {
    // The first of the path that is asked for, whether it is there or not.
    let first = "SELECT coalesce(CAST(current_schema() AS text), '')";
    let first = session.value(first).await;
    let first = first.map_err(RestoreError::database("reading the search path"))?;
    match first.filter(|first| !first.is_empty() && *first != schema.name) {
        None => Ok(()),
        Some(database) => {
            let missing = !schema.exists(session).await.unwrap_or(true);
            // A path such as `app, public`, whose first schema is yet to be made.
            if missing && schema.is_first(session).await.unwrap_or(false) {
                return Ok(());
            }
            Err(RestoreError::OtherSchema { backup: schema.name.clone(), database })
        }
    }
}

/// A swap within its transaction.
struct Swapping<'a> {
    restore: &'a Restore<'a>,
    lock: &'a Lock,
    archive: &'a Archive,
    schema: &'a Schema,
}

impl Swapping<'_> {
    /// All of it but the end of the transaction.
    async fn replace(
        &self,
        session: &mut Session,
    ) -> Result<(Option<PathBuf>, Vec<String>), RestoreError> {
        session
            .execute(SESSION_SETTINGS)
            .await
            .map_err(RestoreError::database("beginning the restore"))?;
        // Writers are out from here on, readers go on: what is saved is the last that anybody was told.
        self.insist(session, Step::KeepWritersOut).await?;
        let is_empty = self.schema.is_empty(session).await;
        let is_empty = is_empty.map_err(RestoreError::database("reading the database"))?;
        let saved = self.restore.save(is_empty).await?;
        match self.replace_saved(session).await {
            Ok(warnings) => Ok((saved, warnings)),
            Err(error) => {
                discard(saved);
                Err(error)
            }
        }
    }

    async fn replace_saved(&self, session: &mut Session) -> Result<Vec<String>, RestoreError> {
        self.insist(session, Step::Clear).await?;
        self.frame(session).await?;
        run(session, &self.archive.section("pre-data")?.text().await?).await?;
        let stop = &self.restore.operation.settings.stop;
        self.archive.section("data")?.copy_into(session, stop).await?;
        self.check(session).await?;
        run(session, &self.archive.section("post-data")?.text().await?).await?;
        let warnings = self.rights(session).await?;
        self.lock.assert_held(session).await?;
        Ok(warnings)
    }

    /// Tries one step until it has its locks, or the patience ends. What the transaction had before it stays.
    async fn insist(&self, session: &mut Session, step: Step) -> Result<(), RestoreError> {
        let settings = self.restore.operation.settings;
        let (begun, mut blockers) = (Instant::now(), None);
        let doing = || RestoreError::database("taking the locks on the tables");
        loop {
            session.execute("SAVEPOINT step").await.map_err(doing())?;
            let failure = match self.attempt(session, step, &mut blockers).await {
                Ok(()) => return session.execute("RELEASE SAVEPOINT step").await.map_err(doing()),
                Err(failure) => failure,
            };
            session.execute("ROLLBACK TO SAVEPOINT step").await.map_err(doing())?;
            let cause = match failure {
                Failure::Failed(error) => return Err(error),
                Failure::Blocked(cause) => cause,
            };
            if settings.stop.is_cancelled() {
                return Err(RestoreError::Stopped);
            }
            let waited = begun.elapsed();
            let seen = blockers.clone().unwrap_or_else(|| "sessions that were not seen".to_owned());
            if waited >= settings.table_lock_wait {
                return Err(RestoreError::Busy { cause, waited, blockers: seen });
            }
            tracing::warn!(cause, blockers = seen, "the restore waits for a lock");
            sleep(jittered(RETRY_INTERVAL)).await;
        }
    }

    /// One try; meanwhile a second connection looks who is in its way.
    async fn attempt(
        &self,
        session: &mut Session,
        step: Step,
        blockers: &mut Option<String>,
    ) -> Result<(), Failure> {
        let backend = self.lock.backend().unwrap_or_default().to_owned();
        let url = &self.restore.operation.settings.url;
        let watch = async {
            loop {
                sleep(RETRY_INTERVAL).await;
                if let Ok(Some(seen)) = blockers_of(url, &backend).await {
                    *blockers = Some(seen);
                }
            }
        };
        tokio::select! {
            outcome = self.take(session, step) => outcome,
            () = watch => Err(Failure::Blocked(String::new())),
        }
    }

    async fn take(&self, session: &mut Session, step: Step) -> Result<(), Failure> {
        let judged = |error: sqlx::Error| {
            if attempt::is_lock_conflict(&error) {
                Failure::Blocked(cause(&error))
            } else {
                Failure::Failed(RestoreError::database("taking the locks on the tables")(error))
            }
        };
        let tables = self.schema.tables(session).await.map_err(judged)?;
        if !tables.is_empty() {
            let (tables, mode) = (self.schema.all(&tables), step.mode());
            let locking = format!("LOCK TABLE {tables} IN {mode} MODE");
            session.execute(locking).await.map_err(judged)?;
        }
        if step == Step::Clear { self.schema.clear(session).await } else { Ok(()) }
    }

    /// Makes the schema and the extensions that are missing. None is ever dropped.
    async fn frame(&self, session: &mut Session) -> Result<(), RestoreError> {
        let making = || RestoreError::database("making the schema");
        if !self.schema.exists(session).await.map_err(making())? {
            let create = format!("CREATE SCHEMA {}", self.schema.identifier());
            session.execute(create).await.map_err(making())?;
        }
        let manifest = self.restore.backup.manifest.as_ref();
        for (name, within) in manifest.iter().flat_map(|manifest| &manifest.extensions) {
            let looking = format!(
                "SELECT CAST(n.nspname AS text) FROM pg_catalog.pg_extension e \
                 JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = {}",
                Dialect::Postgres.quoted(name)
            );
            let extension = |cause: String| RestoreError::Extension {
                name: name.clone(),
                schema: within.clone(),
                cause,
            };
            match session.value(looking).await.map_err(making())? {
                Some(found) if found == *within => {}
                Some(found) => return Err(extension(format!("it is there in schema {found}"))),
                None => {
                    let create = format!(
                        "CREATE SCHEMA IF NOT EXISTS {1}; CREATE EXTENSION {0} WITH SCHEMA {1}",
                        identifier(name),
                        identifier(within)
                    );
                    let made = session.execute(create).await;
                    made.map_err(|error| extension(cause(&error)))?;
                }
            }
        }
        Ok(())
    }

    /// Holds what was loaded against the manifest and this program, and lets the planner know of it.
    async fn check(&self, session: &mut Session) -> Result<(), RestoreError> {
        let checking = || RestoreError::database("checking what was loaded");
        let tables = self.schema.tables(session).await.map_err(checking())?;
        let has_record = tables.iter().any(|table| table == HISTORY_TABLE);
        let record = has_record.then(|| self.schema.qualified(HISTORY_TABLE));
        let versions = versions(session, record.as_deref()).await;
        self.restore.known(&versions.map_err(checking())?)?;
        let none = BTreeMap::new();
        let manifest = self.restore.backup.manifest.as_ref();
        let rows = manifest.map_or(&none, |manifest| &manifest.rows);
        for (table, expected) in rows {
            let query =
                format!("SELECT CAST(count(*) AS text) FROM ONLY {}", self.schema.qualified(table));
            let found = session.value(query).await.map_err(checking())?;
            let found = found.and_then(|found| found.parse().ok()).unwrap_or_default();
            if found != *expected {
                let (table, expected) = (table.clone(), *expected);
                return Err(RestoreError::Rows { table, expected, found });
            }
        }
        if !tables.is_empty() {
            let analyze = format!("ANALYZE {}", self.schema.all(&tables));
            session.execute(analyze).await.map_err(checking())?;
        }
        Ok(())
    }

    /// Gives the rights back that the backup has, to the roles that are there. Says which are not given.
    async fn rights(&self, session: &mut Session) -> Result<Vec<String>, RestoreError> {
        let giving = || RestoreError::database("giving rights");
        let script = self.archive.rights()?.text().await?;
        let mut warnings = Vec::new();
        for statement in statements(&script, Dialect::Postgres) {
            let sql = script.get(statement.start..statement.end).unwrap_or_default();
            session.execute("SAVEPOINT rights").await.map_err(giving())?;
            match session.execute(sql).await {
                Ok(()) => session.execute("RELEASE SAVEPOINT rights").await.map_err(giving())?,
                Err(error @ sqlx::Error::Database(_)) if !is_cancelled(&error) => {
                    let undo = session.execute("ROLLBACK TO SAVEPOINT rights").await;
                    undo.map_err(giving())?;
                    let one_line = sql.split_whitespace().collect::<Vec<_>>().join(" ");
                    let warning = format!("not done: {one_line}: {}", cause(&error));
                    tracing::warn!(warning, "a right is not given back");
                    warnings.push(warning);
                }
                Err(error) => return Err(giving()(error)),
            }
        }
        Ok(warnings)
    }
}

fn is_cancelled(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| code == "57014")
}

/// What is tried again while others are in its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    KeepWritersOut,
    Clear,
}

impl Step {
    fn mode(self) -> &'static str {
        match self {
            Self::KeepWritersOut => "EXCLUSIVE",
            Self::Clear => "ACCESS EXCLUSIVE",
        }
    }
}

enum Failure {
    Blocked(String),
    Failed(RestoreError),
}

//! The proof of a dump: its list of contents, and a restore into a scratch database whose rows are counted.

use std::collections::BTreeMap;
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::error::{BackupError, Fault};
use super::manifest::Manifest;
use super::tools::{self, Environment, Tools};
use crate::config::{DatabaseTarget, DatabaseUrl};
use crate::migrate::Dialect;
use crate::migrate::scratch::Scratch;
use crate::migrate::session::Session;

/// What marks a scratch database as one of a backup's, for the clean-up after a process that was killed.
const MARK: &str = "taskmanager: a backup is proven here";

/// The list of contents of a dump, as `pg_restore --list` writes it.
#[derive(Clone, Debug)]
pub struct Contents(String);

impl Contents {
    /// Whether the data of every table that the manifest names is in it.
    ///
    /// # Errors
    ///
    /// [`Fault::Unsound`] naming the first table that is not.
    pub fn holds(&self, manifest: &Manifest) -> Result<(), Fault> {
        let schema = manifest.schema.as_deref().unwrap_or("public");
        for table in manifest.rows.keys() {
            let entry = format!(" TABLE DATA {schema} {table} ");
            if !self.0.lines().any(|line| line.contains(&entry)) {
                return Err(Fault::Unsound(format!("pg_restore lists no data of table {table}")));
            }
        }
        Ok(())
    }

    /// The list without the schema itself, which is made by hand where it is missing: a database has a
    /// `public` from the beginning, whose owner alone may replace it.
    #[must_use]
    pub fn without_schema(&self) -> String {
        // 2; 2615 2200 SCHEMA - public pg_database_owner
        let is_schema = |line: &str| {
            let mut words = line.split_whitespace().skip(3);
            matches!(
                (words.next(), words.next(), words.next()),
                (Some("SCHEMA"), ..) | (Some("ACL" | "COMMENT"), Some("-"), Some("SCHEMA"))
            )
        };
        let kept = self.0.lines().filter(|line| line.starts_with(';') || !is_schema(line));
        kept.fold(String::new(), |text, line| text + line + "\n")
    }
}

/// Reads the list of contents of a dump.
///
/// # Errors
///
/// [`BackupError::Tool`] when `pg_restore` cannot read it.
pub async fn contents(
    tools: &Tools,
    dump: &Path,
    stop: &CancellationToken,
) -> Result<Contents, BackupError> {
    let mut command = Tools::command(&tools.pg_restore, &Environment::none());
    command.arg("--list").arg(dump);
    tools::output("pg_restore", command, stop).await.map(Contents)
}

/// Restores a dump into an empty database: schema, extensions and tables, without owners and grants.
///
/// # Errors
///
/// [`BackupError::Tool`] with the words of `pg_restore`; what it had done by then stays.
pub async fn restore_into(
    tools: &Tools,
    url: &DatabaseUrl,
    manifest: &Manifest,
    dump: &Path,
    stop: &CancellationToken,
) -> Result<(), BackupError> {
    let doing = "making the schema to restore into";
    let mut session = Session::to_write(url).await.map_err(BackupError::unreachable(url))?;
    let schema = quoted(manifest.schema.as_deref().unwrap_or("public"));
    let mut statements = vec![format!("CREATE SCHEMA IF NOT EXISTS {schema}")];
    for (extension, within) in &manifest.extensions {
        let (extension, within) = (quoted(extension), quoted(within));
        statements.push(format!("CREATE SCHEMA IF NOT EXISTS {within}"));
        statements.push(format!("CREATE EXTENSION IF NOT EXISTS {extension} WITH SCHEMA {within}"));
    }
    for statement in statements {
        session.execute(statement).await.map_err(BackupError::database(doing))?;
    }
    session.close().await;

    let list = contents(tools, dump, stop).await?.without_schema();
    let failed = |error: std::io::Error| BackupError::Database { doing, cause: error.to_string() };
    let file = tempfile::NamedTempFile::new().map_err(failed)?;
    std::fs::write(file.path(), list).map_err(failed)?;
    let environment = Environment::of(url)?;
    let mut command = Tools::command(&tools.pg_restore, &environment);
    command.args(["--exit-on-error", "--no-owner", "--no-privileges", "--no-comments"]);
    command.args(["--no-password", "--use-list"]).arg(file.path());
    // A name with `=` or `://` in it would be read as more than a name; the environment has it as it is.
    command.args(["--dbname", "application_name=taskmanager-backup"]).arg(dump);
    tools::output("pg_restore", command, stop).await.map(drop)
}

/// Restores a dump into a scratch database beside `url` and counts the rows of each table.
///
/// # Errors
///
/// As [`restore_into`]; [`BackupError::Scratch`] when there cannot be one.
pub async fn restored(
    url: &DatabaseUrl,
    manifest: &Manifest,
    dump: &Path,
    stop: &CancellationToken,
) -> Result<BTreeMap<String, u64>, BackupError> {
    let version = manifest.tools.get("pg_dump").cloned().unwrap_or_default();
    let tools = Tools::to_read(&version).await?;
    let mut keeper = Session::to_write(url).await.map_err(BackupError::unreachable(url))?;
    // It holds a lock and is idle meanwhile; PostgreSQL 13 has no such limit, and does not know its name.
    let _ = keeper.execute("SET idle_session_timeout = 0").await;
    remove_leftovers(&mut keeper).await;
    let scratch = Scratch::create(url).await;
    let scratch = scratch.map_err(|error| BackupError::Scratch { cause: error.to_string() })?;
    let marked = mark(&mut keeper, scratch.url()).await;
    let counted = match marked {
        Ok(()) => restore_and_count(&tools, scratch.url(), manifest, dump, stop).await,
        Err(error) => Err(BackupError::database("marking the scratch database")(error)),
    };
    let removed = scratch.remove().await;
    keeper.close().await;
    let rows = counted?;
    removed.map_err(BackupError::from_migrate)?;
    Ok(rows)
}

async fn restore_and_count(
    tools: &Tools,
    url: &DatabaseUrl,
    manifest: &Manifest,
    dump: &Path,
    stop: &CancellationToken,
) -> Result<BTreeMap<String, u64>, BackupError> {
    restore_into(tools, url, manifest, dump, stop).await?;
    let mut session = Session::to_write(url).await.map_err(BackupError::unreachable(url))?;
    let schema = manifest.schema.as_deref().unwrap_or("public");
    let counting = async {
        let tables = tables(&mut session, schema).await?;
        count(&mut session, schema, &tables).await
    };
    let counted = tokio::select! {
        () = stop.cancelled() => return Err(BackupError::Stopped),
        counted = counting => counted,
    };
    session.close().await;
    counted.map_err(BackupError::database("counting what was restored"))
}

/// The tables of a schema that hold rows of their own and belong to no extension.
pub(super) async fn tables(
    session: &mut Session,
    schema: &str,
) -> Result<Vec<String>, sqlx::Error> {
    let query = format!(
        "SELECT CAST(c.relname AS text) FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind = 'r' AND n.nspname = {} AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d \
         WHERE d.classid = CAST('pg_catalog.pg_class' AS regclass) AND d.objid = c.oid AND d.deptype = 'e') \
         ORDER BY 1",
        Dialect::Postgres.quoted(schema)
    );
    Ok(session.rows(query).await?.into_iter().flatten().flatten().collect())
}

/// Rows of each of these tables.
pub(super) async fn count(
    session: &mut Session,
    schema: &str,
    tables: &[String],
) -> Result<BTreeMap<String, u64>, sqlx::Error> {
    let mut rows = BTreeMap::new();
    for table in tables {
        let from = format!("{}.{}", quoted(schema), quoted(table));
        let query = format!("SELECT CAST(count(*) AS text) FROM ONLY {from}");
        let counted = session.value(query).await?.and_then(|count| count.parse().ok());
        rows.insert(table.clone(), counted.unwrap_or_default());
    }
    Ok(rows)
}

/// Marks a scratch database, and holds a lock for as long as the session lives.
async fn mark(keeper: &mut Session, scratch: &DatabaseUrl) -> Result<(), sqlx::Error> {
    let DatabaseTarget::Postgres(options) = scratch.target() else { return Ok(()) };
    let name = options.get_database().unwrap_or_default();
    keeper.value(format!("SELECT CAST(pg_advisory_lock({}) AS text)", key(name))).await?;
    let mark = mark_of(keeper).await?;
    let comment = format!("COMMENT ON DATABASE {} IS {mark}", quoted(name));
    keeper.execute(comment).await
}

/// The mark with the database's name: advisory locks are seen from the same database only.
async fn mark_of(session: &mut Session) -> Result<String, sqlx::Error> {
    let name = session.value("SELECT CAST(current_database() AS text)").await?;
    let mark = format!("{MARK}, of {}", name.unwrap_or_default());
    Ok(Dialect::Postgres.quoted(&mark))
}

fn key(name: &str) -> i64 {
    // Apart from the migration lock's numbers, which are 32 bits times a constant.
    i64::from(crc32fast::hash(name.as_bytes())) | 1 << 62
}

/// Drops the scratch databases of backups whose process was killed: marked, and nobody holds their lock.
async fn remove_leftovers(session: &mut Session) {
    let removing = async {
        let mark = mark_of(session).await?;
        let query = format!(
            "SELECT CAST(datname AS text) FROM pg_catalog.pg_database \
             WHERE datname LIKE 'taskmanager\\_scratch\\_%' \
             AND pg_catalog.shobj_description(oid, 'pg_database') = {mark}"
        );
        let names: Vec<_> = session.rows(query).await?.into_iter().flatten().flatten().collect();
        for name in names {
            let key = key(&name);
            let free = format!("SELECT CASE WHEN pg_try_advisory_lock({key}) THEN 'yes' END");
            if session.value(free).await?.is_some() {
                let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(&name));
                let dropped = session.execute(drop).await;
                session.value(format!("SELECT CAST(pg_advisory_unlock({key}) AS text)")).await?;
                dropped?;
                tracing::info!(database = name, "a scratch database of a killed backup is dropped");
            }
        }
        Ok::<_, sqlx::Error>(())
    };
    if let Err(error) = removing.await {
        tracing::warn!(%error, "scratch databases of killed backups may stay behind");
    }
}

/// A name as an identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

//! The proof of a dump: its list of contents, and a restore into a scratch database whose rows are counted.

use std::collections::BTreeMap;
use std::path::Path;

use tokio_util::sync::CancellationToken;

use super::error::{BackupError, Fault};
use super::manifest::Manifest;
use super::pg_tools::{self, Environment, Tools};
use schemakeep_db::DatabaseUrl;
use schemakeep_db::Program;

use schemakeep_db::Dialect;
use schemakeep_db::connection::Session;
use schemakeep_db::scratch::Scratch;

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
    pg_tools::output("pg_restore", command, stop).await.map(Contents)
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
    let name = format!("application_name={}", Program::current().backup_application_name());
    command.args(["--dbname", &name]).arg(dump);
    pg_tools::output("pg_restore", command, stop).await.map(drop)
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
    let scratch = Scratch::create(url).await;
    let scratch = scratch.map_err(|error| BackupError::Scratch { cause: error.to_string() })?;
    let counted = restore_and_count(&tools, scratch.url(), manifest, dump, stop).await;
    let removed = scratch.remove().await;
    let rows = counted?;
    removed.map_err(BackupError::from_db)?;
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

/// A name as an identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

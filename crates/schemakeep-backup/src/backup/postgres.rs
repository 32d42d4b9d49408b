//! PostgreSQL: a dump by `pg_dump` of one snapshot, whose rows this program counts in the same snapshot.
//!
//! What is dumped is the schema that the tables of this program are in, whole, with the extensions that its objects
//! need: other schemas of the database are other programs' business. Owners and grants are in the dump.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;

use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

use super::checksum::{self, Broken, Sum};
use super::error::BackupError;
use super::pg_tools::{self, Environment, Tools};
use super::repository::Partial;
use super::restore_test::{count, quoted, tables};
use schemakeep::history::read::{self, SchemaHistory};
use schemakeep_db::DatabaseUrl;
use schemakeep_db::Dialect;
use schemakeep_db::connection::{Purpose, Session};
use schemakeep_db::lock;

/// How long the locks that reading needs are waited for: a migration may be running.
const LOCK_WAIT: &str = "60s";

/// A database that is to be dumped.
#[derive(Debug)]
pub(super) struct Source {
    session: Session,
    pub(super) schema: String,
    pub(super) server: String,
    pub(super) tools: Tools,
    /// The most bytes that a dump can have, but for odd cases.
    pub(super) size: u64,
    /// Whether the role may create databases.
    pub(super) may_create: bool,
}

/// The moment that a dump shows.
#[derive(Debug)]
pub(super) struct Moment {
    id: String,
    pub(super) record: SchemaHistory,
    pub(super) extensions: BTreeMap<String, String>,
    tables: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Dumped {
    pub(super) sum: Sum,
    pub(super) rows: BTreeMap<String, u64>,
}

impl Source {
    /// Looks at the database, and finds the tools for it. Changes nothing.
    pub(super) async fn open(url: &DatabaseUrl) -> Result<Self, BackupError> {
        let unreadable = || BackupError::unreachable(url);
        let nothing = || BackupError::Nothing { database: url.to_string() };
        let opened = Session::to_read(url, Purpose::Inspect).await.map_err(unreadable())?;
        let mut session = opened.ok_or_else(nothing)?;
        let (server, schema) = seen(&mut session).await.map_err(unreadable())?;
        let schema = schema.ok_or_else(nothing)?;
        let tools = Tools::for_server(pg_tools::major_of(&server).unwrap_or_default()).await?;
        lock::check_connection(url).await.map_err(BackupError::from_db)?;
        let size = size(&mut session, &schema).await.map_err(unreadable())?;
        let may = "SELECT CASE WHEN rolcreatedb OR rolsuper THEN 'yes' END \
                   FROM pg_catalog.pg_roles WHERE rolname = current_user";
        let may_create = session.value(may).await.map_err(unreadable())?.is_some();
        Ok(Self { session, schema, server, tools, size, may_create })
    }

    /// Opens the transaction whose snapshot everything is read from.
    ///
    /// Tables are locked before the snapshot is taken, or one could be truncated between the two.
    pub(super) async fn freeze(&mut self) -> Result<Moment, BackupError> {
        let failed = BackupError::database("taking a snapshot of the database");
        self.take_snapshot().await.map_err(failed)
    }

    async fn take_snapshot(&mut self) -> Result<Moment, sqlx::Error> {
        let (session, schema) = (&mut self.session, self.schema.as_str());
        let known = tables(session, schema).await?;
        // A role's own limits are for requests.
        let limits = format!(
            "SET lock_timeout = '{LOCK_WAIT}'; SET statement_timeout = 0; \
             SET idle_in_transaction_session_timeout = 0"
        );
        session.execute(limits).await?;
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let known: Vec<String> =
            known.iter().map(|table| format!("{}.{}", quoted(schema), quoted(table))).collect();
        if !known.is_empty() {
            let lock = format!("LOCK TABLE {} IN ACCESS SHARE MODE", known.join(", "));
            session.execute(lock).await?;
        }
        let id = session.value("SELECT pg_catalog.pg_export_snapshot()").await?.unwrap_or_default();
        let tables = tables(session, schema).await?;
        let record = read::read(session).await?;
        let extensions = extensions(session, schema).await?;
        Ok(Moment { id, record, extensions, tables })
    }

    /// Dumps the moment into the file, and counts its rows meanwhile.
    pub(super) async fn dump(
        &mut self,
        moment: &Moment,
        to: &Partial,
        folder: &std::path::Path,
        url: &DatabaseUrl,
        stop: &CancellationToken,
    ) -> Result<Dumped, BackupError> {
        let environment = Environment::of(url)?;
        let mut command = Tools::command(&self.tools.pg_dump, &environment);
        command.args(["--format=custom", "--no-password", "--no-sync"]);
        command.arg(format!("--lock-wait-timeout={LOCK_WAIT}"));
        command.arg(format!("--snapshot={}", moment.id));
        command.arg(format!("--schema={}", quoted(&self.schema)));
        if self.tools.major >= 14 {
            let names = moment.extensions.keys();
            command.args(names.map(|name| format!("--extension={}", quoted(name))));
        }
        let broken = |error: &io::Error| BackupError::folder(folder, error);
        let file = to.file().try_clone().map_err(|error| broken(&error))?;
        let counting = count(&mut self.session, &self.schema, &moment.tables);
        let counted = async {
            tokio::select! {
                () = stop.cancelled() => Err(BackupError::Stopped),
                counted = counting => counted.map_err(BackupError::database("counting rows")),
            }
        };
        // The first to fail ends the other: a command that is dropped is killed.
        let (sum, rows) = tokio::try_join!(run(command, file, folder, stop), counted)?;
        Ok(Dumped { sum, rows })
    }

    /// Gives the snapshot up.
    pub(super) async fn close(self) {
        self.session.close().await;
    }
}

/// Runs `pg_dump` and writes what it says. It writes to a pipe, so that it cannot outlive this process.
async fn run(
    mut command: Command,
    file: File,
    folder: &std::path::Path,
    stop: &CancellationToken,
) -> Result<Sum, BackupError> {
    let failed = |said: String| BackupError::Tool { program: "pg_dump", said };
    let mut child = command.spawn().map_err(|error| failed(error.to_string()))?;
    let pipe = pipe(&mut child).map_err(|error| failed(error.to_string()))?;
    let until = stop.clone();
    let writing = tokio::task::spawn_blocking(move || checksum::copy(pipe, file, &until));
    let mut said = child.stderr.take();
    let complaining = async {
        let mut text = Vec::new();
        if let Some(said) = &mut said {
            // What cannot be read is not shown; the exit status decides.
            let _ = tokio::io::AsyncReadExt::read_to_end(said, &mut text).await;
        }
        text
    };
    let ended = async { tokio::join!(complaining, child.wait()) };
    let ended = tokio::select! {
        ended = ended => Some(ended),
        () = stop.cancelled() => None,
    };
    let Some((said, status)) = ended else {
        // The pipe ends with the process, and with it the thread that writes.
        let _ = child.kill().await;
        let _ = writing.await;
        return Err(BackupError::Stopped);
    };
    let status = status.map_err(|error| failed(error.to_string()))?;
    let written = writing.await.map_err(|error| failed(error.to_string()))?;
    match written {
        // Told first: a disk that is full makes `pg_dump` fail too, with a broken pipe.
        Err(Broken::Write(error)) => Err(BackupError::folder(folder, &error)),
        Err(Broken::Stopped) => Err(BackupError::Stopped),
        Err(Broken::Read(error)) => Err(failed(error.to_string())),
        Ok(_) if !status.success() => Err(failed(pg_tools::last_words(&said, status))),
        Ok(sum) => Ok(sum),
    }
}

fn pipe(child: &mut Child) -> io::Result<File> {
    let stdout = child.stdout.take().ok_or_else(|| io::Error::other("no pipe"))?;
    Ok(File::from(stdout.into_owned_fd()?))
}

/// The server's version, and the schema in which the record is, or else the tasks.
async fn seen(session: &mut Session) -> Result<(String, Option<String>), sqlx::Error> {
    // 15.14 (Debian 15.14-0+deb12u1)
    let server = session.value("SELECT current_setting('server_version')").await?;
    let server = server.unwrap_or_default();
    let version = server.split_whitespace().next().unwrap_or_default().to_owned();
    let query = "SELECT CAST(n.nspname AS text) FROM pg_catalog.pg_class c \
         JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind IN ('r', 'p') \
         AND c.relname IN ('_sqlx_migrations', 'tasks') AND pg_catalog.pg_table_is_visible(c.oid) \
         ORDER BY c.relname LIMIT 1";
    Ok((version, session.value(query).await?))
}

/// The size of the tables of a schema without their indexes, which a dump does not hold.
async fn size(session: &mut Session, schema: &str) -> Result<u64, sqlx::Error> {
    let query = format!(
        "SELECT CAST(coalesce(sum(pg_catalog.pg_table_size(c.oid)), 0) AS text) \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
         WHERE c.relkind IN ('r', 'm') AND n.nspname = {}",
        Dialect::Postgres.quoted(schema)
    );
    Ok(session.value(query).await?.and_then(|size| size.parse().ok()).unwrap_or_default())
}

/// The extensions that are in the schema, or that something in it is made with, each with its own schema.
async fn extensions(
    session: &mut Session,
    schema: &str,
) -> Result<BTreeMap<String, String>, sqlx::Error> {
    let schema = Dialect::Postgres.quoted(schema);
    let class = |name: &str| format!("CAST('pg_catalog.{name}' AS regclass)");
    let within = |catalogue: &str, namespace: &str| {
        format!(
            "d.classid = {} AND d.objid IN (SELECT oid FROM pg_catalog.{catalogue} \
             WHERE {namespace} = s.oid)",
            class(catalogue)
        )
    };
    let defaults = format!(
        "d.classid = {} AND d.objid IN (SELECT a.oid FROM pg_catalog.pg_attrdef a \
         JOIN pg_catalog.pg_class c ON c.oid = a.adrelid WHERE c.relnamespace = s.oid)",
        class("pg_attrdef")
    );
    let query = format!(
        "SELECT CAST(e.extname AS text), CAST(n.nspname AS text) FROM pg_catalog.pg_extension e \
         JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace \
         CROSS JOIN (SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = {schema}) s \
         WHERE e.extname <> 'plpgsql' AND (e.extnamespace = s.oid OR EXISTS (\
         SELECT 1 FROM pg_catalog.pg_depend m JOIN pg_catalog.pg_depend d \
         ON d.refclassid = m.classid AND d.refobjid = m.objid \
         WHERE m.refclassid = {} AND m.refobjid = e.oid AND m.deptype = 'e' \
         AND ({} OR {} OR {} OR {defaults})))",
        class("pg_extension"),
        within("pg_class", "relnamespace"),
        within("pg_constraint", "connamespace"),
        within("pg_proc", "pronamespace"),
    );
    let rows = session.rows(query).await?;
    let pairs = rows.into_iter().filter_map(|row| match <[Option<String>; 2]>::try_from(row) {
        Ok([Some(name), Some(schema)]) => Some((name, schema)),
        _ => None,
    });
    Ok(pairs.collect())
}

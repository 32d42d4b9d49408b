//! SQLite: a copy by `VACUUM INTO` while writers go on, and the proof that a file is a whole database.

use std::collections::BTreeMap;
use std::path::Path;

use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use tokio_util::sync::CancellationToken;

use super::error::{BackupError, Fault};
use schemakeep::history::read::{self, SchemaHistory};
use schemakeep_db::DatabaseUrl;
use schemakeep_db::Dialect;
use schemakeep_db::connection::{Purpose, Session};

/// How many findings of a check are shown.
const LISTED_FAULTS_MAX: usize = 3;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) versions: Vec<i64>,
    pub(super) rows: BTreeMap<String, u64>,
    /// Version of the library.
    pub(super) library: String,
}

/// A connection to the database that is to be copied.
pub(super) async fn open(
    url: &DatabaseUrl,
    stop: &CancellationToken,
) -> Result<Session, BackupError> {
    let opened = Session::to_read(url, Purpose::Inspect).await;
    let opened = opened.map_err(BackupError::unreachable(url))?;
    let mut session = opened.ok_or_else(|| BackupError::Nothing { database: url.to_string() })?;
    session.interrupt_on(stop.clone()).await.map_err(BackupError::unreachable(url))?;
    Ok(session)
}

/// The record of the database, and the most bytes that a copy can have.
pub(super) async fn measure(
    session: &mut Session,
    url: &DatabaseUrl,
) -> Result<(SchemaHistory, u64), BackupError> {
    let unreadable = || BackupError::unreachable(url);
    if tables(session).await.map_err(unreadable())?.is_empty() {
        return Err(BackupError::Nothing { database: url.to_string() });
    }
    let record = read::read(session).await.map_err(unreadable())?;
    let query = "SELECT CAST((page_count - freelist_count) * page_size AS text) \
                 FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size()";
    let size = session.value(query).await.map_err(unreadable())?;
    Ok((record, size.and_then(|size| size.parse().ok()).unwrap_or_default()))
}

/// Copies the database as it is at one moment into an empty file; writers go on.
pub(super) async fn copy(
    session: &mut Session,
    to: &Path,
    folder: &Path,
    stop: &CancellationToken,
) -> Result<(), BackupError> {
    let Some(path) = to.to_str() else {
        let error = std::io::Error::other("its path is not UTF-8, which SQLite needs");
        return Err(BackupError::folder(folder, &error));
    };
    let doing = "copying the database";
    // Set for reading; the statement writes to another file, and counts as a change all the same.
    session.execute("PRAGMA query_only = 0").await.map_err(BackupError::database(doing))?;
    let copied = session.execute(format!("VACUUM INTO {}", Dialect::Sqlite.quoted(path))).await;
    copied.map_err(|error| {
        let code = error.as_database_error().and_then(|error| error.code()?.parse::<i64>().ok());
        match code.map(|code| code & 0xff) {
            _ if stop.is_cancelled() => BackupError::Stopped,
            Some(13) => BackupError::Full { folder: folder.to_owned() },
            _ => BackupError::database(doing)(error),
        }
    })
}

/// Says what a file holds, after checking it page by page, entry by entry and reference by reference where that is
/// asked for. Writes nothing, not even beside the file.
pub(super) async fn check(
    path: &Path,
    whole: bool,
    stop: &CancellationToken,
) -> Result<Result<Contents, Fault>, BackupError> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true);
    let unsound = |error: &sqlx::Error| {
        Fault::Unsound(format!("SQLite cannot read it: {}", schemakeep_db::cause(error)))
    };
    let mut session = match options.connect().await {
        Ok(connection) => Session::Sqlite(connection),
        Err(error) => return Ok(Err(unsound(&error))),
    };
    let checked = look(&mut session, whole, stop).await;
    session.close().await;
    match checked {
        _ if stop.is_cancelled() => Err(BackupError::Stopped),
        Ok(outcome) => Ok(outcome),
        Err(error) => Ok(Err(unsound(&error))),
    }
}

async fn look(
    session: &mut Session,
    whole: bool,
    stop: &CancellationToken,
) -> Result<Result<Contents, Fault>, sqlx::Error> {
    session.interrupt_on(stop.clone()).await?;
    if whole && let Err(fault) = sound(session).await? {
        return Ok(Err(fault));
    }
    let record = read::read(session).await?;
    let versions = record.rows.iter().map(|row| row.version).collect();
    let rows = count(session).await?;
    let library = session.value("SELECT sqlite_version()").await?.unwrap_or_default();
    Ok(Ok(Contents { versions, rows, library }))
}

async fn sound(session: &mut Session) -> Result<Result<(), Fault>, sqlx::Error> {
    let found = texts(session, "PRAGMA integrity_check(10)").await?;
    if found != ["ok"] {
        let words = found[..found.len().min(LISTED_FAULTS_MAX)].join("; ");
        return Ok(Err(Fault::Unsound(format!("SQLite's integrity check says: {words}"))));
    }
    let query = "SELECT DISTINCT \"table\" FROM pragma_foreign_key_check";
    let orphans = texts(session, query).await?;
    if !orphans.is_empty() {
        let words = orphans[..orphans.len().min(LISTED_FAULTS_MAX)].join(", ");
        return Ok(Err(Fault::Unsound(format!("rows without their parent are in {words}"))));
    }
    Ok(Ok(()))
}

async fn count(session: &mut Session) -> Result<BTreeMap<String, u64>, sqlx::Error> {
    let mut rows = BTreeMap::new();
    for table in tables(session).await? {
        let name = table.replace('"', "\"\"");
        let query = format!("SELECT CAST(count(*) AS text) FROM main.\"{name}\"");
        let counted = session.value(query).await?.and_then(|count| count.parse().ok());
        rows.insert(table, counted.unwrap_or_default());
    }
    Ok(rows)
}

/// The tables that hold rows of their own: not those behind a full-text index, nor SQLite's.
async fn tables(session: &mut Session) -> Result<Vec<String>, sqlx::Error> {
    let query = "SELECT name FROM pragma_table_list \
                 WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
    texts(session, query).await
}

async fn texts(session: &mut Session, query: &str) -> Result<Vec<String>, sqlx::Error> {
    Ok(session.rows(query).await?.into_iter().flatten().flatten().collect())
}

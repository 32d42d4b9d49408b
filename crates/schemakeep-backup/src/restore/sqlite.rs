//! SQLite: the backup is written page by page over the live database, through SQLite's own online backup
//! interface, in one transaction of the live database's journal.
//!
//! Anyone who has the file open sees the old database or the new one; what a killed process leaves of the transaction
//! is rolled back when the file is next opened. The interface takes the write lock before the first page, so the
//! save that comes between sees the last state that anybody was told of.

use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, ErrorCode, OpenFlags};
use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::{Restore, RestoreError, Swapped, discard, versions};
use crate::backup::Manifest;
use schemakeep::history::read::HISTORY_TABLE;
use schemakeep_db::connection::Session;
use schemakeep_db::leftovers::ScratchFolder;

/// How many pages are written between two looks at the stop.
const PAGES_PER_STEP: i32 = 256;
/// The pause between two tries for the write lock.
const RETRY_INTERVAL: Duration = Duration::from_millis(20);
/// How long it is tried at most: a writer of this program is done in milliseconds.
const WRITER_WAIT_MAX: Duration = Duration::from_secs(30);
/// After how long it is said that it waits.
const SAID_AFTER: Duration = Duration::from_millis(500);
/// Who holds the lock: SQLite cannot tell.
const UNKNOWN_WRITER: &str = "another process that writes (SQLite does not know which)";
/// What a URI's path must have encoded.
const PATH: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#');

/// What the backup is, and what it is copied over.
struct Pages {
    source: PathBuf,
    live: PathBuf,
    patience: Duration,
    stop: CancellationToken,
}

/// Replaces the database in the file; `is_new` when there was none before the migration lock made it.
pub(super) async fn swap(
    restore: &Restore<'_>,
    session: &mut Session,
    live: &Path,
    is_new: bool,
) -> Result<Swapped, RestoreError> {
    let stop = &restore.operation.settings.stop;
    let reading = || RestoreError::database("reading the database");
    let source = examined(restore, stop).await?;
    let page_size = page_size(session).await.map_err(reading())?;
    let fitted = source.fitted(page_size, stop).await?;
    let tables = "SELECT 'x' FROM main.sqlite_schema LIMIT 1";
    // One that cannot even be read is not empty; the save says what is wrong with it.
    let is_empty = is_new || matches!(session.value(tables).await, Ok(None));

    let patience = WRITER_WAIT_MAX.min(restore.operation.settings.table_lock_wait);
    let pages =
        Pages { source: fitted.path.clone(), live: live.to_owned(), patience, stop: stop.clone() };
    let (locked, has_lock) = oneshot::channel();
    let (go, may_go) = mpsc::channel();
    let copying = tokio::task::spawn_blocking(move || pages.copy(locked, &may_go));
    let mut saved = Ok(None);
    if has_lock.await.is_ok() {
        saved = restore.save(is_empty).await;
        let room = if saved.is_ok() { refuse_without_room(live, &fitted.path) } else { Ok(()) };
        if let Err(error) = room {
            discard(saved.ok().flatten());
            saved = Err(error);
        }
        if saved.is_ok() {
            // The other side is gone only when it has failed, and then says why.
            let _ = go.send(());
        }
    }
    drop(go);
    let copied = copying.await.map_err(|error| RestoreError::Database {
        doing: "copying the backup over the database",
        cause: error.to_string(),
    })?;
    let saved = saved?;
    if let Err(error) = copied {
        discard(saved);
        return Err(error);
    }
    let place = restore.operation.settings.url.describe_place();
    let fault = faults(&place, live, restore.backup.manifest.clone()).await;
    Ok(Swapped { saved, warnings: Vec::new(), fault })
}

/// The backup as an SQLite file.
struct Source {
    path: PathBuf,
    page_size: String,
    /// Where a copy with other pages is, for as long as it is needed.
    _folder: Option<ScratchFolder>,
}

/// Looks into the backup, whose manifest may not be there.
async fn examined(restore: &Restore<'_>, stop: &CancellationToken) -> Result<Source, RestoreError> {
    let path = &restore.backup.path;
    let reading = || RestoreError::database("reading the backup");
    let mut session = open(path).await.map_err(reading())?;
    session.interrupt_on(stop.clone()).await.map_err(reading())?;
    if restore.backup.manifest.is_none() {
        let found = session.rows("PRAGMA integrity_check(3)").await.map_err(reading())?;
        let found: Vec<String> = found.into_iter().flatten().flatten().collect();
        if found != ["ok"] {
            let (doing, cause) = ("checking the backup", found.join("; "));
            return Err(RestoreError::Database { doing, cause });
        }
    }
    let record = format!(
        "SELECT name FROM main.sqlite_schema WHERE type = 'table' AND name = '{HISTORY_TABLE}'"
    );
    let record = session.value(record).await.map_err(reading())?;
    let versions = versions(&mut session, record.as_deref()).await.map_err(reading())?;
    let page_size = page_size(&mut session).await.map_err(reading())?;
    session.close().await;
    restore.known(&versions)?;
    Ok(Source { path: path.clone(), page_size, _folder: None })
}

impl Source {
    /// A copy with pages of this size where the backup has others: the size of a database with a write-ahead
    /// log does not change.
    async fn fitted(self, size: String, stop: &CancellationToken) -> Result<Self, RestoreError> {
        if self.page_size == size {
            return Ok(self);
        }
        let doing = "copying the backup to pages of another size";
        let failed =
            |error: std::io::Error| RestoreError::Database { doing, cause: error.to_string() };
        let folder = ScratchFolder::create().map_err(failed)?;
        let path = folder.path().join("fitted.db");
        tokio::fs::copy(&self.path, &path).await.map_err(failed)?;
        // The original is opened as one that never changes, and SQLite then keeps its pages in a copy too.
        let options = SqliteConnectOptions::new().filename(&path);
        let opened = options.journal_mode(SqliteJournalMode::Delete).connect().await;
        let mut session = Session::Sqlite(opened.map_err(RestoreError::database(doing))?);
        let fitting = async {
            session.interrupt_on(stop.clone()).await?;
            session.execute(format!("PRAGMA page_size = {size}; VACUUM")).await
        };
        fitting.await.map_err(RestoreError::database(doing))?;
        session.close().await;
        Ok(Self { path, page_size: size, _folder: Some(folder) })
    }
}

impl Pages {
    /// Takes the write lock, says so, waits until it may go on, and copies. Whatever ends it before the last page,
    /// nothing of it is kept.
    fn copy(
        &self,
        locked: oneshot::Sender<()>,
        may_go: &mpsc::Receiver<()>,
    ) -> Result<(), RestoreError> {
        let source = Connection::open_with_flags(
            uri(&self.source),
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
        );
        let source = source.map_err(failed("opening the backup"))?;
        let live = Connection::open_with_flags(&self.live, OpenFlags::SQLITE_OPEN_READ_WRITE);
        let mut live = live.map_err(failed("opening the database"))?;
        // It is waited here, where a stop is heard.
        live.busy_timeout(Duration::ZERO).map_err(failed("opening the database"))?;
        let copy = Backup::new(&source, &mut live);
        let copy = copy.map_err(failed("beginning the restore"))?;
        self.lock(&copy)?;
        // No page is written yet.
        let _ = locked.send(());
        if may_go.recv().is_err() {
            return Err(RestoreError::Stopped);
        }
        loop {
            if self.stop.is_cancelled() {
                return Err(RestoreError::Stopped);
            }
            match copy
                .step(PAGES_PER_STEP)
                .map_err(failed("copying the backup over the database"))?
            {
                StepResult::Done => return Ok(()),
                StepResult::More => {}
                // The lock is held; a reader of the journal's index may be in the way for a moment.
                _ => thread::sleep(RETRY_INTERVAL),
            }
        }
    }

    fn lock(&self, copy: &Backup<'_, '_>) -> Result<(), RestoreError> {
        let (begun, mut is_said) = (Instant::now(), false);
        loop {
            match copy.step(0).map_err(failed("taking the write lock"))? {
                StepResult::Busy | StepResult::Locked => {}
                _ => return Ok(()),
            }
            if self.stop.is_cancelled() {
                return Err(RestoreError::Stopped);
            }
            let waited = begun.elapsed();
            if waited >= self.patience {
                return Err(RestoreError::Busy {
                    cause: "database is locked".to_owned(),
                    waited,
                    blockers: UNKNOWN_WRITER.to_owned(),
                });
            }
            if !is_said && waited >= SAID_AFTER {
                is_said = true;
                tracing::warn!(blockers = UNKNOWN_WRITER, "the restore waits for the write lock");
            }
            thread::sleep(RETRY_INTERVAL);
        }
    }
}

/// Gives an error of the library its context.
fn failed(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> RestoreError {
    move |error| {
        let cause = match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => {
                "the file is not a database; move it away, with its -wal and -shm, and restore again: then a new file is made".to_owned()
            }
            Some(ErrorCode::DiskFull) => "the disk is full; make room on it".to_owned(),
            _ => error.to_string(),
        };
        RestoreError::Database { doing, cause }
    }
}

/// Opens a file that nobody writes, and writes nothing beside it.
async fn open(path: &Path) -> Result<Session, sqlx::Error> {
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true);
    options.connect().await.map(Session::Sqlite)
}

fn uri(path: &Path) -> String {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    format!("file:{}?mode=ro&immutable=1", utf8_percent_encode(&path.to_string_lossy(), PATH))
}

async fn page_size(session: &mut Session) -> Result<String, sqlx::Error> {
    let size = "SELECT CAST(page_size AS text) FROM pragma_page_size()";
    Ok(session.value(size).await?.unwrap_or_default())
}

/// The whole backup is in the write-ahead log before it is in the file.
fn refuse_without_room(live: &Path, source: &Path) -> Result<(), RestoreError> {
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
    let grows = size(source).saturating_sub(size(live));
    let needed = size(source) + size(source) / 64 + grows + 64 * 1024;
    let folder = live.parent().filter(|folder| !folder.as_os_str().is_empty());
    let folder = folder.unwrap_or(Path::new("."));
    // Where that cannot be asked, the copy itself finds out, and leaves the database as it was.
    let Ok(found) = rustix::fs::statvfs(folder) else { return Ok(()) };
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    if free >= needed {
        return Ok(());
    }
    Err(RestoreError::Room { folder: folder.to_owned(), needed, free })
}

/// What is wrong with the database that was just put in place.
async fn faults(place: &str, live: &Path, manifest: Option<Manifest>) -> Option<String> {
    let live = live.to_owned();
    let looking = tokio::task::spawn_blocking(move || look(&live, manifest.as_ref()));
    match looking.await {
        Ok(Ok(fault)) => fault,
        Ok(Err(error)) => Some(format!("{place} cannot be read: {error}")),
        Err(error) => Some(format!("{place} was not looked at: {error}")),
    }
}

fn look(live: &Path, manifest: Option<&Manifest>) -> Result<Option<String>, rusqlite::Error> {
    let live = Connection::open_with_flags(live, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    live.busy_timeout(Duration::from_secs(5))?;
    let sound: String = live.query_row("PRAGMA integrity_check(3)", [], |row| row.get(0))?;
    if sound != "ok" {
        return Ok(Some(format!("SQLite's integrity check says: {sound}")));
    }
    for (table, expected) in manifest.iter().flat_map(|manifest| &manifest.rows) {
        let name = table.replace('"', "\"\"");
        let query = format!("SELECT count(*) FROM main.\"{name}\"");
        let found: i64 = live.query_row(&query, [], |row| row.get(0))?;
        if u64::try_from(found) != Ok(*expected) {
            // The backup had as many, and was copied whole: a service that runs has written since.
            tracing::info!(table, expected, found, "written to since the restore");
        }
    }
    // Else the log keeps the size of the whole database. Somebody who reads may prevent it for now.
    let _ = live.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
    Ok(None)
}

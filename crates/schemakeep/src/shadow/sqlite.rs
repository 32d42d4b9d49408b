//! A rehearsal on SQLite: the runner itself, on a copy of the real data.
//!
//! The copy is made by `VACUUM INTO`, while writers go on, in a folder of its own beside the database, else
//! in the temporary folder, wherever there is room for it and for what a rebuild adds. A lock file in the
//! folder says that it is in use.

use schemakeep_db::DbError;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::database::identifier;
use super::execute::changes_of;
use super::report::bytes;
use super::{
    ObservedStatement, Rehearsal, RehearsalFailure, RehearsalSettings, RehearsedMigration,
    contained, uncontained,
};
use crate::options::MigrateMode;
use crate::{
    Dialect, MigrateError, Migration, MigrationSet, Migrator, MigratorOptions, NoGate, Progress,
    Safety, TABLE_LOCK_WAIT, lexer,
};
use schemakeep_db::Clock;
use schemakeep_db::connection::{Purpose, Session};
use schemakeep_db::disk;
use schemakeep_db::leftovers::ScratchFolder;
use schemakeep_db::{DatabaseTarget, DatabaseUrl};
use schemakeep_schema::snapshot::snapshot;

/// How long the copy is waited for: nobody else has it.
const LOCK_TIMEOUT: Duration = Duration::from_secs(10);
/// The copy, what a rebuild adds to it, and its journal.
const COPY_SPACE_FACTOR: u64 = 3;
/// And this much, in bytes, for a database that is next to nothing.
const COPY_SPACE_MARGIN_BYTES: u64 = 1_000_000;

struct Copy {
    folder: ScratchFolder,
    url: DatabaseUrl,
    words: String,
}

pub(super) async fn rehearse(
    settings: &RehearsalSettings,
    set: &MigrationSet,
    pending: &[&Migration],
    clock: &dyn Clock,
) -> Result<Rehearsal, MigrateError> {
    let copy = match make(&settings.url)? {
        Ok(copy) => copy,
        Err(why) => return Ok(Rehearsal::nowhere(why)),
    };
    let outcome = contained(&settings.stop, perform(&copy, settings, set, pending, clock)).await;
    if let Err(error) = copy.folder.close() {
        tracing::warn!(%error, "the copy stays behind; the next command removes it");
    }
    uncontained(outcome)
}

fn make(url: &DatabaseUrl) -> Result<Result<Copy, String>, MigrateError> {
    let DatabaseTarget::Sqlite(file) = url.target() else {
        let (doing, cause) = ("rehearsing", "not a file".to_owned());
        return Err(MigrateError::Db(DbError::Database { doing, cause }));
    };
    let journal = |ending: &str| {
        let mut path = file.path.clone().into_os_string();
        path.push(ending);
        PathBuf::from(path)
    };
    let size = |path: &Path| std::fs::metadata(path).map_or(0, |found| found.len());
    let needed =
        (size(&file.path) + size(&journal("-wal"))) * COPY_SPACE_FACTOR + COPY_SPACE_MARGIN_BYTES;
    let beside = file.path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let mut refused = Vec::new();
    for (folder, words) in [
        (beside.unwrap_or(Path::new(".")).to_owned(), "beside it"),
        (std::env::temp_dir(), "in the temporary folder"),
    ] {
        match disk::free(&folder).ok() {
            Some(free) if free < needed => {
                refused.push(format!("{} has {} free", folder.display(), bytes(free)));
                continue;
            }
            None => {
                refused.push(format!("{} cannot be looked at", folder.display()));
                continue;
            }
            Some(_) => {}
        }
        match within(&folder, words) {
            Ok(copy) => return Ok(Ok(copy)),
            Err(cause) => refused.push(format!("{}: {cause}", folder.display())),
        }
    }
    Ok(Err(format!(
        "there is no room for a copy, which needs {}: {}; make room, or set TMPDIR to a folder that has it",
        bytes(needed),
        refused.join("; ")
    )))
}

fn within(folder: &Path, words: &str) -> Result<Copy, String> {
    let said = |error: std::io::Error| error.to_string();
    let folder = ScratchFolder::create_in(folder).map_err(said)?;
    let url = DatabaseUrl::parse(&format!("sqlite://{}", folder.path().join("copy.db").display()))?;
    Ok(Copy { folder, url, words: format!("a copy of the data, {words}") })
}

async fn perform(
    copy: &Copy,
    settings: &RehearsalSettings,
    set: &MigrationSet,
    pending: &[&Migration],
    clock: &dyn Clock,
) -> Result<Rehearsal, MigrateError> {
    let mut rehearsal = Rehearsal { place: copy.words.clone(), ..Rehearsal::default() };
    let ended = run(copy, settings, set, pending, clock, &mut rehearsal).await;
    match ended {
        Ok(()) => {}
        Err(error) if error.to_string().contains(FULL) => {
            rehearsal.not_rehearsed =
                Some("there is no more room for the copy; make room, or set TMPDIR to a folder that has it".to_owned());
        }
        Err(error) => rehearsal.failure = Some(RehearsalFailure::of(error)?),
    }
    Ok(rehearsal)
}

/// What SQLite says of a disk that is full, and nothing else.
const FULL: &str = "database or disk is full";

async fn run(
    copy: &Copy,
    settings: &RehearsalSettings,
    set: &MigrationSet,
    pending: &[&Migration],
    clock: &dyn Clock,
    rehearsal: &mut Rehearsal,
) -> Result<(), MigrateError> {
    fill(&settings.url, &copy.url, &settings.stop).await?;
    let own = MigratorOptions {
        url: copy.url.clone(),
        mode: MigrateMode::Auto,
        database_wait: LOCK_TIMEOUT,
        lock_wait: LOCK_TIMEOUT,
        table_lock_wait: TABLE_LOCK_WAIT,
        safety: Safety::none(),
        stop: settings.stop.clone(),
    };
    let (bare, progress) = (set.clone().requiring(&[]), Progress::default());
    let operation =
        Migrator { settings: &own, set: &bare, clock, progress: &progress, gate: &NoGate };
    let mut before = rows(&copy.url).await?;
    for migration in pending {
        let outcome = Box::pin(operation.up(Some(migration.version))).await?;
        let after = rows(&copy.url).await?;
        rehearsal.migrations.push(RehearsedMigration {
            version: migration.version,
            file: migration.up_file(),
            took: outcome.done.iter().map(|done| done.took).sum(),
            real_rows: true,
            statements: statements(&migration.up_sql),
            rows: changes_of(&before, &after),
        });
        before = after;
    }
    let opened = open(&copy.url).await?;
    if let Some(mut session) = opened {
        let seen = snapshot(&mut session).await;
        session.close().await;
        rehearsal.schema = seen.map_err(MigrateError::database("reading the copy"))?;
    }
    Ok(())
}

/// Copies the live database; one that is not there yet has nothing to copy.
async fn fill(
    from: &DatabaseUrl,
    to: &DatabaseUrl,
    stop: &CancellationToken,
) -> Result<(), MigrateError> {
    let DatabaseTarget::Sqlite(file) = to.target() else { return Ok(()) };
    let Some(mut session) = open(from).await? else { return Ok(()) };
    let path = Dialect::Sqlite.quoted(&file.path.to_string_lossy());
    // Of this connection alone; it is closed after the copy.
    let copy = async {
        session.interrupt_on(stop.clone()).await?;
        session.execute(format!("PRAGMA query_only = 0; VACUUM INTO {path}")).await
    };
    let copied = copy.await;
    session.close().await;
    copied.map_err(MigrateError::database("copying the database"))
}

async fn open(url: &DatabaseUrl) -> Result<Option<Session>, MigrateError> {
    let opening = MigrateError::database("opening the database to rehearse on a copy");
    Session::to_read(url, Purpose::Inspect).await.map_err(opening)
}

/// The rows of each table of the copy.
async fn rows(url: &DatabaseUrl) -> Result<BTreeMap<String, u64>, MigrateError> {
    let Some(mut session) = open(url).await? else { return Ok(BTreeMap::new()) };
    let counted = count(&mut session).await;
    session.close().await;
    counted.map_err(MigrateError::database("counting the rows of the copy"))
}

async fn count(session: &mut Session) -> Result<BTreeMap<String, u64>, sqlx::Error> {
    // Not the tables of the record, nor those in which a virtual table keeps what it has.
    let names = "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'table' \
         AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' AND name NOT IN ('_sqlx_migrations', '_migrate_log')";
    let mut counted = BTreeMap::new();
    for name in session.rows(names).await?.into_iter().flatten().flatten() {
        let count = format!("SELECT CAST(count(*) AS text) FROM {}", identifier(&name));
        let rows = session.value(count).await?.and_then(|rows| rows.parse().ok());
        counted.insert(name, rows.unwrap_or_default());
    }
    Ok(counted)
}

fn statements(sql: &str) -> Vec<ObservedStatement> {
    let statement = |found: lexer::Statement| ObservedStatement {
        line: found.line,
        sql: sql[found.start..found.end].to_owned(),
        ..ObservedStatement::default()
    };
    lexer::statements(sql, Dialect::Sqlite).into_iter().map(statement).collect()
}

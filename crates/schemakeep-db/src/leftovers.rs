//! Scratch databases, schemas and folders whose process was killed: how one in use is told from one left behind,
//! and their removal.
//!
//! A database or schema is in use while a session of the server holds its advisory lock; a folder while a process
//! has its lock file locked. Both locks end with their process, however that ends, so what has no lock is swept at
//! once by the next command on the same server or in the same folder.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::connection::Session;
use crate::{DatabaseTarget, DatabaseUrl, Dialect, Program};

/// First key of the advisory locks; the second is the hash of the name.
const LOCK_CLASS: i32 = 0x7363_7261;
/// How old something without any lock of ours must be before it counts as left behind.
const UNLOCKED_AGE_MIN: Duration = Duration::from_hours(1);
/// How long a command spends on it at most.
const SWEEP_TIME_MAX: Duration = Duration::from_secs(5);
/// The file in a scratch folder that is locked while it is in use.
const LOCK_FILE: &str = "in-use.lock";

/// What the name of every scratch database, schema and folder begins with.
#[must_use]
pub fn prefix() -> String {
    format!("{}_scratch_", Program::current().name.replace('-', "_"))
}

/// The expression that takes the lock of a name, for as long as the session lives.
pub fn lock(name: &str) -> String {
    format!("pg_advisory_lock({})", key(&Dialect::Postgres.quoted(name)))
}

fn key(name: &str) -> String {
    format!("{LOCK_CLASS}, hashtext({name})")
}

/// The query for databases and schemas that nobody uses: what each is, and the statement that removes it.
pub fn query() -> String {
    let prefix = prefix();
    // Releases before 0.2 mark scratch databases of backups so, whose lock has another key.
    let old_mark = format!("{}: a backup is proven here%", Program::current().name);
    // The locks of every database of the server are seen. A name has ten digits of seconds: others are not ours.
    let unused = |name: &str| {
        format!(
            "{name} ~ '^{prefix}[0-9]{{10}}_[0-9a-f]{{8}}$' AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_locks \
             WHERE locktype = 'advisory' AND objsubid = 2 AND classid = {LOCK_CLASS} \
             AND objid = CAST(CAST(hashtext({name}) AS bigint) & 4294967295 AS oid))"
        )
    };
    let (database, schema) = ("CAST(datname AS text)", "CAST(nspname AS text)");
    format!(
        "SELECT 'database ' || datname, 'DROP DATABASE ' || datname || ';' FROM pg_catalog.pg_database d WHERE {} \
         AND pg_has_role(datdba, 'USAGE') \
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid) \
         AND (coalesce(shobj_description(d.oid, 'pg_database'), '') NOT LIKE '{old_mark}' \
         OR extract(epoch FROM clock_timestamp()) - CAST(substring({database} from '[0-9]{{10}}') AS bigint) > {}) \
         UNION ALL SELECT 'schema ' || nspname, 'DROP SCHEMA ' || nspname || ' CASCADE;' \
         FROM pg_catalog.pg_namespace WHERE {} AND pg_has_role(nspowner, 'USAGE')",
        unused(database),
        UNLOCKED_AGE_MIN.as_secs(),
        unused(schema),
    )
}

/// Removes what is left behind on the server of a session; what cannot be removed stays for the next command.
pub async fn sweep(session: &mut Session) {
    let found = match session.rows(query()).await {
        Ok(found) => found,
        Err(error) => {
            tracing::debug!(%error, "stale scratch databases not looked for");
            return;
        }
    };
    if found.is_empty() {
        return;
    }
    // A session of the killed process may still be at work in a schema.
    let _ = session.execute("SET lock_timeout = '1s'").await;
    for row in found {
        let Ok([Some(what), Some(drop)]) = <[Option<String>; 2]>::try_from(row) else { continue };
        match session.execute(drop).await {
            Ok(()) => tracing::info!(what, "stale scratch database removed"),
            Err(error) => tracing::debug!(what, %error, "stale scratch database not removed"),
        }
    }
    let _ = session.execute("RESET lock_timeout").await;
}

/// Removes what is left behind where a database is: on its server, or beside its file and in the temporary folder.
pub async fn sweep_around(url: &DatabaseUrl) {
    match url.target() {
        DatabaseTarget::Postgres(_) => {
            let sweeping = async {
                let mut session = Session::to_write(url).await?;
                sweep(&mut session).await;
                session.close().await;
                Ok::<_, sqlx::Error>(())
            };
            match tokio::time::timeout(SWEEP_TIME_MAX, sweeping).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(%error, "stale scratch databases not looked for"),
                Err(_) => tracing::debug!("stale scratch databases not all removed in time"),
            }
        }
        DatabaseTarget::Sqlite(file) => {
            sweep_folders(super::disk::folder_of(&file.path));
            sweep_folders(&std::env::temp_dir());
        }
    }
}

/// A temporary folder that is known to be in use for as long as the value lives.
#[derive(Debug)]
pub struct ScratchFolder {
    folder: TempDir,
    _lock: File,
}

impl ScratchFolder {
    /// Makes one within a folder.
    pub fn create_in(within: &Path) -> io::Result<Self> {
        sweep_folders(within);
        let folder = tempfile::Builder::new().prefix(&prefix()).tempdir_in(within)?;
        // Locked before it has its name, or a sweep might take it for that of a process that has ended.
        let unnamed = folder.path().join("lock.new");
        let lock = File::create(&unnamed)?;
        lock.lock()?;
        std::fs::rename(unnamed, folder.path().join(LOCK_FILE))?;
        Ok(Self { folder, _lock: lock })
    }

    /// Makes one in the folder for temporary files.
    pub fn create() -> io::Result<Self> {
        Self::create_in(&std::env::temp_dir())
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Removes it.
    pub fn close(self) -> io::Result<()> {
        self.folder.close()
    }
}

/// Folders within this one that are left behind.
pub fn folders(within: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(within) else { return Vec::new() };
    let prefix = prefix();
    let ours = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix)));
    ours.map(|entry| entry.path()).filter(|path| is_left_behind(path)).collect()
}

fn is_left_behind(folder: &Path) -> bool {
    match File::open(folder.join(LOCK_FILE)) {
        Ok(lock) => lock.try_lock().is_ok(),
        // Just made, or its process was killed at that moment.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let made = std::fs::metadata(folder).and_then(|found| found.modified());
            made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age > UNLOCKED_AGE_MIN))
        }
        Err(_) => false,
    }
}

fn sweep_folders(within: &Path) {
    for folder in folders(within) {
        match std::fs::remove_dir_all(&folder) {
            Ok(()) => tracing::info!(?folder, "stale scratch folder removed"),
            Err(error) => tracing::debug!(?folder, %error, "stale scratch folder not removed"),
        }
    }
}

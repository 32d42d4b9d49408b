//! What killed rehearsals have left: databases, schemas and folders whose names say what they are and when
//! they were made. In use is what somebody holds its lock of, or is connected to.

use std::path::Path;
use std::time::Duration;

use crate::migrate::Dialect;
use crate::migrate::scratch::PREFIX;
use crate::migrate::session::Session;

/// After how long they are nobody's.
pub(super) const OLD: Duration = Duration::from_hours(1);

/// First key of the advisory locks that say a scratch place is in use; the second is its name's hash.
const SPACE: i32 = 0x7363_7261;

/// The expression that takes the lock of a place, for as long as the connection lives.
pub(super) fn lock(name: &str) -> String {
    format!("pg_advisory_lock({})", key(&Dialect::Postgres.quoted(name)))
}

fn key(name: &str) -> String {
    format!("{SPACE}, hashtext({name})")
}

/// The query for databases and schemas that nobody uses and that are older than an hour: what each is, and
/// the statement that removes it.
pub(in crate::migrate) fn query() -> String {
    // Ten digits of seconds: what is named otherwise is not ours to judge.
    let found = |name: &str| {
        let in_use = format!(
            "EXISTS (SELECT 1 FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND objsubid = 2 \
             AND classid = {SPACE} AND objid = CAST(CAST(hashtext({name}) AS bigint) & 4294967295 AS oid))"
        );
        format!(
            "{name} ~ '^{PREFIX}[0-9]{{10}}_[0-9a-f]{{8}}$' AND extract(epoch FROM clock_timestamp()) \
             - CAST(substring({name} from '[0-9]{{10}}') AS bigint) > {} AND NOT {in_use}",
            OLD.as_secs()
        )
    };
    format!(
        "SELECT 'database ' || datname, 'DROP DATABASE ' || datname || ';' FROM pg_catalog.pg_database d WHERE {} \
         AND pg_has_role(datdba, 'USAGE') \
         AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_stat_activity a WHERE a.datid = d.oid) \
         UNION ALL SELECT 'schema ' || nspname, 'DROP SCHEMA ' || nspname || ' CASCADE;' \
         FROM pg_catalog.pg_namespace WHERE {} AND pg_has_role(nspowner, 'USAGE')",
        found("CAST(datname AS text)"),
        found("CAST(nspname AS text)"),
    )
}

/// Removes them; one that cannot be removed stays for the next run and for `doctor`.
pub(super) async fn sweep(session: &mut Session) {
    let found = match session.rows(query()).await {
        Ok(found) => found,
        Err(error) => {
            tracing::debug!(%error, "leftovers of rehearsals were not looked for");
            return;
        }
    };
    for row in found {
        let Ok([Some(what), Some(drop)]) = <[Option<String>; 2]>::try_from(row) else { continue };
        match session.execute(drop).await {
            Ok(()) => tracing::info!(what, "removed what a killed rehearsal had left"),
            Err(error) => tracing::debug!(what, %error, "a leftover of a rehearsal stays"),
        }
    }
}

/// Folders of this kind that are older than an hour and that nobody has locked.
pub(in crate::migrate) fn folders(within: &Path) -> Vec<std::path::PathBuf> {
    let Ok(entries) = std::fs::read_dir(within) else { return Vec::new() };
    let is_old = |path: &Path| {
        let made = std::fs::metadata(path).and_then(|found| found.modified());
        made.is_ok_and(|made| made.elapsed().is_ok_and(|age| age > OLD))
    };
    let is_free = |path: &Path| {
        let lock = std::fs::File::open(path.join(super::sqlite::LOCK));
        lock.is_ok_and(|lock| lock.try_lock().is_ok())
    };
    let ours = entries
        .filter_map(Result::ok)
        .filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX)));
    ours.map(|entry| entry.path()).filter(|path| is_old(path) && is_free(path)).collect()
}

/// Removes them.
pub(super) fn sweep_folders(within: &Path) {
    for folder in folders(within) {
        match std::fs::remove_dir_all(&folder) {
            Ok(()) => tracing::info!(?folder, "removed what a killed rehearsal had left"),
            Err(error) => tracing::debug!(?folder, %error, "a leftover of a rehearsal stays"),
        }
    }
}

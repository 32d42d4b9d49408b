//! The folder of backups: names, what lies in it, and how a backup gets there whole or not at all.
//!
//! A copy is written as `<name>.partial`, which its process holds locked. When it is whole its manifest is
//! written as `<name>.json.partial`, and then both get their names, the manifest last: only what has a manifest
//! is a backup. What a killed process leaves is told by its name and by its lock, which went with the process.

use std::fs::{DirBuilder, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::Serialize;
use time::OffsetDateTime;
use time::format_description::FormatItem;
use time::macros::format_description;

use super::error::{BackupError, Fault};
use super::manifest::Manifest;
use schemakeep_db::{DatabaseTarget, DatabaseUrl};

pub(super) const PREFIX: &str = "taskmanager-";
const PARTIAL: &str = ".partial";
/// What SQLite puts beside a copy while it writes it.
const JOURNAL: &str = ".partial-journal";
const STAMP: &[FormatItem<'_>] = format_description!("[year][month][day]T[hour][minute][second]Z");
/// More backups than one second can have.
const NAME_ATTEMPTS_MAX: u32 = 10_000;

/// A backup in the folder, or what looks like one.
#[derive(Clone, Debug, Serialize)]
pub struct Listed {
    /// Its number among the ordinary backups of one database, 1 being the newest. None for a save of a restore,
    /// without a manifest, and in a list of several databases.
    pub index: Option<usize>,
    #[serde(serialize_with = "schemakeep_db::serialize::path")]
    pub path: PathBuf,
    /// Its manifest, if it can be read.
    pub manifest: Option<Manifest>,
    /// What is seen to be wrong at a glance: the content is not read.
    pub fault: Option<Fault>,
}

impl Listed {
    /// The name of its file.
    #[must_use]
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Whether a restore made it of what it replaced, which may be the very damage that was to be undone.
    #[must_use]
    pub fn is_save(&self) -> bool {
        self.manifest.as_ref().is_some_and(Manifest::is_save)
    }
}

/// Where a database is, as manifests say it: an absolute path, or `host:port/database`.
#[must_use]
pub fn place_of(url: &DatabaseUrl) -> String {
    match url.target() {
        DatabaseTarget::Postgres(_) => url.describe_place(),
        DatabaseTarget::Sqlite(file) => {
            let path = std::fs::canonicalize(&file.path);
            let path = path.or_else(|_| std::path::absolute(&file.path));
            path.unwrap_or_else(|_| file.path.clone()).display().to_string()
        }
    }
}

/// The backups in a folder, newest first: those of one database, or all. What has no readable manifest may be
/// anybody's, and is in every list. Reads manifests only; a folder that is not there has none.
///
/// # Errors
///
/// [`BackupError::Folder`] when the folder cannot be read.
pub fn list(folder: &Path, of: Option<&DatabaseUrl>) -> Result<Vec<Listed>, BackupError> {
    let of = of.map(|url| (url.dialect().as_str(), place_of(url)));
    let names = names(folder)?;
    let has = |name: &str| names.iter().any(|found| found == name);
    let mut listed = Vec::new();
    for name in &names {
        let backup = name.strip_suffix(".json").unwrap_or(name);
        // A manifest stands for its file only where that is missing.
        if !is_backup(backup) || (backup != name && has(backup)) {
            continue;
        }
        // Its process was about to name the manifest, or was killed there: see `remove_leftovers`.
        if !has(&format!("{backup}.json")) && has(&format!("{backup}.json{PARTIAL}")) {
            continue;
        }
        let path = folder.join(backup);
        let (manifest, fault) = glance(&path);
        let asked = match (&manifest, &of) {
            (Some(manifest), Some((kind, place))) => {
                manifest.database == *kind && manifest.place == *place
            }
            _ => true,
        };
        if asked {
            listed.push(Listed { index: None, path, manifest, fault });
        }
    }
    listed.sort_by_cached_key(|listed| std::cmp::Reverse((time_of(listed), listed.path.clone())));
    if of.is_some() {
        let ordinary = |listed: &&mut Listed| listed.manifest.is_some() && !listed.is_save();
        for (at, listed) in listed.iter_mut().filter(ordinary).enumerate() {
            listed.index = Some(at + 1);
        }
    }
    Ok(listed)
}

/// The newest ordinary backup of a database that looks valid at a glance. A save of a restore is none: it holds
/// what the database is no longer.
pub(super) fn newest(folder: &Path, of: &DatabaseUrl) -> Option<Manifest> {
    let listed = list(folder, Some(of)).unwrap_or_default();
    let mut valid = listed.into_iter().filter(|listed| listed.fault.is_none() && !listed.is_save());
    valid.find_map(|listed| listed.manifest)
}

/// The manifest of a file, and what is wrong without reading its content.
pub(super) fn glance(path: &Path) -> (Option<Manifest>, Option<Fault>) {
    let manifest = match Manifest::of(path) {
        Ok(manifest) => manifest,
        Err(fault) => return (None, Some(fault)),
    };
    let fault = match std::fs::metadata(path) {
        Ok(found) if found.len() == manifest.size => None,
        Ok(found) => Some(Fault::Size { expected: manifest.size, found: found.len() }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Some(Fault::Missing),
        Err(error) => Some(Fault::Unreadable(error.to_string())),
    };
    (Some(manifest), fault)
}

/// When it was made: what the manifest says, else the name.
fn time_of(listed: &Listed) -> Option<String> {
    let name = listed.path.file_name()?.to_string_lossy().into_owned();
    let stamp = || name.strip_prefix(PREFIX).and_then(|rest| rest.split('-').next());
    let said = listed.manifest.as_ref().and_then(|manifest| {
        let second = manifest.created_at.to_offset(time::UtcOffset::UTC).format(STAMP).ok()?;
        Some(format!("{second}{:09}", manifest.created_at.nanosecond()))
    });
    said.or_else(|| stamp().map(ToOwned::to_owned))
}

/// The names of all files of a folder that are text.
fn names(folder: &Path) -> Result<Vec<String>, BackupError> {
    let failed = |error: io::Error| BackupError::folder(folder, &error);
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        other => other.map_err(failed)?,
    };
    let mut names = Vec::new();
    for entry in entries {
        names.extend(entry.map_err(failed)?.file_name().into_string().ok());
    }
    Ok(names)
}

/// Whether a name is one that this program gives: `taskmanager-20261121T110203Z-20261121090300.db`.
fn is_backup(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX) else { return false };
    let Some(rest) = rest.strip_suffix(".db").or_else(|| rest.strip_suffix(".dump")) else {
        return false;
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = rest.split('-').collect();
    let (stamp, version, again) = match parts.as_slice() {
        [stamp, version] => (stamp, version, None),
        [stamp, version, again] => (stamp, version, Some(again)),
        _ => return false,
    };
    let is_stamp = stamp.len() == 16
        && stamp.strip_suffix('Z').and_then(|rest| rest.split_once('T')).is_some_and(
            |(day, time)| day.len() == 8 && time.len() == 6 && digits(day) && digits(time),
        );
    is_stamp && (*version == "none" || digits(version)) && again.is_none_or(|again| digits(again))
}

/// Makes the folder where it is missing, for nobody but this user.
pub(super) fn make(folder: &Path) -> Result<(), BackupError> {
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|error| BackupError::folder(folder, &error))
}

/// A backup that is being written; dropped before it is sealed, nothing of it stays.
#[derive(Debug)]
pub(super) struct Partial {
    folder: PathBuf,
    name: String,
    /// Locked for as long as the process lives.
    file: File,
}

impl Partial {
    /// Takes a name that nobody has.
    pub(super) fn reserve(
        folder: &Path,
        at: OffsetDateTime,
        version: Option<i64>,
        extension: &str,
    ) -> Result<Self, BackupError> {
        let failed = |error: &io::Error| BackupError::folder(folder, error);
        let stamp = at.to_offset(time::UtcOffset::UTC).format(STAMP);
        let stamp = stamp.map_err(|error| failed(&io::Error::other(error)))?;
        let version = version.map_or_else(|| "none".to_owned(), |version| version.to_string());
        for n in 1..NAME_ATTEMPTS_MAX {
            let again = if n == 1 { String::new() } else { format!("-{n}") };
            let name = format!("{PREFIX}{stamp}-{version}{again}.{extension}");
            let path = folder.join(format!("{name}{PARTIAL}"));
            let file = match OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(&path)
            {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => continue,
                other => other.map_err(|error| failed(&error))?,
            };
            let partial = Self { folder: folder.to_owned(), name, file };
            partial.file.lock().map_err(|error| failed(&error))?;
            // Somebody's clean-up may have come between, or another backup of this second have been sealed.
            if path.exists() && !folder.join(&partial.name).exists() {
                return Ok(partial);
            }
        }
        Err(failed(&io::Error::other("no free name for a backup")))
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.join(format!("{}{PARTIAL}", self.name))
    }

    /// The name that it will have.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// Has what is written put on the disk, while other things are done; [`Partial::seal`] finds out whether it was.
    pub(super) fn sync(&self) -> impl Future<Output = ()> + use<> {
        let file = self.file.try_clone();
        let syncing = tokio::task::spawn_blocking(move || file.and_then(|file| file.sync_all()));
        async {
            let _ = syncing.await;
        }
    }

    fn manifest_path(&self) -> PathBuf {
        self.folder.join(format!("{}.json{PARTIAL}", self.name))
    }

    /// Makes it a backup: everything is on the disk before it has its name, and the manifest is last.
    pub(super) fn seal(self, manifest: &Manifest) -> Result<PathBuf, BackupError> {
        let text = manifest.text().map_err(BackupError::Unsound)?;
        let path = self.folder.join(&self.name);
        self.name_it(&path, &text).map_err(|error| BackupError::folder(&self.folder, &error))?;
        Ok(path)
    }

    fn name_it(&self, path: &Path, manifest: &str) -> io::Result<()> {
        self.file.sync_all()?;
        let mut options = OpenOptions::new();
        let mut file =
            options.write(true).create_new(true).mode(0o600).open(self.manifest_path())?;
        file.write_all(manifest.as_bytes())?;
        file.sync_all()?;
        let folder = File::open(&self.folder)?;
        std::fs::rename(self.path(), path)?;
        let named = std::fs::rename(self.manifest_path(), Manifest::path_of(path));
        if named.is_err() {
            // Without a manifest it is nothing.
            let _ = std::fs::remove_file(path);
        }
        named?;
        folder.sync_all()
    }
}

impl Drop for Partial {
    fn drop(&mut self) {
        let journal = self.folder.join(format!("{}{JOURNAL}", self.name));
        for path in [self.path(), self.manifest_path(), journal] {
            match std::fs::remove_file(&path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => {
                    tracing::warn!(path = %path.display(), %error, "a file of a backup stays behind");
                }
                _ => {}
            }
        }
    }
}

/// Removes what processes that were killed have left behind, and finishes what only lacked its name.
pub(super) fn remove_leftovers(folder: &Path) -> Result<(), BackupError> {
    let mut names = names(folder)?;
    // Journals and manifests after their copies, without which they are nobody's.
    names.sort_by_key(|name| (!name.ends_with(".db.partial"), !name.ends_with(".dump.partial")));
    for name in names {
        let journal_of = name.strip_suffix(JOURNAL).filter(|backup| is_backup(backup));
        if journal_of.is_some_and(|backup| !folder.join(format!("{backup}{PARTIAL}")).exists()) {
            remove(&folder.join(&name));
        }
        let Some(begun) = name.strip_suffix(PARTIAL) else { continue };
        let backup = begun.strip_suffix(".json").unwrap_or(begun);
        if !is_backup(backup) {
            continue;
        }
        let path = |name: &str| folder.join(name);
        let copy = if begun == backup { name.clone() } else { backup.to_owned() };
        let left = path(&name);
        match File::open(path(&copy)) {
            // Its process lives, or this file system cannot say.
            Ok(file) if file.try_lock().is_err() => {}
            Ok(_) if begun != backup => {
                // The copy was whole and proven, and so is its manifest: both were on the disk.
                let done = std::fs::rename(&left, path(begun));
                tracing::info!(path = %path(backup).display(), done = done.is_ok(),
                    "a backup whose process was killed at the last moment is named");
            }
            Ok(_) => remove(&left),
            Err(error) if error.kind() == io::ErrorKind::NotFound && begun != backup => {
                // While its copy still has the name of a part, the process may be about to rename it.
                if !path(&format!("{backup}{PARTIAL}")).exists() && !path(backup).exists() {
                    remove(&left);
                }
            }
            Err(_) => {}
        }
    }
    Ok(())
}

/// Removes a backup. Its manifest loses its name first, so that a process that is killed here leaves what
/// [`remove_leftovers`] knows: a backup that only lacks that name, or the manifest alone.
pub fn remove_backup(path: &Path) -> io::Result<()> {
    let manifest = Manifest::path_of(path);
    let mut unnamed = manifest.clone().into_os_string();
    unnamed.push(PARTIAL);
    std::fs::rename(&manifest, &unnamed)?;
    std::fs::remove_file(path)?;
    std::fs::remove_file(&unnamed)
}

fn remove(path: &Path) {
    match std::fs::remove_file(path) {
        Ok(()) => {
            tracing::info!(path = %path.display(), "what a killed backup left behind is removed");
        }
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "what a killed backup left behind stays");
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("taskmanager-20261121T110203Z-20261121090300.db", true)]
    #[case("taskmanager-20261121T110203Z-20261121090300-2.dump", true)]
    #[case("taskmanager-20261121T110203Z-none.db", true)]
    #[case("taskmanager-20261121T110203Z-20261121090300.db.json", false)]
    #[case("taskmanager-20261121T110203Z-20261121090300.db.partial", false)]
    #[case("taskmanager-20261121T110203Z-x.db", false)]
    #[case("taskmanager-20261121T110203-1.db", false)]
    #[case("taskmanager-latest.db", false)]
    #[case("taskmanager.db", false)]
    #[case("tasks.db", false)]
    fn knows_its_own_names(#[case] name: &str, #[case] ours: bool) {
        assert_eq!(is_backup(name), ours);
    }
}

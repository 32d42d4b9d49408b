//! Room on the file systems that the service writes to: the database's, where it is a file, and the backups'.
//!
//! A PostgreSQL server's disk is not seen from here; that it is full shows as errors of the kind `full`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use metrics::gauge;

use super::metrics::{TASKMANAGER_FILESYSTEM_AVAIL_BYTES, TASKMANAGER_FILESYSTEM_SIZE_BYTES};
use crate::config::{Config, DatabaseTarget};

/// File systems to be measured, each under a word for the `volume` label; clones are the same.
#[derive(Clone, Debug, Default)]
pub struct Volumes(Arc<[(&'static str, PathBuf)]>);

impl Volumes {
    /// `database` where it is a file, and `backups` where the folder for them is known.
    ///
    /// A PostgreSQL database without `BACKUP_DIR` has neither.
    #[must_use]
    pub fn from_config(config: &Config) -> Self {
        let file = match config.database_url.target() {
            DatabaseTarget::Sqlite(file) => Some(("database", file.path.clone())),
            DatabaseTarget::Postgres(_) => None,
        };
        let set = file.is_some() || config.safety.backup_dir.is_some();
        let backups = set.then(|| config.safety.backup_folder(&config.database_url));
        Self(file.into_iter().chain(backups.map(|folder| ("backups", folder))).collect())
    }

    /// Takes the figures as they are now; a volume that cannot be asked keeps the ones it had.
    pub(super) fn publish(&self) {
        for (volume, path) in self.0.iter() {
            let Some(space) = Space::of(path) else { continue };
            gauge!(TASKMANAGER_FILESYSTEM_AVAIL_BYTES, "volume" => *volume).set(space.avail);
            gauge!(TASKMANAGER_FILESYSTEM_SIZE_BYTES, "volume" => *volume).set(space.size);
        }
    }
}

/// Room on a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Space {
    avail: f64,
    size: f64,
}

impl Space {
    /// Of the file system that a path is on, or will be on once it is made.
    fn of(path: &Path) -> Option<Self> {
        let exists = path.ancestors().find_map(|path| {
            let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
            rustix::fs::statvfs(path).ok()
        })?;
        #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 bytes, 8 PiB")]
        let bytes = |blocks: u64| blocks.saturating_mul(exists.f_frsize) as f64;
        Some(Self { avail: bytes(exists.f_bavail), size: bytes(exists.f_blocks) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_that_is_not_there_yet_is_measured_where_it_will_be() {
        let folder = tempfile::tempdir().expect("a folder");
        let whole = Space::of(folder.path()).expect("a file system");
        let inner = Space::of(&folder.path().join("no/such")).expect("the same");
        assert!((whole.size - inner.size).abs() < 0.5, "{whole:?} {inner:?}");
        assert!(whole.avail > 0.0 && whole.avail <= whole.size, "{whole:?}");
        assert!(Space::of(Path::new("a-name-without-a-folder")).is_some());
    }
}

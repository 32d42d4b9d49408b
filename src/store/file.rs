//! Notices when the database file was deleted or replaced under open connections.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::failure::Failures;

/// Which file the path leads to. Connections stay with the file that they opened, and what is written to one
/// that was deleted or replaced is lost with the process; so a change condemns them.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    seen: Mutex<Option<(u64, u64)>>,
    failures: Arc<Failures>,
}

impl File {
    pub(super) fn new(path: PathBuf, failures: Arc<Failures>) -> Self {
        let seen = Mutex::new(identity(&path));
        Self { path, seen, failures }
    }

    /// Whether a connection of this age has the file open that is there now.
    pub(super) fn is_that_of(&self, age: Duration) -> bool {
        let present = identity(&self.path);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen != present {
            tracing::warn!(path = %self.path.display(), "the database file has gone, or is another one");
            *seen = present;
            self.failures.condemn();
        }
        self.failures.none_within(age)
    }
}

/// Device and number of a file; `None` when it is not there.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

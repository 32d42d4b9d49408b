//! Notices when the database file was deleted or replaced under open connections.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Which file the path leads to. Connections stay with the file that they opened, and what is written to one
/// that was deleted or replaced is lost with the process; so those from before a change are not used again.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    seen: Mutex<Seen>,
}

#[derive(Debug)]
struct Seen {
    identity: Option<(u64, u64)>,
    changed: Option<Instant>,
}

impl File {
    pub(super) fn new(path: PathBuf) -> Self {
        let seen = Mutex::new(Seen { identity: identity(&path), changed: None });
        Self { path, seen }
    }

    /// Whether a connection that was opened then has the file open that is there now.
    pub(super) fn is_that_of(&self, opened: Instant) -> bool {
        let present = identity(&self.path);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.identity != present {
            tracing::warn!(path = %self.path.display(), "database file gone or replaced");
            *seen = Seen { identity: present, changed: Some(Instant::now()) };
        }
        seen.changed.is_none_or(|changed| opened > changed)
    }
}

/// Device and number of a file; `None` when it is not there.
pub(super) fn identity(path: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

//! Notices when the database file, or its log, was deleted or replaced under open connections.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

/// Which files the path leads to. Connections stay with those that they opened, and what is written to one
/// that was deleted or replaced is lost with the process; so those from before a change are not used again.
///
/// A log that has gone holds what was committed last, and only the connections that have it open can still move that into
/// the file: until they have, nothing is read or written.
#[derive(Debug)]
pub(super) struct File {
    path: PathBuf,
    log: PathBuf,
    seen: Mutex<Seen>,
}

type Identity = (u64, u64);

#[derive(Debug)]
struct Seen {
    identity: Option<Identity>,
    changed: Option<Instant>,
    /// The log, while there is something in it.
    log: Option<Identity>,
    log_is_lost: bool,
}

impl File {
    pub(super) fn new(path: PathBuf) -> Self {
        let identity = identity(&path);
        let seen = Mutex::new(Seen { identity, changed: None, log: None, log_is_lost: false });
        let mut log = path.clone().into_os_string();
        log.push("-wal");
        Self { path, log: log.into(), seen }
    }

    /// Whether a connection that was opened then has the file open that is there now.
    pub(super) fn is_that_of(&self, opened: Instant) -> bool {
        self.look().changed.is_none_or(|changed| opened > changed)
    }

    /// Whether the log has gone, or was replaced, that the open connections have.
    pub(super) fn has_lost_its_log(&self) -> bool {
        let mut seen = self.look();
        let found = std::fs::metadata(&self.log).ok();
        let present = found.as_ref().map(|found| (found.dev(), found.ino()));
        if seen.log.is_some() && seen.log != present && !seen.log_is_lost {
            tracing::warn!(path = %self.log.display(), "log of the database gone or replaced");
            seen.log_is_lost = true;
        }
        // An empty one holds nothing that could be lost.
        seen.log = present.filter(|_| found.is_some_and(|found| found.len() > 0));
        seen.log_is_lost
    }

    /// No connection is open that has another log than is there now.
    pub(super) fn forget_log(&self) {
        let mut seen = self.look();
        (seen.log, seen.log_is_lost) = (None, false);
    }

    fn look(&self) -> MutexGuard<'_, Seen> {
        let present = identity(&self.path);
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.identity != present {
            tracing::warn!(path = %self.path.display(), "database file gone or replaced");
            let changed = Some(Instant::now());
            // The log belongs to the file: what the next one has is its own.
            *seen = Seen { identity: present, changed, log: None, log_is_lost: false };
        }
        seen
    }
}

/// Device and number of a file; `None` when it is not there.
pub(super) fn identity(path: &Path) -> Option<Identity> {
    std::fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

//! Whether there is room for a migration, before it is begun.
//!
//! SQLite writes what it changes to the write-ahead log first, and a rebuild rewrites a whole table. The disk of
//! a PostgreSQL server cannot be seen from here.

use crate::Migration;
use schemakeep_db::disk::size_words;
use schemakeep_db::disk::{folder_of, free};
use schemakeep_db::{DatabaseTarget, DatabaseUrl};

/// What a migration needs beside what grows with the database: the record, the log, the schema.
const OVERHEAD_BYTES: u64 = 256 << 10;

/// What was found; `None` where it cannot be known.
pub(super) struct Room {
    /// Bytes that may be needed.
    pub(super) needed: u64,
    /// Bytes that are free.
    pub(super) free: u64,
    pub(super) place: String,
}

impl Room {
    /// Looks at the file system of a database's file.
    pub(super) fn look(url: &DatabaseUrl, pending: &[&Migration]) -> Option<Self> {
        let DatabaseTarget::Sqlite(file) = url.target() else { return None };
        let size = std::fs::metadata(&file.path).map_or(0, |found| found.len());
        let rebuilt = pending.iter().filter(|migration| migration.directives.rebuild).count();
        // Once in the log and once in the file for a rebuild; else at most an index as large as the rest.
        let times = if rebuilt > 0 { 2 } else { 1 };
        let folder = folder_of(&file.path);
        Some(Self {
            needed: size.saturating_mul(times).saturating_add(OVERHEAD_BYTES),
            free: free(folder).ok()?,
            place: folder.display().to_string(),
        })
    }

    pub(super) fn is_enough(&self) -> bool {
        self.free >= self.needed
    }

    pub(super) fn summary(&self) -> String {
        let (free, needed) = (size_words(self.free), size_words(self.needed));
        format!("{free} free in {}, {needed} may be needed", self.place)
    }
}

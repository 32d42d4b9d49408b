//! How many files the process may have open, and how many of them clients may take.

use rustix::process::{Resource, getrlimit, setrlimit};

use super::super::limits::{CONNECTIONS, OPS_CONNECTIONS, RESERVED_FILES};

/// Files for each connection to the database: SQLite has the database, its log and its index open.
const FILES_PER_DATABASE_CONNECTION: usize = 3;
/// However few files there may be, some clients are served.
const CONNECTIONS_MIN: usize = 16;

/// Raises the number of files that the process may have open to the most that the system allows it.
pub fn raise_open_files() {
    let mut limit = getrlimit(Resource::Nofile);
    if limit.current == limit.maximum {
        return;
    }
    let before = limit.current;
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, open_files = before, "open files limit not raised");
    }
}

/// How many connections the public listener may have open, given how many clients may follow the events and how many
/// connections there are to the database.
#[must_use]
pub fn client_connections(events_clients: u32, database_connections: u32) -> usize {
    let count = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let wanted = CONNECTIONS.saturating_add(count(events_clients));
    let Some(open_files) = getrlimit(Resource::Nofile).current else { return wanted };
    let open_files = usize::try_from(open_files).unwrap_or(usize::MAX);
    let database = count(database_connections).saturating_mul(FILES_PER_DATABASE_CONNECTION);
    let reserved = RESERVED_FILES.saturating_add(OPS_CONNECTIONS).saturating_add(database);
    let possible = open_files.saturating_sub(reserved).max(CONNECTIONS_MIN);
    if possible < wanted {
        tracing::warn!(
            connections = possible,
            wanted,
            open_files,
            "fewer connections than configured: raise the limit of open files"
        );
    }
    possible.min(wanted)
}

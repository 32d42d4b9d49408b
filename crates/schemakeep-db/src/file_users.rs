//! Processes of the service that have an SQLite file open, as far as this process may look into others.
//!
//! Linux shows the open files of a process below `/proc` to its own user and to root. Processes of other users, of
//! other machines and of other containers are not seen.

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use time::OffsetDateTime;

use crate::Program;
use crate::clock::format_seconds;
use crate::program::KnownSchema;

/// Subcommands of processes that serve nothing.
const COMMANDS: [&str; 3] = ["migrate", "backup", "restore"];

/// A process that serves from the file.
pub struct FileUser {
    pub pid: i64,
    /// When it began, in UTC as RFC 3339 has it.
    pub since: Option<String>,
    pub known: KnownSchema,
}

/// The other processes of this program that serve from a file; `None` where the system does not show them.
pub fn find(database: &Path) -> Option<Vec<FileUser>> {
    let processes = std::fs::read_dir("/proc").ok()?;
    let own = std::fs::metadata("/proc/self/exe").ok()?;
    let Ok(file) = std::fs::metadata(database) else { return Some(Vec::new()) };
    let users = processes.filter_map(Result::ok).filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse::<u32>().ok()?;
        let process = entry.path();
        if pid == std::process::id() || !serves(&process) || !has_open(&process, &file) {
            return None;
        }
        let begun = std::fs::metadata(&process).and_then(|found| found.modified()).ok();
        let same = std::fs::metadata(process.join("exe"))
            .is_ok_and(|found| (found.dev(), found.ino()) == (own.dev(), own.ino()));
        Some(FileUser {
            pid: i64::from(pid),
            since: begun.map(|begun| format_seconds(OffsetDateTime::from(begun))),
            known: if same { Program::current().known_schema() } else { KnownSchema::Unknown },
        })
    });
    Some(users.collect())
}

fn serves(process: &Path) -> bool {
    let name = std::fs::read_to_string(process.join("comm")).unwrap_or_default();
    let arguments = std::fs::read(process.join("cmdline")).unwrap_or_default();
    let is_command = |argument: &[u8]| COMMANDS.iter().any(|name| name.as_bytes() == argument);
    name.trim_end() == Program::current().name
        && !arguments.split(|byte| *byte == 0).any(is_command)
}

fn has_open(process: &Path, file: &std::fs::Metadata) -> bool {
    let Ok(open) = std::fs::read_dir(process.join("fd")) else { return false };
    open.filter_map(Result::ok).any(|entry| {
        std::fs::metadata(entry.path())
            .is_ok_and(|found| (found.dev(), found.ino()) == (file.dev(), file.ino()))
    })
}

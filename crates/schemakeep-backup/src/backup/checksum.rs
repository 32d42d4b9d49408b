//! SHA-256 of what is written and of what is read, and room on the disk for it.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::error::{BackupError, Fault};
use schemakeep_db::disk;

/// How much is read at a time; between two reads a stop is heard.
const CHUNK_BYTES: usize = 1024 * 1024;
/// What a file system needs beside the file itself.
const MARGIN_BYTES: u64 = 1024 * 1024;

/// Length and SHA-256 of a text of bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) size: u64,
    pub(super) sha256: String,
}

/// Why bytes were not copied.
#[derive(Debug)]
pub(super) enum Broken {
    /// Reading failed.
    Read(io::Error),
    /// Writing failed.
    Write(io::Error),
    /// A stop was asked for.
    Stopped,
}

/// Copies to the end and sums up what it copies.
pub(super) fn copy(
    mut from: impl Read,
    mut to: impl Write,
    stop: &CancellationToken,
) -> Result<Sum, Broken> {
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut digest = Sha256::new();
    let mut size = 0;
    loop {
        if stop.is_cancelled() {
            return Err(Broken::Stopped);
        }
        let read = match from.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Broken::Read(error)),
        };
        to.write_all(&chunk[..read]).map_err(Broken::Write)?;
        digest.update(&chunk[..read]);
        size += read as u64;
    }
    to.flush().map_err(Broken::Write)?;
    Ok(Sum { size, sha256: hex::encode(digest.finalize()) })
}

/// Sums a file up, on a thread of its own.
pub(super) async fn of_file(path: &Path, stop: &CancellationToken) -> Result<Sum, BackupError> {
    let (path, stop): (PathBuf, _) = (path.to_owned(), stop.clone());
    let reading = tokio::task::spawn_blocking(move || {
        let unreadable = |error: io::Error| Fault::Unreadable(error.to_string());
        let invalid = |fault| BackupError::Invalid { path: path.clone(), fault };
        let file = File::open(&path).map_err(|error| invalid(unreadable(error)))?;
        copy(file, io::sink(), &stop).map_err(|broken| match broken {
            Broken::Read(error) | Broken::Write(error) => invalid(unreadable(error)),
            Broken::Stopped => BackupError::Stopped,
        })
    });
    reading.await.unwrap_or(Err(BackupError::Stopped))
}

/// Refuses a copy that the disk has no room for. The estimate is an upper bound in all but odd cases: an SQLite
/// copy has no more pages than are in use, and a compressed dump is smaller than the tables without their indexes.
pub(super) fn refuse_without_room(folder: &Path, estimate: u64) -> Result<(), BackupError> {
    let free = disk::free(folder).map_err(|error| BackupError::folder(folder, &error))?;
    let needed = estimate.saturating_add(MARGIN_BYTES);
    if free >= needed {
        return Ok(());
    }
    Err(BackupError::Room { folder: folder.to_owned(), needed, free })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_up_what_it_copies() {
        let mut to = Vec::new();
        let sum = copy(&b"abc"[..], &mut to, &CancellationToken::new()).expect("a copy");
        assert_eq!(to, b"abc");
        // FIPS 180-2, appendix B.1.
        let abc = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(sum, Sum { size: 3, sha256: abc.to_owned() });
    }

    #[test]
    fn a_stop_is_heard() {
        let stop = CancellationToken::new();
        stop.cancel();
        assert!(matches!(copy(io::repeat(0), io::sink(), &stop), Err(Broken::Stopped)));
    }

    #[test]
    fn more_than_there_is_has_no_room() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(refuse_without_room(folder.path(), 0).is_ok());
        let refused =
            refuse_without_room(folder.path(), u64::MAX).expect_err("no disk is as large");
        assert!(matches!(refused, BackupError::Room { .. }), "{refused}");
    }
}

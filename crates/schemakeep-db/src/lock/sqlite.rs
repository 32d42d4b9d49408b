//! SQLite's lock: a lock of the operating system on a file beside the database.
//!
//! It ends with the process that holds it, however that ends; the file itself stays and means nothing. It
//! does not reach across machines: there each migration's `BEGIN IMMEDIATE`, and the second look
//! inside it, still lets each version happen once.

use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

use super::Attempt;
use crate::{DbError, Program};

/// The open file, locked; closing it gives the lock back.
#[derive(Debug)]
pub struct Held {
    file: File,
}

impl Held {
    /// Gives the lock back.
    pub(super) fn release(&self) {
        if let Err(error) = self.file.unlock() {
            tracing::debug!(%error, "the migration lock ends with its file");
        }
    }
}

/// Tries once.
pub(super) fn attempt(database: &Path) -> Result<Attempt<Held>, DbError> {
    let path = lock_file(database);
    let failed = |error: std::io::Error| DbError::Unusable {
        database: format!("sqlite:{}", database.display()),
        cause: format!("its lock file {} cannot be locked: {error}", path.display()),
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {
            sign(&mut file).map_err(failed)?;
            Ok(Attempt::Had(Held { file }))
        }
        Err(TryLockError::WouldBlock) => {
            let mut signature = String::new();
            // Unreadable on systems whose locks forbid that; the lock is held all the same.
            let _ = file.read_to_string(&mut signature);
            let holder = Some(signature.trim()).filter(|text| !text.is_empty());
            Ok(Attempt::HeldBy(holder.unwrap_or("an unknown process").to_owned()))
        }
        Err(TryLockError::Error(error)) => Err(failed(error)),
    }
}

/// Who holds the lock, if anybody does; without a lock file nobody ever did.
pub(super) fn holder(database: &Path) -> Result<Option<String>, DbError> {
    if !lock_file(database).exists() {
        return Ok(None);
    }
    Ok(match attempt(database)? {
        // Had for this moment only: closing the file gives it back.
        Attempt::Had(_) => None,
        Attempt::HeldBy(holder) => Some(holder),
    })
}

/// Writes who holds the lock, for those who wait.
fn sign(file: &mut File) -> std::io::Result<()> {
    file.set_len(0)?;
    file.rewind()?;
    let program = Program::current().migrator_application_name();
    write!(file, "pid {} ({program})", std::process::id())?;
    file.flush()
}

/// The file beside the database that a symbolic link leads to, so that two names share one lock.
fn lock_file(database: &Path) -> PathBuf {
    let real = database.canonicalize().unwrap_or_else(|_| database.to_owned());
    let mut name = OsString::from(real);
    name.push(".migrate.lock");
    name.into()
}

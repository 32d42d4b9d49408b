//! Which backup: the one that is named, the newest ordinary one, or the save of the last restore.

use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use tokio_util::sync::CancellationToken;

use super::RestoreError;
use crate::backup::{self, BackupError, Fault, Manifest, manifest};
use schemakeep::MigrationSet;
use schemakeep_db::{DatabaseUrl, Dialect};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted<'a> {
    /// The newest valid backup that is not the save of a restore.
    Newest,
    /// A number of the list, a name or the beginning of one, or a file.
    Named(&'a str),
    /// The newest save that a restore of the database made.
    Undo,
}

/// A backup that was read from end to end and found whole.
#[derive(Clone, Debug)]
pub struct Chosen {
    pub path: PathBuf,
    pub kind: Dialect,
    /// Its manifest; none where one is missing and that was waived.
    pub manifest: Option<Manifest>,
}

impl Chosen {
    /// Finds a backup of `of` in the folder and verifies it. `waived` lets a file without a manifest pass, and
    /// nothing else.
    ///
    /// # Errors
    ///
    /// [`RestoreError`] when there is none, or it is damaged.
    pub async fn find(
        wanted: Wanted<'_>,
        folder: &Path,
        of: &DatabaseUrl,
        waived: bool,
        stop: &CancellationToken,
    ) -> Result<Self, RestoreError> {
        let path = match wanted {
            Wanted::Newest => return Self::newest(folder, of, stop).await,
            Wanted::Named(named) => backup::find(folder, of, named)?.path,
            Wanted::Undo => {
                // The next older one would bring back another state than the restore replaced.
                let mut listed = backup::list(folder, Some(of))?.into_iter();
                let newest = listed.find(backup::Listed::is_save);
                newest.ok_or_else(|| RestoreError::NoSave { folder: folder.to_owned() })?.path
            }
        };
        Self::verified(&path, waived, stop).await
    }

    #[must_use]
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    async fn newest(
        folder: &Path,
        of: &DatabaseUrl,
        stop: &CancellationToken,
    ) -> Result<Self, RestoreError> {
        for listed in backup::list(folder, Some(of))? {
            if listed.index.is_none() {
                continue;
            }
            match Self::verified(&listed.path, false, stop).await {
                Err(RestoreError::Backup(error @ BackupError::Invalid { .. })) => {
                    tracing::warn!(%error, "a backup is passed over");
                }
                other => return other,
            }
        }
        Err(RestoreError::None { folder: folder.to_owned() })
    }

    async fn verified(
        path: &Path,
        waived: bool,
        stop: &CancellationToken,
    ) -> Result<Self, RestoreError> {
        match backup::verify(path, None, stop).await {
            Ok(verified) => {
                let kind = kind_of(&verified.manifest);
                Ok(Self { path: path.to_owned(), kind, manifest: Some(verified.manifest) })
            }
            Err(BackupError::Invalid { fault: Fault::NoManifest(_), .. }) if waived => {
                let kind = looked_at(path)
                    .ok_or_else(|| RestoreError::NotABackup { path: path.to_owned() })?;
                tracing::warn!(path = %path.display(), "restoring a file without a manifest: nothing says what it should hold");
                Ok(Self { path: path.to_owned(), kind, manifest: None })
            }
            Err(BackupError::Stopped) => Err(RestoreError::Stopped),
            Err(error) => Err(error.into()),
        }
    }

    /// Refuses what cannot be restored into this database with this program, as far as the manifest tells.
    ///
    /// # Errors
    ///
    /// [`RestoreError`] that says why.
    pub fn check(
        &self,
        url: &DatabaseUrl,
        set: &MigrationSet,
        reset_to: Option<i64>,
    ) -> Result<(), RestoreError> {
        if self.kind != url.dialect() {
            let name = |kind| match kind {
                Dialect::Sqlite => "SQLite",
                Dialect::Postgres => "PostgreSQL",
            };
            return Err(RestoreError::OtherKind {
                path: self.path.clone(),
                backup: name(self.kind),
                database: url.to_string(),
                kind: name(url.dialect()),
            });
        }
        if let Some(manifest) = &self.manifest {
            self.known(&manifest.versions, set)?;
        }
        reset_to.map_or(Ok(()), |version| self.reachable(version, set))
    }

    /// Refuses versions that the program does not know.
    pub(super) fn known(&self, versions: &[i64], set: &MigrationSet) -> Result<(), RestoreError> {
        let unknown = versions.iter().filter(|version| set.get(**version).is_none());
        let unknown: Vec<String> = unknown.map(i64::to_string).collect();
        if unknown.is_empty() {
            return Ok(());
        }
        let made = self.manifest.as_ref();
        Err(RestoreError::Newer {
            path: self.path.clone(),
            versions: unknown.join(", "),
            own: env!("CARGO_PKG_VERSION"),
            made: made.map_or_else(String::new, |made| {
                format!(" (it was made by {}, on {})", made.program, made.created_at)
            }),
        })
    }

    fn reachable(&self, version: i64, set: &MigrationSet) -> Result<(), RestoreError> {
        let refuse = |cause: String| Err(RestoreError::ResetTo { version, cause });
        if set.get(version).is_none() {
            return refuse("this program has no such version; `taskmanager migrate history` shows those that it has".to_owned());
        }
        let head = self.manifest.as_ref().and_then(|manifest| manifest.schema_version);
        let back = set.migrations().iter().filter(|migration| {
            migration.version > version && head.is_some_and(|head| migration.version <= head)
        });
        for migration in back {
            if let Some(why) = &migration.irreversible {
                return refuse(format!("migration {} cannot be undone: {why}", migration.version));
            }
        }
        Ok(())
    }
}

fn kind_of(manifest: &manifest::Manifest) -> Dialect {
    if manifest.database == Dialect::Sqlite.as_str() { Dialect::Sqlite } else { Dialect::Postgres }
}

/// What a file is by its first bytes.
fn looked_at(path: &Path) -> Option<Dialect> {
    let mut first = [0; 16];
    File::open(path).ok()?.read_exact(&mut first).ok()?;
    if first == *b"SQLite format 3\0" {
        Some(Dialect::Sqlite)
    } else {
        first.starts_with(b"PGDMP").then_some(Dialect::Postgres)
    }
}

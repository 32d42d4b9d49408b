//! Retention: the newest valid backups stay, the others go.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::error::{BackupError, Fault};
use super::manifest::Manifest;
use super::repository::{self, Listed};
use super::verify::sound_bytes;
use schemakeep_db::DatabaseUrl;

/// How many saves of restores of one database stay, whatever is kept of ordinary backups: enough to undo a restore,
/// and that again.
pub const RESTORE_SAVES_KEPT: usize = 3;

/// Backups that are counted together: of one schema, and either saves of restores or not.
type Group = (Option<String>, bool);

/// What a pruning did, or would do.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Pruned {
    /// Backups that were removed, or would be.
    pub removed: Vec<PathBuf>,
    /// Valid backups that stay.
    pub kept: Vec<PathBuf>,
    /// What is no valid backup, and stays: somebody should look at it.
    pub invalid: Vec<Invalid>,
}

/// What lies among the backups and is not valid.
#[derive(Clone, Debug, Serialize)]
pub struct Invalid {
    #[serde(serialize_with = "schemakeep_db::serialize::path")]
    pub path: PathBuf,
    pub fault: Fault,
}

/// Removes the backups of a database that are older than its newest `keep` valid ones; at least one valid one
/// stays, and so does everything that is not a backup of this database. Saves of restores are counted apart: the
/// newest [`RESTORE_SAVES_KEPT`] stay. Those that count are read from end to end before anything is removed.
///
/// # Errors
///
/// [`BackupError::Folder`] when the folder cannot be read or a backup not be removed.
pub async fn prune(
    folder: &Path,
    url: &DatabaseUrl,
    keep: usize,
    dry_run: bool,
    stop: &CancellationToken,
) -> Result<Pruned, BackupError> {
    if !dry_run && folder.is_dir() {
        repository::remove_leftovers(folder)?;
    }
    let mut pruned = Pruned::default();
    // One database may hold the tables of two installations, in schemas of their own.
    let mut groups: BTreeMap<Group, Vec<(Listed, Manifest)>> = BTreeMap::new();
    for mut listed in repository::list(folder, Some(url))? {
        match (listed.manifest.take(), listed.fault.take()) {
            (Some(manifest), None) => {
                let group = (manifest.schema.clone(), manifest.is_save());
                groups.entry(group).or_default().push((listed, manifest));
            }
            (_, fault) => {
                let fault = fault.unwrap_or(Fault::Missing);
                pruned.invalid.push(Invalid { path: listed.path, fault });
            }
        }
    }
    for ((_, are_saves), backups) in groups {
        let keep = if are_saves { RESTORE_SAVES_KEPT } else { keep.max(1) };
        sort_out(backups, keep, &mut pruned, stop).await?;
    }
    for Invalid { path, fault } in &pruned.invalid {
        tracing::warn!(path = %path.display(), %fault, "not counted among the backups, and left where it is");
    }
    if !dry_run {
        for path in &pruned.removed {
            repository::remove_backup(path).map_err(|error| BackupError::folder(folder, &error))?;
            tracing::info!(path = %path.display(), "old backup removed");
        }
    }
    Ok(pruned)
}

/// Goes from the newest to the oldest until enough valid ones are found; what comes after may go.
async fn sort_out(
    backups: Vec<(Listed, Manifest)>,
    keep: usize,
    pruned: &mut Pruned,
    stop: &CancellationToken,
) -> Result<(), BackupError> {
    // As long as nothing would be removed, nothing needs to be read.
    let few = backups.len() <= keep;
    let mut found = 0;
    for (Listed { path, .. }, _) in backups {
        if found == keep {
            pruned.removed.push(path);
            continue;
        }
        let sound = if few { Ok(()) } else { sound_bytes(&path, stop).await.map(drop) };
        match sound {
            Ok(()) => {
                found += 1;
                pruned.kept.push(path);
            }
            Err(BackupError::Invalid { fault, .. }) => pruned.invalid.push(Invalid { path, fault }),
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

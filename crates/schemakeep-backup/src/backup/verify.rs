//! Whether a backup is what its manifest says, read from end to end.

use std::path::Path;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio_util::sync::CancellationToken;

use super::error::{BackupError, Fault};
use super::manifest::Manifest;
use super::{checksum, pg_tools, repository, restore_test, sqlite};
use schemakeep_db::DatabaseUrl;

/// A backup that is whole.
#[derive(Clone, Debug, Serialize)]
pub struct Verified {
    pub manifest: Manifest,
    /// Whether it was restored into a scratch database and counted, or checked page by page, just now.
    #[serde(rename = "verified")]
    pub restored: bool,
    #[serde(rename = "duration_ms", serialize_with = "schemakeep_db::serialize::milliseconds")]
    pub took: Duration,
}

/// Reads a backup from end to end: size, SHA-256, and then what its kind allows. SQLite: every page, every reference
/// and the number of rows. PostgreSQL: the list of contents that `pg_restore` reads; with `scratch`, a restore
/// into a database of its own on that server, with the rows counted.
///
/// # Errors
///
/// [`BackupError::Invalid`] which says what is wrong; [`BackupError::Tools`] when there is nothing to read a dump
/// with; [`BackupError::Unreachable`] when the scratch database cannot be had.
pub async fn verify(
    path: &Path,
    scratch: Option<&DatabaseUrl>,
    stop: &CancellationToken,
) -> Result<Verified, BackupError> {
    let begun = Instant::now();
    let checked = check(path, scratch, stop).await;
    let shown = path.display();
    let ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    match checked {
        Ok((manifest, restored)) => {
            tracing::info!(path = %shown, duration_ms = ms, restored, "backup verified");
            Ok(Verified { manifest, restored, took: begun.elapsed() })
        }
        Err(error) => {
            if let BackupError::Invalid { fault, .. } = &error {
                tracing::warn!(path = %shown, duration_ms = ms, %fault, "backup not valid");
            }
            Err(error)
        }
    }
}

async fn check(
    path: &Path,
    scratch: Option<&DatabaseUrl>,
    stop: &CancellationToken,
) -> Result<(Manifest, bool), BackupError> {
    let invalid = |fault| BackupError::Invalid { path: path.to_owned(), fault };
    let manifest = sound_bytes(path, stop).await?;
    if manifest.database == "sqlite" {
        let contents = sqlite::check(path, true, stop).await?.map_err(invalid)?;
        same_rows(&manifest, &contents.rows).map_err(invalid)?;
        return Ok((manifest, true));
    }
    let version = manifest.tools.get("pg_dump").cloned().unwrap_or_default();
    let tools = pg_tools::Tools::to_read(&version).await?;
    let listed = restore_test::contents(&tools, path, stop).await.map_err(|error| match error {
        BackupError::Tool { program, said } => {
            invalid(Fault::Unsound(format!("{program} cannot read it: {said}")))
        }
        other => other,
    })?;
    listed.holds(&manifest).map_err(invalid)?;
    let Some(url) = scratch else { return Ok((manifest, false)) };
    let rows =
        restore_test::restored(url, &manifest, path, stop).await.map_err(|error| match error {
            BackupError::Tool { program, said } => {
                invalid(Fault::Unsound(format!("{program} cannot restore it: {said}")))
            }
            other => other,
        })?;
    same_rows(&manifest, &rows).map_err(invalid)?;
    Ok((manifest, true))
}

/// The manifest of a backup whose bytes are those that were written.
pub(super) async fn sound_bytes(
    path: &Path,
    stop: &CancellationToken,
) -> Result<Manifest, BackupError> {
    let invalid = |fault| BackupError::Invalid { path: path.to_owned(), fault };
    let manifest = match repository::glance(path) {
        (_, Some(fault)) => return Err(invalid(fault)),
        (Some(manifest), None) => manifest,
        (None, None) => return Err(invalid(Fault::Missing)),
    };
    let sum = checksum::of_file(path, stop).await?;
    if sum.sha256 != manifest.sha256 {
        return Err(invalid(Fault::Digest));
    }
    Ok(manifest)
}

/// Whether exactly these tables with exactly these numbers of rows were found.
pub(super) fn same_rows(
    manifest: &Manifest,
    found: &std::collections::BTreeMap<String, u64>,
) -> Result<(), Fault> {
    let words = |rows: Option<&u64>| rows.map_or_else(|| "no".to_owned(), u64::to_string);
    for table in manifest.rows.keys().chain(found.keys()) {
        let (expected, found) = (manifest.rows.get(table), found.get(table));
        if expected != found {
            let (expected, found) = (words(expected), words(found));
            return Err(Fault::Rows { table: table.clone(), expected, found });
        }
    }
    Ok(())
}

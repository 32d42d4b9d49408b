//! Backups: a verified copy of the whole database, with a manifest beside it that lists what it holds.
//!
//! SQLite is copied by `VACUUM INTO`, PostgreSQL by `pg_dump`, while writers go on. A backup is there whole, with
//! its manifest, or not at all, whenever its process ends.

mod checksum;
mod error;
mod find;
pub mod manifest;
mod metrics;
pub mod pg_tools;
mod postgres;
mod prune;
mod repository;
pub mod restore_test;
mod schedule;
mod sqlite;
mod verify;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

pub use error::{BackupError, Fault};
pub use find::find;
pub use manifest::Manifest;
pub use metrics::{publish_newest, watch};
pub use prune::{Invalid, Pruned, RESTORE_SAVES_KEPT, prune};
pub use repository::remove_backup as remove;
pub use repository::{Listed, list, place_of};
pub use schedule::every;
pub use verify::{Verified, verify};

use self::repository::Partial;
use schemakeep::history::read::SchemaHistory;
use schemakeep_db::Clock;
use schemakeep_db::leftovers;
use schemakeep_db::{DatabaseTarget, DatabaseUrl};

/// What [`create`] needs to know.
#[derive(Clone, Debug)]
pub struct BackupSettings {
    /// The database: a direct connection, with the right to read every table of the schema.
    pub url: DatabaseUrl,
    /// Where the backups are; made when it is missing.
    pub folder: PathBuf,
    /// How many valid backups of this database stay, at least 1.
    pub keep: usize,
    /// Whether the copy is verified at once: checked page by page (SQLite), or restored into a scratch database where
    /// the role may make one (PostgreSQL). It takes longer than the copy itself; [`verify`] can do it later.
    pub verify: bool,
    /// Cancelled when the process is to stop: nothing of the backup stays, within 5 s.
    pub stop: CancellationToken,
}

/// Why a backup is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Somebody asked for it.
    Manual,
    /// The schema is about to change.
    BeforeMigration,
    /// The database is about to be replaced.
    BeforeRestore,
    /// It was time for one.
    Scheduled,
}

impl Reason {
    /// The word in the manifest.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::BeforeMigration => "before_migration",
            Self::BeforeRestore => "before_restore",
            Self::Scheduled => "scheduled",
        }
    }
}

/// A backup that was just made.
#[derive(Clone, Debug)]
pub struct Backup {
    /// The file; its manifest lies beside it.
    pub path: PathBuf,
    pub manifest: Manifest,
    /// How long the copy took, until it was a backup on the disk but for its proof.
    pub copied: Duration,
    pub took: Duration,
    /// Older backups that were removed since.
    pub pruned: Pruned,
}

/// Makes a backup, verifies it, and removes the oldest ones that are too many, except before a restore.
///
/// # Errors
///
/// [`BackupError`], which the caller logs or shows; nothing of the backup stays then, and no older one is removed.
pub async fn create(
    settings: &BackupSettings,
    reason: Reason,
    clock: &dyn Clock,
) -> Result<Backup, BackupError> {
    let begun = Instant::now();
    let making = Making { settings, reason, at: clock.now(), begun };
    let made = making.run().await;
    metrics::ended(&made, begun.elapsed());
    let mut backup = made?;
    say(&backup);
    if reason == Reason::BeforeRestore {
        // The oldest may be the one that is being restored.
        return Ok(backup);
    }
    match prune(&settings.folder, &settings.url, settings.keep, false, &settings.stop).await {
        Ok(pruned) => backup.pruned = pruned,
        // There is one more than was asked for, which is no reason to have none.
        Err(error) => tracing::warn!(%error, "old backups were not removed"),
    }
    Ok(backup)
}

fn say(backup: &Backup) {
    let manifest = &backup.manifest;
    tracing::info!(
        path = %backup.path.display(),
        size = manifest.size,
        tasks = manifest.rows.get("tasks"),
        schema_version = manifest.schema_version,
        verified = manifest.verified,
        reason = manifest.reason,
        duration_ms = u64::try_from(backup.took.as_millis()).unwrap_or(u64::MAX),
        "backup made"
    );
}

struct Making<'a> {
    settings: &'a BackupSettings,
    reason: Reason,
    at: OffsetDateTime,
    begun: Instant,
}

impl Making<'_> {
    async fn run(&self) -> Result<Backup, BackupError> {
        if self.settings.stop.is_cancelled() {
            return Err(BackupError::Stopped);
        }
        match self.settings.url.target() {
            DatabaseTarget::Sqlite(_) => self.sqlite().await,
            DatabaseTarget::Postgres(_) => self.postgres().await,
        }
    }

    /// Takes a place in the folder, once it is known that there is room.
    fn reserve(
        &self,
        record: &SchemaHistory,
        estimate: u64,
        extension: &str,
    ) -> Result<Partial, BackupError> {
        let folder = &self.settings.folder;
        repository::make(folder)?;
        repository::remove_leftovers(folder)?;
        checksum::refuse_without_room(folder, estimate)?;
        Partial::reserve(folder, self.at, head(&versions(record)), extension)
    }

    async fn sqlite(&self) -> Result<Backup, BackupError> {
        let BackupSettings { url, folder, stop, .. } = self.settings;
        let verify = self.settings.verify;
        let mut session = sqlite::open(url, stop).await?;
        leftovers::sweep_around(url).await;
        let (mut record, size) = sqlite::measure(&mut session, url).await?;
        let (partial, contents, sum, copied) = loop {
            let partial = self.reserve(&record, size, "db")?;
            sqlite::copy(&mut session, &partial.path(), folder, stop).await?;
            let copied = self.begun.elapsed();
            let path = partial.path();
            let synced = partial.sync();
            let (contents, sum) = tokio::try_join!(
                sqlite::check(&path, verify, stop),
                checksum::of_file(&path, stop)
            )?;
            synced.await;
            let contents = contents.map_err(BackupError::Unsound)?;
            if contents.versions == versions(&record) {
                break (partial, contents, sum, copied);
            }
            // A migration came between the look and the copy, whose version is in its name.
            record = sqlite::measure(&mut session, url).await?.0;
        };
        session.close().await;
        let library = contents.library;
        let manifest = Manifest {
            rows: contents.rows,
            tools: tools_of([("server", library.clone()), ("sqlite", library)]),
            verified: verify,
            ..self.manifest(&partial, &versions(&record), sum)
        };
        self.seal(partial, manifest, copied)
    }

    async fn postgres(&self) -> Result<Backup, BackupError> {
        let BackupSettings { url, folder, stop, .. } = self.settings;
        let mut source = self.unless_stopped(postgres::Source::open(url)).await?;
        leftovers::sweep_around(url).await;
        let moment = self.unless_stopped(source.freeze()).await?;
        let partial = self.reserve(&moment.record, source.size, "dump")?;
        let dumped = source.dump(&moment, &partial, folder, url, stop).await?;
        let versions = versions(&moment.record);
        let copied = self.begun.elapsed();
        let tools = source.tools.clone();
        let mut manifest = Manifest {
            schema: Some(source.schema.clone()),
            extensions: moment.extensions,
            rows: dumped.rows,
            tools: tools_of([
                ("server", source.server.clone()),
                ("pg_dump", tools.version.clone()),
            ]),
            ..self.manifest(&partial, &versions, dumped.sum)
        };
        let may_create = source.may_create;
        // The snapshot keeps the server from cleaning up.
        source.close().await;
        manifest.verified = self.test_restore(&tools, &manifest, &partial, may_create).await?;
        self.seal(partial, manifest, copied)
    }

    /// Reads the dump back, and restores it where that is asked for and allowed.
    async fn test_restore(
        &self,
        tools: &pg_tools::Tools,
        manifest: &Manifest,
        partial: &Partial,
        may_create: bool,
    ) -> Result<bool, BackupError> {
        let BackupSettings { url, verify, stop, .. } = self.settings;
        let path = partial.path();
        let listed = restore_test::contents(tools, &path, stop).await?;
        listed.holds(manifest).map_err(BackupError::Unsound)?;
        if !verify {
            return Ok(false);
        }
        if !may_create {
            tracing::info!("the dump is not tried: this role may not create a scratch database");
            return Ok(false);
        }
        let rows = match restore_test::restored(url, manifest, &path, stop).await {
            // The dump has been read, and is better than none.
            Err(error @ BackupError::Scratch { .. }) => {
                tracing::warn!(%error, "the dump was not tried");
                return Ok(false);
            }
            other => other?,
        };
        verify::same_rows(manifest, &rows).map_err(BackupError::Unsound)?;
        Ok(true)
    }

    async fn unless_stopped<T>(
        &self,
        work: impl Future<Output = Result<T, BackupError>>,
    ) -> Result<T, BackupError> {
        tokio::select! {
            biased;
            () = self.settings.stop.cancelled() => Err(BackupError::Stopped),
            outcome = work => outcome,
        }
    }

    /// A manifest in which what only one of the databases knows is still missing.
    fn manifest(&self, partial: &Partial, versions: &[i64], sum: checksum::Sum) -> Manifest {
        let url = &self.settings.url;
        Manifest {
            format: manifest::FORMAT,
            file: partial.name().to_owned(),
            database: url.dialect().as_str().to_owned(),
            place: place_of(url),
            schema: None,
            extensions: BTreeMap::new(),
            created_at: self.at,
            schema_version: head(versions),
            versions: versions.to_vec(),
            rows: BTreeMap::new(),
            size: sum.size,
            sha256: sum.sha256,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            tools: BTreeMap::new(),
            reason: self.reason.as_str().to_owned(),
            verified: false,
        }
    }

    fn seal(
        &self,
        partial: Partial,
        manifest: Manifest,
        copied: Duration,
    ) -> Result<Backup, BackupError> {
        let path = partial.seal(&manifest)?;
        let took = self.begun.elapsed();
        Ok(Backup { path, manifest, copied, took, pruned: Pruned::default() })
    }
}

fn versions(record: &SchemaHistory) -> Vec<i64> {
    record.rows.iter().map(|row| row.version).collect()
}

fn head(versions: &[i64]) -> Option<i64> {
    versions.last().copied()
}

fn tools_of<const N: usize>(tools: [(&str, String); N]) -> BTreeMap<String, String> {
    tools.into_iter().map(|(name, version)| (name.to_owned(), version)).collect()
}

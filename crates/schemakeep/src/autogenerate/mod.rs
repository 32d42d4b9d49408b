//! Autogenerate: from the declared schema to the migrations that lead there.
//!
//! Both what the migrations make and what is declared are brought up on scratch databases of the same server and
//! read; what differs is drafted (`diff`), and what was drafted is proven on the scratch database before anybody
//! else sees it. Real databases are not touched, but for the scratch databases beside them.

mod prove;
mod renames;

use tokio_util::sync::CancellationToken;

use super::desired;
use super::desired::DesiredSchema;
use super::diff::{Difference, Draft, Rename, Unwritable, compare, draft};
use super::schema::{self, Schema};
use super::scratch::Scratch;
use super::{
    Dialect, MigrateError, MigrationSet, Migrator, MigratorOptions, NoGate, Outcome, Progress,
};
use schemakeep_db::Clock;
use schemakeep_db::DatabaseUrl;

pub use renames::{questions, settles, strangers};

/// What the migrations of one dialect make, beside what is declared for it.
#[derive(Debug)]
pub struct Side {
    pub dialect: Dialect,
    pub set: MigrationSet,
    /// Where it is declared, as people are shown it.
    pub file: String,
    /// At the last migration.
    scratch: Scratch,
    reached: Schema,
    declared: Schema,
}

impl Side {
    /// Brings both up: on the server behind the URL, or in temporary files of SQLite where there is none.
    ///
    /// # Errors
    ///
    /// [`MigrateError`]: no scratch database can be made, a migration fails, or the declared schema does.
    pub async fn bring_up(
        server: Option<&DatabaseUrl>,
        set: MigrationSet,
        declared: &DesiredSchema,
        clock: &dyn Clock,
        stop: CancellationToken,
    ) -> Result<Self, MigrateError> {
        let wanted = declare(server, declared).await?;
        let scratch = scratch(server).await?;
        let reached = async {
            climb(&scratch, &set, clock, stop).up_to(None).await?;
            read(&scratch).await
        };
        match reached.await {
            Ok(reached) => {
                let (dialect, file) = (scratch.dialect(), declared.file.clone());
                Ok(Self { dialect, set, file, scratch, reached, declared: wanted })
            }
            Err(error) => {
                discard(scratch).await;
                Err(error)
            }
        }
    }

    /// What is declared and not made, or made and not declared: expected is what is declared.
    #[must_use]
    pub fn differences(&self) -> Vec<Difference> {
        compare(&self.declared, &self.reached)
    }

    /// Throws the scratch database away.
    ///
    /// # Errors
    ///
    /// [`MigrateError`] naming what stays behind.
    pub async fn remove(self) -> Result<(), MigrateError> {
        Ok(self.scratch.remove().await?)
    }
}

/// Drafts the migrations of every side. A rename that names something in one dialect only is that one's.
///
/// # Errors
///
/// The dialect for which none can be written, and why.
pub fn drafts(sides: &[Side], renames: &[Rename]) -> Result<Vec<Draft>, (Dialect, Unwritable)> {
    let drafted = sides.iter().map(|side| {
        let differences = side.differences();
        let own = renames::of(renames, &differences);
        let drafted = draft(&side.reached, &side.declared, &own).map_err(|why| (side.dialect, why))?;
        match differences.into_iter().next().filter(|_| drafted.steps.is_empty()) {
            None => Ok(drafted),
            Some(Difference { object, .. }) => {
                let why = "it differs, and there is no step that changes it; write it by hand: `taskmanager migrate new`";
                Err((side.dialect, Unwritable { object, why: why.to_owned() }))
            }
        }
    });
    drafted.collect()
}

/// Whether the schema of a scratch database, at the last of all migrations, is the declared one: what differs.
///
/// # Errors
///
/// [`MigrateError`]: no scratch database can be made, or the declared schema fails.
pub async fn undeclared(
    server: Option<&DatabaseUrl>,
    at_last: &Scratch,
    declared: &DesiredSchema,
) -> Result<Vec<Difference>, MigrateError> {
    let wanted = declare(server, declared).await?;
    Ok(compare(&wanted, &read(at_last).await?))
}

async fn declare(
    server: Option<&DatabaseUrl>,
    declared: &DesiredSchema,
) -> Result<Schema, MigrateError> {
    let scratch = scratch(server).await?;
    let schema = declared.bring_up(scratch.url()).await;
    discard(scratch).await;
    Ok(schema?)
}

async fn scratch(server: Option<&DatabaseUrl>) -> Result<Scratch, MigrateError> {
    Ok(match server {
        Some(url) => Scratch::create(url).await?,
        None => Scratch::in_file()?,
    })
}

/// Throws away what there is another error to tell of, or none.
async fn discard(scratch: Scratch) {
    if let Err(error) = scratch.remove().await {
        tracing::warn!(%error, "a scratch database stays behind");
    }
}

async fn read(scratch: &Scratch) -> Result<Schema, MigrateError> {
    let read = schema::read_from(scratch.url()).await?;
    // The file of SQLite is made by the first migration; without any nothing has made it.
    match read {
        Some(schema) => Ok(schema),
        None => Ok(desired::declare(scratch.url(), "SELECT 1").await?),
    }
}

/// A scratch database on its way up or down through a set.
struct Climb<'a> {
    settings: MigratorOptions,
    set: MigrationSet,
    clock: &'a dyn Clock,
}

fn climb<'a>(
    scratch: &Scratch,
    set: &MigrationSet,
    clock: &'a dyn Clock,
    stop: CancellationToken,
) -> Climb<'a> {
    // Partway there the tables that a program uses need not be there.
    let set = set.clone().requiring(&[]);
    Climb { settings: MigratorOptions::of_scratch(scratch, stop), set, clock }
}

impl Climb<'_> {
    async fn up_to(&self, version: Option<i64>) -> Result<Outcome, MigrateError> {
        let progress = Progress::default();
        self.operation(&progress).up(version).await
    }

    async fn down_to(&self, version: Option<i64>) -> Result<Outcome, MigrateError> {
        let progress = Progress::default();
        self.operation(&progress).down(version).await
    }

    fn operation<'a>(&'a self, progress: &'a Progress) -> Migrator<'a> {
        Migrator {
            settings: &self.settings,
            set: &self.set,
            clock: self.clock,
            progress,
            gate: &NoGate,
        }
    }
}

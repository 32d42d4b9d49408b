//! The schema that applied migrations make, made once more where nothing can be lost.

use super::database::{OWN_DATABASE_HINT, Place};
use super::execute::{Halt, Stage};
use super::guard::refuse;
use super::table_stats::{Live, live};
use super::{RehearsalFailure, RehearsalSettings, contained, uncontained};
use crate::{
    Dialect, MigrateError, Migration, MigrationSet, Migrator, MigratorOptions, NoGate, Progress,
    cancel,
};
use schemakeep_db::Clock;
use schemakeep_db::scratch::Scratch;
use schemakeep_schema::desired;
use schemakeep_schema::schema::{self, Schema};

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Recreated {
    /// The schema, and where it was made, in words.
    Made(Box<Schema>, String),
    /// There is no place for it, or an applied file does not go through once more; and what to set or change.
    Not(String),
}

/// Runs the applied migrations, all of which the set has, on an empty scratch place, and reads what they make.
///
/// # Errors
///
/// [`MigrateError`]: the live database cannot be read, the scratch place fails, or a stop was asked for.
pub(crate) async fn recreate(
    settings: &RehearsalSettings,
    set: &MigrationSet,
    applied: &[i64],
    clock: &dyn Clock,
) -> Result<Recreated, MigrateError> {
    match settings.url.dialect() {
        Dialect::Postgres => Box::pin(in_place(settings, set, applied)).await,
        Dialect::Sqlite => in_file(settings, set, applied, clock).await,
    }
}

async fn in_place(
    settings: &RehearsalSettings,
    set: &MigrationSet,
    applied: &[i64],
) -> Result<Recreated, MigrateError> {
    let live = cancel::run_until_cancelled(&settings.stop, live(&settings.url)).await?;
    let place = match Place::make(settings, &live).await? {
        Ok(place) => place,
        Err(why) => return Ok(Recreated::Not(why)),
    };
    let migrations: Vec<&Migration> =
        set.migrations().iter().filter(|m| applied.contains(&m.version)).collect();
    let outcome = contained(&settings.stop, perform(&place, &live, &migrations)).await;
    place.discard().await;
    uncontained(outcome)
}

async fn perform(
    place: &Place,
    live: &Live,
    migrations: &[&Migration],
) -> Result<Recreated, MigrateError> {
    let failed = || MigrateError::database("opening the scratch place");
    let mut stage = Stage::open(place, live).await.map_err(failed())?;
    let made = async {
        if let Some(why) = migrations.iter().find_map(|m| refuse(m, stage.fence.as_ref())) {
            return Err(Halt::Cannot(why));
        }
        for migration in migrations {
            stage.bring_up(migration).await?;
        }
        Ok(schema::read(&mut stage.session).await?)
    };
    let recreated = match made.await {
        Ok(schema) => Recreated::Made(Box::new(schema), place.words.clone()),
        Err(Halt::Failed(RehearsalFailure { message: why, .. }) | Halt::Cannot(why)) => {
            Recreated::Not(format!("{why}; {OWN_DATABASE_HINT}"))
        }
        Err(Halt::Error(error)) => return Err(error),
    };
    stage.close().await;
    Ok(recreated)
}

async fn in_file(
    settings: &RehearsalSettings,
    set: &MigrationSet,
    applied: &[i64],
    clock: &dyn Clock,
) -> Result<Recreated, MigrateError> {
    let scratch = Scratch::in_file()?;
    let set = set.clone().requiring(&[]);
    let of_scratch = MigratorOptions::of_scratch(&scratch, settings.stop.clone());
    let progress = Progress::default();
    let operation =
        Migrator { settings: &of_scratch, set: &set, clock, progress: &progress, gate: &NoGate };
    let made = async {
        // Nothing at all would be everything.
        if let Some(head) = applied.iter().copied().max() {
            operation.up(Some(head)).await?;
        }
        match schema::read_from(scratch.url()).await? {
            Some(schema) => Ok::<_, MigrateError>(schema),
            None => Ok(desired::declare(scratch.url(), "SELECT 1").await?),
        }
    };
    let made = made.await;
    scratch.remove().await?;
    Ok(Recreated::Made(Box::new(made?), "a temporary file".to_owned()))
}

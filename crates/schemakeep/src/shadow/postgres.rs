//! A rehearsal on PostgreSQL, from making its place to removing it.

use super::database::{OWN_DATABASE_HINT, Place};
use super::execute::{Halt, Stage};
use super::guard::refuse;
use super::table_stats::{Live, live};
use super::{Rehearsal, RehearsalSettings, contained, uncontained};
use crate::{MigrateError, Migration, MigrationSet, cancel};
use schemakeep_schema::snapshot::snapshot;

pub(super) async fn rehearse(
    settings: &RehearsalSettings,
    set: &MigrationSet,
    applied: &[i64],
    pending: &[&Migration],
) -> Result<Rehearsal, MigrateError> {
    let begun: Vec<&Migration> =
        set.migrations().iter().filter(|m| applied.contains(&m.version)).collect();
    if begun.len() < applied.len() {
        return Ok(Rehearsal::nowhere(
            "this program does not have all the migrations that are applied; rehearse with the one that has",
        ));
    }
    let live = cancel::run_until_cancelled(&settings.stop, live(&settings.url)).await?;
    let place = match Place::make(settings, &live).await? {
        Ok(place) => place,
        Err(why) => return Ok(Rehearsal::nowhere(why)),
    };
    let outcome =
        contained(&settings.stop, Box::pin(perform(&place, &live, &begun, pending))).await;
    place.discard().await;
    uncontained(outcome)
}

async fn perform(
    place: &Place,
    live: &Live,
    begun: &[&Migration],
    pending: &[&Migration],
) -> Result<Rehearsal, MigrateError> {
    let failed = || MigrateError::database("opening the scratch place");
    let mut stage = Stage::open(place, live).await.map_err(failed())?;
    let mut rehearsal = Rehearsal { place: place.words.clone(), ..Rehearsal::default() };
    match run(&mut stage, begun, pending, &mut rehearsal).await {
        Ok(()) => {}
        Err(Halt::Failed(failure)) => rehearsal.failure = Some(failure),
        Err(Halt::Cannot(why)) => {
            rehearsal.not_rehearsed = Some(format!("{why}; {OWN_DATABASE_HINT}"));
            if rehearsal.migrations.is_empty() {
                rehearsal.place.clear();
            }
        }
        Err(Halt::Error(error)) => return Err(error),
    }
    stage.close().await;
    Ok(rehearsal)
}

async fn run(
    stage: &mut Stage<'_>,
    begun: &[&Migration],
    pending: &[&Migration],
    rehearsal: &mut Rehearsal,
) -> Result<(), Halt> {
    let beyond = begun.iter().chain(pending).find_map(|m| refuse(m, stage.fence.as_ref()));
    if let Some(why) = beyond {
        return Err(Halt::Cannot(why));
    }
    for applied in begun {
        stage.bring_up(applied).await?;
    }
    stage.fill().await?;
    for migration in pending {
        stage.rehearse(migration, &mut rehearsal.migrations).await?;
    }
    rehearsal.schema = snapshot(&mut stage.session).await?;
    Ok(())
}

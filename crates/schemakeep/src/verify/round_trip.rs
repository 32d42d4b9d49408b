//! One version: up, down and up again, with rows in the tables.

use std::collections::BTreeSet;

use super::Proof;
use super::difference::{Moment, compare};
use super::table_data::{Content, content, empty};
use crate::{MigrateError, Migration, Migrator};
use schemakeep_db::connection::Session;
use schemakeep_schema::seed::{Filled, fill_tables};
use schemakeep_schema::snapshot::{Snapshot, snapshot};

/// How many rows every table gets at every version.
const ROWS_PER_TABLE: usize = 50;

/// What was seen of a database.
struct Seen {
    schema: Snapshot,
    content: Content,
}

/// Tries one version, on a database that is at the one before; and says whether the next one can be tried.
pub(super) async fn trip(
    session: &mut Session,
    operation: Migrator<'_>,
    migration: &Migration,
    before: Option<i64>,
) -> Result<(Proof, bool), MigrateError> {
    let mut trip = Trip { session, migration, differences: Vec::new(), notes: Vec::new() };
    trip.fill(|_| true).await?;
    let earlier = trip.look().await?;
    let had_rows = trip.up(operation, &earlier.content).await?;
    let here = trip.look().await?;
    // Rows in the tables that are new here: they must not be in the way of going back.
    let old: BTreeSet<&str> = earlier.content.tables().collect();
    let made_after = !had_rows;
    trip.fill(|table| made_after || !old.contains(table)).await?;
    let after = if made_after { trip.look().await? } else { here };
    let filled = trip.look().await?.content;
    let rows = filled.rows().map(|(table, rows)| (table.to_owned(), rows)).collect();
    let mut goes_on = true;
    if migration.irreversible.is_none() {
        operation.down(before).await?;
        let undone = trip.look().await?;
        trip.compare_schemas("down", &earlier.schema, &undone.schema);
        if had_rows {
            let moment = Moment { name: "going down", between: &after.content };
            trip.compare_content(&earlier.content, &moment, &undone.content);
        }
        match operation.up(Some(migration.version)).await {
            Ok(_) => {
                let again = trip.look().await?;
                trip.compare_schemas("up again", &after.schema, &again.schema);
                let moment = Moment { name: "going up again", between: &undone.content };
                trip.compare_content(&after.content, &moment, &again.content);
            }
            // What was left over is why: say that, and not only what it led to.
            Err(error) if made_after || !trip.differences.is_empty() => {
                trip.differences.push(format!("up again: {error}"));
                goes_on = false;
            }
            Err(error) => return Err(error),
        }
    }
    let proof = Proof {
        version: migration.version,
        description: migration.description.clone(),
        differences: trip.differences,
        notes: trip.notes,
        rows,
        irreversible: migration.irreversible.clone(),
    };
    Ok((proof, goes_on))
}

struct Trip<'a> {
    session: &'a mut Session,
    migration: &'a Migration,
    differences: Vec<String>,
    notes: Vec<String>,
}

impl Trip<'_> {
    /// Goes up for the first time. Rows that the new schema has no place for, such as one without a value that is
    /// now needed, are taken away then; `false`: it went up with empty tables.
    async fn up(&mut self, operation: Migrator<'_>, had: &Content) -> Result<bool, MigrateError> {
        let version = Some(self.migration.version);
        let refused = match operation.up(version).await {
            Ok(_) => return Ok(true),
            Err(error @ (MigrateError::Failed { .. } | MigrateError::StepFailed(_)))
                if had.rows().any(|(_, rows)| rows > 0) =>
            {
                error
            }
            Err(error) => return Err(error),
        };
        let failed = MigrateError::database("emptying the scratch database");
        empty(self.session).await.map_err(failed)?;
        operation.up(version).await?;
        self.notes.push(format!(
            "not every row that could be there goes up, so it was tried with rows made after it: {refused}"
        ));
        Ok(false)
    }

    async fn fill(&mut self, wanted: impl Fn(&str) -> bool) -> Result<(), MigrateError> {
        let failed = MigrateError::database("filling the scratch database");
        let seed = self.migration.version.unsigned_abs();
        let filled =
            fill_tables(self.session, ROWS_PER_TABLE, seed, wanted).await.map_err(failed)?;
        self.say_what_is_empty(&filled);
        Ok(())
    }

    async fn look(&mut self) -> Result<Seen, MigrateError> {
        let failed = || MigrateError::database("reading the scratch database");
        let schema = snapshot(self.session).await.map_err(failed())?;
        Ok(Seen { schema, content: content(self.session).await.map_err(failed())? })
    }

    fn say_what_is_empty(&mut self, filled: &Filled) {
        for table in filled.tables.iter().filter(|table| table.rows == 0) {
            let why = table.why.as_deref().unwrap_or("nothing was tried");
            self.notes.push(format!("{}: no row could be made: {why}", table.table));
        }
    }

    fn compare_schemas(&mut self, way: &str, expected: &Snapshot, found: &Snapshot) {
        let missing = expected.difference(found).map(|line| format!("after {way} missing: {line}"));
        let extra = found.difference(expected).map(|line| format!("after {way} left over: {line}"));
        self.differences.extend(missing.chain(extra));
    }

    fn compare_content(&mut self, expected: &Content, moment: &Moment<'_>, found: &Content) {
        let compared = compare(expected, moment, found);
        self.differences.extend(compared.differences);
        self.notes.extend(compared.notes);
    }
}

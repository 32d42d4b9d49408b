//! Whether new migrations do what they were drafted for: tried on the scratch database, and read by the linter.

use tokio_util::sync::CancellationToken;

use super::{Side, climb, read};
use crate::lint::{Finding, lint};
use crate::{MigrateError, Migration, MigrationSet, NewMigration};
use schemakeep_db::Clock;
use schemakeep_files::files::{Direction, Pair};
use schemakeep_schema::diff::{Difference, Planned, compare};
use schemakeep_schema::schema::Schema;

impl Side {
    /// Applies the migrations of `set` that are newer than this side's, one by one, and goes back as far as that can
    /// be: the last must make the declared schema, and each way down the schema that was before. Returns what does
    /// not, in words; none when all is well.
    ///
    /// # Errors
    ///
    /// [`MigrateError`] of the file that fails.
    pub async fn prove(
        &self,
        set: &MigrationSet,
        clock: &dyn Clock,
        stop: CancellationToken,
    ) -> Result<Vec<String>, MigrateError> {
        let climb = climb(&self.scratch, set, clock, stop);
        let (mut faults, mut before) = (Vec::new(), vec![self.reached.clone()]);
        let new: Vec<&Migration> = self.new_of(set).collect();
        for migration in &new {
            climb.up_to(Some(migration.version)).await?;
            before.push(read(&self.scratch).await?);
        }
        let reached = before.pop();
        let differences = reached.map(|reached| compare(&self.declared, &reached));
        faults.extend(faults_of("after the last one", &differences.unwrap_or_default()));
        for (migration, expected) in new.iter().zip(&before).rev() {
            if migration.irreversible.is_some() {
                break;
            }
            let below = set.migrations().iter().rev().map(|other| other.version);
            climb.down_to(below.into_iter().find(|other| *other < migration.version)).await?;
            let found: Schema = read(&self.scratch).await?;
            let moment = format!("after {}", migration.down_file());
            faults.extend(faults_of(&moment, &compare(expected, &found)));
        }
        Ok(faults)
    }

    /// This side's migrations and those that are to be written, as if they were there.
    ///
    /// # Errors
    ///
    /// [`MigrateError::Files`], with every directive that is wrong.
    pub fn with(
        &self,
        planned: &[Planned],
        laid_out: &[NewMigration],
    ) -> Result<MigrationSet, MigrateError> {
        let pair = |(planned, new): (&Planned, &NewMigration)| Pair {
            version: new.version,
            name: new.name.clone(),
            up: planned.text(self.dialect, Direction::Up),
            down: planned.text(self.dialect, Direction::Down),
        };
        self.set.and(planned.iter().zip(laid_out).map(pair).collect())
    }

    /// What the linter says of the migrations of `set` that are newer than this side's.
    #[must_use]
    pub fn findings(&self, set: &MigrationSet) -> Vec<Finding> {
        let new: Vec<i64> = self.new_of(set).map(|migration| migration.version).collect();
        lint(set, self.dialect, |version| new.contains(&version))
    }

    fn new_of<'a>(&self, set: &'a MigrationSet) -> impl Iterator<Item = &'a Migration> {
        let newest = self.set.migrations().last().map(|migration| migration.version);
        set.migrations().iter().filter(move |migration| Some(migration.version) > newest)
    }
}

fn faults_of(moment: &str, differences: &[Difference]) -> Vec<String> {
    let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "nothing".to_owned());
    let fault = |difference: &Difference| {
        let (expected, found) = (shown(&difference.expected), shown(&difference.found));
        format!("{moment}: {}: {expected} expected, {found} found", difference.object)
    };
    differences.iter().map(fault).collect()
}

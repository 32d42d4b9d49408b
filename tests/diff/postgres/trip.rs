//! The way from one schema to another and back, step by step with the real runner.

use schemakeep::diff::{Draft, compare};
use schemakeep::files::Direction;
use schemakeep::lint::{Severity, lint};
use schemakeep::schema::Schema;
use schemakeep::{Dialect, MigrationSet};

use super::place::{self, Place, Runner};

/// The version of the migration that stands for the schema before.
const BASE: i64 = 20_300_101_000_000;

/// A draft written to files, after the declared schema that it begins with.
#[derive(Debug)]
pub(super) struct Trip {
    pub(super) set: MigrationSet,
}

/// The version of a draft's step, from 0: a second after the one before it.
fn version(step: usize) -> i64 {
    let step = 1 + i64::try_from(step).expect("not so many steps");
    BASE + step / 60 * 100 + step % 60
}

impl Trip {
    /// Writes the files into a folder and reads them again.
    pub(super) fn new(from: &str, draft: &Draft) -> Result<Self, String> {
        let folder = tempfile::tempdir().unwrap();
        let write = |version: i64, name: &str, way: Direction, text: &str| {
            let file = format!("{version}_{name}.{}.sql", way.as_str());
            std::fs::write(folder.path().join(file), text).unwrap();
        };
        let base = format!("-- compat: additive\n{from}");
        write(BASE, "declare_schema", Direction::Up, &base);
        write(BASE, "declare_schema", Direction::Down, "-- irreversible: the beginning\n");
        for (at, step) in draft.steps.iter().enumerate() {
            for way in [Direction::Up, Direction::Down] {
                write(version(at), &step.name, way, &step.text(way));
            }
        }
        let set = MigrationSet::from_directory(folder.path()).map_err(|error| error.to_string())?;
        Ok(Self { set })
    }

    /// What the linter finds in the draft's files: errors, and waivers, which no draft may need.
    pub(super) fn findings(&self) -> Vec<String> {
        let found = lint(&self.set, Dialect::Postgres, |version| version > BASE);
        let errors = found.iter().filter(|finding| finding.severity == Severity::Error);
        let mut found: Vec<String> =
            errors.map(|it| format!("{}:{}: {}: {}", it.file, it.line, it.rule, it.why)).collect();
        for migration in self.set.migrations() {
            let waivers =
                migration.directives.waivers.iter().chain(&migration.down_directives.waivers);
            found.extend(waivers.map(|it| format!("{}: waives {}", migration.version, it.rule)));
        }
        found
    }

    fn runner<'a>(&'a self, place: &'a Place) -> Runner<'a> {
        Runner { url: &place.live, set: &self.set }
    }

    /// Records the schema that is there as the beginning.
    pub(super) async fn begin(&self, place: &Place) {
        self.runner(place).stamp(BASE).await;
    }

    /// Applies every step.
    pub(super) async fn up(&self, place: &Place) -> Result<(), String> {
        self.runner(place).up(None).await
    }

    /// Undoes every step that can be undone, from the last on.
    pub(super) async fn down(&self, place: &Place) -> Result<(), String> {
        self.runner(place).down(self.furthest_back()).await
    }

    /// The lowest version to which there is a way back.
    fn furthest_back(&self) -> i64 {
        let stuck = self.set.migrations().iter().rev().find(|it| it.irreversible.is_some());
        stuck.map_or(BASE, |migration| migration.version)
    }

    /// Whether there is a way back to the beginning.
    pub(super) fn is_reversible(&self) -> bool {
        self.furthest_back() == BASE
    }

    /// Applies one step after the other, and returns the schema as it was before the first and after each. What an
    /// author does by hand comes after so many.
    pub(super) async fn there(
        &self,
        place: &Place,
        before: &Schema,
        by_hand: Option<&(usize, String)>,
    ) -> Result<Vec<Schema>, String> {
        let mut stages = vec![before.clone()];
        for migration in &self.set.migrations()[1..] {
            self.runner(place).up(Some(migration.version)).await?;
            if let Some((_, statements)) = by_hand.filter(|(after, _)| *after == stages.len()) {
                place::run(&mut place.connect().await, statements).await;
            }
            stages.push(place.now().await);
        }
        Ok(stages)
    }

    /// Undoes them so, as far as there is a way: each leads back to exactly the schema before it.
    pub(super) async fn back(&self, place: &Place, stages: &[Schema]) -> Result<(), String> {
        for (migration, stage) in self.set.migrations().iter().zip(stages).rev().skip(1) {
            if migration.version < self.furthest_back() {
                break;
            }
            self.runner(place).down(migration.version).await?;
            let what = format!("after the way back to {}", migration.up_file());
            same(&what, stage, &place.now().await)?;
        }
        Ok(())
    }
}

/// Says in what two schemas differ that should be the same.
pub(super) fn same(what: &str, expected: &Schema, found: &Schema) -> Result<(), String> {
    let differences = compare(expected, found);
    if expected == found && differences.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = differences
        .iter()
        .map(|it| format!("{}\n  expected {:?}\n  found    {:?}", it.object, it.expected, it.found))
        .collect();
    let lines = lines.join("\n");
    Err(format!("{what} the schema is another (equal: {}):\n{lines}", expected == found))
}

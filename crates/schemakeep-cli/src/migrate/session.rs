//! What the commands that change the schema share: the setting of an operation, the confirmation, the report.

use schemakeep_db::plural;
use std::fmt;
use std::io::{IsTerminal, stderr};
use std::pin::pin;
use std::process::ExitCode;

use serde::Serialize;

use super::common::{Common, USAGE, fail_after};
use crate::Host;
use crate::confirm::{Answer, NOBODY_THERE, NOT_CONFIRMED, ask};
use crate::output::{self, SchemaSummary};
use schemakeep::data_loss::{DataLoss, data_losses};
use schemakeep::{
    Done, GateSteps, Inspector, MigrateError, Migration, MigrationSet, Migrator, MigratorOptions,
    Outcome, Progress, StateReport, Step,
};
use schemakeep_db::DatabaseUrl;
use schemakeep_db::SystemClock;

/// Longest wait for the database's answer to a look.
const ANSWER_WITHIN: std::time::Duration = std::time::Duration::from_secs(10);

/// How often progress is looked at for a person: what is over sooner needs no word.
const LOOK_EVERY: std::time::Duration = std::time::Duration::from_millis(200);

/// The step after the migrations, which is printed after them.
const COMPARE_STEP: &str = "compare";

/// What is logged unless `RUST_LOG` says more: what a person cannot see in the report, such as who is waited for.
const LOG_FILTER: &str = "warn,schemakeep_db::lock=info,schemakeep_db::retry=info";

/// Everything that an operation needs, owned.
pub(super) struct Operating {
    pub(super) settings: MigratorOptions,
    pub(super) set: MigrationSet,
    clock: SystemClock,
    progress: Progress,
}

impl Operating {
    /// Sets an operation up; the log goes to standard error, as everywhere.
    pub(super) fn new(
        common: &Common,
        host: &dyn Host,
    ) -> anyhow::Result<Result<Self, MigrateError>> {
        host.start_logging(LOG_FILTER)?;
        let set = match common.set(host, host.url()) {
            Ok(set) => set,
            Err(error) => return Ok(Err(error)),
        };
        let settings = host.migrator_options(host.stop_token()?);
        Ok(Ok(Self { settings, set, clock: SystemClock, progress: Progress::default() }))
    }

    pub(super) fn url(&self) -> &DatabaseUrl {
        &self.settings.url
    }

    pub(super) fn operation(&self) -> Migrator<'_> {
        Migrator {
            settings: &self.settings,
            set: &self.set,
            clock: &self.clock,
            progress: &self.progress,
            gate: &GateSteps,
        }
    }

    /// Waits for an operation; meanwhile each step is printed as it ends, and on a terminal the migration
    /// that runs.
    pub(super) async fn watched<T>(&self, common: &Common, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        let (mut shown, mut steps) = (None, 0);
        loop {
            tokio::select! {
                outcome = &mut work => {
                    self.show_steps(common, &mut steps);
                    return outcome;
                }
                _ = ticks.tick() => {
                    self.show_steps(common, &mut steps);
                    let now = self.progress.snapshot();
                    if let Some(version) = now.version.filter(|version| shown != Some(*version)) {
                        shown = Some(version);
                        if stderr().is_terminal() {
                            eprintln!("running {version}, {} of {} …", now.done + 1, now.total);
                        }
                    }
                }
            }
        }
    }

    /// Prints the steps that have ended since the last look.
    fn show_steps(&self, common: &Common, shown: &mut usize) {
        let steps = self.progress.snapshot().steps;
        if !common.json {
            for step in steps[*shown..].iter().filter(|step| step.name != COMPARE_STEP) {
                // Anyone who has closed the pipe wants no more; the operation goes on.
                let _ = output::text(&format!("{step}\n"));
            }
        }
        *shown = steps.len();
    }

    /// Says what failed, and with `--json` the steps before it.
    pub(super) fn fail_with(
        &self,
        common: &Common,
        error: &MigrateError,
    ) -> anyhow::Result<ExitCode> {
        let steps = self.progress.snapshot().steps;
        fail_after(common.json, Some(&steps), &error.to_string(), error.exit_code())
    }

    /// The state as it is now, without waiting for the database.
    pub(super) async fn report(&self) -> Result<StateReport, String> {
        let inspector = Inspector::new(self.url().clone(), self.set.clone());
        let report = inspector.report(ANSWER_WITHIN).await;
        report.map_err(|error| format!("database {} cannot be read: {error}", self.url()))
    }

    /// Says what going back would lose and asks for it; `None` when it may go on.
    pub(super) async fn confirm(
        &self,
        common: &Common,
        yes: bool,
        migrations: &[&Migration],
    ) -> anyhow::Result<Option<ExitCode>> {
        let data_losses = match data_losses(self.url(), migrations).await {
            Ok(data_losses) => data_losses,
            Err(error) => {
                let message = format!("database {} cannot be read: {error}", self.url());
                return common.fail(&message, super::common::UNREACHABLE).map(Some);
            }
        };
        let words = in_words(migrations, &data_losses);
        eprintln!("{words}");
        if yes {
            return Ok(None);
        }
        match ask(&self.settings.stop).await? {
            Answer::Yes => Ok(None),
            Answer::No => common.fail(NOT_CONFIRMED, 1).map(Some),
            Answer::NobodyThere => common.fail(NOBODY_THERE, USAGE).map(Some),
        }
    }
}

fn in_words(migrations: &[&Migration], data_losses: &[DataLoss]) -> String {
    let versions: Vec<String> =
        migrations.iter().map(|m| format!("  {}  {}", m.version, m.description)).collect();
    let lost: Vec<String> = data_losses
        .iter()
        .map(|loss| format!("  {}: {}", loss.what, plural(loss.rows, "row")))
        .collect();
    let lost = if lost.is_empty() {
        "no data loss detected in the down files".to_owned()
    } else {
        format!("this data is lost, unless a backup has it:\n{}", lost.join("\n"))
    };
    format!("to be reverted, newest first:\n{}\n{lost}", versions.join("\n"))
}

/// The versions that a command has dealt with, under the JSON key that is also the verb of the text.
#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Changes {
    Applied(Vec<Done>),
    Reverted(Vec<Done>),
    Stamped(Vec<Done>),
    Repaired(Vec<Done>),
    WouldApply(#[serde(serialize_with = "output::versions")] Vec<Done>),
}

#[derive(Serialize)]
struct Report {
    #[serde(flatten)]
    changes: Changes,
    steps: Vec<Step>,
    #[serde(flatten)]
    schema: SchemaSummary,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (verb, done) = match &self.changes {
            Changes::Applied(done) => ("applied", done),
            Changes::Reverted(done) => ("reverted", done),
            Changes::Stamped(done) => ("stamped", done),
            Changes::Repaired(done) => ("repaired", done),
            Changes::WouldApply(done) => {
                for Done { version, description, .. } in done {
                    writeln!(f, "would apply {version}  {description}")?;
                }
                let end = if done.is_empty() { "nothing to do" } else { "nothing was changed" };
                return writeln!(f, "{end}");
            }
        };
        for Done { version, description, took } in done {
            let milliseconds = took.as_secs_f64() * 1_000.0;
            writeln!(f, "{verb} {version}  {description} ({milliseconds:.1} ms)")?;
        }
        if done.is_empty() {
            writeln!(f, "nothing to do")?;
        }
        let mut compared = self.steps.iter().filter(|step| step.name == COMPARE_STEP);
        compared.try_for_each(|step| writeln!(f, "{step}"))?;
        writeln!(f, "{}", self.schema)
    }
}

/// Prints what was done, or would be.
pub(super) fn print(
    common: &Common,
    operating: &Operating,
    outcome: Outcome,
    changes: fn(Vec<Done>) -> Changes,
) -> anyhow::Result<ExitCode> {
    let report = Report {
        changes: changes(outcome.done),
        steps: operating.progress.snapshot().steps,
        schema: SchemaSummary::from(&outcome.report),
    };
    output::report(common.json, &report)?;
    Ok(ExitCode::SUCCESS)
}

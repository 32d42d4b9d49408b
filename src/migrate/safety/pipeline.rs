//! The steps before a migration is applied, in their order; the first that finds something stops it, with
//! nothing changed.

use std::time::Instant;

use super::backing::{self, Backing};
use super::step::{Step, Verdict};
use crate::migrate::change::{Change, changes};
use crate::migrate::journal::Notes;
use crate::migrate::lint::{Finding, Severity, lint};
use crate::migrate::operation::Operation;
use crate::migrate::script::Script;
use crate::migrate::{Dialect, MigrateError, Migration};

/// What the steps before have brought about, for those after.
#[derive(Debug, Default)]
pub(in crate::migrate) struct Clearance {
    /// For the log of each file.
    pub(in crate::migrate) notes: Notes,
}

/// The steps for these migrations.
pub(in crate::migrate) struct Pipeline<'a> {
    operation: &'a Operation<'a>,
    pending: Vec<&'a Migration>,
    /// Looks only: no backup.
    dry: bool,
}

/// What one step has found.
struct Found {
    words: String,
    /// Details, whether or not they stop it.
    details: Vec<String>,
    /// Why it may not go on, and what mends it.
    stop: Option<String>,
}

impl<'a> Pipeline<'a> {
    pub(in crate::migrate) fn new(
        operation: &'a Operation<'a>,
        scripts: impl Iterator<Item = Script<'a>>,
        dry: bool,
    ) -> Self {
        let pending = scripts.map(|script| script.migration).collect();
        Self { operation, pending, dry }
    }

    /// Takes every step.
    pub(in crate::migrate) async fn clear(self) -> Result<Clearance, MigrateError> {
        let mut clearance = Clearance::default();
        if self.pending.is_empty() {
            return Ok(clearance);
        }
        let safety = &self.operation.settings.safety;
        let mut forced = Vec::new();
        if safety.checks {
            let begun = Instant::now();
            forced.extend(self.judge("lint", begun, self.lint())?);
        }
        clearance.notes.backup = self.back_up().await?;
        if !forced.is_empty() {
            clearance.notes.forced = Some(format!("--force: {}", forced.join("; ")));
        }
        Ok(clearance)
    }

    /// Reports a step, and stops where it must. What was passed by force comes back.
    fn judge(
        &self,
        name: &'static str,
        begun: Instant,
        found: Found,
    ) -> Result<Option<String>, MigrateError> {
        let Found { words, details, stop } = found;
        let force = self.operation.settings.safety.force;
        let verdict = match &stop {
            None => Verdict::Passed,
            Some(_) if force => Verdict::Forced,
            Some(_) => Verdict::Stopped,
        };
        let step = Step {
            name,
            verdict,
            words: words.clone(),
            details: details.clone(),
            took: begun.elapsed(),
        };
        self.report(step);
        match (stop, verdict) {
            (Some(mend), Verdict::Stopped) => {
                Err(MigrateError::Unsafe { step: name, words, details, mend })
            }
            (Some(_), _) => Ok(Some(format!("{name}: {words}"))),
            (None, _) => Ok(None),
        }
    }

    fn report(&self, step: Step) {
        let milliseconds = u64::try_from(step.took.as_millis()).unwrap_or(u64::MAX);
        let (name, verdict, words) = (step.name, step.verdict.as_str(), &step.words);
        match step.verdict {
            Verdict::Passed | Verdict::Skipped => {
                tracing::info!(step = name, verdict, words, milliseconds, "migration check");
            }
            Verdict::Forced | Verdict::Stopped => {
                tracing::warn!(step = name, verdict, words, milliseconds, "migration check");
            }
        }
        self.operation.progress.stepped(step);
    }

    /// A backup, where one is wanted and can be made; its file.
    async fn back_up(&self) -> Result<Option<String>, MigrateError> {
        let (operation, begun) = (self.operation, Instant::now());
        let outcome = backing::back_up(&operation.settings, operation.clock, self.dry).await;
        let step = |verdict, words, details| {
            self.report(Step { name: "backup", verdict, words, details, took: begun.elapsed() });
        };
        match outcome {
            Ok(Backing::Made { file, words }) => {
                step(Verdict::Passed, words, Vec::new());
                Ok(Some(file))
            }
            Ok(Backing::Without { why }) => {
                step(Verdict::Skipped, why, Vec::new());
                Ok(None)
            }
            Err(error) => {
                step(Verdict::Stopped, error.to_string(), Vec::new());
                Err(MigrateError::Backup(Box::new(error)))
            }
        }
    }

    fn lint(&self) -> Found {
        let Operation { set, settings, .. } = self.operation;
        let dialect = Dialect::of(&settings.url);
        let concerned = |version| self.pending.iter().any(|m| m.version == version);
        let mut details = self.protected_dropped(dialect);
        let findings = lint(set, dialect, concerned);
        let (grave, slight): (Vec<_>, Vec<_>) =
            findings.iter().partition(|finding| finding.severity == Severity::Error);
        details.extend(grave.iter().map(|finding| line(finding)));
        let errors = details.len();
        details.extend(slight.iter().map(|finding| line(finding)));
        let words = match (errors, slight.len()) {
            (0, 0) => format!("{} file(s), no findings", self.pending.len()),
            (errors, warnings) => format!("{errors} error(s), {warnings} warning(s)"),
        };
        let stop = (errors > 0).then(|| {
            "write the safe form, or waive a finding in the file with `-- allow: rule why`; \
             `taskmanager migrate up --force` goes past all of them"
                .to_owned()
        });
        Found { words, details, stop }
    }

    /// Protected tables that a file plainly drops or empties, and does not make again.
    fn protected_dropped(&self, dialect: Dialect) -> Vec<String> {
        let protected = &self.operation.settings.safety.protected_tables;
        let mut found = Vec::new();
        for migration in self.pending.iter().filter(|migration| !migration.directives.rebuild) {
            let all = changes(&migration.up_sql, dialect);
            for (at, located) in all.iter().enumerate() {
                let Change::DropTable { table, rows_only, .. } = &located.change else { continue };
                let again = all[at..].iter().any(|later| match &later.change {
                    Change::CreateTable { table: made, .. } => made.name == table.name,
                    Change::RenameTable { to, .. } => *to == table.name,
                    _ => false,
                });
                if !again && protected.contains(&table.name) {
                    let verb = if *rows_only { "empties" } else { "drops" };
                    found.push(format!(
                        "{}:{}: {verb} the protected table {} (PROTECTED_TABLES)",
                        migration.up_file(),
                        located.line,
                        table.name
                    ));
                }
            }
        }
        found
    }
}

fn line(finding: &Finding) -> String {
    format!(
        "{}:{}: {} [{}]: {}; safe form: {}",
        finding.file,
        finding.line,
        finding.severity.as_str(),
        finding.rule,
        finding.why,
        finding.safe
    )
}

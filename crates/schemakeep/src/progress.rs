//! How far a start has come, for anyone who asks meanwhile.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::Serialize;
use time::OffsetDateTime;

/// What a start is doing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Phase {
    /// Nothing yet.
    #[default]
    Starting,
    /// Waiting for the database to answer.
    WaitingForDatabase,
    /// Waiting for another process to finish migrating.
    WaitingForLock,
    /// Looking before a migration: lint, preflight, rehearsal, a backup.
    Checking,
    /// Applying migrations.
    Migrating,
    /// The schema is one that this program serves, or is not looked at.
    Ready,
    /// The start was refused or failed.
    Failed,
}

impl Phase {
    /// The word for it in answers.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::WaitingForDatabase => "waiting_for_database",
            Self::WaitingForLock => "waiting_for_lock",
            Self::Checking => "checking",
            Self::Migrating => "migrating",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

/// One moment of a start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgressSnapshot {
    pub phase: Phase,
    pub version: Option<i64>,
    /// How many migrations are done.
    pub done: usize,
    /// How many there are to do.
    pub total: usize,
    /// Since when this has been so.
    pub since: Option<OffsetDateTime>,
    /// The steps before the migrations that are done, in their order.
    pub steps: Vec<Step>,
}

/// Shared between the start and anyone who watches it; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Mutex<ProgressSnapshot>>);

impl Progress {
    #[must_use]
    pub fn snapshot(&self) -> ProgressSnapshot {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn enter(&self, phase: Phase, now: OffsetDateTime) {
        self.set(|was| ProgressSnapshot { phase, version: None, since: Some(now), ..was });
    }

    pub(super) fn migrating(&self, version: i64, done: usize, total: usize, now: OffsetDateTime) {
        let (phase, version, since) = (Phase::Migrating, Some(version), Some(now));
        self.set(|was| ProgressSnapshot { phase, version, done, total, since, ..was });
    }

    /// Logs a step, and shows it.
    pub(super) fn stepped(&self, step: Step) {
        step.log();
        self.set(|mut was| {
            was.steps.push(step);
            was
        });
    }

    fn set(&self, change: impl FnOnce(ProgressSnapshot) -> ProgressSnapshot) {
        let mut snapshot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *snapshot = change(std::mem::take(&mut *snapshot));
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing stands in the way.
    Passed,
    /// It was not done, and need not be.
    Skipped,
    /// Nothing stands in the way, and something is worth a look.
    Noted,
    /// Something stands in the way, and was passed by force.
    Forced,
    /// Something stands in the way.
    Stopped,
}

schemakeep_db::serialize_as_str!(Verdict);

impl Verdict {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "ok",
            Self::Skipped => "skipped",
            Self::Noted => "noted",
            Self::Forced => "forced",
            Self::Stopped => "stopped",
        }
    }
}

/// One step of the pipeline around a migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its name: `instances`, `lint`, `preflight`, `rehearsal`, `disk`, `backup`, `compare`.
    #[serde(rename = "step")]
    pub name: &'static str,
    pub verdict: Verdict,
    /// What came of it, in a few summary.
    pub summary: String,
    /// What it found, a line each.
    pub details: Vec<String>,
    #[serde(rename = "seconds", serialize_with = "schemakeep_db::serialize::seconds")]
    pub took: Duration,
}

/// One line, and one for each detail, indented.
impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.took.as_secs_f64() * 1_000.0;
        let (name, verdict, summary) = (self.name, self.verdict.as_str(), &self.summary);
        write!(f, "{name:<10} {verdict:<8} {summary} ({milliseconds:.1} ms)")?;
        self.details.iter().try_for_each(|detail| write!(f, "\n  {detail}"))
    }
}

impl Step {
    fn log(&self) {
        let milliseconds = u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX);
        let (name, verdict, summary) = (self.name, self.verdict.as_str(), &self.summary);
        match self.verdict {
            Verdict::Passed | Verdict::Skipped => {
                tracing::info!(step = name, verdict, summary, milliseconds, "gate step finished");
            }
            Verdict::Noted | Verdict::Forced | Verdict::Stopped => {
                let details = self.details.join("; ");
                tracing::warn!(
                    step = name,
                    verdict,
                    summary,
                    details,
                    milliseconds,
                    "gate step finished"
                );
            }
        }
    }
}

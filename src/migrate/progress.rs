//! How far a start has come, for whoever asks meanwhile.

use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;

use super::safety::Step;

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
    /// What is being done.
    pub phase: Phase,
    /// The migration that runs.
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

/// Shared between the start and whoever watches it; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Progress(Arc<Mutex<ProgressSnapshot>>);

impl Progress {
    /// How far it is.
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

    pub(super) fn stepped(&self, step: Step) {
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

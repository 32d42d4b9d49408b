//! Whether this instance may get traffic, and why not: proven, and not hoped for.

use std::sync::PoisonError;
use std::time::{Duration, Instant};

use futures_util::FutureExt;
use metrics::gauge;
use serde::Serialize;
use utoipa::ToSchema;

use super::{ANSWER_INTERVAL, ANSWER_LIMIT, ANSWER_REUSE, Monitor, Serving};
use crate::config::DatabaseTarget;
use crate::store::{Integrity, Writability, WriteRefusal, quick_check};
use crate::telemetry::metrics::TASKMANAGER_NOT_READY;

/// How long a proof that the database takes writes holds while none fails.
const WRITE_PROOF_REUSE: Duration = Duration::from_secs(2);
/// How often an SQLite file is looked through for damage.
const INTEGRITY_INTERVAL: Duration = Duration::from_hours(24);
/// The same while damage is known or suspected, so that a restored file is noticed.
const INTEGRITY_RETRY_INTERVAL: Duration = Duration::from_secs(20);
/// Longest that a look through an SQLite file may take.
const INTEGRITY_LIMIT: Duration = Duration::from_mins(10);
/// How long a PostgreSQL database counts as damaged after an operation met damage: nothing cheap proves the opposite.
const CORRUPTION_HOLD: Duration = Duration::from_mins(10);

/// Why an instance may not get traffic.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotReadyReason {
    /// It is not up yet: `progress` says how far.
    Starting,
    /// It is shutting down.
    Draining,
    /// The schema is not one that this program serves.
    Schema,
    /// The database does not answer.
    DatabaseDown,
    /// The database takes no writes: a standby, a read-only file or file system, or a role without the right.
    ReadOnly,
    /// The disk of the database is full.
    DiskFull,
    /// The database is damaged.
    Corrupt,
    /// Writes are stopped on purpose: a word that clients know, and that this release never says.
    Maintenance,
}

impl NotReadyReason {
    const ALL: [Self; 8] = [
        Self::Starting,
        Self::Draining,
        Self::Schema,
        Self::DatabaseDown,
        Self::ReadOnly,
        Self::DiskFull,
        Self::Corrupt,
        Self::Maintenance,
    ];

    /// Its word in answers and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Draining => "draining",
            Self::Schema => "schema",
            Self::DatabaseDown => "database_down",
            Self::ReadOnly => "read_only",
            Self::DiskFull => "disk_full",
            Self::Corrupt => "corrupt",
            Self::Maintenance => "maintenance",
        }
    }
}

/// What traffic an instance is asked to be ready for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Traffic {
    /// Reads only.
    Reads,
    /// Everything.
    #[default]
    All,
}

/// Why this instance may not get traffic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotReady {
    /// The reason.
    pub reason: NotReadyReason,
    /// One clause for a person.
    pub detail: String,
}

impl Monitor {
    /// Why this instance may not get such traffic, if it may not.
    pub async fn not_ready(&self, traffic: Traffic) -> Option<NotReady> {
        let not_ready = |reason, detail: &str| Some(NotReady { reason, detail: detail.into() });
        if self.shutdown.is_draining() {
            return not_ready(NotReadyReason::Draining, "this instance is shutting down");
        }
        let Some(serving) = self.serving.get() else {
            let phase = self.progress.snapshot().phase.as_str().replace('_', " ");
            let detail = format!("this instance is not up yet: {phase}");
            return not_ready(NotReadyReason::Starting, &detail);
        };
        if serving.write_probe.has_lost_its_log() {
            // Before anything else: until what it held is saved, a new connection finds the file without it.
            let _ = self.writability(serving).await;
        }
        if !self.connected().await {
            return not_ready(NotReadyReason::DatabaseDown, "the database does not answer");
        }
        if !self.schema_serves() {
            let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
            let state = seen.schema.as_ref().map_or("unknown", |report| report.state.as_str());
            let detail = format!("the schema is {state}, and this program cannot serve it");
            return not_ready(NotReadyReason::Schema, &detail);
        }
        if self.is_damaged(serving) {
            return not_ready(NotReadyReason::Corrupt, "the database is damaged");
        }
        match self.writability(serving).await {
            Writability::Writable => None,
            Writability::Refused { is_readable: true, .. } if traffic == Traffic::Reads => None,
            Writability::Refused { reason, detail, .. } => {
                let reason = match reason {
                    WriteRefusal::ReadOnly => NotReadyReason::ReadOnly,
                    WriteRefusal::DiskFull => NotReadyReason::DiskFull,
                    WriteRefusal::Corrupt => NotReadyReason::Corrupt,
                };
                Some(NotReady { reason, detail })
            }
        }
    }

    /// PostgreSQL has checksums of its own, and nothing to ask that would not read all of it.
    pub(super) async fn watch_integrity(&self) {
        let Some(serving) = self.serving.get() else { return };
        let DatabaseTarget::Sqlite(target) = &serving.target else { return };
        loop {
            let begun = Instant::now();
            match quick_check(target, INTEGRITY_LIMIT).await {
                Ok(Integrity::Sound) => self.set_integrity(false, Some(begun)),
                Ok(Integrity::Damaged) => self.set_integrity(true, None),
                Ok(Integrity::Unfinished) => {
                    tracing::warn!(limit_s = INTEGRITY_LIMIT.as_secs(), "quick check unfinished");
                }
                Err(error) => tracing::debug!(%error, "quick check failed"),
            }
            let ended = Instant::now();
            loop {
                let doubtful = self.is_damaged(serving);
                let pause = if doubtful { INTEGRITY_RETRY_INTERVAL } else { INTEGRITY_INTERVAL };
                if ended.elapsed() >= pause {
                    break;
                }
                tokio::time::sleep(ANSWER_INTERVAL).await;
            }
        }
    }

    fn set_integrity(&self, damaged: bool, sound_at: Option<Instant>) {
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        if seen.damaged && !damaged {
            tracing::info!("database is sound again");
        }
        (seen.damaged, seen.sound_at) = (damaged, sound_at.or(seen.sound_at));
    }

    /// Says in the log and the metrics why the instance is not ready, or that it is.
    pub(super) fn tell(&self, not_ready: Option<NotReady>) {
        let reason = not_ready.as_ref().map(|not_ready| not_ready.reason);
        for word in NotReadyReason::ALL {
            let present = if reason == Some(word) { 1.0 } else { 0.0 };
            gauge!(TASKMANAGER_NOT_READY, "reason" => word.as_str()).set(present);
        }
        let before = {
            let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut seen.not_ready, reason)
        };
        match not_ready {
            Some(NotReady { reason, detail }) if before != Some(reason) => {
                tracing::warn!(reason = reason.as_str(), detail, "instance not ready");
            }
            None if before.is_some() => tracing::info!("instance ready"),
            _ => {}
        }
    }

    async fn writability(&self, serving: &Serving) -> Writability {
        let mut last = self.writes.lock().await;
        if let Some((at, seen)) = &*last {
            let proven = *seen == Writability::Writable
                && serving.database.write_history().doubt().is_none();
            let reuse = if proven { WRITE_PROOF_REUSE } else { ANSWER_REUSE };
            if at.elapsed() < reuse {
                return seen.clone();
            }
        }
        // Asks the database for nothing until the probe has ended.
        let _answer = if serving.write_probe.reopens().await {
            let answer = self.answer.lock().await;
            // Its first step takes the connection out of its place; dropped there, it closes it.
            let _ = self.inspector.ping(ANSWER_LIMIT).now_or_never();
            Some(answer)
        } else {
            None
        };
        let seen = serving.write_probe.look().await;
        *last = Some((Instant::now(), seen.clone()));
        seen
    }

    fn is_damaged(&self, serving: &Serving) -> bool {
        let met = serving.database.write_history().last_corruption();
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        let suspected = match (&serving.target, met) {
            (_, None) => false,
            (DatabaseTarget::Sqlite(_), Some(met)) => seen.sound_at.is_none_or(|at| at < met),
            (DatabaseTarget::Postgres(_), Some(met)) => met.elapsed() < CORRUPTION_HOLD,
        };
        seen.damaged || suspected
    }
}

//! What this instance says of itself: `/health` for people, `/health/live` and `/health/ready` for probes.
//!
//! No probe reads a table: the database is asked for an answer, and schema and counts come from what a
//! background task saw last.

pub(super) mod answer;
pub(super) mod migrations;

pub(super) use answer::OwnBody;

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use metrics::gauge;
use tokio::sync::Mutex;
use tokio::time::MissedTickBehavior;

use crate::domain::{Priority, Status};
use crate::migrate::history::Line;
use crate::migrate::{Inspector, Progress, StateReport, publish_metrics};
use crate::shutdown::Shutdown;
use crate::store::Database;
use crate::telemetry::metrics::{
    DB_CLIENT_CONNECTION_COUNT, DB_CLIENT_CONNECTION_MAX, TASKMANAGER_TASKS,
};

/// Longest that the database may take to answer a probe.
const ANSWER_WITHIN: Duration = Duration::from_secs(2);
/// How long an answer of the database serves further probes, so that many of them cost one round trip.
const PROBE_REUSED_FOR: Duration = Duration::from_millis(250);
/// How often the database is asked for an answer when no probe asks: so long may requests go on trying in
/// vain, beside [`ANSWER_WITHIN`], before they are refused at once.
const ASK_EVERY: Duration = Duration::from_secs(1);
/// How often the schema is looked at again.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// Shortest and longest time between two counts; between them, fifty times what the last one took.
const COUNT_EVERY: (Duration, Duration) = (Duration::from_secs(2), Duration::from_secs(8));

/// Longest that a start waits for its first count.
const FIRST_COUNT: Duration = Duration::from_millis(500);

/// What does not change while the instance lives.
#[derive(Clone, Debug)]
pub struct HealthSettings {
    /// Shown as it is.
    pub environment: String,
    /// When the process began.
    pub started: Instant,
    /// The newest migration that this program has.
    pub target: Option<i64>,
}

/// The state of this instance, its database and its schema.
#[derive(Debug)]
pub struct Health {
    settings: HealthSettings,
    inspector: Inspector,
    progress: Progress,
    shutdown: Shutdown,
    database: OnceLock<Database>,
    probe: Mutex<Option<Probe>>,
    seen: RwLock<Seen>,
}

#[derive(Clone, Copy, Debug)]
struct Probe {
    at: Instant,
    connected: bool,
}

#[derive(Debug, Default)]
struct Seen {
    schema: Option<StateReport>,
    /// From the same look as `schema`, but for the first one of a start.
    history: Option<Arc<[Line]>>,
    tasks_count: Option<i64>,
}

impl Health {
    /// Begins as not ready: the store comes with [`Health::serve`].
    #[must_use]
    pub fn new(
        settings: HealthSettings,
        inspector: Inspector,
        progress: Progress,
        shutdown: Shutdown,
    ) -> Self {
        let (database, probe, seen) = (OnceLock::new(), Mutex::default(), RwLock::default());
        Self { settings, inspector, progress, shutdown, database, probe, seen }
    }

    /// Says that the instance serves from now on, with this store and on this schema.
    ///
    /// Counts the tasks once before it returns, so that the first answers have the figure too; a table for which
    /// that takes longer than [`FIRST_COUNT`] is counted soon after.
    pub async fn serve(&self, database: Database, schema: Option<StateReport>) {
        if let Some(schema) = schema {
            self.remember(schema, None);
        }
        // A second call would be a second start; the first store stays.
        let _ = self.database.set(database);
        let _ = tokio::time::timeout(FIRST_COUNT, self.count()).await;
    }

    /// Asks the database for an answer, looks at the schema and counts the tasks again and again, until the
    /// future is dropped.
    pub async fn watch(&self) {
        tokio::join!(self.watch_answers(), self.watch_schema(), self.watch_counts());
    }

    async fn watch_answers(&self) {
        let mut ticks = tokio::time::interval(ASK_EVERY);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            self.connected().await;
        }
    }

    async fn watch_schema(&self) {
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        loop {
            ticks.tick().await;
            self.look().await;
        }
    }

    async fn watch_counts(&self) {
        let (shortest, longest) = COUNT_EVERY;
        loop {
            let start = Instant::now();
            self.count().await;
            tokio::time::sleep((start.elapsed() * 50).clamp(shortest, longest)).await;
        }
    }

    async fn look(&self) {
        if let Ok((report, history)) = self.inspector.survey(ANSWER_WITHIN).await {
            self.remember(report, Some(history.into()));
        }
    }

    fn remember(&self, report: StateReport, history: Option<Arc<[Line]>>) {
        publish_metrics(&report);
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = &seen.schema
            && before.state != report.state
        {
            let (from, to) = (before.state.as_str(), report.state.as_str());
            tracing::warn!(from, to, "the schema's state changed under this instance");
        }
        (seen.schema, seen.history) = (Some(report), history);
    }

    async fn count(&self) {
        let Some(database) = self.database.get() else { return };
        if !self.schema_serves() {
            return;
        }
        let Ok(census) = database.tasks().census().await else { return };
        for status in Status::ALL {
            for priority in Priority::ALL {
                let line = census.iter().find(|c| c.status == status && c.priority == priority);
                #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 tasks")]
                let tasks = line.map_or(0, |line| line.tasks) as f64;
                gauge!(TASKMANAGER_TASKS, "status" => status.as_str(), "priority" => priority.as_str())
                    .set(tasks);
            }
        }
        let total = census.iter().map(|line| line.tasks).sum();
        self.seen.write().unwrap_or_else(PoisonError::into_inner).tasks_count = Some(total);
    }

    /// Whether the database answers now. The first answer after an outage is followed by a look at the
    /// schema: what came back may not be what went away.
    async fn connected(&self) -> bool {
        let mut probe = self.probe.lock().await;
        if let Some(last) = *probe
            && last.at.elapsed() < PROBE_REUSED_FOR
        {
            return last.connected;
        }
        let answer = self.inspector.ping(ANSWER_WITHIN).await;
        let connected = answer.is_ok();
        let before = probe.is_some_and(|last| last.connected);
        let back = connected && !before;
        *probe = Some(Probe { at: Instant::now(), connected });
        if let Err(error) = &answer
            && before
        {
            tracing::warn!(%error, "the database does not answer");
        }
        if back {
            self.look().await;
        }
        let away = answer.is_err_and(|error| error.is_outage());
        if let Some(database) = self.database.get() {
            database.record_probe(!away);
        }
        connected
    }

    fn schema_serves(&self) -> bool {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        seen.schema.as_ref().is_some_and(|report| report.state.can_serve())
    }

    /// Takes the pool's figures as they are now.
    pub(super) fn publish_pool(&self) {
        let Some(database) = self.database.get() else { return };
        let usage = database.usage();
        gauge!(DB_CLIENT_CONNECTION_COUNT, "state" => "used").set(usage.used);
        gauge!(DB_CLIENT_CONNECTION_COUNT, "state" => "idle").set(usage.idle);
        gauge!(DB_CLIENT_CONNECTION_MAX).set(usage.max);
    }

    /// Why this instance may not get traffic, if it may not.
    async fn refusal(&self) -> Option<(&'static str, String)> {
        if self.shutdown.is_draining() {
            return Some(("shutting_down", "this instance is shutting down".into()));
        }
        if self.database.get().is_none() {
            let phase = self.progress.snapshot().phase.as_str().replace('_', " ");
            return Some(("starting", format!("this instance is not up yet: {phase}")));
        }
        if !self.connected().await {
            return Some(("database", "the database does not answer".into()));
        }
        if self.schema_serves() {
            return None;
        }
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        let state = seen.schema.as_ref().map_or("unknown", |report| report.state.as_str());
        Some(("schema", format!("the schema is {state}, and this program cannot serve it")))
    }
}

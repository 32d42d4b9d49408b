//! Watches the database of this instance: whether it answers and takes writes, its schema, its integrity, and how many
//! tasks it has. HTTP and the metrics show what was seen here.
//!
//! Nothing is asked of the database for one request: an answer serves all who ask within a quarter of a second.

mod readiness;

pub use readiness::{NotReady, NotReadyReason, Traffic};

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use metrics::gauge;
use tokio::sync::Mutex;
use tokio::time::MissedTickBehavior;

use crate::config::DatabaseTarget;
use crate::domain::{Priority, Status};
use crate::shutdown::Shutdown;
use crate::store::{
    COUNT_INTERVAL_MIN, Database, SETTLE_TIME, StatusCounts, TaskCounter, Writability, WriteProbe,
};
use crate::telemetry::metrics::{
    DB_CLIENT_CONNECTION_COUNT, DB_CLIENT_CONNECTION_MAX, TASKMANAGER_TASKS,
};
use schemakeep::history::Line;
use schemakeep::{Inspector, Progress, ProgressSnapshot, StateReport, publish_metrics};

/// Longest that the database may take to answer a probe.
const ANSWER_LIMIT: Duration = Duration::from_secs(2);
/// How long an answer of the database serves further probes, so that many of them cost one round trip.
const ANSWER_REUSE: Duration = Duration::from_millis(250);
/// How often the database is asked for an answer when no probe asks: so long may requests go on trying in
/// vain, beside [`ANSWER_LIMIT`], before they are refused at once.
const ANSWER_INTERVAL: Duration = Duration::from_secs(1);
/// How often the schema is looked at again.
const SCHEMA_INTERVAL: Duration = Duration::from_secs(10);
/// Shortest pause between two counts.
const COUNT_PAUSE_MIN: Duration = Duration::from_millis(250);
/// How old a count may be for one that is not exact not to take its place.
const INEXACT_COUNT_REFUSED_FOR: Duration = Duration::from_secs(7);
/// Longest that a start waits for its first count.
const FIRST_COUNT_LIMIT: Duration = Duration::from_millis(500);
/// What does not change while the instance lives.
#[derive(Clone, Debug)]
pub struct MonitorSettings {
    /// Shown as it is.
    pub environment: String,
    /// When the process began.
    pub started: Instant,
    /// The newest migration that this program has.
    pub target: Option<i64>,
}

/// What is known of the database, and the program's own state.
#[derive(Clone, Debug)]
pub struct Overview {
    /// Whether the database answers.
    pub connected: bool,
    /// As it was last seen.
    pub schema: Option<Arc<StateReport>>,
    /// The last count of the tasks, with what this instance has committed since.
    pub tasks_count: Option<i64>,
}

/// The schema and its history, from the same look.
pub type Survey = (Arc<StateReport>, Arc<[Line]>);

/// Watches one database for one instance.
#[derive(Debug)]
pub struct Monitor {
    settings: MonitorSettings,
    inspector: Inspector,
    progress: Progress,
    shutdown: Shutdown,
    serving: OnceLock<Serving>,
    answer: Mutex<Option<Answer>>,
    writes: Mutex<Option<(Instant, Writability)>>,
    seen: RwLock<Seen>,
}

/// The store, and what watches it.
#[derive(Debug)]
struct Serving {
    target: DatabaseTarget,
    database: Database,
    write_probe: WriteProbe,
    counter: TaskCounter,
}

#[derive(Clone, Copy, Debug)]
struct Answer {
    at: Instant,
    connected: bool,
}

#[derive(Debug, Default)]
struct Seen {
    schema: Option<Arc<StateReport>>,
    /// From the same look as `schema`, but for the first one of a start.
    history: Option<Arc<[Line]>>,
    status_counts: Option<StatusCounts>,
    damaged: bool,
    /// When the last look through the file began that found no damage.
    sound_at: Option<Instant>,
    not_ready: Option<NotReadyReason>,
}

impl Monitor {
    /// Begins as not ready: the store comes with [`Monitor::serve`].
    #[must_use]
    pub fn new(
        settings: MonitorSettings,
        inspector: Inspector,
        progress: Progress,
        shutdown: Shutdown,
    ) -> Self {
        let (serving, answer, writes, seen) =
            (OnceLock::new(), Mutex::default(), Mutex::default(), RwLock::default());
        Self { settings, inspector, progress, shutdown, serving, answer, writes, seen }
    }

    /// Says that the instance serves from now on, with this store of this database, and on this schema.
    ///
    /// Counts the tasks once before it returns, so that the first answers have the figure too; a table for which
    /// that takes longer than [`FIRST_COUNT_LIMIT`] is counted soon after.
    pub async fn serve(
        &self,
        target: &DatabaseTarget,
        database: Database,
        schema: Option<StateReport>,
    ) {
        if let Some(schema) = schema {
            self.remember(schema, None);
        }
        let serving = Serving {
            target: target.clone(),
            write_probe: WriteProbe::new(target, database.clone()),
            counter: TaskCounter::new(target, database.clone()),
            database,
        };
        // A second call would be a second start; the first store stays.
        let _ = self.serving.set(serving);
        // One that takes longer is done with by the background task.
        let _ = tokio::time::timeout(FIRST_COUNT_LIMIT, self.count(Duration::ZERO)).await;
    }

    /// Watches again and again, until the future is dropped.
    pub async fn watch(&self) {
        tokio::join!(
            self.watch_answers(),
            self.watch_schema(),
            self.watch_counts(),
            self.watch_integrity()
        );
    }

    /// What does not change.
    #[must_use]
    pub fn settings(&self) -> &MonitorSettings {
        &self.settings
    }

    /// How far a start is.
    #[must_use]
    pub fn progress(&self) -> ProgressSnapshot {
        self.progress.snapshot()
    }

    /// The state of the database, as it is now or was a moment ago.
    pub async fn overview(&self) -> Overview {
        let connected = self.connected().await;
        let net = self.serving.get().map_or(0, |s| s.database.committed_counts().net());
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        let tasks_count = seen.status_counts.as_ref().map(|c| (c.total() + net - c.net).max(0));
        Overview { connected, schema: seen.schema.clone(), tasks_count }
    }

    /// The schema and its history as they were last seen; looks only in the first moments of an instance.
    pub async fn survey(&self) -> Option<Survey> {
        if self.last_survey().is_none() {
            self.look_at_schema().await;
        }
        self.last_survey()
    }

    /// Whether the database answers now. The first answer after an outage is followed by a look at the
    /// schema: what came back may not be what went away.
    pub async fn connected(&self) -> bool {
        let mut last = self.answer.lock().await;
        if let Some(last) = *last
            && last.at.elapsed() < ANSWER_REUSE
        {
            return last.connected;
        }
        let answer = self.inspector.ping(ANSWER_LIMIT).await;
        let connected = answer.is_ok();
        let before = last.is_some_and(|last| last.connected);
        let back = connected && !before;
        *last = Some(Answer { at: Instant::now(), connected });
        if let Err(error) = &answer
            && before
        {
            tracing::warn!(%error, "the database does not answer");
        }
        if back {
            self.look_at_schema().await;
        }
        let away = answer.is_err_and(|error| error.is_outage());
        if let Some(serving) = self.serving.get() {
            serving.database.record_probe(!away);
        }
        connected
    }

    /// Takes the pool's figures as they are now.
    pub fn publish_pool(&self) {
        let Some(serving) = self.serving.get() else { return };
        let usage = serving.database.usage();
        gauge!(DB_CLIENT_CONNECTION_COUNT, "state" => "used").set(usage.used);
        gauge!(DB_CLIENT_CONNECTION_COUNT, "state" => "idle").set(usage.idle);
        gauge!(DB_CLIENT_CONNECTION_MAX).set(usage.max);
    }

    async fn watch_answers(&self) {
        let mut ticks = tokio::time::interval(ANSWER_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            let not_ready = self.not_ready(Traffic::All).await;
            self.tell(not_ready);
        }
    }

    async fn watch_schema(&self) {
        let mut ticks = tokio::time::interval(SCHEMA_INTERVAL);
        loop {
            ticks.tick().await;
            self.look_at_schema().await;
        }
    }

    async fn watch_counts(&self) {
        let Some(serving) = self.serving.get() else { return };
        let counts = serving.database.committed_counts();
        loop {
            let wait = {
                let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
                let last = seen.status_counts.as_ref();
                let due = last.map(|last| last.interval(&counts).saturating_sub(last.at.elapsed()));
                // Other replicas count too: what they found is looked at as often.
                due.map_or(COUNT_INTERVAL_MIN, |due| due.min(COUNT_INTERVAL_MIN))
            };
            tokio::time::sleep(wait.max(COUNT_PAUSE_MIN)).await;
            self.count(SETTLE_TIME).await;
        }
    }

    async fn look_at_schema(&self) {
        if let Ok((report, history)) = self.inspector.survey(ANSWER_LIMIT).await {
            self.remember(report, Some(history.into()));
        }
    }

    fn last_survey(&self) -> Option<Survey> {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        Some((Arc::clone(seen.schema.as_ref()?), Arc::clone(seen.history.as_ref()?)))
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
        (seen.schema, seen.history) = (Some(Arc::new(report)), history);
    }

    /// Counts the tasks, and waits for what was committed meanwhile to be known. A count that is not exact takes the
    /// place of the last one only when that is old: until then the last one and the commits since are.
    async fn count(&self, settle_time: Duration) {
        let Some(serving) = self.serving.get().filter(|_| self.schema_serves()) else { return };
        let Ok(status_counts) = serving.counter.count().await else { return };
        tokio::time::sleep(settle_time).await;
        let is_exact = status_counts.is_exact(&serving.database.committed_counts());
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        let takes_place = |last: &StatusCounts| {
            !status_counts.is_same(last)
                && (is_exact || last.at.elapsed() >= INEXACT_COUNT_REFUSED_FOR)
        };
        if seen.status_counts.as_ref().is_none_or(takes_place) {
            publish(&status_counts);
            seen.status_counts = Some(status_counts);
        }
    }

    fn schema_serves(&self) -> bool {
        let seen = self.seen.read().unwrap_or_else(PoisonError::into_inner);
        seen.schema.as_ref().is_some_and(|report| report.state.can_serve())
    }
}

fn publish(status_counts: &StatusCounts) {
    for status in Status::ALL {
        for priority in Priority::ALL {
            let mut lines = status_counts.lines.iter();
            let line = lines.find(|c| c.status == status && c.priority == priority);
            #[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 tasks")]
            let tasks = line.map_or(0, |line| line.tasks) as f64;
            gauge!(TASKMANAGER_TASKS, "status" => status.as_str(), "priority" => priority.as_str())
                .set(tasks);
        }
    }
}

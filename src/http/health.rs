//! What this instance says of itself: `/health` for people, `/health/live` and `/health/ready` for probes.
//!
//! No probe reads a table: the database is asked for an answer, and schema and counts come from what a
//! background task saw last.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use metrics::gauge;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::MissedTickBehavior;
use utoipa::ToSchema;

use super::openapi::ReadyProblems;
use super::problem::{NOT_READY, Problem};
use crate::domain::{Priority, Status, date};
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

/// Marks an answer that fails with a body of its own, which no layer may replace.
#[derive(Clone, Copy, Debug)]
pub(super) struct OwnBody;

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
            self.remember(schema);
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
        if let Ok(report) = self.inspector.report(ANSWER_WITHIN).await {
            self.remember(report);
        }
    }

    fn remember(&self, report: StateReport) {
        publish_metrics(&report);
        let mut seen = self.seen.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = &seen.schema
            && before.state != report.state
        {
            let (from, to) = (before.state.as_str(), report.state.as_str());
            tracing::warn!(from, to, "the schema's state changed under this instance");
        }
        seen.schema = Some(report);
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
            database.answered(!away);
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

/// The state of an instance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub struct HealthBody {
    /// `healthy` when the database answers and the schema is one that this program serves.
    pub status: HealthWord,
    /// Whether the database answers within two seconds.
    pub database: DatabaseWord,
    /// How many tasks there are, at most ten seconds ago; null while the database does not answer.
    #[schema(minimum = 0, required)]
    pub tasks_count: Option<i64>,
    /// As configured.
    pub environment: String,
    /// The program's version.
    pub version: &'static str,
    /// Time since the process began, in seconds.
    pub uptime_seconds: u64,
    /// `current`, `behind`, `ahead_compatible`, `ahead_incompatible`, `diverged`, `drifted` or `failed`; null while it is not known.
    #[schema(required)]
    pub schema_state: Option<&'static str>,
    /// The newest migration that the database has.
    #[schema(required)]
    pub schema_version: Option<i64>,
    /// The newest migration that this program has.
    #[schema(required)]
    pub target_version: Option<i64>,
    /// Migrations that this program has and the database has not; null while it is not known.
    #[schema(required)]
    pub pending_migrations: Option<Vec<PendingBody>>,
    /// When the newest migration was applied, UTC.
    #[schema(format = DateTime, required)]
    pub last_migration_at: Option<String>,
}

/// Whether an instance is well.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = HealthStatus)]
pub enum HealthWord {
    /// It serves.
    Healthy,
    /// It does not, or should not.
    Unhealthy,
}

/// Whether the database answers.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = DatabaseStatus)]
pub enum DatabaseWord {
    /// It does.
    Connected,
    /// It does not.
    Disconnected,
}

/// A migration that is not applied.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PendingMigration)]
pub struct PendingBody {
    /// Its version, `YYYYMMDDHHMMSS`.
    pub version: i64,
    /// Its name in words.
    pub description: String,
}

/// The whole state of this instance
#[utoipa::path(
    get, path = "/health", tag = "operations", operation_id = "health",
    responses(
        (status = 200, description = "Healthy", body = HealthBody),
        (status = 503, description = "Unhealthy: the same members, and not a problem", body = HealthBody,
            headers(("Retry-After" = i64, description = "Seconds to wait")))
    )
)]
pub(super) async fn health(State(health): State<Arc<Health>>) -> Response {
    let connected = health.connected().await;
    let seen = health.seen.read().unwrap_or_else(PoisonError::into_inner);
    let schema = seen.schema.as_ref();
    let known = schema.filter(|_| connected);
    let healthy = known.is_some_and(|report| report.state.can_serve());
    let body = HealthBody {
        status: if healthy { HealthWord::Healthy } else { HealthWord::Unhealthy },
        database: if connected { DatabaseWord::Connected } else { DatabaseWord::Disconnected },
        tasks_count: seen.tasks_count.filter(|_| connected),
        environment: health.settings.environment.clone(),
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: health.settings.started.elapsed().as_secs(),
        schema_state: known.map(|report| report.state.as_str()),
        schema_version: known.and_then(|report| report.head),
        target_version: health.settings.target,
        pending_migrations: known.map(|report| {
            let pending = report.pending.iter();
            pending
                .map(|p| PendingBody { version: p.version, description: p.description.clone() })
                .collect()
        }),
        last_migration_at: known.and_then(|r| r.last_migration_at).map(date::format_seconds),
    };
    drop(seen);
    if healthy {
        return Json(body).into_response();
    }
    let mut response =
        (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, "2")], Json(body)).into_response();
    response.extensions_mut().insert(OwnBody);
    response
}

/// A word that says that all is well.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Probe)]
pub struct ProbeBody {
    /// `live` or `ready`.
    pub status: &'static str,
}

/// Whether the process runs
#[utoipa::path(
    get, path = "/health/live", tag = "operations", operation_id = "live",
    responses((status = 200, description = "It runs", body = ProbeBody))
)]
pub(super) async fn live() -> Json<ProbeBody> {
    Json(ProbeBody { status: "live" })
}

/// Whether this instance may get traffic
#[utoipa::path(
    get, path = "/health/ready", tag = "operations", operation_id = "ready",
    responses((status = 200, description = "It may", body = ProbeBody), ReadyProblems)
)]
pub(super) async fn ready(State(health): State<Arc<Health>>) -> Response {
    let Some((reason, detail)) = health.refusal().await else {
        return Json(ProbeBody { status: "ready" }).into_response();
    };
    let mut problem = Problem::new(&NOT_READY, detail);
    problem.extra.insert("reason".into(), reason.into());
    if reason == "starting" {
        let progress = health.progress.snapshot();
        let members = serde_json::json!({
            "phase": progress.phase.as_str(),
            "version": progress.version,
            "done": progress.done,
            "total": progress.total,
            "since": progress.since.map(date::format),
        });
        problem.extra.insert("progress".into(), members);
    }
    ([(RETRY_AFTER, "1")], problem).into_response()
}

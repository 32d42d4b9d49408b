//! `/health`, `/health/live` and `/health/ready`: the forms of the answers, and who gives them.

use schemakeep_db::clock::format_seconds;
use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, State};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::{IntoParams, ToSchema};

use crate::domain::text::quoted;
use crate::domain::{ValueError, date};
use crate::http::error::ApiError;
use crate::http::openapi::ReadyProblems;
use crate::http::problem::{NOT_READY, Problem};
use crate::http::query_string::QueryString;
use crate::http::tasks::query_reader::Reader;
use crate::monitor::{Monitor, NotReady, NotReadyReason, Traffic};

/// Marks an answer that fails with a body of its own, which no layer may replace.
#[derive(Clone, Copy, Debug)]
pub(in crate::http) struct OwnBody;

/// The state of an instance.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Health)]
pub(crate) struct HealthBody {
    /// `healthy` when the database answers and the schema is one that this program serves.
    pub(crate) status: HealthWord,
    /// Whether the database answers within two seconds.
    pub(crate) database: DatabaseWord,
    /// How many tasks there are, at most ten seconds ago; null while the database does not answer.
    #[schema(minimum = 0, required)]
    pub(crate) tasks_count: Option<i64>,
    /// As configured.
    pub(crate) environment: String,
    /// The program's version.
    pub(crate) version: &'static str,
    /// Time since the process began, in seconds.
    pub(crate) uptime_seconds: u64,
    /// `current`, `behind`, `ahead_compatible`, `ahead_incompatible`, `diverged`, `drifted` or `failed`; null while it is not known.
    #[schema(required)]
    pub(crate) schema_state: Option<&'static str>,
    /// The newest migration that the database has.
    #[schema(required)]
    pub(crate) schema_version: Option<i64>,
    /// The newest migration that this program has.
    #[schema(required)]
    pub(crate) target_version: Option<i64>,
    /// Migrations that this program has and the database has not; null while it is not known.
    #[schema(required)]
    pub(crate) pending_migrations: Option<Vec<PendingBody>>,
    /// When the newest migration was applied, UTC.
    #[schema(format = DateTime, required)]
    pub(crate) last_migration_at: Option<String>,
}

/// Whether an instance is well.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = HealthStatus)]
pub(crate) enum HealthWord {
    /// It serves.
    Healthy,
    /// It does not, or should not.
    Unhealthy,
}

/// Whether the database answers.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = DatabaseStatus)]
pub(crate) enum DatabaseWord {
    /// It does.
    Connected,
    /// It does not.
    Disconnected,
}

/// A migration that is not applied.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = PendingMigration)]
pub(crate) struct PendingBody {
    /// Its version, `YYYYMMDDHHMMSS`.
    pub(crate) version: i64,
    /// Its name in words.
    pub(crate) description: String,
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
pub(in crate::http) async fn health(State(monitor): State<Arc<Monitor>>) -> Response {
    let seen = monitor.overview().await;
    let connected = seen.connected;
    let known = seen.schema.as_ref().filter(|_| connected);
    let healthy = known.is_some_and(|report| report.state.can_serve());
    let settings = monitor.settings();
    let body = HealthBody {
        status: if healthy { HealthWord::Healthy } else { HealthWord::Unhealthy },
        database: if connected { DatabaseWord::Connected } else { DatabaseWord::Disconnected },
        tasks_count: seen.tasks_count.filter(|_| connected),
        environment: settings.environment.clone(),
        version: env!("CARGO_PKG_VERSION"),
        uptime_seconds: settings.started.elapsed().as_secs(),
        schema_state: known.map(|report| report.state.as_str()),
        schema_version: known.and_then(|report| report.head),
        target_version: settings.target,
        pending_migrations: known.map(|report| {
            let pending = report.pending.iter();
            pending
                .map(|p| PendingBody { version: p.version, description: p.description.clone() })
                .collect()
        }),
        last_migration_at: known.and_then(|r| r.last_migration_at).map(format_seconds),
    };
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
pub(crate) struct ProbeBody {
    /// `live` or `ready`.
    pub(crate) status: &'static str,
}

/// Whether the process runs
#[utoipa::path(
    get, path = "/health/live", tag = "operations", operation_id = "live",
    responses((status = 200, description = "It runs", body = ProbeBody))
)]
pub(in crate::http) async fn live() -> Json<ProbeBody> {
    Json(ProbeBody { status: "live" })
}

/// What traffic is meant.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "documents the parameter; the handler reads it")]
struct TrafficParam {
    /// Reads only, which are served while the database takes no writes; without it, reads and writes.
    #[param(inline, nullable = false)]
    r#for: Option<TrafficWord>,
}

/// The traffic that can be asked for.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[expect(dead_code, reason = "documents the parameter; the handler reads it")]
enum TrafficWord {
    Reads,
}

/// Whether this instance may get traffic
#[utoipa::path(
    get, path = "/health/ready", tag = "operations", operation_id = "ready",
    params(TrafficParam),
    responses(
        (status = 200, description = "It may", body = ProbeBody),
        ReadyProblems
    )
)]
pub(in crate::http) async fn ready(
    State(monitor): State<Arc<Monitor>>,
    OriginalUri(uri): OriginalUri,
) -> Result<Response, ApiError> {
    let traffic = traffic(&QueryString::parse(uri.query())?)?;
    let Some(NotReady { reason, detail }) = monitor.not_ready(traffic).await else {
        return Ok(Json(ProbeBody { status: "ready" }).into_response());
    };
    let mut problem = Problem { reason: Some(reason), ..Problem::new(&NOT_READY, detail) };
    if reason == NotReadyReason::Starting {
        let progress = monitor.progress();
        let members = serde_json::json!({
            "phase": progress.phase.as_str(),
            "version": progress.version,
            "done": progress.done,
            "total": progress.total,
            "since": progress.since.map(date::format),
        });
        problem.extra.insert("progress".into(), members);
    }
    Ok(([(RETRY_AFTER, "1")], problem).into_response())
}

fn traffic(query: &QueryString) -> Result<Traffic, ApiError> {
    let mut reader = Reader::new(query);
    reader.refuse_unknown(&["for"]);
    let traffic = reader.read("for", "reads", |word| match word {
        "reads" => Ok(Traffic::Reads),
        other => {
            Err(ValueError::new("not_allowed", format!("for must be reads; got {}", quoted(other))))
        }
    });
    Ok(reader.finish(traffic.unwrap_or_default())?)
}

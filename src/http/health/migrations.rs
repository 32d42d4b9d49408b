//! `GET /migrations`: which schema the database has, which one this program wants, and how it came there.
//!
//! Answered from the look that `/health` is answered from: no request reads the record. What `migrate history` says of
//! machines and people (host, user, reason) is for operators, and not for anyone who reaches the port.

use schemakeep_db::clock::format_seconds;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use super::answer::PendingBody;
use crate::http::error::ApiError;
use crate::http::openapi::SchemaProblems;
use crate::monitor::Monitor;
use schemakeep::StateReport;
use schemakeep::history::Line;

/// The schema and its history.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Migrations)]
pub(crate) struct MigrationsBody {
    /// `current`, `behind`, `ahead_compatible`, `ahead_incompatible`, `diverged`, `drifted` or `failed`.
    state: &'static str,
    /// The newest migration that the database has.
    #[schema(required)]
    head: Option<i64>,
    /// The newest migration that this program has.
    #[schema(required)]
    target: Option<i64>,
    /// What this program has and the database has not, lowest version first.
    pending: Vec<PendingBody>,
    /// The versions that make the state what it is, lowest first.
    concerns: Vec<ConcernBody>,
    /// Tables and columns that this program uses and the database lacks.
    missing: Vec<String>,
    /// When a migration was last recorded, UTC.
    #[schema(format = DateTime, required)]
    last_migration_at: Option<String>,
    /// Every version that the program or the database has, lowest first.
    history: Vec<MigrationBody>,
}

/// A version with which something is wrong.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = MigrationConcern)]
struct ConcernBody {
    /// Which.
    version: i64,
    /// What is wrong with it, as a clause that follows the version.
    reason: String,
}

/// A version, as `taskmanager migrate history` shows it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Migration)]
struct MigrationBody {
    /// `YYYYMMDDHHMMSS`.
    version: i64,
    /// Its name in words.
    description: String,
    /// `applied`, `unfinished`, `pending`, or `unknown` to this program.
    state: &'static str,
    /// When it was recorded, UTC, to the second.
    #[schema(format = DateTime, required)]
    applied_at: Option<String>,
    /// How long it took, in seconds.
    #[schema(required)]
    seconds: Option<f64>,
    /// `applied`, `stamped`, `repaired` or `reverted`: what was last done with it.
    #[schema(required)]
    kind: Option<String>,
    /// The version of the program that did it.
    #[schema(required)]
    program: Option<String>,
    /// SHA-384 of the file that was run, or would be, in hexadecimal digits.
    checksum: String,
    /// Whether the file that was run is the one that this program has; null where only one is known.
    #[schema(required)]
    same_file: Option<bool>,
}

/// The schema's state and history
#[utoipa::path(
    get, path = "/migrations", tag = "operations", operation_id = "migrations",
    responses(
        (status = 200, description = "As it was at most ten seconds ago", body = MigrationsBody),
        SchemaProblems
    )
)]
pub(in crate::http) async fn migrations(
    State(monitor): State<Arc<Monitor>>,
) -> Result<Json<MigrationsBody>, ApiError> {
    if !monitor.connected().await {
        return Err(ApiError::Away);
    }
    let (schema, history) = monitor.survey().await.ok_or(ApiError::Away)?;
    Ok(Json(MigrationsBody::new(&schema, &history)))
}

impl MigrationsBody {
    fn new(report: &StateReport, history: &[Line]) -> Self {
        let pending = report.pending.iter();
        let concerns = report.concerns.iter();
        Self {
            state: report.state.as_str(),
            head: report.head,
            target: report.target,
            pending: pending
                .map(|p| PendingBody { version: p.version, description: p.description.clone() })
                .collect(),
            concerns: concerns
                .map(|c| ConcernBody { version: c.version, reason: c.reason.to_string() })
                .collect(),
            missing: report.missing.clone(),
            last_migration_at: report.last_migration_at.map(format_seconds),
            history: history.iter().map(MigrationBody::from).collect(),
        }
    }
}

impl From<&Line> for MigrationBody {
    fn from(line: &Line) -> Self {
        Self {
            version: line.version,
            description: line.description.clone(),
            state: line.standing.as_str(),
            applied_at: line.at.map(format_seconds),
            seconds: line.took.map(|took| took.as_secs_f64()),
            kind: line.last.event.clone(),
            program: line.last.program.clone(),
            checksum: line.checksum.clone(),
            same_file: line.same_file,
        }
    }
}

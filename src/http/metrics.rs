//! `GET /metrics`: answers from memory, with or without a database.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;

use crate::monitor::Monitor;
use crate::telemetry::metrics::Metrics;

/// The text format's media type (Prometheus, exposition formats, version 0.0.4).
const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// What a scrape needs.
#[derive(Clone, Debug)]
pub(super) struct Scrape {
    pub(super) metrics: Metrics,
    pub(super) monitor: Arc<Monitor>,
}

/// Figures for Prometheus
#[utoipa::path(
    get, path = "/metrics", tag = "operations", operation_id = "metrics",
    responses((status = 200, description = "Prometheus text format 0.0.4", body = String, content_type = "text/plain"))
)]
pub(super) async fn metrics(State(scrape): State<Scrape>) -> impl IntoResponse {
    scrape.monitor.publish_pool();
    text(&scrape.metrics)
}

/// The same of a process that has no store.
pub(super) async fn of_job(State(metrics): State<Metrics>) -> impl IntoResponse {
    text(&metrics)
}

fn text(metrics: &Metrics) -> impl IntoResponse + use<> {
    ([(CONTENT_TYPE, MEDIA_TYPE)], metrics.render())
}

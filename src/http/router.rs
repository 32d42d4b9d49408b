//! Every route of the service, on one page.

use std::sync::Arc;

use axum::Router;
use axum::http::Uri;
use axum::response::Redirect;
use axum::routing::{any, get};
use utoipa::OpenApi;
use utoipa::openapi::OpenApi as OpenApiDocument;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::health;
use super::metrics::Scrape;
use super::middleware::{self, Layers};
use super::openapi::{Document, name_requests};
use super::problem::Problem;
use super::state::AppState;
use super::{docs, edge_responses, metrics, tasks};
use crate::monitor::Monitor;
use crate::telemetry::metrics::Metrics;
use crate::web;

fn task_routes() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .routes(routes!(tasks::list::list, tasks::create::create))
        .routes(routes!(tasks::bulk::bulk))
        .routes(routes!(tasks::count::count))
        .routes(routes!(tasks::stats::stats))
        .routes(routes!(tasks::events::events))
        .routes(routes!(tasks::daily::daily))
        .routes(routes!(tasks::export::export))
        .routes(routes!(tasks::import::import))
        .routes(routes!(tasks::list::search))
        .routes(routes!(tasks::list::filter))
        .routes(routes!(
            tasks::get::get,
            tasks::update::put,
            tasks::update::patch,
            tasks::delete::delete
        ))
}

fn health_routes() -> OpenApiRouter<Arc<Monitor>> {
    OpenApiRouter::new()
        .routes(routes!(health::answer::health))
        .routes(routes!(health::answer::live))
        .routes(routes!(health::answer::ready))
}

fn schema_routes() -> OpenApiRouter<Arc<Monitor>> {
    OpenApiRouter::new().routes(routes!(health::migrations::migrations))
}

fn metrics_routes() -> OpenApiRouter<Scrape> {
    OpenApiRouter::new().routes(routes!(metrics::metrics))
}

fn document_routes(document: &OpenApiDocument) -> Router {
    Router::new()
        .route("/openapi.json", docs::open_api(document))
        .route("/docs", get(web::viewer))
        .route("/docs/", get(async || Redirect::permanent("/docs")))
        .route("/docs/{file}", get(web::viewer_file))
        .route("/redoc", get(async || Redirect::permanent("/docs")))
        .route("/problems/{slug}", get(docs::problem))
}

fn page_routes() -> Router {
    Router::new().route("/", get(web::page)).route("/assets/{hash}/{*path}", get(web::asset))
}

/// The OpenAPI document of all routes.
#[must_use]
pub fn document() -> OpenApiDocument {
    let (_, tasks) = task_routes().split_for_parts();
    let (_, health) = health_routes().split_for_parts();
    let (_, metrics) = metrics_routes().split_for_parts();
    let (_, schema) = schema_routes().split_for_parts();
    let mut document = Document::openapi();
    for routes in [tasks, schema, health, metrics] {
        document.merge(routes);
    }
    edge_responses::add(&mut document);
    name_requests(&mut document);
    document
}

/// What the public listener serves. `metrics` is `None` where another listener has them.
pub fn public_router(
    state: AppState,
    monitor: Arc<Monitor>,
    metrics: Option<Metrics>,
    layers: &Layers,
) -> Router {
    let mut router = Router::new()
        .merge(Router::from(task_routes()).with_state(state))
        .merge(Router::from(schema_routes()).with_state(Arc::clone(&monitor)))
        .merge(Router::from(health_routes()).with_state(Arc::clone(&monitor)))
        .merge(document_routes(&document()))
        .route("/tasks/", any(without_slash))
        .merge(page_routes());
    if let Some(metrics) = metrics {
        router =
            router.merge(Router::from(metrics_routes()).with_state(Scrape { metrics, monitor }));
    }
    finish(router, layers)
}

/// What the operators' listener serves.
pub fn ops_router(monitor: Arc<Monitor>, metrics: Metrics, layers: &Layers) -> Router {
    let router = Router::from(health_routes())
        .with_state(Arc::clone(&monitor))
        .merge(Router::from(metrics_routes()).with_state(Scrape { metrics, monitor }));
    // Who reaches this listener is the operators' concern.
    finish(router, &Layers { hosts: None, ..layers.clone() })
}

/// What the operators' listener of a job serves, which has neither a store nor a schema to answer for.
pub fn job_router(metrics: Metrics, layers: &Layers) -> Router {
    let router = Router::new()
        .route("/metrics", get(metrics::of_job))
        .with_state(metrics)
        .route("/health/live", get(health::answer::live));
    finish(router, layers)
}

/// The list under the address that many clients write.
async fn without_slash(uri: Uri) -> Redirect {
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    Redirect::permanent(&format!("/tasks{query}"))
}

fn finish(router: Router, layers: &Layers) -> Router {
    let not_found = async || Problem::for_status(axum::http::StatusCode::NOT_FOUND);
    let not_allowed = async || Problem::for_status(axum::http::StatusCode::METHOD_NOT_ALLOWED);
    middleware::apply(router.fallback(not_found).method_not_allowed_fallback(not_allowed), layers)
}

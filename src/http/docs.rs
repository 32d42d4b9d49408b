//! The OpenAPI document, the page that shows it, and the pages that explain problems: all from the binary.

use std::fmt::Write;
use std::sync::{Arc, LazyLock};

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use super::problem::{KINDS, Problem};

/// Assets change only with the binary, and their names do not: a day, and then ask again.
const ASSET_CACHE: &str = "public, max-age=86400";

static VIEWER: LazyLock<Arc<Config<'static>>> = LazyLock::new(|| {
    Arc::new(
        Config::from("/openapi.json")
            .validator_url("none")
            .try_it_out_enabled(true)
            .use_base_layout(),
    )
});

/// `GET /openapi.json`: rendered once.
pub(super) fn open_api(document: &OpenApi) -> MethodRouter {
    // The document is made of strings, numbers and lists, which always serialise.
    let json = Bytes::from(document.to_pretty_json().unwrap_or_default());
    get(move || async move { ([(CONTENT_TYPE, "application/json")], json) })
}

/// `GET /docs`: the viewer's page, its relative links made to work without a trailing slash.
pub(super) async fn index() -> Result<Response, Problem> {
    let page = asset("index.html")?;
    let page = String::from_utf8_lossy(&page.bytes)
        .replace("\"./", "\"/docs/")
        .replace("\"index.css", "\"/docs/index.css");
    Ok(Html(page).into_response())
}

/// `GET /docs/{file}`: the viewer's scripts and styles.
pub(super) async fn file(
    path: Result<Path<String>, axum::extract::rejection::PathRejection>,
) -> Result<Response, Problem> {
    let Path(name) = path.map_err(|_| not_found())?;
    let asset = asset(&name)?;
    let headers = [(CONTENT_TYPE, asset.content_type), (CACHE_CONTROL, ASSET_CACHE.to_owned())];
    Ok((headers, asset.bytes.into_owned()).into_response())
}

/// `GET /problems/{slug}`: what a problem's `type` leads to.
pub(super) async fn problem(
    path: Result<Path<String>, axum::extract::rejection::PathRejection>,
) -> Result<Html<String>, Problem> {
    let Path(slug) = path.map_err(|_| not_found())?;
    let kind = KINDS.iter().find(|kind| kind.slug == slug).ok_or_else(not_found)?;
    let mut page = String::new();
    // Writing to a String cannot fail; all texts are our own and hold nothing to escape.
    let _ = write!(
        page,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n</head>\n<body>\n\
         <h1>{title}</h1>\n<p>Status {status}, type <code>/problems/{slug}</code></p>\n<p>{explanation}</p>\n\
         <p><a href=\"/docs\">The API</a></p>\n</body>\n</html>\n",
        title = kind.title,
        status = kind.status.as_u16(),
        slug = kind.slug,
        explanation = kind.explanation,
    );
    Ok(Html(page))
}

fn asset(name: &str) -> Result<utoipa_swagger_ui::SwaggerFile<'static>, Problem> {
    match utoipa_swagger_ui::serve(name, Arc::clone(&VIEWER)) {
        Ok(Some(file)) if !name.is_empty() => Ok(file),
        _ => Err(not_found()),
    }
}

fn not_found() -> Problem {
    Problem::for_status(axum::http::StatusCode::NOT_FOUND)
}

//! The OpenAPI document, and the pages that explain problems: from the binary.

use std::fmt::Write;

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::header::CONTENT_TYPE;
use axum::response::Html;
use axum::routing::{MethodRouter, get};
use utoipa::openapi::OpenApi;

use super::problem::{KINDS, Problem};

/// `GET /openapi.json`: rendered once.
pub(super) fn open_api(document: &OpenApi) -> MethodRouter {
    // The document is made of strings, numbers and lists, which always serialise.
    let json = Bytes::from(document.to_pretty_json().unwrap_or_default());
    get(move || async move { ([(CONTENT_TYPE, "application/json")], json) })
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

fn not_found() -> Problem {
    Problem::for_status(axum::http::StatusCode::NOT_FOUND)
}

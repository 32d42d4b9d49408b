//! The page at `/`, and the files that it is made of.
//!
//! Knows nothing of tasks: the page calls the API as any other client does. Its files are asked for under the
//! hash of them all, so that what is cached never has to be asked for again.

mod assets;
pub mod bundle;
mod coding;

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, IF_NONE_MATCH, LINK, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use assets::Asset;

/// For what its URL names by its content.
const FOREVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// For the page itself, which names the others.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// Where a program that comes to the page finds what is for programs (RFC 8631).
const SERVICE_LINKS: HeaderValue =
    HeaderValue::from_static("</openapi.json>; rel=\"service-desc\", </docs>; rel=\"service-doc\"");

/// `GET /`: the page.
pub async fn page(headers: HeaderMap) -> Response {
    let assets = match assets::assets() {
        Ok(assets) => assets,
        Err(error) => return unreadable(&error),
    };
    let Some(page) = assets.page() else { return StatusCode::NOT_FOUND.into_response() };
    let mut response = send(page, &headers, ASK_AGAIN);
    response.headers_mut().insert(LINK, SERVICE_LINKS);
    response
}

/// `GET /assets/{hash}/{*path}`: a file of the page.
pub async fn asset(
    path: Result<Path<(String, String)>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let assets = match assets::assets() {
        Ok(assets) => assets,
        Err(error) => return unreadable(&error),
    };
    let asset = path.ok().and_then(|Path((hash, path))| assets.find(&hash, &path));
    asset.map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |asset| send(asset, &headers, FOREVER),
    )
}

/// Only in a debug build, whose files are in a folder that can be wrong.
fn unreadable(error: &std::io::Error) -> Response {
    tracing::error!(%error, "the page cannot be put together from web/");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}

fn send(asset: &Asset, request: &HeaderMap, cache: HeaderValue) -> Response {
    let mut response = if is_known(asset, request) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let codings: Vec<&str> = asset.coded.iter().map(|(name, _)| *name).collect();
        let accepted = request.get_all(ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok());
        let chosen = coding::choose(accepted, &codings);
        let coded = asset.coded.iter().find(|(name, _)| Some(*name) == chosen);
        let body = coded.map_or_else(|| asset.plain.clone(), |(_, body)| body.clone());
        let mut response = ([(CONTENT_TYPE, asset.content_type)], body).into_response();
        if let Some((name, _)) = coded {
            response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        response
    };
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, cache);
    headers.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&asset.etag) {
        headers.insert(ETAG, etag);
    }
    response
}

/// Whether `If-None-Match` names what would be sent; the comparison is the weak one (RFC 9110 section 13.1.2).
fn is_known(asset: &Asset, request: &HeaderMap) -> bool {
    let lines = request.get_all(IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    let opaque = asset.etag.trim_start_matches("W/");
    lines
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .any(|tag| tag == "*" || tag.trim_start_matches("W/") == opaque)
}

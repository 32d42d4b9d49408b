//! The page at `/` and the files that it is made of, and the viewer of the OpenAPI document at `/docs`.
//!
//! Knows nothing of tasks: the page calls the API as any other client does. Its files are asked for under the
//! hash of them all, so that what is cached never has to be asked for again.

mod assets;
pub mod bundle;
mod coding;

use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG,
    IF_NONE_MATCH, LINK, VARY,
};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};

use assets::Asset;

/// For what its URL names by its content.
const IMMUTABLE_CACHE_CONTROL: HeaderValue =
    HeaderValue::from_static("public, max-age=31536000, immutable");
/// For the page itself, which names the others.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// For the viewer's files, whose names stay when they change with the program.
const A_DAY: HeaderValue = HeaderValue::from_static("public, max-age=86400");
/// The viewer's own files, and images that its style sheet carries in itself.
const VIEWER_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; img-src 'self' data:; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
);
/// Nothing but the page's own files, and nothing within them that runs or styles inline.
const PAGE_POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'self'; object-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
);
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
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, PAGE_POLICY);
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
        |asset| send(asset, &headers, IMMUTABLE_CACHE_CONTROL),
    )
}

/// `GET /docs`: the viewer of the OpenAPI document.
pub async fn viewer(headers: HeaderMap) -> Response {
    let mut response = viewer_asset(bundle::PAGE, &headers, ASK_AGAIN);
    response.headers_mut().insert(CONTENT_SECURITY_POLICY, VIEWER_POLICY);
    response
}

/// `GET /docs/{file}`: a file of the viewer.
pub async fn viewer_file(
    path: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Response {
    let Ok(Path(name)) = path else { return StatusCode::NOT_FOUND.into_response() };
    viewer_asset(&name, &headers, A_DAY)
}

fn viewer_asset(name: &str, headers: &HeaderMap, cache: HeaderValue) -> Response {
    match assets::viewer() {
        Ok(files) => files.named(name).map_or_else(
            || StatusCode::NOT_FOUND.into_response(),
            |asset| send(asset, headers, cache),
        ),
        Err(error) => unreadable(&error),
    }
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

#[cfg(test)]
mod tests {
    use axum::body::Bytes;
    use axum::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, ETAG, VARY};
    use axum::http::{HeaderMap, HeaderValue, StatusCode};
    use http_body_util::BodyExt;
    use rstest::rstest;

    use super::assets::Asset;
    use super::{IMMUTABLE_CACHE_CONTROL, send};

    fn asset() -> Asset {
        Asset {
            content_type: "text/css; charset=utf-8",
            etag: "W/\"a\"".to_owned(),
            plain: Bytes::from_static(b"plain"),
            coded: vec![
                ("br", Bytes::from_static(b"brotli")),
                ("gzip", Bytes::from_static(b"zip")),
            ],
        }
    }

    /// As a release sends what it holds compressed.
    #[rstest]
    #[case::browser("gzip, deflate, br, zstd", Some("br"), "brotli")]
    #[case::older("gzip, deflate", Some("gzip"), "zip")]
    #[case::none("identity", None, "plain")]
    #[tokio::test]
    async fn sends_the_best_form(
        #[case] accepted: &'static str,
        #[case] coding: Option<&str>,
        #[case] body: &str,
    ) {
        let request = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(accepted))]);
        let response = send(&asset(), &request, IMMUTABLE_CACHE_CONTROL);
        assert_eq!(response.status(), StatusCode::OK);
        let headers = response.headers();
        let sent = headers.get(CONTENT_ENCODING).map(|value| value.to_str().expect("a name"));
        assert_eq!(sent, coding);
        assert_eq!(headers[ETAG], "W/\"a\"");
        assert_eq!(headers[VARY], "accept-encoding");
        assert!(headers.get(CONTENT_LENGTH).is_none(), "the server counts");
        let sent = response.into_body().collect().await.expect("a body").to_bytes();
        assert_eq!(sent, body);
    }
}

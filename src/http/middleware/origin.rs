//! Who may ask, even without accounts: requests for the service's own hosts, and no writes from other sites' pages.

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method};

use crate::config::{Authority, CorsOrigins, HostPolicy};
use crate::domain::text::quoted;
use crate::http::error::ApiError;

/// How a browser says where a request comes from (Fetch Metadata section 2.4).
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Judges a request by its host, its origin and its method.
///
/// # Errors
///
/// 400, 421 or 403.
pub(super) fn check(
    request: &Request,
    hosts: &HostPolicy,
    cors: &CorsOrigins,
) -> Result<(), ApiError> {
    // Probes and scrapers name an address.
    if matches!(request.uri().path(), "/health" | "/health/live" | "/health/ready" | "/metrics") {
        return Ok(());
    }
    let host = host(request)?;
    let authority = Authority::parse(host).ok_or_else(|| {
        ApiError::InvalidHost(format!(
            "Host must be a host name or an IP address, got {}",
            quoted(host)
        ))
    })?;
    if !hosts.allows(authority) {
        return Err(ApiError::UnknownHost(quoted(host)));
    }
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS, Method::TRACE];
    if reads.contains(request.method()) {
        return Ok(());
    }
    let (headers, own) = (request.headers(), |origin: &str| hosts.is_own_origin(origin, authority));
    if is_foreign(headers, own, cors) { Err(ApiError::CrossSite) } else { Ok(()) }
}

/// The host that was asked for: of the request's target (HTTP/2's `:authority` among them), else of the header (RFC
/// 9112 section 3.2.2).
fn host(request: &Request) -> Result<&str, ApiError> {
    let invalid = |why: &str| ApiError::InvalidHost(why.to_owned());
    let mut lines = request.headers().get_all(HOST).iter();
    let line = lines.next();
    if lines.next().is_some() {
        return Err(invalid("Host must be sent once"));
    }
    let header = line.map(HeaderValue::to_str).transpose();
    let header = header.map_err(|_| invalid("Host must be visible ASCII characters"))?;
    let target = request.uri().authority().map(axum::http::uri::Authority::as_str);
    match (target, header) {
        (Some(target), Some(header)) if !target.eq_ignore_ascii_case(header) => {
            Err(invalid("Host must be the host of the request's target"))
        }
        (Some(host), _) | (None, Some(host)) => Ok(host),
        (None, None) => Err(invalid("Host is missing")),
    }
}

/// Whether a browser says that a page of another site sent this, and CORS does not allow it.
fn is_foreign(headers: &HeaderMap, own: impl Fn(&str) -> bool, cors: &CorsOrigins) -> bool {
    let site = headers.get(SEC_FETCH_SITE).map(HeaderValue::as_bytes);
    if matches!(site, Some(b"same-origin" | b"none")) {
        return false;
    }
    let mut origins = headers.get_all(ORIGIN).iter().peekable();
    if origins.peek().is_none() {
        return site == Some(b"cross-site");
    }
    origins.any(|origin| {
        let origin = origin.to_str().unwrap_or_default();
        let allowed = match cors {
            CorsOrigins::None => false,
            CorsOrigins::Any => true,
            CorsOrigins::List(list) => list.iter().any(|allowed| allowed == origin),
        };
        !allowed && (site == Some(b"cross-site") || !own(origin))
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", "", false)]
    #[case("same-origin", "http://elsewhere.example", false)]
    #[case("none", "", false)]
    #[case("same-site", "", false)]
    #[case("cross-site", "", true)]
    #[case("cross-site", "https://allowed.example", false)]
    #[case("cross-site", "http://ours", true)]
    #[case("same-site", "http://elsewhere.example", true)]
    #[case("", "http://elsewhere.example", true)]
    #[case("", "null", true)]
    #[case("", "http://ours", false)]
    fn tells_foreign_writes(#[case] site: &str, #[case] origin: &str, #[case] foreign: bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in [(SEC_FETCH_SITE, site), (ORIGIN, origin)] {
            if !value.is_empty() {
                headers.insert(name, value.parse().expect("a value"));
            }
        }
        let cors = CorsOrigins::List(vec!["https://allowed.example".to_owned()]);
        assert_eq!(is_foreign(&headers, |origin| origin == "http://ours", &cors), foreign);
        if !origin.is_empty() {
            assert!(!is_foreign(&headers, |_| false, &CorsOrigins::Any));
        }
    }
}

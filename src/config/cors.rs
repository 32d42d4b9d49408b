//! Which browser origins may call, in the spelling in which a browser sends them.

use std::fmt;

use url::Url;

use super::address::is_host_name;
use super::problem::quoted;

/// Which browser origins may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CorsOrigins {
    /// None but the service's own.
    None,
    /// Every origin.
    Any,
    /// These, each `scheme://host[:port]` as an `Origin` header has it (RFC 6454 section 6.2):
    /// lower case, without the scheme's default port.
    List(Vec<String>),
}

impl CorsOrigins {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        match parts.as_slice() {
            [""] => return Ok(Self::None),
            ["*"] => return Ok(Self::Any),
            parts if parts.contains(&"*") => {
                return Err(format!("must be * alone or a list without it, got {}", quoted(text)));
            }
            _ => {}
        }
        let mut origins = Vec::new();
        for part in parts {
            // As people copy it from an address bar.
            let origin = origin(part.strip_suffix('/').unwrap_or(part)).ok_or_else(|| {
                format!(
                    "must be * or a comma list of scheme://host[:port], without a path, got {}",
                    quoted(part)
                )
            })?;
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        Ok(Self::List(origins))
    }
}

impl fmt::Display for CorsOrigins {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::None => f.write_str("none"),
            Self::Any => f.write_str("*"),
            Self::List(origins) => f.write_str(&origins.join(",")),
        }
    }
}

fn origin(text: &str) -> Option<String> {
    let (_, authority) = text.split_once("://")?;
    // The URL parser would repair all of these in silence.
    let odd = |c: char| {
        matches!(c, '/' | '\\' | '?' | '#' | '@' | '%') || c.is_whitespace() || c.is_control()
    };
    if authority.is_empty() || authority.ends_with(':') || authority.contains(odd) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let host = url.host_str()?.to_lowercase();
    if !(host.starts_with('[') || is_ipv4(&url) || is_host_name(&host)) {
        return None;
    }
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Some(format!("{}://{host}{port}", url.scheme()))
}

fn is_ipv4(url: &Url) -> bool {
    matches!(url.host(), Some(url::Host::Ipv4(_)))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("", "none")]
    #[case("*", "*")]
    #[case("https://a.example", "https://a.example")]
    #[case("HTTPS://A.Example:8443", "https://a.example:8443")]
    #[case("https://a:443,http://a:80,http://a:443", "https://a,http://a,http://a:443")]
    #[case("http://localhost:5173, http://127.0.0.1", "http://localhost:5173,http://127.0.0.1")]
    #[case("http://[::1]:3000", "http://[::1]:3000")]
    #[case("https://bücher.example", "https://xn--bcher-kva.example")]
    #[case("capacitor://LocalHost", "capacitor://localhost")]
    #[case("https://a,https://A", "https://a")]
    #[case("https://a.example/,http://[::1]:3000/", "https://a.example,http://[::1]:3000")]
    fn reads(#[case] text: &str, #[case] shown: &str) {
        let origins = CorsOrigins::parse(text).expect(text);
        assert_eq!(origins.to_string(), shown);
    }

    #[rstest]
    #[case("*,https://a")]
    #[case("https://a,*")]
    #[case("https://a//")]
    #[case("https://a/path")]
    #[case("https://a?x")]
    #[case("https://a#x")]
    #[case("https://u:p@a")]
    #[case("https://*.example.com")]
    #[case("https://a,")]
    #[case("https://a:")]
    #[case("https://a:99999")]
    #[case("https://")]
    #[case("https:/a")]
    #[case("a.example")]
    #[case("//a.example")]
    #[case("null")]
    #[case("https://a b")]
    fn refuses(#[case] text: &str) {
        let detail = CorsOrigins::parse(text).expect_err(text);
        assert!(detail.starts_with("must be * "), "{detail}");
    }

    #[test]
    fn a_star_stands_alone() {
        let detail = CorsOrigins::parse("https://a,*").expect_err("a refusal");
        assert_eq!(detail, "must be * alone or a list without it, got \"https://a,*\"");
    }
}

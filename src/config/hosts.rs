//! Which hosts a request may name, and which origins are the service's own.
//!
//! A page on any name that resolves to the service's address could otherwise read and write tasks from the browser of
//! somebody who can reach it ("DNS rebinding").

use std::fmt;
use std::net::IpAddr;

use url::Url;

use super::address::{host, is_host_name};
use super::problem::quoted;

/// Host and port as a `Host` header, or the authority of a URL, has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Authority<'a> {
    /// A name without its trailing dot, or an address without brackets.
    host: &'a str,
    port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// Reads `host` or `host:port` (RFC 9110 section 7.2); `None` when it is neither.
    #[must_use]
    pub fn parse(text: &'a str) -> Option<Self> {
        let (host, port) = if let Some(rest) = text.strip_prefix('[') {
            let (address, rest) = rest.split_once(']')?;
            address.parse::<std::net::Ipv6Addr>().ok()?;
            (address, rest)
        } else {
            text.split_at(text.find(':').unwrap_or(text.len()))
        };
        let port = match port {
            "" | ":" => None,
            port => {
                let digits = port.strip_prefix(':')?;
                digits.bytes().all(|byte| byte.is_ascii_digit()).then_some(())?;
                Some(digits.parse().ok()?)
            }
        };
        let host = host.strip_suffix('.').unwrap_or(host);
        (host.parse::<IpAddr>().is_ok() || is_host_name(host)).then_some(Self { host, port })
    }

    fn is_same_host(&self, other: &str) -> bool {
        match (self.host.parse::<IpAddr>(), other.parse::<IpAddr>()) {
            (Ok(a), Ok(b)) => a.to_canonical() == b.to_canonical(),
            (Err(_), Err(_)) => self.host.eq_ignore_ascii_case(other),
            _ => false,
        }
    }

    fn is_loopback(&self) -> bool {
        is_loopback(self.host)
    }
}

/// Whether a host is this machine and no other: a loopback address, `localhost`, or a name below it (RFC 6761 section
/// 6.3).
pub(super) fn is_loopback(host: &str) -> bool {
    if let Ok(address) = host.parse::<IpAddr>() {
        return address.to_canonical().is_loopback();
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    name.rsplit('.').next().unwrap_or_default().eq_ignore_ascii_case("localhost")
}

/// What `ALLOWED_HOSTS` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AllowedHosts {
    /// Every host.
    Any,
    /// These: names without a trailing dot, addresses without brackets.
    List(Vec<String>),
}

impl AllowedHosts {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        if parts == ["*"] {
            return Ok(Self::Any);
        }
        let refused = |part: &str| {
            format!(
                "must be * or a comma list of host names and IP addresses, without scheme and \
                 port, got {}",
                quoted(part)
            )
        };
        let read = |part: &str| {
            let host = host(part).map_err(|_| refused(part))?;
            Ok(host.strip_suffix('.').unwrap_or(&host).to_ascii_lowercase())
        };
        parts.into_iter().map(read).collect::<Result<_, _>>().map(Self::List)
    }
}

impl fmt::Display for AllowedHosts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("*"),
            Self::List(hosts) => f.write_str(&hosts.join(",")),
        }
    }
}

/// Where clients reach the service, as they write it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl {
    text: String,
    host: String,
    port: Option<u16>,
}

impl PublicUrl {
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        let read = || {
            let url = Url::parse(text).ok()?;
            let plain = matches!(url.scheme(), "http" | "https")
                && matches!(url.path(), "" | "/")
                && url.query().is_none()
                && url.fragment().is_none()
                && url.username().is_empty()
                && url.password().is_none();
            let origin = plain.then(|| url.origin().ascii_serialization())?;
            let authority = Authority::parse(origin.split_once("://")?.1)?;
            let (host, port) = (authority.host.to_owned(), authority.port);
            Some(Self { text: origin, host, port })
        };
        read().ok_or_else(|| {
            format!(
                "must be a URL such as https://tasks.example.com, without a path, got {}",
                quoted(text)
            )
        })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Who may ask: what `PUBLISHED_ON`, `PUBLIC_URL` and `ALLOWED_HOSTS` come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPolicy {
    allowed: AllowedHosts,
    loopback: bool,
    public_url: Option<PublicUrl>,
}

impl HostPolicy {
    /// `None` when nothing says which hosts are the service's.
    pub(super) fn new(
        published_on: &str,
        public_url: Option<&PublicUrl>,
        allowed: Option<&AllowedHosts>,
    ) -> Option<Self> {
        let loopback = allowed.is_none() && is_loopback(published_on);
        let known = loopback || public_url.is_some() || allowed.is_some();
        known.then(|| Self {
            allowed: allowed.cloned().unwrap_or_else(|| AllowedHosts::List(Vec::new())),
            loopback,
            public_url: public_url.cloned(),
        })
    }

    /// Whether requests for any host are answered.
    #[must_use]
    pub fn allows_any(&self) -> bool {
        self.allowed == AllowedHosts::Any
    }

    /// Whether requests for this host are answered, whatever the port.
    #[must_use]
    pub fn allows(&self, authority: Authority<'_>) -> bool {
        match &self.allowed {
            AllowedHosts::Any => true,
            AllowedHosts::List(hosts) => {
                (self.loopback && authority.is_loopback())
                    || hosts.iter().any(|host| authority.is_same_host(host))
                    || self.public_url.as_ref().is_some_and(|url| authority.is_same_host(&url.host))
            }
        }
    }

    /// Whether an `Origin` header names the service itself, with whichever scheme: a proxy in front may speak TLS.
    /// `asked` is the host of the same request.
    #[must_use]
    pub fn is_own_origin(&self, origin: &str, asked: Authority<'_>) -> bool {
        let Some(("http" | "https", authority)) = origin.split_once("://") else { return false };
        let Some(origin) = Authority::parse(authority) else { return false };
        let same = |host: &str, port| origin.is_same_host(host) && origin.port == port;
        same(asked.host, asked.port)
            || self.public_url.as_ref().is_some_and(|url| same(&url.host, url.port))
    }

    /// In the words of `taskmanager config`.
    pub(super) fn shown(&self) -> String {
        let url = self.public_url.as_ref().map(|url| url.host.as_str());
        match &self.allowed {
            AllowedHosts::List(hosts) => {
                let loopback = self.loopback.then_some("loopback names");
                let all = loopback.into_iter().chain(hosts.iter().map(String::as_str)).chain(url);
                all.collect::<Vec<_>>().join(",")
            }
            AllowedHosts::Any => self.allowed.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn authority(text: &str) -> Authority<'_> {
        Authority::parse(text).unwrap_or_else(|| panic!("{text}"))
    }

    #[rstest]
    #[case("a.example", "a.example", None)]
    #[case("A.Example.:8000", "A.Example", Some(8000))]
    #[case("127.0.0.1:80", "127.0.0.1", Some(80))]
    #[case("[::1]:80", "::1", Some(80))]
    #[case("[::1]", "::1", None)]
    #[case("a:", "a", None)]
    fn reads_authorities(#[case] text: &str, #[case] host: &str, #[case] port: Option<u16>) {
        assert_eq!(authority(text), Authority { host, port });
    }

    #[rstest]
    #[case("")]
    #[case(":80")]
    #[case("a b")]
    #[case("a/b")]
    #[case("u@a")]
    #[case("a:b")]
    #[case("a:+1")]
    #[case("a:70000")]
    #[case("::1")]
    #[case("[::1")]
    #[case("[a]")]
    #[case("[127.0.0.1]")]
    #[case("[::1]x")]
    #[case("a,b")]
    #[case("a..b")]
    #[case("bücher.example")]
    fn refuses_authorities(#[case] text: &str) {
        assert_eq!(Authority::parse(text), None);
    }

    #[rstest]
    #[case("127.0.0.1", None, None, "loopback names")]
    #[case("::1", None, None, "loopback names")]
    #[case("localhost", Some("https://a.example:8443/"), None, "loopback names,a.example")]
    #[case("0.0.0.0", Some("https://a.example"), None, "a.example")]
    #[case("127.0.0.1", None, Some("b.example"), "b.example")]
    #[case(
        "0.0.0.0",
        Some("http://a.example"),
        Some("B.example., [::2]"),
        "b.example,::2,a.example"
    )]
    #[case("0.0.0.0", None, Some("*"), "*")]
    fn the_policy_follows_the_settings(
        #[case] published_on: &str,
        #[case] url: Option<&str>,
        #[case] allowed: Option<&str>,
        #[case] shown: &str,
    ) {
        let url = url.map(|url| PublicUrl::parse(url).expect(url));
        let allowed = allowed.map(|hosts| AllowedHosts::parse(hosts).expect(hosts));
        let policy = HostPolicy::new(published_on, url.as_ref(), allowed.as_ref());
        assert_eq!(policy.expect("a policy").shown(), shown);
    }

    #[test]
    fn a_published_service_without_a_host_has_no_policy() {
        for published_on in ["0.0.0.0", "::", "192.0.2.1", "tasks.internal"] {
            assert_eq!(HostPolicy::new(published_on, None, None), None, "{published_on}");
        }
    }

    fn policy(published_on: &str, url: &str, allowed: &str) -> HostPolicy {
        let url = (!url.is_empty()).then(|| PublicUrl::parse(url).expect(url));
        let hosts = (!allowed.is_empty()).then(|| AllowedHosts::parse(allowed).expect(allowed));
        HostPolicy::new(published_on, url.as_ref(), hosts.as_ref()).expect("a policy")
    }

    #[rstest]
    #[case("localhost:8000", true)]
    #[case("LOCALHOST.", true)]
    #[case("app.localhost", true)]
    #[case("127.8.9.1", true)]
    #[case("[::1]:1", true)]
    #[case("[::ffff:127.0.0.1]", true)]
    #[case("localhost.evil.example", false)]
    #[case("127.0.0.1.evil.example", false)]
    #[case("192.0.2.1", false)]
    fn loopback_names(#[case] host: &str, #[case] allowed: bool) {
        assert_eq!(policy("127.0.0.1", "", "").allows(authority(host)), allowed);
    }

    #[rstest]
    #[case("a.example", true)]
    #[case("A.EXAMPLE.:99", true)]
    #[case("b.example", true)]
    #[case("[2001:DB8:0::1]", true)]
    #[case("sub.a.example", false)]
    #[case("localhost", false)]
    fn listed_hosts(#[case] host: &str, #[case] allowed: bool) {
        let policy = policy("0.0.0.0", "https://b.example", "a.example,[2001:db8::1]");
        assert_eq!(policy.allows(authority(host)), allowed);
        assert!(self::policy("0.0.0.0", "", "*").allows(authority(host)));
    }

    #[rstest]
    #[case("http://a.example:8000", "a.example:8000", true)]
    #[case("https://A.example:8000", "a.example:8000", true)]
    #[case("https://a.example", "a.example", true)]
    #[case("https://b.example", "a.example:8000", true)]
    #[case("https://b.example:444", "a.example:8000", false)]
    #[case("http://a.example:8001", "a.example:8000", false)]
    #[case("http://evil.example", "a.example", false)]
    #[case("null", "a.example", false)]
    #[case("file://", "a.example", false)]
    #[case("ftp://a.example", "a.example", false)]
    #[case("http://a.example/x", "a.example", false)]
    fn own_origins(#[case] origin: &str, #[case] asked: &str, #[case] own: bool) {
        let policy = policy("0.0.0.0", "https://b.example", "a.example");
        assert_eq!(policy.is_own_origin(origin, authority(asked)), own);
    }

    #[rstest]
    #[case("")]
    #[case("*,a")]
    #[case("a,")]
    #[case("https://a")]
    #[case("a:80")]
    #[case("*.a.example")]
    fn refuses_lists(#[case] text: &str) {
        let detail = AllowedHosts::parse(text).expect_err(text);
        assert!(detail.starts_with("must be * or a comma list of host names"), "{detail}");
    }

    #[rstest]
    #[case("https://a.example/")]
    #[case("HTTPS://A.Example:443")]
    fn reads_public_urls(#[case] text: &str) {
        assert_eq!(PublicUrl::parse(text).expect(text).to_string(), "https://a.example");
    }

    #[rstest]
    #[case("a.example")]
    #[case("ftp://a")]
    #[case("https://a/tasks")]
    #[case("https://a?x")]
    #[case("https://u:p@a")]
    #[case("https://")]
    fn refuses_public_urls(#[case] text: &str) {
        let detail = PublicUrl::parse(text).expect_err(text);
        assert!(detail.starts_with("must be a URL such as https://"), "{detail}");
    }
}

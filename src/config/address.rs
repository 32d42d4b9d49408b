//! Hosts and ports to listen on. Names are checked for their form only; looking one up is the
//! listener's concern.

use std::net::IpAddr;

use schemakeep_db::url::host_port;

use super::problem::quoted;
use super::value::number;

/// Reads an IP address, with or without brackets around IPv6, or a host name.
pub(super) fn host(text: &str) -> Result<String, String> {
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let valid = match bare {
        Some(bare) => bare.parse::<IpAddr>().is_ok_and(|address| address.is_ipv6()),
        None => text.parse::<IpAddr>().is_ok() || is_host_name(text),
    };
    if valid {
        Ok(bare.unwrap_or(text).to_owned())
    } else {
        Err(format!("must be an IP address or a host name, got {}", quoted(text)))
    }
}

/// Reads a port; 0 stands for any free one.
pub(super) fn port(text: &str) -> Result<u16, String> {
    number(text, 0..=u16::MAX)
}

/// Reads `host:port` and returns it in the form of [`host_port`].
pub(super) fn listen(text: &str) -> Result<String, String> {
    let parsed = text.rsplit_once(':').and_then(|(name, port_text)| {
        // Without brackets it is open where an IPv6 address ends and the port begins.
        let bare_ipv6 = name.contains(':') && !name.starts_with('[');
        (!bare_ipv6).then_some(())?;
        Some(host_port(&host(name).ok()?, port(port_text).ok()?))
    });
    parsed.ok_or_else(|| {
        format!(
            "must be host:port, such as 0.0.0.0:9000 or [::]:9000, with a port from 0 to 65535, \
             got {}",
            quoted(text)
        )
    })
}

/// Whether a text has the form of a host name: RFC 1123 section 2.1 labels, and the underscore that
/// container networks allow. A last label of digits only is a mistyped IPv4 address.
pub(super) fn is_host_name(text: &str) -> bool {
    let name = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    let last = name.rsplit('.').next().unwrap_or_default();
    name.len() <= 253 && name.split('.').all(label) && !last.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("127.0.0.1", "127.0.0.1:80")]
    #[case("0.0.0.0", "0.0.0.0:80")]
    #[case("::", "[::]:80")]
    #[case("[::]", "[::]:80")]
    #[case("::1", "[::1]:80")]
    #[case("localhost", "localhost:80")]
    #[case("my_app.internal.", "my_app.internal.:80")]
    fn reads_hosts(#[case] text: &str, #[case] bindable: &str) {
        assert_eq!(host_port(&host(text).expect(text), 80), bindable);
    }

    #[rstest]
    #[case("")]
    #[case("127.0.0.256")]
    #[case("1.2.3")]
    #[case("[127.0.0.1]")]
    #[case("[::")]
    #[case(":::")]
    #[case("a b")]
    #[case("-a")]
    #[case("a..b")]
    #[case("localhost:80")]
    #[case("http://localhost")]
    #[case("bücher.example")]
    fn refuses_hosts(#[case] text: &str) {
        let detail = host(text).expect_err(text);
        assert!(detail.starts_with("must be an IP address or a host name, got \""), "{detail}");
    }

    #[rstest]
    #[case("0", Some(0))]
    #[case("65535", Some(65535))]
    #[case("65536", None)]
    #[case("-1", None)]
    #[case("+1", None)]
    #[case("", None)]
    #[case("80a", None)]
    fn reads_ports(#[case] text: &str, #[case] expected: Option<u16>) {
        assert_eq!(port(text).ok(), expected);
    }

    #[rstest]
    #[case("0.0.0.0:9000", Some("0.0.0.0:9000"))]
    #[case("[::1]:9000", Some("[::1]:9000"))]
    #[case("localhost:0", Some("localhost:0"))]
    #[case("::1:9000", None)]
    #[case("[::1]", None)]
    #[case(":9000", None)]
    #[case("9000", None)]
    #[case("localhost", None)]
    #[case("localhost:x", None)]
    #[case("localhost:70000", None)]
    #[case("", None)]
    fn reads_listeners(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(listen(text).ok().as_deref(), expected);
    }
}

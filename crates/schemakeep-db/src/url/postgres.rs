//! `postgres:` URLs: read by sqlx, after what it would misread, ignore or print has been dealt with.
//!
//! sqlx 0.9 writes the values of parameters that it does not know into the log, keeps the brackets
//! of an IPv6 host (and then cannot connect), and takes a part of an unencoded password for a port,
//! a path or a fragment.

use std::net::IpAddr;

use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use url::Url;

use super::redact::{SECRET, named, redact_query};

/// The values of `sslmode`, as libpq has them.
const SSL_MODES: [&str; 6] = ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"];

/// Stands in a URL where a user is named and no host; no name in the DNS begins with an underscore
/// and ends with a dot.
const NO_HOST: &str = "_no_host_.";

/// What a URL says, ready for sqlx.
pub(super) struct Parsed {
    pub(super) options: PgConnectOptions,
    /// The URL without its secrets.
    pub(super) shown: String,
    /// Names of parameters that have no meaning here.
    pub(super) ignored: Vec<String>,
}

/// Why a URL was refused, with the redacted URL where it is known which part is which.
pub(super) struct Refusal {
    pub(super) detail: String,
    pub(super) shown: Option<String>,
}

impl From<&str> for Refusal {
    fn from(detail: &str) -> Self {
        Self { detail: detail.to_owned(), shown: None }
    }
}

/// Reads what follows `postgres://`.
pub(super) fn parse(rest: &str) -> Result<Parsed, Refusal> {
    let url = parse_url(rest)?;
    let shown = shown(&url);
    match options(&url) {
        Ok((options, ignored)) => Ok(Parsed { options, shown, ignored }),
        Err(detail) => Err(Refusal { detail, shown: Some(shown) }),
    }
}

/// Refuses what a URL parser would take for something else than was meant.
fn parse_url(rest: &str) -> Result<Url, Refusal> {
    const ENCODE: &str = "must have @ : / ? # % of a user or password percent-encoded \
                          (%40 %3A %2F %3F %23 %25)";
    if rest.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("must have white space and control characters percent-encoded".into());
    }
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let place = authority.rsplit('@').next().unwrap_or_default();
    // The URL parser lets a backslash end a host or a port.
    if rest.contains('#') || rest[authority.len()..].contains('@') || place.contains('\\') {
        return Err(ENCODE.into());
    }
    if place.contains(',') {
        return Err("must name one host: a list of hosts is not taken".into());
    }
    if authority.ends_with(':') {
        return Err("must have a port from 1 to 65535 after the colon".into());
    }
    // libpq and SQLAlchemy take `user@/db?host=/run/postgresql`; the URL standard does not.
    let host = if authority.ends_with('@') { NO_HOST } else { "" };
    let url = format!("postgres://{authority}{host}{}", &rest[authority.len()..]);
    Url::parse(&url).map_err(|error| match error {
        url::ParseError::InvalidPort => Refusal {
            detail: format!(
                "must have a port from 1 to 65535; {}",
                ENCODE.trim_start_matches("must ")
            ),
            shown: None,
        },
        other => Refusal { detail: format!("{ENCODE} ({other})"), shown: None },
    })
}

fn shown(url: &Url) -> String {
    let password = if url.password().is_some() { ":***" } else { "" };
    let at = if url.username().is_empty() && password.is_empty() { "" } else { "@" };
    let host = url.host_str().filter(|host| *host != NO_HOST).unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!(
        "postgres://{}{password}{at}{host}{port}{}{}",
        url.username(),
        url.path(),
        redact_query(url.query())
    )
}

fn options(url: &Url) -> Result<(PgConnectOptions, Vec<String>), String> {
    if url.port() == Some(0) {
        return Err("must have a port from 1 to 65535".to_owned());
    }
    let mut known = url.clone();
    known.set_query(None);
    let mut ignored = Vec::new();
    let mut ssl_mode = None;
    let mut public_roots = false;
    let secret = url.query_pairs().any(|(key, _)| SECRET.contains(&&*key));
    for (key, value) in url.query_pairs() {
        let name = match &*key {
            "ssl" | "sslmode" | "ssl-mode" => "sslmode",
            "sslrootcert" | "ssl-root-cert" | "ssl-ca" => "sslrootcert",
            other => other,
        };
        match name {
            "sslmode" => {
                check_ssl_mode(&value)?;
                if ssl_mode.replace(value.to_string()).is_some() {
                    return Err("must give sslmode (or ssl) once".to_owned());
                }
            }
            "port" => check_port(&value)?,
            "hostaddr" => check_address(&value)?,
            "statement-cache-capacity" => check_capacity(&value)?,
            // libpq's word for the public roots, which are used when no file is named.
            "sslrootcert" if value == "system" => {
                public_roots = true;
                continue;
            }
            // libpq takes an empty host for none.
            "host" if value.is_empty() => continue,
            "host" | "dbname" | "user" | "password" | "application_name" | "options"
            | "sslrootcert" | "sslcert" | "ssl-cert" | "sslkey" | "ssl-key" => {}
            option if option.starts_with("options[") && option.ends_with(']') => {}
            _ => {
                ignored.push(if secret { named(&key).to_owned() } else { key.into_owned() });
                continue;
            }
        }
        known.query_pairs_mut().append_pair(name, &value);
    }
    let mut options = PgConnectOptions::from_url(&known)
        .map_err(|error| format!("must be a URL that the driver can read ({error})"))?;
    if public_roots {
        // As libpq does: public roots without a check of the name protect from nobody.
        if ssl_mode.is_some_and(|mode| mode != "verify-full") {
            return Err("must have sslmode=verify-full with sslrootcert=system".to_owned());
        }
        options = options.ssl_mode(PgSslMode::VerifyFull);
    }
    Ok((with_dialable_host(options), ignored))
}

/// Takes the brackets off an IPv6 host, and puts the default in place of a missing one.
fn with_dialable_host(options: PgConnectOptions) -> PgConnectOptions {
    let host = options.get_host().to_owned();
    if let Some(bare) = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        options.host(bare)
    } else if host.is_empty() || host == NO_HOST {
        options.host(PgConnectOptions::new_without_pgpass().get_host())
    } else {
        options
    }
}

fn check_ssl_mode(value: &str) -> Result<(), String> {
    if SSL_MODES.contains(&value) {
        Ok(())
    } else {
        Err(format!("must have an sslmode of {}", SSL_MODES.join(", ")))
    }
}

fn check_port(value: &str) -> Result<(), String> {
    match value.parse::<u16>() {
        Ok(1..) => Ok(()),
        _ => Err("must have a port from 1 to 65535".to_owned()),
    }
}

fn check_address(value: &str) -> Result<(), String> {
    value.parse::<IpAddr>().map(drop).map_err(|_| "must have an IP address as hostaddr".to_owned())
}

fn check_capacity(value: &str) -> Result<(), String> {
    // 0 would leave a prepared statement behind on the server for every query.
    match value.parse::<u16>() {
        Ok(1..) => Ok(()),
        _ => Err("must have a statement-cache-capacity from 1 to 65535".to_owned()),
    }
}

//! Database URLs without their secrets. Works on text, since what must be shown most often is what
//! could not be parsed; when in doubt it shows less.

/// What stands in place of a secret.
pub(super) const HIDDEN: &str = "***";

/// Query parameters whose values are no secret.
const PUBLIC: [&str; 16] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "mode",
    "port",
    "ssl",
    "ssl-ca",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "target_session_attrs",
    "user",
];

/// Query parameters whose values are secret, or may hold a secret.
pub(super) const SECRET: [&str; 5] = ["options", "password", "ssl-key", "sslkey", "sslpassword"];

/// Other parameters that are seen often.
const OTHER: [&str; 3] = ["channel_binding", "connect_timeout", "pgbouncer"];

/// Shows what may be shown of any text that was meant as a database URL.
///
/// Nothing between the first `:` after the scheme and the last `@` is shown, nor any value of a
/// query parameter that is not known to be harmless, nor any text without a scheme.
pub fn redact(text: &str) -> String {
    let Some((scheme, rest)) = split_scheme(text) else {
        return HIDDEN.to_owned();
    };
    let Some((head, tail)) = rest.rsplit_once('@') else {
        let (place, query) = split_query(rest);
        // Without an `@` what follows a colon may be a port, or a password whose host is missing.
        return match place.split_once(':') {
            Some((host, _)) if !is_sqlite(scheme) => format!("{scheme}{host}:{HIDDEN}"),
            _ => format!("{scheme}{place}{}", redact_query(query)),
        };
    };
    let user_end = head.find([':', '@', '/', '?', '#', '&', '=']).unwrap_or(head.len());
    let user = &head[..user_end];
    if head.contains(['?', '#']) {
        // The last `@` may stand inside a password: nothing after it is safe either.
        format!("{scheme}{user}:{HIDDEN}")
    } else {
        let (place, query) = split_query(tail);
        let password = if user_end < head.len() { format!(":{HIDDEN}") } else { String::new() };
        format!("{scheme}{user}{password}@{place}{}", redact_query(query))
    }
}

/// Shows a query (`None` when there is no `?`) with the values of unknown parameters hidden.
pub(super) fn redact_query(query: Option<&str>) -> String {
    let Some(query) = query else { return String::new() };
    let shown: Vec<String> = query.split('&').map(redact_pair).collect();
    format!("?{}", shown.join("&"))
}

fn redact_pair(pair: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "_-./:,~%".contains(c);
    match pair.split_once('=') {
        Some((key, value)) if PUBLIC.contains(&key) && value.chars().all(plain) => pair.to_owned(),
        Some((key, _)) if named(key) == key => format!("{key}={HIDDEN}"),
        _ => HIDDEN.to_owned(),
    }
}

/// The name of a well-known parameter; any other may be the end of a password with an unencoded
/// `&`, and is hidden.
pub(super) fn named(key: &str) -> &str {
    let known = [&PUBLIC[..], &SECRET, &OTHER].concat().contains(&key);
    if known { key } else { HIDDEN }
}

fn split_query(text: &str) -> (&str, Option<&str>) {
    // A fragment is no part of a database URL; what is taken for one may be half a password.
    let text = text.split('#').next().unwrap_or_default();
    text.split_once('?').map_or((text, None), |(place, query)| (place, Some(query)))
}

fn is_sqlite(scheme: &str) -> bool {
    let name = scheme.split(':').next().unwrap_or_default();
    super::scheme_dialect(name) == Some(crate::Dialect::Sqlite)
}

/// Splits into a known scheme with what punctuates it, and the rest.
fn split_scheme(text: &str) -> Option<(&str, &str)> {
    let colon = text.find(':')?;
    let scheme = &text[..colon];
    let known = super::scheme_dialect(scheme).is_some();
    let formed = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+.-".contains(c));
    let after = &text[colon + 1..];
    let rest = after.trim_start_matches('/');
    let slashes = after.len() - rest.len();
    (known || (formed && slashes >= 2)).then(|| text.split_at(colon + 1 + slashes))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("postgres://u:pw@h:5432/d", "postgres://u:***@h:5432/d")]
    #[case("postgres://u:p@w@h/d", "postgres://u:***@h/d")]
    #[case("postgres://u:p/w@h/d", "postgres://u:***@h/d")]
    #[case("postgres://u:p?w@h/d", "postgres://u:***")]
    #[case("postgres://u:p#w@h/d", "postgres://u:***")]
    #[case("postgres://:pw@h", "postgres://:***@h")]
    #[case("postgres://u@h/d", "postgres://u@h/d")]
    #[case("postgres://u:pw", "postgres://u:***")]
    #[case("postgres://h/d?password=pw&sslmode=x", "postgres://h/d?password=***&sslmode=x")]
    #[case("postgres://h/d?sslmode=x;password=pw", "postgres://h/d?sslmode=***")]
    #[case("postgres://u@h/d?password=p@w", "postgres://u:***")]
    #[case("postgres://h/d?pa%73sword=pw&pw", "postgres://h/d?***&***")]
    #[case("postgres://h/d?sslkey=/k", "postgres://h/d?sslkey=***")]
    #[case("postgres://h/d#pw", "postgres://h/d")]
    #[case("postgresql:u:pw@h/d", "postgresql:u:***@h/d")]
    #[case("postgres:/u:pw@h/d", "postgres:/u:***@h/d")]
    #[case("mysql://u:pw@h/d", "mysql://u:***@h/d")]
    #[case("sqlite:///x.db?key=pw", "sqlite:///x.db?***")]
    #[case("sqlite:x.db", "sqlite:x.db")]
    #[case("u:pw@h/d", "***")]
    #[case("pw", "***")]
    #[case("", "***")]
    fn hides(#[case] text: &str, #[case] shown: &str) {
        assert_eq!(redact(text), shown);
    }
}

//! Takes from `Accept-Encoding` what forbids the plain form: a client that does gets it all the same, where
//! the compression layer would answer 406 (RFC 9110 section 12.5.3 leaves the choice to the server).

use axum::http::header::ACCEPT_ENCODING;
use axum::http::{HeaderMap, HeaderValue};

pub(super) fn allow_plain(headers: &mut HeaderMap) {
    // Without a weight nothing is forbidden.
    if !headers.get_all(ACCEPT_ENCODING).iter().any(|line| line.as_bytes().contains(&b';')) {
        return;
    }
    let lines = headers.get_all(ACCEPT_ENCODING).iter();
    let codings: Vec<&str> =
        lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(',')).collect();
    if codings.iter().any(|coding| forbids_plain(coding)) {
        let kept: Vec<&str> = codings.into_iter().filter(|c| !forbids_plain(c)).collect();
        let kept = HeaderValue::from_str(&kept.join(",")).ok().filter(|kept| !kept.is_empty());
        headers.remove(ACCEPT_ENCODING);
        if let Some(kept) = kept {
            headers.insert(ACCEPT_ENCODING, kept);
        }
    }
}

/// Whether a coding is `identity` or `*` with a weight of zero.
fn forbids_plain(coding: &str) -> bool {
    let Some((name, weight)) = coding.split_once(';') else { return false };
    let (name, weight) = (name.trim(), weight.trim().to_ascii_lowercase());
    let zero = weight.strip_prefix("q=").is_some_and(|q| q.trim().parse() == Ok(0.0_f32));
    zero && (name == "*" || name.eq_ignore_ascii_case("identity"))
}

#[cfg(test)]
mod tests {
    use super::forbids_plain;

    #[test]
    fn knows_what_forbids_the_plain_form() {
        for coding in ["*;q=0", " identity; Q=0.000", "IDENTITY;q=0."] {
            assert!(forbids_plain(coding), "{coding}");
        }
        for coding in ["*", "gzip;q=0", "identity;q=0.001", "identity", "*;q=1", "*;q="] {
            assert!(!forbids_plain(coding), "{coding}");
        }
    }
}

//! Which of the compressed forms a client gets.

/// The first of `offered` among those that `Accept-Encoding` weighs highest; `None` for the plain form.
pub(super) fn choose<'a, 'b>(
    accepted: impl Iterator<Item = &'a str>,
    offered: &[&'b str],
) -> Option<&'b str> {
    let weights: Vec<(&str, f32)> = accepted.flat_map(|line| line.split(',')).map(weigh).collect();
    let weight = |coding: &str| {
        let named = weights.iter().find(|(name, _)| name.eq_ignore_ascii_case(coding));
        named.or_else(|| weights.iter().find(|(name, _)| *name == "*")).map_or(0.0, |(_, q)| *q)
    };
    let mut best = (None, 0.0);
    for coding in offered {
        let weight = weight(coding);
        if weight > best.1 {
            best = (Some(*coding), weight);
        }
    }
    best.0
}

/// A coding's name and weight; one that cannot be read counts as refused.
fn weigh(item: &str) -> (&str, f32) {
    let (name, parameter) = item.split_once(';').unwrap_or((item, "q=1"));
    let weight = parameter.trim().strip_prefix(['q', 'Q']).map(str::trim_start);
    let weight = weight.and_then(|rest| rest.strip_prefix('=')).and_then(|q| q.trim().parse().ok());
    (name.trim(), weight.unwrap_or(0.0))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::choose;

    #[rstest]
    #[case::browser("gzip, deflate, br, zstd", Some("br"))]
    #[case::only_gzip("gzip", Some("gzip"))]
    #[case::weighed("br;q=0.5, gzip;q=0.8", Some("gzip"))]
    #[case::refused("br;q=0, gzip;q=0.1", Some("gzip"))]
    #[case::any("*", Some("br"))]
    #[case::any_but("*, br;q=0", Some("gzip"))]
    #[case::case("BR ; Q = 1", Some("br"))]
    #[case::unknown("deflate, zstd", None)]
    #[case::broken("br;level=1", None)]
    #[case::empty("", None)]
    fn takes_what_is_weighed_highest(#[case] accepted: &str, #[case] chosen: Option<&str>) {
        assert_eq!(choose([accepted].into_iter(), &["br", "gzip"]), chosen);
    }

    #[test]
    fn takes_the_plain_form_unasked() {
        assert_eq!(choose(std::iter::empty(), &["br", "gzip"]), None);
        assert_eq!(choose(["br"].into_iter(), &[]), None);
    }
}
